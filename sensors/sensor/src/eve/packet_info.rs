//! What records tell about the packet that brought them.

use fengsui_capture::Packet;
use fengsui_protocols::{Arp, Decoded};
use fengsui_schema::Timestamp;
use serde_json::{Map, Value, json};

use super::header::mac_text;
use crate::flow::Side;

/// The packet that is being worked on, as records tell it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PacketInfo<'a> {
    pub(crate) time: Timestamp,
    /// Number of the packet since the start, from 1.
    pub(crate) number: u64,
    pub(crate) packet: Option<&'a Packet<'a>>,
    /// EVE's word for where it came from.
    pub(crate) source: &'static str,
    pub(crate) sides: Option<(Side, Side)>,
    pub(crate) protocol: Option<u8>,
    pub(crate) icmp: Option<(u8, u8)>,
    /// Bytes of the packet: inside a tunnel those of the inner packet.
    pub(crate) length: usize,
    pub(crate) payload: &'a [u8],
    /// Addresses of the tunnel around it: source, destination, protocol.
    pub(crate) tunnel: Option<(Side, Side, u8)>,
    pub(crate) macs: Option<([u8; 6], [u8; 6])>,
    /// The bytes records show as the packet, and their link type.
    pub(crate) bytes: &'a [u8],
    pub(crate) link: u32,
    /// The decoded packet; none at the end of a flow.
    pub(crate) headers: Option<&'a Decoded<'a>>,
}

/// A record about an ARP packet.
pub(crate) fn arp_record(time: Timestamp, number: Option<u64>, arp: &Arp) -> Map<String, Value> {
    let mut record = Map::new();
    record.insert("timestamp".to_owned(), time.to_eve().into());
    if let Some(number) = number {
        record.insert("pcap_cnt".to_owned(), number.into());
    }
    record.insert("event_type".to_owned(), "arp".into());
    record.insert("src_ip".to_owned(), arp.sender.to_string().into());
    record.insert("dest_ip".to_owned(), arp.target.to_string().into());
    record.insert("proto".to_owned(), "ARP".into());
    record.insert("pkt_src".to_owned(), "wire/pcap".into());
    record.insert(
        "arp".to_owned(),
        json!({
            "hw_type": "ethernet",
            "proto_type": "ipv4",
            "opcode": opcode(arp.operation),
            "src_mac": mac_text(arp.sender_hardware),
            "src_ip": arp.sender.to_string(),
            "dest_mac": mac_text(arp.target_hardware),
            "dest_ip": arp.target.to_string(),
        }),
    );
    record
}

fn opcode(operation: u16) -> Value {
    match operation {
        1 => "request".into(),
        2 => "reply".into(),
        3 => "request_reverse".into(),
        4 => "reply_reverse".into(),
        other => other.into(),
    }
}
