//! Objects of application messages: their headers, and as far as their sizes are known where the next one begins.

use serde_json::json;

use super::points;
use crate::app::reader::Reader;
use crate::app::text::{Object, object, put};

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
    let points =
        if function == READ { Some(Vec::new()) } else { points::read(r, (group, variation), prefix, (start, count)) };
    let is_known = points.as_ref().map(|_| ());
    let mut entry = Entry { group, variation, eve };
    if let Some(points) = points.filter(|points| !points.is_empty()) {
        put(&mut entry.eve, "points", points);
    }
    Some((entry, is_known))
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
