//! What a sensor saw and what it lost, with the reason of every loss.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Why packets or bytes were not inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossCause {
    /// The capture ring was full.
    Ring,
    /// The capture or the snap length cut the packet.
    Truncated,
    /// A checksum was wrong.
    Checksum,
    /// A named memory limit was reached.
    MemoryLimit,
    /// Bytes of a stream never arrived.
    Gap,
    /// A parser gave up.
    Parser,
    /// Only one side of the flow was seen.
    OneSided,
}

/// The account a sensor gives of itself every 10 s and at its end: seen = inspected + losses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Visibility {
    /// End of the period.
    pub time: Timestamp,
    /// Name of the sensor.
    pub observer: String,
    /// Interface or file.
    pub interface: String,
    /// Packets seen since the start.
    pub packets_seen: u64,
    /// Packets inspected in full since the start.
    pub packets_inspected: u64,
    /// Packets lost by cause since the start.
    pub losses: Vec<(LossCause, u64)>,
    /// Bytes seen since the start.
    pub bytes_seen: u64,
    /// Bytes missing from streams since the start.
    pub bytes_missing: u64,
    /// Digest of the rules in force.
    pub rules_version: String,
    /// Rules in force.
    pub rules_loaded: u32,
    /// Rules that did not load.
    pub rules_failed: u32,
    /// Events handed to the spool since the start.
    pub events_emitted: u64,
    /// Events shed since the start.
    pub events_shed: u64,
}

impl Visibility {
    /// Inspected packets in hundredths of a percent of those seen; 10,000 when none was seen.
    #[must_use]
    pub fn inspected_basis_points(&self) -> u32 {
        match self.packets_seen {
            0 => 10_000,
            seen => u32::try_from(u128::from(self.packets_inspected) * 10_000 / u128::from(seen)).unwrap_or(10_000),
        }
    }

    /// Whether the account balances: seen = inspected + losses.
    #[must_use]
    pub fn balances(&self) -> bool {
        let lost: u64 = self.losses.iter().map(|(_, count)| count).sum();
        self.packets_seen == self.packets_inspected + lost
    }
}
