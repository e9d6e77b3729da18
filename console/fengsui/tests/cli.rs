//! The command line, run as a person would run it.
#![allow(clippy::expect_used, clippy::panic)]

use std::path::Path;

use fengsui_harness::{Finished, run, top};
use serde_json::Value;

fn fengsui(arguments: &[&str]) -> Finished {
    run(Path::new(env!("CARGO_BIN_EXE_fengsui")), arguments, &top()).expect("starts")
}

/// Runs the sensor over a capture of the repository with the starter rules.
fn sensor(capture: &str) -> (tempfile::TempDir, Vec<Value>) {
    let folder = tempfile::tempdir().expect("folder");
    let (input, output) = (format!("tests/pcaps/{capture}.pcap"), folder.path().to_str().expect("text"));
    let mut arguments = vec!["sensor", "-r", &input, "-l", output];
    let rules: Vec<String> = std::fs::read_dir(top().join("rules/suricata"))
        .expect("rules")
        .map(|entry| entry.expect("entry").path().display().to_string())
        .filter(|path| path.ends_with(".rules"))
        .collect();
    rules.iter().for_each(|path| arguments.extend(["-S", path.as_str()]));
    let finished = fengsui(&arguments);
    assert_eq!(finished.code, 0, "{}", finished.err);
    let text = std::fs::read_to_string(folder.path().join("eve.json")).expect("eve.json");
    let events = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    (folder, events)
}

fn count(events: &[Value], event_type: &str) -> usize {
    events.iter().filter(|event| event["event_type"] == event_type).count()
}

#[test]
fn the_sensor_sees_every_request_of_the_web_attack_and_alerts() {
    let (_folder, events) = sensor("web-attack");
    // 37 requests, counted independently with tshark.
    assert_eq!(count(&events, "http"), 37);
    let alerts: Vec<&Value> = events.iter().filter(|event| event["event_type"] == "alert").collect();
    let titles: Vec<&str> = alerts.iter().filter_map(|alert| alert["alert"]["signature"].as_str()).collect();
    assert!(titles.iter().any(|title| title.to_lowercase().contains("sql")), "{titles:?}");
    assert!(titles.iter().any(|title| title.to_lowercase().contains("shell")), "{titles:?}");
}

#[test]
fn the_sensor_sees_every_query_and_handshake() {
    let (_folder, events) = sensor("normal-web-dns");
    assert_eq!(count(&events, "http"), 5);
    assert_eq!(count(&events, "alert"), 0, "a county office that reads notices is no alert");
    let (_folder, events) = sensor("tls-versions");
    assert_eq!(count(&events, "tls"), 4);
}

#[test]
fn starter_rules_load_without_exception() {
    let finished = fengsui(&["rules", "check", "rules/suricata", "rules/sigma", "rules/yara"]);
    assert_eq!(finished.code, 0, "{}{}", finished.out, finished.err);
    assert!(finished.out.contains("signatures: "), "{}", finished.out);
}

#[test]
fn a_bad_rule_is_named_with_its_place() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("bad.rules");
    std::fs::write(&path, "alert tcp any any -> any any (msg:\"a\"; no_such_keyword; sid:1;)\n").expect("written");
    let finished = fengsui(&["rules", "check", path.to_str().expect("text")]);
    assert_eq!(finished.code, 1);
    assert!(
        finished.out.contains("bad.rules:1: sid 1") && finished.out.contains("no_such_keyword"),
        "{}",
        finished.out
    );
}

#[test]
fn errors_name_the_thing_the_place_and_the_remedy() {
    let missing = fengsui(&["sensor", "-r", "no/such/file.pcap", "-l", "target/tmp"]);
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("no/such/file.pcap"), "{}", missing.err);

    let folder = tempfile::tempdir().expect("folder");
    let settings = folder.path().join("fengsui.toml");
    std::fs::write(&settings, "[log]\nlevel = 3\n").expect("written");
    let wrong = fengsui(&["-C", settings.to_str().expect("text"), "doctor"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("level") && wrong.err.contains("fengsui.toml"), "{}", wrong.err);

    let cut = folder.path().join("cut.pcap");
    let whole = std::fs::read(top().join("tests/pcaps/web-attack.pcap")).expect("capture");
    std::fs::write(&cut, &whole[..whole.len() - 7]).expect("written");
    let out = folder.path().to_str().expect("text");
    let truncated = fengsui(&["sensor", "-r", cut.to_str().expect("text"), "-l", out]);
    assert_eq!(truncated.code, 0, "{}", truncated.err);
    assert!(truncated.err.contains("damaged"), "{}", truncated.err);
}

#[test]
fn personal_data_is_found_in_a_table_and_shown_masked_only() {
    let folder = tempfile::tempdir().expect("folder");
    let table = folder.path().join("people.csv");
    let text = "姓名,身份证号,手机号码\n王芳,11010519491231002X,13800138000\n";
    std::fs::write(&table, text).expect("written");
    let finished = fengsui(&["dlp", "scan", "--format", "jsonl", table.to_str().expect("text")]);
    assert_eq!(finished.code, 1, "{}", finished.err);
    assert!(finished.out.contains("cn_resident_id"), "{}", finished.out);
    assert!(!finished.out.contains("11010519491231002X"), "the plain value is in the report");
}

#[test]
fn detections_in_recorded_logs_are_json_lines() {
    let finished =
        fengsui(&["detect", "--sigma", "rules/sigma", "--input", "tests/logs/web-attack.nginx.log", "--output", "-"]);
    assert_eq!(finished.code, 0, "{}", finished.err);
    let first = finished.out.lines().next().expect("a detection");
    let detection: Value = serde_json::from_str(first).expect("JSON");
    for key in ["rule_id", "title", "level", "tags", "input", "line", "event"] {
        assert!(detection.get(key).is_some(), "{key} is missing in {first}");
    }
}

#[test]
fn the_settings_file_it_prints_is_one_it_takes() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("fengsui.toml");
    std::fs::write(&path, fengsui(&["settings"]).out).expect("written");
    let data = folder.path().join("data");
    let doctor = fengsui(&["doctor", "-C", path.to_str().expect("text"), "--data", data.to_str().expect("text")]);
    assert!(doctor.code <= 1, "{}", doctor.err);
    assert!(doctor.out.contains("signatures") && doctor.out.contains("free space"), "{}", doctor.out);
}

#[test]
fn the_bill_of_materials_names_every_crate_and_what_the_pages_hand_out() {
    let finished = fengsui(&["sbom"]);
    assert_eq!(finished.code, 0, "{}", finished.err);
    let bill: Value = serde_json::from_str(&finished.out).expect("is JSON");
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&Value::from("CycloneDX"), &Value::from("1.5")));
    let components = bill["components"].as_array().expect("is a list");
    let urls: Vec<&str> = components.iter().filter_map(|one| one["purl"].as_str()).collect();
    for wanted in ["pkg:cargo/sqlx@", "pkg:cargo/yara-x@", "pkg:npm/antd@", "pkg:npm/%40tanstack/react-query@"] {
        assert!(urls.iter().any(|url| url.starts_with(wanted)), "{wanted} is not in the bill");
    }
    assert!(!urls.iter().any(|url| url.starts_with("pkg:npm/vitest@") || url.contains("fengsui-")));
    let hashed = components.iter().filter(|one| one["purl"].as_str().is_some_and(|url| url.starts_with("pkg:cargo/")));
    assert!(hashed.clone().count() > 300);
    assert!(hashed.clone().all(|one| one["hashes"][0]["content"].as_str().is_some_and(|sum| sum.len() == 64)));
}
