//! `dlp scan`: what is found in files, folders and records, how it is told, and that nothing is asked of a network.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::{Desk, people};

const IDENTITY: &str = "11010519491231002X";

/// A folder with a file of each form that a table can have, one that can't be read and one with nothing in it.
fn folder() -> Desk {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("in")).expect("made");
    desk.write("in/people.csv", &people(20));
    for form in ["jsonl", "parquet", "xlsx"] {
        desk.table("in/people.csv").write(&desk.path(&format!("in/p.{form}"))).expect("written");
    }
    desk.write("in/a.txt", &format!("身份证{IDENTITY}，电话１３８ ００１３ ８０００"));
    desk.write("in/a.html", &format!("<p>a</p><!-- {IDENTITY} -->"));
    desk.write("in/a.sql", &format!("INSERT INTO p (id) VALUES ('{IDENTITY}');"));
    desk.write("in/a.eml", &format!("Subject: x\n\n{IDENTITY}\n"));
    desk.write("in/broken.pdf", "%PDF-1.5 no document");
    desk.write("in/clean.txt", "今天天气很好。\n");
    desk
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn every_file_of_a_folder_is_scanned_and_told_in_every_form() {
    let desk = folder();
    let found = lines(&desk.ends(1, "scan in --format jsonl").out);
    for finding in &found {
        for key in ["file", "place", "type", "category", "grade", "confidence", "sample", "explanation"] {
            assert!(finding.get(key).is_some(), "{key} is missing in {finding}");
        }
    }
    let of = |data_type: &str| -> BTreeSet<&str> {
        let all = found.iter().filter(|finding| finding["type"] == data_type);
        all.filter_map(|finding| finding["file"].as_str()?.strip_prefix("in/")).collect()
    };
    let all = ["a.eml", "a.html", "a.sql", "a.txt", "p.jsonl", "p.parquet", "p.xlsx", "people.csv"];
    assert_eq!(of("cn_resident_id"), BTreeSet::from(all));
    assert_eq!(of("unreadable"), BTreeSet::from(["broken.pdf"]));
    let place = |file: &str| found.iter().find(|one| one["file"] == file).and_then(|one| one["place"].as_str());
    assert!(place("in/p.xlsx").is_some_and(|place| place.contains("工作表")), "{:?}", place("in/p.xlsx"));
    assert!(place("in/a.txt").is_some_and(|place| place.contains("字节9-27")), "{:?}", place("in/a.txt"));

    let document: Value = serde_json::from_str(&desk.ends(1, "scan in --format json").out).expect("JSON");
    assert_eq!(document.as_array().map(Vec::len), Some(10), "every file is told, clean ones too");
    let table = desk.ends(1, "scan in").out;
    assert!(table.contains("cn_resident_id") && table.contains("级别") && table.contains("unreadable"), "{table}");
    for text in [&table, &document.to_string(), &Value::from(found.clone()).to_string()] {
        assert!(!text.contains(IDENTITY) && !text.contains("13800138000"), "the plain value is in a report");
    }
    desk.ends(0, "scan in/clean.txt");
    desk.fails("scan missing", &["missing"]);
    desk.fails("scan in --rules missing", &["missing"]);
    desk.fails("scan in --exact missing --exact-key missing", &["missing"]);
    desk.fails("scan in --format xml", &["xml"]);
    desk.fails("scan ftp://a/b", &["ftp"]);
}

#[test]
fn records_are_told_in_characters_of_their_field() {
    let desk = Desk::new();
    desk.write(
        "r.jsonl",
        "{\"text\":\"没有\"}\n{\"other\":1}\n\n{\"text\":\"邮箱𠀀zhang.san@example.com，电话13800138000\"}\n",
    );
    let found = lines(&desk.ends(1, "scan --records r.jsonl --field text --format jsonl").out);
    let told: Vec<(u64, &str, u64, u64)> = found
        .iter()
        .map(|line| {
            let number = |key: &str| line[key].as_u64().expect("a number");
            (number("record"), line["type"].as_str().expect("a type"), number("start"), number("end"))
        })
        .collect();
    assert_eq!(told, [(2, "email", 3, 24), (2, "cn_mobile", 27, 38)]);
    assert!(found.iter().all(|line| line["confidence"].as_f64().is_some_and(|share| (0.5..=1.0).contains(&share))));
    desk.write("clean.jsonl", "{\"text\":\"没有\"}\n");
    desk.ends(0, "scan --records clean.jsonl --field text --format jsonl");
    desk.write("broken.jsonl", "{\"text\":\"没有\"}\n{\n");
    desk.fails("scan --records broken.jsonl --field text", &["broken.jsonl", "record 1"]);
    desk.fails("scan --records missing.jsonl --field text", &["missing.jsonl"]);
}

/// In a network namespace of its own, which has no interface that is up, everything is found as elsewhere.
#[test]
fn nothing_is_asked_of_a_network() {
    let desk = folder();
    let isolated = |arguments: &[&str]| {
        Command::new("unshare").args(["--net", "--map-root-user"]).args(arguments).current_dir(desk.path("")).output()
    };
    if !isolated(&["true"]).is_ok_and(|output| output.status.success()) {
        return;
    }
    let program = env!("CARGO_BIN_EXE_fengsui");
    let apart = isolated(&[program, "dlp", "scan", "in", "--format", "jsonl"]).expect("starts");
    assert_eq!(apart.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&apart.stdout), desk.ends(1, "scan in --format jsonl").out);
}

/// A person at a terminal sees how far it is; a pipe does not.
#[test]
fn progress_is_shown_on_a_terminal_only() {
    let desk = folder();
    let terminal = |target: &str| {
        let command = format!("{} dlp scan {target} --format jsonl > /dev/null", env!("CARGO_BIN_EXE_fengsui"));
        Command::new("script").args(["-qec", &command, "/dev/null"]).current_dir(desk.path("")).output()
    };
    for (target, shows) in [("in", "10"), ("in/people.csv", "扫描")] {
        let Ok(seen) = terminal(target) else { return };
        let seen = String::from_utf8_lossy(&seen.stdout).into_owned();
        assert!(seen.contains("扫描") && seen.contains(shows), "{target}: {seen:?}");
    }
    assert_eq!(desk.ends(1, "scan in --format jsonl").err, "");
}
