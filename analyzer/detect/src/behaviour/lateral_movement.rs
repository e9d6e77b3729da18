//! One host, or one account, that reaches many hosts inside over the ways administrators and intruders use.

use std::collections::BTreeSet;

use fengsui_schema::{Alert, Condition, Entity, EntityKind, Event, Severity};
use serde::{Deserialize, Serialize};

use super::windows::{Report, Windows, address, windowed_state};
use super::{Behaviour, is_connection, is_inside};

const WINDOW_S: i64 = 1_800;

/// Distinct hosts reached on ports of remote administration within two windows.
const HOSTS: usize = 10;

/// Distinct hosts that one account logged in to from one address within two windows.
const LOGINS: usize = 5;

/// SSH, Telnet, RPC, SMB, WinRM, remote desktop, VNC.
const PORTS: [i64; 9] = [22, 23, 135, 139, 445, 3389, 5900, 5985, 5986];

/// Follows who reaches whom.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct LateralMovement {
    reached: Windows<BTreeSet<String>>,
    logins: Windows<BTreeSet<String>>,
}

impl Default for LateralMovement {
    fn default() -> Self {
        Self { reached: Windows::of_seconds(WINDOW_S), logins: Windows::of_seconds(WINDOW_S) }
    }
}

impl Behaviour for LateralMovement {
    fn observe(&mut self, event: &Event, alerts: &mut Vec<Alert>) {
        let Some(source) = event.fields.text("source.ip") else { return };
        if !is_inside(event, "source", source) {
            return;
        }
        if is_connection(event) {
            self.connection(event, source, alerts);
        } else if event.fields.text("event.category") == Some("authentication")
            && event.fields.text("event.outcome") == Some("success")
        {
            self.login(event, source, alerts);
        }
    }

    windowed_state!(reached, logins);
}

impl LateralMovement {
    fn connection(&mut self, event: &Event, source: &str, alerts: &mut Vec<Alert>) {
        let Some(target) = event.fields.text("destination.ip") else { return };
        let Some(port) = event.fields.integer("destination.port").filter(|port| PORTS.contains(port)) else { return };
        // Only what was answered: attempts alone are a scan.
        let answered = event.fields.integer("destination.bytes").is_some_and(|bytes| bytes > 0);
        if !answered || !is_inside(event, "destination", target) {
            return;
        }
        let key = format!("{source}|{port}");
        for (number, count) in self.reached.add(&key, event.time, target.to_owned()) {
            if count >= HOSTS && self.reached.first_report(&key, number) {
                alerts.push(reached(event, source, port, count).alert(event, &key, number, WINDOW_S));
            }
        }
    }

    fn login(&mut self, event: &Event, source: &str, alerts: &mut Vec<Alert>) {
        let Some(user) = event.fields.text("user.name").filter(|user| !user.ends_with('$')) else { return };
        let target = ["destination.ip", "host.ip", "host.name"].into_iter().find_map(|name| event.fields.text(name));
        let Some(target) = target else { return };
        let key = format!("{source}|{user}");
        for (number, count) in self.logins.add(&key, event.time, target.to_owned()) {
            if count >= LOGINS && self.logins.first_report(&key, number) {
                alerts.push(logins(event, source, user, count).alert(event, &key, number, WINDOW_S));
            }
        }
    }
}

fn reached(event: &Event, source: &str, port: i64, count: usize) -> Report {
    Report {
        name: "lateral_movement",
        title: "one host reached many hosts inside",
        title_zh: "疑似横向移动",
        severity: Severity::High,
        technique: "T1021",
        summary_zh: format!("{source} 一小时内通过 {port} 端口连通内部 {count} 台以上主机，疑似横向移动"),
        summary_en: format!("{source} reached at least {count} hosts inside on port {port} within an hour"),
        condition: Condition {
            condition: format!("distinct hosts that answered ≥ {HOSTS} in {} s", WINDOW_S * 2),
            field: "destination.ip".into(),
            value: count.to_string(),
        },
        entities: vec![address(source, "source", event)],
    }
}

fn logins(event: &Event, source: &str, user: &str, count: usize) -> Report {
    Report {
        name: "account_on_many_hosts",
        title: "one account logged in to many hosts",
        title_zh: "同一账号登录多台主机",
        severity: Severity::High,
        technique: "T1078",
        summary_zh: format!("账号 {user} 一小时内从 {source} 登录内部 {count} 台以上主机"),
        summary_en: format!("{user} logged in to at least {count} hosts from {source} within an hour"),
        condition: Condition {
            condition: format!("distinct hosts logged in to ≥ {LOGINS} in {} s", WINDOW_S * 2),
            field: "host.name".into(),
            value: count.to_string(),
        },
        entities: vec![
            address(source, "source", event),
            Entity { kind: EntityKind::User, value: user.to_owned(), role: "related".into(), asset: None },
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plain;

    fn connections(source: &str, target: &str, answer: &str) -> usize {
        let (mut detector, mut alerts) = (LateralMovement::default(), Vec::new());
        for index in 0..15_i64 {
            let target = format!("{target}.{}", index + 1);
            let fields = [
                ("event.dataset", "fengsui.flow"),
                ("source.ip", source),
                ("destination.ip", &target),
                ("destination.port", "445"),
                ("destination.bytes", answer),
            ];
            detector.observe(&plain(index * 60, &fields), &mut alerts);
        }
        alerts.len()
    }

    #[test]
    fn only_what_is_answered_inside_counts() {
        assert_eq!(connections("10.1.1.1", "10.2.2", "900"), 1);
        assert_eq!(connections("10.1.1.1", "10.2.2", "0"), 0);
        assert_eq!(connections("10.1.1.1", "203.0.113", "900"), 0);
        assert_eq!(connections("203.0.113.1", "10.2.2", "900"), 0);
    }

    #[test]
    fn one_account_on_many_hosts() {
        let run = |hosts: i64| {
            let (mut detector, mut alerts) = (LateralMovement::default(), Vec::new());
            for index in 0..12_i64 {
                let host = format!("pc{}", index % hosts);
                let fields = [
                    ("event.category", "authentication"),
                    ("event.outcome", "success"),
                    ("source.ip", "10.1.1.1"),
                    ("host.name", &host),
                    ("user.name", "ops"),
                ];
                detector.observe(&plain(index * 60, &fields), &mut alerts);
            }
            alerts.len()
        };
        assert_eq!((run(6), run(3)), (1, 0));
    }
}
