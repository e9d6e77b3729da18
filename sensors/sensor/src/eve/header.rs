//! What every record starts with.

use std::borrow::Cow;

use fengsui_protocols::Direction;
use fengsui_schema::Timestamp;
use serde_json::{Map, Value};

use super::record::{Fields, Record};
use crate::flow::{Flow, Side, community_id};
use crate::settings::SensorSettings;

/// What a record starts with, in EVE's order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header<'a> {
    pub(crate) time: Timestamp,
    pub(crate) event_type: &'a str,
    pub(crate) flow_id: Option<u64>,
    /// Number of the packet, when it is to be told.
    pub(crate) number: Option<u64>,
    pub(crate) vlans: &'a [u16],
    pub(crate) source: Option<Side>,
    pub(crate) destination: Option<Side>,
    pub(crate) protocol: Option<u8>,
    /// ICMP type and code.
    pub(crate) icmp: Option<(u8, u8)>,
    pub(crate) packet_source: Option<&'a str>,
}

impl<'a> Header<'a> {
    /// Of a record about a flow, with the addresses of what goes this way.
    pub(crate) fn of_flow(time: Timestamp, event_type: &'a str, flow: &'a Flow, direction: Direction) -> Self {
        let (source, destination) = flow.sides(direction);
        Self {
            time,
            event_type,
            flow_id: Some(flow.id),
            number: None,
            vlans: &flow.vlans,
            source: Some(source),
            destination: Some(destination),
            protocol: Some(flow.protocol),
            icmp: flow.icmp[0],
            packet_source: None,
        }
    }

    /// The record so far, to be changed.
    pub(crate) fn record(&self) -> Map<String, Value> {
        let mut record = Map::new();
        self.fill(&mut record);
        record
    }

    /// The record so far, as it is written.
    pub(crate) fn written(&self) -> Record {
        let mut record = Record::new();
        self.fill(&mut record);
        record
    }

    fn fill(&self, record: &mut impl Fields) {
        record.time("timestamp", self.time);
        if let Some(id) = self.flow_id {
            record.plain("flow_id", id);
        }
        if let Some(number) = self.number {
            record.plain("pcap_cnt", number);
        }
        record.text("event_type", self.event_type);
        if !self.vlans.is_empty() {
            record.value("vlan", &self.vlans.to_vec().into());
        }
        let ports = matches!(self.protocol, Some(6 | 17 | 132));
        for (side, address, port) in [(self.source, "src_ip", "src_port"), (self.destination, "dest_ip", "dest_port")] {
            let Some(side) = side else { continue };
            record.address(address, side.0);
            if ports {
                record.plain(port, side.1);
            }
        }
        if let (Some(50), Some(side), Some(other)) = (self.protocol, self.source, self.destination) {
            record.plain("spi", u32::from(side.1) << 16 | u32::from(other.1));
        }
        if let Some(protocol) = self.protocol {
            record.text("proto", &protocol_name(protocol));
        }
        if let Some((kind, code)) = self.icmp.filter(|_| matches!(self.protocol, Some(1 | 58))) {
            record.plain("icmp_type", kind);
            record.plain("icmp_code", code);
        }
        if let Some(side) = self.source {
            record.plain("ip_v", if side.0.is_ipv4() { 4_u8 } else { 6 });
        }
        if let Some(source) = self.packet_source {
            record.text("pkt_src", source);
        }
    }
}

/// Adds what the settings ask for of every record about a flow.
pub(crate) fn add_flow_extras(record: &mut impl Fields, settings: &SensorSettings, flow: &Flow, direction: Direction) {
    if settings.eve.community_id {
        let id = community_id(settings.flow.community_id_seed, flow.protocol, id_side(flow, 0), id_side(flow, 1));
        record.text("community_id", &id);
    }
    if settings.eve.ethernet {
        let [client, server] = flow.macs;
        let (source, destination) = if direction == Direction::ToServer { (client, server) } else { (server, client) };
        add_ethernet(record, source, destination);
    }
}

/// The community id of ICMP has type and code in the place of ports.
fn id_side(flow: &Flow, which: usize) -> Side {
    let side = if which == 0 { flow.client } else { flow.server };
    match (flow.protocol, flow.icmp[0]) {
        (1 | 58, Some((kind, code))) => (side.0, if which == 0 { kind } else { code }.into()),
        _ => side,
    }
}

pub(crate) fn add_ethernet(record: &mut impl Fields, source: Option<[u8; 6]>, destination: Option<[u8; 6]>) {
    let mut ether = Map::new();
    for (name, mac) in [("src_mac", source), ("dest_mac", destination)] {
        if let Some(mac) = mac {
            ether.insert(name.to_owned(), mac_text(mac).into());
        }
    }
    if !ether.is_empty() {
        record.map("ether", &ether);
    }
}

pub(crate) fn mac_text(mac: [u8; 6]) -> String {
    mac.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

/// Name of an IP protocol as EVE writes it; others are three digits.
pub(crate) fn protocol_name(protocol: u8) -> Cow<'static, str> {
    Cow::Borrowed(match protocol {
        0 => "HOPOPT",
        1 => "ICMP",
        2 => "IGMP",
        4 => "IP-in-IP",
        6 => "TCP",
        17 => "UDP",
        41 => "IPv6",
        47 => "GRE",
        50 => "ESP",
        51 => "AH",
        58 => "IPv6-ICMP",
        89 => "OSPFIGP",
        103 => "PIM",
        112 => "VRRP",
        132 => "SCTP",
        other => return Cow::Owned(format!("{other:03}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_told_where_there_are_any() {
        let side = ("192.0.2.1".parse().expect("is an address"), 8_u16);
        let mut header = Header {
            time: Timestamp::EPOCH,
            event_type: "alert",
            flow_id: Some(1),
            number: Some(7),
            vlans: &[],
            source: Some(side),
            destination: Some(side),
            protocol: Some(6),
            icmp: Some((8, 0)),
            packet_source: None,
        };
        let record = header.record();
        assert_eq!(record["src_port"], 8);
        assert_eq!(record["pcap_cnt"], 7);
        assert!(!record.contains_key("icmp_type"));
        header.protocol = Some(1);
        let record = header.record();
        assert!(!record.contains_key("src_port"));
        assert_eq!(record["icmp_type"], 8);
    }
}
