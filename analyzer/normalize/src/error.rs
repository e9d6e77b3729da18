//! Why a record is no event.

/// Why a record is no event. The pipeline writes the reason beside the record in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NormalizeError {
    /// No parser has that name.
    #[error("no source is named {0}; known are {1}")]
    UnknownSource(String, String),
    /// The record is larger than its limit.
    #[error("record of {0} bytes is larger than the {limit} that are parsed", limit = crate::limits::RECORD_BYTES)]
    TooLarge(usize),
    /// The record holds nothing.
    #[error("record is empty")]
    Empty,
    /// The record is not what its source writes.
    #[error("{source_name} record: {reason}")]
    Malformed {
        /// The parser.
        source_name: &'static str,
        /// What is wrong, with the offending value.
        reason: String,
    },
}

impl NormalizeError {
    /// A record that is not what its source writes.
    pub(crate) fn malformed(source_name: &'static str, reason: impl Into<String>) -> Self {
        Self::Malformed { source_name, reason: reason.into() }
    }
}
