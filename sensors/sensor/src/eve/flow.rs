//! Flow and netflow records.

use fengsui_protocols::{Direction, TcpSession};
use fengsui_schema::Timestamp;
use fengsui_signatures::{FlowState, RuleSet};
use serde_json::{Map, Value, json};

use super::header::{Header, add_flow_extras, address_text};
use crate::flow::{Flow, FlowEnd};
use crate::settings::SensorSettings;

/// The record of a flow that has ended.
pub(crate) fn flow_record(
    settings: &SensorSettings,
    rules: &RuleSet,
    flow: &Flow,
    (time, end): (Timestamp, FlowEnd),
) -> Map<String, Value> {
    let mut record = Header::of_flow(time, "flow", flow, Direction::ToServer).record();
    add_notes(&mut record, rules, &flow.rules, &[]);
    if let (1 | 58, Some((kind, code))) = (flow.protocol, flow.icmp[1]) {
        record.insert("response_icmp_type".to_owned(), kind.into());
        record.insert("response_icmp_code".to_owned(), code.into());
    }
    add_app_protocol(&mut record, flow);
    let mut object = counts(flow);
    object.insert("end".to_owned(), flow.last.to_eve().into());
    object.insert("age".to_owned(), age(flow).into());
    object.insert("state".to_owned(), flow.state_name().into());
    object.insert("reason".to_owned(), end.as_str().into());
    object.insert("alerted".to_owned(), flow.alerted.into());
    if flow.dropped {
        object.insert("action".to_owned(), "drop".into());
    } else if flow.rules.passed() {
        object.insert("action".to_owned(), "pass".into());
    }
    add_exceptions(&mut object, flow);
    let transactions = flow.app.as_ref().map_or(0, |app| app.transactions().opened());
    if transactions > 0 {
        object.insert("tx_cnt".to_owned(), transactions.into());
    }
    record.insert("flow".to_owned(), Value::Object(object));
    add_flow_extras(&mut record, settings, flow, Direction::ToServer);
    if settings.eve.ethernet {
        add_macs(&mut record, flow, Direction::ToServer);
    }
    if let Some(tcp) = &flow.tcp {
        record.insert("tcp".to_owned(), Value::Object(tcp_object(tcp)));
    }
    record
}

fn add_exceptions(object: &mut Map<String, Value>, flow: &Flow) {
    if flow.bypassed {
        object.insert("bypass".to_owned(), "local".into());
        object.insert(
            "bypassed".to_owned(),
            json!({
                "pkts_toserver": flow.bypassed_packets[0],
                "pkts_toclient": flow.bypassed_packets[1],
                "bytes_toserver": flow.bypassed_bytes[0],
                "bytes_toclient": flow.bypassed_bytes[1],
            }),
        );
    }
    if !flow.exceptions.is_empty() {
        let applied = flow.exceptions.iter().map(|(target, policy)| json!({"target": target, "policy": policy}));
        object.insert("exception_policy".to_owned(), applied.collect::<Vec<_>>().into());
    }
}

/// Adds what rules noted on the flow: bits (those named `traffic/id/…` and `traffic/label/…` apart), numbers, captured
/// parts and entropies.
pub(crate) fn add_notes(
    record: &mut Map<String, Value>,
    rules: &RuleSet,
    state: &FlowState,
    captures: &[(std::sync::Arc<str>, Vec<u8>)],
) {
    let (mut traffic, mut metadata) = (Map::new(), Map::new());
    let push = |object: &mut Map<String, Value>, key: &str, value: Value| {
        if let Value::Array(list) = object.entry(key).or_insert_with(|| Value::Array(Vec::new())) {
            list.push(value);
        }
    };
    for name in state.bits().iter().filter_map(|bit| rules.name(*bit)) {
        match (name.strip_prefix("traffic/id/"), name.strip_prefix("traffic/label/")) {
            (Some(id), _) => push(&mut traffic, "id", id.into()),
            (None, Some(label)) => push(&mut traffic, "label", label.into()),
            (None, None) => push(&mut metadata, "flowbits", name.into()),
        }
    }
    for (key, list) in [("flowvars", state.texts()), ("pktvars", captures)] {
        for (name, bytes) in list {
            push(&mut metadata, key, json!({name.as_ref(): super::alert::printable(bytes)}));
        }
    }
    let ints = state.ints().iter().filter_map(|(name, value)| Some((rules.name(*name)?.to_owned(), (*value).into())));
    let ints: Map<String, Value> = ints.collect();
    let entropies = state.entropies().iter().map(|(buffer, value)| (buffer.replace('.', "_"), (*value).into()));
    let entropies: Map<String, Value> = entropies.collect();
    for (key, object) in [("flowints", ints), ("entropy", entropies)] {
        if !object.is_empty() {
            metadata.insert(key.to_owned(), Value::Object(object));
        }
    }
    for (key, object) in [("traffic", traffic), ("metadata", metadata)] {
        if !object.is_empty() {
            record.insert(key.to_owned(), Value::Object(object));
        }
    }
}

fn add_macs(record: &mut Map<String, Value>, flow: &Flow, direction: Direction) {
    let text = |mac: Option<[u8; 6]>| mac.map(super::header::mac_text).into_iter().collect::<Vec<_>>();
    let [client, server] = flow.macs;
    let (source, destination) = if direction == Direction::ToServer { (client, server) } else { (server, client) };
    record.insert("ether".to_owned(), json!({"src_macs": text(source), "dest_macs": text(destination)}));
}

