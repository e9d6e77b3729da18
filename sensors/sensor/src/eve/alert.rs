//! Alert and drop records.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fengsui_protocols::{Direction, Transaction};
use fengsui_signatures::{Action, Match, RuleInfo, Target};
use serde_json::{Map, Value, json};

use super::flow::{add_app_protocol, counts_and_sides};
use super::header::{Header, add_flow_extras, address_text};
use super::packet_info::PacketInfo;
use super::transaction::transaction_objects;
use crate::flow::Flow;
use crate::limits::ALERT_PAYLOAD_BYTES;
use crate::settings::SensorSettings;

/// What an alert record is made of.
pub(crate) struct AlertInput<'a> {
    pub(crate) settings: &'a SensorSettings,
    pub(crate) info: &'a PacketInfo<'a>,
    pub(crate) flow: Option<&'a Flow>,
    pub(crate) direction: Option<Direction>,
    pub(crate) transaction: Option<&'a Transaction>,
    /// Stream bytes the rule looked at, when it looked at a stream.
    pub(crate) stream: Option<&'a [u8]>,
    /// Whether the packet was blocked.
    pub(crate) blocked: bool,
    /// Name of the capture of the flow below the evidence folder.
    pub(crate) capture: Option<String>,
}

/// The record of a rule that fired.
pub(crate) fn alert_record(input: &AlertInput<'_>, found: &Match) -> Map<String, Value> {
    let mut record = start(input, "alert");
    if let Some(transaction) = input.transaction {
        record.insert("tx_id".to_owned(), transaction.id.into());
    }
    record.insert("alert".to_owned(), Value::Object(alert_object(input, found)));
    if let (Some(transaction), true) = (input.transaction, input.settings.eve.alert.transaction) {
        transaction_objects(&mut record, transaction);
    }
    if let Some(flow) = input.flow {
        add_app_protocol(&mut record, flow);
        if let Some(direction) = input.direction {
            let word = if direction == Direction::ToServer { "to_server" } else { "to_client" };
            record.insert("direction".to_owned(), word.into());
        }
        record.insert("flow".to_owned(), Value::Object(counts_and_sides(flow)));
    }
    add_payload(&mut record, input, found);
    if let Some(name) = &input.capture {
        record.insert("pcap_file".to_owned(), name.as_str().into());
    }
    if input.settings.eve.alert.verdict {
        add_verdict(&mut record, input, found);
    }
    record
}

/// The record of a packet that was blocked, with the reason.
pub(crate) fn drop_record(input: &AlertInput<'_>, found: Option<&Match>, reason: &str) -> Map<String, Value> {
    let mut record = start(input, "drop");
    if let Some(direction) = input.direction {
        let word = if direction == Direction::ToServer { "to_server" } else { "to_client" };
        record.insert("direction".to_owned(), word.into());
    }
    let mut object = Map::new();
    let length = input.info.packet.map_or(0, |packet| packet.data.len());
    object.insert("len".to_owned(), length.into());
    object.insert("reason".to_owned(), reason.into());
    record.insert("drop".to_owned(), Value::Object(object));
    if let Some(found) = found {
        record.insert("alert".to_owned(), Value::Object(alert_object(input, found)));
    }
    record
}

fn start(input: &AlertInput<'_>, event_type: &str) -> Map<String, Value> {
    let (info, flow) = (input.info, input.flow);
    let sides = match (flow, input.direction) {
        (Some(flow), Some(direction)) if info.sides.is_none() => Some(flow.sides(direction)),
        _ => info.sides,
    };
    let header = Header {
        time: info.time,
        event_type,
        flow_id: flow.map(|flow| flow.id),
        number: input.settings.eve.packet_number.then_some(info.number),
        vlans: flow.map_or(&[], |flow| flow.vlans.as_slice()),
        source: sides.map(|sides| sides.0),
        destination: sides.map(|sides| sides.1),
        protocol: info.protocol,
        icmp: info.icmp,
        packet_source: Some(info.source),
    };
    let mut record = header.record();
    if let Some(flow) = flow {
        add_flow_extras(&mut record, input.settings, flow, input.direction.unwrap_or(Direction::ToServer));
    } else if let (Some((source, destination)), true) = (info.macs, input.settings.eve.ethernet) {
        super::header::add_ethernet(&mut record, Some(source), Some(destination));
    }
    if let Some((source, destination, protocol)) = info.tunnel {
        let tunnel = json!({
            "src_ip": address_text(source.0),
            "src_port": source.1,
            "dest_ip": address_text(destination.0),
            "dest_port": destination.1,
            "proto": super::protocol_name(protocol),
            "depth": 1,
        });
        record.insert("tunnel".to_owned(), tunnel);
    }
    record
}

