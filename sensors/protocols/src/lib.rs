//! Owns decoding, IP defragmentation, TCP reassembly and application parsers: bytes and time in, values out.
//!
//! Does no I/O, holds no clock, knows no rules.

#![forbid(unsafe_code)]

mod app_protocol;
mod buffer;
mod transaction;

pub use app_protocol::AppProtocol;
pub use buffer::{Buffer, BufferSpec, Buffers};
pub use transaction::{AppEvent, Direction, FileChunk, Transaction};
