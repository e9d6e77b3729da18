//! Settings of the pipeline and its receivers.

use std::path::PathBuf;

use fengsui_detect::CorrelationSettings;
use serde::Deserialize;

/// Settings of the analyzer's pipeline.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PipelineSettings {
    /// Folder for the state snapshot and the quarantine.
    pub state_directory: PathBuf,
    /// Name under which the pipeline reads the spool.
    pub reader_name: String,
    /// How much later than others an event may arrive and still count in windows, in seconds.
    pub allowed_lateness_s: u32,
    /// How far ahead of our clock an event's clock may be, in seconds; past that its time of reception is used.
    pub allowed_skew_s: u32,
    /// Longest wait before alerts and incidents are handed to the sink, in milliseconds.
    pub flush_interval_ms: u32,
    /// Longest wait between commits of the event index, in milliseconds.
    pub commit_interval_ms: u32,
    /// Longest wait between state snapshots, in milliseconds. Records are acknowledged to the spool after one.
    pub snapshot_interval_ms: u32,
    /// How alerts are joined into incidents.
    pub correlation: CorrelationSettings,
    /// Listeners and files that feed the spool.
    pub receivers: ReceiverSettings,
}

impl Default for PipelineSettings {
    fn default() -> Self {
        Self {
            state_directory: PathBuf::from("analyzer"),
            reader_name: "analyzer".to_owned(),
            allowed_lateness_s: 120,
            allowed_skew_s: 300,
            flush_interval_ms: 500,
            commit_interval_ms: 1_500,
            snapshot_interval_ms: 5_000,
            correlation: CorrelationSettings::default(),
            receivers: ReceiverSettings::default(),
        }
    }
}

/// Listeners and files that feed the spool.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReceiverSettings {
    /// Addresses that take syslog over UDP (RFC 5426), such as `0.0.0.0:514`.
    pub syslog_udp: Vec<String>,
    /// Addresses that take syslog over TCP (RFC 6587, octet counting or one message a line).
    pub syslog_tcp: Vec<String>,
    /// Listeners that take syslog over TLS (RFC 5425).
    pub syslog_tls: Vec<TlsListenerSettings>,
    /// Listeners that take records over HTTP: `POST /ingest/<source>`, one record a line.
    pub http: Vec<HttpListenerSettings>,
    /// Listeners that take parcels of sensors, which are let in with `fengsui node code --role sensor`.
    pub uplink: Vec<UplinkListenerSettings>,
    /// Records a second that one sensor may send, on average over ten seconds; 0 for no limit.
    pub sensor_records_per_s: u32,
    /// Addresses that take flow records of routers over UDP: NetFlow version 5 and 9, IPFIX.
    pub flows_udp: Vec<String>,
    /// Local sockets that take lines, such as EVE of a sensor on this machine.
    pub sockets: Vec<SocketSettings>,
    /// Log files that are followed, across rotation.
    pub files: Vec<LogFileSettings>,
    /// Folders of binary Windows event logs (EVTX).
    pub event_logs: Vec<EventLogSettings>,
    /// Seconds without a message after which a sender that sent regularly raises an alert; 0 for never.
    pub silence_after_s: u32,
}

impl Default for ReceiverSettings {
    fn default() -> Self {
        Self {
            syslog_udp: Vec::new(),
            syslog_tcp: Vec::new(),
            syslog_tls: Vec::new(),
            http: Vec::new(),
            uplink: Vec::new(),
            sensor_records_per_s: 20_000,
            flows_udp: Vec::new(),
            sockets: Vec::new(),
            files: Vec::new(),
            event_logs: Vec::new(),
            silence_after_s: 3_600,
        }
    }
}

/// One listener for syslog over TLS.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TlsListenerSettings {
    /// Address, such as `0.0.0.0:6514`.
    pub address: String,
    /// Certificate chain in PEM.
    pub certificate: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
    /// Certificates in PEM of the authority that signed the senders' certificates; without it any sender is taken.
    pub client_authority: Option<PathBuf>,
}

/// One listener for records over HTTP.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpListenerSettings {
    /// Address, such as `127.0.0.1:8088`.
    pub address: String,
    /// File with the tokens that are taken, one a line, each of at least 16 characters.
    pub token_file: PathBuf,
    /// Certificate chain in PEM; without it requests come in clear.
    pub certificate: Option<PathBuf>,
    /// Its private key in PEM.
    pub key: Option<PathBuf>,
    /// Certificates in PEM of the authority that signed the senders' certificates.
    pub client_authority: Option<PathBuf>,
}

/// One listener for parcels of sensors.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UplinkListenerSettings {
    /// Address, such as `0.0.0.0:8470`.
    pub address: String,
    /// Certificate chain in PEM; without it records come in clear. They are signed all the same.
    pub certificate: Option<PathBuf>,
    /// Its private key in PEM.
    pub key: Option<PathBuf>,
}

/// One local socket that takes lines.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SocketSettings {
    /// Path of the socket; a stale one is replaced.
    pub path: PathBuf,
    /// Name of the parser, such as `eve`; empty to recognise it by the first lines.
    pub source: String,
}

/// One log file that is followed, across rotation.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogFileSettings {
    /// Path of the file.
    pub path: PathBuf,
    /// Name of the parser, such as `web_access`; empty to recognise it by the first lines.
    pub source: String,
}

/// One folder of binary Windows event logs (EVTX), such as the share that a collector writes to.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EventLogSettings {
    /// Path of the folder: each file in it whose name ends with `.evtx` is read when it appears and when it grows.
    pub folder: PathBuf,
}
