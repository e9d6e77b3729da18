//! One source that asks many ports of one host, or one port of many hosts.

use std::collections::BTreeSet;

use fengsui_schema::{Alert, Condition, Event, Severity};
use serde::{Deserialize, Serialize};

use super::windows::{Report, Windows, address, windowed_state};
use super::{Behaviour, is_connection};

const WINDOW_S: i64 = 60;

/// Distinct ports of one host within two windows.
const PORTS: usize = 20;

/// Distinct hosts asked on one port within two windows.
const HOSTS: usize = 25;

/// Follows who asks which ports.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PortScan {
    ports: Windows<BTreeSet<u16>>,
    hosts: Windows<BTreeSet<String>>,
}

impl Default for PortScan {
    fn default() -> Self {
        Self { ports: Windows::of_seconds(WINDOW_S), hosts: Windows::of_seconds(WINDOW_S) }
    }
}

impl Behaviour for PortScan {
    fn observe(&mut self, event: &Event, alerts: &mut Vec<Alert>) {
        let (Some(source), Some(target)) = (event.fields.text("source.ip"), event.fields.text("destination.ip")) else {
            return;
        };
        let Some(port) = event.fields.integer("destination.port").and_then(|port| u16::try_from(port).ok()) else {
            return;
        };
        if !is_connection(event) {
            return;
        }
        let key = format!("{source}|{target}");
        for (number, count) in self.ports.add(&key, event.time, port) {
            if count >= PORTS && self.ports.first_report(&key, number) {
                alerts.push(vertical(event, source, target, count).alert(event, &key, number, WINDOW_S));
            }
        }
        let key = format!("{source}|*:{port}");
        for (number, count) in self.hosts.add(&key, event.time, target.to_owned()) {
            if count >= HOSTS && self.hosts.first_report(&key, number) {
                alerts.push(horizontal(event, source, port, count).alert(event, &key, number, WINDOW_S));
            }
        }
    }

    windowed_state!(ports, hosts);
}

fn vertical(event: &Event, source: &str, target: &str, count: usize) -> Report {
    Report {
        name: "port_scan",
        title: "port scan of one host",
        title_zh: "端口扫描",
        severity: Severity::Medium,
        technique: "T1046",
        summary_zh: format!("{source} 在两分钟内探测 {target} 的 {count} 个以上端口"),
        summary_en: format!("{source} asked at least {count} ports of {target} within two minutes"),
        condition: Condition {
            condition: format!("distinct ports ≥ {PORTS} in {} s", WINDOW_S * 2),
            field: "destination.port".into(),
            value: count.to_string(),
        },
        entities: vec![address(source, "source", event), address(target, "target", event)],
    }
}

fn horizontal(event: &Event, source: &str, port: u16, count: usize) -> Report {
    Report {
        name: "host_sweep",
        title: "sweep of many hosts on one port",
        title_zh: "主机扫描",
        severity: Severity::Medium,
        technique: "T1046",
        summary_zh: format!("{source} 在两分钟内探测 {count} 台以上主机的 {port} 端口"),
        summary_en: format!("{source} asked port {port} of at least {count} hosts within two minutes"),
        condition: Condition {
            condition: format!("distinct hosts ≥ {HOSTS} in {} s", WINDOW_S * 2),
            field: "destination.ip".into(),
            value: count.to_string(),
        },
        entities: vec![address(source, "source", event)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plain;

    fn flows(count: u16, step: i64) -> Vec<Alert> {
        let (mut detector, mut alerts) = (PortScan::default(), Vec::new());
        for port in 0..count {
            let port_text = (1000 + port).to_string();
            let fields = [
                ("event.dataset", "fengsui.flow"),
                ("source.ip", "192.0.2.1"),
                ("destination.ip", "198.51.100.1"),
                ("destination.port", port_text.as_str()),
            ];
            detector.observe(&plain(i64::from(port) * step, &fields), &mut alerts);
        }
        alerts
    }

    #[test]
    fn many_ports_in_short_time_are_a_scan() {
        assert_eq!(flows(19, 1).len(), 0);
        let found = flows(40, 1);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].rule.id, "behaviour:port_scan");
        assert!(flows(40, 60).is_empty());
    }
}
