//! Measures what a round of incidents costs while a thousand, ten thousand and a hundred thousand groups of alerts are open: a
//! first round, and one after ten further alerts. Prints figures and judges nothing.

#![allow(clippy::print_stdout, reason = "it is there to print figures")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use fengsui_detect::{Analysis, AnalysisSettings, DetectionBuilder};
use fengsui_schema::{Event, EventId, EventKind, Fields, SourceReference, Timestamp};
use serde_json::Value;

/// Rules of the background, between hosts and servers.
const RULES: u64 = 200;
const HOSTS: u64 = 3_000;
const SERVERS: u64 = 400;

/// Hours of past before the groups that are measured, so that most of them are background as in a network that is known.
const PAST_HOURS: u64 = 30;

fn event(number: u64, second: u64) -> Event {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let (host, server, rule) = (mixed % HOSTS, mixed / HOSTS % SERVERS, mixed / 7 % RULES);
    let time = Timestamp::from_parts(1_795_348_800 + i64::try_from(second).unwrap_or(0), 0);
    let mut fields = Fields::new();
    fields.set("rule.name", format!("policy {rule}"));
    fields.set("rule.id", rule.to_string());
    fields.set("event.severity", 2);
    fields.set("observer.type", "nids");
    fields.set("source.ip", format!("10.1.{}.{}", host / 200, host % 200));
    fields.set("destination.ip", format!("203.0.{}.{}", server / 200, server % 200));
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    let source = SourceReference { source: "ecs_alert".into(), instance: "s1".into(), sequence: number };
    let original = Value::from(number);
    Event { id: EventId::from_bytes(id), time, received: time, kind: EventKind::Alert, source, fields, original }
}

/// Processor time of this process, of which only this thread runs.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0))
}

fn round(analysis: &mut Analysis) -> String {
    let (used, begin) = (processor_time(), Instant::now());
    let incidents = analysis.incidents().len();
    let used = processor_time().saturating_sub(used);
    format!("{:.1} ms of processor time, {:.1} ms, {incidents} incidents", ms(used), ms(begin.elapsed()))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn main() {
    println!("load average {}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    for open in [1_000, 10_000, 100_000] {
        let detection = DetectionBuilder::new().finish().0;
        let mut analysis = Analysis::new(AnalysisSettings::default(), Arc::new(detection));
        let mut number = 0;
        let mut add = |analysis: &mut Analysis, second: u64| {
            number += 1;
            analysis.observe(&mut event(number, second));
        };
        for hour in 0..PAST_HOURS {
            (0..2_000).for_each(|step| add(&mut analysis, hour * 3_600 + step));
            analysis.incidents();
        }
        let now = PAST_HOURS * 3_600 + 7_200;
        (0..open).for_each(|step| add(&mut analysis, now + step * 3_000 / open));
        println!("{open} groups open, a first round: {}", round(&mut analysis));
        (0..10).for_each(|step| add(&mut analysis, now + 3_000 + step));
        println!("{open} groups open, a round after ten alerts: {}", round(&mut analysis));
    }
}
