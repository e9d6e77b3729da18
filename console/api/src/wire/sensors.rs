//! Sensors and what they see.

use serde::{Deserialize, Serialize};

use super::UnitRef;

/// How a sensor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SensorState {
    /// It sees nearly everything.
    Ok,
    /// It loses more than one percent, its account does not balance, or rules failed to load.
    Degraded,
    /// It has not reported for a minute.
    Silent,
}

/// Packets lost for one cause.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LossView {
    /// `ring`, `truncated`, `checksum`, `memory_limit`, `gap`, `parser` or `one_sided`.
    pub cause: String,
    /// How many.
    pub count: i64,
}

/// A sensor and its account of itself.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SensorView {
    /// Its name.
    pub name: String,
    /// Unit it belongs to.
    pub unit: UnitRef,
    /// Interface or file.
    pub interface: String,
    /// When its last report arrived.
    #[schema(format = DateTime)]
    pub last_seen: String,
    /// Packets seen.
    pub packets_seen: i64,
    /// Packets inspected in full.
    pub packets_inspected: i64,
    /// Inspected in hundredths of a percent.
    pub inspected_basis_points: i64,
    /// Losses by cause.
    pub losses: Vec<LossView>,
    /// Digest of the rules in force.
    pub rules_version: String,
    /// Rules in force.
    pub rules_loaded: i64,
    /// Rules that did not load.
    pub rules_failed: i64,
    /// Events handed to the spool.
    pub events_emitted: i64,
    /// Events shed.
    pub events_shed: i64,
    /// Whether seen = inspected + losses.
    pub balances: bool,
    /// How it is.
    pub state: SensorState,
}

/// Sensors.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SensorList {
    /// In the order of names.
    pub items: Vec<SensorView>,
}
