//! What can keep a sensor from working.

use fengsui_capture::CaptureError;
use fengsui_files::FilesError;
use fengsui_relay::SpoolError;

/// Why a sensor cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum SensorError {
    /// Packets cannot be captured or read.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// YARA rules or hash lists cannot be used.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The spool does not take events.
    #[error("the spool takes no events: {0}")]
    Spool(#[from] SpoolError),
    /// A file cannot be read.
    #[error("{what} {path} cannot be read: {source}")]
    Read {
        /// Which file it is: `rule file`, `settings file`.
        what: &'static str,
        /// Its path, shortened and escaped.
        path: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A file or folder cannot be written.
    #[error("{path} cannot be written: {source}")]
    Write {
        /// Its path, shortened and escaped.
        path: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A file is larger than it may be.
    #[error("{what} {path} has {bytes} bytes, more than {limit}; split it")]
    TooLarge {
        /// Which file it is.
        what: &'static str,
        /// Its path, shortened and escaped.
        path: String,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// A suricata.yaml is no YAML.
    #[error("{path} is no valid YAML: {reason}; correct it there")]
    Yaml {
        /// Its path, shortened and escaped.
        path: String,
        /// The parser's reason with line and column.
        reason: String,
    },
    /// A setting is wrong.
    #[error("setting {key} = {value} is wrong: {remedy}")]
    Setting {
        /// The key.
        key: &'static str,
        /// Its value, shortened and escaped.
        value: String,
        /// What would be right.
        remedy: &'static str,
    },
    /// The analyzer takes nothing from this sensor.
    #[error("the analyzer takes nothing from this sensor: {reason}; what was not sent stays in the spool")]
    Uplink {
        /// Its reason.
        reason: String,
    },
    /// A thread could not be started.
    #[error("thread {name} cannot be started: {source}")]
    Thread {
        /// Name of the thread.
        name: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A thread is gone that should not be.
    #[error("thread {name} has ended by a panic; its packets since the last batch are lost")]
    Gone {
        /// Name of the thread.
        name: String,
    },
}
