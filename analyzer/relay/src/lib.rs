//! Owns the durable spool, acknowledgement and the protocol between nodes.
//!
//! Does not look inside what it carries.

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
mod writer;

pub use class::Class;
pub use disk::{Disk, DiskFile, FileDisk};
pub use error::SpoolError;
pub use reader::{Reader, Record};
pub use recovery::RecoveryReport;
pub use settings::SpoolSettings;
pub use spool::{SequenceRange, Spool};
pub use statistics::{Amount, ClassStatistics, ReaderStatistics, ShedCause, SpoolStatistics};
