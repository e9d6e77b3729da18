//! The hunt over the past against what the same rules and indicators say of the same events on arrival.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fengsui_detect::{Analysis, AnalysisSettings, DetectionBuilder};
use fengsui_pipeline::{Detection, RetroControl, RetroHunt, RetroPhase, RetroProgress, RetroRefusalKind, RetroReport};
use fengsui_schema::{AlertSource, EntityKind, Event, RawRecord, Timestamp};
use fengsui_store::{Store, StoreSettings, StoreView};
use serde_json::{Value, json};

/// 2026-11-20T22:00:00Z.
const START: i64 = 1_795_212_000;

const SIGMA: &str = "title: shell in a path\nid: 7c3f0001-0000-4000-8000-000000000001\nlevel: high\nlogsource:\n  category: webserver\ndetection:\n  selection:\n    cs-uri-stem|contains: '/shell'\n  condition: selection\n";

const CORRELATION: &str = "title: many shells\nid: 7c3f0001-0000-4000-8000-000000000002\ncorrelation:\n  type: event_count\n  rules:\n    - 7c3f0001-0000-4000-8000-000000000001\n  group-by:\n    - source.ip\n  timespan: 5m\n  generate: true\n  condition:\n    gte: 2\n";

const INDICATORS: &str =
    "ip,198.51.100.7\ncidr,203.0.113.0/28\ndomain,bad.example\nhash,d41d8cd98f00b204e9800998ecf8427e\nip,2001:db8::7\n";

/// What the sensor says at one moment: some of it with what the rules and indicators name, in spellings as they come.
fn record(number: i64) -> Value {
    let (client, server) = (format!("10.0.0.{}", number % 9 + 1), format!("192.0.2.{}", number % 7 + 1));
    let (host, path) = (format!("h{}.ok.example", number % 5), format!("/page/{number}"));
    let http = |host: &str, path: &str| json!({"event_type": "http", "src_ip": client, "dest_ip": server, "http": {"hostname": host, "url": path}});
    match number % 12 {
        0 => json!({"event_type": "flow", "src_ip": client, "dest_ip": "198.51.100.7"}),
        1 => json!({"event_type": "flow", "src_ip": client, "dest_ip": format!("203.0.113.{}", number % 32)}),
        2 => {
            json!({"event_type": "dns", "src_ip": client, "dest_ip": server, "dns": {"rrname": "A.b.Bad.Example.", "rrtype": "A"}})
        }
        3 => http("notbad.example", &path),
        4 => http("198.51.100.7", &path),
        5 => http(&host, "/up/shell.jsp"),
        6 => {
            json!({"event_type": "fileinfo", "src_ip": client, "dest_ip": server, "fileinfo": {"filename": "a", "md5": "D41D8CD98F00B204E9800998ECF8427E"}})
        }
        7 => json!({"event_type": "flow", "src_ip": "2001:db8:0::7", "dest_ip": "2001:db8::9"}),
        8 => http(&host, "/drop.php?x=1"),
        _ => http(&host, &path),
    }
}

/// Six hundred events, one in 97 seconds, over a midnight.
fn events() -> Vec<Event> {
    let event = |number: i64| {
        let time = Timestamp::from_parts(START + number * 97, 0);
        let mut record = record(number);
        record["timestamp"] = Value::from(time.to_string());
        let record = RawRecord {
            source: "fengsui_eve".into(),
            instance: "s1".into(),
            received: time,
            payload: record.to_string().into(),
        };
        fengsui_normalize::normalize(&record, u64::try_from(number).expect("counts")).expect("is a record")
    };
    (0..600).map(event).collect()
}

fn stored(events: &[Event]) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("folder");
    let settings = StoreSettings { directory: folder.path().into(), writer_memory_mb: 15, ..StoreSettings::default() };
    let store = Store::open(settings).expect("opens");
    for (number, event) in (0..).zip(events) {
        store.add(event, number).expect("adds");
    }
    store.commit().expect("commits");
    (folder, store)
}

fn detection(sigma: &[&str], indicators: &str) -> Detection {
    let mut builder = DetectionBuilder::new();
    sigma.iter().for_each(|text| builder.add_sigma("r.yml", text));
    builder.add_indicators("list.csv", indicators);
    let (detection, report) = builder.finish();
    assert_eq!(report.failures, []);
    detection
}

fn hunt(sigma: &[&str], indicators: &str) -> RetroHunt {
    RetroHunt::new(detection(sigma, indicators)).expect("has something to hunt for")
}

fn run(hunt: &RetroHunt, store: &Store) -> RetroReport {
    hunt.run(&store.view(), &mut RetroControl { cancel: &AtomicBool::new(false), progress: &mut |_| {} })
        .expect("hunts")
}

