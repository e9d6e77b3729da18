//! Capture files: read in one go, written as `eve.json`.

mod configure;
mod data;
mod options;
mod protocol_output;
mod reader;
mod run;
mod selection;
mod yaml;

pub use options::{Checksums, OfflineOptions, OfflineSummary};
pub use run::{read_capture, run_offline, run_offline_into};
