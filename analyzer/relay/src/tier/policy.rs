//! Which messages there are: their way, lane and owner, and what of them may leave a node. All of it is data
//! (`data/kinds.toml`).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Labels, Lane, Tlp};

/// Which way messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To the tiers above.
    Up,
    /// To the tiers below.
    Down,
    /// Either.
    Both,
}

/// Who may change an object: one node, so that there is nothing to merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    /// The node whose message brought it first.
    Origin,
    /// Every node adds lines of its own and changes none (comments, receipts).
    Each,
}

/// What of a message may leave a node on the way up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Egress {
    /// All of it.
    Whole,
    /// The fields of `fields`; everything else stays.
    Summary,
    /// Only when somebody above asked for it and it was approved here (调阅).
    Request,
}

/// One kind of message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindRule {
    /// Which way it goes.
    pub direction: Direction,
    /// How urgent it is.
    pub lane: Lane,
    /// Who may change the object.
    pub owner: Owner,
    /// Whether it needs the signature of its origin.
    #[serde(default)]
    pub signed: bool,
    /// Whether nodes on the way keep a copy although it is for another one.
    #[serde(default)]
    pub observed: bool,
    /// Whether only the newest message of an object is worth sending.
    #[serde(default)]
    pub latest_wins: bool,
    /// What of it may leave a node on the way up.
    pub egress: Egress,
    /// The fields of a summary; a dot leads into an object: `flow.source_ip`.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Fields whose last part of an address is masked on the way up.
    #[serde(default)]
    pub mask: Vec<String>,
}

/// Every kind of message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    kinds: BTreeMap<String, KindRule>,
}

/// A policy that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy of messages: {0}")]
pub struct PolicyError(String);

/// Why a message does not leave this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    /// No kind of the policy, or one that does not go up.
    #[error("messages of this kind do not go up")]
    Kind,
    /// Marked for its recipients alone.
    #[error("it is marked TLP:RED")]
    Red,
    /// It needs an approved request.
    #[error("it goes up only on an approved request")]
    NotRequested,
    /// It is no JSON object, so that nothing can be chosen from it.
    #[error("its content is no object")]
    Form,
}

const BUILT_IN: &str = include_str!("../../data/kinds.toml");

impl Policy {
    /// The policy inside the program.
    ///
    /// # Errors
    /// When the file does not parse; a test reads it.
    pub fn built_in() -> Result<Self, PolicyError> {
        Self::parse(BUILT_IN)
    }

    /// Reads a policy.
    ///
    /// # Errors
    /// When the text is no policy.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        toml::from_str(text).map_err(|error| PolicyError(error.to_string()))
    }

    /// The rule of a kind.
    #[must_use]
    pub fn kind(&self, kind: &str) -> Option<&KindRule> {
        self.kinds.get(kind)
    }

    /// Every kind.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, &KindRule)> {
        self.kinds.iter().map(|(name, rule)| (name.as_str(), rule))
    }

    /// What of a message may go up. `approved`: somebody above asked for it and it was approved here.
    ///
    /// # Errors
    /// Why it stays.
    pub fn let_out(&self, kind: &str, labels: &Labels, body: &Value, approved: bool) -> Result<Value, Withheld> {
        let rule = self.kind(kind).filter(|rule| rule.direction != Direction::Down).ok_or(Withheld::Kind)?;
        if labels.tlp == Tlp::Red && !approved {
            return Err(Withheld::Red);
        }
        match rule.egress {
            Egress::Whole => Ok(body.clone()),
            Egress::Request if approved => Ok(body.clone()),
            Egress::Request => Err(Withheld::NotRequested),
            Egress::Summary => summary(rule, body.as_object().ok_or(Withheld::Form)?),
        }
    }
}

fn summary(rule: &KindRule, body: &Map<String, Value>) -> Result<Value, Withheld> {
    let mut out = Map::new();
    for field in &rule.fields {
        let masked = rule.mask.contains(field);
        copy(body, &mut out, field, &|value| if masked { masked_value(value) } else { value.clone() });
    }
    Ok(Value::Object(out))
}

/// Copies one field, with the objects that lead to it.
fn copy(from: &Map<String, Value>, to: &mut Map<String, Value>, path: &str, change: &dyn Fn(&Value) -> Value) {
    match path.split_once('.') {
        None => drop(from.get(path).map(|value| to.insert(path.to_owned(), change(value)))),
        Some((first, rest)) => {
            let Some(inner) = from.get(first).and_then(Value::as_object) else { return };
            let entry = to.entry(first).or_insert_with(|| Value::Object(Map::new()));
            if let Some(target) = entry.as_object_mut() {
                copy(inner, target, rest, change);
            }
        }
    }
}

/// Addresses without their last part, so that the network is known and the host is not.
fn masked_value(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(masked_address(text)),
        Value::Array(items) => Value::Array(items.iter().map(masked_value).collect()),
        other => other.clone(),
    }
}

fn masked_address(text: &str) -> String {
    match text.parse() {
        Ok(std::net::IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Ok(std::net::IpAddr::V6(address)) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
        Err(_) => "*".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_built_in_policy_reads_and_orders_are_signed() {
        let policy = Policy::built_in().expect("reads");
        assert!(policy.kinds().count() >= 15);
        for (name, rule) in policy.kinds() {
            assert_eq!(rule.signed, rule.direction == Direction::Down, "{name}: what comes down is an order");
            assert_eq!(rule.egress == Egress::Summary, !rule.fields.is_empty(), "{name}: fields");
            assert!(rule.mask.iter().all(|field| rule.fields.contains(field)), "{name}: mask");
        }
    }

    #[test]
    fn alerts_go_up_as_summaries() {
        let masking = BUILT_IN.replacen("mask = []", "mask = [\"flow.source_ip\"]", 1);
        let policy = Policy::parse(&masking).expect("reads");
        let alert = json!({
            "rule": {"id": "x", "text": "t"}, "severity": "high", "evidence": {"payload_base64": "secret"},
            "flow": {"source_ip": "10.1.2.3", "flow_id": "1"}, "id": "a"
        });
        let out = policy.let_out("alert_summary", &Labels::default(), &alert, false).expect("may go");
        assert_eq!(out["flow"], json!({"source_ip": "10.1.2.0/24"}));
        assert!(out.get("evidence").is_none() && out["rule"] == json!({"id": "x"}));
        let red = Labels { tlp: Tlp::Red, ..Labels::default() };
        assert_eq!(policy.let_out("alert_summary", &red, &alert, false), Err(Withheld::Red));
        assert_eq!(policy.let_out("evidence", &Labels::default(), &alert, false), Err(Withheld::NotRequested));
        assert!(policy.let_out("evidence", &Labels::default(), &alert, true).is_ok());
        assert_eq!(policy.let_out("task", &Labels::default(), &alert, false), Err(Withheld::Kind));
        assert_eq!(policy.let_out("alert_summary", &Labels::default(), &json!("x"), false), Err(Withheld::Form));
    }
}
