//! Records of application transactions.

use fengsui_protocols::{AppProtocol, Direction, Transaction};
use fengsui_signatures::RuleSet;
use serde_json::{Map, Value};

use super::header::{Header, add_flow_extras};
use super::packet_info::PacketInfo;
use super::record::{Fields, Record};
use crate::flow::Flow;
use crate::settings::SensorSettings;

/// Event type and name of the object of a protocol.
pub(crate) const fn eve_names(protocol: AppProtocol) -> (&'static str, &'static str) {
    match protocol {
        AppProtocol::Http | AppProtocol::Http2 => ("http", "http"),
        AppProtocol::Tls | AppProtocol::Tlcp => ("tls", "tls"),
        AppProtocol::FtpData => ("ftp_data", "ftp_data"),
        AppProtocol::Doh2 => ("dns", "dns"),
        AppProtocol::BittorrentDht => ("bittorrent_dht", "bittorrent_dht"),
        other => (other.as_str(), other.as_str()),
    }
}

/// What only extended records of HTTP tell.
const HTTP_EXTENDED: [&str; 6] = ["http_method", "protocol", "status", "redirect", "length", "http_refer"];

/// Adds the objects of a transaction: its own under the protocol's name, and those beside it (`email`).
pub(crate) fn transaction_objects(record: &mut impl Fields, transaction: &Transaction) {
    let (_, name) = eve_names(transaction.protocol);
    // Alerts tell requests and responses of DNP3 apart, its own records do not.
    if transaction.protocol == AppProtocol::Dnp3 && transaction.eve.contains_key("type") {
        let is_request = transaction.eve.get("type").is_some_and(|kind| kind == "request");
        let key = if is_request { "request" } else { "response" };
        record.object(name, |object| object.map(key, &transaction.eve));
    } else if !transaction.eve.is_empty() {
        record.map(name, &transaction.eve);
    }
    more_objects(record, transaction);
}

fn more_objects(record: &mut impl Fields, transaction: &Transaction) {
    for (name, value) in &transaction.eve_more {
        record.value(name, value);
    }
}

/// The record of a transaction that is over.
pub(crate) fn transaction_record(
    settings: &SensorSettings,
    rules: &RuleSet,
    info: &PacketInfo<'_>,
    flow: &Flow,
    transaction: &Transaction,
) -> Record {
    let (event_type, _) = eve_names(transaction.protocol);
    let direction = direction_of(transaction);
    let mut header = Header::of_flow(info.time, event_type, flow, direction);
    header.packet_source = Some(info.source);
    header.number = (settings.eve.packet_number && info.number > 0).then_some(info.number);
    let mut record = header.written();
    add_flow_extras(&mut record, settings, flow, direction);
    super::flow::add_notes(&mut record, rules, &flow.rules, &[]);
    record.plain("tx_id", transaction.number);
    if transaction.protocol == AppProtocol::Dnp3 {
        record.map("dnp3", &transaction.eve);
    } else if event_type == "http" && !settings.eve.http_extended {
        record.map("http", &shortened(transaction));
        more_objects(&mut record, transaction);
    } else {
        transaction_objects(&mut record, transaction);
    }
    record
}

/// What records of HTTP tell that are not extended.
fn shortened(transaction: &Transaction) -> Map<String, Value> {
    let fields = transaction.eve.iter().filter(|(name, _)| !HTTP_EXTENDED.contains(&name.as_str()));
    fields.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Records go the flow's way, but for protocols whose answers have records of their own (DNS and its kin).
fn direction_of(transaction: &Transaction) -> Direction {
    let answers_apart =
        matches!(transaction.protocol, AppProtocol::Dns | AppProtocol::Doh2 | AppProtocol::Mdns | AppProtocol::Llmnr);
    // Records of version 2 went the flow's way.
    let is_answer = transaction.eve.get("type").is_some_and(|kind| kind == "response");
    if answers_apart && is_answer { Direction::ToClient } else { Direction::ToServer }
}
