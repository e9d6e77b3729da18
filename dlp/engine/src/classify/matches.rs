//! What a scan returns.

use fengsui_schema::{DataGrade, FindingSample};

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
    pub explanation: String,
}

/// What some bytes contain and which grade that has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classification {
    /// Values by type, with masked samples.
    pub samples: Vec<FindingSample>,
    /// Grade of the whole, after aggregation.
    pub grade: DataGrade,
    /// Template, rule and article the grade cites.
    pub grade_basis: String,
}
