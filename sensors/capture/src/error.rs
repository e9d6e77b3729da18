//! What can go wrong when packets enter.

use std::io;

/// Why a source cannot be opened or delivers no more.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The capture file cannot be opened or created.
    #[error("capture file {path} cannot be opened: {source}")]
    Open {
        /// The file, shortened and escaped.
        path: String,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The file is neither pcap nor pcapng.
    #[error("{path} is neither a pcap nor a pcapng file; convert it with a tool such as editcap")]
    NotCapture {
        /// The file, shortened and escaped.
        path: String,
    },
    /// The file ends inside a packet. All whole packets were delivered.
    #[error(
        "capture file {path} is cut at byte {offset}: the packet that starts there is incomplete; everything before it was read"
    )]
    Truncated {
        /// The file, shortened and escaped.
        path: String,
        /// Offset of the incomplete packet in bytes.
        offset: u64,
    },
    /// A block of the file makes no sense.
    #[error("capture file {path} is damaged at byte {offset}: {detail}; everything before it was read")]
    Malformed {
        /// The file, shortened and escaped.
        path: String,
        /// Offset of the block in bytes.
        offset: u64,
        /// What is wrong.
        detail: &'static str,
    },
    /// Reading or writing failed.
    #[error("capture file {path} cannot be {verb}: {source}")]
    File {
        /// The file, shortened and escaped.
        path: String,
        /// `read` or `written`.
        verb: &'static str,
        /// The operating system's reason.
        source: io::Error,
    },
    /// There is no such network interface.
    #[error("no network interface {name}; there are {known}")]
    NoInterface {
        /// The name asked for, shortened and escaped.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Capturing needs a privilege the process does not have.
    #[error("capturing on {name} needs the capability CAP_NET_RAW: run as root or grant it to the binary")]
    NotPermitted {
        /// The interface, shortened and escaped.
        name: String,
    },
    /// A call on the capture socket failed.
    #[error("capture on {name}: {call} failed: {source}")]
    Socket {
        /// The interface, shortened and escaped.
        name: String,
        /// The call.
        call: &'static str,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A setting is out of range.
    #[error("setting {key} = {value} is out of range: {remedy}")]
    Setting {
        /// The key.
        key: &'static str,
        /// Its value.
        value: u64,
        /// What would be right.
        remedy: &'static str,
    },
}
