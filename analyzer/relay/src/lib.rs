//! Owns the durable spool, acknowledgement, the protocol between nodes and the one from sensors to the analyzer.
//!
//! Does not look inside what it carries, but for the place that a sensor's records bear.

#![forbid(unsafe_code)]

mod class;
mod cursor;
mod disk;
mod error;
mod format;
mod ledger;
pub mod limits;
mod reader;
mod recovery;
mod settings;
pub mod simulation;
mod spool;
mod statistics;
pub mod tier;
pub mod uplink;
mod writer;

pub use class::Class;
pub use disk::{Disk, DiskFile, FileDisk};
pub use error::SpoolError;
pub use reader::{Reader, Record};
pub use recovery::RecoveryReport;
pub use settings::SpoolSettings;
pub use spool::{SequenceRange, Spool};
pub use statistics::{Amount, ClassStatistics, ReaderStatistics, ShedCause, SpoolStatistics};
