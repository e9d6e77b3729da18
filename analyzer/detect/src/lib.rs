//! Owns detection and correlation: Sigma, indicators, behaviour, risk and incidents.
//!
//! Does no I/O; time comes with the events.

#![forbid(unsafe_code)]

mod detection;
pub mod limits;

pub use detection::{Detection, DetectionBuilder, LoadReport, RuleFailure};