/// Adds `app_proto` and what was spoken before.
pub(crate) fn add_app_protocol(record: &mut Map<String, Value>, flow: &Flow) {
    let Some(app) = &flow.app else { return };
    if let Some(protocol) = app.protocol() {
        record.insert("app_proto".to_owned(), protocol.as_str().into());
    } else if app.has_failed() {
        record.insert("app_proto".to_owned(), "failed".into());
    }
    if let Some(previous) = app.previous_protocol() {
        record.insert("app_proto_orig".to_owned(), previous.as_str().into());
    }
}

/// Packets, bytes and start: what alert and flow records share.
pub(crate) fn counts(flow: &Flow) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("pkts_toserver".to_owned(), flow.packets[0].into());
    object.insert("pkts_toclient".to_owned(), flow.packets[1].into());
    object.insert("bytes_toserver".to_owned(), flow.bytes[0].into());
    object.insert("bytes_toclient".to_owned(), flow.bytes[1].into());
    object.insert("start".to_owned(), flow.started.to_eve().into());
    object
}

/// The same with the flow's addresses, for alerts: their own addresses are the packet's.
pub(crate) fn counts_and_sides(flow: &Flow) -> Map<String, Value> {
    let mut object = counts(flow);
    object.insert("src_ip".to_owned(), address_text(flow.client.0).into());
    object.insert("dest_ip".to_owned(), address_text(flow.server.0).into());
    if matches!(flow.protocol, 6 | 17 | 132) {
        object.insert("src_port".to_owned(), flow.client.1.into());
        object.insert("dest_port".to_owned(), flow.server.1.into());
    }
    object
}

fn age(flow: &Flow) -> i64 {
    flow.last.as_seconds() - flow.started.as_seconds()
}

const FLAG_NAMES: [(&str, u8); 8] =
    [("fin", 1), ("syn", 2), ("rst", 4), ("psh", 8), ("ack", 16), ("urg", 32), ("ecn", 64), ("cwr", 128)];

fn add_flags(object: &mut Map<String, Value>, flags: u8) {
    for (name, bit) in FLAG_NAMES {
        if flags & bit != 0 {
            object.insert(name.to_owned(), true.into());
        }
    }
}

fn tcp_object(tcp: &TcpSession) -> Map<String, Value> {
    let (to_server, to_client) = (tcp.statistics(Direction::ToServer), tcp.statistics(Direction::ToClient));
    let mut object = Map::new();
    object.insert("tcp_flags".to_owned(), format!("{:02x}", to_server.flags | to_client.flags).into());
    object.insert("tcp_flags_ts".to_owned(), format!("{:02x}", to_server.flags).into());
    object.insert("tcp_flags_tc".to_owned(), format!("{:02x}", to_client.flags).into());
    add_flags(&mut object, to_server.flags | to_client.flags);
    object.insert("state".to_owned(), tcp.state().as_str().into());
    for (name, statistics) in [("ts_max_regions", to_server), ("tc_max_regions", to_client)] {
        object.insert(name.to_owned(), (statistics.gaps + 1).into());
    }
    for (name, statistics) in [("ts_gap", to_server), ("tc_gap", to_client)] {
        if statistics.gaps > 0 {
            object.insert(name.to_owned(), true.into());
        }
    }
    let missing = to_server.gap_bytes + to_client.gap_bytes;
    if missing > 0 {
        object.insert("gap_bytes".to_owned(), missing.into());
    }
    object
}

/// One-way records of a flow that has ended.
pub(crate) fn netflow_records(
    settings: &SensorSettings,
    rules: &RuleSet,
    flow: &Flow,
    time: Timestamp,
) -> Vec<Map<String, Value>> {
    [Direction::ToServer, Direction::ToClient]
        .into_iter()
        .filter(|direction| *direction == Direction::ToServer || flow.packets[1] > 0)
        .map(|direction| {
            let mut record = netflow_record(settings, flow, direction, time);
            add_notes(&mut record, rules, &flow.rules, &[]);
            record
        })
        .collect()
}

fn netflow_record(settings: &SensorSettings, flow: &Flow, direction: Direction, time: Timestamp) -> Map<String, Value> {
    let way = usize::from(direction == Direction::ToClient);
    let mut record = Header::of_flow(time, "netflow", flow, direction).record();
    add_app_protocol(&mut record, flow);
    record.insert(
        "netflow".to_owned(),
        json!({
            "pkts": flow.packets[way],
            "bytes": flow.bytes[way],
            "start": flow.started.to_eve(),
            "end": flow.last.to_eve(),
            "age": age(flow),
            "min_ttl": flow.ttl[way].0,
            "max_ttl": flow.ttl[way].1,
            "tx_cnt": flow.app.as_ref().map_or(0, |app| app.transactions().opened()),
        }),
    );
    add_flow_extras(&mut record, settings, flow, direction);
    if settings.eve.ethernet {
        add_macs(&mut record, flow, direction);
    }
    if let Some(tcp) = &flow.tcp {
        let flags = tcp.statistics(direction).flags;
        let mut object = Map::new();
        object.insert("tcp_flags".to_owned(), format!("{flags:02x}").into());
        add_flags(&mut object, flags);
        record.insert("tcp".to_owned(), Value::Object(object));
    }
    record
}
