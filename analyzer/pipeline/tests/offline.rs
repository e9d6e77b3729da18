//! The commands over files: what they read and what their lines hold.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

use std::sync::Arc;

use fengsui_pipeline::{
    Detection, InputFormat, OfflineInput, OfflineOptions, PipelineError, RuleSources, analyze_offline, detect_offline,
    load_detection,
};
use serde_json::Value;

const RULE: &str = "title: Whoami\nid: 7d6f0b1e-7c39-4c67-8f7c-3d0b3a0f0001\ntags:\n  - attack.discovery\n  - attack.t1033\nlogsource:\n  category: process_creation\n  product: windows\ndetection:\n  s:\n    Image|endswith: '\\whoami.exe'\n  condition: s\nlevel: medium\n";

fn rules(folder: &std::path::Path) -> Detection {
    std::fs::write(folder.join("rule.yml"), RULE).expect("writes");
    let (detection, report) =
        load_detection(&RuleSources { sigma: vec![folder.to_owned()], ..RuleSources::default() }).expect("loads");
    assert_eq!(report.failures, []);
    detection
}

fn options(folder: &std::path::Path, content: &[u8], format: &str) -> OfflineOptions {
    let path = folder.join("input");
    std::fs::write(&path, content).expect("writes");
    let format = format.parse().expect("is a format");
    OfflineOptions { inputs: vec![OfflineInput::File(path)], format, ..OfflineOptions::default() }
}

#[test]
fn one_line_per_detection() {
    let folder = tempfile::tempdir().expect("folder");
    let detection = rules(folder.path());
    let content = br#"{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Image":"C:\\x.exe","UtcTime":"2026-11-22 12:00:00.1"}
not JSON
{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Image":"C:\\Windows\\whoami.exe","UtcTime":"2026-11-22 12:00:00.2"}
"#;
    let mut output = Vec::new();
    let summary = detect_offline(&options(folder.path(), content, "auto"), &detection, &mut output).expect("runs");
    assert_eq!((summary.records, summary.records_failed, summary.alerts), (3, 1, 1));
    let line: Value = serde_json::from_slice(&output).expect("one line");
    assert_eq!(
        (line["line"].as_u64(), line["level"].as_str(), line["title"].as_str()),
        (Some(3), Some("medium"), Some("Whoami"))
    );
    assert_eq!(line["event"]["Image"], "C:\\Windows\\whoami.exe");
    assert_eq!(line["tags"][1], "attack.t1033");
}

#[test]
fn incidents_name_their_lines() {
    let folder = tempfile::tempdir().expect("folder");
    let detection = Arc::new(rules(folder.path()));
    let alert = |second: u32, rule: &str, target: &str| {
        format!(
            "{{\"@timestamp\":\"2026-11-22T12:00:{second:02}Z\",\"rule\":{{\"name\":\"{rule}\"}},\"event\":{{\"severity\":\"high\"}},\"source\":{{\"ip\":\"192.0.2.1\"}},\"destination\":{{\"ip\":\"{target}\"}}}}\n"
        )
    };
    let content =
        [alert(1, "one", "10.0.0.1"), alert(2, "two", "10.0.0.2"), "\n".to_owned(), alert(3, "two", "10.0.0.2")]
            .concat();
    let mut output = Vec::new();
    let summary =
        analyze_offline(&options(folder.path(), content.as_bytes(), "alerts"), &detection, &mut output).expect("runs");
    assert_eq!((summary.alerts, summary.incidents), (3, 1));
    let line: Value = serde_json::from_slice(&output).expect("one line");
    let lines: Vec<u64> =
        line["members"].as_array().expect("members").iter().filter_map(|member| member["line"].as_u64()).collect();
    assert_eq!(lines, [1, 2, 4]);
    for key in ["id", "title", "risk", "grade", "start", "end", "entities", "techniques", "explanation"] {
        assert!(!line[key].is_null(), "{key}");
    }
}

#[test]
fn binary_windows_logs_are_read_and_give_record_numbers() {
    let folder = tempfile::tempdir().expect("folder");
    let rule = "title: Service\nid: 7d6f0b1e-7c39-4c67-8f7c-3d0b3a0f0002\nlogsource:\n  product: windows\n  service: system\ndetection:\n  s:\n    Provider_Name: Service Control Manager\n    EventID: 7045\n    ImagePath|contains: COMSPEC\n  condition: s\n";
    std::fs::write(folder.path().join("service.yml"), rule).expect("writes");
    let detection = rules(folder.path());
    let log = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/logs/windows.evtx")).expect("sample");
    for format in ["auto", "evtx"] {
        let mut output = Vec::new();
        let summary = detect_offline(&options(folder.path(), &log, format), &detection, &mut output).expect("runs");
        assert_eq!((summary.records, summary.records_failed, summary.alerts), (6, 0, 1));
        let line: Value = serde_json::from_slice(&output).expect("is JSON");
        assert_eq!((&line["record"], &line["line"]), (&Value::from(4), &Value::Null));
        assert_eq!(line["event"]["ServiceName"], "UpdaterSvc");
        let keys: Vec<&String> = line.as_object().expect("object").keys().collect();
        assert_eq!(keys, ["rule_id", "title", "level", "tags", "input", "record", "event"]);
    }
}

#[test]
fn json_lists_are_read_record_by_record() {
    let folder = tempfile::tempdir().expect("folder");
    let rule = "title: Trail\nid: 7d6f0b1e-7c39-4c67-8f7c-3d0b3a0f0003\nlogsource:\n  product: aws\n  service: cloudtrail\ndetection:\n  s:\n    eventName: StopLogging\n  condition: s\n";
    std::fs::write(folder.path().join("trail.yml"), rule).expect("writes");
    let detection = rules(folder.path());
    let record = |name: &str| {
        format!(
            r#"{{"eventTime":"2026-11-22T12:00:00Z","eventSource":"cloudtrail.amazonaws.com","eventName":"{name}"}}"#
        )
    };
    let list = format!("[\n  {},\n  {}\n]", record("DescribeTrails"), record("StopLogging"));
    for content in [list.clone(), format!("{{\"Records\": {list}}}")] {
        for format in ["auto", "json"] {
            let mut output = Vec::new();
            let summary = detect_offline(&options(folder.path(), content.as_bytes(), format), &detection, &mut output)
                .expect("runs");
            assert_eq!((summary.records, summary.records_failed, summary.alerts), (2, 0, 1));
            assert_eq!(serde_json::from_slice::<Value>(&output).expect("is JSON")["line"], 2);
        }
    }
}

#[test]
fn what_can_not_be_read_is_said_so() {
    let folder = tempfile::tempdir().expect("folder");
    let detection = rules(folder.path());
    assert!(matches!("\u{1b}x".parse::<InputFormat>(), Err(PipelineError::Format { .. })));
    for content in [&b"ElfFile\0\0\0"[..], b"what is this\n"] {
        let found = detect_offline(&options(folder.path(), content, "auto"), &detection, &mut Vec::new());
        assert!(matches!(found, Err(PipelineError::Format { .. })), "{found:?}");
    }
    let empty = detect_offline(&options(folder.path(), b"", "auto"), &detection, &mut Vec::new()).expect("runs");
    assert_eq!(empty.records, 0);
}
