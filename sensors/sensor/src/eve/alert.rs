//! Alert and drop records.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fengsui_protocols::{Buffer, Direction, Frame, Ip, Tcp, Transaction, Transport};
use fengsui_schema::Condition;
use fengsui_signatures::{Action, Match, RuleInfo, RuleSet, Target};
use serde_json::{Map, Value, json};

use super::flow::{add_app_protocol, counts_and_sides};
use super::header::{Header, add_flow_extras};
use super::packet_info::PacketInfo;
use super::record::address_text;
use super::transaction::transaction_objects;
use crate::flow::Flow;
use crate::limits::ALERT_PAYLOAD_BYTES;
use crate::settings::SensorSettings;
use crate::worker::Verdict;

/// What an alert record is made of.
pub(crate) struct AlertInput<'a> {
    pub(crate) settings: &'a SensorSettings,
    pub(crate) rules: &'a RuleSet,
    pub(crate) info: &'a PacketInfo<'a>,
    pub(crate) flow: Option<&'a Flow>,
    pub(crate) direction: Option<Direction>,
    pub(crate) transaction: Option<&'a Transaction>,
    /// Whether that is but the one the flow has just now.
    pub(crate) guessed: bool,
    /// Stream bytes the rule looked at, when it looked at a stream.
    pub(crate) stream: Option<&'a [u8]>,
    /// The frame the rule looked at.
    pub(crate) frame: Option<&'a Frame>,
    /// Whether rules act on packets.
    pub(crate) inline: bool,
    /// What became of the packet.
    pub(crate) verdict: Verdict,
    /// Name of the capture of the flow below the evidence folder.
    pub(crate) capture: Option<String>,
}

/// The record of a rule that fired.
pub(crate) fn alert_record(input: &AlertInput<'_>, found: &Match) -> Map<String, Value> {
    let mut record = start(input, "alert");
    if let Some(flow) = input.flow {
        super::flow::add_notes(&mut record, input.rules, &flow.rules, &found.captures);
    }
    if let Some(transaction) = input.transaction {
        record.insert("tx_id".to_owned(), transaction.number.into());
        if input.guessed {
            record.insert("tx_guessed".to_owned(), true.into());
        }
    }
    record.insert("alert".to_owned(), Value::Object(alert_object(input, found)));
    if input.settings.eve.alert.explanation {
        record.insert("explanation".to_owned(), explanation(&found.rule.text, &found.conditions));
    }
    if let (Some(transaction), true) = (input.transaction, input.settings.eve.alert.transaction) {
        transaction_objects(&mut record, transaction);
    }
    if let Some(flow) = input.flow {
        add_app_protocol(&mut record, flow);
        if let Some(direction) = input.direction {
            let word = if direction == Direction::ToServer { "to_server" } else { "to_client" };
            record.insert("direction".to_owned(), word.into());
        }
        if input.settings.eve.alert.flow {
            record.insert("flow".to_owned(), Value::Object(counts_and_sides(flow)));
        }
        add_files(&mut record, input, flow);
    }
    add_forwarded(&mut record, input);
    if let Some(frame) = input.frame {
        record.insert("frame".to_owned(), frame_object(frame));
    }
    if let Some(Transport::Sctp(sctp)) = input.info.headers.map(|headers| &headers.transport) {
        record.insert("sctp".to_owned(), json!({"chunk_cnt": sctp.chunk_count()}));
    }
    add_payload(&mut record, input, found);
    if input.info.packet.is_some() {
        record.insert("packet_info".to_owned(), packet_info(input.info));
    }
    if let Some(name) = &input.capture {
        record.insert(CAPTURE_FIELD.to_owned(), name.as_str().into());
    }
    if input.settings.eve.alert.verdict {
        add_verdict(&mut record, input, Some(found));
    }
    record
}

/// Name of the field that tells where the capture of an alert's flow is.
pub(crate) const CAPTURE_FIELD: &str = "pcap_file";

/// The record of a packet that a rule asked to record (keyword `tag`).
pub(crate) fn packet_record(info: &PacketInfo<'_>, flow: &Flow, number: Option<u64>) -> Map<String, Value> {
    let header = Header {
        time: info.time,
        event_type: "packet",
        flow_id: Some(flow.id),
        number,
        vlans: &flow.vlans,
        source: info.sides.map(|sides| sides.0),
        destination: info.sides.map(|sides| sides.1),
        protocol: info.protocol,
        icmp: info.icmp,
        packet_source: Some(info.source),
    };
    let mut record = header.record();
    add_packet(&mut record, info);
    record
}

