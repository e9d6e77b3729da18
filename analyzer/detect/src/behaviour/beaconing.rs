//! Connections to one place outside at regular intervals, as implants call home.
//!
//! Judged when a window of event time is over, so that the order of arrival does not matter. Regular is told by the
//! median of the intervals and the median deviation from it, which some jitter and a few missed beats leave alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fengsui_schema::{Alert, Condition, Event, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use super::brief::{Brief, Shared};
use super::windows::{Report, Windows, address, windowed_state};
use super::{Behaviour, is_connection, leaves};
use crate::alerting::window;
use crate::limits;
use crate::shards::Marks;

const WINDOW_S: i64 = 3_600;

/// Connections within two windows.
const CONNECTIONS: usize = 12;

/// Shortest and longest interval that counts, in milliseconds.
const INTERVAL_MS: std::ops::RangeInclusive<i64> = 5_000..=1_200_000;

/// Largest median deviation of the intervals from their median, in thousandths of it.
const JITTER: i64 = 200;

/// Sources that call one place from which it is a common service and no implant's.
const CALLERS: usize = 8;

/// Ports of protocols that are regular by nature: time, name service, DHCP.
const REGULAR_PORTS: [i64; 5] = [53, 67, 68, 123, 5353];

/// One key's connections in one window.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Calls {
    /// Milliseconds since the epoch, in order, each once.
    times: Vec<i64>,
    /// What the earliest was, for the alert.
    first: Option<Arc<Brief>>,
}

/// Follows connections that leave, per source, destination and port.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Beaconing {
    calls: Windows<Calls>,
    /// Sources per destination and port.
    callers: Windows<BTreeSet<String>>,
    /// Windows that are to be judged when they are over: those with enough connections that they and a neighbour may be
    /// regular, and the next ones.
    #[serde(alias = "open")]
    waiting: Marks,
    /// What the first connections have in common.
    #[serde(default)]
    shared: Arc<Shared>,
}

impl Default for Beaconing {
    fn default() -> Self {
        let windows = Windows::of_seconds;
        let (calls, waiting, shared) = (Windows::of_seconds(WINDOW_S), Marks::default(), Arc::default());
        Self { calls, callers: windows(WINDOW_S), waiting, shared }
    }
}

impl Behaviour for Beaconing {
    fn observe(&mut self, event: &Event, _: &mut Vec<Alert>) {
        if !is_connection(event) {
            return;
        }
        let (Some(source), Some(target)) = (event.fields.text("source.ip"), event.fields.text("destination.ip")) else {
            return;
        };
        let port = event.fields.integer("destination.port").unwrap_or(0);
        if REGULAR_PORTS.contains(&port) || !leaves(event, source, target) {
            return;
        }
        // A record of a flow comes at its end; its beginning is what is regular.
        let time = event.fields.text("flow.start").and_then(|start| start.parse().ok()).unwrap_or(event.time);
        let place = format!("{target}|{port}");
        let _ = self.callers.add(&place, time, source.to_owned());
        let key = format!("{source}|{place}");
        if self.shared.is_full() {
            self.sweep();
        }
        let (number, calls) = self.calls.at(&key, time);
        let is_new = calls.call(time.as_nanos().div_euclid(1_000_000));
        if calls.first.as_ref().is_none_or(|first| (event.time, event.id) < first.place()) {
            calls.first = Some(Arc::new(Brief::of(event, &mut self.shared)));
        }
        if is_new && calls.times.len() == CONNECTIONS.div_ceil(2) {
            self.waiting.insert(number, &key);
            self.waiting.insert(number.saturating_add(1), &key);
        }
    }

    fn settle(&mut self, watermark: Timestamp, alerts: &mut Vec<Alert>) {
        let now = window(watermark, WINDOW_S);
        while let Some((number, key)) = self.waiting.pop_before(now) {
            if let Some((event, interval)) = self.judge(&key, number)
                && !self.calls.is_reported(&key, number - 1)
                && self.calls.first_report(&key, number)
            {
                alerts.extend(report(&event, interval).map(|report| report.alert(&event, &key, number, WINDOW_S)));
            }
        }
    }

    windowed_state!(calls, callers);
}

impl Calls {
    /// Adds a moment; false when it is known or there are too many.
    fn call(&mut self, millis: i64) -> bool {
        let Err(place) = self.times.binary_search(&millis) else { return false };
        let has_room = self.times.len() < limits::BEHAVIOUR_VALUES;
        if has_room {
            self.times.insert(place, millis);
        }
        has_room
    }
}

impl Beaconing {
    /// Drops shared values that no first connection has any more.
    fn sweep(&mut self) {
        let firsts = self.calls.states().filter_map(|calls| calls.first.as_ref());
        let used = firsts.filter_map(|first| first.shared()).collect();
        Arc::make_mut(&mut self.shared).keep(&used);
    }

