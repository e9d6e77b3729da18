//! What the records of all commands share.

use super::names;
use crate::app::text::{Object, put};

/// A handle as text: its first four fields lowest byte first.
pub(super) fn handle_text(handle: &[u8]) -> String {
    let mut bytes = [0; 16];
    for (byte, value) in bytes.iter_mut().zip(handle) {
        *byte = *value;
    }
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    bytes[8..10].reverse();
    let digits = hex::encode(bytes);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// Seconds since 1970 of a time in steps of 100 nanoseconds since 1601.
pub(super) fn unix_seconds(time: u64) -> u64 {
    (time / 10_000_000).saturating_sub(11_644_473_600)
}

pub(super) fn nt_status(eve: &mut Object, status: u32) {
    match names::status(status) {
        Some(name) => put(eve, "status", name),
        None => put(eve, "status", "UNKNOWN"),
    }
    put(eve, "status_code", format!("0x{status:x}"));
}

pub(super) fn dos_status(eve: &mut Object, status: u32) {
    let [class, _, low, high] = status.to_le_bytes();
    let code = u16::from_le_bytes([low, high]);
    put(eve, "status", names::dos_error(class, code).unwrap_or("UNKNOWN"));
    put(eve, "status_code", format!("0x{code:04x}"));
}
