//! Measures Sigma correlations: time per event at windows of ten thousand hits for every type, and the longest stall while a
//! million groups come and go, and while their state is saved. Prints figures and judges nothing.

#![allow(clippy::print_stdout, reason = "it is there to print figures")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use fengsui_detect::{Analysis, AnalysisSettings, DetectionBuilder};
use fengsui_schema::{Event, EventId, EventKind, Fields, SourceReference, Timestamp};
use serde_json::Value;

const BASE: &str = "title: a\nid: a\nname: a\nlogsource:\n  product: x\ndetection:\n  s:\n    event.action: a\n  condition: s\n---\ntitle: b\nid: b\nname: b\nlogsource:\n  product: x\ndetection:\n  s:\n    event.action: b\n  condition: s\n---\n";

fn event(number: u64, nanos: i64, action: &str, group: u64) -> Event {
    let time = Timestamp::from_nanos(1_795_348_800_000_000_000 + nanos);
    let mut fields = Fields::new();
    fields.set("event.action", action);
    fields.set("user.name", format!("user{group}"));
    fields.set("source.bytes", i64::try_from(number * 7_919 % 10_007).unwrap_or(0));
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    Event {
        id: EventId::from_bytes(id),
        time,
        received: time,
        kind: EventKind::Event,
        source: SourceReference { source: "json".into(), instance: "s1".into(), sequence: number },
        fields,
        original: Value::Null,
    }
}

fn analysis(correlation: &str) -> Analysis {
    let mut builder = DetectionBuilder::new();
    builder.add_sigma("rules.yml", format!("{BASE}{correlation}").trim_end_matches("---\n"));
    let (detection, report) = builder.finish();
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    Analysis::new(AnalysisSettings::default(), Arc::new(detection))
}

/// Times of events after a warm-up.
struct Times {
    /// Mean of processor time.
    mean: Duration,
    /// Longest wall time of an event, of the least of its three runs: what other processes do to a run is not ours.
    longest: Duration,
    evicted: u64,
}

/// Runs the same events three times.
fn time(correlation: &str, count: usize, warm_up: usize, event: impl Fn(u64) -> Event) -> Times {
    let mut least = vec![Duration::MAX; count];
    let (mut used, mut evicted) = (Duration::MAX, 0);
    for _ in 0..3 {
        let mut analysis = analysis(correlation);
        let mut begin_used = processor_time();
        for (index, number) in (0_u64..).take(count).enumerate() {
            if index == warm_up {
                begin_used = processor_time();
            }
            let mut event = event(number);
            let begin = Instant::now();
            analysis.observe(&mut event);
            least[index] = least[index].min(begin.elapsed());
        }
        used = used.min(processor_time().saturating_sub(begin_used));
        evicted = analysis.counts().state_evicted;
    }
    let events = u32::try_from(count - warm_up).unwrap_or(1);
    Times { mean: used / events, longest: least[warm_up..].iter().max().copied().unwrap_or_default(), evicted }
}

/// Processor time of this process, of which only this thread runs.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0))
}

fn main() {
    let types = [
        ("none", String::new()),
        ("event_count", "  type: event_count\n  rules: [a, b]\n  condition:\n    gte: 1000000\n".to_owned()),
        ("value_count", "  type: value_count\n  rules: [a, b]\n  condition:\n    field: source.bytes\n    gte: 1000000\n".to_owned()),
        ("value_sum", "  type: value_sum\n  rules: [a, b]\n  condition:\n    field: source.bytes\n    gte: 1000000000000\n".to_owned()),
        ("value_avg", "  type: value_avg\n  rules: [a, b]\n  condition:\n    field: source.bytes\n    gte: 1000000\n".to_owned()),
        ("value_percentile", "  type: value_percentile\n  rules: [a, b]\n  condition:\n    field: source.bytes\n    percentile: 95\n    gte: 1000000\n".to_owned()),
        ("value_median", "  type: value_median\n  rules: [a, b]\n  condition:\n    field: source.bytes\n    gte: 1000000\n".to_owned()),
        ("temporal", "  type: temporal\n  rules: [a, b, c]\n".to_owned()),
        ("temporal_ordered", "  type: temporal_ordered\n  rules: [a, b, c]\n".to_owned()),
    ];
    let third = "title: c\nid: c\nname: c\nlogsource:\n  product: x\ndetection:\n  s:\n    event.action: c\n  condition: s\n---\n";
    let mut base = Duration::ZERO;
    for (name, body) in types {
        let text = if body.is_empty() {
            third.trim_end_matches("---\n").to_owned()
        } else {
            format!("{third}title: t\nid: t\ncorrelation:\n  group-by: [user.name]\n  timespan: 10s\n{body}")
        };
        // A hit every millisecond: ten thousand in the window.
        let times = time(&text, 120_000, 20_000, |index| {
            let nanos = i64::try_from(index).unwrap_or(0) * 1_000_000;
            event(index, nanos, if index % 2 == 0 { "a" } else { "b" }, 0)
        });
        if name == "none" {
            base = times.mean;
        }
        println!(
            "{name:17} {:6.2} µs per event ({:.2} µs above none), longest {:.2} ms",
            us(times.mean),
            us(times.mean) - us(base),
            us(times.longest) / 1000.0
        );
    }
    groups();
    snapshot();
    full_tables();
}

