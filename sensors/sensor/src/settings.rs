//! Settings of a sensor.

use std::path::PathBuf;

use fengsui_capture::RingSettings;
use fengsui_files::Digest;
use fengsui_protocols::{AppSettings, DecodeSettings, DefragSettings, OverlapPolicy, StreamSettings};
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
    /// Systems of hosts, where they are known.
    pub host_policies: Vec<HostPolicy>,
    /// What becomes of a flow of TLS once it is encrypted.
    pub encrypted: EncryptedPolicy,
    /// The same of a flow of SSH.
    pub encrypted_ssh: EncryptedPolicy,
    /// What becomes of a TCP flow whose opening was not seen.
    pub midstream_policy: ExceptionPolicy,
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
    /// Digests that are computed of every file. With lists of digests, or rules and findings that need them, those are
    /// computed too.
    pub file_digests: Vec<Digest>,
    /// Lists of known digests of files (MD5, SHA-1, SHA-256, SM3), one a line.
    pub hash_lists: Vec<PathBuf>,
    /// Threads that scan files with YARA, each with a confined process of its own, at most 8; 0 switches it off. Where content
    /// is classified, the same processes do that, and there are at least as many as workers.
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
    /// Where events go over the network.
    pub uplink: UplinkSettings,
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
            host_policies: Vec::new(),
            encrypted: EncryptedPolicy::Default,
            encrypted_ssh: EncryptedPolicy::Default,
            midstream_policy: ExceptionPolicy::Ignore,
            app: AppSettings::default(),
            flow: FlowSettings::default(),
            variables: Variables::default(),
            rules: Vec::new(),
            yara: Vec::new(),
            file_digests: vec![Digest::Sha256],
            hash_lists: Vec::new(),
            yara_threads: 1,
            classify_content: true,
            eve: EveSettings::default(),
            evidence: EvidenceSettings::default(),
            file_store: FileStoreSettings::default(),
            visibility_seconds: 10,
            uplink: UplinkSettings::default(),
        }
    }
}

/// Where events go over the network. Until they are there they wait in the spool of this machine.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UplinkSettings {
    /// Address of the analyzer's listener for sensors, such as `https://analyzer.example:8470`; absent to write events
    /// to a file. Enrol first with `fengsui node enrol --sensor`.
    pub url: Option<String>,
    /// PEM file with the certificate (or its issuer) that the analyzer must show; nothing else is trusted.
    pub certificate: Option<PathBuf>,
    /// Allow `http` to an analyzer that is not on this machine: records are signed all the same, but anybody on the way
    /// can read them.
    pub plain: bool,
}

/// Hosts that put overlapping fragments and segments together in one way.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostPolicy {
    /// Their networks: `10.1.0.0/16`.
    pub networks: Vec<String>,
    /// Which data wins when it differs.
    pub policy: OverlapPolicy,
}

/// What becomes of a flow once its handshake is over and it is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EncryptedPolicy {
    /// It is followed; patterns are no longer looked for in its bytes.
    #[default]
    Default,
    /// It is left alone and counted as bypassed.
    Bypass,
    /// Patterns are looked for in what is encrypted, too.
    Full,
}

/// What becomes of traffic that can't be followed as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionPolicy {
    /// Nothing: it is inspected as far as it goes.
    #[default]
    Ignore,
    /// The flow is blocked, where the sensor stands in front of a network.
    DropFlow,
    /// The packet is blocked, where the sensor stands in front of a network.
    DropPacket,
    /// The flow is blocked and answered with a reset, where the sensor stands in front of a network.
    Reject,
    /// The flow is left alone and counted as bypassed.
    Bypass,
    /// The flow is taken out of inspection.
    PassFlow,
    /// The packet is taken out of inspection.
    PassPacket,
}

impl ExceptionPolicy {
    /// The word records use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::DropFlow => "drop_flow",
            Self::DropPacket => "drop_packet",
            Self::Reject => "reject",
            Self::Bypass => "bypass",
            Self::PassFlow => "pass_flow",
            Self::PassPacket => "pass_packet",
        }
    }

    /// From the word of a suricata.yaml.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [
            Self::Ignore,
            Self::DropFlow,
            Self::DropPacket,
            Self::Reject,
            Self::Bypass,
            Self::PassFlow,
            Self::PassPacket,
        ];
        all.into_iter().find(|policy| policy.as_str() == word.replace('-', "_"))
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
    /// Bytes one way within `elephant_seconds` that make a flow an elephant (keyword `flow.elephant`); 0: none is.
    pub elephant_bytes: u64,
    /// Seconds over which these bytes are counted.
    pub elephant_seconds: u32,
    /// Seed of the community id.
    pub community_id_seed: u16,
    /// Whether packets of different VLANs never belong to one flow.
    pub by_vlan: bool,
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
            elephant_bytes: 0,
            elephant_seconds: 10,
            community_id_seed: 0,
            by_vlan: true,
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
