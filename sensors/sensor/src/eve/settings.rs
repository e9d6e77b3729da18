//! What is written about traffic.

use schemars::JsonSchema;
use serde::Deserialize;

/// What is written about traffic.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EveSettings {
    /// Event types that are written; absent for all of them.
    pub only: Option<Vec<String>>,
    /// Event types that are not written.
    pub without: Vec<String>,
    /// What an alert record carries.
    pub alert: AlertOutput,
    /// Which anomalies are written.
    pub anomaly: AnomalyOutput,
    /// Whether records carry the community id of their flow.
    pub community_id: bool,
    /// Whether records carry Ethernet addresses.
    pub ethernet: bool,
    /// Whether one-way flow records are written beside the two-way ones.
    pub netflow: bool,
    /// Whether a record tells the number of its packet in the capture file.
    pub packet_number: bool,
    /// Whether records carry Suricata's context object on transactions an alert did not name: only when a flow has one.
    pub guess_transaction: bool,
    /// Whether a statistics record is written at the end and with each visibility record.
    pub statistics: bool,
    /// Whether visibility records are written.
    pub visibility: bool,
}

impl Default for EveSettings {
    fn default() -> Self {
        Self {
            only: None,
            without: Vec::new(),
            alert: AlertOutput::default(),
            anomaly: AnomalyOutput::default(),
            community_id: true,
            ethernet: false,
            netflow: false,
            packet_number: false,
            guess_transaction: false,
            statistics: true,
            visibility: true,
        }
    }
}

/// What an alert record carries.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlertOutput {
    /// The bytes rules looked at, base64.
    pub payload: bool,
    /// The same with unprintable bytes as dots.
    pub payload_printable: bool,
    /// The packet itself, base64.
    pub packet: bool,
    /// The application transaction.
    pub transaction: bool,
    /// The rule's metadata.
    pub metadata: bool,
    /// The rule's references.
    pub references: bool,
    /// Why it fired: each condition and what it matched, and the rule's text.
    pub explanation: bool,
    /// Whether the action taken is told apart from the rule's (`verdict`).
    pub verdict: bool,
    /// Alerts of one packet that are written; more are counted.
    pub max_per_packet: usize,
}

impl Default for AlertOutput {
    fn default() -> Self {
        Self {
            payload: true,
            payload_printable: false,
            packet: false,
            transaction: true,
            metadata: true,
            references: false,
            explanation: true,
            verdict: false,
            max_per_packet: crate::limits::ALERTS_PER_PACKET,
        }
    }
}

/// Which anomalies are written. Rules see all of them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AnomalyOutput {
    /// Broken headers.
    pub decode: bool,
    /// Odd TCP sessions.
    pub stream: bool,
    /// Odd application data.
    pub applayer: bool,
}

impl Default for AnomalyOutput {
    fn default() -> Self {
        Self { decode: true, stream: false, applayer: true }
    }
}

impl EveSettings {
    /// Whether records of this type are written.
    pub(crate) fn writes(&self, event_type: &str) -> bool {
        let listed = self.only.as_ref().is_none_or(|only| only.iter().any(|name| name == event_type));
        listed && !self.without.iter().any(|name| name == event_type)
    }
}
