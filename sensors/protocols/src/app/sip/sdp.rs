//! Session descriptions (RFC 8866).

use serde_json::Value;

use crate::app::text::{Object, eve_text, put, trim};
use crate::limits::SIP_HEADERS;
use crate::{Buffer, Direction, Transaction};

/// Lines of the session that stand alone: letter, key, buffer.
const SINGLE: [(u8, &str, Buffer); 9] = [
    (b'o', "origin", Buffer::SdpOrigin),
    (b's', "session_name", Buffer::SdpSessionName),
    (b'i', "session_info", Buffer::SdpSessionInfo),
    (b'u', "uri", Buffer::SdpUri),
    (b'e', "email", Buffer::SdpEmail),
    (b'p', "phone_number", Buffer::SdpPhoneNumber),
    (b'c', "connection_data", Buffer::SdpConnectionData),
    (b'z', "timezone", Buffer::SdpTimezone),
    (b'k', "encryption_key", Buffer::SdpEncryptionKey),
];

#[derive(Default)]
struct Description {
    session: Object,
    bandwidths: Vec<Value>,
    attributes: Vec<Value>,
    times: Vec<Object>,
    media: Vec<Medium>,
}

#[derive(Default)]
struct Medium {
    fields: Object,
    bandwidths: Vec<Value>,
    attributes: Vec<Value>,
}

pub(super) fn read(tx: &mut Transaction, way: Direction, body: &[u8]) {
    let mut description = Description::default();
    for line in body.split(|byte| *byte == b'\n').take(SIP_HEADERS) {
        if let [letter, b'=', value @ ..] = line {
            description.line(*letter, trim(value), tx, way);
        }
    }
    put(&mut tx.eve, "sdp", description.finish());
}

impl Description {
    fn line(&mut self, letter: u8, value: &[u8], tx: &mut Transaction, way: Direction) {
        let mut set = |buffer| tx.buffers.set(way, buffer, value);
        let text = || Value::from(eve_text(value));
        if letter == b'm' {
            set(Buffer::SdpMediaMedia);
            let mut medium = Medium::default();
            put(&mut medium.fields, "media", text());
            return self.media.push(medium);
        }
        if let Some(medium) = self.media.last_mut() {
            return medium.line(letter, &text(), &mut set);
        }
        match letter {
            b'b' => {
                set(Buffer::SdpBandwidth);
                self.bandwidths.push(text());
            }
            b'a' => {
                set(Buffer::SdpAttribute);
                self.attributes.push(text());
            }
            b't' => {
                set(Buffer::SdpTime);
                let mut time = Object::new();
                put(&mut time, "time", text());
                self.times.push(time);
            }
            b'r' => {
                set(Buffer::SdpRepeatTime);
                if let Some(time) = self.times.last_mut() {
                    put(time, "repeat_time", text());
                }
            }
            _ => {
                if let Some((_, key, buffer)) = SINGLE.iter().find(|single| single.0 == letter) {
                    set(*buffer);
                    put(&mut self.session, key, text());
                }
            }
        }
    }

    fn finish(self) -> Object {
        let mut object = self.session;
        let media = self.media.into_iter().map(Medium::finish).collect::<Vec<_>>();
        let times = self.times.into_iter().map(Value::from).collect();
        for (key, list) in [
            ("bandwidths", self.bandwidths),
            ("time_descriptions", times),
            ("attributes", self.attributes),
            ("media_descriptions", media),
        ] {
            if !list.is_empty() {
                put(&mut object, key, list);
            }
        }
        object
    }
}

impl Medium {
    fn line(&mut self, letter: u8, text: &Value, set: &mut dyn FnMut(Buffer)) {
        let (key, buffer) = match letter {
            b'i' => ("media_info", Buffer::SdpMediaSessionInfo),
            b'c' => ("connection_data", Buffer::SdpMediaConnectionData),
            b'k' => ("encryption_key", Buffer::SdpMediaEncryptionKey),
            b'b' => return self.bandwidths.push(text.clone()),
            b'a' => {
                set(Buffer::SdpAttribute);
                return self.attributes.push(text.clone());
            }
            _ => return,
        };
        set(buffer);
        put(&mut self.fields, key, text.clone());
    }

    fn finish(self) -> Value {
        let mut object = self.fields;
        for (key, list) in [("bandwidths", self.bandwidths), ("attributes", self.attributes)] {
            if !list.is_empty() {
                put(&mut object, key, list);
            }
        }
        object.into()
    }
}
