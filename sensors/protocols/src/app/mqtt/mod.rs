//! MQTT 3.1, 3.1.1 and 5.0 (OASIS standards). Messages that answer each other share a transaction.

mod eve;
mod message;

use super::messages::{Cut, Messages};
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, Reading, TransportKind, Verdict};
use crate::{AppProtocol, Buffer, Direction, Transaction};
use message::{Body, Header, Message, kind};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Mqtt,
    transports: &[TransportKind::Tcp],
    ports: &[1883],
    probe,
    create: |_| Box::new(MqttParser::default()),
};

/// Messages of one connection that wait for an answer.
const OPEN_EXCHANGES: usize = 256;

/// CONNECT names its protocol; on MQTT's port any well-formed fixed header counts.
fn probe(probe: &Probe<'_>) -> Verdict {
    let Some(first) = probe.data.first() else { return Verdict::More };
    if *first == 0x10 && probe.direction == Direction::ToServer {
        return probe_connect(probe.data);
    }
    if !probe.port_matches {
        return Verdict::No;
    }
    match Header::parse(probe.data) {
        Ok(Some(header)) if header.qos < 3 && (1..=15).contains(&header.kind) => Verdict::Yes,
        Ok(None) => Verdict::More,
        _ => Verdict::No,
    }
}

fn probe_connect(data: &[u8]) -> Verdict {
    let header = match Header::parse(data) {
        Ok(Some(header)) => header,
        Ok(None) => return Verdict::More,
        Err(_) => return Verdict::No,
    };
    let name = &data[header.bytes..];
    let known: [&[u8]; 2] = [b"\x00\x04MQTT", b"\x00\x06MQIsdp"];
    if known.iter().any(|known| name.starts_with(known)) {
        return Verdict::Yes;
    }
    if known.iter().any(|known| known.starts_with(name)) { Verdict::More } else { Verdict::No }
}

#[derive(Default)]
struct MqttParser {
    sides: [Messages; 2],
    version: u8,
    connect_seen: bool,
    connected: bool,
    /// Transactions that wait: what opened them, message identifier, number.
    open: Vec<(Open, u16, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Connect,
    Publish,
    Subscribe,
    Unsubscribe,
    Ping,
}

impl AppParser for MqttParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        match input {
            Input::Data(data) => {
                self.sides[side].push(data);
                self.read(direction, context);
            }
            Input::Gap(length) => {
                self.sides[side].gap(length);
            }
            Input::End => {}
        }
    }

    fn reading(&self, direction: Direction) -> Reading {
        self.sides[usize::from(direction == Direction::ToClient)].reading()
    }
}

impl MqttParser {
    fn read(&mut self, direction: Direction, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        let limit = context.settings.mqtt.max_message_bytes;
        loop {
            let header = match Header::parse(self.sides[side].waiting()) {
                Ok(Some(header)) => header,
                Ok(None) => return,
                Err(_) => {
                    context.anomaly(None, direction, "mqtt.malformed_traffic");
                    return self.sides[side].lose();
                }
            };
            if header.length > limit {
                self.sides[side].pass(header.bytes + header.length);
                self.take(direction, Message::truncated(header), context);
                continue;
            }
            let total = header.bytes + header.length;
            let cut = |bytes: &[u8]| if bytes.len() < total { Cut::More } else { Cut::Message(total) };
            let Some(bytes) = self.sides[side].next(cut) else { return };
            let id = match Message::parse(header, bytes.get(header.bytes..).unwrap_or_default(), self.version) {
                Some(message) => Some(self.take(direction, message, context)),
                None => {
                    context.anomaly(None, direction, "mqtt.malformed_traffic");
                    None
                }
            };
            let names = ["pdu", "header", "data"];
            context.unit(id, direction, (AppProtocol::Mqtt, names), (&bytes, header.bytes));
        }
    }

    fn take(&mut self, direction: Direction, message: Message, context: &mut Context<'_>) -> u64 {
        let mut events = Vec::new();
        let header = message.header;
        let id = self.place(&message, context, &mut events);
        if header.qos == 3 && header.kind == kind::PUBLISH {
            events.push("mqtt.invalid_qos_level");
        }
        let settings = context.settings.mqtt.clone();
        context.update(id, |tx| {
            let way = *tx.only.get_or_insert(direction);
            fill(tx, way, &message, self.version);
            eve::add(&mut tx.eve, &message, &settings);
        });
        for event in events {
            context.anomaly(Some(id), direction, event);
        }
        if !is_open(&message) {
            self.open.retain(|open| open.2 != id);
            context.update(id, |tx| (tx.request_complete, tx.response_complete) = (true, true));
        }
        context.progress(id, direction);
        id
    }

