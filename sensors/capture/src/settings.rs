//! Settings of live capture.

use schemars::JsonSchema;
use serde::Deserialize;

/// How the kernel spreads packets over the rings of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FanoutMode {
    /// By the hash of the addresses and ports, the same for both directions; fragments are put together first.
    #[default]
    Hash,
    /// By the processor that received the packet.
    Cpu,
    /// By the queue of the network card.
    Queue,
}

/// The TPACKET_V3 ring of one worker.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RingSettings {
    /// Bytes of one block; a power of two of at least 64 KiB.
    pub block_bytes: u32,
    /// Blocks of the ring; the ring takes `block_bytes` × `blocks` of memory.
    pub blocks: u32,
    /// Milliseconds after which the kernel hands over a block that is not full.
    pub block_timeout_ms: u32,
    /// Milliseconds `next` waits for a packet before it returns.
    pub poll_ms: u16,
    /// Whether to receive frames that are not addressed to this host.
    pub promiscuous: bool,
    /// Group number when several rings share one interface; absent for a ring of its own.
    pub fanout_group: Option<u16>,
    /// How packets are spread over the rings of the group.
    pub fanout_mode: FanoutMode,
}

impl Default for RingSettings {
    fn default() -> Self {
        Self {
            block_bytes: 1 << 20,
            blocks: 64,
            block_timeout_ms: 60,
            poll_ms: 100,
            promiscuous: true,
            fanout_group: None,
            fanout_mode: FanoutMode::Hash,
        }
    }
}
