//! Owns the tasks and queues of ingest, normalise, enrich, detect, correlate and store.
//!
//! Contains no detection logic of its own.

#![forbid(unsafe_code)]

mod checkpoint;
mod counters;
mod delivery;
mod error;
mod event_index;
mod journal;
pub mod limits;
mod offline;
mod organization;
mod pipeline;
mod quarantine;
mod reading;
mod receive;
mod retro;
mod rounds;
mod rules;
mod settings;
mod sink;
mod snapshot;
mod statistics;
mod triage;
mod worker;

pub use error::PipelineError;
pub use event_index::EventIndex;
pub use fengsui_detect::{
    AnalysisSettings, CorrelationSettings, Detection, Evidence, LoadReport, Reference, RuleFailure,
};
pub use offline::{InputFormat, OfflineInput, OfflineOptions, OfflineSummary, analyze_offline, detect_offline};
pub use organization::{Asset, NetworkRange, Organization, OrganizationSettings, ZoneRule};
pub use pipeline::{Pipeline, PipelineHandle, PipelineParts};
pub use quarantine::{QuarantineReason, ReplaySummary, quarantine_reasons, replay_quarantine};
pub use receive::UplinkGate;
pub use retro::{
    RetroControl, RetroCoverage, RetroEntity, RetroHit, RetroHunt, RetroPhase, RetroProgress, RetroRefusal,
    RetroRefusalKind, RetroReport, RetroRule, Suppressed,
};
pub use rules::{RuleSources, load_detection};
pub use settings::{
    EventLogSettings, HttpListenerSettings, LogFileSettings, PipelineSettings, ReceiverSettings, SocketSettings,
    TlsListenerSettings, UplinkListenerSettings,
};
pub use sink::{OutputSink, SinkError, SinkFuture};
pub use statistics::{Books, PipelineStatistics};
