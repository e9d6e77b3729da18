//! Owns fuzz targets: each takes any bytes, feeds them to a part that reads what strangers send, and checks the outcome.
//!
//! Contains no parser and no engine of its own.
//!
//! `cargo fuzz` drives them from `libfuzzer/`; an ordinary test replays the seeds of `corpus/`.

#![forbid(unsafe_code)]

mod app;
mod detection;
mod documents;
pub mod growth;
mod network;
mod relay;
mod rules;
pub mod seeds;
mod sources;

pub use documents::MADE_FORMATS;
pub use sources::one_record;

/// A target: its name, which is the folder of its seeds, and what takes the bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Name of the target and of the folder of its seeds.
    pub name: &'static str,
    /// Panics when something does not hold.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "packet_decode", run: network::packet_decode },
    Target { name: "ip_defrag", run: network::ip_defrag },
    Target { name: "tcp_reassembly", run: network::tcp_reassembly },
    Target { name: "pcap_reader", run: network::pcap_reader },
    Target { name: "app_parser", run: app::app_parser },
    Target { name: "suricata_rules", run: rules::suricata_rules },
    Target { name: "file_identify", run: rules::file_identify },
    Target { name: "log_source", run: sources::log_source },
    Target { name: "detection_rules", run: detection::detection_rules },
    Target { name: "relay_frame", run: relay::relay_frame },
    Target { name: "document", run: documents::document },
    Target { name: "sensitive_text", run: documents::sensitive_text },
];

/// Bytes of one input that are looked at; longer ones are cut.
pub const INPUT_BYTES: usize = 64 << 10;

/// Feeds bytes to a target.
///
/// # Panics
/// When there is no such target, or when something does not hold.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    assert!(target.is_some(), "there is no fuzz target {name}");
    if let Some(target) = target {
        (target.run)(&data[..data.len().min(INPUT_BYTES)]);
    }
}

/// Takes bytes off the front of an input.
fn take<'a>(rest: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (part, after) = rest.split_at(length.min(rest.len()));
    *rest = after;
    part
}

/// The next byte, 0 at the end.
fn byte(rest: &mut &[u8]) -> u8 {
    take(rest, 1).first().copied().unwrap_or(0)
}

/// The next two bytes as a number.
fn short(rest: &mut &[u8]) -> u16 {
    u16::from_be_bytes([byte(rest), byte(rest)])
}
