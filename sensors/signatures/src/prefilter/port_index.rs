//! Which rules may match by port: those no pattern chooses, but that only look at few ports.

use std::collections::HashMap;

use crate::PacketView;
use crate::header::{Arrow, Header};
use crate::ranges::RangeSet;

/// A side with more ports than this does not narrow anything down.
const FEW_PORTS: u128 = 64;

/// Rules by the ports of their more selective side; rules without one are always candidates.
#[derive(Debug, Default)]
pub(crate) struct PortIndex {
    source: HashMap<u16, Vec<u32>>,
    destination: HashMap<u16, Vec<u32>>,
    always: Vec<u32>,
}

impl PortIndex {
    pub(crate) fn insert(&mut self, rule: u32, header: &Header) {
        let (source, destination) = (ports(&header.source.ports), ports(&header.destination.ports));
        let (table, chosen) = match (source, destination) {
            _ if header.arrow != Arrow::OneWay => return self.always.push(rule),
            (source, Some(ports)) if source.as_ref().is_none_or(|source| ports.len() <= source.len()) => {
                (&mut self.destination, ports)
            }
            (Some(ports), _) => (&mut self.source, ports),
            (None, _) => return self.always.push(rule),
        };
        for port in chosen {
            table.entry(port).or_default().push(rule);
        }
    }

    /// The rules a packet may match.
    pub(crate) fn of(&self, packet: &PacketView<'_>) -> impl Iterator<Item = u32> + '_ {
        let sides = [(&self.source, packet.source_port), (&self.destination, packet.destination_port)];
        let found = sides.into_iter().filter(|side| !side.0.is_empty());
        found.filter_map(|(table, port)| table.get(&port)).flatten().chain(&self.always).copied()
    }
}

/// The ports of a set, when they are few.
fn ports(set: &RangeSet) -> Option<Vec<u16>> {
    let count = set.ranges().iter().fold(0_u128, |sum, (low, high)| sum.saturating_add(high - low + 1));
    let all = || set.ranges().iter().flat_map(|(low, high)| (*low..=*high).filter_map(|port| u16::try_from(port).ok()));
    (count <= FEW_PORTS).then(|| all().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Variables;
    use crate::ranges::Groups;

    #[test]
    fn rules_are_found_by_either_port_or_always() {
        let variables = Variables::default();
        let mut groups = Groups::new(&variables);
        let mut index = PortIndex::default();
        for (number, words) in [
            "alert tcp any any -> any [80,8080]",
            "alert tcp any 25 -> any any",
            "alert tcp any any -> any 1024:",
            "alert tcp any any <> any 80",
        ]
        .iter()
        .enumerate()
        {
            let words: Vec<&str> = words.split(' ').collect();
            let (_, header, _) = Header::parse(&words, &mut groups).unwrap();
            index.insert(u32::try_from(number).unwrap(), &header);
        }
        let found = |source: u16, destination: u16| {
            let (from, to) = (([10, 0, 0, 1], source).into(), ([10, 0, 0, 2], destination).into());
            let mut found: Vec<u32> = index.of(&PacketView::new(from, to, 6, b"")).collect();
            found.sort_unstable();
            found
        };
        assert_eq!((found(9, 8080), found(25, 9), found(9, 9)), (vec![0, 2, 3], vec![1, 2, 3], vec![2, 3]));
    }
}
