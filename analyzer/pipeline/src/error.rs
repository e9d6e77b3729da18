//! What can go wrong when the pipeline starts, runs or reads files.

use std::path::PathBuf;

/// What can go wrong when the pipeline starts, runs or reads files.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// A file or folder could not be read or written.
    #[error("{action} {}: {source}; check that the path exists and may be accessed", .path.display())]
    File {
        /// What was tried, such as `read`.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system answered.
        source: std::io::Error,
    },
    /// A file is larger than its limit.
    #[error("{} has {size} bytes, more than the {limit} that are read; split it", .path.display())]
    FileTooLarge {
        /// Which file.
        path: PathBuf,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// A listener could not be opened.
    #[error("listen on {address}: {source}; choose a free port or stop the program that uses it")]
    Listen {
        /// Address of the listener.
        address: String,
        /// What the system answered.
        source: std::io::Error,
    },
    /// A setting makes no sense.
    #[error("setting {key}: {reason}")]
    Setting {
        /// The key.
        key: String,
        /// What is wrong, with the remedy.
        reason: String,
    },
    /// The spool refused an operation.
    #[error("spool: {0}")]
    Spool(String),
    /// The event index refused an operation.
    #[error("event index: {0}")]
    Store(String),
    /// A format that this program can't read yet.
    #[error("format {format} can't be read: {reason}")]
    Format {
        /// The format's name.
        format: String,
        /// Why, with the remedy.
        reason: String,
    },
    /// A hunt over the past that makes no sense.
    #[error("hunt over the past: {0}")]
    Hunt(String),
    /// The output could not be written.
    #[error("write the output: {0}")]
    Output(#[from] std::io::Error),
    /// A task ended before it was asked to.
    #[error("a pipeline task ended: {0}")]
    Task(String),
}

impl PipelineError {
    /// A [`PipelineError::File`] of a path.
    pub(crate) fn file(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }
}
