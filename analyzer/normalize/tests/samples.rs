//! Every source of the registry understands its good samples and refuses its hostile ones (`samples/<source>.jsonl`).

#![allow(clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

use std::path::Path;

use fengsui_normalize::{SOURCES, normalize, recognize};
use fengsui_schema::{Event, RawRecord};
use serde_json::Value;

fn event(source: &str, text: &str) -> Result<Event, String> {
    let received = "2026-11-22T12:00:05Z".parse().expect("time");
    let record = RawRecord { source: source.into(), instance: "sample".into(), received, payload: text.into() };
    normalize(&record, 0).map_err(|error| error.to_string())
}

/// The value of a field; `@time` is the time of the event, `event.kind` its kind.
fn value(event: &Event, name: &str) -> Value {
    match name {
        "@time" => Value::from(event.time.to_string()),
        "event.kind" => serde_json::to_value(event.kind).expect("kind"),
        name => event.fields.get(name).cloned().unwrap_or_default(),
    }
}

fn expected(name: &str, value: &Value) -> Value {
    match (name, value.as_str()) {
        ("@time", Some(text)) => Value::from(text.parse::<fengsui_schema::Timestamp>().expect("time").to_string()),
        _ => value.clone(),
    }
}

#[test]
fn every_source_reads_its_samples() {
    let mut wrong = Vec::new();
    for source in SOURCES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(format!("{}.jsonl", source.name));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (mut good, mut hostile) = (0, 0);
        for (number, line) in text.lines().enumerate() {
            let sample: Value = serde_json::from_str(line).expect("sample is JSON");
            let place = format!("{} line {}", source.name, number + 1);
            let found = event(source.name, sample["text"].as_str().expect("text"));
            match (sample["refused"].as_bool(), found) {
                (Some(true), Err(_)) => hostile += 1,
                (Some(true), Ok(event)) => wrong.push(format!("{place}: understood as {:?}", event.fields)),
                (_, Err(error)) => wrong.push(format!("{place}: {error}")),
                (_, Ok(event)) => {
                    good += 1;
                    for (name, want) in sample["fields"].as_object().expect("fields") {
                        let (want, found) = (expected(name, want), value(&event, name));
                        if want != found {
                            wrong.push(format!("{place}: {name} is {found}, not {want}"));
                        }
                    }
                }
            }
        }
        assert!(good > 0 && hostile > 0, "{} has {good} good and {hostile} hostile samples", source.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn good_samples_are_recognised_as_what_they_are() {
    for name in [
        "cloud_audit",
        "web_w3c",
        "netflow",
        "auditd",
        "cef",
        "leef",
        "zeek_tsv",
        "zeek_json",
        "fengsui_eve",
        "web_access",
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(format!("{name}.jsonl"));
        let text = std::fs::read_to_string(&path).expect("samples");
        let sample: Value = serde_json::from_str(text.lines().next().expect("line")).expect("JSON");
        let found = recognize(sample["text"].as_str().expect("text").as_bytes());
        assert_eq!(found.map(|source| source.name), Some(name));
    }
}
