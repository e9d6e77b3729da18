//! The same events lead to the same incidents: in any order within the allowed lateness, and across a restart anywhere.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

use std::collections::BTreeMap;
use std::sync::Arc;

use fengsui_detect::{Analysis, AnalysisSettings, Detection, DetectionBuilder};
use fengsui_schema::{Event, Incident, RawRecord};
use proptest::prelude::*;

const RULE: &str = "title: script called\nid: 9f1c7f5a-3f0a-4f7e-9a55-0d6a3c0d3f01\ntags:\n  - attack.persistence\n  - attack.t1505.003\nlogsource:\n  category: webserver\ndetection:\n  s:\n    cs-uri-stem|endswith: '.php'\n  condition: s\nlevel: high\n";

fn detection() -> Arc<Detection> {
    let mut builder = DetectionBuilder::new();
    builder.add_sigma("rule.yml", RULE);
    builder.add_indicators("list.csv", "ip,203.0.113.66,critical\n");
    let (detection, report) = builder.finish();
    assert_eq!(report.failures, []);
    Arc::new(detection)
}

fn event(number: usize, source: &str, text: &str) -> Event {
    let received = "2026-11-22T12:10:00Z".parse().expect("time");
    let record = RawRecord { source: source.into(), instance: "s1".into(), received, payload: text.into() };
    fengsui_normalize::normalize(&record, number as u64).expect("record")
}

/// Two minutes of two attacks that have nothing in common, and of noise.
fn events() -> Vec<Event> {
    let at = |second: usize| format!("2026-11-22T12:{:02}:{:02}Z", second / 60, second % 60);
    let mut texts: Vec<(&str, String)> = Vec::new();
    for second in 0..25 {
        texts.push(("fengsui_eve", format!(r#"{{"timestamp":"{}","event_type":"flow","src_ip":"198.51.100.9","dest_ip":"10.1.1.5","dest_port":{},"flow":{{"bytes_toserver":1}}}}"#, at(second), 1000 + second)));
    }
    texts.push(("fengsui_eve", format!(r#"{{"timestamp":"{}","event_type":"http","src_ip":"198.51.100.9","dest_ip":"10.1.1.5","dest_port":80,"http":{{"url":"/a.php","http_method":"POST"}}}}"#, at(40))));
    texts.push(("fengsui_eve", format!(r#"{{"timestamp":"{}","event_type":"flow","src_ip":"10.1.1.5","dest_ip":"203.0.113.66","dest_port":443,"flow":{{"bytes_toserver":1}}}}"#, at(60))));
    for second in 0..12 {
        texts.push((
            "syslog",
            format!("{} gate sshd[{second}]: Failed password for root from 192.0.2.77 port 22 ssh2", at(second * 3)),
        ));
    }
    texts
        .push(("syslog", format!("{} gate sshd[99]: Accepted password for root from 192.0.2.77 port 22 ssh2", at(90))));
    texts.iter().enumerate().map(|(number, (source, text))| event(number, source, text)).collect()
}

/// The last state of every incident that was not taken in by another.
fn incidents(events: &[Event], rounds: &[usize], restart: Option<usize>) -> BTreeMap<String, Incident> {
    let mut analysis = Analysis::new(AnalysisSettings::default(), detection());
    let mut last = BTreeMap::new();
    let mut keep = |incidents: Vec<Incident>| {
        for mut incident in incidents {
            incident.revision = 0;
            last.insert(incident.id.to_string(), incident);
        }
    };
    for (index, event) in events.iter().enumerate() {
        if restart == Some(index) {
            let state = analysis.snapshot().expect("saves");
            analysis = Analysis::new(AnalysisSettings::default(), detection());
            analysis.restore(&state).expect("restores");
        }
        analysis.observe(&mut event.clone());
        if rounds.contains(&index) {
            keep(analysis.incidents());
        }
    }
    keep(analysis.incidents());
    last.retain(|_, incident| !incident.members.is_empty());
    last
}

#[test]
fn two_attacks_are_two_incidents() {
    let found = incidents(&events(), &[], None);
    assert_eq!(found.len(), 2, "{found:#?}");
    let web = found
        .values()
        .find(|incident| incident.entities.iter().any(|entity| entity.value == "203.0.113.66"))
        .expect("the web attack");
    let tactics: Vec<&str> = web.techniques.iter().filter_map(|technique| technique.tactic.as_deref()).collect();
    assert_eq!(tactics, ["persistence", "discovery", "command-and-control"]);
    assert!(web.explanation.iter().all(|line| !line.zh.is_empty() && !line.en.is_empty()));
}

#[test]
fn a_repeated_event_changes_nothing() {
    let events = events();
    let twice: Vec<Event> = events.iter().flat_map(|event| [event.clone(), event.clone()]).collect();
    let members = |found: BTreeMap<String, Incident>| {
        found.into_iter().map(|(id, incident)| (id, incident.members)).collect::<Vec<_>>()
    };
    assert_eq!(members(incidents(&twice, &[], None)), members(incidents(&events, &[], None)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_restart(
        order in Just((0..40_usize).collect::<Vec<_>>()).prop_shuffle(),
        rounds in prop::collection::vec(0..40_usize, 0..6),
        restart in 0..40_usize,
    ) {
        let sorted = events();
        prop_assert_eq!(sorted.len(), order.len());
        let shuffled: Vec<Event> = order.iter().map(|index| sorted[*index].clone()).collect();
        let expected = incidents(&sorted, &[], None);
        prop_assert_eq!(incidents(&shuffled, &rounds, Some(restart)), expected);
    }
}
