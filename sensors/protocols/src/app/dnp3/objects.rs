//! Objects of application messages: their headers, and as far as their sizes are known where the next one begins.

use serde_json::json;

use crate::app::reader::Reader;
use crate::app::text::{Object, object};

/// A function that only asks: its objects have no content.
const READ: u8 = 1;

/// An object header.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) group: u8,
    pub(super) variation: u8,
    pub(super) eve: Object,
}

/// Reads object headers; false when content follows whose size is not known.
pub(super) fn read(mut r: Reader<'_>, limit: usize, function: u8) -> (Vec<Entry>, bool) {
    let mut entries = Vec::new();
    while !r.is_empty() {
        if entries.len() >= limit {
            return (entries, false);
        }
        let Some((entry, skipped)) = entry(&mut r, function) else { return (entries, false) };
        entries.push(entry);
        if skipped.is_none() {
            return (entries, false);
        }
    }
    (entries, true)
}

fn entry(r: &mut Reader<'_>, function: u8) -> Option<(Entry, Option<()>)> {
    let (group, variation, qualifier) = (r.u8()?, r.u8()?, r.u8()?);
    let (prefix, range) = (qualifier >> 4 & 7, qualifier & 0x0f);
    let (start, stop, count) = bounds(r, range)?;
    let eve = object(json!({
        "group": group,
        "variation": variation,
        "qualifier": qualifier,
        "prefix_code": prefix,
        "range_code": range,
        "start": start,
        "stop": stop,
        "count": count,
    }));
    let skipped = skip(r, (group, variation), prefix, count, function == READ);
    Some((Entry { group, variation, eve }, skipped))
}

/// Start, stop and count of a range.
fn bounds(r: &mut Reader<'_>, range: u8) -> Option<(u32, u32, u32)> {
    let span = |start: u32, stop: u32| Some((start, stop, stop.checked_sub(start)?.checked_add(1)?));
    match range {
        0 => span(r.u8()?.into(), r.u8()?.into()),
        1 => span(r.u16_le()?.into(), r.u16_le()?.into()),
        2 => span(r.u32_le()?, r.u32_le()?),
        6 => Some((0, 0, 0)),
        7 => Some((0, 0, r.u8()?.into())),
        8 => Some((0, 0, r.u16_le()?.into())),
        9 => Some((0, 0, r.u32_le()?)),
        11 => Some((0, 0, r.u8()?.into())),
        _ => None,
    }
}

/// Passes by the content of an object.
fn skip(r: &mut Reader<'_>, kind: (u8, u8), prefix: u8, count: u32, asks: bool) -> Option<()> {
    let prefix_bytes: usize = [0, 1, 2, 4, 1, 2, 4, 0][usize::from(prefix)];
    let count = usize::try_from(count).ok()?;
    // Sizes stand before each object.
    if (4..=6).contains(&prefix) {
        for _ in 0..count.min(r.left()) {
            let size = match prefix_bytes {
                1 => u32::from(r.u8()?),
                2 => u32::from(r.u16_le()?),
                _ => r.u32_le()?,
            };
            r.take(usize::try_from(size).ok()?)?;
        }
        return Some(());
    }
    let content = if asks { 0 } else { size(kind, count)? };
    r.take(content.checked_add(prefix_bytes.checked_mul(count)?)?)?;
    Some(())
}

/// Bytes of so many objects of a kind (IEEE 1815, annex A).
fn size((group, variation): (u8, u8), count: usize) -> Option<usize> {
    let bits = |each: usize| Some((count * each).div_ceil(8));
    let each = match (group, variation) {
        (1 | 10, 1) | (80, 1) => return bits(1),
        (3, 1) => return bits(2),
        (1 | 10, 2) | (2 | 11, 1) | (3, 2) | (4, 1) => 1,
        (2 | 11 | 4, 2) => 7,
        (2 | 4, 3) => 3,
        (12, 1 | 2) => 11,
        (20 | 21, 1) | (22 | 23, 1) | (30..=32, 1) | (40 | 41, 1) => 5,
        (20 | 21, 2) | (22 | 23, 2) | (30..=32, 2) | (40 | 41, 2) => 3,
        (20, 5) | (30, 3) => 4,
        (20, 6) | (30, 4) => 2,
        (22 | 23, 5) | (32, 3) => 11,
        (22 | 23, 6) | (32, 4) => 9,
        (30 | 32, 5) => 5,
        (30 | 32, 6) => 9,
        (34, 1) | (52, 1 | 2) => 2,
        (50, 1) | (50, 3) | (51, 1 | 2) => 6,
        (60, _) => 0,
        _ => return None,
    };
    count.checked_mul(each)
}
