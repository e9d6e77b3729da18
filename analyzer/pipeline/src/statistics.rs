//! What the pipeline counts.

use serde::Serialize;

/// Counts since the start. The conservation law: `records_read` = `events_indexed` + `records_quarantined` +
/// `records_repeated` + `records_in_flight`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
#[serde(default)]
pub struct PipelineStatistics {
    /// Records read from the spool.
    pub records_read: u64,
    /// Payload bytes read from the spool.
    pub bytes_read: u64,
    /// Records that became events of the index.
    pub events_indexed: u64,
    /// Records that could not be parsed and lie in quarantine with their reason.
    pub records_quarantined: u64,
    /// Records read again after a restart that were complete before it.
    pub records_repeated: u64,
    /// Records read that are none of the above yet.
    pub records_in_flight: u64,
    /// Quarantined records that were deleted because the quarantine was full.
    pub quarantine_evicted: u64,
    /// Alerts handed to the sink.
    pub alerts: u64,
    /// Incidents handed to the sink, every revision counted.
    pub incidents: u64,
    /// Findings of sensitive data handed to the sink.
    pub findings: u64,
    /// Visibility records handed to the sink.
    pub visibility_records: u64,
    /// Deliveries that failed and were tried again.
    pub delivery_failures: u64,
    /// Events older than the allowed lateness: stored and looked at by single-event rules, kept out of windows.
    pub events_late: u64,
    /// Events whose clock was ahead: stored and looked at by single-event rules, kept out of windows.
    pub events_future: u64,
    /// Entries that bounded tables of detectors and correlation gave up.
    pub state_evicted: u64,
    /// Alerts that a suppression hid.
    pub alerts_suppressed: u64,
    /// Highest spool sequence that was acknowledged.
    pub acknowledged_sequence: Option<u64>,
    /// Event time of the watermark, in milliseconds since the epoch.
    pub watermark_ms: Option<i64>,
    /// Sigma rules in force.
    pub sigma_rules: u64,
    /// Sigma correlations in force.
    pub sigma_correlations: u64,
    /// Indicators in force.
    pub indicators: u64,
    /// Messages taken by syslog listeners and log files.
    pub received_messages: u64,
    /// UDP datagrams dropped because the spool was slower than the sender.
    pub datagrams_dropped: u64,
    /// TCP connections refused at the limit.
    pub connections_refused: u64,
    /// Bytes dropped from lines that were longer than the limit.
    pub line_bytes_dropped: u64,
    /// TLS handshakes that failed.
    pub handshakes_failed: u64,
    /// Requests without a token that is taken.
    pub tokens_refused: u64,
    /// Requests answered with 429, as there was no room.
    pub requests_deferred: u64,
    /// Sets of flow records given up because their template never came.
    pub flow_sets_dropped: u64,
    /// Senders that sent regularly and fell silent.
    pub silent_senders: u64,
}
