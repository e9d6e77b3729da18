//! What applies to traffic between two classes of endpoints: the rules no pattern chooses and the matchers of the
//! others, of those alone whose header fits. Found once for each way of a flow, not for every packet.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use fengsui_protocols::{AppProtocol, Direction};

use super::RuleSet;
use crate::flow_state::WayGroup;
use crate::header::{Endpoints, endpoints};
use crate::prefilter::{Classes, HeadIndex, Matcher};
use crate::rule::{Rule, way_matches};
use crate::{FlowState, PacketView, limits};

/// Classes of the addresses and ports that headers compare.
#[derive(Debug, Default)]
pub(super) struct HeaderClasses {
    addresses: Classes,
    ports: Classes,
}

/// What headers can tell of a packet.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    protocol: u8,
    is_ipv4: bool,
    direction: Option<Direction>,
    addresses: (u32, u32),
    ports: (u32, u32),
}

impl HeaderClasses {
    pub(super) fn new(rules: &[Rule]) -> Self {
        let sides = || {
            let compared = rules.iter().filter(|rule| !rule.phases.addresses);
            compared.flat_map(|rule| [&rule.header.source, &rule.header.destination])
        };
        Self {
            addresses: Classes::new(sides().map(|side| &*side.addresses)),
            ports: Classes::new(sides().map(|side| &*side.ports)),
        }
    }

    fn key(&self, packet: &PacketView<'_>, ((source, destination), ports): Endpoints) -> Key {
        Key {
            protocol: packet.protocol,
            is_ipv4: packet.source.is_some_and(|address| address.is_ipv4()),
            direction: packet.direction,
            addresses: (self.addresses.of(source), self.addresses.of(destination)),
            ports: (self.ports.of(ports.0.into()), self.ports.of(ports.1.into())),
        }
    }
}

/// What applies to one class of traffic.
#[derive(Debug)]
pub(crate) struct Group {
    /// One packet that stands for all of the class.
    like: PacketView<'static>,
    /// Rules that no pattern chooses, by what they look at.
    pub(super) packets: Box<[u32]>,
    pub(super) protocols: Box<[u32]>,
    pub(super) streams: Box<[u32]>,
    /// Rules that the first byte of a payload, or of a window of the stream, chooses.
    pub(super) packet_heads: HeadIndex,
    pub(super) stream_heads: HeadIndex,
    transactions: Box<[OnceLock<Box<[u32]>>]>,
    matchers: Box<[OnceLock<Arc<Matcher>>]>,
}

/// The groups one worker has met.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// The rule set they belong to.
    rules: u64,
    known: HashMap<Key, Arc<Group>>,
}

impl Groups {
    fn find(&mut self, set: &RuleSet, packet: &PacketView<'_>, endpoints: Endpoints) -> Arc<Group> {
        if self.rules != set.id || self.known.len() >= limits::GROUPS {
            (self.rules, self.known) = (set.id, HashMap::new());
        }
        let key = set.classes.key(packet, endpoints);
        Arc::clone(self.known.entry(key).or_insert_with(|| Arc::new(set.group(packet))))
    }
}

impl RuleSet {
    fn group(&self, packet: &PacketView<'_>) -> Group {
        let like = PacketView {
            source: packet.source,
            destination: packet.destination,
            source_port: packet.source_port,
            destination_port: packet.destination_port,
            protocol: packet.protocol,
            direction: packet.direction,
            ..PacketView::without_addresses()
        };
        let fitting = |mut rules: Vec<u32>| -> Box<[u32]> {
            self.keep_fitting(&like, None, &mut rules, 0);
            rules.sort_unstable();
            rules.dedup();
            rules.into()
        };
        let ends = endpoints(&like);
        let heads = |entries: &[(u8, u32)]| {
            HeadIndex::new(entries.iter().filter(|entry| self.fits(entry.1, (&like, ends), None)).copied().collect())
        };
        let (packet_heads, stream_heads) = (heads(&self.heads.packets), heads(&self.heads.streams));
        let mut of_packets = Vec::new();
        self.packets.candidates(&like, &mut of_packets);
        Group {
            like,
            packets: fitting(of_packets),
            protocols: fitting(self.protocols.clone()),
            streams: fitting(self.streams.of(&like).collect()),
            packet_heads,
            stream_heads,
            transactions: AppProtocol::ALL.iter().map(|_| OnceLock::new()).collect(),
            matchers: (0..self.tables.count()).map(|_| OnceLock::new()).collect(),
        }
    }

