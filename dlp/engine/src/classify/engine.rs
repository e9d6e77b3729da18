//! The engine: settings and rules compiled once, then shared by all threads.

use super::{Classification, Match};
use crate::{ContentHint, EngineError, EngineSettings, Rules, decode};

/// Compiled detectors, dictionaries and grading template. Immutable, `Send + Sync`; share it in an `Arc`.
#[derive(Debug)]
pub struct Engine {
    settings: EngineSettings,
}

impl Engine {
    /// Compiles an engine.
    ///
    /// # Errors
    /// When a rule file can't be read or the settings name a template or a type that does not exist.
    pub fn new(settings: EngineSettings, _rules: &Rules) -> Result<Self, EngineError> {
        Ok(Self { settings })
    }

    /// The settings the engine was made with.
    #[must_use]
    pub const fn settings(&self) -> &EngineSettings {
        &self.settings
    }

    /// Sensitive values of a text in order of their place. Linear in the length of the text.
    #[must_use]
    pub fn scan_text(&self, _text: &str) -> Vec<Match> {
        Vec::new()
    }

    /// Sensitive values of a cell or field whose column header or key is known.
    #[must_use]
    pub fn scan_value(&self, value: &str, _header: &str) -> Vec<Match> {
        self.scan_text(value)
    }

    /// Decodes content, scans it and grades the whole. `None` when it is no text or holds nothing sensitive.
    #[must_use]
    pub fn classify(&self, bytes: &[u8], hint: &ContentHint) -> Option<Classification> {
        let text = decode(bytes, hint)?;
        let matches = self.scan_text(&text);
        self.grade(&text, &matches)
    }

    /// Samples, grade and basis of matches in a text; `None` without matches.
    #[must_use]
    pub fn grade(&self, _text: &str, _matches: &[Match]) -> Option<Classification> {
        None
    }
}
