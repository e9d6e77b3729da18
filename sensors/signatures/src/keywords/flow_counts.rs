//! `flow.age`, `flow.pkts`, `flow.bytes`, `flow.elephant`: how long a flow lasts and how much it has carried so far.

use fengsui_schema::shown;

use crate::PacketView;
use crate::draft::Draft;
use crate::keywords::packet::PacketCheck;
use crate::keywords::{Keyword, keyword};
use crate::number::Comparison;

pub(crate) const KEYWORDS: &[Keyword] = &[
    keyword("flow.age", |draft, value| {
        let age = |packet: &PacketView<'_>| packet.direction.map(|_| packet.flow_age_seconds);
        draft.packet_checks.push(PacketCheck::Number(age, Comparison::parse(value)?));
        Ok(())
    }),
    keyword("flow.pkts", |draft, value| of_a_way(draft, packets, value)),
    keyword("flow.pkts_toserver", |draft, value| count(draft, packets, Way::ToServer, value)),
    keyword("flow.pkts_toclient", |draft, value| count(draft, packets, Way::ToClient, value)),
    keyword("flow.bytes", |draft, value| of_a_way(draft, bytes, value)),
    keyword("flow.bytes_toserver", |draft, value| count(draft, bytes, Way::ToServer, value)),
    keyword("flow.bytes_toclient", |draft, value| count(draft, bytes, Way::ToClient, value)),
    keyword("flow.elephant", |draft, value| count(draft, elephant, Way::parse(value)?, "1")),
];

/// What is counted of a flow, to server and to client.
type Counts = fn(&PacketView<'_>) -> [u64; 2];

fn packets(packet: &PacketView<'_>) -> [u64; 2] {
    packet.flow_packets
}

fn bytes(packet: &PacketView<'_>) -> [u64; 2] {
    packet.flow_bytes
}

fn elephant(packet: &PacketView<'_>) -> [u64; 2] {
    packet.flow_elephant.map(u64::from)
}

/// Which way the count is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    ToServer,
    ToClient,
    Either,
    /// Each of the two ways.
    Both,
    /// The sum of both.
    Sum,
}

impl Way {
    fn parse(word: &str) -> Result<Self, String> {
        match word.trim() {
            "toserver" => Ok(Self::ToServer),
            "toclient" => Ok(Self::ToClient),
            "either" => Ok(Self::Either),
            "both" => Ok(Self::Both),
            other => Err(format!("{} is not one of toserver, toclient, either and both", shown(other))),
        }
    }
}

/// A count of the packet's flow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FlowCount {
    counts: Counts,
    way: Way,
    comparison: Comparison,
}

impl FlowCount {
    pub(crate) fn matches(&self, packet: &PacketView<'_>) -> bool {
        let [to_server, to_client] = (self.counts)(packet);
        let fits = |count| self.comparison.matches(count);
        packet.direction.is_some()
            && match self.way {
                Way::ToServer => fits(to_server),
                Way::ToClient => fits(to_client),
                Way::Either => fits(to_server) || fits(to_client),
                Way::Both => fits(to_server) && fits(to_client),
                Way::Sum => fits(to_server.saturating_add(to_client)),
            }
    }
}

/// `way,comparison`; without a way the sum of both.
fn of_a_way(draft: &mut Draft<'_>, counts: Counts, value: &str) -> Result<(), String> {
    let Some((way, comparison)) = value.split_once(',') else { return count(draft, counts, Way::Sum, value) };
    count(draft, counts, Way::parse(way)?, comparison)
}

fn count(draft: &mut Draft<'_>, counts: Counts, way: Way, value: &str) -> Result<(), String> {
    let comparison = Comparison::parse(value)?;
    draft.packet_checks.push(PacketCheck::FlowCount(FlowCount { counts, way, comparison }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use fengsui_protocols::Direction;

    use super::*;

    #[test]
    fn ways_choose_the_count() {
        let end = "192.0.2.1:1000".parse().unwrap();
        let mut packet = PacketView::new(end, end, 17, &[]);
        packet.flow_packets = [5, 1];
        let holds = |packet: &PacketView<'_>, way, text| {
            FlowCount { counts: packets, way, comparison: Comparison::parse(text).unwrap() }.matches(packet)
        };
        assert!(!holds(&packet, Way::Sum, "6"), "a packet without a flow has no count");
        packet.direction = Some(Direction::ToServer);
        assert!(holds(&packet, Way::ToServer, "5") && holds(&packet, Way::ToClient, "1"));
        assert!(holds(&packet, Way::Either, ">4") && !holds(&packet, Way::Both, ">4"));
        assert!(holds(&packet, Way::Sum, "6"));
        packet.flow_elephant = [true, false];
        let is_elephant =
            |way| FlowCount { counts: elephant, way, comparison: Comparison::parse("1").unwrap() }.matches(&packet);
        assert!(is_elephant(Way::ToServer) && is_elephant(Way::Either) && !is_elephant(Way::Both));
    }
}
