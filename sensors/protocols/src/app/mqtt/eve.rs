//! The `mqtt` object of EVE.

use serde_json::{Value, json};

use super::message::{Body, Connect, Message, kind};
use crate::app::MqttSettings;
use crate::app::text::{Object, eve_text, object, put, put_some};

/// Adds a message to the record of its transaction.
pub(super) fn add(eve: &mut Object, message: &Message, settings: &MqttSettings) {
    let eve_text = |bytes: &[u8]| limited(bytes, settings.log_bytes);
    let header = &message.header;
    let mut entry = object(json!({"qos": header.qos, "retain": header.retain, "dup": header.dup}));
    match &message.body {
        Body::Connect(message) => connect(&mut entry, message, settings),
        Body::Connack { session_present, code, properties } => {
            put(&mut entry, "session_present", *session_present);
            put(&mut entry, "return_code", *code);
            put_some(&mut entry, "properties", properties.clone());
        }
        Body::Publish { topic, id, message, properties } => {
            put(&mut entry, "topic", eve_text(topic));
            put_some(&mut entry, "message_id", *id);
            put(&mut entry, "message", eve_text(message));
            put_some(&mut entry, "properties", properties.clone());
        }
        Body::Reason { id, code, properties } => {
            put_some(&mut entry, "message_id", *id);
            put_some(&mut entry, "reason_code", *code);
            put_some(&mut entry, "properties", properties.clone());
        }
        Body::Topics { id, topics, properties } => {
            put(&mut entry, "message_id", *id);
            let subscribes = header.kind == kind::SUBSCRIBE;
            let topics = topics.iter().map(|(topic, qos)| match subscribes {
                true => json!({"topic": eve_text(topic), "qos": qos}),
                false => eve_text(topic).into(),
            });
            put(&mut entry, "topics", topics.collect::<Vec<Value>>());
            put_some(&mut entry, "properties", properties.clone());
        }
        Body::Codes { id, codes, properties } => {
            put(&mut entry, "message_id", *id);
            let name = if header.kind == kind::SUBACK { "qos_granted" } else { "reason_codes" };
            if header.kind == kind::SUBACK || !codes.is_empty() {
                put(&mut entry, name, codes.clone());
            }
            put_some(&mut entry, "properties", properties.clone());
        }
        Body::Truncated(skipped) => {
            entry.clear();
            put(&mut entry, "qos", header.qos);
            put(&mut entry, "retain", header.retain);
            put(&mut entry, "dup", header.dup);
            put(&mut entry, "truncated", true);
            put(&mut entry, "skipped_length", *skipped);
        }
        Body::Empty | Body::Unassigned => {}
    }
    put(eve, name(header.kind), entry);
}

/// A text, cut with a note when it is longer than a record may carry.
fn limited(bytes: &[u8], limit: usize) -> String {
    match bytes.get(limit..) {
        Some(rest) if !rest.is_empty() => {
            format!("{}[truncated {} additional bytes]", eve_text(&bytes[..limit]), rest.len())
        }
        _ => eve_text(bytes),
    }
}

fn connect(entry: &mut Object, message: &Connect, settings: &MqttSettings) {
    let eve_text = |bytes: &[u8]| limited(bytes, settings.log_bytes);
    let has = |bit: u8| message.flags & bit != 0;
    put(entry, "protocol_string", eve_text(&message.protocol));
    put(entry, "protocol_version", message.version);
    put(
        entry,
        "flags",
        json!({
            "username": has(0x80),
            "password": has(0x40),
            "will_retain": has(0x20),
            "will": has(0x04),
            "clean_session": has(0x02),
        }),
    );
    put(entry, "client_id", eve_text(&message.client_id));
    if let (Some(topic), Some(text)) = (&message.will_topic, &message.will_message) {
        let mut will = Object::new();
        put(&mut will, "topic", eve_text(topic));
        put(&mut will, "message", eve_text(text));
        put_some(&mut will, "properties", message.will_properties.clone());
        put(entry, "will", will);
    }
    put_some(entry, "username", message.username.as_deref().map(eve_text));
    if settings.passwords {
        put_some(entry, "password", message.password.as_deref().map(eve_text));
    }
    put_some(entry, "properties", message.properties.clone());
}

const fn name(number: u8) -> &'static str {
    match number {
        kind::CONNECT => "connect",
        kind::CONNACK => "connack",
        kind::PUBLISH => "publish",
        kind::PUBACK => "puback",
        kind::PUBREC => "pubrec",
        kind::PUBREL => "pubrel",
        kind::PUBCOMP => "pubcomp",
        kind::SUBSCRIBE => "subscribe",
        kind::SUBACK => "suback",
        kind::UNSUBSCRIBE => "unsubscribe",
        kind::UNSUBACK => "unsuback",
        kind::PINGREQ => "pingreq",
        kind::PINGRESP => "pingresp",
        kind::DISCONNECT => "disconnect",
        kind::AUTH => "auth",
        _ => "unassigned",
    }
}
