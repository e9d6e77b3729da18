//! Why something was not taken. Every refusal is counted by its word and written to the audit log.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why something was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Not of the form, or a field past its limit.
    Malformed,
    /// A signature does not fit.
    Forged,
    /// A key that never spoke for the node.
    UnknownKey,
    /// A key that no longer speaks for the node.
    RevokedKey,
    /// Sent before: the batch's number or its epoch is an old one.
    Replayed,
    /// Something before it is missing.
    Reordered,
    /// The stream was rewritten: it does not continue what was taken before.
    Forked,
    /// Too late to be carried out.
    Expired,
    /// For another node, from a node that is no neighbour, or going the wrong way.
    WrongTier,
    /// The origin does not own the object.
    NotOwner,
    /// A kind of message this node does not know.
    UnknownKind,
    /// An order without the signature of its origin.
    Unsigned,
    /// More than the quota of the sender.
    OverQuota,
}

impl Refusal {
    /// Every reason.
    pub const ALL: [Self; 13] = [
        Self::Malformed,
        Self::Forged,
        Self::UnknownKey,
        Self::RevokedKey,
        Self::Replayed,
        Self::Reordered,
        Self::Forked,
        Self::Expired,
        Self::WrongTier,
        Self::NotOwner,
        Self::UnknownKind,
        Self::Unsigned,
        Self::OverQuota,
    ];

    /// Its word in counters, answers and the audit log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Forged => "forged",
            Self::UnknownKey => "unknown_key",
            Self::RevokedKey => "revoked_key",
            Self::Replayed => "replayed",
            Self::Reordered => "reordered",
            Self::Forked => "forked",
            Self::Expired => "expired",
            Self::WrongTier => "wrong_tier",
            Self::NotOwner => "not_owner",
            Self::UnknownKind => "unknown_kind",
            Self::Unsigned => "unsigned",
            Self::OverQuota => "over_quota",
        }
    }

    /// Whether the sender mends it by sending again from the place in the answer, without a person.
    #[must_use]
    pub const fn mends_itself(self) -> bool {
        matches!(self, Self::Replayed | Self::Reordered | Self::OverQuota)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
