//! Control packets (MQTT 5.0, chapters 2 and 3).

use serde_json::Value;

use crate::app::reader::Reader;
use crate::app::text::{Object, eve_text, put};

/// Types of control packets.
pub(super) mod kind {
    pub(crate) const CONNECT: u8 = 1;
    pub(crate) const CONNACK: u8 = 2;
    pub(crate) const PUBLISH: u8 = 3;
    pub(crate) const PUBACK: u8 = 4;
    pub(crate) const PUBREC: u8 = 5;
    pub(crate) const PUBREL: u8 = 6;
    pub(crate) const PUBCOMP: u8 = 7;
    pub(crate) const SUBSCRIBE: u8 = 8;
    pub(crate) const SUBACK: u8 = 9;
    pub(crate) const UNSUBSCRIBE: u8 = 10;
    pub(crate) const UNSUBACK: u8 = 11;
    pub(crate) const PINGREQ: u8 = 12;
    pub(crate) const PINGRESP: u8 = 13;
    pub(crate) const DISCONNECT: u8 = 14;
    pub(crate) const AUTH: u8 = 15;
}

/// Entries of one list of a message that are kept.
const LIST_ENTRIES: usize = 256;

/// The fixed header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) kind: u8,
    pub(super) dup: bool,
    pub(super) qos: u8,
    pub(super) retain: bool,
    /// Bytes behind the header.
    pub(super) length: usize,
    /// Bytes of the header.
    pub(super) bytes: usize,
}

/// A length that is no length.
#[derive(Debug)]
pub(super) struct Malformed;

impl Header {
    /// Reads a header; `None` when bytes are missing.
    pub(super) fn parse(data: &[u8]) -> Result<Option<Self>, Malformed> {
        let mut reader = Reader::new(data);
        let Some(first) = reader.u8() else { return Ok(None) };
        let mut length = 0_usize;
        for index in 0..4 {
            let Some(byte) = reader.u8() else { return Ok(None) };
            length |= usize::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                let (dup, retain) = (first & 8 != 0, first & 1 != 0);
                let (kind, qos, bytes) = (first >> 4, first >> 1 & 3, reader.position());
                return Ok(Some(Self { kind, dup, qos, retain, length, bytes }));
            }
        }
        Err(Malformed)
    }
}

/// A control packet.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) header: Header,
    pub(super) body: Body,
}

/// What follows the fixed header, by form.
#[derive(Debug)]
pub(super) enum Body {
    Connect(Box<Connect>),
    Connack {
        session_present: bool,
        code: u8,
        properties: Option<Object>,
    },
    Publish {
        topic: Vec<u8>,
        id: Option<u16>,
        message: Vec<u8>,
        properties: Option<Object>,
    },
    /// PUBACK and its kin, DISCONNECT, AUTH.
    Reason {
        id: Option<u16>,
        code: Option<u8>,
        properties: Option<Object>,
    },
    /// SUBSCRIBE with the quality asked for, UNSUBSCRIBE.
    Topics {
        id: u16,
        topics: Vec<(Vec<u8>, u8)>,
        properties: Option<Object>,
    },
    /// SUBACK, UNSUBACK.
    Codes {
        id: u16,
        codes: Vec<u8>,
        properties: Option<Object>,
    },
    Empty,
    /// A type that is not assigned.
    Unassigned,
    /// Longer than the limit.
    Truncated(usize),
}

/// CONNECT.
#[derive(Debug, Default)]
pub(super) struct Connect {
    pub(super) protocol: Vec<u8>,
    pub(super) version: u8,
    pub(super) flags: u8,
    pub(super) client_id: Vec<u8>,
    pub(super) will_topic: Option<Vec<u8>>,
    pub(super) will_message: Option<Vec<u8>>,
    pub(super) will_properties: Option<Object>,
    pub(super) username: Option<Vec<u8>>,
    pub(super) password: Option<Vec<u8>>,
    pub(super) properties: Option<Object>,
}

impl Message {
    pub(super) const fn truncated(header: Header) -> Self {
        Self { header, body: Body::Truncated(header.length + header.bytes) }
    }

    pub(super) const fn is_truncated(&self) -> bool {
        matches!(self.body, Body::Truncated(_))
    }

    /// The message identifier.
    pub(super) const fn id(&self) -> Option<u16> {
        match self.body {
            Body::Publish { id, .. } | Body::Reason { id, .. } => id,
            Body::Topics { id, .. } | Body::Codes { id, .. } => Some(id),
            _ => None,
        }
    }

    /// Reads what follows the header.
    pub(super) fn parse(header: Header, data: &[u8], version: u8) -> Option<Self> {
        let mut reader = Reader::new(data);
        let r = &mut reader;
        let body = match header.kind {
            kind::CONNECT => Body::Connect(Box::new(Connect::parse(r)?)),
            kind::CONNACK => {
                let (flags, code) = (r.u8()?, r.u8()?);
                Body::Connack { session_present: flags & 1 != 0, code, properties: properties(r, version)? }
            }
            kind::PUBLISH => {
                let topic = r.short()?.to_vec();
                let id = if header.qos > 0 { Some(r.u16()?) } else { None };
                let properties = properties(r, version)?;
                Body::Publish { topic, id, message: r.rest().to_vec(), properties }
            }
            kind::PUBACK | kind::PUBREC | kind::PUBREL | kind::PUBCOMP => {
                let id = Some(r.u16()?);
                reason(r, id, version)?
            }
            kind::DISCONNECT | kind::AUTH => reason(r, None, version)?,
            kind::SUBSCRIBE | kind::UNSUBSCRIBE => {
                let (id, properties) = (r.u16()?, properties(r, version)?);
                Body::Topics { id, topics: topics(r, header.kind == kind::SUBSCRIBE)?, properties }
            }
            kind::SUBACK | kind::UNSUBACK => {
                let (id, properties) = (r.u16()?, properties(r, version)?);
                Body::Codes { id, codes: r.take_some(LIST_ENTRIES).to_vec(), properties }
            }
            kind::PINGREQ | kind::PINGRESP => Body::Empty,
            _ => Body::Unassigned,
        };
        Some(Self { header, body })
    }
}

