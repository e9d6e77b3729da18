//! Flow and netflow records.

use fengsui_protocols::{Direction, TcpSession};
use fengsui_schema::Timestamp;
use fengsui_signatures::{FlowState, RuleSet};
use serde_json::{Map, Value, json};

use super::header::{Header, add_flow_extras};
use super::record::{Fields, Record, address_text};
use crate::flow::{Flow, FlowEnd};
use crate::settings::SensorSettings;

/// The record of a flow that has ended.
pub(crate) fn flow_record(
    settings: &SensorSettings,
    rules: &RuleSet,
    flow: &Flow,
    (time, end): (Timestamp, FlowEnd),
) -> Record {
    let mut record = Header::of_flow(time, "flow", flow, Direction::ToServer).written();
    add_notes(&mut record, rules, &flow.rules, &[]);
    if let (1 | 58, Some((kind, code))) = (flow.protocol, flow.icmp[1]) {
        record.plain("response_icmp_type", kind);
        record.plain("response_icmp_code", code);
    }
    add_app_protocol(&mut record, flow);
    record.object("flow", |object| {
        add_counts(object, flow);
        object.time("end", flow.last);
        object.plain("age", age(flow));
        object.text("state", flow.state_name());
        object.text("reason", end.as_str());
        object.plain("alerted", flow.alerted);
        if flow.dropped {
            object.text("action", "drop");
        } else if flow.rules.passed() {
            object.text("action", "pass");
        }
        add_exceptions(object, flow);
        let transactions = flow.app.as_ref().map_or(0, |app| app.transactions().opened());
        if transactions > 0 {
            object.plain("tx_cnt", transactions);
        }
    });
    add_flow_extras(&mut record, settings, flow, Direction::ToServer);
    if settings.eve.ethernet {
        add_macs(&mut record, flow, Direction::ToServer);
    }
    if let Some(tcp) = &flow.tcp {
        record.object("tcp", |object| add_tcp(object, tcp));
    }
    record
}

fn add_exceptions(object: &mut impl Fields, flow: &Flow) {
    if flow.bypassed {
        object.text("bypass", "local");
        object.object("bypassed", |bypassed| {
            bypassed.plain("pkts_toserver", flow.bypassed_packets[0]);
            bypassed.plain("pkts_toclient", flow.bypassed_packets[1]);
            bypassed.plain("bytes_toserver", flow.bypassed_bytes[0]);
            bypassed.plain("bytes_toclient", flow.bypassed_bytes[1]);
        });
    }
    if !flow.exceptions.is_empty() {
        let applied = flow.exceptions.iter().map(|(target, policy)| json!({"target": target, "policy": policy}));
        object.value("exception_policy", &applied.collect::<Vec<_>>().into());
    }
}

/// Adds what rules noted on the flow: bits (those named `traffic/id/…` and `traffic/label/…` apart), numbers, captured
/// parts and entropies.
pub(crate) fn add_notes(
    record: &mut impl Fields,
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
            record.map(key, &object);
        }
    }
}

fn add_macs(record: &mut impl Fields, flow: &Flow, direction: Direction) {
    let text = |mac: Option<[u8; 6]>| mac.map(super::header::mac_text).into_iter().collect::<Vec<_>>();
    let [client, server] = flow.macs;
    let (source, destination) = if direction == Direction::ToServer { (client, server) } else { (server, client) };
    record.value("ether", &json!({"src_macs": text(source), "dest_macs": text(destination)}));
}

/// Adds `app_proto` and what was spoken before.
pub(crate) fn add_app_protocol(record: &mut impl Fields, flow: &Flow) {
    let Some(app) = &flow.app else { return };
    if let Some(protocol) = app.protocol() {
        record.text("app_proto", protocol.as_str());
    } else if app.has_failed() {
        record.text("app_proto", "failed");
    }
    if let Some(previous) = app.previous_protocol() {
        record.text("app_proto_orig", previous.as_str());
    }
    if let Some(expected) = app.missed_protocol() {
        record.text("app_proto_expected", expected.as_str());
    }
}

/// Packets, bytes and start: what alert and flow records share.
fn add_counts(object: &mut impl Fields, flow: &Flow) {
    object.plain("pkts_toserver", flow.packets[0]);
    object.plain("pkts_toclient", flow.packets[1]);
    object.plain("bytes_toserver", flow.bytes[0]);
    object.plain("bytes_toclient", flow.bytes[1]);
    for (name, is_elephant) in [("elephant_toserver", flow.elephant[0]), ("elephant_toclient", flow.elephant[1])] {
        if is_elephant {
            object.plain(name, true);
        }
    }
    object.time("start", flow.started);
}

/// The same with the flow's addresses, for alerts: their own addresses are the packet's.
pub(crate) fn counts_and_sides(flow: &Flow) -> Map<String, Value> {
    let mut object = Map::new();
    add_counts(&mut object, flow);
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

fn add_flags(object: &mut impl Fields, flags: u8) {
    for (name, bit) in FLAG_NAMES {
        if flags & bit != 0 {
            object.plain(name, true);
        }
    }
}

fn add_tcp(object: &mut impl Fields, tcp: &TcpSession) {
    let (to_server, to_client) = (tcp.statistics(Direction::ToServer), tcp.statistics(Direction::ToClient));
    object.text("tcp_flags", &format!("{:02x}", to_server.flags | to_client.flags));
    object.text("tcp_flags_ts", &format!("{:02x}", to_server.flags));
    object.text("tcp_flags_tc", &format!("{:02x}", to_client.flags));
    add_flags(object, to_server.flags | to_client.flags);
    object.text("state", tcp.state().as_str());
    for (name, statistics) in [("ts_max_regions", to_server), ("tc_max_regions", to_client)] {
        object.plain(name, statistics.gaps + 1);
    }
    for (name, statistics) in [("ts_gap", to_server), ("tc_gap", to_client)] {
        if statistics.gaps > 0 {
            object.plain(name, true);
        }
    }
    let missing = to_server.gap_bytes + to_client.gap_bytes;
    if missing > 0 {
        object.plain("gap_bytes", missing);
    }
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
