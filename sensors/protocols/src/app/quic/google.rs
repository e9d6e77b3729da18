//! Google's QUIC up to version 46: the client's hello is a list of tagged values in the clear. The order of its tags is
//! the CYU fingerprint.

use md5::Digest as _;
use serde_json::json;

use super::packet::{Packet, is_google};
use super::tell;
use crate::app::Context;
use crate::app::reader::Reader;
use crate::app::text::{eve_text, put};
use crate::{Buffer, Direction, Transaction};

/// Tags of one hello that are read.
const TAGS: usize = 256;
/// Bytes of the checksum before the frames.
const CHECKSUM_BYTES: usize = 12;

/// Whether a datagram has the header of versions before 46 with a version in it.
pub(super) fn has_public_header(data: &[u8]) -> bool {
    public_version(data).is_some()
}

fn public_version(data: &[u8]) -> Option<u32> {
    let flags = *data.first()?;
    if flags & 0x89 != 0x09 {
        return None;
    }
    let version = u32::from_be_bytes(*data.get(9..13)?.first_chunk()?);
    is_google(version).then_some(version)
}

/// A packet with the header of versions before 46.
pub(super) fn public_packet(direction: Direction, data: &[u8], context: &mut Context<'_>) {
    let Some(version) = public_version(data) else { return };
    let number_bytes = [1, 2, 4, 6][usize::from(data[0] >> 4 & 3)];
    let frames = data.get(13 + number_bytes + CHECKSUM_BYTES..).unwrap_or_default();
    hello(direction, version, frames, context);
}

/// A packet of version 46.
pub(super) fn long_packet(direction: Direction, packet: &Packet<'_>, data: &[u8], context: &mut Context<'_>) {
    let number_bytes = usize::from(packet.first & 3) + 1;
    let frames = data.get(packet.header_bytes + number_bytes + CHECKSUM_BYTES..).unwrap_or_default();
    hello(direction, packet.version, frames, context);
}

fn hello(direction: Direction, version: u32, frames: &[u8], context: &mut Context<'_>) {
    let tags = client_tags(frames).unwrap_or_default();
    tell(direction, version, context, |tx| {
        if !tags.is_empty() {
            fill(tx, direction, version, &tags);
        }
    });
}

fn fill(tx: &mut Transaction, direction: Direction, version: u32, tags: &[(&[u8], &[u8])]) {
    let [_, _, tens, ones] = version.to_be_bytes();
    let names: Vec<String> = tags.iter().map(|(tag, _)| eve_text(tag.trim_ascii_end())).collect();
    let names: Vec<&str> = names.iter().map(|name| name.trim_end_matches('\0')).collect();
    let string = format!("{}{},{}", char::from(tens), char::from(ones), names.join("-"));
    let hash = hex::encode(md5::Md5::digest(string.as_bytes()));
    for (tag, buffer, key) in [(b"SNI\0", Buffer::QuicSni, "sni"), (b"UAID", Buffer::QuicUserAgent, "ua")] {
        if let Some((_, value)) = tags.iter().find(|entry| entry.0 == tag) {
            tx.buffers.set(direction, buffer, *value);
            put(&mut tx.eve, key, eve_text(value));
        }
    }
    put(&mut tx.eve, "cyu", vec![json!({"hash": hash, "string": string})]);
    tx.buffers.set(direction, Buffer::QuicCyuHash, hash);
    tx.buffers.set(direction, Buffer::QuicCyuString, string);
}

/// The tags and values of a CHLO in the first stream frame.
fn client_tags(frames: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut r = Reader::new(frames);
    let kind = r.u8()?;
    if kind & 0x80 == 0 {
        return None;
    }
    r.take(usize::from(kind & 3) + 1)?;
    let offset_code = usize::from(kind >> 2 & 7);
    r.take(if offset_code == 0 { 0 } else { offset_code + 1 })?;
    if kind & 0x20 != 0 {
        r.u16_le()?;
    }
    if r.take(4)? != b"CHLO" {
        return None;
    }
    let count = usize::from(r.u16_le()?);
    r.u16_le()?;
    let mut index = Vec::new();
    for _ in 0..count.min(TAGS) {
        index.push((r.take(4)?, usize::try_from(r.u32_le()?).ok()?));
    }
    let values = r.rest();
    let mut start = 0;
    let mut tags = Vec::new();
    for (tag, end) in index {
        tags.push((tag, values.get(start..end).unwrap_or_default()));
        start = end;
    }
    Some(tags)
}
