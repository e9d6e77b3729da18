//! Settings of TCP reassembly.

use serde::Deserialize;

use super::OverlapPolicy;

/// What becomes of the byte an urgent pointer points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UrgentPolicy {
    /// The byte is out of band and taken out of the stream, as applications see it by default.
    #[default]
    Oob,
    /// The byte stays in the stream (`SO_OOBINLINE`).
    Inline,
    /// Packets with an urgent pointer are ignored.
    Drop,
    /// All segments with an urgent pointer are out of band, up to the pointer.
    Gap,
}

/// How TCP connections are followed and put together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StreamSettings {
    /// Whether connections whose opening was not seen are followed.
    pub midstream: bool,
    /// Whether connections of which only one direction is seen are followed.
    pub async_oneside: bool,
    /// Whether bytes are handed out as they come, as in front of a network; else once their receiver has acknowledged
    /// them, so that what overlaps until then is put together by the policy.
    pub inline: bool,
    /// Bytes of one direction that are put together; the rest is counted and passed by. 0 for no limit.
    pub depth_bytes: u64,
    /// Bytes of one direction held because earlier ones are missing; above it the gap is given up.
    pub out_of_order_bytes: usize,
    /// Packets with a wrong checksum are left out.
    pub drop_bad_checksums: bool,
    /// Which data wins when overlapping segments differ.
    pub policy: OverlapPolicy,
    /// What becomes of urgent data.
    pub urgent: UrgentPolicy,
    /// SYN+ACKs held that could complete one handshake.
    pub max_synack_queued: u8,
}

impl Default for StreamSettings {
    fn default() -> Self {
        Self {
            midstream: false,
            async_oneside: false,
            inline: false,
            depth_bytes: 1 << 20,
            out_of_order_bytes: 1 << 20,
            drop_bad_checksums: true,
            policy: OverlapPolicy::Bsd,
            urgent: UrgentPolicy::Oob,
            max_synack_queued: 5,
        }
    }
}
