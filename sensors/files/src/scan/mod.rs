//! Scanning in a process of its own.
//!
//! Three parts speak one little protocol of frames over pipes. The sensor has a [`ScanClient`] for each scan thread. It
//! speaks to a *keeper* ([`keep`]), which looks into nothing: it passes frames on to a *worker* and back, ends a worker
//! that takes too long, and starts another one. The worker ([`serve`]) compiles the rules and scans the files; it has given
//! everything up but its two pipes before it reads the first byte. So a rule or a file that takes the worker over, eats
//! its memory or never ends costs that file and a restart, and the answer says so.
//!
//! The keeper exists because a confined sensor may not start programs.

mod client;
mod frame;
mod keeper;
mod worker;

pub use client::{RuleTexts, ScanClient};
pub use keeper::keep;
pub use worker::{Job, serve};

use serde::{Deserialize, Serialize};

use crate::ScanOutcome;

/// Something that scans files, one after another.
pub trait Scanner: Send {
    /// Scans one file.
    fn scan(&mut self, bytes: &[u8]) -> ScanOutcome;
}

/// Scans in this process: for tests and tools that only see files of their own.
impl Scanner for std::sync::Arc<crate::YaraRules> {
    fn scan(&mut self, bytes: &[u8]) -> ScanOutcome {
        crate::YaraRules::scan(self, bytes)
    }
}

/// What a worker answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// So many rules are loaded.
    Loaded(usize),
    /// The rules are not loaded, and why.
    Refused(String),
    /// How a scan ended.
    Scanned(ScanOutcome),
}
