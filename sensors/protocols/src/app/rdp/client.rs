//! What a client says of itself when it connects (MS-RDPBCGR 2.2.1.3).

use serde_json::{Value, json};

use super::names;
use crate::app::reader::Reader;
use crate::app::text::{Object, eve_text, object, put, put_some};

/// Before the client's data stands this key (T.124).
const KEY: &[u8] = b"Duca";
const CORE: u16 = 0xc001;
const NETWORK: u16 = 0xc003;
/// Channels that are told; the protocol allows 31.
const CHANNELS: usize = 31;

/// The record of a request to connect.
pub(super) fn record(data: &[u8]) -> Object {
    let mut eve = object(json!({"event_type": "connect_request"}));
    let Some(start) = memchr::memmem::find(data, KEY) else { return eve };
    let mut r = Reader::new(&data[start + KEY.len()..]);
    // The length of what follows, in one byte or two.
    if r.u8().is_some_and(|length| length & 0x80 != 0) {
        r.u8();
    }
    while let (Some(kind), Some(length)) = (r.u16_le(), r.u16_le()) {
        let block = r.take_some(usize::from(length).saturating_sub(4));
        match kind {
            CORE => put(&mut eve, "client", core(Reader::new(block))),
            NETWORK => {
                let channels = channels(Reader::new(block));
                if !channels.is_empty() {
                    put(&mut eve, "channels", channels);
                }
            }
            _ => {}
        }
        if block.is_empty() {
            break;
        }
    }
    eve
}

fn channels(mut r: Reader<'_>) -> Vec<String> {
    let count = r.u32_le().and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    let name = |bytes: &[u8]| eve_text(bytes.split(|byte| *byte == 0).next().unwrap_or_default());
    (0..count.min(CHANNELS)).map_while(|_| Some((r.take(8)?, r.u32_le()?))).map(|(bytes, _)| name(bytes)).collect()
}

fn core(mut r: Reader<'_>) -> Object {
    let mut eve = Object::new();
    required(&mut r, &mut eve);
    optional(&mut r, &mut eve);
    eve
}

/// What every client tells.
fn required(r: &mut Reader<'_>, eve: &mut Object) -> Option<()> {
    put(eve, "version", names::version(r.u32_le()?));
    put(eve, "desktop_width", r.u16_le()?);
    put(eve, "desktop_height", r.u16_le()?);
    let depth = r.u16_le()?;
    put_some(
        eve,
        "color_depth",
        match depth {
            0xca00 => Some(4),
            0xca01 => Some(8),
            _ => None,
        },
    );
    r.u16_le()?;
    put(eve, "keyboard_layout", names::layout(r.u32_le()?));
    put(eve, "build", names::build(r.u32_le()?));
    put_text(eve, "client_name", r.take(32)?);
    put_some(eve, "keyboard_type", names::keyboard(r.u32_le()?));
    put_number(eve, "keyboard_subtype", r.u32_le()?);
    put_number(eve, "function_keys", r.u32_le()?);
    put_text(eve, "ime", r.take(64)?);
    Some(())
}

/// What later versions add; each field is there only with those before it.
fn optional(r: &mut Reader<'_>, eve: &mut Object) -> Option<()> {
    put_some(
        eve,
        "color_depth",
        match r.u16_le()? {
            0xca00 => Some(4),
            0xca01 => Some(8),
            0xca02 => Some(15),
            0xca03 => Some(16),
            0xca04 => Some(24),
            _ => None,
        },
    );
    put_number(eve, "product_id", r.u16_le()?.into());
    put_number(eve, "serial_number", r.u32_le()?);
    let depth = r.u16_le()?;
    if matches!(depth, 4 | 8 | 15 | 16 | 24) {
        put(eve, "color_depth", depth);
    }
    r.u16_le()?;
    let flags = r.u16_le()?;
    if flags & 2 != 0 {
        put(eve, "color_depth", 32);
    }
    let capabilities = names::capabilities(flags);
    if !capabilities.is_empty() {
        put(eve, "capabilities", capabilities);
    }
    put_text(eve, "id", r.take(64)?);
    put_some(eve, "connection_hint", names::connection(r.u8()?));
    r.u8()?;
    r.u32_le()?;
    for name in ["physical_width", "physical_height"] {
        put_number(eve, name, r.u32_le()?);
    }
    put_number(eve, "desktop_orientation", r.u16_le()?.into());
    for name in ["scale_factor", "device_scale_factor"] {
        put_number(eve, name, r.u32_le()?);
    }
    Some(())
}

fn put_number(eve: &mut Object, name: &str, number: u32) {
    put_some(eve, name, (number != 0).then_some(number));
}

/// Text of 16 bit units up to a zero.
fn put_text(eve: &mut Object, name: &str, bytes: &[u8]) {
    let units = bytes.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]])).take_while(|unit| *unit != 0);
    let text = String::from_utf16_lossy(&units.collect::<Vec<_>>());
    if !text.is_empty() {
        put(eve, name, Value::String(text));
    }
}
