//! What is read and written, one file per noun. Every query of something people see carries the caller's scope.

pub(crate) mod accounts;
pub(crate) mod alert_acts;
pub(crate) mod alerts;
pub(crate) mod assets;
pub(crate) mod audit_log;
pub(crate) mod bulletins;
pub(crate) mod compliance;
pub(crate) mod drills;
pub(crate) mod entities;
pub(crate) mod factors;
pub(crate) mod findings;
pub(crate) mod handovers;
pub(crate) mod incident_acts;
pub(crate) mod incidents;
pub(crate) mod inspection_acts;
pub(crate) mod inspections;
pub(crate) mod policies;
pub(crate) mod rollups;
pub(crate) mod scorecards;
pub(crate) mod sensors;
pub(crate) mod shares;
pub(crate) mod suppressions;
pub(crate) mod task_acts;
pub(crate) mod task_cascade;
pub(crate) mod tasks;
pub(crate) mod views;
