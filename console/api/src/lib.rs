//! Owns the console's HTTP interface and state: routes, authorization, sessions, audit, tasks, OpenAPI.
//!
//! Does not detect or classify; it shows what the other parts found.

#![forbid(unsafe_code)]

mod access;
mod audit;
mod capability;
mod catalogues;
mod check;
mod clocks;
mod console;
mod db;
mod drill_replay;
mod error;
mod evidence;
mod forecast;
mod indicators;
mod ingest;
mod limits;
mod masking;
mod notify;
mod offline;
mod openapi;
mod page;
mod playbooks;
mod report;
mod repository;
mod retention;
mod retro_hunts;
mod routes;
mod scope;
mod search;
mod settings;
mod sharing;
mod state;
mod tier;
mod units;
mod values;
mod web;
pub mod wire;
mod words;

pub use access::{Grant, Matrix, PasswordProfile, Role, RoleClass, matrix};
pub use console::{AccountRequest, Console, Dependencies};
pub use drill_replay::{RecordedAct, Recording, Recordings};
pub use error::ConsoleError;
pub use indicators::{IndicatorFiles, ReloadRules};
pub use offline::{begin_new_epochs, snapshot_database, verify_audit_file};
pub use openapi::openapi_json;
pub use settings::{ConsoleSettings, OperatorKind, SecondFactor};
pub use state::{ReadBooks, Statistics};
pub use tier::{
    Enforced, Enforcer, Exported, Imported, Measure, Measurement, Offered, PUBLISHED_KINDS, ReceiptRow, Received,
    SensorEnrolment, TierSettings, enrol_sensor, enrol_with_parent,
};
pub use wire::{AuditVerdict, BadEntry, BooksView, FixedSetting, NodeCode, NodeRow, UplinkView};
