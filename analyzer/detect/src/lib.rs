//! Owns detection and correlation: Sigma, indicators, behaviour, risk and incidents.
//!
//! Does no I/O; time comes with the events.

#![forbid(unsafe_code)]

mod alerting;
mod analysis;
mod behaviour;
mod clocks;
mod correlate;
mod data_protection;
mod detection;
mod indicators;
mod lexicon;
pub mod limits;
mod pairs;
mod risk;
mod shards;
mod sigma;
mod signature;
mod suppression;
mod techniques;
#[cfg(test)]
mod testing;
mod text;
mod triage;

pub use analysis::{Analysis, AnalysisCounts, AnalysisSettings, AnalysisSnapshot, IncidentRound, RoundResult};
pub use behaviour::{Behaviour, BehaviourDefinition, DETECTORS};
pub use correlate::{CorrelationSettings, Correlator, Evidence, Reference, ShownIncident};
pub use detection::{Detection, DetectionBuilder, LoadReport, RuleFailure, SigmaDetection};
pub use indicators::{Indicator, IndicatorFile, IndicatorKind, Place, clickable, read_indicators, without_scheme};
pub use suppression::{Suppressed, Suppression};
pub use triage::{AlertShape, Triage};
