//! Rules that no pattern chooses, narrowed down to those whose header fits what goes one way of a flow: looked up once,
//! not for every packet.

use std::collections::HashSet;
use std::sync::Arc;

use fengsui_protocols::AppProtocol;
use fengsui_protocols::Direction::ToClient;

use super::RuleSet;
use crate::flow_state::WayRules;
use crate::header::endpoints;
use crate::rule::way_matches;
use crate::{FlowState, PacketView, limits};

/// Lists of rules, each held once however many flows have it.
#[derive(Debug, Default)]
pub(super) struct Lists(HashSet<Arc<[u32]>>);

impl Lists {
    fn share(&mut self, mut rules: Vec<u32>) -> Arc<[u32]> {
        rules.sort_unstable();
        rules.dedup();
        if let Some(known) = self.0.get(rules.as_slice()) {
            return Arc::clone(known);
        }
        if self.0.len() >= limits::SHARED_LISTS {
            self.0.clear();
        }
        let list: Arc<[u32]> = rules.into();
        self.0.insert(Arc::clone(&list));
        list
    }
}

impl RuleSet {
    /// The rules no pattern chooses for what goes the packet's way; none for a packet without addresses.
    pub(super) fn way_rules<'f>(
        &self,
        lists: &mut Lists,
        packet: &PacketView<'_>,
        flow: &'f mut FlowState,
    ) -> Option<&'f mut WayRules> {
        let endpoints = endpoints(packet)?;
        let way = flow.way(packet.direction == Some(ToClient));
        let is_it = |way: &WayRules| (way.rules, way.protocol, way.endpoints) == (self.id, packet.protocol, endpoints);
        if !way.as_deref().is_some_and(is_it) {
            let mut share = |mut rules: Vec<u32>| {
                self.keep_fitting(packet, None, &mut rules, 0);
                lists.share(rules)
            };
            let mut of_packets = Vec::new();
            self.packets.candidates(packet, &mut of_packets);
            *way = Some(Box::new(WayRules {
                rules: self.id,
                endpoints,
                protocol: packet.protocol,
                packets: share(of_packets),
                protocols: share(self.protocols.clone()),
                streams: share(self.streams.of(packet).collect()),
                transactions: None,
            }));
        }
        way.as_deref_mut()
    }

    /// Adds the rules no pattern chooses for one direction of a transaction of this protocol; `packet` goes that way.
    pub(super) fn unchosen_of_transaction(
        &self,
        lists: &mut Lists,
        packet: &PacketView<'_>,
        (flow, protocol): (&mut FlowState, AppProtocol),
        candidates: &mut Vec<u32>,
    ) {
        let all = || self.transactions.get(&protocol).into_iter().flatten().chain(&self.any_transactions).copied();
        let Some(way) = self.way_rules(lists, packet, flow) else { return candidates.extend(all()) };
        let known = way.transactions.as_ref().filter(|known| known.0 == protocol);
        let rules = known.map(|known| Arc::clone(&known.1)).unwrap_or_else(|| {
            let mut rules: Vec<u32> = all().collect();
            self.keep_fitting(packet, Some(protocol), &mut rules, 0);
            lists.share(rules)
        });
        candidates.extend_from_slice(&rules);
        way.transactions = Some((protocol, rules));
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
            let fits = self.rules.get(number as usize).is_some_and(|rule| {
                way_matches(rule.flow.direction, packet.direction)
                    && (application.is_none() || rule.header.protocol.speaks(application))
                    && rule.header.fits(packet, endpoints)
            });
            if fits {
                rules[kept] = number;
                kept += 1;
            }
        }
        rules.truncate(kept);
    }
}
