//! Requests for evidence between tiers (调阅).

use serde::{Deserialize, Serialize};

use super::UnitRef;

/// A request for the evidence of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EvidenceRequestRow {
    /// Name, the same at both nodes.
    pub id: String,
    /// `asked` by this node of one below, or `owed` by this node to one above.
    pub side: String,
    /// The alert whose evidence is asked for.
    pub alert_id: String,
    /// Unit of the alert.
    pub unit: UnitRef,
    /// The node at the other end.
    pub node: String,
    /// Why it is asked for.
    pub reason: String,
    /// Who asked.
    pub asked_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub asked_at: String,
    /// `open`, `refused`, `approved` (on its way) or `delivered`.
    pub state: String,
    /// Who decided at the node that has the evidence.
    pub decided_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub decided_at: Option<String>,
    /// With what words.
    pub decision: String,
    /// SM3 of the capture; empty without one.
    pub sm3: String,
    /// Bytes of the capture.
    pub bytes: i64,
}
