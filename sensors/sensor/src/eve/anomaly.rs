//! Anomaly records.

use fengsui_protocols::{AppProtocol, Direction};
use serde_json::{Map, Value};

use super::header::Header;
use super::packet_info::PacketInfo;
use crate::flow::Flow;
use crate::settings::SensorSettings;

/// A record about a broken header or an odd TCP session.
pub(crate) fn packet_anomaly(
    settings: &SensorSettings,
    info: &PacketInfo<'_>,
    flow_id: Option<u64>,
    number: Option<u64>,
    event: &str,
) -> Map<String, Value> {
    let header = Header {
        time: info.time,
        event_type: "anomaly",
        flow_id,
        number,
        vlans: &[],
        source: info.sides.map(|sides| sides.0),
        destination: info.sides.map(|sides| sides.1),
        protocol: info.protocol,
        icmp: info.icmp,
        packet_source: Some(info.source),
    };
    let kind = if event.starts_with("stream.") { "stream" } else { "decode" };
    let mut record = header.record();
    if let (Some((source, destination)), true) = (info.macs, settings.eve.ethernet) {
        super::header::add_ethernet(&mut record, Some(source), Some(destination));
    }
    if settings.eve.anomaly.packet {
        super::alert::add_packet(&mut record, info);
    } else if info.packet.is_some() {
        record.insert("packet_info".to_owned(), super::alert::packet_info(info));
    }
    let mut anomaly = Map::new();
    anomaly.insert("type".to_owned(), kind.into());
    anomaly.insert("event".to_owned(), event.into());
    record.insert("anomaly".to_owned(), Value::Object(anomaly));
    record
}

/// A record about odd application data. `name` is the event's full name (`http.invalid_request_chunk_len`).
pub(crate) fn app_anomaly(
    info: &PacketInfo<'_>,
    flow: &Flow,
    (transaction, direction): (Option<u64>, Direction),
    protocol: Option<AppProtocol>,
    name: &str,
) -> Map<String, Value> {
    let mut header = Header::of_flow(info.time, "anomaly", flow, direction);
    header.packet_source = Some(info.source);
    let mut record = header.record();
    if let Some(id) = transaction {
        let live = flow.app.as_ref().and_then(|app| app.transaction(id));
        record.insert("tx_id".to_owned(), live.map_or(id, |transaction| transaction.number).into());
    }
    let mut anomaly = Map::new();
    if let Some(protocol) = protocol {
        anomaly.insert("app_proto".to_owned(), protocol.as_str().into());
    }
    anomaly.insert("type".to_owned(), "applayer".into());
    anomaly.insert("event".to_owned(), short_name(name).into());
    let layer = if name.starts_with("applayer_") { "proto_detect" } else { "proto_parser" };
    anomaly.insert("layer".to_owned(), layer.into());
    record.insert("anomaly".to_owned(), Value::Object(anomaly));
    record
}

/// EVE leaves the protocol out of the name; the older protocols have theirs in capitals.
fn short_name(name: &str) -> String {
    match name.split_once('.') {
        Some(("http" | "smtp" | "tls", rest)) => rest.to_ascii_uppercase(),
        Some((_, rest)) => rest.to_owned(),
        None => name.to_ascii_uppercase(),
    }
}
