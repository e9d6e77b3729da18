//! Owns detection and correlation: Sigma, indicators, behaviour, risk and incidents.
//!
//! Does no I/O; time comes with the events.

#![forbid(unsafe_code)]

mod alerting;
mod analysis;
mod behaviour;
mod correlate;
mod data_protection;
mod detection;
mod indicators;
pub mod limits;
mod pairs;
mod risk;
mod sigma;
mod signature;
mod suppression;
mod techniques;
#[cfg(test)]
mod testing;
mod text;

pub use analysis::{Analysis, AnalysisCounts, AnalysisSettings};
pub use behaviour::{Behaviour, BehaviourDefinition, DETECTORS};
pub use correlate::{CorrelationSettings, Correlator, ShownIncident};
pub use detection::{Detection, DetectionBuilder, LoadReport, RuleFailure, SigmaDetection};
pub use suppression::Suppression;
