//! Every rule of the pack loads, has samples beside it, matches the positive ones and none of the negative ones.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

use std::path::{Path, PathBuf};

use fengsui_detect::{Detection, DetectionBuilder};
use fengsui_schema::{Event, RawRecord};
use serde_json::Value;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules").join(name)
}

fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("folder") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|end| end == extension) {
            found.push(path);
        }
    }
    found.sort();
}

fn rules() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    files(&folder("sigma"), "yml", &mut found);
    found.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).expect("rule"))).collect()
}

fn loaded(texts: &[(PathBuf, String)]) -> Detection {
    let mut builder = DetectionBuilder::new();
    texts.iter().for_each(|(path, text)| builder.add_sigma(&path.display().to_string(), text));
    let (detection, report) = builder.finish();
    assert_eq!(report.failures, []);
    detection
}

/// `{"matches": bool, "source": name, "record": object | "text": line, "fields": {name: value}}`.
fn event(sample: &Value) -> Event {
    let text = sample["text"].as_str().map_or_else(|| sample["record"].to_string(), str::to_owned);
    let received = "2026-11-22T12:00:01Z".parse().expect("time");
    let record = RawRecord {
        source: sample["source"].as_str().expect("source").into(),
        instance: "sample".into(),
        received,
        payload: text.into(),
    };
    let mut event = fengsui_normalize::normalize(&record, 0).expect("sample is a record");
    for (name, value) in sample["fields"].as_object().into_iter().flatten() {
        event.fields.set(name.clone(), value.clone());
    }
    event
}

fn value_of<'a>(text: &'a str, key: &str) -> &'a str {
    text.lines().find_map(|line| line.strip_prefix(key)).map(str::trim).unwrap_or_default()
}

#[test]
fn every_rule_matches_its_samples() {
    let texts = rules();
    assert!(texts.len() >= 15, "the pack has {} rules", texts.len());
    let detection = loaded(&texts);
    for (path, text) in texts.iter().filter(|(_, text)| !text.contains("\ncorrelation:")) {
        let id = value_of(text, "id:");
        let samples = std::fs::read_to_string(path.with_extension("samples.jsonl")).expect("samples beside the rule");
        let (mut positive, mut negative) = (0, 0);
        for (number, line) in samples.lines().enumerate() {
            let sample: Value = serde_json::from_str(line).expect("sample is JSON");
            let expected = sample["matches"].as_bool().expect("matches");
            let matched = detection.sigma(&event(&sample)).iter().any(|found| found.rule_id == id);
            assert_eq!(matched, expected, "{} sample {}", path.display(), number + 1);
            if expected { positive += 1 } else { negative += 1 }
        }
        assert!(positive > 0 && negative > 0, "{} needs samples of both kinds", path.display());
    }
}

#[test]
fn every_rule_speaks_chinese_and_names_a_technique() {
    for (path, text) in rules() {
        assert!(!value_of(&text, "title_zh:").is_ascii(), "{}", path.display());
        assert!(text.contains("attack.t1"), "{}", path.display());
    }
}

#[test]
fn every_indicator_list_loads() {
    let mut found = Vec::new();
    files(&folder("indicators"), "csv", &mut found);
    let mut builder = DetectionBuilder::new();
    for path in &found {
        builder.add_indicators(&path.display().to_string(), &std::fs::read_to_string(path).expect("list"));
    }
    let (_, report) = builder.finish();
    assert_eq!(report.failures, []);
    assert!(report.indicators > 0);
}
