//! The header of a rule: action, protocol, addresses, ports, direction.

use std::sync::Arc;

use fengsui_protocols::AppProtocol;
use fengsui_schema::shown;

use crate::ranges::{Groups, RangeSet, address_number};
use crate::{Action, PacketView};

/// The header of a rule.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) protocol: Protocol,
    pub(crate) source: Side,
    pub(crate) destination: Side,
    pub(crate) arrow: Arrow,
    /// Whether the action is about the flow (`drop:flow`) or about the packet (`drop:packet`); absent where the rule
    /// does not say so.
    pub(crate) of_flow: Option<bool>,
}

/// One side of the arrow.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    pub(crate) addresses: Arc<RangeSet>,
    pub(crate) ports: Arc<RangeSet>,
}

/// The arrow of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrow {
    /// `->`
    OneWay,
    /// `<>`: either side may be the source.
    EitherWay,
    /// `=>`: one rule looks at both directions of a transaction.
    Transaction,
}

/// What the protocol word of a header asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Protocol {
    /// IP protocol numbers; empty for all.
    pub(crate) numbers: &'static [u8],
    /// 4 or 6; none for both.
    pub(crate) version: Option<u8>,
    /// Application protocols; empty when the word names none.
    pub(crate) applications: Vec<AppProtocol>,
    /// `tcp-pkt`, `tcp-stream`.
    pub(crate) only: Only,
    /// `pkthdr` and the like: also packets without an IP header.
    pub(crate) without_ip: bool,
}

/// Which form of TCP payload a header asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Only {
    #[default]
    Both,
    Packet,
    Stream,
}

const TCP: &[u8] = &[6];
const UDP: &[u8] = &[17];
const ICMP: &[u8] = &[1, 58];

impl Protocol {
    fn parse(word: &str) -> Result<Self, String> {
        let plain = Self { numbers: &[], version: None, applications: vec![], only: Only::Both, without_ip: false };
        let lower = word.to_ascii_lowercase();
        Ok(match lower.as_str() {
            "ip" => plain,
            "tcp" => Self { numbers: TCP, ..plain },
            "tcp-pkt" => Self { numbers: TCP, only: Only::Packet, ..plain },
            "tcp-stream" => Self { numbers: TCP, only: Only::Stream, ..plain },
            "udp" => Self { numbers: UDP, ..plain },
            "icmp" => Self { numbers: ICMP, ..plain },
            "icmpv4" => Self { numbers: &[1], ..plain },
            "icmpv6" => Self { numbers: &[58], ..plain },
            "sctp" => Self { numbers: &[132], ..plain },
            "ip4" | "ipv4" => Self { version: Some(4), ..plain },
            "ip6" | "ipv6" => Self { version: Some(6), ..plain },
            "igmp" => Self { numbers: &[2], ..plain },
            "gre" => Self { numbers: &[47], ..plain },
            "esp" => Self { numbers: &[50], ..plain },
            "pkthdr" | "ether" | "arp" => Self { without_ip: true, ..plain },
            name => Self { applications: applications(name)?, ..plain },
        })
    }

    fn carries(&self, packet: &PacketView<'_>) -> bool {
        let transport = self.numbers.is_empty() || self.numbers.contains(&packet.protocol);
        let version = match (packet.source, self.version) {
            (None, _) => self.without_ip,
            (Some(_), None) => true,
            (Some(address), Some(version)) => address.is_ipv4() == (version == 4),
        };
        transport && version
    }

    /// Whether the word takes an application protocol.
    pub(crate) fn speaks(&self, application: Option<AppProtocol>) -> bool {
        self.applications.is_empty() || application.is_some_and(|protocol| self.applications.contains(&protocol))
    }
}

