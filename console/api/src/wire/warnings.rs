//! Warnings (预警) and notifications.

use serde::{Deserialize, Serialize};

use super::{HistoryEntry, UnitRef};

/// How grave a warning is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningLevel {
    /// Blue: general.
    Blue,
    /// Yellow: larger.
    Yellow,
    /// Orange: major.
    Orange,
    /// Red: extraordinarily major.
    Red,
}

/// Where a warning is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningState {
    /// Waits for a second person.
    Proposed,
    /// The second person said no.
    Refused,
    /// In force.
    InForce,
    /// Lifted before its time was over.
    Lifted,
    /// Its time is over.
    Expired,
}

/// A warned unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WarnedUnit {
    /// The unit, with everything below it.
    pub unit: UnitRef,
    /// Who gave the receipt.
    pub received_by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    pub received_at: Option<String>,
}

/// A change of a warning that waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WantedChange {
    /// `issue`, `lift`, or the level it should have.
    pub what: String,
    /// Who wants it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A warning.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WarningRow {
    /// Number in the database.
    pub id: String,
    /// Number that people use.
    pub number: String,
    /// How grave it is.
    pub level: WarningLevel,
    /// What is warned of.
    pub title: String,
    /// Why it was issued.
    pub reason: String,
    /// What the warned units are to do.
    pub measures: String,
    /// Where it is in its life.
    pub state: WarningState,
    /// Unit that issued it.
    pub unit: UnitRef,
    /// Who wrote it.
    pub created_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Since when it is in force.
    #[schema(format = DateTime)]
    pub in_force_at: Option<String>,
    /// Until when it holds unless it is lifted before.
    #[schema(format = DateTime)]
    pub valid_until: String,
    /// The warned units that the caller may see.
    pub units: Vec<WarnedUnit>,
    /// How many units are warned.
    pub unit_count: i64,
    /// How many of them gave a receipt.
    pub receipts: i64,
    /// Whether it is in force and concerns the caller's unit.
    pub is_for_me: bool,
    /// A change that waits for a second person.
    pub wanted: Option<WantedChange>,
    /// What the caller may do: `change`, `decide`, `receive`.
    pub allowed: Vec<String>,
    /// What was done, newest first; for those who may see the issuing unit.
    pub history: Vec<HistoryEntry>,
}

/// A new warning.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWarning {
    /// How grave it is; red and orange ones wait for a second person.
    pub level: WarningLevel,
    /// What is warned of; at most 200 characters.
    pub title: String,
    /// Why; at most 2,000 characters.
    pub reason: String,
    /// What the warned units are to do; at most 20,000 characters.
    pub measures: String,
    /// Codes of the warned units; each stands for everything below it.
    pub units: Vec<String>,
    /// Until when it holds; at most 90 days.
    #[schema(format = DateTime)]
    pub valid_until: String,
}

/// A change of a warning that is in force.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WarningChange {
    /// The level it should have; none lifts it.
    pub level: Option<WarningLevel>,
    /// Why.
    pub reason: String,
}

/// Something that waits for the caller, or that they should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NotificationRow {
    /// Name of what it is about; it stays the same until that changes.
    pub name: String,
    /// `task_new`, `task_due`, `task_submitted`, `extension`, `clock`, `warning`, `warning_decide`, `regulation`,
    /// `evidence`, `share`, `policy` or `node`.
    pub kind: String,
    /// Id of the object.
    pub object: String,
    /// What it is called. Written by people or nodes: untrusted.
    pub title: String,
    /// Since when it waits.
    #[schema(format = DateTime)]
    pub at: String,
    /// Until when it should be done.
    #[schema(format = DateTime)]
    pub due_at: Option<String>,
    /// Level of a warning.
    pub level: Option<WarningLevel>,
    /// Whether the caller has read it.
    pub read: bool,
}

/// Notifications of the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Notifications {
    /// Newest first.
    pub items: Vec<NotificationRow>,
    /// How many are not read.
    pub unread: i64,
}

/// Marks notifications as read.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationsRead {
    /// Their names.
    pub names: Vec<String>,
}

/// Which warnings.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WarningQuery {
    /// Only those in force.
    pub current: Option<bool>,
}
