//! The points of objects: what each kind holds (IEEE 1815, annex A), by EVE's names.

use serde_json::{Value, json};

use crate::app::reader::Reader;
use crate::app::text::{Object, eve_text, put};
use crate::limits::DNP3_POINTS;

/// A part of a point.
enum Field {
    /// A byte in parts, from its lowest bit on.
    Bits(&'static [(&'static str, u8)]),
    U8(&'static str),
    U16(&'static str),
    U32(&'static str),
    /// Milliseconds since 1970.
    Time(&'static str),
    I16(&'static str),
    I32(&'static str),
    F32(&'static str),
    F64(&'static str),
    /// What is left of an object whose size stands before it.
    Rest(&'static str),
}

use Field::{Bits, F32, F64, I16, I32, Rest, Time, U8, U16, U32};

const BINARY: Field = Bits(&[
    ("online", 1),
    ("restart", 1),
    ("comm_lost", 1),
    ("remote_forced", 1),
    ("local_forced", 1),
    ("chatter_filter", 1),
    ("reserved", 1),
    ("state", 1),
]);
const DOUBLE: Field = Bits(&[
    ("online", 1),
    ("restart", 1),
    ("comm_lost", 1),
    ("remote_forced", 1),
    ("local_forced", 1),
    ("chatter_filter", 1),
    ("state", 2),
]);
const OUTPUT: Field = Bits(&[
    ("online", 1),
    ("restart", 1),
    ("comm_lost", 1),
    ("remote_forced", 1),
    ("local_forced", 1),
    ("reserved0", 1),
    ("reserved1", 1),
    ("state", 1),
]);
const COUNTER: Field = Bits(&[
    ("online", 1),
    ("restart", 1),
    ("comm_lost", 1),
    ("remote_forced", 1),
    ("local_forced", 1),
    ("rollover", 1),
    ("discontinuity", 1),
    ("reserved0", 1),
]);
const ANALOG: Field = Bits(&[
    ("online", 1),
    ("restart", 1),
    ("comm_lost", 1),
    ("remote_forced", 1),
    ("local_forced", 1),
    ("over_range", 1),
    ("reference_err", 1),
    ("reserved0", 1),
]);
const COMMAND: Field = Bits(&[("status_code", 7), ("commanded_state", 1)]);
const ANALOG_COMMAND: Field = Bits(&[("status_code", 7), ("reserved0", 1)]);
const CONTROL: &[Field] = &[
    Bits(&[("op_type", 4), ("qu", 1), ("cr", 1), ("tcc", 2)]),
    U8("count"),
    U32("ontime"),
    U32("offtime"),
    Bits(&[("status_code", 7), ("reserved", 1)]),
];
const TIME: Field = Time("timestamp");

/// The parts of the points of a kind.
fn fields((group, variation): (u8, u8)) -> Option<&'static [Field]> {
    Some(match (group, variation) {
        (1, 2) | (2, 1) => &[BINARY],
        (2, 2) => &[BINARY, TIME],
        (2, 3) => &[BINARY, U16("timestamp")],
        (3, 2) | (4, 1) => &[DOUBLE],
        (4, 2) => &[DOUBLE, TIME],
        (4, 3) => &[DOUBLE, U16("relative_time_ms")],
        (10, 2) | (11, 1) => &[OUTPUT],
        (11, 2) => &[OUTPUT, TIME],
        (12, 1 | 2) => CONTROL,
        (13, 1) => &[COMMAND],
        (13, 2) => &[COMMAND, TIME],
        (20..=23, _) => counter(group, variation)?,
        (30..=33, _) => analog(group, variation)?,
        (34, 1) => &[U16("deadband_value")],
        (34, 2) => &[U32("deadband_value")],
        (34, 3) => &[F32("deadband_value")],
        (40, 1) => &[ANALOG, I32("value")],
        (40, 2) => &[ANALOG, I16("value")],
        (40, 3) => &[ANALOG, F32("value")],
        (40, 4) => &[ANALOG, F64("value")],
        (41, 1) => &[I32("value"), U8("control_status")],
        (41, 2) => &[I16("value"), U8("control_status")],
        (41, 3) => &[F32("value"), U8("control_status")],
        (41, 4) => &[F64("value"), U8("control_status")],
        (42, _) => event(variation)?,
        (43, _) => analog_command(variation)?,
        (50, 1 | 3) | (51, 1 | 2) => &[TIME],
        (50, 2) => &[TIME, U32("interval")],
        (50, 4) => &[TIME, U32("interval_count"), U8("interval_units")],
        (52, 1 | 2) => &[U16("delay_ms")],
        (70, _) => file(variation)?,
        (81, 1) => &[U8("fill_percentage"), U8("group"), U8("variation")],
        (102, 1) => &[U8("value")],
        (120, 1) => &[U32("csq"), U16("usr"), U8("mal"), U8("reason"), Rest("challenge_data")],
        (120, 2) => &[U32("csq"), U16("usr"), Rest("mac_value")],
        (120, 3) => &[U32("csq"), U16("user_number")],
        (120, 4) => &[U16("user_number")],
        (121, 1) => &[ANALOG, U16("assoc_id"), U32("count_value")],
        (122, 1) => &[ANALOG, U16("assoc_id"), U32("count_value")],
        (122, 2) => &[ANALOG, U16("assoc_id"), U32("count_value"), TIME],
        _ => return None,
    })
}

fn counter(group: u8, variation: u8) -> Option<&'static [Field]> {
    Some(match (group, variation) {
        (20, 1 | 3) | (21, 1 | 3) | (22 | 23, 1 | 3) => &[COUNTER, U32("count")],
        (20, 2 | 4) | (21, 2 | 4) | (22 | 23, 2 | 4) => &[COUNTER, U16("count")],
        (21..=23, 5 | 7) => &[COUNTER, U32("count"), TIME],
        (21..=23, 6 | 8) => &[COUNTER, U16("count"), TIME],
        (20, 5 | 7) | (21, 9 | 11) => &[U32("count")],
        (20, 6 | 8) | (21, 10 | 12) => &[U16("count")],
        _ => return None,
    })
}

fn analog(group: u8, variation: u8) -> Option<&'static [Field]> {
    Some(match (group, variation) {
        (30 | 31, 1) => &[ANALOG, I32("value")],
        (30 | 31, 2) => &[ANALOG, I16("value")],
        (30, 3) | (31, 5) => &[I32("value")],
        (30, 4) | (31, 6) => &[I16("value")],
        (31, 3) => &[ANALOG, I32("value"), TIME],
        (31, 4) => &[ANALOG, I16("value"), TIME],
        (30, 5) | (31, 7) => &[ANALOG, F32("value")],
        (30, 6) | (31, 8) => &[ANALOG, F64("value")],
        (32 | 33, _) => event(variation)?,
        _ => return None,
    })
}

/// Events of analog values.
fn event(variation: u8) -> Option<&'static [Field]> {
    Some(match variation {
        1 => &[ANALOG, I32("value")],
        2 => &[ANALOG, I16("value")],
        3 => &[ANALOG, I32("value"), TIME],
        4 => &[ANALOG, I16("value"), TIME],
        5 => &[ANALOG, F32("value")],
        6 => &[ANALOG, F64("value")],
        7 => &[ANALOG, F32("value"), TIME],
        8 => &[ANALOG, F64("value"), TIME],
        _ => return None,
    })
}

fn analog_command(variation: u8) -> Option<&'static [Field]> {
    Some(match variation {
        1 => &[ANALOG_COMMAND, I32("commanded_value")],
        2 => &[ANALOG_COMMAND, I16("commanded_value")],
        3 => &[ANALOG_COMMAND, I32("commanded_value"), TIME],
        4 => &[ANALOG_COMMAND, I16("commanded_value"), TIME],
        5 => &[ANALOG_COMMAND, F32("commanded_value")],
        6 => &[ANALOG_COMMAND, F64("commanded_value")],
        7 => &[ANALOG_COMMAND, F32("commanded_value"), TIME],
        8 => &[ANALOG_COMMAND, F64("commanded_value"), TIME],
        _ => return None,
    })
}

fn file(variation: u8) -> Option<&'static [Field]> {
    Some(match variation {
        2 => &[
            U16("username_offset"),
            U16("username_size"),
            U16("password_offset"),
            U16("password_size"),
            U32("authentication_key"),
            Rest("username"),
        ],
        3 => &[
            U16("filename_offset"),
            U16("filename_size"),
            Time("created"),
            U16("permissions"),
            U32("authentication_key"),
            U32("file_size"),
            U16("operational_mode"),
            U16("maximum_block_size"),
            U16("request_id"),
            Rest("filename"),
        ],
        4 => &[
            U32("file_handle"),
            U32("file_size"),
            U16("maximum_block_size"),
            U16("request_id"),
            U8("status_code"),
            Rest("optional_text"),
        ],
        5 => &[U32("file_handle"), U32("block_number"), Rest("file_data")],
        6 => &[U32("file_handle"), U32("block_number"), U8("status_code"), Rest("optional_text")],
        7 => &[
            U16("filename_offset"),
            U16("filename_size"),
            U16("file_type"),
            U32("file_size"),
            Time("created_timestamp"),
            U16("permissions"),
            U16("request_id"),
            Rest("filename"),
        ],
        8 => &[Rest("file_specification")],
        _ => return None,
    })
}

/// Bits of each point of the kinds that are packed.
const fn packed((group, variation): (u8, u8)) -> Option<usize> {
    match (group, variation) {
        (1 | 10 | 80, 1) | (12, 3) => Some(1),
        (3, 1) => Some(2),
        _ => None,
    }
}

/// What stands before each point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prefix {
    None,
    Index(usize),
    Size(usize),
}

/// Reads the points of an object; `None` when the kind is not known or bytes are missing.
pub(super) fn read(r: &mut Reader<'_>, kind: (u8, u8), prefix: u8, (start, count): (u32, u32)) -> Option<Vec<Object>> {
    let count = usize::try_from(count).ok()?;
    if let Some(bits) = packed(kind) {
        return read_packed(r, kind, bits, (start, count));
    }
    let prefix = match prefix {
        1..=3 => Prefix::Index(1 << (prefix - 1)),
        4..=6 => Prefix::Size(1 << (prefix - 4)),
        _ => Prefix::None,
    };
    let mut points = Vec::new();
    // Classes of events have no content.
    if kind.0 == 60 {
        return Some(points);
    }
    for place in 0..count.min(r.left() + 1) {
        let point = point(r, kind, prefix, start.wrapping_add(u32::try_from(place).ok()?))?;
        if points.len() < DNP3_POINTS {
            points.push(point);
        }
    }
    Some(points)
}

fn read_packed(r: &mut Reader<'_>, kind: (u8, u8), bits: usize, (start, count): (u32, usize)) -> Option<Vec<Object>> {
    let bytes = r.take(count.checked_mul(bits)?.div_ceil(8))?;
    let name = if kind == (12, 3) { "point" } else { "state" };
    let mask = (1_u8 << bits) - 1;
    let state = |place: usize| bytes.get(place * bits / 8).map_or(0, |byte| byte >> (place * bits % 8) & mask);
    let points = (0..count.min(DNP3_POINTS)).map(|place| {
        let mut point = Object::new();
        put(&mut point, "prefix", 0);
        put(&mut point, "index", u64::from(start) + place as u64);
        put(&mut point, name, state(place));
        point
    });
    Some(points.collect())
}

fn point(r: &mut Reader<'_>, kind: (u8, u8), prefix: Prefix, place: u32) -> Option<Object> {
    let number = |r: &mut Reader<'_>, bytes: usize| match bytes {
        1 => r.u8().map(u32::from),
        2 => r.u16_le().map(u32::from),
        _ => r.u32_le(),
    };
    let mut point = Object::new();
    match prefix {
        Prefix::None => {
            put(&mut point, "prefix", 0);
            put(&mut point, "index", place);
        }
        Prefix::Index(bytes) => {
            let index = number(r, bytes)?;
            put(&mut point, "prefix", index);
            put(&mut point, "index", index);
        }
        Prefix::Size(bytes) => {
            let size = number(r, bytes)?;
            put(&mut point, "prefix", size);
            put(&mut point, "index", place);
            put(&mut point, "size", size);
            let mut inner = Reader::new(r.take(usize::try_from(size).ok()?)?);
            // Kinds that are not known are passed by.
            if let Some(fields) = fields(kind) {
                fill(&mut inner, fields, &mut point);
            }
            return Some(point);
        }
    }
    fill(r, fields(kind)?, &mut point)?;
    Some(point)
}

