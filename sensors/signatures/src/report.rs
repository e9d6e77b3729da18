//! What loading says about each rule.

use serde::Serialize;

/// What became of the rules handed to [`crate::load`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LoadReport {
    /// Rules in the rule set.
    pub loaded: usize,
    /// Rules that did not load, each with the reason. A rule is never weakened to make it load.
    pub failures: Vec<LoadFailure>,
    /// Rules that by their own word (`requires`) are for another version or for features that are not there.
    pub skipped: Vec<LoadFailure>,
    /// Things to know about rules that did load.
    pub warnings: Vec<LoadWarning>,
    /// Digest of the loaded rules, SHA-256 in hex: the same rules and variables give the same version.
    pub version: String,
}

/// A rule that did not load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoadFailure {
    /// File, as the caller named it.
    pub file: String,
    /// Line the rule starts on, from 1.
    pub line: usize,
    /// Its number, when one could be read.
    pub sid: Option<u32>,
    /// The keyword it failed on, when it was one.
    pub keyword: Option<String>,
    /// What is wrong and what to do, in one sentence.
    pub reason: String,
}

/// Something to know about a rule that did load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoadWarning {
    /// File, as the caller named it.
    pub file: String,
    /// Line the rule starts on, from 1.
    pub line: usize,
    /// Its number.
    pub sid: u32,
    /// What to know.
    pub text: String,
}
