//! What a sensor saw and what it lost, with the reason of every loss.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Why packets were not inspected.
///
/// A packet counts as inspected when it was shown to the rules for packets, and its payload, where it has one, to the
/// reassembler, the parser of its protocol and their rules, as far as the settings ask for that. What they leave out on
/// purpose (encrypted records, streams past their depth, bypassed flows), what its receiver would not take, and protocols
/// that no parser knows are no losses. A packet with several reasons has the one that came first: the cut of the capture,
/// then what the flows found, from the outermost tunnel inwards. Bytes that were never captured were not seen and are
/// counted as missing, not as packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossCause {
    /// The capture ring was full.
    Ring,
    /// The capture or the snap length cut the packet.
    Truncated,
    /// The checksum of a TCP segment was wrong, so that it is no part of its stream.
    Checksum,
    /// A named memory limit was reached: no room for the flow, or for the fragments of a datagram.
    MemoryLimit,
    /// It has a payload that needs what came before it, and that was never seen: its parser does not know where the next
    /// message begins, its connection was met in the middle without being taken up, it lies further ahead in its stream
    /// than can be explained, or other fragments of its datagram did not come. Rules for streams still look at what lies
    /// behind a gap.
    Gap,
    /// The parser of its flow gave the direction up, as what came was no message of its protocol; or our own code failed
    /// over it. Rules for packets and streams still look.
    Parser,
    /// It has a payload for a TCP connection of which the other side was not seen when it came, and that is therefore not
    /// followed. Where the settings have such connections followed (`async_oneside`, `midstream`) it is inspected, and a
    /// datagram stands on its own, so that UDP knows no such loss.
    OneSided,
}

impl LossCause {
    /// Every cause, in the order of records.
    pub const ALL: [Self; 7] =
        [Self::Ring, Self::Truncated, Self::Checksum, Self::MemoryLimit, Self::Gap, Self::Parser, Self::OneSided];
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
    /// Packets inspected since the start; those that are held for what belongs to them count as inspected until it is
    /// known that they were not.
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

    /// Packets lost for one cause.
    #[must_use]
    pub fn lost(&self, cause: LossCause) -> u64 {
        self.losses.iter().filter(|(named, _)| *named == cause).map(|(_, count)| count).sum()
    }

    /// Whether the account balances: seen = inspected + losses.
    #[must_use]
    pub fn balances(&self) -> bool {
        let lost: u64 = self.losses.iter().map(|(_, count)| count).sum();
        self.packets_seen == self.packets_inspected + lost
    }
}
