//! Owns workers, flow table, transactions, EVE events, alert captures, loss accounting and the uplink.
//!
//! Does not parse protocols or match rules itself.
//!
//! [`run_offline`] reads one capture file and writes `eve.json`; [`Sensor::start`] follows live traffic, or a capture
//! played at its own pace, and hands events to any [`EventSink`].

#![forbid(unsafe_code)]

mod account;
mod error;
mod eve;
mod evidence;
mod file_store;
mod flow;
pub mod limits;
mod live;
mod offline;
mod output;
mod parts;
mod report;
mod rules;
mod settings;
mod uplink;
mod worker;

pub use account::{COUNTERS, HELPER_COUNTERS};
pub use error::SensorError;
pub use eve::{AlertOutput, AnomalyOutput, DropOutput, EveEvent, EveSettings, EventOrder, ForwardedOutput};
pub use live::{Sensor, SensorStatistics, open_sources};
pub use offline::{Checksums, OfflineOptions, OfflineSummary, read_capture, run_offline, run_offline_into};
pub use output::{EveFile, EventSink, SpoolSink};
pub use parts::{
    FileScanning, SensorParts, StartScanners, load_hash_lists, scan_rules, start_scanning, yara_in_process,
};
pub use rules::{LiveRules, LoadedRules, load_rules};
pub use settings::{
    EncryptedPolicy, EvidenceSettings, ExceptionPolicy, FileStoreSettings, FlowSettings, HostPolicy, SensorSettings,
    UplinkSettings,
};
pub use uplink::{Uplink, UplinkParts};
