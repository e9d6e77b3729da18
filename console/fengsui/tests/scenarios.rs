//! Every folder of tests/scenarios: a capture through the real sensor, held against what is expected of it.
#![allow(clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;

use fengsui_harness::{run, top};
use serde_json::Value;

/// Events by type and alerts by number.
type Counts = (BTreeMap<String, u64>, BTreeMap<String, u64>);

#[test]
fn every_scenario_is_as_expected() {
    let folder = top().join("tests/scenarios");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).expect("scenarios") {
        let path = entry.expect("entry").path();
        let text = std::fs::read_to_string(path.join("expectation.json")).expect("expectation");
        let expected: Value = serde_json::from_str(&text).expect("JSON");
        for workers in ["1", "2"] {
            let found = counts(expected["capture"].as_str().expect("capture"), workers);
            assert_eq!(
                found,
                (numbers(&expected["events"]), numbers(&expected["alerts"])),
                "{} with {workers}",
                path.display()
            );
        }
        seen += 1;
    }
    assert!(seen >= 9, "only {seen} scenarios");
}

fn numbers(object: &Value) -> BTreeMap<String, u64> {
    let entries = object.as_object().expect("an object").iter();
    entries.map(|(key, value)| (key.clone(), value.as_u64().expect("a number"))).collect()
}

fn counts(capture: &str, workers: &str) -> Counts {
    let out = tempfile::tempdir().expect("folder");
    let mut rules: Vec<String> = std::fs::read_dir(top().join("rules/suricata"))
        .expect("rules")
        .map(|entry| entry.expect("entry").path().display().to_string())
        .filter(|path| path.ends_with(".rules"))
        .collect();
    rules.sort();
    let mut arguments = vec!["sensor", "-r", capture, "-l", out.path().to_str().expect("text"), "--workers", workers];
    rules.iter().for_each(|path| arguments.extend(["-S", path.as_str()]));
    let finished = run(Path::new(env!("CARGO_BIN_EXE_fengsui")), &arguments, &top()).expect("runs");
    assert_eq!(finished.code, 0, "{}", finished.err);
    let (mut events, mut alerts) = (BTreeMap::new(), BTreeMap::new());
    for line in std::fs::read_to_string(out.path().join("eve.json")).expect("eve.json").lines() {
        let event: Value = serde_json::from_str(line).expect("JSON");
        let kind = event["event_type"].as_str().expect("a type");
        if !matches!(kind, "stats" | "visibility") {
            *events.entry(kind.to_owned()).or_default() += 1;
        }
        if kind == "alert" {
            *alerts.entry(event["alert"]["signature_id"].to_string()).or_default() += 1;
        }
    }
    (events, alerts)
}
