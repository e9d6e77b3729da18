//! Errors at the border of the engine.

/// Why the engine, a policy, a mask or a lexicon could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A rule file is not what its reader expects.
    #[error("rule file {file}: {reason}; correct the file or remove it from the rules folder")]
    Rule {
        /// Name of the file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A setting or a policy names something that does not exist.
    #[error("{kind} {name} does not exist; known are {known}")]
    Unknown {
        /// What kind of thing.
        kind: &'static str,
        /// The name as shown text.
        name: String,
        /// What exists.
        known: String,
    },
    /// A masking function was given parameters it can't work with.
    #[error("mask {mask}: {reason}")]
    Mask {
        /// Name of the function.
        mask: &'static str,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A measurement of risk could not go on.
    #[error("risk: {0}")]
    Risk(String),
}
