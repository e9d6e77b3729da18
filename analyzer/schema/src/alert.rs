//! A detection that a person may have to look at.

use serde::{Deserialize, Serialize};

use crate::{AlertId, BusinessDomain, Entity, EventId, FoldId, Severity, Technique, Timestamp, UnitCode};

/// Which kind of detector raised an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertSource {
    /// A signature of a network sensor.
    Signature,
    /// A Sigma rule.
    Sigma,
    /// An indicator of compromise.
    Indicator,
    /// A behaviour detector.
    Behaviour,
    /// A correlation over several events.
    Correlation,
    /// Sensitive data where it should not be.
    DataProtection,
    /// A YARA rule on a file.
    Yara,
    /// An alert of another product.
    External,
}

/// The rule an alert cites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleReference {
    /// Stable id: `suricata:2100498`, `sigma:<uuid>`, `behaviour:port_scan`, `indicator:<list>/<id>`.
    pub id: String,
    /// Title in the rule's own language.
    pub title: String,
    /// Title in Chinese when the rule brings one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_zh: Option<String>,
    /// Text of the rule, for "why it fired"; shortened to 8 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Revision of the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// Class of the rule, such as `web-application-attack`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Where to read more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
}

/// One condition of a rule and what it matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// The condition as the rule writes it: a buffer and content, a field and pattern, a threshold.
    pub condition: String,
    /// Field or buffer the match was in.
    pub field: String,
    /// The matched value as text, shortened to 1 KiB. Untrusted.
    pub value: String,
}

/// The flow an alert is about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FlowSummary {
    /// The sensor's number of the flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<String>,
    /// Community id version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub community_id: Option<String>,
    /// Address that opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    /// Port that opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_port: Option<u16>,
    /// Address it went to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_ip: Option<String>,
    /// Port it went to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_port: Option<u16>,
    /// `tcp`, `udp`, `icmp`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// `http`, `dns`, `tls`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// Bytes from source to destination.
    #[serde(default)]
    pub bytes_to_destination: u64,
    /// Bytes from destination to source.
    #[serde(default)]
    pub bytes_to_source: u64,
}

/// What an alert shows as proof. All of it is untrusted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// Bytes the rule looked at, base64, at most 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_base64: Option<String>,
    /// The application transaction as EVE writes it (`http`, `dns`, `tls` objects).
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub transaction: serde_json::Value,
    /// Name of the capture of the flow within the evidence folder: `<observer>/<flow id>.pcap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pcap: Option<String>,
    /// The original record in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

/// A detection that a person may have to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Digest of rule and first event: the same input gives the same id.
    pub id: AlertId,
    /// When the event happened.
    pub time: Timestamp,
    /// Which kind of detector raised it.
    pub source: AlertSource,
    /// The rule it cites.
    pub rule: RuleReference,
    /// How bad.
    pub severity: Severity,
    /// One sentence of what happened, in Chinese.
    pub summary_zh: String,
    /// One sentence of what happened, in English.
    pub summary_en: String,
    /// Why it fired.
    pub conditions: Vec<Condition>,
    /// Who and what it is about.
    pub entities: Vec<Entity>,
    /// ATT&CK techniques.
    pub techniques: Vec<Technique>,
    /// Name of the sensor or collector.
    pub observer: String,
    /// Unit that owns the asset under attack, else the one that owns the observer.
    pub unit: UnitCode,
    /// Part of the digital government it touches.
    pub domain: BusinessDomain,
    /// The flow, for network alerts.
    #[serde(default)]
    pub flow: FlowSummary,
    /// Proof.
    #[serde(default)]
    pub evidence: Evidence,
    /// Events it was raised on; the first is the one that completed it.
    pub events: Vec<EventId>,
    /// Digest-like text under which repeats are grouped: rule, source and target.
    pub group_key: String,
    /// What the analyzer folded it into; none before correlation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<FoldId>,
}
