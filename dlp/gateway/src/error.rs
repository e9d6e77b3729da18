//! Errors at the border of the gateway.

use fengsui_schema::shown;

/// Why a job could not be done.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// A file or folder could not be read or written.
    #[error("{path}: {source}; check that it exists and may be accessed")]
    Io {
        /// The path as shown text.
        path: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// An argument is not usable.
    #[error("{0}")]
    Usage(String),
    /// A target is of a kind that is not connected.
    #[error("{target} can't be reached: {remedy}")]
    NotConnected {
        /// The target as shown text.
        target: String,
        /// What to do instead.
        remedy: &'static str,
    },
    /// A file has a form that the job can't work on.
    #[error("{path}: {reason}")]
    Format {
        /// The path as shown text.
        path: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A database refused or could not be reached.
    #[error("{address}: {reason}")]
    Database {
        /// The address as shown text, without the password.
        address: String,
        /// What is wrong.
        reason: String,
    },
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] fengsui_dlp_engine::EngineError),
    /// A key or a signature is not usable.
    #[error(transparent)]
    Crypto(#[from] fengsui_crypto::CryptoError),
    /// The operating system gave no randomness for a key.
    #[error(transparent)]
    Randomness(#[from] fengsui_crypto::RandomnessError),
}

impl GatewayError {
    pub(crate) fn io(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::Io { path: shown(&path.to_string_lossy()).to_string(), source }
    }

    pub(crate) fn format(path: &std::path::Path, reason: impl Into<String>) -> Self {
        Self::Format { path: shown(&path.to_string_lossy()).to_string(), reason: reason.into() }
    }
}

/// What writing the report failed with.
impl From<std::io::Error> for GatewayError {
    fn from(source: std::io::Error) -> Self {
        Self::Io { path: "output".to_owned(), source }
    }
}
