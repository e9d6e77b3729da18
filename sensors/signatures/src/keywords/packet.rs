//! Keywords about the packet and its headers.

use fengsui_protocols::{AppProtocol, Direction};
use fengsui_schema::shown;

use crate::PacketView;
use crate::draft::Draft;
use crate::header::applications;
use crate::keywords::flow_counts::FlowCount;
use crate::keywords::remote_call::CallCheck;
use crate::keywords::reputation::ReputationCheck;
use crate::keywords::{Keyword, keyword, parts, without_value};
use crate::number::{Comparison, number};

/// Something a rule asks of the packet.
#[derive(Debug, Clone)]
pub(crate) enum PacketCheck {
    Number(fn(&PacketView<'_>) -> Option<u64>, Comparison),
    TcpFlags {
        flags: u8,
        ignored: u8,
        test: FlagTest,
    },
    FragmentBits {
        bits: u8,
        test: FlagTest,
    },
    StreamSize {
        side: StreamSide,
        comparison: Comparison,
    },
    Option(u8),
    SameAddress,
    Protocol(Box<ProtocolTest>),
    /// Every packet by itself, or the first of each direction of a flow.
    Hook {
        first: bool,
    },
    Event(String),
    /// Whether a checksum is right.
    Checksum {
        which: ChecksumOf,
        valid: bool,
    },
    /// A type among the chunks of an SCTP packet.
    SctpChunk(Comparison),
    /// A VLAN identifier, of one layer or of any.
    Vlan {
        layer: Option<i8>,
        comparison: Comparison,
    },
    Reputation(Box<ReputationCheck>),
    /// How much the flow has carried.
    FlowCount(FlowCount),
    /// A call of ONC RPC.
    Call(CallCheck),
    /// The version of IP.
    IpVersion(u8),
}

/// Whose checksum it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChecksumOf {
    Ipv4,
    /// Of the transport with this protocol number over this IP version.
    Transport(u8, u8),
}

/// How flag bits are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlagTest {
    /// Exactly these.
    Exact,
    /// All of these and maybe others (`+`).
    All,
    /// Any of these (`*`).
    Any,
    /// None of these (`!`).
    None,
}

/// Whose bytes `stream_size` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamSide {
    Client,
    Server,
    Both,
    Either,
}

impl FlagTest {
    const fn holds(self, value: u8, flags: u8) -> bool {
        match self {
            Self::Exact => value == flags,
            Self::All => value & flags == flags,
            Self::Any => value & flags != 0,
            Self::None => value & flags == 0,
        }
    }
}

impl PacketCheck {
    pub(crate) fn matches(&self, packet: &PacketView<'_>) -> bool {
        match self {
            Self::Number(field, comparison) => field(packet).is_some_and(|value| comparison.matches(value)),
            Self::TcpFlags { flags, ignored, test } => {
                packet.tcp.is_some_and(|tcp| test.holds(tcp.flags & !ignored, *flags))
            }
            Self::FragmentBits { bits, test } => test.holds(fragment_bits(packet), *bits),
            Self::StreamSize { side, comparison } => stream_size(packet, *side, *comparison),
            Self::Option(kind) => packet.network.options.contains(*kind),
            Self::SameAddress => packet.source.is_some() && packet.source == packet.destination,
            Self::Protocol(test) => test.matches(packet),
            Self::Hook { first } => !*first || is_first(packet),
            Self::Checksum { which, valid } => checksum(packet, *which) == Some(*valid),
            Self::SctpChunk(comparison) => {
                packet.sctp.is_some_and(|sctp| sctp.chunks().any(|chunk| comparison.matches(chunk.kind.into())))
            }
            Self::Vlan { layer, comparison } => vlan(packet, *layer, *comparison),
            Self::Reputation(check) => check.matches(packet),
            Self::FlowCount(count) => count.matches(packet),
            Self::Call(check) => check.matches(packet),
            Self::IpVersion(version) => ip_version(packet) == Some(*version),
            Self::Event(name) => {
                packet.events.iter().any(|event| event.strip_prefix("decoder.").unwrap_or(event) == name)
            }
        }
    }

