//! EVE records: Suricata's names and types, and our extras.

mod alert;
mod anomaly;
mod fileinfo;
mod flow;
mod header;
mod packet_info;
mod record;
mod settings;
mod transaction;

pub(crate) use alert::{AlertInput, CAPTURE_FIELD, alert_record, drop_record, explanation, packet_record};
pub(crate) use anomaly::{app_anomaly, packet_anomaly};
pub(crate) use fileinfo::{FileRecord, fileinfo_object, fileinfo_record};
pub(crate) use flow::{add_app_protocol, add_notes, counts_and_sides, flow_record, netflow_records};
pub(crate) use header::{Header, add_flow_extras};
pub(crate) use packet_info::{PacketInfo, arp_record};
pub(crate) use record::{Fields, Record};
pub use settings::{AlertOutput, AnomalyOutput, DropOutput, EveSettings, ForwardedOutput};
pub(crate) use transaction::{eve_names, transaction_objects, transaction_record};

use fengsui_relay::Class;
use fengsui_schema::Timestamp;
use serde_json::{Map, Value};

/// Place of a record among all others of a run: number of the packet that brought it, number of the flow's first
/// packet for what happens at the end of flows, and the order within.
pub type EventOrder = (u64, u64, u32);

/// One EVE record on its way out.
#[derive(Debug, Clone, PartialEq)]
pub struct EveEvent {
    /// Packet time of the record.
    pub time: Timestamp,
    /// Place among all others.
    pub order: EventOrder,
    /// Which class of the spool it belongs to.
    pub class: Class,
    /// The record as JSON text, one object without a line end.
    pub json: Box<[u8]>,
}

impl EveEvent {
    /// The record with its fields apart, for tools that look into it.
    #[must_use]
    pub fn record(&self) -> Map<String, Value> {
        serde_json::from_slice(&self.json).unwrap_or_default()
    }
}

/// Class of the spool of an event type.
pub(crate) fn class_of(event_type: &str) -> Class {
    match event_type {
        "alert" | "drop" => Class::Alert,
        "dlp" => Class::Finding,
        "flow" | "netflow" => Class::Flow,
        "stats" | "visibility" => Class::Statistics,
        _ => Class::Protocol,
    }
}
