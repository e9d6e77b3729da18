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
    /// What a record of a blocked packet carries.
    pub drop: DropOutput,
    /// Whether records carry the community id of their flow.
    pub community_id: bool,
    /// Whether records carry Ethernet addresses.
    pub ethernet: bool,
    /// Whether one-way flow records are written beside the two-way ones.
    pub netflow: bool,
    /// Whether a record tells the number of its packet in the capture file.
    pub packet_number: bool,
    /// Whether alerts about a packet or a stream tell the transaction they are about when the flow has but one.
    pub guess_transaction: bool,
    /// Whether records of HTTP tell more than address, host and user agent: method, status, length, referrer.
    pub http_extended: bool,
    /// Whether handshakes of TLS that resume a session are told.
    pub tls_resumed: bool,
    /// Names of digests that file records tell beside those of the sensor's settings.
    pub digests: Vec<String>,
    /// Name of the capture file that every record tells; absent to tell none.
    pub capture_name: Option<String>,
    /// Name of the sensor that every record tells as `host`; absent to tell none.
    pub sensor_name: Option<String>,
    /// Whether statistics records tell counters that are 0.
    pub zero_counters: bool,
    /// Whether a statistics record is written at the end, and on an interface with each visibility record.
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
            drop: DropOutput::default(),
            community_id: true,
            ethernet: false,
            netflow: false,
            packet_number: false,
            guess_transaction: false,
            http_extended: true,
            tls_resumed: true,
            digests: Vec::new(),
            capture_name: None,
            sensor_name: None,
            zero_counters: true,
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
    /// Bodies of HTTP messages, base64.
    pub bodies: bool,
    /// The same with unprintable bytes as dots.
    pub bodies_printable: bool,
    /// The application transaction.
    pub transaction: bool,
    /// What the flow has come to: packets, bytes, sides.
    pub flow: bool,
    /// The rule's metadata.
    pub metadata: bool,
    /// The rule's references.
    pub references: bool,
    /// The rule's text, by EVE's name for it.
    pub rule_text: bool,
    /// Why it fired: each condition and what it matched, and the rule's text.
    pub explanation: bool,
    /// Whether the action taken is told apart from the rule's (`verdict`).
    pub verdict: bool,
    /// Takes the client's address from a header that proxies add.
    pub forwarded: Option<ForwardedOutput>,
    /// Alerts of one packet that are written; more are counted.
    pub max_per_packet: usize,
}

impl Default for AlertOutput {
    fn default() -> Self {
        Self {
            payload: true,
            payload_printable: false,
            packet: false,
            bodies: false,
            bodies_printable: false,
            transaction: true,
            flow: true,
            metadata: true,
            references: false,
            rule_text: false,
            explanation: true,
            verdict: false,
            forwarded: None,
            max_per_packet: crate::limits::ALERTS_PER_PACKET,
        }
    }
}

/// Where the address of a client behind a proxy is, and where records tell it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ForwardedOutput {
    /// Name of the header.
    pub header: String,
    /// The first address of the header counts (a proxy of the clients), else the last one (a proxy of the servers).
    pub first: bool,
    /// The record's address of the client is replaced; else the address stands beside it as `xff`.
    pub overwrite: bool,
}

impl Default for ForwardedOutput {
    fn default() -> Self {
        Self { header: "X-Forwarded-For".to_owned(), first: false, overwrite: false }
    }
}

impl AlertOutput {
    /// Whether records show bytes rules looked at.
    pub(crate) const fn shows_payload(&self) -> bool {
        self.payload || self.payload_printable
    }
}

/// What a record of a blocked packet carries.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DropOutput {
    /// The rule that blocked it.
    pub alerts: bool,
    /// Every packet of a blocked flow; else only the first of each direction.
    pub all_of_flow: bool,
    /// What was done with the packet, apart from the rule (`verdict`).
    pub verdict: bool,
}

impl Default for DropOutput {
    fn default() -> Self {
        Self { alerts: true, all_of_flow: true, verdict: false }
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
    /// Whether records carry the packet, base64.
    pub packet: bool,
}

impl Default for AnomalyOutput {
    fn default() -> Self {
        Self { decode: true, stream: false, applayer: true, packet: false }
    }
}

impl EveSettings {
    /// Whether records of this type are written.
    pub(crate) fn writes(&self, event_type: &str) -> bool {
        let listed = self.only.as_ref().is_none_or(|only| only.iter().any(|name| name == event_type));
        listed && !self.without.iter().any(|name| name == event_type)
    }
}
