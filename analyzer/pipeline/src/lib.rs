//! Owns the tasks and queues of ingest, normalise, enrich, detect, correlate and store.
//!
//! Contains no detection logic of its own.

#![forbid(unsafe_code)]

mod error;
pub mod limits;
mod offline;
mod organization;
mod rules;
mod settings;
mod sink;
mod statistics;

pub use error::PipelineError;
pub use fengsui_detect::{Detection, LoadReport, RuleFailure};
pub use offline::{InputFormat, OfflineInput, OfflineOptions, OfflineSummary, analyze_offline, detect_offline};
pub use organization::{Asset, NetworkRange, Organization, OrganizationSettings, ZoneRule};
pub use rules::{RuleSources, load_detection};
pub use settings::{LogFileSettings, PipelineSettings, ReceiverSettings};
pub use sink::{OutputSink, SinkError, SinkFuture};
pub use statistics::PipelineStatistics;