/// More than a million groups, each hit twice, that end while others begin.
fn groups() {
    let body = "title: t\nid: t\ncorrelation:\n  type: event_count\n  rules: [a]\n  group-by: [user.name]\n  timespan: 1h\n  condition:\n    gte: 1000000\n";
    let times =
        time(body, 2_400_000, 0, |index| event(index, i64::try_from(index).unwrap_or(0) * 5_000_000, "a", index / 2));
    println!(
        "1.2 million groups: {:.2} µs per event, longest {:.2} ms, evicted {}",
        us(times.mean),
        us(times.longest) / 1000.0,
        times.evicted
    );
}

/// A million groups are saved by another thread while they are hit.
fn snapshot() {
    let body = "title: t\nid: t\ncorrelation:\n  type: event_count\n  rules: [a]\n  group-by: [user.name]\n  timespan: 10h\n  condition:\n    gte: 1000000\n";
    let hit = |index: u64| event(index, i64::try_from(index).unwrap_or(0) * 1_000_000, "a", index * 7_919 % 1_000_000);
    saved_while_hit("a million groups", body, (1_000_000, 200_000), hit);
}

/// Every table of the behaviour detectors at its limit, and as many groups of alerts as the correlator holds.
fn full_tables() {
    let flow = |index: u64| {
        let mut event = event(index, i64::try_from(index).unwrap_or(0) * 1_000_000, "a", index % 500);
        let (source, target) = (index * 7_919 % 50_021, index * 104_729 % 60_013);
        event.fields.set("event.dataset", "fengsui.flow");
        event.fields.set("event.category", "network");
        event.fields.set("source.ip", format!("10.{}.{}.{}", source >> 16, source >> 8 & 255, source & 255));
        event.fields.set("destination.ip", format!("203.{}.{}.{}", target >> 16, target >> 8 & 255, target & 255));
        event.fields.set("destination.port", 443);
        event.fields.set("destination.bytes", 900);
        event
    };
    saved_while_hit("full tables of detectors and 200,000 groups of alerts", "", (220_000, 50_000), flow);
}

/// Takes a snapshot after some events and writes it in another thread during further ones. Three times, and of each event the
/// least wall time counts: what other processes do to a run is not ours.
fn saved_while_hit(what: &str, rules: &str, (before, meanwhile): (u64, usize), event: impl Fn(u64) -> Event) {
    let (mut least, mut pause) = (vec![Duration::MAX; meanwhile], Duration::MAX);
    let (mut bytes, mut took) = (0, Duration::ZERO);
    for _ in 0..3 {
        let mut analysis = analysis(rules);
        (0..before).for_each(|index| drop(analysis.observe(&mut event(index))));
        let begin = Instant::now();
        let Some(taken) = analysis.snapshot() else { return };
        pause = pause.min(begin.elapsed());
        let writing = std::thread::spawn(move || {
            let begin = Instant::now();
            (taken.into_bytes().map_or(0, |bytes| bytes.len()), begin.elapsed())
        });
        for (least, index) in least.iter_mut().zip(before..) {
            let mut event = event(index);
            let begin = Instant::now();
            analysis.observe(&mut event);
            *least = begin.elapsed().min(*least);
        }
        (bytes, took) = writing.join().unwrap_or_default();
    }
    println!(
        "snapshot of {what}: taken in {:.2} ms, {} MB written in {:.1} s, longest of {meanwhile} events meanwhile {:.2} ms",
        us(pause) / 1000.0,
        bytes / 1_000_000,
        took.as_secs_f64(),
        us(least.iter().max().copied().unwrap_or_default()) / 1000.0
    );
}

fn us(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