    /// Whether the check is about the flow, so that it does not tie the rule to single packets.
    pub(crate) const fn of_flow(&self) -> bool {
        matches!(self, Self::StreamSize { .. } | Self::Protocol(_))
    }
}

/// What a rule asks of the application protocol of a flow (`app-layer-protocol`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProtocolTest {
    protocols: Vec<AppProtocol>,
    /// Detection has ended without a result.
    failed: bool,
    /// Detection has not ended.
    unknown: bool,
    negated: bool,
    /// It is about what was spoken before the protocol changed.
    original: bool,
}

impl ProtocolTest {
    fn matches(&self, packet: &PacketView<'_>) -> bool {
        let spoken = if self.original { packet.app_original } else { packet.app_protocol };
        match spoken {
            Some(protocol) => self.protocols.contains(&protocol) != self.negated,
            None if self.original => false,
            None if packet.app_protocol_decided => self.failed != self.negated,
            None => self.unknown,
        }
    }

    /// Whether one look at the end of detection tells.
    pub(crate) const fn waits(&self) -> bool {
        !self.unknown && !self.original
    }

    /// `[!]name[|name]…[,mode][,exact]`
    fn parse(value: &str) -> Result<Self, String> {
        let (negated, rest) = value.strip_prefix('!').map_or((false, value), |rest| (true, rest));
        let mut options = parts(rest);
        let names = options.next().ok_or("needs a protocol")?;
        let mut test = Self { protocols: Vec::new(), failed: false, unknown: false, negated, original: false };
        let mut exact = false;
        for option in options {
            match option {
                // Both sides of a flow agree here.
                "direction" | "to_server" | "to_client" | "toserver" | "toclient" | "either" | "final" => {}
                "original" => test.original = true,
                "exact" => exact = true,
                other => return Err(format!("{} is no mode of it", shown(other))),
            }
        }
        for name in names.split('|').map(str::trim) {
            match name {
                "failed" => test.failed = true,
                "unknown" if negated => return Err("unknown can not be negated".to_owned()),
                "unknown" => test.unknown = true,
                name if exact => test.protocols.push(exactly(name)?),
                name => test.protocols.extend(applications(name)?),
            }
        }
        Ok(test)
    }
}

/// The one protocol of a name, without those that are like it.
fn exactly(name: &str) -> Result<AppProtocol, String> {
    match name {
        "http" => Err("http stands for http1 and http2; write one of them with exact".to_owned()),
        "http1" => Ok(AppProtocol::Http),
        _ => {
            AppProtocol::from_name(name).ok_or_else(|| format!("protocol {} is not one the sensor parses", shown(name)))
        }
    }
}

/// Whether it is the first packet that goes its way in its flow.
fn is_first(packet: &PacketView<'_>) -> bool {
    packet.direction.is_some_and(|way| packet.flow_packets[usize::from(way == Direction::ToClient)] == 1)
}

fn ip_version(packet: &PacketView<'_>) -> Option<u8> {
    packet.source.map(|source| if source.is_ipv4() { 4 } else { 6 })
}

fn checksum(packet: &PacketView<'_>, which: ChecksumOf) -> Option<bool> {
    let version = ip_version(packet);
    match which {
        ChecksumOf::Ipv4 => packet.checksums.0,
        ChecksumOf::Transport(protocol, of) if packet.protocol == protocol && version == Some(of) => packet.checksums.1,
        ChecksumOf::Transport(..) => None,
    }
}

fn vlan(packet: &PacketView<'_>, layer: Option<i8>, comparison: Comparison) -> bool {
    let count = i8::try_from(packet.vlans.len()).unwrap_or(i8::MAX);
    let found = layer.map(|layer| if layer < 0 { count + layer } else { layer });
    match found {
        None => packet.vlans.iter().any(|id| comparison.matches((*id).into())),
        Some(place) => {
            let id = usize::try_from(place).ok().and_then(|place| packet.vlans.get(place));
            id.is_some_and(|id| comparison.matches((*id).into()))
        }
    }
}

