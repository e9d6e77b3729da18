//! Settings of a sensor.

use std::path::PathBuf;

use fengsui_capture::RingSettings;
use fengsui_protocols::{AppSettings, DecodeSettings, DefragSettings, StreamSettings};
use fengsui_signatures::Variables;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::eve::EveSettings;
use crate::limits;

/// A network sensor: what it captures, how it follows traffic, what it writes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SensorSettings {
    /// Name of this sensor; part of every event and of the paths of alert captures. Letters, digits, `-`, `_` and `.`.
    pub observer: String,
    /// Code of the unit the sensor belongs to (GB/T 2260 and suffix): the owner of findings on the wire.
    pub unit: String,
    /// Interface to capture on. Absent when the sensor only plays capture files.
    pub interface: Option<String>,
    /// Capture on the portable path instead of the ring (slow; for systems without TPACKET_V3).
    pub portable_capture: bool,
    /// Workers; each has a ring, a flow table and its own memory. 1 to 64.
    pub workers: usize,
    /// The capture ring.
    pub ring: RingSettings,
    /// Decoding.
    pub decode: DecodeSettings,
    /// IP defragmentation.
    pub defrag: DefragSettings,
    /// TCP reassembly.
    pub stream: StreamSettings,
    /// Application protocols.
    pub app: AppSettings,
    /// The flow table.
    pub flow: FlowSettings,
    /// Address and port groups that rules name.
    pub variables: Variables,
    /// Files of rules in Suricata's language, or folders of `*.rules`.
    pub rules: Vec<PathBuf>,
    /// Files of YARA rules, or folders of `*.yar`.
    pub yara: Vec<PathBuf>,
    /// Lists of known digests of files (MD5, SHA-1, SHA-256, SM3), one a line.
    pub hash_lists: Vec<PathBuf>,
    /// Threads that scan files with YARA; 0 switches it off.
    pub yara_threads: usize,
    /// Whether content of files and bodies is classified (sensitive data on the wire).
    pub classify_content: bool,
    /// What is written about traffic.
    pub eve: EveSettings,
    /// Alert captures.
    pub evidence: EvidenceSettings,
    /// Files from the wire that are kept.
    pub file_store: FileStoreSettings,
    /// Seconds between two accounts of what was seen and lost.
    pub visibility_seconds: u32,
}

impl Default for SensorSettings {
    fn default() -> Self {
        Self {
            observer: "sensor".to_owned(),
            unit: "620000".to_owned(),
            interface: None,
            portable_capture: false,
            workers: 1,
            ring: RingSettings::default(),
            decode: DecodeSettings::default(),
            defrag: DefragSettings::default(),
            stream: StreamSettings::default(),
            app: AppSettings::default(),
            flow: FlowSettings::default(),
            variables: Variables::default(),
            rules: Vec::new(),
            yara: Vec::new(),
            hash_lists: Vec::new(),
            yara_threads: 1,
            classify_content: true,
            eve: EveSettings::default(),
            evidence: EvidenceSettings::default(),
            file_store: FileStoreSettings::default(),
            visibility_seconds: 10,
        }
    }
}

/// The flow table of one worker.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FlowSettings {
    /// Flows at once; the one that was quiet longest is ended for a new one.
    pub max_flows: usize,
    /// Bytes that buffers of flows may hold; the flow that was quiet longest is ended above it.
    pub max_bytes: usize,
    /// Seconds of quiet after which a TCP flow without a handshake is ended.
    pub tcp_new_seconds: u32,
    /// Seconds of quiet after which an established TCP flow is ended.
    pub tcp_established_seconds: u32,
    /// Seconds of quiet after which a closed TCP flow is ended.
    pub tcp_closed_seconds: u32,
    /// Seconds of quiet after which a one-sided flow other than TCP is ended.
    pub other_new_seconds: u32,
    /// Seconds of quiet after which a two-sided flow other than TCP is ended.
    pub other_established_seconds: u32,
    /// Seed of the community id.
    pub community_id_seed: u16,
}

impl Default for FlowSettings {
    fn default() -> Self {
        Self {
            max_flows: limits::FLOWS_PER_WORKER,
            max_bytes: limits::FLOW_MEMORY_BYTES,
            tcp_new_seconds: 60,
            tcp_established_seconds: 600,
            tcp_closed_seconds: 60,
            other_new_seconds: 30,
            other_established_seconds: 300,
            community_id_seed: 0,
        }
    }
}

/// Alert captures: the packets of a flow that raised an alert, those before it included.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvidenceSettings {
    /// Folder below which `<observer>/<flow id>.pcap` are written; absent to write none.
    pub directory: Option<PathBuf>,
    /// Bytes of recent packets each worker keeps for them.
    pub ring_bytes: usize,
    /// Bytes of one capture.
    pub flow_bytes: usize,
}

impl Default for EvidenceSettings {
    fn default() -> Self {
        Self { directory: None, ring_bytes: limits::EVIDENCE_RING_BYTES, flow_bytes: limits::EVIDENCE_FLOW_BYTES }
    }
}

/// Files from the wire that are kept: those a rule with `filestore` fired on, or all.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FileStoreSettings {
    /// Folder below which `<first two digits>/<SHA-256>` are written; absent to keep none.
    pub directory: Option<PathBuf>,
    /// Whether all files are kept.
    pub all: bool,
    /// Whether the `fileinfo` record is written beside each file.
    pub describe: bool,
}
