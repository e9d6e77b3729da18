//! Terms that were never seen before in the organisation: an account on a host, a service's name, a tool on a host.

use fengsui_schema::{Alert, Condition, Entity, EntityKind, Event, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use super::Behaviour;
use super::firsts::Firsts;
use super::windows::{Report, windowed_state};

/// Time in which terms are learned.
const LEARNING_S: i64 = 7 * 86_400;

/// Length of the window that names an alert.
const WINDOW_S: i64 = 86_400;

/// A kind of term: where it holds and which fields make it.
struct Kind {
    name: &'static str,
    title: &'static str,
    title_zh: &'static str,
    technique: &'static str,
    severity: Severity,
    /// Field and the value it must have.
    when: &'static [(&'static str, &'static str)],
    /// The fields that make the term; the first present of each row.
    fields: &'static [&'static [&'static str]],
}

/// Every kind.
const KINDS: &[Kind] = &[
    Kind {
        name: "account_on_host",
        title: "account on a host for the first time",
        title_zh: "账号首次登录该主机",
        technique: "T1078",
        severity: Severity::Low,
        when: &[("event.category", "authentication"), ("event.outcome", "success")],
        fields: &[&["user.name"], &["host.name", "host.ip", "destination.ip"]],
    },
    Kind {
        name: "service_name",
        title: "service of a name never seen",
        title_zh: "首次出现的系统服务",
        technique: "T1543.003",
        severity: Severity::Medium,
        when: &[("event.action", "service_installed")],
        fields: &[&["service.name"]],
    },
    Kind {
        name: "account_created",
        title: "account name never seen is created",
        title_zh: "首次出现的新建账号",
        technique: "T1136",
        severity: Severity::Medium,
        when: &[("event.action", "user_created")],
        fields: &[&["user.target.name", "user.name"], &["host.name", "organization.id"]],
    },
    Kind {
        name: "cloud_action",
        title: "account does something in the cloud for the first time",
        title_zh: "账号首次执行该云操作",
        technique: "T1078.004",
        severity: Severity::Low,
        when: &[("observer.type", "cloud"), ("event.outcome", "success")],
        fields: &[&["user.name"], &["event.action"]],
    },
];

/// Follows the terms of every kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FirstSeen {
    terms: Firsts,
}

impl Default for FirstSeen {
    fn default() -> Self {
        Self { terms: Firsts::learning(LEARNING_S) }
    }
}

/// The parts of a kind's term in an event.
fn term(kind: &Kind, event: &Event) -> Option<Vec<String>> {
    let holds = |(name, value): &(&str, &str)| event.fields.text(name) == Some(*value);
    if !kind.when.iter().all(holds) {
        return None;
    }
    let part = |row: &&[&str]| row.iter().find_map(|name| event.fields.text(name)).map(str::to_owned);
    kind.fields.iter().map(part).collect()
}

impl Behaviour for FirstSeen {
    fn observe(&mut self, event: &Event, _: &mut Vec<Alert>) {
        for kind in KINDS {
            if let Some(term) = term(kind, event) {
                self.terms.see(kind.name, &term.join("|"), event);
            }
        }
    }

    fn settle(&mut self, watermark: Timestamp, alerts: &mut Vec<Alert>) {
        for (name, event) in self.terms.certain(watermark) {
            let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else { continue };
            let Some(term) = term(kind, &event) else { continue };
            let key = format!("{name}|{}", term.join("|"));
            let number = crate::alerting::window(event.time, WINDOW_S);
            alerts.push(report(kind, &term, &event).alert(&event, &key, number, WINDOW_S));
        }
    }

    windowed_state!(terms);
}

fn report(kind: &Kind, term: &[String], event: &Event) -> Report {
    let shown = term.join(" / ");
    let entity = |(field, kind, role): (&str, EntityKind, &str)| {
        let value = event.fields.text(field)?.to_owned();
        Some(Entity { kind, value, role: role.to_owned(), asset: None })
    };
    let places = [
        ("user.name", EntityKind::User, "related"),
        ("host.name", EntityKind::Host, "target"),
        ("source.ip", EntityKind::Address, "source"),
    ];
    Report {
        name: "first_seen",
        title: kind.title,
        title_zh: kind.title_zh,
        severity: kind.severity,
        technique: kind.technique,
        summary_zh: format!("{}：{shown}", kind.title_zh),
        summary_en: format!("{}: {shown}", kind.title),
        condition: Condition {
            condition: format!("{} not seen before", kind.name),
            field: kind.fields[0][0].into(),
            value: shown,
        },
        entities: places.into_iter().filter_map(entity).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plain;

    fn login(seconds: i64, user: &str, host: &str, outcome: &str) -> Event {
        plain(
            seconds,
            &[
                ("event.category", "authentication"),
                ("event.outcome", outcome),
                ("user.name", user),
                ("host.name", host),
            ],
        )
    }

    #[test]
    fn a_new_pair_after_the_learning_is_told_once() {
        let (mut detector, mut alerts) = (FirstSeen::default(), Vec::new());
        let events = [
            login(0, "li", "web1", "success"),
            login(LEARNING_S + 5, "li", "web1", "success"),
            login(LEARNING_S + 9, "li", "db1", "success"),
            login(LEARNING_S + 20, "li", "db1", "success"),
            login(LEARNING_S + 30, "li", "db2", "failure"),
        ];
        events.iter().for_each(|event| detector.observe(event, &mut alerts));
        let mut state = Vec::new();
        detector.save()(&mut state).expect("is JSON");
        detector.settle(Timestamp::from_parts(1_900_000_000, 0), &mut alerts);
        assert_eq!(alerts.len(), 1);
        assert!(alerts[0].summary_en.contains("li / db1"));
        let (mut again, mut repeated) = (FirstSeen::default(), Vec::new());
        assert!(again.restore(serde_json::from_slice(&state).expect("is JSON")));
        again.settle(Timestamp::from_parts(1_900_000_000, 0), &mut repeated);
        assert_eq!(repeated, alerts, "a restart changes nothing");
    }
}