fn fragment_bits(packet: &PacketView<'_>) -> u8 {
    let network = &packet.network;
    u8::from(network.more_fragments) | u8::from(network.dont_fragment) << 1 | u8::from(network.reserved_bit) << 2
}

fn stream_size(packet: &PacketView<'_>, side: StreamSide, comparison: Comparison) -> bool {
    let (client, server) = (comparison.matches(packet.client_bytes), comparison.matches(packet.server_bytes));
    match side {
        StreamSide::Client => client,
        StreamSide::Server => server,
        StreamSide::Both => client && server,
        StreamSide::Either => client || server,
    }
}

macro_rules! field {
    ($name:literal, $field:expr) => {
        keyword($name, |draft, value| {
            let comparison = Comparison::parse(value)?;
            draft.packet_checks.push(PacketCheck::Number($field, comparison));
            Ok(())
        })
    };
}

pub(crate) const KEYWORDS: &[Keyword] = &[
    field!("dsize", |packet| u64::try_from(packet.payload.len()).ok()),
    field!("ttl", |packet| packet.source.map(|_| u64::from(packet.network.ttl))),
    field!("tos", |packet| packet.source.map(|_| u64::from(packet.network.tos))),
    field!("id", |packet| packet.source.filter(|source| source.is_ipv4()).map(|_| u64::from(packet.network.id))),
    field!("fragoffset", |packet| packet.source.map(|_| u64::from(packet.network.fragment_offset))),
    field!("seq", |packet| packet.tcp.map(|tcp| u64::from(tcp.sequence))),
    field!("tcp.seq", |packet| packet.tcp.map(|tcp| u64::from(tcp.sequence))),
    field!("ack", |packet| packet.tcp.map(|tcp| u64::from(tcp.acknowledgement))),
    field!("tcp.ack", |packet| packet.tcp.map(|tcp| u64::from(tcp.acknowledgement))),
    field!("window", |packet| packet.tcp.map(|tcp| u64::from(tcp.window))),
    field!("tcp.window", |packet| packet.tcp.map(|tcp| u64::from(tcp.window))),
    field!("tcp.mss", |packet| packet.tcp.and_then(|tcp| tcp.mss).map(u64::from)),
    field!("tcp.wscale", |packet| packet.tcp.and_then(|tcp| tcp.window_scale).map(u64::from)),
    field!("itype", |packet| packet.icmp.map(|icmp| u64::from(icmp.kind))),
    field!("icode", |packet| packet.icmp.map(|icmp| u64::from(icmp.code))),
    field!("icmp_id", |packet| packet.icmp.and_then(|icmp| icmp.id).map(u64::from)),
    field!("icmp_seq", |packet| packet.icmp.and_then(|icmp| icmp.sequence).map(u64::from)),
    field!("icmpv6.mtu", |packet| packet.icmp.and_then(|icmp| icmp.mtu).map(u64::from)),
    field!("igmp.type", |packet| packet.igmp_kind.map(u64::from)),
    field!("sctp.chunk_cnt", |packet| packet.sctp.map(|sctp| sctp.chunks().count() as u64)),
    field!("sctp.vtag", |packet| packet.sctp.map(|sctp| u64::from(sctp.tag))),
    field!("sctp.src_port", |packet| packet.sctp.map(|sctp| u64::from(sctp.source_port))),
    field!("sctp.dst_port", |packet| packet.sctp.map(|sctp| u64::from(sctp.destination_port))),
    field!("vlan.layers", |packet| u64::try_from(packet.vlans.len()).ok()),
    keyword("sctp.chunk_type", sctp_chunk),
    keyword("vlan.id", vlan_id),
    keyword("ipv4-csum", |draft, value| checksum_check(draft, ChecksumOf::Ipv4, value)),
    keyword("tcpv4-csum", |draft, value| checksum_check(draft, ChecksumOf::Transport(6, 4), value)),
    keyword("tcpv6-csum", |draft, value| checksum_check(draft, ChecksumOf::Transport(6, 6), value)),
    keyword("udpv4-csum", |draft, value| checksum_check(draft, ChecksumOf::Transport(17, 4), value)),
    keyword("udpv6-csum", |draft, value| checksum_check(draft, ChecksumOf::Transport(17, 6), value)),
    keyword("icmpv4-csum", |draft, value| checksum_check(draft, ChecksumOf::Transport(1, 4), value)),
    keyword("icmpv6-csum", |draft, value| checksum_check(draft, ChecksumOf::Transport(58, 6), value)),
    keyword("ip_proto", ip_protocol),
    keyword("flags", tcp_flags),
    keyword("tcp.flags", tcp_flags),
    keyword("fragbits", fragment_flags),
    keyword("stream_size", parse_stream_size),
    keyword("ipopts", ip_option),
    keyword("sameip", |draft, value| {
        without_value(value)?;
        draft.packet_checks.push(PacketCheck::SameAddress);
        Ok(())
    }),
    keyword("app-layer-protocol", app_protocol),
    keyword("l3_proto", layer_3),
    keyword("engine-event", |draft, value| event(draft, value.to_owned())),
    keyword("decode-event", |draft, value| event(draft, value.to_owned())),
    keyword("stream-event", |draft, value| event(draft, format!("stream.{value}"))),
];