/// The application protocols a word stands for.
pub(crate) fn applications(name: &str) -> Result<Vec<AppProtocol>, String> {
    Ok(match name {
        "http" => vec![AppProtocol::Http, AppProtocol::Http2],
        // Messages of DNS in HTTP/2, and what carries them.
        "doh2" => vec![AppProtocol::Doh2, AppProtocol::Http2],
        "dns" => vec![AppProtocol::Dns, AppProtocol::Doh2],
        "http1" => vec![AppProtocol::Http],
        "dcerpc" => vec![AppProtocol::Dcerpc, AppProtocol::Smb],
        "ssl" => vec![AppProtocol::Tls],
        "ikev2" => vec![AppProtocol::Ike],
        _ => match AppProtocol::from_name(name) {
            Some(protocol) => vec![protocol],
            None => return Err(format!("protocol {} is not one the sensor parses", shown(name))),
        },
    })
}

impl Header {
    /// Parses the words before the options; gives the hook behind the protocol too.
    pub(crate) fn parse<'w>(
        words: &[&'w str],
        groups: &mut Groups<'_>,
    ) -> Result<(Action, Self, Option<&'w str>), String> {
        let [action, protocol, source, source_ports, arrow, destination, destination_ports] = words else {
            return Err(format!("the header has {} words instead of 7", words.len()));
        };
        let arrow = match *arrow {
            "->" => Arrow::OneWay,
            "<>" => Arrow::EitherWay,
            "=>" => Arrow::Transaction,
            _ => return Err(format!("{} is no arrow; write ->, <> or =>", shown(arrow))),
        };
        let source = Side { addresses: groups.addresses(source)?, ports: groups.ports(source_ports)? };
        let destination = Side { addresses: groups.addresses(destination)?, ports: groups.ports(destination_ports)? };
        let (action, of_flow) = parse_action(action)?;
        let (protocol, hook) = protocol.split_once(':').map_or((*protocol, None), |(name, hook)| (name, Some(hook)));
        let protocol = Protocol::parse(protocol)?;
        Ok((action, Self { protocol, source, destination, arrow, of_flow }, hook))
    }

    /// Whether a packet matches but for its application protocol: the same for all packets of one way of a flow.
    pub(crate) fn fits(&self, packet: &PacketView<'_>, endpoints: Option<Endpoints>) -> bool {
        if !self.protocol.carries(packet) {
            return false;
        }
        let Some(((source, destination), ports)) = endpoints else {
            return self.takes_everything();
        };
        let forward = self.source.holds(source, ports.0) && self.destination.holds(destination, ports.1);
        forward
            || (self.arrow != Arrow::OneWay
                && self.source.holds(destination, ports.1)
                && self.destination.holds(source, ports.0))
    }

    /// Whether neither addresses nor ports are restricted.
    pub(crate) fn takes_everything(&self) -> bool {
        [&self.source, &self.destination]
            .iter()
            .all(|side| side.addresses.is_everything() && side.ports.is_everything())
    }
}

impl Side {
    fn holds(&self, address: u128, port: u16) -> bool {
        self.ports.contains(u128::from(port)) && self.addresses.contains(address)
    }
}

/// Source and destination address of a packet as numbers, and its ports.
pub(crate) type Endpoints = ((u128, u128), (u16, u16));

/// What headers compare; none without an IP header.
pub(crate) fn endpoints(packet: &PacketView<'_>) -> Option<Endpoints> {
    let addresses = (address_number(packet.source?), address_number(packet.destination?));
    Some((addresses, (packet.source_port, packet.destination_port)))
}

/// An action, and what it is about when it says so.
fn parse_action(word: &str) -> Result<(Action, Option<bool>), String> {
    let (action, scope) = word.split_once(':').map_or((word, None), |(action, scope)| (action, Some(scope)));
    let action = match action {
        "alert" => Action::Alert,
        "pass" => Action::Pass,
        "drop" => Action::Drop,
        "config" => Action::Alert,
        "reject" | "rejectsrc" | "rejectdst" | "rejectboth" => Action::Reject,
        "accept" => return Err("accept is an action of firewall rules, which the sensor has not".to_owned()),
        _ => return Err(format!("action {} is not supported; write alert, pass, drop or reject", shown(action))),
    };
    let of_flow = match scope {
        None => None,
        Some("flow") => Some(true),
        Some("packet") => Some(false),
        Some(other) => return Err(format!("{} is no scope of an action; write packet or flow", shown(other))),
    };
    Ok((action, of_flow))
}
