//! Named limits of this crate.

/// Bytes of one block of a capture file that are held in memory; a larger block is an error.
pub const FILE_BLOCK_BYTES: usize = 64 << 20;
/// Bytes the file reader starts with.
pub const FILE_BUFFER_BYTES: usize = 256 << 10;
/// Interfaces of one pcapng section that are remembered.
pub const FILE_INTERFACES: usize = 65_536;
/// Bytes of a packet that are written to an evidence capture; the rest is cut and the original length kept.
pub const WRITTEN_PACKET_BYTES: usize = 262_144;
/// Bytes of all blocks of one ring; larger settings are refused.
pub const RING_BYTES: usize = 1 << 30;
/// Largest wait of a live source before it hands control back, in milliseconds.
pub const POLL_MILLISECONDS: u16 = 1_000;
