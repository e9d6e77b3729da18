//! What a run over a capture file is asked for and what it answers.

use std::path::PathBuf;
use std::sync::Arc;

use fengsui_files::ContentRules;
use fengsui_schema::Visibility;
use fengsui_signatures::LoadReport;

use crate::parts::StartScanners;
use crate::settings::SensorSettings;

/// Whether checksums are computed, and packets with a wrong one left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksums {
    /// `-k none`
    None,
    /// `-k all`
    All,
}

/// What `fengsui sensor -r` is asked for.
#[derive(Clone, Default)]
pub struct OfflineOptions {
    /// `-r`: the capture file.
    pub pcap: PathBuf,
    /// `-l`: the folder `eve.json` is written to; must exist.
    pub output_directory: PathBuf,
    /// `-S`: rule files and folders of `*.rules`. They replace those of a suricata.yaml.
    pub rules: Vec<PathBuf>,
    /// `-c`: a suricata.yaml.
    pub suricata_yaml: Option<PathBuf>,
    /// `--set`: keys of suricata.yaml with their values, which win over the file's.
    pub set: Vec<(String, String)>,
    /// `-k`: absent for what the settings say.
    pub checksums: Option<Checksums>,
    /// `--runmode`: accepted for compatibility; the result does not depend on it.
    pub runmode: Option<String>,
    /// `--disable-detection`: no rules are loaded.
    pub disable_detection: bool,
    /// `--simulate-ips`: rules that drop end the flow, and drop records are written.
    pub simulate_ips: bool,
    /// The environment's `SURICATA_EVE_DNS_VERSION=2`: DNS records as Suricata 7 and before wrote them.
    pub older_dns_records: bool,
    /// `--data-dir`: folder of data files that rules name.
    pub data_directory: Option<PathBuf>,
    /// `--workers`: 0 for one.
    pub workers: usize,
    /// How sensitive data is found in files; absent to leave it out.
    pub content: Option<ContentRules>,
    /// Starts what looks at files; absent to scan in this process, with YARA only.
    pub scanners: Option<Arc<StartScanners>>,
    /// What the options and the suricata.yaml are applied to; absent for the defaults.
    pub settings: Option<SensorSettings>,
}

/// What came of a capture file.
#[derive(Debug, Clone)]
pub struct OfflineSummary {
    /// The last account: packets seen, inspected and lost.
    pub visibility: Visibility,
    /// Events written.
    pub events: u64,
    /// Alerts raised.
    pub alerts: u64,
    /// What became of each rule.
    pub rules: LoadReport,
    /// Set when the capture file was damaged: everything before the damage was read.
    pub damage: Option<String>,
}
