//! Looking at files in a process of its own: YARA, and sensitive data in what documents hold.
//!
//! Three parts speak one little protocol of frames over pipes. The sensor has a [`ScanClient`] for each scan thread. It
//! speaks to a *keeper* ([`keep`]), which looks into nothing: it passes frames on to a *worker* and back, ends a worker
//! that takes too long, and starts another one. The worker ([`serve`]) loads the rules, takes files apart and looks at them;
//! it has given everything up but its two pipes before it reads the first byte. So a rule or a file that takes the worker
//! over, eats its memory or never ends costs that file and a restart, and the answer says so.
//!
//! The keeper exists because a confined sensor may not start programs. A keeper that is lost is replaced by another one:
//! [`Keepers`] says where it comes from.
//!
//! [`Scanner`] is the border: what is asked and answered is the same where a process scans by itself
//! ([`scanners_in_process`]).

mod client;
mod frame;
mod inspector;
mod keeper;
mod request;
mod rules;
mod worker;

pub use client::{KeeperLink, Keepers, ScanClient};
pub use inspector::{BuildClassifier, Classifier, scanners_in_process};
pub use keeper::keep;
pub use request::{ContentOutcome, FileReport, FileTask};
pub use rules::{ContentRules, HelperCounts, Helpers, LiveScanRules, RuleTexts, ScanRules};
pub use worker::{Job, serve};

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Unscanned;
use crate::limits::{SCAN_RESTART_PAUSE, SCAN_RESTART_PAUSE_MOST};

/// Something that looks at files.
pub trait Scanner: Send {
    /// Looks at files; a report for each, in their order.
    fn scan(&mut self, files: &[FileTask]) -> Vec<FileReport>;

    /// Looks at all files that come, until none will come any more.
    fn serve(&mut self, work: &mut dyn Work) {
        while let Some(files) = work.next(true) {
            let reports = self.scan(&files);
            // Who waits for an answer may want the content back as well.
            drop(files);
            work.answer(reports);
        }
    }
}

/// Files that come one after another to be looked at.
pub trait Work {
    /// The next ones. With `wait` it waits for some and gives nothing only when none will come any more; without, it gives
    /// nothing when none are there yet.
    fn next(&mut self, wait: bool) -> Option<Vec<FileTask>>;

    /// Takes the reports of the oldest files that were handed out and have none yet.
    fn answer(&mut self, reports: Vec<FileReport>);
}

/// What a worker answers, and its keeper in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// Rules are loaded.
    Loaded {
        /// Their version.
        version: String,
        /// How many YARA rules there are.
        yara: usize,
    },
    /// The rules are not loaded, and why.
    Refused(String),
    /// What came of each file.
    Inspected(Vec<FileReport>),
    /// Nothing is told of the files, and why.
    Lost(Unscanned),
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
