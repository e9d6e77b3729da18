//! The bundle of rules that events are looked at with.

use serde::Serialize;

/// A rule, list or file that did not load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleFailure {
    /// The file it is in.
    pub file: String,
    /// Why it did not load.
    pub reason: String,
}

/// What a bundle holds and what did not load.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LoadReport {
    /// Sigma rules in force.
    pub sigma_rules: usize,
    /// Sigma correlations in force.
    pub sigma_correlations: usize,
    /// Sigma filters in force.
    pub sigma_filters: usize,
    /// Indicators in force.
    pub indicators: usize,
    /// What did not load.
    pub failures: Vec<RuleFailure>,
    /// SM3 of everything that was handed in, as 64 hexadecimal digits: names the bundle in reports.
    pub version: String,
}

/// An immutable bundle of rules, made by [`DetectionBuilder`] and swapped as a whole.
#[derive(Debug, Default)]
pub struct Detection {
    report: LoadReport,
}

impl Detection {
    /// What the bundle holds and what did not load.
    #[must_use]
    pub fn report(&self) -> &LoadReport {
        &self.report
    }
}

/// Collects rule texts and makes a [`Detection`] of them.
#[derive(Debug, Default)]
pub struct DetectionBuilder {
    report: LoadReport,
}

impl DetectionBuilder {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the text of a Sigma file: rules, correlations and filters, one or more documents.
    pub fn add_sigma(&mut self, _file: &str, _text: &str) {}

    /// Takes a list of indicators in CSV.
    pub fn add_indicators(&mut self, _file: &str, _text: &str) {}

    /// Takes the rules that propose the grade of an incident, in TOML.
    pub fn set_grading(&mut self, _file: &str, _text: &str) {}

    /// The bundle, and what did not load.
    #[must_use]
    pub fn finish(self) -> (Detection, LoadReport) {
        (Detection { report: self.report.clone() }, self.report)
    }
}