/// Event and rule of every hit of the live analysis on arrival, but for what the events bring and what behaviour says.
fn on_arrival(detection: Detection, events: &[Event]) -> Vec<(String, String)> {
    let mut analysis = Analysis::new(AnalysisSettings::default(), Arc::new(detection));
    let alerts = events.iter().flat_map(|event| analysis.observe(&mut event.clone()).1);
    let wanted = alerts.filter(|alert| matches!(alert.source, AlertSource::Sigma | AlertSource::Indicator));
    wanted.map(|alert| (alert.events[0].to_string(), alert.rule.id)).collect()
}

fn listed(report: &RetroReport) -> Vec<(String, String)> {
    report.listed.iter().map(|hit| (hit.event.to_string(), hit.rule.clone())).collect()
}

#[test]
fn the_past_gives_the_hits_of_the_arrival() {
    let events = events();
    let (_folder, store) = stored(&events);
    let url = "url,/drop.php";
    for (sigma, indicators, narrowed) in
        [(&[][..], INDICATORS, true), (&[SIGMA], "", false), (&[SIGMA], INDICATORS, false), (&[], url, true)]
    {
        let (found, expected) =
            (run(&hunt(sigma, indicators), &store), on_arrival(detection(sigma, indicators), &events));
        assert!(expected.len() >= 50, "{} hits on arrival", expected.len());
        assert_eq!(listed(&found), expected);
        assert_eq!((found.hits, found.unlisted, found.coverage.narrowed), (expected.len() as u64, 0, narrowed));
        assert_eq!(found.hours.values().sum::<u64>(), found.hits);
        assert_eq!(found.rules.iter().map(|rule| rule.hits).sum::<u64>(), found.hits);
        let coverage = &found.coverage;
        assert_eq!((coverage.stored, coverage.candidates), (events.len() as u64, coverage.events));
        assert_eq!(coverage.events < coverage.stored, narrowed, "{} events looked at", coverage.events);
        assert_eq!((coverage.days, coverage.days_done, coverage.unread.len()), (2, 2, 0));
    }
}

#[test]
fn each_indicator_alone_finds_what_it_finds_on_arrival() {
    let events = events();
    let (_folder, store) = stored(&events);
    for line in INDICATORS.lines().chain(["domain,例子.example\nip,198.51.100.7", "domain,ok.example"]) {
        let expected = on_arrival(detection(&[], line), &events);
        assert!(!expected.is_empty(), "{line} is nowhere");
        assert_eq!(listed(&run(&hunt(&[], line), &store)), expected, "{line}");
    }
}

#[test]
fn a_report_says_when_and_about_whom() {
    let events = events();
    let (_folder, store) = stored(&events);
    let report = run(&hunt(&[], "ip,198.51.100.7"), &store);
    // Fifty flows to it (number 0, 12, …) and fifty requests with it as the host's name (number 4, 16, …).
    assert_eq!((report.hits, report.events_hit), (100, 100));
    assert_eq!((report.first, report.last), (Some(events[0].time), Some(events[592].time)));
    let target = report.entities.iter().find(|entity| entity.value == "198.51.100.7").expect("is named");
    assert_eq!((target.kind, target.hits), (EntityKind::Address, 50));
    assert_eq!(report.rules[0].id, "indicator:list/198.51.100.7");
}

#[test]
fn the_range_begins_with_its_first_moment_and_ends_before_its_last() {
    let events = events();
    let (_folder, store) = stored(&events);
    let mut hunt = hunt(&[SIGMA], "");
    // Hits are the numbers 5, 17, 29, ….
    (hunt.from, hunt.to) = (Some(events[17].time), Some(events[29].time));
    let report = run(&hunt, &store);
    assert_eq!((report.coverage.events, report.hits, report.listed[0].event), (12, 1, events[17].id));
    hunt.to = Some(events[29].time.plus_nanos(1));
    assert_eq!(run(&hunt, &store).hits, 2);
    hunt.from = Some(events[17].time.plus_nanos(1));
    assert_eq!(run(&hunt, &store).hits, 1);
    hunt.to = hunt.from;
    let control = &mut RetroControl { cancel: &AtomicBool::new(false), progress: &mut |_| {} };
    assert!(hunt.run(&store.view(), control).expect_err("is empty").to_string().contains("is empty; let it end"));
}

#[test]
fn hits_past_the_limit_are_counted() {
    let events = events();
    let (_folder, store) = stored(&events);
    let mut hunt = hunt(&[SIGMA], "");
    hunt.listed = 3;
    let report = run(&hunt, &store);
    assert_eq!((report.hits, report.listed.len(), report.unlisted), (50, 3, 47));
    assert_eq!(report.listed[2].event, events[29].id);
}

