//! Many long, distinct names asked for below one domain: data carried in DNS questions.

use std::collections::BTreeSet;

use fengsui_schema::{Alert, Condition, Entity, EntityKind, Event, Severity};
use serde::{Deserialize, Serialize};

use super::Behaviour;
use super::windows::{Report, Windows, address, windowed_state};

const WINDOW_S: i64 = 300;

/// Distinct long names within two windows.
const NAMES: usize = 40;

/// Characters below the domain from which a name is long.
const LONG: usize = 24;

/// Follows the names each host asks for below each domain.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct DnsTunnel {
    names: Windows<BTreeSet<String>>,
}

impl Default for DnsTunnel {
    fn default() -> Self {
        Self { names: Windows::of_seconds(WINDOW_S) }
    }
}

impl Behaviour for DnsTunnel {
    fn observe(&mut self, event: &Event, alerts: &mut Vec<Alert>) {
        let Some(name) = event.fields.text("dns.question.name") else { return };
        // The answer names its asker as the destination.
        let side = if event.fields.integer("source.port") == Some(53) { "destination.ip" } else { "source.ip" };
        let Some(asker) = event.fields.text(side) else { return };
        let Some((below, domain)) = split(name) else { return };
        if below.len() < LONG {
            return;
        }
        let key = format!("{asker}|{domain}");
        for (number, count) in self.names.add(&key, event.time, below.to_owned()) {
            if count >= NAMES && self.names.first_report(&key, number) {
                alerts.push(report(event, asker, domain, count).alert(event, &key, number, WINDOW_S));
            }
        }
    }

    windowed_state!(names);
}

/// Second-level labels under which others register names, so that three labels make the domain.
const SHARED: [&str; 8] = ["com", "net", "org", "gov", "edu", "ac", "co", "mil"];

/// What stands below the registered domain, and the domain.
pub(super) fn split(name: &str) -> Option<(&str, &str)> {
    let labels: Vec<(usize, &str)> = name
        .match_indices('.')
        .map(|(index, _)| index)
        .chain([name.len()])
        .scan(0, |start, end| {
            let label = (*start, &name[*start..end]);
            *start = end + 1;
            Some(label)
        })
        .collect();
    let second = labels.len().checked_sub(2)?;
    let labels_of_domain =
        if SHARED.contains(&labels[second].1) && labels.last().is_some_and(|(_, last)| last.len() == 2) {
            3
        } else {
            2
        };
    let (start, _) = labels.get(labels.len().checked_sub(labels_of_domain)?)?;
    Some((name.get(..start.checked_sub(1)?)?, &name[*start..]))
}

fn report(event: &Event, asker: &str, domain: &str, count: usize) -> Report {
    Report {
        name: "dns_tunnel",
        title: "data carried in DNS questions",
        title_zh: "疑似 DNS 隧道",
        severity: Severity::High,
        technique: "T1071.004",
        summary_zh: format!("{asker} 十分钟内查询 {domain} 下 {count} 个以上不同的长域名，疑似用 DNS 传输数据"),
        summary_en: format!("{asker} asked for at least {count} distinct long names below {domain} within ten minutes"),
        condition: Condition {
            condition: format!("distinct names of ≥ {LONG} characters ≥ {NAMES} in {} s", WINDOW_S * 2),
            field: "dns.question.name".into(),
            value: count.to_string(),
        },
        entities: vec![
            address(asker, "source", event),
            Entity { kind: EntityKind::Domain, value: domain.to_owned(), role: "target".into(), asset: None },
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plain;

    #[test]
    fn names_split_at_the_registered_domain() {
        assert_eq!(split("a.b.example.com"), Some(("a.b", "example.com")));
        assert_eq!(split("a.b.example.gov.cn"), Some(("a.b", "example.gov.cn")));
        assert_eq!(split("example.com"), None);
        assert_eq!(split("é.."), Some(("é", ".")));
    }

    #[test]
    fn many_long_names_are_a_tunnel() {
        let run = |length: usize| {
            let (mut detector, mut alerts) = (DnsTunnel::default(), Vec::new());
            for index in 0..60_i64 {
                let name = format!("{index:0>length$}.t.example.com");
                detector
                    .observe(&plain(index, &[("dns.question.name", &name), ("source.ip", "192.0.2.1")]), &mut alerts);
            }
            alerts.len()
        };
        assert_eq!((run(30), run(8)), (1, 0));
    }
}