    /// What applies to the packet's way of a flow; none for a packet without addresses.
    pub(super) fn group_of(
        &self,
        groups: &mut Groups,
        packet: &PacketView<'_>,
        flow: &mut FlowState,
    ) -> Option<Arc<Group>> {
        let endpoints = endpoints(packet)?;
        let way = flow.way(packet.direction == Some(Direction::ToClient));
        let is_it = |way: &&WayGroup| {
            (way.rules, way.protocol, way.direction, way.endpoints)
                == (self.id, packet.protocol, packet.direction, endpoints)
        };
        if let Some(way) = way.as_ref().filter(is_it) {
            return Some(Arc::clone(&way.group));
        }
        let group = groups.find(self, packet, endpoints);
        let (protocol, direction) = (packet.protocol, packet.direction);
        *way = Some(WayGroup { rules: self.id, endpoints, protocol, direction, group: Arc::clone(&group) });
        Some(group)
    }

    /// The matcher of a table for a group; of the whole table without one.
    pub(super) fn matcher<'m>(&'m self, group: Option<&'m Group>, table: usize) -> &'m Matcher {
        let Some((group, place)) = group.and_then(|group| Some((group, group.matchers.get(table)?))) else {
            return self.tables.whole(table);
        };
        place.get_or_init(|| {
            let endpoints = endpoints(&group.like);
            self.tables.part(table, |number| self.fits(number, (&group.like, endpoints), None))
        })
    }

    /// Adds the rules no pattern chooses for one direction of a transaction of this protocol.
    pub(super) fn unchosen_of_transaction(
        &self,
        group: Option<&Group>,
        protocol: AppProtocol,
        candidates: &mut Vec<u32>,
    ) {
        let all = || self.transactions.get(&protocol).into_iter().flatten().chain(&self.any_transactions).copied();
        let Some((group, place)) = group.and_then(|group| Some((group, group.transactions.get(protocol as usize)?)))
        else {
            return candidates.extend(all());
        };
        candidates.extend_from_slice(place.get_or_init(|| {
            let mut rules: Vec<u32> = all().collect();
            self.keep_fitting(&group.like, Some(protocol), &mut rules, 0);
            rules.into()
        }));
    }

    /// Drops the rules from a place on whose header does not fit a packet and, where it is known, its application.
    pub(super) fn keep_fitting(
        &self,
        packet: &PacketView<'_>,
        application: Option<AppProtocol>,
        rules: &mut Vec<u32>,
        from: usize,
    ) {
        if rules.len() == from {
            return;
        }
        let endpoints = endpoints(packet);
        let mut kept = from;
        for place in from..rules.len() {
            let number = rules[place];
            if self.fits(number, (packet, endpoints), application) {
                rules[kept] = number;
                kept += 1;
            }
        }
        rules.truncate(kept);
    }

    /// Whether the header of a rule fits a packet and, where it is known, its application.
    fn fits(
        &self,
        number: u32,
        (packet, endpoints): (&PacketView<'_>, Option<Endpoints>),
        application: Option<AppProtocol>,
    ) -> bool {
        self.rules.get(number as usize).is_some_and(|rule| {
            way_matches(rule.flow.direction, packet.direction)
                && (application.is_none() || rule.header.protocol.speaks(application))
                && rule.header.fits(packet, endpoints)
        })
    }
}