    /// The transaction a message belongs to: that of what it answers, or a new one.
    fn place(&mut self, message: &Message, context: &mut Context<'_>, events: &mut Vec<&'static str>) -> u64 {
        let id = message.id().unwrap_or(0);
        if message.is_truncated() {
            return context.open(AppProtocol::Mqtt);
        }
        let introduced = self.connected || matches!(message.header.kind, kind::CONNECT | kind::CONNACK | kind::AUTH);
        let answered = match message.header.kind {
            kind::CONNECT => {
                if let Body::Connect(connect) = &message.body {
                    self.version = connect.version;
                }
                if std::mem::replace(&mut self.connect_seen, true) {
                    events.push("mqtt.double_connect");
                }
                return self.begin(Open::Connect, 0, context);
            }
            kind::CONNACK => {
                self.connected = true;
                Some((Open::Connect, "mqtt.missing_connect"))
            }
            kind::PUBACK | kind::PUBREC | kind::PUBREL | kind::PUBCOMP => Some((Open::Publish, "mqtt.missing_publish")),
            kind::SUBACK => Some((Open::Subscribe, "mqtt.missing_subscribe")),
            kind::UNSUBACK => Some((Open::Unsubscribe, "mqtt.missing_unsubscribe")),
            kind::PINGRESP => Some((Open::Ping, "")),
            _ => None,
        };
        if !introduced {
            events.push("mqtt.unintroduced_message");
        }
        if matches!(message.body, Body::Unassigned) {
            events.push("mqtt.unassigned_msg_type");
        }
        if let Some((kind, missing)) = answered {
            if let Some(open) = self.open.iter().find(|open| open.0 == kind && open.1 == id) {
                return open.2;
            }
            if !missing.is_empty() {
                events.push(missing);
            }
            return context.open(AppProtocol::Mqtt);
        }
        match message.header.kind {
            kind::PUBLISH if is_open(message) => self.begin(Open::Publish, id, context),
            kind::SUBSCRIBE => self.begin(Open::Subscribe, id, context),
            kind::UNSUBSCRIBE => self.begin(Open::Unsubscribe, id, context),
            kind::PINGREQ => self.begin(Open::Ping, 0, context),
            _ => context.open(AppProtocol::Mqtt),
        }
    }

    fn begin(&mut self, kind: Open, id: u16, context: &mut Context<'_>) -> u64 {
        let tx = context.open(AppProtocol::Mqtt);
        if self.open.len() >= OPEN_EXCHANGES {
            let oldest = self.open.remove(0);
            context.update(oldest.2, |tx| (tx.request_complete, tx.response_complete) = (true, true));
            context.anomaly(Some(oldest.2), Direction::ToServer, "mqtt.too_many_transactions");
        }
        self.open.push((kind, id, tx));
        tx
    }
}

/// Whether more of the exchange follows a message.
const fn is_open(message: &Message) -> bool {
    match message.header.kind {
        _ if message.is_truncated() => false,
        kind::PUBLISH => message.header.qos == 1 || message.header.qos == 2,
        kind::CONNECT | kind::SUBSCRIBE | kind::UNSUBSCRIBE | kind::PINGREQ | kind::PUBREC | kind::PUBREL => true,
        _ => false,
    }
}

fn fill(tx: &mut Transaction, direction: Direction, message: &Message, version: u8) {
    let header = &message.header;
    let facts = &mut tx.facts;
    facts.number("mqtt.type", header.kind);
    facts.number("mqtt.qos", header.qos);
    facts.number("mqtt.flags", u64::from(header.retain) | u64::from(header.dup) << 3);
    facts.number("mqtt.protocol_version", version);
    let mut set = |buffer, value: &[u8]| tx.buffers.set(direction, buffer, value);
    match &message.body {
        Body::Connect(connect) => {
            set(Buffer::MqttConnectProtocolString, &connect.protocol);
            set(Buffer::MqttConnectClientId, &connect.client_id);
            let optional = [
                (Buffer::MqttConnectUsername, &connect.username),
                (Buffer::MqttConnectPassword, &connect.password),
                (Buffer::MqttConnectWillTopic, &connect.will_topic),
                (Buffer::MqttConnectWillMessage, &connect.will_message),
            ];
            for (buffer, value) in optional {
                if let Some(value) = value {
                    set(buffer, value);
                }
            }
            tx.facts.number("mqtt.connect.flags", connect.flags);
        }
        Body::Connack { session_present, code, .. } => {
            tx.facts.number("mqtt.connack.session_present", *session_present);
            tx.facts.number("mqtt.reason_code", *code);
        }
        Body::Publish { topic, message, .. } => {
            set(Buffer::MqttPublishTopic, topic);
            set(Buffer::MqttPublishMessage, message);
        }
        Body::Reason { code: Some(code), .. } => tx.facts.number("mqtt.reason_code", *code),
        Body::Topics { topics, .. } => {
            let subscribes = header.kind == kind::SUBSCRIBE;
            let buffer = if subscribes { Buffer::MqttSubscribeTopic } else { Buffer::MqttUnsubscribeTopic };
            topics.iter().for_each(|(topic, _)| set(buffer, topic));
        }
        Body::Codes { codes, .. } => codes.iter().for_each(|code| tx.facts.number("mqtt.reason_code", *code)),
        _ => {}
    }
}
