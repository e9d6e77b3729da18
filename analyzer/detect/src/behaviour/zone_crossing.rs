//! A flow between security zones that the declared policy does not allow.

use std::collections::BTreeSet;

use fengsui_schema::{Alert, Condition, Event, Severity};
use serde::{Deserialize, Serialize};

use super::Behaviour;
use super::windows::{Report, Windows, address, windowed_state};

const WINDOW_S: i64 = 3_600;

/// Reports each forbidden pair of ends and port once an hour; enrichment tells which flows are forbidden.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ZoneCrossing {
    flows: Windows<BTreeSet<()>>,
}

impl Default for ZoneCrossing {
    fn default() -> Self {
        Self { flows: Windows::of_seconds(WINDOW_S) }
    }
}

impl Behaviour for ZoneCrossing {
    fn observe(&mut self, event: &Event, alerts: &mut Vec<Alert>) {
        if event.fields.get("fengsui.zone_crossing").is_none() || event.kind != fengsui_schema::EventKind::Event {
            return;
        }
        let text = |name: &str| event.fields.text(name).unwrap_or("-");
        let (source, target) = (text("source.ip"), text("destination.ip"));
        let port = event.fields.integer("destination.port").unwrap_or(0);
        let key = format!("{source}|{target}|{port}");
        for (number, _) in self.flows.add(&key, event.time, ()) {
            // A pair of windows is returned for the later one too; only the event's own is reported.
            if number == crate::alerting::window(event.time, WINDOW_S) && self.flows.first_report(&key, number) {
                alerts.push(report(event, source, target, port).alert(event, &key, number, WINDOW_S));
            }
        }
    }

    windowed_state!(flows);
}

fn report(event: &Event, source: &str, target: &str, port: i64) -> Report {
    let zone = |name: &str| event.fields.text(name).unwrap_or("outside");
    let (from, to) = (zone("fengsui.source_zone"), zone("fengsui.zone"));
    Report {
        name: "zone_crossing",
        title: "flow between zones that the policy does not allow",
        title_zh: "违规跨安全域访问",
        severity: Severity::Medium,
        technique: "T1021",
        summary_zh: format!("{source}（{from}）访问 {target}:{port}（{to}），不在已声明的跨域策略之内"),
        summary_en: format!(
            "{source} ({from}) opened a flow to {target}:{port} ({to}) that the declared zone policy does not allow"
        ),
        condition: Condition {
            condition: format!("no zone rule from {from} to {to}"),
            field: "fengsui.zone".into(),
            value: format!("{from} → {to}:{port}"),
        },
        entities: vec![address(source, "source", event), address(target, "target", event)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plain;

    #[test]
    fn once_an_hour() {
        let (mut detector, mut alerts) = (ZoneCrossing::default(), Vec::new());
        for seconds in [0, 1, 60, 3_600, 3_601] {
            let fields = [
                ("fengsui.zone_crossing", "true"),
                ("source.ip", "192.0.2.1"),
                ("destination.ip", "198.51.100.1"),
                ("destination.port", "22"),
            ];
            detector.observe(&plain(seconds, &fields), &mut alerts);
        }
        assert_eq!(alerts.len(), 2);
    }
}
