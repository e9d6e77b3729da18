//! One host that sends far more than it receives to an address outside.

use fengsui_schema::{Alert, Condition, Event, Severity};
use serde::{Deserialize, Serialize};

use super::Behaviour;
use super::windows::{Report, Windows, address, windowed_state};

const WINDOW_S: i64 = 3_600;

/// Bytes sent within two windows.
const SENT_BYTES: u64 = 200 * 1024 * 1024;

/// Flows below this size are not followed: they can't add up within the limit of values.
const FLOW_BYTES: u64 = 128 * 1024;

/// Follows the large flows that leave.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Exfiltration {
    /// A flow: its number and the bytes sent and received.
    flows: Windows<(String, u64, u64)>,
}

impl Default for Exfiltration {
    fn default() -> Self {
        Self { flows: Windows::of_seconds(WINDOW_S) }
    }
}

impl Behaviour for Exfiltration {
    fn observe(&mut self, event: &Event, alerts: &mut Vec<Alert>) {
        if !matches!(event.fields.text("event.dataset"), Some("fengsui.flow" | "zeek.conn")) {
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
        for (number, flows) in self.flows.add(&key, event.time, (flow, sent, received)) {
            let total = flows.iter().fold(0_u64, |total, (_, sent, _)| total.saturating_add(*sent));
            if total >= SENT_BYTES && self.flows.first_report(&key, number) {
                alerts.push(report(event, source, target, total).alert(event, &key, number, WINDOW_S));
            }
        }
    }

    windowed_state!(flows);
}

/// Whether a flow goes from inside to outside: by zones when they are declared, else by private addresses.
fn leaves(event: &Event, source: &str, target: &str) -> bool {
    match (event.fields.text("fengsui.source_zone"), event.fields.text("fengsui.zone")) {
        (Some(from), Some(to)) => from != "outside" && to == "outside",
        _ => is_private(source) && !is_private(target),
    }
}

fn is_private(address: &str) -> bool {
    match address.parse() {
        Ok(std::net::IpAddr::V4(four)) => {
            four.is_private() || four.is_loopback() || four.is_link_local() || four.is_multicast()
        }
        Ok(std::net::IpAddr::V6(six)) => {
            six.is_unique_local() || six.is_loopback() || six.is_unicast_link_local() || six.is_multicast()
        }
        Err(_) => false,
    }
}

fn report(event: &Event, source: &str, target: &str, bytes: u64) -> Report {
    let mebibytes = bytes / 1024 / 1024;
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
            value: bytes.to_string(),
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
