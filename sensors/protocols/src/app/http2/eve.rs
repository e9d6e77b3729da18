//! The `http2` object inside EVE's `http`.

use serde_json::{Value, json};

use super::kind;
use crate::app::reader::Reader;
use crate::app::text::{Object, put};
use crate::{Direction, Transaction};

/// Settings of one frame that are told.
const SETTINGS: usize = 64;

/// The object of one direction below `http2`.
pub(super) fn side(tx: &mut Transaction, stream: u32, direction: Direction) -> Option<&mut Object> {
    let http2 = tx.eve.entry("http2").or_insert_with(|| json!({"stream_id": stream, "request": {}, "response": {}}));
    let key = if direction == Direction::ToServer { "request" } else { "response" };
    http2.get_mut(key)?.as_object_mut()
}

/// A frame of the connection as a whole.
pub(super) fn connection(tx: &mut Transaction, direction: Direction, frame: u8, mut r: Reader<'_>) {
    put(&mut tx.eve, "version", "2");
    match frame {
        kind::SETTINGS => {
            let mut settings: Vec<Value> = Vec::new();
            while let (Some(id), Some(value)) = (r.u16(), r.u32())
                && settings.len() < SETTINGS
            {
                tx.facts.bytes("http2.settings", [&id.to_be_bytes()[..], &value.to_be_bytes()].concat());
                settings.push(json!({"settings_id": setting_name(id), "settings_value": value}));
            }
            // An acknowledgement holds none.
            tx.untold = settings.is_empty();
            if let Some(object) = side(tx, 0, direction).filter(|_| !settings.is_empty()) {
                put(object, "settings", settings);
            }
        }
        kind::GOAWAY => {
            if let (Some(_last), Some(code)) = (r.u32(), r.u32()) {
                error(tx, 0, direction, code);
            }
        }
        _ => {
            if let Some(size) = r.u32() {
                tx.facts.number("http2.window", size & 0x7fff_ffff);
                side(tx, 0, direction);
            }
            tx.untold = true;
        }
    }
}

pub(super) fn error(tx: &mut Transaction, stream: u32, direction: Direction, code: u32) {
    tx.facts.number("http2.errorcode", code);
    if let Some(object) = side(tx, stream, direction) {
        put(object, "error_code", error_name(code));
    }
}

fn setting_name(id: u16) -> String {
    let name = match id {
        1 => "SETTINGSHEADERTABLESIZE",
        2 => "SETTINGSENABLEPUSH",
        3 => "SETTINGSMAXCONCURRENTSTREAMS",
        4 => "SETTINGSINITIALWINDOWSIZE",
        5 => "SETTINGSMAXFRAMESIZE",
        6 => "SETTINGSMAXHEADERLISTSIZE",
        other => return format!("SETTINGSUNKNOWN({other})"),
    };
    name.to_owned()
}

fn error_name(code: u32) -> String {
    const NAMES: [&str; 14] = [
        "NOERROR",
        "PROTOCOLERROR",
        "INTERNALERROR",
        "FLOWCONTROLERROR",
        "SETTINGSTIMEOUT",
        "STREAMCLOSED",
        "FRAMESIZEERROR",
        "REFUSEDSTREAM",
        "CANCEL",
        "COMPRESSIONERROR",
        "CONNECTERROR",
        "ENHANCEYOURCALM",
        "INADEQUATESECURITY",
        "HTTP11REQUIRED",
    ];
    let name = usize::try_from(code).ok().and_then(|code| NAMES.get(code));
    name.map_or_else(|| code.to_string(), |name| (*name).to_owned())
}
