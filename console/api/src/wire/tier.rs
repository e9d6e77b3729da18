//! Nodes above and below.

use serde::{Deserialize, Serialize};

/// Whether program, rules and settings of a node are what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// They are what a person has accepted.
    Trusted,
    /// They are something else.
    Changed,
    /// It was not measured, or nobody has accepted anything.
    Unknown,
}

/// A node above or below this one.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NodeRow {
    /// Its name: the code of its unit, or the name of a sensor.
    pub id: String,
    /// `parent`, `ancestor` or `child`.
    pub relation: String,
    /// `console` or `sensor`.
    pub role: String,
    /// SM3 of its public key, in hexadecimal digits.
    pub fingerprint: String,
    /// `pending` (waits for approval), `active` or `revoked`.
    pub state: String,
    /// When it asked to be let in.
    pub enrolled_at: String,
    /// When it was heard of last.
    pub last_contact: Option<String>,
    /// Its clock minus ours, in milliseconds.
    pub clock_skew_ms: Option<i64>,
    /// Messages that wait to be taken by it.
    pub waiting: i64,
    /// Messages taken from it in the present epochs of its streams.
    pub received: i64,
    /// Batches and messages of it that were refused.
    pub refused: i64,
    /// SM3 over program, rules and settings as it measured itself at its start.
    pub measurement: String,
    /// Whether it is what it should be.
    pub trust: Trust,
}

/// Ask for a one-time code that lets one node ask to be let in.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNodeCode {
    /// Name of the node: the code of its unit, or the name of a sensor.
    pub node: String,
    /// `console` or `sensor`.
    pub role: String,
}

/// A one-time code.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NodeCode {
    /// Name of the node.
    pub node: String,
    /// The code; it is shown once.
    pub code: String,
    /// Fingerprint of this node's key.
    pub fingerprint: String,
    /// Until when it may be used.
    pub expires_at: String,
}

/// Let a node in.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveNode {
    /// The fingerprint as the node's operator read it out.
    pub fingerprint: String,
}