#[test]
fn a_cancelled_hunt_reports_how_far_it_came() {
    let events: Vec<Event> = events().into_iter().chain(more()).collect();
    let (_folder, store) = stored(&events);
    let cancel = AtomicBool::new(false);
    let mut seen: Vec<RetroProgress> = Vec::new();
    let mut progress = |progress: &RetroProgress| {
        seen.push(*progress);
        cancel.store(progress.events >= 1_000, Ordering::Relaxed);
    };
    let control = &mut RetroControl { cancel: &cancel, progress: &mut progress };
    let report = hunt(&[SIGMA], "").run(&store.view(), control).expect("hunts");
    assert!(report.cancelled);
    assert_eq!((report.coverage.events, report.coverage.reached), (1_000, Some(events[999].time)));
    // Four days are counted, then looked at.
    assert_eq!(seen.iter().map(|one| one.events).collect::<Vec<_>>(), [0, 0, 0, 0, 0, 75, 600, 675, 1_000, 1_000]);
    assert_eq!(seen.iter().map(|one| one.expected).collect::<Vec<_>>()[..4], [75, 600, 675, 1_200]);
    assert_eq!(seen.iter().filter(|one| one.phase == RetroPhase::Counting).count(), 4);
    assert!(seen[4..].iter().all(|one| (one.expected, one.days) == (1_200, 4)), "{seen:?}");
    assert_eq!((report.coverage.days, report.coverage.days_done, report.is_whole()), (4, 3, false));
}

/// The same six hundred events three days later.
fn more() -> Vec<Event> {
    let mut events = events();
    for event in &mut events {
        event.time = event.time.plus_seconds(3 * 86_400);
        let mut id = *event.id.as_bytes();
        id[0] ^= 0xff;
        event.id = fengsui_schema::EventId::from_bytes(id);
    }
    events
}

#[test]
fn an_indicator_that_comes_later_finds_the_past() {
    let events = events();
    let before = detection(&[], "ip,192.0.2.250");
    assert_eq!(on_arrival(before, &events), []);
    let (_folder, store) = stored(&events);
    assert_eq!(run(&hunt(&[], "ip,192.0.2.250"), &store).hits, 0);
    assert_eq!(run(&hunt(&[], "domain,bad.example"), &store).hits, 50);
}

#[test]
fn correlations_are_refused_with_a_reason() {
    let events = events();
    let (_folder, store) = stored(&events);
    // Whether or not the rule would raise alerts of its own.
    for correlation in [CORRELATION.to_owned(), CORRELATION.replace("  generate: true\n", "")] {
        let report = run(&hunt(&[SIGMA, &correlation], ""), &store);
        assert_eq!((report.hits, report.refused.len()), (50, 1));
        let refused = &report.refused[0];
        assert_eq!((refused.kind, refused.subject.as_str()), (RetroRefusalKind::Correlation, "many shells"));
        assert!(refused.reason.contains("one by one"), "{}", refused.reason);
    }
    let nothing = RetroHunt::new(detection(&[], "")).expect_err("has nothing");
    assert!(nothing.to_string().contains("name at least one"), "{nothing}");
}

#[test]
fn what_does_not_load_is_named() {
    let events = events();
    let (_folder, store) = stored(&events);
    let bad = "title: broken\ndetection:\n  selection:\n    a: b\n   condition: selection\n";
    let mut builder = DetectionBuilder::new();
    builder.add_sigma("bad.yml", bad);
    builder.add_sigma("good.yml", SIGMA);
    let report = run(&RetroHunt::new(builder.finish().0).expect("has a rule"), &store);
    assert_eq!((report.hits, report.refused.len()), (50, 1));
    assert_eq!((report.refused[0].kind, report.refused[0].subject.as_str()), (RetroRefusalKind::NotLoaded, "bad.yml"));
    let mut builder = DetectionBuilder::new();
    builder.add_sigma("bad.yml", bad);
    let error = RetroHunt::new(builder.finish().0).expect_err("has none").to_string();
    assert!(error.contains("bad.yml") && error.contains("line 5"), "{error}");
}

/// Another process has the store open, and one of its days is damaged.
#[test]
fn a_folder_is_hunted_through_beside_its_writer() {
    let events: Vec<Event> = events().into_iter().chain(more()).collect();
    let (folder, store) = stored(&events);
    std::fs::write(folder.path().join("2026-11-23/meta.json"), "{ broken").expect("writes");
    let view = StoreView::open(folder.path(), None, None).expect("opens");
    let control = &mut RetroControl { cancel: &AtomicBool::new(false), progress: &mut |_| {} };
    let report = hunt(&[SIGMA], "").run(&view, control).expect("hunts");
    let coverage = &report.coverage;
    assert_eq!((coverage.events, coverage.days_done, report.is_whole()), (1_125, 3, false));
    assert_eq!(coverage.unread.iter().map(|unread| unread.day.as_str()).collect::<Vec<_>>(), ["2026-11-23"]);
    assert_eq!((coverage.first_day.as_deref(), coverage.last_day.as_deref()), (Some("2026-11-20"), Some("2026-11-24")));
    drop(store);
}
