//! Sensors and what they see.

use serde::{Deserialize, Serialize};

use super::{Trust, UnitRef};

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
    /// Whether its program, rules and settings are what they should be, as it measured them; unknown for one that does
    /// not send over the uplink.
    pub trust: Trust,
    /// How it is.
    pub state: SensorState,
}

/// Sensors.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SensorList {
    /// In the order of names.
    pub items: Vec<SensorView>,
    /// The books of this node, for those who reach all of it, where the analyzer runs in the same process.
    pub books: Option<BooksView>,
}

/// The books between spool and index, and those of every sensor that sends over the uplink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BooksView {
    /// Records that the spool held at the start and took since.
    pub spooled: i64,
    /// Of them: events of the index.
    pub indexed: i64,
    /// Of them: in quarantine.
    pub quarantined: i64,
    /// Of them: complete before the start.
    pub repeated: i64,
    /// Of them: damaged on the disk.
    pub unreadable: i64,
    /// Of them: not read yet, or being analysed.
    pub in_flight: i64,
    /// Whether spool and pipeline agree.
    pub balanced: bool,
    /// Sensors that send over the uplink.
    pub uplinks: Vec<UplinkView>,
}

/// A sensor's books beside the analyzer's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UplinkView {
    /// Name of the sensor.
    pub sensor: String,
    /// Events that it emitted since it started.
    pub emitted: i64,
    /// Of them: on its disk.
    pub spooled: i64,
    /// Of them: shed as its spool was full.
    pub shed: i64,
    /// Records that its spool took in its life.
    pub written: i64,
    /// Of them: taken here.
    pub taken: i64,
    /// Of them: on the way.
    pub waiting: i64,
    /// Of them: gone at the sensor.
    pub missing: i64,
    /// Records that came again since the start here, and were dropped.
    pub repeated: i64,
    /// When it was last heard of; none since the start here.
    #[schema(format = DateTime)]
    pub heard: Option<String>,
    /// Whether emitted = spooled + shed.
    pub balanced: bool,
}
