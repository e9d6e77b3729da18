//! How copies are marked: what may be changed in them, and by how much.

use crate::EngineError;

/// How the copies of a policy are marked.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MarkSettings {
    /// Encrypt under a key of the recipient, so that one row tells whose copy it is from. Copies of different
    /// recipients then don't join with each other; those of one recipient do.
    pub recipient_keys: bool,
    /// Share of made-up rows that are added to a copy, such as 0.002; their numbers are of regions no place has.
    pub canaries: f64,
    /// Columns that carry no mark.
    pub without: Vec<String>,
    /// Columns whose values may be changed a little.
    pub tolerance: Vec<Tolerance>,
}

/// Columns whose values may be changed a little.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Numbers are moved by at most this much, in units of their last decimal place; dates by so many days.
    pub units: u32,
}

impl Default for MarkSettings {
    fn default() -> Self {
        Self { recipient_keys: true, canaries: 0.0, without: Vec::new(), tolerance: Vec::new() }
    }
}

impl MarkSettings {
    pub(super) fn check(&self, file: &str) -> Result<(), EngineError> {
        let broken = |reason: &str| Err(EngineError::Rule { file: file.to_owned(), reason: reason.to_owned() });
        if !(0.0..=0.05).contains(&self.canaries) {
            return broken("marks.canaries is a share of rows from 0 to 0.05");
        }
        if self.tolerance.iter().any(|tolerance| tolerance.units == 0) {
            return broken("marks.tolerance.units is at least 1");
        }
        Ok(())
    }

    /// How far the values of a column may be moved; `None` when not at all.
    #[must_use]
    pub fn tolerance_of(&self, column: &str) -> Option<u32> {
        let named = self.tolerance.iter().find(|tolerance| tolerance.columns.iter().any(|name| name == column));
        named.map(|tolerance| tolerance.units)
    }
}
