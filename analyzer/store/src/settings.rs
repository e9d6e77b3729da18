//! Settings of the event index.

use std::path::PathBuf;

use serde::Deserialize;

/// Settings of the event index.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// Folder of the day indexes.
    pub directory: PathBuf,
    /// Days that events are kept; less than 180 is refused without an audited override.
    pub retention_days: u32,
    /// Memory in MiB that one day's writer may fill before it writes a segment; at least 15.
    pub writer_memory_mb: u32,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { directory: PathBuf::from("events"), retention_days: 180, writer_memory_mb: 64 }
    }
}