pub(super) fn add_packet(record: &mut Map<String, Value>, info: &PacketInfo<'_>) {
    if info.packet.is_some() {
        record.insert("packet".to_owned(), STANDARD.encode(info.bytes).into());
        record.insert("packet_info".to_owned(), packet_info(info));
    }
}

/// The object `packet_info`.
pub(super) fn packet_info(info: &PacketInfo<'_>) -> Value {
    json!({"linktype": info.link, "linktype_name": link_name(info.link)})
}

/// Files of the transaction, as far as they have come, and its bodies where they are asked for.
fn add_files(record: &mut Map<String, Value>, input: &AlertInput<'_>, flow: &Flow) {
    let Some(transaction) = input.transaction else { return };
    let files = flow.files.iter().filter(|file| file.transaction == transaction.id);
    let files: Vec<Value> = files.map(|file| Value::Object(super::fileinfo::progress_object(file))).collect();
    if !files.is_empty() {
        record.insert("files".to_owned(), files.into());
    }
    let output = &input.settings.eve.alert;
    if !output.bodies && !output.bodies_printable {
        return;
    }
    let Some(Value::Object(http)) = record.get_mut("http") else { return };
    for (name, direction, buffer) in [
        ("http_request_body", Direction::ToServer, Buffer::HttpRequestBody),
        ("http_response_body", Direction::ToClient, Buffer::HttpResponseBody),
    ] {
        let Some(body) = transaction.buffers.get(direction, buffer).next().filter(|body| !body.is_empty()) else {
            continue;
        };
        let body = &body[..body.len().min(ALERT_PAYLOAD_BYTES)];
        if output.bodies {
            http.insert(name.to_owned(), STANDARD.encode(body).into());
        }
        if output.bodies_printable {
            http.insert(format!("{name}_printable"), printable(body).into());
        }
    }
}

/// The address of a client behind a proxy, when its request tells one.
fn add_forwarded(record: &mut Map<String, Value>, input: &AlertInput<'_>) {
    let (Some(forwarded), Some(transaction)) = (&input.settings.eve.alert.forwarded, input.transaction) else { return };
    let mut headers = transaction.buffers.get(Direction::ToServer, Buffer::HttpRequestHeader);
    let value = headers.find_map(|line| {
        let (name, value) = line.split_at_checked(forwarded.header.len())?;
        let value = value.strip_prefix(b":")?;
        name.eq_ignore_ascii_case(forwarded.header.as_bytes()).then(|| String::from_utf8_lossy(value).into_owned())
    });
    let Some(value) = value else { return };
    let mut addresses = value.split(',').map(str::trim);
    let chosen = if forwarded.first { addresses.next() } else { addresses.next_back() };
    let Some(address) = chosen.and_then(|text| text.parse::<std::net::IpAddr>().ok()) else { return };
    let place = match (forwarded.overwrite, input.direction) {
        (false, _) => "xff",
        (true, Some(Direction::ToClient)) => "dest_ip",
        (true, _) => "src_ip",
    };
    let text: Value = address_text(address).into();
    match record.get_mut("alert") {
        Some(Value::Object(alert)) if place == "xff" => alert.insert(place.to_owned(), text),
        _ => record.insert(place.to_owned(), text),
    };
}