/// Chunk types of RFC 9260.
const SCTP_CHUNKS: &[&str] = &[
    "data",
    "init",
    "init_ack",
    "sack",
    "heartbeat",
    "heartbeat_ack",
    "abort",
    "shutdown",
    "shutdown_ack",
    "error",
    "cookie_echo",
    "cookie_ack",
    "ecne",
    "cwr",
    "shutdown_complete",
];

fn sctp_chunk(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let word = value.trim().to_ascii_lowercase();
    let comparison = match SCTP_CHUNKS.iter().position(|name| *name == word) {
        Some(number) => Comparison::parse(&number.to_string())?,
        None => Comparison::parse(value)?,
    };
    draft.packet_checks.push(PacketCheck::SctpChunk(comparison));
    Ok(())
}

fn vlan_id(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let (comparison, layer) = value.split_once(',').unwrap_or((value, "any"));
    let comparison = Comparison::parse(comparison)?;
    let layer = match layer.trim() {
        "any" => None,
        text => {
            let number = text.parse::<i8>().ok().filter(|layer| (-3..3).contains(layer));
            Some(number.ok_or_else(|| format!("{} is no layer from -3 to 2", shown(text)))?)
        }
    };
    draft.packet_checks.push(PacketCheck::Vlan { layer, comparison });
    Ok(())
}

fn checksum_check(draft: &mut Draft<'_>, which: ChecksumOf, value: &str) -> Result<(), String> {
    let valid = match value.trim().trim_matches('"') {
        "valid" => true,
        "invalid" => false,
        _ => return Err("takes valid or invalid".to_owned()),
    };
    draft.packet_checks.push(PacketCheck::Checksum { which, valid });
    Ok(())
}

fn event(draft: &mut Draft<'_>, name: String) -> Result<(), String> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'));
    if name.is_empty() || name.ends_with('.') || !plain {
        return Err(format!("{} is no event", shown(&name)));
    }
    draft.packet_checks.push(PacketCheck::Event(name));
    Ok(())
}

fn app_protocol(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    draft.packet_checks.push(PacketCheck::Protocol(Box::new(ProtocolTest::parse(value)?)));
    Ok(())
}

const IP_PROTOCOLS: &[(&str, u64)] = &[
    ("icmp", 1),
    ("igmp", 2),
    ("ipip", 4),
    ("tcp", 6),
    ("udp", 17),
    ("ipv6", 41),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("icmpv6", 58),
    ("ipv6-icmp", 58),
    ("sctp", 132),
];

