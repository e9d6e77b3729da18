//! One host that sends far more than it receives to an address outside.

use std::collections::BTreeMap;

use fengsui_schema::{Alert, Condition, Event, Severity};
use serde::{Deserialize, Serialize};

use super::windows::{Report, Windows, address, windowed_state};
use super::{Behaviour, is_connection, leaves};
use crate::limits;

const WINDOW_S: i64 = 3_600;

/// Bytes sent within two windows.
const SENT_BYTES: u64 = 200 * 1024 * 1024;

/// Flows below this size are not followed: they can't add up within the limit of values.
const FLOW_BYTES: u64 = 128 * 1024;

/// The large flows of one key in one window: number of each and the bytes it sent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Sent {
    flows: BTreeMap<String, u64>,
    total: u64,
}

/// Follows the large flows that leave.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Exfiltration {
    flows: Windows<Sent>,
}

impl Default for Exfiltration {
    fn default() -> Self {
        Self { flows: Windows::of_seconds(WINDOW_S) }
    }
}

impl Behaviour for Exfiltration {
    fn observe(&mut self, event: &Event, alerts: &mut Vec<Alert>) {
        if !is_connection(event) {
            return;
        }
        let bytes = |name: &str| event.fields.integer(name).and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0);
        let (sent, received) = (bytes("source.bytes"), bytes("destination.bytes"));
        let (Some(source), Some(target)) = (event.fields.text("source.ip"), event.fields.text("destination.ip")) else {
            return;
        };
        if sent < FLOW_BYTES || sent < received.saturating_mul(4) || !leaves(event, source, target) {
            return;
        }
        let flow = event.fields.text("flow.id").map_or_else(|| event.time.to_string(), str::to_owned);
        let key = format!("{source}|{target}");
        let (number, window) = self.flows.at(&key, event.time);
        // A flow that is recorded again counts once, with the most it sent.
        let known = window.flows.get(&flow).copied().unwrap_or(0);
        if sent <= known || (known == 0 && window.flows.len() >= limits::BEHAVIOUR_VALUES) {
            return;
        }
        window.flows.insert(flow, sent);
        window.total = window.total.saturating_add(sent - known);
        let total = |states: u64, sent: &Sent| states.saturating_add(sent.total);
        let totals: Vec<(i64, u64)> =
            self.flows.pairs(&key, number).map(|pair| (pair.number, pair.states().fold(0, total))).collect();
        for (number, total) in totals {
            if total >= SENT_BYTES && self.flows.first_report(&key, number) {
                alerts.push(report(event, source, target).alert(event, &key, number, WINDOW_S));
            }
        }
    }

    windowed_state!(flows);
}

fn report(event: &Event, source: &str, target: &str) -> Report {
    // What was sent when the alert was raised hangs on the order of arrival; the threshold does not.
    let mebibytes = SENT_BYTES / 1024 / 1024;
    Report {
        name: "exfiltration",
        title: "large transfer to the outside",
        title_zh: "大量数据外传",
        severity: Severity::High,
        technique: "T1048",
        summary_zh: format!("{source} 两小时内向外部地址 {target} 发送 {mebibytes} MiB 以上数据，远多于接收"),
        summary_en: format!(
            "{source} sent at least {mebibytes} MiB to {target} outside within two hours, far more than it received"
        ),
        condition: Condition {
            condition: format!("bytes sent ≥ {SENT_BYTES} in {} s", WINDOW_S * 2),
            field: "source.bytes".into(),
            value: format!("≥ {SENT_BYTES}"),
        },
        entities: vec![address(source, "source", event), address(target, "target", event)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plain;

    #[test]
    fn only_what_leaves_counts() {
        let run = |target: &'static str, received: &'static str| {
            let (mut detector, mut alerts) = (Exfiltration::default(), Vec::new());
            for index in 0..30_i64 {
                let fields = [
                    ("event.dataset", "fengsui.flow"),
                    ("source.ip", "10.1.1.1"),
                    ("destination.ip", target),
                    ("source.bytes", "10000000"),
                    ("destination.bytes", received),
                ];
                detector.observe(&plain(index * 60, &fields), &mut alerts);
            }
            alerts.len()
        };
        assert_eq!((run("203.0.113.9", "1000"), run("10.2.2.2", "1000"), run("203.0.113.9", "9000000")), (1, 0, 0));
    }
}