    /// What called regularly, and its interval in milliseconds.
    fn judge(&self, key: &str, number: i64) -> Option<(Event, i64)> {
        let pair = self.calls.pairs(key, number).next()?;
        let times: Vec<i64> = pair.states().flat_map(|calls| calls.times.iter().copied()).collect();
        let (source, place) = key.split_once('|')?;
        let (target, port) = place.rsplit_once('|')?;
        let callers: BTreeMap<&String, ()> =
            self.callers.pairs(place, number).next()?.states().flatten().map(|caller| (caller, ())).collect();
        if times.len() < CONNECTIONS || callers.len() >= CALLERS {
            return None;
        }
        let mut intervals: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let median = middle(&mut intervals);
        if !INTERVAL_MS.contains(&median) {
            return None;
        }
        let mut deviations: Vec<i64> = intervals.iter().map(|interval| (interval - median).abs()).collect();
        let regular = middle(&mut deviations).saturating_mul(1000) <= median.saturating_mul(JITTER);
        // Most intervals must be of the one length, else bursts with long rests between would count.
        let near = intervals.iter().filter(|interval| (**interval - median).abs() * 2 <= median).count();
        let first = pair.states().find_map(|calls| calls.first.as_ref());
        let first = first.filter(|_| regular && near * 10 >= intervals.len() * 7)?;
        Some((first.event((source, target, port.parse().unwrap_or(0)), &self.shared), median))
    }
}

/// The median; sorts.
fn middle(numbers: &mut [i64]) -> i64 {
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied().unwrap_or(0)
}

fn report(event: &Event, interval_ms: i64) -> Option<Report> {
    let (source, target) = (event.fields.text("source.ip")?, event.fields.text("destination.ip")?);
    let port = event.fields.integer("destination.port").unwrap_or(0);
    let seconds = interval_ms / 1000;
    Some(Report {
        name: "beaconing",
        title: "regular connections to the outside",
        title_zh: "周期性外联",
        severity: Severity::High,
        technique: "T1071",
        summary_zh: format!("{source} 约每 {seconds} 秒连接一次外部地址 {target}:{port}，疑似受控主机回连"),
        summary_en: format!(
            "{source} connects to {target}:{port} outside about every {seconds} s, as an implant that calls home"
        ),
        condition: Condition {
            condition: format!(
                "≥ {CONNECTIONS} connections in {} s, deviation of intervals ≤ {} %",
                WINDOW_S * 2,
                JITTER / 10
            ),
            field: "destination.ip".into(),
            value: format!("{seconds} s"),
        },
        entities: vec![address(source, "source", event), address(target, "target", event)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plain;

    fn found(times: impl Iterator<Item = i64>, sources: usize, target: &str, reverse: bool) -> Vec<Alert> {
        let mut events: Vec<Event> = times
            .flat_map(|time| (0..sources).map(move |source| (time, source)))
            .map(|(time, source)| {
                let source = format!("10.1.1.{}", source + 1);
                let fields = [
                    ("event.dataset", "fengsui.flow"),
                    ("source.ip", &source),
                    ("destination.ip", target),
                    ("destination.port", "443"),
                ];
                plain(time, &fields)
            })
            .collect();
        if reverse {
            events.reverse();
        }
        let (mut detector, mut alerts) = (Beaconing::default(), Vec::new());
        events.iter().for_each(|event| detector.observe(event, &mut alerts));
        detector.settle(Timestamp::from_parts(1_900_000_000, 0), &mut alerts);
        alerts
    }

    #[test]
    fn a_regular_caller_with_jitter_in_any_order() {
        let beats = |step: i64| (0..40).map(move |beat| beat * step + (beat * 7) % 5);
        let forward = found(beats(60), 1, "203.0.113.9", false);
        assert_eq!(forward.len(), 1);
        assert_eq!(forward[0].rule.id, "behaviour:beaconing");
        assert_eq!(forward, found(beats(60), 1, "203.0.113.9", true));
        assert!(found(beats(60), 1, "10.2.2.2", false).is_empty(), "stays inside");
        assert!(found(beats(60), 10, "203.0.113.9", false).is_empty(), "a common service");
        assert!(found(beats(1), 1, "203.0.113.9", false).is_empty(), "too dense");
    }

    #[test]
    fn people_are_not_regular() {
        let mut state = 9_u64;
        let times: Vec<i64> = (0..60)
            .scan(0_i64, |time, _| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *time += i64::try_from(state >> 33).unwrap_or(0) % 110 + i64::try_from(state >> 60).unwrap_or(0).pow(2);
                Some(*time)
            })
            .collect();
        assert!(found(times.into_iter(), 1, "203.0.113.9", false).is_empty());
    }
}