impl Connect {
    fn parse(r: &mut Reader<'_>) -> Option<Self> {
        let protocol = r.short()?.to_vec();
        let (version, flags, _keep_alive) = (r.u8()?, r.u8()?, r.u16()?);
        let mut connect = Self { protocol, version, flags, ..Self::default() };
        connect.properties = properties(r, version)?;
        connect.client_id = r.short()?.to_vec();
        if flags & 0x04 != 0 {
            connect.will_properties = properties(r, version)?;
            connect.will_topic = Some(r.short()?.to_vec());
            connect.will_message = Some(r.short()?.to_vec());
        }
        if flags & 0x80 != 0 {
            connect.username = Some(r.short()?.to_vec());
        }
        if flags & 0x40 != 0 {
            connect.password = Some(r.short()?.to_vec());
        }
        Some(connect)
    }
}

fn reason(r: &mut Reader<'_>, id: Option<u16>, version: u8) -> Option<Body> {
    if version < 5 {
        return Some(Body::Reason { id, code: None, properties: None });
    }
    // A code that is left out is 0 (MQTT 5.0, 3.4.2.1 and 3.14.2.1).
    let code = Some(r.u8().unwrap_or(0));
    let properties = if r.is_empty() { None } else { properties(r, version)? };
    Some(Body::Reason { id, code, properties })
}

fn topics(r: &mut Reader<'_>, with_options: bool) -> Option<Vec<(Vec<u8>, u8)>> {
    let mut topics = Vec::new();
    while !r.is_empty() {
        let topic = r.short()?.to_vec();
        let options = if with_options { r.u8()? & 3 } else { 0 };
        if topics.len() < LIST_ENTRIES {
            topics.push((topic, options));
        }
    }
    Some(topics)
}

/// The properties of version 5 by EVE's names; `Some(None)` when there are none.
#[allow(clippy::option_option)]
fn properties(r: &mut Reader<'_>, version: u8) -> Option<Option<Object>> {
    if version < 5 {
        return Some(None);
    }
    let length = variable(r)?;
    let mut reader = Reader::new(r.take(usize::try_from(length).ok()?)?);
    let mut object = Object::new();
    while !reader.is_empty() && object.len() < LIST_ENTRIES {
        property(&mut reader, &mut object)?;
    }
    Some(if object.is_empty() { None } else { Some(object) })
}

fn variable(r: &mut Reader<'_>) -> Option<u32> {
    let mut value = 0;
    for index in 0..4 {
        let byte = r.u8()?;
        value |= u32::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// One property (MQTT 5.0, 2.2.2.2).
fn property(r: &mut Reader<'_>, object: &mut Object) -> Option<()> {
    let text = |r: &mut Reader<'_>| -> Option<Value> { Some(eve_text(r.short()?).into()) };
    let byte = |r: &mut Reader<'_>| -> Option<Value> { Some(r.u8()?.into()) };
    let two = |r: &mut Reader<'_>| -> Option<Value> { Some(r.u16()?.into()) };
    let four = |r: &mut Reader<'_>| -> Option<Value> { Some(r.u32()?.into()) };
    let (name, value) = match variable(r)? {
        1 => ("payload_format_indicator", byte(r)?),
        2 => ("message_expiry_interval", four(r)?),
        3 => ("content_type", text(r)?),
        8 => ("response_topic", text(r)?),
        9 => ("correlation_data", text(r)?),
        11 => ("subscription_identifier", variable(r)?.into()),
        17 => ("session_expiry_interval", four(r)?),
        18 => ("assigned_client_identifier", text(r)?),
        19 => ("server_keep_alive", two(r)?),
        21 => ("authentication_method", text(r)?),
        22 => ("authentication_data", text(r)?),
        23 => ("request_problem_information", byte(r)?),
        24 => ("will_delay_interval", four(r)?),
        25 => ("request_response_information", byte(r)?),
        26 => ("response_information", text(r)?),
        28 => ("server_reference", text(r)?),
        31 => ("reason_string", text(r)?),
        33 => ("receive_maximum", two(r)?),
        34 => ("topic_alias_maximum", two(r)?),
        35 => ("topic_alias", two(r)?),
        36 => ("maximum_qos", byte(r)?),
        37 => ("retain_available", byte(r)?),
        38 => {
            let name = eve_text(r.short()?);
            let value = text(r)?;
            put(object, &name, value);
            return Some(());
        }
        39 => ("maximum_packet_size", four(r)?),
        40 => ("wildcard_subscription_available", byte(r)?),
        41 => ("subscription_identifiers_available", byte(r)?),
        42 => ("shared_subscription_available", byte(r)?),
        _ => return None,
    };
    put(object, name, value);
    Some(())
}
