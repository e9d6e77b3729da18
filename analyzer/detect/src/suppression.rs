//! Suppressions: alerts that people decided not to see for a while, with a reason and an end.

use std::collections::BTreeMap;

use fengsui_schema::{Alert, Severity, Timestamp};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// One suppression. Every condition that is given must hold; one without any condition hides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    /// Its name in counts and reports.
    pub id: String,
    /// Id of the rule; a `*` at the end stands for any rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Name of an entity of the alert, or a range that holds one of its addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// Role that entity must have: `source`, `target` or `related`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// From when on, by the time of the alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Until when. There is no suppression without an end.
    pub until: Timestamp,
    /// Why, for those who ask later.
    pub reason: String,
}

/// What a suppression hid.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Suppressed {
    /// Alerts.
    pub alerts: u64,
    /// Alerts by their rule's title, at most [`crate::limits::SUPPRESSED_RULES`]; further ones count under an empty title.
    pub rules: BTreeMap<String, u64>,
    /// Time of the first.
    pub first: Option<Timestamp>,
    /// Time of the last.
    pub last: Option<Timestamp>,
    /// The worst severity among them.
    pub worst: Option<Severity>,
}

impl Suppressed {
    pub(crate) fn note(&mut self, alert: &Alert) {
        self.alerts += 1;
        let known = self.rules.contains_key(&alert.rule.title) || self.rules.len() < crate::limits::SUPPRESSED_RULES;
        *self.rules.entry(if known { alert.rule.title.clone() } else { String::new() }).or_default() += 1;
        self.first = Some(self.first.map_or(alert.time, |first| first.min(alert.time)));
        self.last = self.last.max(Some(alert.time));
        self.worst = self.worst.max(Some(alert.severity));
    }
}

impl Suppression {
    /// Whether it hides an alert.
    #[must_use]
    pub fn hides(&self, alert: &Alert) -> bool {
        let in_time = self.from.is_none_or(|from| from <= alert.time) && alert.time < self.until;
        let some_condition = self.rule.is_some() || self.entity.is_some();
        in_time
            && some_condition
            && self.rule.as_deref().is_none_or(|rule| fits(rule, &alert.rule.id))
            && self.fits_entity(alert)
    }

    fn fits_entity(&self, alert: &Alert) -> bool {
        let Some(wanted) = &self.entity else { return true };
        let range: Option<IpNet> = wanted.parse().ok();
        alert.entities.iter().any(|entity| {
            let inside = || {
                range
                    .zip(entity.value.parse::<std::net::IpAddr>().ok())
                    .is_some_and(|(range, address)| range.contains(&address))
            };
            self.role.as_ref().is_none_or(|role| *role == entity.role) && (entity.value == *wanted || inside())
        })
    }

    /// Which of some past alerts it would have hidden: the preview before it is put in force.
    pub fn preview<'a>(&'a self, alerts: impl IntoIterator<Item = &'a Alert>) -> impl Iterator<Item = &'a Alert> {
        alerts.into_iter().filter(|alert| self.hides(alert))
    }
}

fn fits(pattern: &str, rule: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => rule.starts_with(start),
        None => rule == pattern,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SuppressionFile {
    #[serde(default)]
    suppression: Vec<Suppression>,
}

/// Reads suppressions from TOML: a list of `[[suppression]]`.
pub(crate) fn parse(text: &str) -> Result<Vec<Suppression>, String> {
    let file: SuppressionFile = toml::from_str(text).map_err(|error| error.to_string())?;
    match file.suppression.iter().find(|suppression| suppression.rule.is_none() && suppression.entity.is_none()) {
        Some(empty) => Err(format!("suppression {} names neither rule nor entity", fengsui_schema::shown(&empty.id))),
        None => Ok(file.suppression),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::eve;
    use serde_json::json;

    fn alert() -> Alert {
        let event = eve(
            json!({"event_type": "alert", "src_ip": "192.0.2.1", "src_port": 40000, "dest_ip": "198.51.100.2", "dest_port": 80, "alert": {"signature_id": 5, "signature": "x", "severity": 2}}),
        );
        crate::signature::detect(&event).expect("is an alert")
    }

    fn hides(conditions: &str) -> bool {
        let text = format!(
            "[[suppression]]\nid = \"s\"\nreason = \"ordered test\"\nuntil = \"2026-11-23T00:00:00Z\"\n{conditions}"
        );
        parse(&text).expect("parses")[0].preview([&alert()]).count() == 1
    }

    #[test]
    fn every_condition_must_hold() {
        assert!(hides("rule = \"suricata:5\""));
        assert!(hides("rule = \"suricata:*\"\nentity = \"192.0.2.0/24\"\nrole = \"source\""));
        assert!(!hides("entity = \"192.0.2.0/24\"\nrole = \"target\""));
        assert!(!hides("rule = \"suricata:5\"\nfrom = \"2026-11-22T13:00:00Z\""));
        assert!(!hides("rule = \"suricata:55\""));
        assert!(parse("[[suppression]]\nid = \"s\"\nreason = \"\"\nuntil = \"2026-11-23T00:00:00Z\"").is_err());
    }
}
