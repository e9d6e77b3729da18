//! Owns how packets enter: the TPACKET_V3 ring, the pnet fallback, capture files, and their drop counters.
//!
//! Does not decode packets.
//!
//! Every source is a [`PacketSource`]: [`FileSource`] (pcap and pcapng), [`Playback`] (a file at its own pace),
//! [`RingSource`] (Linux, the fast path) and [`PnetSource`] (portable, slow). [`PcapWriter`] writes evidence.
//!
//! ```no_run
//! use fengsui_capture::{FileSource, PacketSource};
//! let mut source = FileSource::open("traffic.pcap".as_ref())?;
//! while let Some(packet) = source.next()? {
//!     println!("{} {} bytes of link type {}", packet.time, packet.data.len(), packet.link.number());
//! }
//! # Ok::<(), fengsui_capture::CaptureError>(())
//! ```

#![deny(unsafe_op_in_unsafe_fn)]

mod error;
mod file;
mod interfaces;
pub mod limits;
mod packet;
mod playback;
mod pnet_source;
#[cfg(target_os = "linux")]
mod ring;
mod settings;
mod writer;

pub use error::CaptureError;
pub use file::FileSource;
pub use interfaces::{Interface, interfaces};
pub use packet::{CaptureStatistics, LinkType, Packet, PacketSource};
pub use playback::Playback;
pub use pnet_source::PnetSource;
#[cfg(target_os = "linux")]
pub use ring::RingSource;
pub use settings::{FanoutMode, RingSettings};
pub use writer::PcapWriter;