fn alert_object(input: &AlertInput<'_>, found: &Match) -> Map<String, Value> {
    let rule: &RuleInfo = &found.rule;
    let output = &input.settings.eve.alert;
    let mut object = Map::new();
    object.insert("action".to_owned(), if input.blocked { "blocked" } else { "allowed" }.into());
    object.insert("gid".to_owned(), rule.gid.into());
    object.insert("signature_id".to_owned(), rule.sid.into());
    object.insert("rev".to_owned(), rule.rev.into());
    object.insert("signature".to_owned(), rule.msg.as_str().into());
    object.insert("category".to_owned(), rule.category.as_str().into());
    object.insert("severity".to_owned(), rule.priority.into());
    add_sides(&mut object, input, rule);
    if output.metadata && !rule.metadata.is_empty() {
        object.insert("metadata".to_owned(), Value::Object(metadata(rule)));
    }
    if output.references && !rule.references.is_empty() {
        object.insert("references".to_owned(), rule.reference().references.into());
    }
    if output.explanation {
        object.insert("rule_text".to_owned(), rule.text.as_str().into());
        object.insert("conditions".to_owned(), serde_json::to_value(&found.conditions).unwrap_or_default());
    }
    object
}

fn metadata(rule: &RuleInfo) -> Map<String, Value> {
    let mut object = Map::new();
    for (key, value) in &rule.metadata {
        let list = object.entry(key.as_str()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.push(value.as_str().into());
        }
    }
    object
}

/// Which side attacks and which is attacked, when the rule tells (keyword `target`).
fn add_sides(object: &mut Map<String, Value>, input: &AlertInput<'_>, rule: &RuleInfo) {
    let (Some(target), Some((source, destination))) = (rule.target, input.info.sides) else { return };
    let (attacker, attacked) = match target {
        Target::Source => (destination, source),
        Target::Destination => (source, destination),
    };
    for (name, side) in [("source", attacker), ("target", attacked)] {
        let mut value = Map::new();
        value.insert("ip".to_owned(), address_text(side.0).into());
        if matches!(input.info.protocol, Some(6 | 17 | 132)) {
            value.insert("port".to_owned(), side.1.into());
        }
        object.insert(name.to_owned(), Value::Object(value));
    }
}

fn add_payload(record: &mut Map<String, Value>, input: &AlertInput<'_>, found: &Match) {
    let output = &input.settings.eve.alert;
    let stream = input.stream.filter(|_| found.on_stream || found.transaction.is_some());
    let bytes = stream.unwrap_or(input.info.payload);
    let bytes = &bytes[..bytes.len().min(ALERT_PAYLOAD_BYTES)];
    if output.payload {
        record.insert("payload".to_owned(), STANDARD.encode(bytes).into());
    }
    if output.payload_printable {
        record.insert("payload_printable".to_owned(), printable(bytes).into());
    }
    record.insert("stream".to_owned(), i32::from(stream.is_some()).into());
    if let (Some(packet), true) = (input.info.packet, output.packet) {
        record.insert("packet".to_owned(), STANDARD.encode(packet.data).into());
        let link = packet.link.number();
        record.insert("packet_info".to_owned(), json!({"linktype": link, "linktype_name": link_name(link)}));
    }
}

fn add_verdict(record: &mut Map<String, Value>, input: &AlertInput<'_>, found: &Match) {
    let action = match (input.blocked, found.action) {
        (true, _) => "drop",
        (false, Action::Pass) => "pass",
        (false, _) => "alert",
    };
    let mut verdict = Map::new();
    verdict.insert("action".to_owned(), action.into());
    if found.action == Action::Reject {
        verdict.insert("reject".to_owned(), json!(["tcp-reset"]));
    }
    record.insert("verdict".to_owned(), Value::Object(verdict));
}

/// Bytes as EVE prints them: what is neither printable ASCII nor a line end is a dot.
fn printable(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| if matches!(byte, b' '..=b'~' | b'\r' | b'\n') { char::from(*byte) } else { '.' }).collect()
}

/// Name of a link type as libpcap has it.
fn link_name(number: u32) -> &'static str {
    match number {
        0 => "NULL",
        1 => "EN10MB",
        9 => "PPP",
        12 | 14 | 101 => "RAW",
        113 => "LINUX_SLL",
        228 => "IPV4",
        229 => "IPV6",
        276 => "LINUX_SLL2",
        _ => "n/a",
    }
}
