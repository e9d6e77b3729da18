//! `dlp screen` and `dlp classify`: what is in files, and how sensitive it is.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::masked::workbook;
use super::{Desk, people};

#[test]
fn words_of_a_lexicon_are_found_in_every_form() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("lexicon")).expect("made");
    desk.write("lexicon/own.toml", "category='own'\ntitle='自定义'\nwords=['测试违禁词']\n");
    std::fs::create_dir_all(desk.path("in")).expect("made");
    desk.write("in/a.txt", "这里有测 试 违 禁 词。\n");
    desk.write("in/clean.txt", "没有问题。\n");
    desk.write("t.csv", "标题,正文\n一,含测试违禁词的正文\n");
    for form in ["jsonl", "xlsx", "parquet"] {
        desk.table("t.csv").write(&desk.path(&format!("in/t.{form}"))).expect("written");
    }
    let found = desk.ends(1, "screen --lexicon lexicon --format jsonl in");
    for file in ["in/a.txt", "in/t.jsonl", "in/t.xlsx", "in/t.parquet"] {
        assert!(found.out.lines().any(|line| line.contains(file) && line.contains("own")), "{file}: {}", found.out);
    }
    assert!(!found.out.contains("clean.txt"), "{}", found.out);
    desk.ends(0, "screen --lexicon lexicon in/clean.txt");
    desk.fails("screen --lexicon lexicon missing", &["missing", "check that it exists"]);
    desk.write("lexicon/own.toml", "category=");
    desk.fails("screen --lexicon lexicon in", &["own.toml"]);
}

#[test]
fn lines_are_screened_as_they_come_and_by_the_lexicon_of_that_moment() {
    const TAKEN_UP_WITHIN: Duration = Duration::from_secs(30);
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("lexicon")).expect("made");
    desk.write("lexicon/own.toml", "category='own'\ntitle='自定义'\nwords=['测试违禁词']\n");
    let mut program = Command::new(env!("CARGO_BIN_EXE_fengsui"))
        .args(["dlp", "screen", "--lexicon", "lexicon", "--format", "jsonl", "-"])
        .current_dir(desk.0.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut input = program.stdin.take().expect("has an input");
    let mut answers = BufReader::new(program.stdout.take().expect("has an output")).lines();
    let mut answer = || answers.next().expect("an answer before the input ends").expect("is read");
    input.write_all("没有问题。\n含测-试-违-禁-词的一行\n".as_bytes()).expect("takes lines");
    let first = answer();
    assert!(first.contains("own") && first.contains(r#""place":"1""#), "the second line, while more may come: {first}");
    desk.write("lexicon/more.toml", "category='more'\ntitle='后加'\nwords=['后来的词']\n");
    let asked = Instant::now();
    // Each round ends with a word that is known already, so that there is an answer to wait for.
    let taken_up = std::iter::from_fn(|| (asked.elapsed() < TAKEN_UP_WITHIN).then_some(())).any(|()| {
        std::thread::sleep(Duration::from_millis(100));
        input.write_all("后来的词\n测试违禁词\n".as_bytes()).expect("takes lines");
        let found = answer();
        found.contains("more") && answer().contains("own")
    });
    assert!(taken_up, "a word that is added to the folder is found without a new start");
    drop(input);
    assert_eq!(program.wait().expect("ends").code(), Some(1));
}

#[test]
fn what_can_not_be_screened_is_told() {
    let desk = Desk::new();
    desk.write("broken.docx", "PK\u{3}\u{4} no document");
    let told = desk.ends(1, "screen broken.docx");
    assert!(told.out.contains("无法检查"), "{}", told.out);
    let told = desk.ends(1, "screen --format jsonl broken.docx");
    assert!(told.out.contains("unreadable"), "{}", told.out);
}

#[test]
fn every_table_of_a_folder_is_classified() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("in")).expect("made");
    desk.write("in/people.csv", &people(50));
    for form in ["jsonl", "parquet"] {
        desk.table("in/people.csv").write(&desk.path(&format!("in/p.{form}"))).expect("written");
    }
    workbook(&desk, "in/book.xlsx");
    for report in ["report.json", "report.xlsx"] {
        let finished = desk.ends(1, &format!("classify in --output {report}"));
        for table in ["people.csv", "p.jsonl", "p.parquet", "book.xlsx#人员", "book.xlsx#备查"] {
            let line = finished.out.lines().find(|line| line.contains(table) && line.contains("\t证件号\t"));
            assert!(line.is_some_and(|line| line.contains("cn_resident_id")), "{table}: {}", finished.out);
        }
    }
    let report: serde_json::Value = serde_json::from_str(&desk.read("report.json")).expect("JSON");
    assert_eq!(report.as_array().map(Vec::len), Some(25));
    assert_eq!(desk.table("report.xlsx").rows.len(), 25);
    let local = desk.ends(1, "classify in --template db52t-1123-2016 --output local.json");
    assert!(!local.out.is_empty() && desk.read("local.json").contains("local_grade"));
}

/// Names alone are level 2, numbers alone level 3; who has both tables has persons with their numbers.
#[test]
fn tables_that_can_be_joined_are_graded_together_and_masked_ones_anew() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("in")).expect("made");
    let table = desk.write_and_read("all.csv", &people(40));
    let column = |place: usize| -> String { table.column(place).join("\n") };
    desk.write("in/names.csv", &format!("姓名\n{}\n", column(1)));
    desk.write("in/numbers.csv", &format!("证件号\n{}\n", column(2)));
    let finished = desk.ends(1, "classify in --output report.json");
    assert!(finished.out.contains("全部表汇总级别4级"), "{}", finished.out);
    let report: serde_json::Value = serde_json::from_str(&desk.read("report.json")).expect("JSON");
    assert!(report.as_array().is_some_and(|rows| rows.iter().all(|row| row["total_grade"] == "level4")), "{report}");
    assert!(report.as_array().is_some_and(|rows| rows.iter().all(|row| row["table_grade"] != "level4")), "{report}");
    let masked = desk.ends(0, "mask --policy share-standard all.csv masked.csv");
    assert!(masked.out.contains("3级→2级") && masked.out.contains("脱敏后整表级别2级"), "{}", masked.out);
}

#[test]
fn classifying_fails_clearly_and_tells_what_it_could_not_read() {
    let desk = Desk::new();
    desk.write("plain.csv", "甲,乙\n1,2\n");
    desk.ends(0, "classify plain.csv --output report.json");
    desk.write("broken.xlsx", "PK no workbook");
    let told = desk.ends(1, "classify broken.xlsx --output report.json");
    assert!(told.out.contains("无法读取") && told.out.contains("broken.xlsx"), "{}", told.out);
    desk.fails("classify plain.csv --output report.docx", &["report.docx", ".xlsx"]);
    desk.fails("classify plain.csv --output nowhere/report.json", &["nowhere/report.json"]);
    desk.fails("classify missing --output report.json", &["missing"]);
    desk.fails("classify plain.csv --template none --output report.json", &["none", "gbt-43697-2024"]);
}
