//! Settings of a spool.

use serde::Deserialize;

/// Settings of a spool.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SpoolSettings {
    /// Size in bytes at which a segment file is closed and the next one begun.
    pub segment_bytes: u64,
    /// Most bytes on disk. Past that, alerts, findings and audit records are refused until a reader acknowledges.
    pub limit_bytes: u64,
    /// Share of `limit_bytes` in percent past which flow records are shed.
    pub shed_flow_percent: u8,
    /// Share of `limit_bytes` in percent past which protocol and statistics records are shed too.
    pub shed_protocol_percent: u8,
}

impl Default for SpoolSettings {
    fn default() -> Self {
        Self {
            segment_bytes: 64 * 1024 * 1024,
            limit_bytes: 4 * 1024 * 1024 * 1024,
            shed_flow_percent: 70,
            shed_protocol_percent: 85,
        }
    }
}
