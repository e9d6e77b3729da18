//! What a scan returns.

use std::fmt;

use fengsui_schema::{DataGrade, FindingSample};
use serde::{Deserialize, Serialize};

use super::context::Verdict;

/// One sensitive value in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Stable name of the type: `cn_resident_id`, `cn_mobile`, `person_name`, ...
    pub data_type: &'static str,
    /// First byte in the scanned text.
    pub start: usize,
    /// Byte after the last one; `start` and `end` lie on character borders.
    pub end: usize,
    /// Confidence in hundredths; 80 and more is high.
    pub confidence: u8,
    /// Why this is a value of that type: structure, checksum, context.
    pub why: Why,
}

/// Why something is a value of its type. It is put into words only where it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Why {
    /// What was checked of the value itself.
    pub(crate) checked: &'static str,
    /// What its context says.
    pub(crate) verdict: Verdict,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.checked)?;
        match (self.verdict.positive, self.verdict.negative) {
            (Some(word), _) => write!(f, "；上下文有“{word}”"),
            (None, Some(word)) => write!(f, "；但上下文有“{word}”，置信度降低"),
            (None, None) => Ok(()),
        }
    }
}

/// What some bytes contain and which grade that has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classification {
    /// Values by type, with masked samples.
    pub samples: Vec<FindingSample>,
    /// Grade of the whole, after aggregation.
    pub grade: DataGrade,
    /// Template, rule and article the grade cites.
    pub grade_basis: String,
}

/// What became of content: what is sensitive in it, and what of it could not be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentReport {
    /// What was found; nothing when there is no text or nothing sensitive in it.
    pub classification: Option<Classification>,
    /// Parts that may hold something and could not be read.
    pub unread: Option<UnreadParts>,
}

/// Parts of a document that may hold something and could not be read: encrypted, damaged, or past a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadParts {
    /// How many there are.
    pub count: u64,
    /// Page, part or member of the first one; empty for the whole.
    pub inside: String,
    /// Why it was not read.
    pub reason: String,
    /// Whether a limit ended the reading of any of them, so that more may be there.
    pub limited: bool,
}
