//! Many failed logins from one source, and the success that follows them.

use fengsui_schema::{Alert, Condition, Event, EventId, Severity};
use serde::{Deserialize, Serialize};

use super::Behaviour;
use super::windows::{Report, Windows, address, windowed_state};

const WINDOW_S: i64 = 300;

/// Failed logins within two windows.
const FAILURES: usize = 10;

/// Follows failed and successful logins per source and target.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct BruteForce {
    /// A login: its time in nanoseconds, whether it succeeded, the account, and its event, as many may share a second.
    logins: Windows<(i64, bool, String, EventId)>,
    successes: Windows<i64>,
}

impl Default for BruteForce {
    fn default() -> Self {
        Self { logins: Windows::of_seconds(WINDOW_S), successes: Windows::of_seconds(WINDOW_S) }
    }
}

impl Behaviour for BruteForce {
    fn observe(&mut self, event: &Event, alerts: &mut Vec<Alert>) {
        if event.fields.text("event.category") != Some("authentication") {
            return;
        }
        let success = match event.fields.text("event.outcome") {
            Some("success") => true,
            Some("failure") => false,
            _ => return,
        };
        let Some(source) = event.fields.text("source.ip") else { return };
        let target = ["destination.ip", "host.ip", "host.name"]
            .into_iter()
            .find_map(|name| event.fields.text(name))
            .unwrap_or("-");
        let user = event.fields.text("user.name").unwrap_or("-");
        let key = format!("{source}|{target}");
        let login = (event.time.as_nanos(), success, user.to_owned(), event.id);
        for (number, logins) in self.logins.add(&key, event.time, login) {
            let failures: Vec<i64> =
                logins.iter().filter(|(_, success, ..)| !success).map(|(time, ..)| *time).collect();
            if failures.len() >= FAILURES && self.logins.first_report(&key, number) {
                alerts.push(failed(event, source, target, failures.len()).alert(event, &key, number, WINDOW_S));
            }
            // A success counts when enough failures came before it.
            let after = failures.get(FAILURES - 1).copied();
            let broken = logins.iter().find(|(time, success, ..)| *success && after.is_some_and(|after| *time > after));
            if let Some((_, _, account, _)) = broken
                && self.successes.first_report(&key, number)
            {
                alerts.push(broken_in(event, source, target, account).alert(event, &key, number, WINDOW_S));
            }
        }
    }

    windowed_state!(logins, successes);
}

fn entities(event: &Event, source: &str, target: &str) -> Vec<fengsui_schema::Entity> {
    let mut target = address(target, "target", event);
    if target.value.parse::<std::net::IpAddr>().is_err() {
        target.kind = fengsui_schema::EntityKind::Host;
    }
    vec![address(source, "source", event), target]
}

fn failed(event: &Event, source: &str, target: &str, count: usize) -> Report {
    Report {
        name: "brute_force",
        title: "many failed logins",
        title_zh: "口令暴力破解",
        severity: Severity::Medium,
        technique: "T1110",
        summary_zh: format!("{source} 十分钟内登录 {target} 失败 {count} 次以上"),
        summary_en: format!("{source} failed at least {count} times to log in to {target} within ten minutes"),
        condition: Condition {
            condition: format!("failed logins ≥ {FAILURES} in {} s", WINDOW_S * 2),
            field: "event.outcome".into(),
            value: count.to_string(),
        },
        entities: entities(event, source, target),
    }
}

fn broken_in(event: &Event, source: &str, target: &str, account: &str) -> Report {
    Report {
        name: "brute_force_success",
        title: "login succeeded after many failures",
        title_zh: "暴力破解后登录成功",
        severity: Severity::Critical,
        technique: "T1078",
        summary_zh: format!("{source} 多次失败后以账号 {account} 登录 {target} 成功，口令可能已被猜中"),
        summary_en: format!(
            "{source} logged in to {target} as {account} after many failures; the password may have been guessed"
        ),
        condition: Condition {
            condition: format!("success after ≥ {FAILURES} failures"),
            field: "user.name".into(),
            value: account.to_owned(),
        },
        entities: entities(event, source, target),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plain;

    fn login(seconds: i64, outcome: &'static str) -> Event {
        plain(
            seconds,
            &[
                ("event.category", "authentication"),
                ("event.outcome", outcome),
                ("source.ip", "192.0.2.1"),
                ("host.name", "web1"),
                ("user.name", "root"),
            ],
        )
    }

    fn found(events: impl Iterator<Item = Event>) -> Vec<String> {
        let (mut detector, mut alerts) = (BruteForce::default(), Vec::new());
        events.for_each(|event| detector.observe(&event, &mut alerts));
        let mut found: Vec<String> =
            alerts.into_iter().map(|alert| format!("{} {}", alert.rule.id, alert.id)).collect();
        found.sort();
        found
    }

    #[test]
    fn a_success_after_failures_is_critical_in_any_order_of_arrival() {
        let events: Vec<Event> = (0..12).map(|second| login(second, "failure")).chain([login(20, "success")]).collect();
        let forward = found(events.iter().cloned());
        assert_eq!(forward.len(), 2);
        assert_eq!(forward, found(events.into_iter().rev()));
    }

    #[test]
    fn a_success_before_failures_is_nothing() {
        let events = [login(0, "success")].into_iter().chain((1..9).map(|second| login(second, "failure")));
        assert!(found(events).is_empty());
    }
}
