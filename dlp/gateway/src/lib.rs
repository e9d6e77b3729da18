//! Owns connectors, document extraction, jobs, the share ledger and trace-back.
//!
//! Does not classify or mask itself.

#![forbid(unsafe_code)]

pub mod command;
mod content;
pub mod database;
mod error;
pub mod extract;
pub mod job;
pub mod ledger;
mod lexicons;
pub mod limits;
mod rules;
pub mod scan;
pub mod sharing;
pub mod table;
pub mod vault;

pub use content::classify;
pub use error::GatewayError;
pub use extract::{
    Budget, Cause, Extracted, Piece, Unreadable, extract, extract_into, extract_within, format_of, formats,
};
pub use lexicons::ReloadingLexicon;
pub use rules::{load_lexicon, load_rules};
pub use scan::{ScanFinding, ScanReport, scan_path};