fn ip_protocol(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let bare = value.trim_start_matches(['!', '<', '>', '=']);
    let operator = &value[..value.len() - bare.len()];
    let known = IP_PROTOCOLS.iter().find(|entry| entry.0 == bare.trim().to_ascii_lowercase());
    let code = known.map_or_else(|| number(bare), |entry| Ok(entry.1))?;
    let comparison = Comparison::parse(&format!("{operator}{code}"))?;
    let field = |packet: &PacketView<'_>| packet.source.map(|_| u64::from(packet.protocol));
    draft.packet_checks.push(PacketCheck::Number(field, comparison));
    Ok(())
}

fn layer_3(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let version = match value.trim() {
        "ip4" | "ipv4" => 4,
        "ip6" | "ipv6" => 6,
        other => return Err(format!("{} is neither ipv4 nor ipv6", shown(other))),
    };
    draft.packet_checks.push(PacketCheck::IpVersion(version));
    Ok(())
}

fn flag_test(text: &str) -> (FlagTest, &str) {
    let mut rest = text.trim();
    for (sign, test) in [('+', FlagTest::All), ('*', FlagTest::Any), ('!', FlagTest::None)] {
        if let Some(stripped) = rest.strip_prefix(sign).or_else(|| rest.strip_suffix(sign)) {
            rest = stripped;
            return (test, rest);
        }
    }
    (FlagTest::Exact, rest)
}

fn tcp_flag_bits(letters: &str) -> Result<u8, String> {
    letters.trim().chars().try_fold(0, |bits, letter| {
        Ok(bits
            | match letter.to_ascii_uppercase() {
                'F' => 1,
                'S' => 2,
                'R' => 4,
                'P' => 8,
                'A' => 16,
                'U' => 32,
                'E' | '2' => 64,
                'C' | '1' => 128,
                '0' => 0,
                _ => return Err(format!("{} is no TCP flag", shown(&letter.to_string()))),
            })
    })
}

fn tcp_flags(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let (wanted, ignored) = value.split_once(',').unwrap_or((value, ""));
    let (test, letters) = flag_test(wanted);
    let (flags, ignored) = (tcp_flag_bits(letters)?, tcp_flag_bits(ignored)?);
    draft.packet_checks.push(PacketCheck::TcpFlags { flags, ignored, test });
    Ok(())
}

fn fragment_flags(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let (test, letters) = flag_test(value);
    let mut bits = 0;
    for letter in letters.chars() {
        bits |= match letter.to_ascii_uppercase() {
            'M' => 1,
            'D' => 2,
            'R' => 4,
            _ => return Err(format!("{} is no fragment flag", shown(letters))),
        };
    }
    draft.packet_checks.push(PacketCheck::FragmentBits { bits, test });
    Ok(())
}

fn parse_stream_size(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let fields: Vec<&str> = parts(value).collect();
    let [side, operator, bytes] = fields.as_slice() else {
        return Err("needs a side, an operator and a number".to_owned());
    };
    let side = match *side {
        "client" => StreamSide::Client,
        "server" => StreamSide::Server,
        "both" => StreamSide::Both,
        "either" => StreamSide::Either,
        other => return Err(format!("{} is no side", shown(other))),
    };
    let comparison = Comparison::parse(&format!("{operator}{bytes}"))?;
    draft.packet_checks.push(PacketCheck::StreamSize { side, comparison });
    Ok(())
}

/// IPv4 option kinds (IANA's registry of IP options).
const IP_OPTIONS: &[(&str, u8)] = &[
    ("eol", 0),
    ("nop", 1),
    ("rr", 7),
    ("qs", 25),
    ("ts", 68),
    ("sec", 130),
    ("lsrr", 131),
    ("esec", 133),
    ("cipso", 134),
    ("satid", 136),
    ("ssrr", 137),
    ("rtralt", 148),
];

fn ip_option(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let known = IP_OPTIONS.iter().find(|option| option.0 == value.trim());
    let kind = known.ok_or_else(|| format!("{} is no IP option it knows", shown(value)))?.1;
    draft.packet_checks.push(PacketCheck::Option(kind));
    Ok(())
}