fn fill(r: &mut Reader<'_>, fields: &[Field], point: &mut Object) -> Option<()> {
    for field in fields {
        let (name, value): (&str, Value) = match field {
            Bits(parts) => {
                let mut byte = u16::from(r.u8()?);
                for (name, bits) in *parts {
                    put(point, name, byte & ((1 << bits) - 1));
                    byte >>= bits;
                }
                continue;
            }
            U8(name) => (name, r.u8()?.into()),
            U16(name) => (name, r.u16_le()?.into()),
            U32(name) => (name, r.u32_le()?.into()),
            Time(name) => {
                let (low, high) = (r.u32_le()?, r.u16_le()?);
                (name, (u64::from(high) << 32 | u64::from(low)).into())
            }
            I16(name) => (name, json!(r.u16_le()?.cast_signed())),
            I32(name) => (name, json!(r.u32_le()?.cast_signed())),
            F32(name) => (name, json!(f32::from_bits(r.u32_le()?))),
            F64(name) => (name, json!(f64::from_bits(r.u64_le()?))),
            Rest(name) => (name, eve_text(r.take_some(r.left())).into()),
        };
        put(point, name, value);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_blocks_packed_bits_and_files_are_taken_apart() {
        let block = [1, 0, 0x43, 1, 100, 0, 0, 0, 200, 0, 0, 0, 0];
        let points = read(&mut Reader::new(&block), (12, 1), 2, (0, 1)).expect("is known");
        let shown = |point: &Object, name: &str| point[name].as_u64();
        assert_eq!((shown(&points[0], "index"), shown(&points[0], "op_type")), (Some(1), Some(3)));
        assert_eq!((shown(&points[0], "tcc"), shown(&points[0], "offtime")), (Some(1), Some(200)));
        let points = read(&mut Reader::new(&[0b101]), (1, 1), 0, (4, 3)).expect("is known");
        assert_eq!(points.iter().map(|point| shown(point, "state")).collect::<Vec<_>>(), [Some(1), Some(0), Some(1)]);
        assert_eq!(shown(&points[2], "index"), Some(6));
        let status = [13, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 7, 0, 0];
        let points = read(&mut Reader::new(&status), (70, 4), 5, (0, 1)).expect("is known");
        assert_eq!((shown(&points[0], "size"), shown(&points[0], "maximum_block_size")), (Some(13), Some(512)));
        assert_eq!(points[0]["optional_text"], "");
        assert!(read(&mut Reader::new(&[1]), (200, 1), 0, (0, 1)).is_none());
    }
}
