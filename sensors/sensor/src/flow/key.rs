//! What makes packets belong to one flow.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::net::IpAddr;

use fengsui_protocols::{Decoded, Ip, Transport, Tunnel, TunnelKind, Vlans};
use fengsui_schema::Fnv;

/// One end of a packet: address and port (or, for ICMP, type and identifier folded into a port).
pub(crate) type Side = (IpAddr, u16);

/// Identity of a flow, the same for both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlowKey {
    low: Side,
    high: Side,
    protocol: u8,
    vlans: Vlans,
    tunnel: u32,
}

/// As few numbers as hold all of it: this is done for every packet.
impl Hash for FlowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for side in [self.low, self.high] {
            match side.0 {
                IpAddr::V4(address) => state.write_u64(address.to_bits().into()),
                IpAddr::V6(address) => state.write_u128(address.to_bits()),
            }
        }
        let ports = u64::from(self.low.1) << 16 | u64::from(self.high.1);
        state.write_u64(ports << 32 | u64::from(self.tunnel));
        state.write_u64(self.vlans.ids().iter().fold(self.protocol.into(), |sum, id| sum << 16 | u64::from(*id)));
    }
}

/// Begins hashes of keys with a secret of this process, so that nobody can choose addresses whose keys meet.
#[derive(Debug, Clone)]
pub(crate) struct KeyHashing(u64);

impl Default for KeyHashing {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0_u8) | 1)
    }
}

impl BuildHasher for KeyHashing {
    type Hasher = KeyHasher;

    fn build_hasher(&self) -> KeyHasher {
        KeyHasher { state: self.0, secret: self.0 }
    }
}

/// Folds products of 64 by 64 bits.
#[derive(Debug)]
pub(crate) struct KeyHasher {
    state: u64,
    secret: u64,
}

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.state
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.state ^ number).wrapping_mul(u128::from(self.secret ^ 0x9e37_79b9_7f4a_7c15));
        self.state = (product as u64) ^ ((product >> 64) as u64) ^ self.secret.rotate_left(23);
    }

    fn write_u128(&mut self, number: u128) {
        self.write_u64(number as u64);
        self.write_u64((number >> 64) as u64);
    }
}

impl FlowKey {
    /// The key of a packet, and the packet's source and destination; none without an IP header. `by_vlan` says whether
    /// VLANs tell flows apart.
    pub(crate) fn of(decoded: &Decoded<'_>, tunnel: u32, by_vlan: bool) -> Option<(Self, Side, Side)> {
        let vlans = if by_vlan { decoded.vlans } else { Vlans::default() };
        let ip = decoded.ip.as_ref()?;
        let carries_ip = matches!(decoded.tunnel, Some(Tunnel { kind: TunnelKind::IpInIp, .. }));
        let followed = matches!(ip.protocol, 1 | 6 | 17 | 50 | 58 | 132) || carries_ip;
        if !followed {
            return None;
        }
        let (source_port, destination_port) = match &decoded.transport {
            Transport::Icmpv4(icmp) | Transport::Icmpv6(icmp) => {
                if let Some((source, destination, protocol, from, to)) = quoted(icmp.quoted_flow()) {
                    // An error belongs to the flow whose packet it quotes; it goes against that packet's direction.
                    let key = Self::new((source, from), (destination, to), protocol, vlans, tunnel);
                    return Some((key, (destination, to), (source, from)));
                }
                (icmp.kind.into(), counterpart(icmp.kind, ip.version).into())
            }
            _ => decoded.ports().or_else(|| spi_halves(ip)).unwrap_or((0, 0)),
        };
        let (source, destination) = ((ip.source, source_port), (ip.destination, destination_port));
        Some((Self::new(source, destination, ip.protocol, vlans, tunnel), source, destination))
    }

    fn new(source: Side, destination: Side, protocol: u8, vlans: Vlans, tunnel: u32) -> Self {
        let (low, high) = if source <= destination { (source, destination) } else { (destination, source) };
        Self { low, high, protocol, vlans, tunnel }
    }

    /// IP protocol number.
    pub(crate) const fn protocol(&self) -> u8 {
        self.protocol
    }

    /// A number of 53 bits made of the key and where the flow began: the same on every run.
    pub(crate) fn flow_id(&self, start_nanos: i64, packet: u64) -> u64 {
        let mut hash = Fnv::new();
        for side in [self.low, self.high] {
            match side.0 {
                IpAddr::V4(address) => hash.add(&address.octets()),
                IpAddr::V6(address) => hash.add(&address.octets()),
            }
            hash.add(&side.1.to_le_bytes());
        }
        hash.add(&[self.protocol]);
        self.vlans.ids().iter().for_each(|id| hash.add(&id.to_le_bytes()));
        hash.add(&self.tunnel.to_le_bytes());
        hash.add(&start_nanos.to_le_bytes());
        hash.add(&packet.to_le_bytes());
        hash.finish_mixed() & ((1 << 53) - 1)
    }
}

/// The type of ICMP message that answers one of this type, 255 where there is none: a question and its answer are one
/// flow, as they are seen in opposite directions.
const fn counterpart(kind: u8, version: u8) -> u8 {
    match (version, kind) {
        (4, 8) => 0,
        (4, 0) => 8,
        (4, 10) => 9,
        (4, 9) => 10,
        (4, 13 | 15 | 17) => kind + 1,
        (4, 14 | 16 | 18) => kind - 1,
        (6, 128 | 133 | 135 | 139 | 144) => kind + 1,
        (6, 129 | 134 | 136 | 140 | 145) => kind - 1,
        (6, 130) => 131,
        (6, 131) => 130,
        _ => 255,
    }
}

/// The security parameter index of ESP, which tells its flows apart, as two halves.
fn spi_halves(ip: &Ip<'_>) -> Option<(u16, u16)> {
    let [a, b, c, d] = *ip.payload.first_chunk::<4>().filter(|_| ip.protocol == 50)?;
    Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
}

type Quoted = (IpAddr, IpAddr, u8, u16, u16);

fn quoted(flow: Option<Quoted>) -> Option<Quoted> {
    flow.filter(|(_, _, protocol, _, _)| matches!(protocol, 6 | 17 | 132))
}