/// The record of a packet that was blocked, with the reason.
pub(crate) fn drop_record(input: &AlertInput<'_>, found: Option<&Match>, reason: &str) -> Map<String, Value> {
    let mut record = start(input, "drop");
    if let Some(direction) = input.direction {
        let word = if direction == Direction::ToServer { "to_server" } else { "to_client" };
        record.insert("direction".to_owned(), word.into());
    }
    let mut object = header_fields(input.info);
    object.insert("reason".to_owned(), reason.into());
    record.insert("drop".to_owned(), Value::Object(object));
    if input.settings.eve.drop.verdict {
        add_verdict(&mut record, input, found);
    }
    if let Some(found) = found.filter(|_| input.settings.eve.drop.alerts) {
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
        number: (input.settings.eve.packet_number && info.number > 0).then_some(info.number),
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
            "proto": super::header::protocol_name(protocol),
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
    let blocked = match found.action {
        Action::Reject => true,
        Action::Drop => input.inline,
        Action::Alert | Action::Pass => false,
    };
    object.insert("action".to_owned(), if blocked { "blocked" } else { "allowed" }.into());
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
    if output.rule_text {
        object.insert("rule".to_owned(), rule.text.as_str().into());
    }
    if !found.context.is_empty() {
        object.insert("context".to_owned(), Value::Object(found.context.clone()));
    }
    object
}

/// Why an alert was raised: the rule, and what each of its conditions matched. It stands beside `alert`, whose fields are
/// EVE's own.
pub(crate) fn explanation(rule: &str, conditions: &[Condition]) -> Value {
    json!({"rule": rule, "conditions": conditions})
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

fn frame_object(frame: &Frame) -> Value {
    let bytes = &frame.data[..frame.data.len().min(ALERT_PAYLOAD_BYTES)];
    let mut object = json!({
        "type": frame.kind.name,
        "direction": if frame.direction == Direction::ToServer { "toserver" } else { "toclient" },
        "length": frame.length,
        "complete": frame.data.len() as u64 == frame.length,
        "payload": STANDARD.encode(bytes),
        "payload_printable": printable(bytes),
    });
    if let Some(id) = frame.transaction {
        object["tx_id"] = id.into();
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
    if output.packet {
        add_packet(record, input.info);
    }
}

fn add_verdict(record: &mut Map<String, Value>, input: &AlertInput<'_>, found: Option<&Match>) {
    let action = match input.verdict {
        Verdict::Rejected(_) => "drop",
        Verdict::Dropped(_) if input.inline => "drop",
        Verdict::Passed => "pass",
        Verdict::Dropped(_) | Verdict::Accepted => "alert",
    };
    let mut verdict = Map::new();
    verdict.insert("action".to_owned(), action.into());
    if matches!(input.verdict, Verdict::Rejected(_)) {
        let target = found.map_or("to_client", |found| found.rule.reject_target());
        verdict.insert("reject-target".to_owned(), target.into());
        let answer = if input.info.protocol == Some(6) { "tcp-reset" } else { "icmp-prohib" };
        verdict.insert("reject".to_owned(), json!([answer]));
    }
    record.insert("verdict".to_owned(), Value::Object(verdict));
}

/// Fields of the headers of a packet, as drop records tell them.
fn header_fields(info: &PacketInfo<'_>) -> Map<String, Value> {
    let mut object = Map::new();
    let Some(headers) = info.headers else {
        object.insert("len".to_owned(), info.length.into());
        return object;
    };
    if let Some(ip) = &headers.ip {
        object.insert("len".to_owned(), (ip_length(ip)).into());
        if ip.version == 4 {
            object.insert("tos".to_owned(), ip.tos.into());
            object.insert("ttl".to_owned(), ip.ttl.into());
            object.insert("ipid".to_owned(), ip.id.into());
        } else {
            object.insert("tc".to_owned(), ip.tos.into());
            object.insert("hoplimit".to_owned(), ip.ttl.into());
        }
    }
    match &headers.transport {
        Transport::Tcp(tcp) => add_tcp_fields(&mut object, tcp),
        Transport::Udp(udp) => {
            object.insert("udplen".to_owned(), udp.length.into());
        }
        Transport::Icmpv4(icmp) | Transport::Icmpv6(icmp) => {
            for (name, value) in [("icmp_id", icmp.id), ("icmp_seq", icmp.sequence)] {
                if let Some(value) = value {
                    object.insert(name.to_owned(), value.into());
                }
            }
        }
        Transport::Sctp(_) | Transport::None => {}
    }
    object
}

fn ip_length(ip: &Ip<'_>) -> usize {
    let extensions = if ip.version == 6 { ip.options.len() } else { 0 };
    ip.header.len() + extensions + ip.payload.len()
}

fn add_tcp_fields(object: &mut Map<String, Value>, tcp: &Tcp<'_>) {
    let numbers: [(&str, u32); 3] =
        [("tcpseq", tcp.sequence), ("tcpack", tcp.acknowledgement), ("tcpwin", tcp.window.into())];
    for (name, value) in numbers {
        object.insert(name.to_owned(), value.into());
    }
    for (name, bit) in [("syn", 2), ("ack", 16), ("psh", 8), ("rst", 4), ("urg", 32), ("fin", 1)] {
        object.insert(name.to_owned(), (tcp.flags & bit != 0).into());
    }
    object.insert("tcpres".to_owned(), 0.into());
    object.insert("tcpurgp".to_owned(), tcp.urgent.into());
}

/// Bytes as EVE prints them: what is neither printable ASCII nor a line end is a dot.
pub(super) fn printable(bytes: &[u8]) -> String {
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
        228 => "IPv4",
        229 => "IPv6",
        276 => "LINUX_SLL2",
        _ => "n/a",
    }
}
