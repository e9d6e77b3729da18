//! Captures of real servers and clients, through the whole sensor.
#![allow(clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use fengsui_capture::FileSource;
use fengsui_sensor::{
    EveEvent, LiveRules, OfflineOptions, SensorParts, SensorSettings, load_rules, scan_rules, start_scanning,
    yara_in_process,
};
use fengsui_sensor::{LoadedRules, OfflineSummary, read_capture, run_offline};
use fengsui_signatures::{RuleData, Variables};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn capture(name: &str) -> PathBuf {
    root().join("tests/pcaps").join(name)
}

fn captures() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join("tests/pcaps"))
        .expect("the folder of captures is there")
        .map(|entry| entry.expect("is readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pcap"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn own_rules() -> LoadedRules {
    load_rules(&[root().join("rules/suricata")], &Variables::default(), &RuleData::default()).expect("are readable")
}

fn read(path: &Path, settings: SensorSettings, rules: LoadedRules) -> (Vec<EveEvent>, OfflineSummary) {
    let mut source = FileSource::open(path).expect("is a capture");
    let mut parts = SensorParts::new(LiveRules::new(rules));
    let rules = scan_rules(&settings, &[root().join("rules/yara")], None).expect("are readable");
    parts.scanning = start_scanning(&settings, rules, &yara_in_process).expect("compile");
    let mut events = Vec::new();
    let summary = read_capture(settings, parts, &mut source, "test", &mut events).expect("is read");
    (events, summary)
}

fn of_type<'a>(events: &'a [EveEvent], name: &'a str) -> impl Iterator<Item = serde_json::Map<String, Value>> {
    events.iter().map(EveEvent::record).filter(move |record| record["event_type"] == name)
}

#[test]
fn every_capture_balances_and_is_the_same_for_any_number_of_workers() {
    for path in captures() {
        let runs: Vec<_> = [1, 2, 4]
            .into_iter()
            .map(|workers| {
                let settings = SensorSettings { workers, ..SensorSettings::default() };
                let (events, summary) = read(&path, settings, own_rules());
                assert!(summary.visibility.balances(), "{}: {:?}", path.display(), summary.visibility);
                events.into_iter().map(|event| String::from_utf8_lossy(&event.json).into_owned()).collect::<Vec<_>>()
            })
            .collect();
        for (run, workers) in runs.iter().zip([1, 2, 4]) {
            let differs = run.iter().zip(&runs[0]).find(|(one, other)| one != other);
            assert!(differs.is_none() && run.len() == runs[0].len(), "{} with {workers}: {differs:?}", path.display());
        }
    }
}

#[test]
fn web_traffic_becomes_http_file_and_flow_records() {
    let (events, _) = read(&capture("web-attack.pcap"), SensorSettings::default(), LoadedRules::default());
    assert!(of_type(&events, "http").any(|record| record["http"]["http_method"] == "GET"));
    assert!(of_type(&events, "fileinfo").all(|record| record["fileinfo"]["size"].is_u64()));
    for flow in of_type(&events, "flow") {
        assert!(flow["flow_id"].is_u64() && flow["flow"]["pkts_toserver"].is_u64(), "{flow:?}");
        assert!(flow["community_id"].as_str().is_some_and(|id| id.starts_with("1:")), "{flow:?}");
    }
}

#[test]
fn attacks_raise_alerts_with_proof() {
    let folder = tempfile::tempdir().expect("is made");
    let mut settings = SensorSettings { observer: "here".to_owned(), ..SensorSettings::default() };
    settings.evidence.directory = Some(folder.path().to_owned());
    let (events, summary) = read(&capture("web-attack.pcap"), settings, own_rules());
    assert!(summary.alerts > 0);
    assert!(proven(&events, folder.path()) > 0);
    assert!(of_type(&events, "alert").all(|alert| alert["alert"]["signature_id"].is_u64()));
}

/// Alerts of a run, each of which has to name a capture of its flow that holds packets.
fn proven(events: &[EveEvent], folder: &Path) -> usize {
    let alerts = of_type(events, "alert");
    let has_capture = |alert: &serde_json::Map<String, Value>| {
        let name = alert.get("pcap_file").and_then(Value::as_str).unwrap_or_else(|| panic!("no capture: {alert:?}"));
        assert_eq!(name, format!("here/{}.pcap", alert["flow_id"]));
        let mut packets = FileSource::open(&folder.join(name)).expect("is a capture");
        assert!(fengsui_capture::PacketSource::next(&mut packets).expect("is whole").is_some(), "{name} is empty");
    };
    alerts.inspect(has_capture).count()
}

/// What a scan of a file finds is known when its packets are long past, and often when its flow is over.
#[test]
fn an_alert_about_a_file_alone_has_the_packets_that_carried_it() {
    let folder = tempfile::tempdir().expect("is made");
    let mut settings = SensorSettings { observer: "here".to_owned(), ..SensorSettings::default() };
    settings.evidence.directory = Some(folder.path().to_owned());
    let (events, _) = read(&capture("web-attack.pcap"), settings, LoadedRules::default());
    assert!(of_type(&events, "alert").any(|alert| alert["alert"]["category"] == "YARA"));
    assert!(proven(&events, folder.path()) > 0);
}

#[test]
fn the_command_writes_eve_json() {
    let folder = tempfile::tempdir().expect("is made");
    let options = OfflineOptions {
        pcap: capture("normal-web-dns.pcap"),
        output_directory: folder.path().to_owned(),
        disable_detection: true,
        ..OfflineOptions::default()
    };
    let summary = run_offline(&options).expect("is read");
    let text = std::fs::read_to_string(folder.path().join("eve.json")).expect("is there");
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect();
    assert!(records.iter().any(|record| record["event_type"] == "dns"));
    let last = records.iter().rfind(|record| record["event_type"] == "visibility").expect("is there");
    assert_eq!(last["visibility"]["packets_seen"], summary.visibility.packets_seen);
}
