//! Scanning in a process of its own.
//!
//! Three parts speak one little protocol of frames over pipes. The sensor has a [`ScanClient`] for each scan thread. It
//! speaks to a *keeper* ([`keep`]), which looks into nothing: it passes frames on to a *worker* and back, ends a worker
//! that takes too long, and starts another one. The worker ([`serve`]) compiles the rules and scans the files; it has given
//! everything up but its two pipes before it reads the first byte. So a rule or a file that takes the worker over, eats
//! its memory or never ends costs that file and a restart, and the answer says so.
//!
//! The keeper exists because a confined sensor may not start programs. A keeper that is lost is replaced by another one:
//! [`Keepers`] says where it comes from.

mod client;
mod frame;
mod keeper;
mod worker;

pub use client::{KeeperLink, Keepers, RuleTexts, ScanClient};
pub use keeper::keep;
pub use worker::{Job, serve};

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ScanOutcome;
use crate::limits::{SCAN_RESTART_PAUSE, SCAN_RESTART_PAUSE_MOST};

/// Something that scans files, one after another.
pub trait Scanner: Send {
    /// Scans one file.
    fn scan(&mut self, bytes: &[u8]) -> ScanOutcome;

    /// How many helper processes were started in the place of lost ones since this was asked last; 0 without any.
    fn take_restarts(&mut self) -> u64 {
        0
    }
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

/// How long after so many failures in a row the next process is started: doubling.
pub fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    SCAN_RESTART_PAUSE.saturating_mul(1 << doublings).min(SCAN_RESTART_PAUSE_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_have_an_end() {
        assert_eq!(pause(1), SCAN_RESTART_PAUSE);
        assert_eq!(pause(3), SCAN_RESTART_PAUSE * 4);
        assert_eq!(pause(u32::MAX), SCAN_RESTART_PAUSE_MOST);
    }
}
