//! Many failed logins from one source, and the success that follows them.

use std::collections::BTreeSet;

use fengsui_schema::{Alert, Condition, Event, EventId, Severity};
use serde::{Deserialize, Serialize};

use super::Behaviour;
use super::windows::{Pair, Report, Windows, address, windowed_state};

const WINDOW_S: i64 = 300;

/// Failed logins within two windows.
const FAILURES: usize = 10;

/// The logins of one key in one window: time in nanoseconds and event, as many may share a moment.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Logins {
    failures: BTreeSet<(i64, EventId)>,
    /// With the account.
    successes: BTreeSet<(i64, EventId, String)>,
}

/// Follows failed and successful logins per source and target.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct BruteForce {
    logins: Windows<Logins>,
    successes: Windows<BTreeSet<i64>>,
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
        let (number, logins) = self.logins.at(&key, event.time);
        let (time, room) = (event.time.as_nanos(), crate::limits::BEHAVIOUR_VALUES);
        let changed = match success {
            true => logins.successes.len() < room && logins.successes.insert((time, event.id, user.to_owned())),
            false => logins.failures.len() < room && logins.failures.insert((time, event.id)),
        };
        if !changed {
            return;
        }
        let judged: Vec<(i64, bool, Option<String>)> =
            self.logins.pairs(&key, number).map(|pair| judge(&pair)).collect();
        for (number, many, account) in judged {
            if many && self.logins.first_report(&key, number) {
                alerts.push(failed(event, source, target, FAILURES).alert(event, &key, number, WINDOW_S));
            }
            if let Some(account) = account
                && self.successes.first_report(&key, number)
            {
                alerts.push(broken_in(event, source, target, &account).alert(event, &key, number, WINDOW_S));
            }
        }
    }

    windowed_state!(logins, successes);
}

/// Number of the window, whether there are many failures, and the account that succeeded after them.
fn judge(pair: &Pair<'_, Logins>) -> (i64, bool, Option<String>) {
    let enough = pair.states().flat_map(|logins| &logins.failures).nth(FAILURES - 1);
    let after = enough.map(|(time, _)| *time);
    let broken = after.and_then(|after| {
        let mut later = pair
            .states()
            .flat_map(|logins| logins.successes.range((after + 1, EventId::from_bytes([0; 16]), String::new())..));
        later.next().map(|(_, _, account)| account.clone())
    });
    (pair.number, after.is_some(), broken)
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
