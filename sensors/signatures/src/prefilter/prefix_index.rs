//! Which rules may match by address: a prefix table per side.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::PortIndex;
use crate::PacketView;
use crate::header::{Arrow, Header};
use crate::ranges::{RangeSet, address_number};

/// A side that holds more addresses than this does not narrow anything down.
const SELECTIVE_ADDRESSES: u128 = 1 << 26;

/// Rules by the addresses of their more selective side; rules without one by their ports.
#[derive(Debug, Default)]
pub(crate) struct PrefixIndex {
    source: PrefixTable,
    destination: PrefixTable,
    others: PortIndex,
}

#[derive(Debug, Default)]
struct PrefixTable {
    /// Lengths of prefixes there are.
    lengths: Vec<u32>,
    rules: HashMap<(u32, u128), Vec<u32>, BuildHasherDefault<Mixer>>,
}

/// Mixes the numbers of a key. The keys come from rules, so nobody outside can make them collide.
#[derive(Debug, Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_u128(&mut self, number: u128) {
        self.write_u64(number as u64);
        self.write_u64((number >> 64) as u64);
    }
}

impl PrefixIndex {
    pub(crate) fn insert(&mut self, rule: u32, header: &Header) {
        let (source, destination) = (size(&header.source.addresses), size(&header.destination.addresses));
        if header.arrow != Arrow::OneWay || source.min(destination) > SELECTIVE_ADDRESSES {
            self.others.insert(rule, header);
        } else if source <= destination {
            self.source.insert(rule, &header.source.addresses);
        } else {
            self.destination.insert(rule, &header.destination.addresses);
        }
    }

    pub(crate) fn candidates(&self, packet: &PacketView<'_>, rules: &mut Vec<u32>) {
        rules.extend(self.others.of(packet));
        for (table, address) in [(&self.source, packet.source), (&self.destination, packet.destination)] {
            if let Some(address) = address {
                table.candidates(address_number(address), rules);
            }
        }
    }
}

fn size(set: &RangeSet) -> u128 {
    set.ranges().iter().fold(0, |sum: u128, (low, high)| sum.saturating_add(high - low).saturating_add(1))
}

const fn mask(length: u32) -> u128 {
    if length == 0 { 0 } else { u128::MAX << (128 - length) }
}

impl PrefixTable {
    fn insert(&mut self, rule: u32, set: &RangeSet) {
        for (low, high) in set.ranges() {
            for (prefix, length) in prefixes(*low, *high) {
                if !self.lengths.contains(&length) {
                    self.lengths.push(length);
                }
                self.rules.entry((length, prefix)).or_default().push(rule);
            }
        }
    }

    fn candidates(&self, address: u128, rules: &mut Vec<u32>) {
        for length in &self.lengths {
            if let Some(found) = self.rules.get(&(*length, address & mask(*length))) {
                rules.extend_from_slice(found);
            }
        }
    }
}

/// The fewest prefixes that make up a range.
fn prefixes(low: u128, high: u128) -> Vec<(u128, u32)> {
    let mut found = Vec::new();
    let mut next = Some(low);
    while let Some(start) = next.filter(|start| *start <= high) {
        let mut free = start.trailing_zeros().min(128);
        while free > 0 && (free == 128 || start | ((1 << free) - 1) > high) {
            free -= 1;
        }
        found.push((start, 128 - free));
        next = start.checked_add(1 << free);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_falls_into_its_prefixes() {
        assert_eq!(prefixes(8, 15), [(8, 125)]);
        assert_eq!(prefixes(7, 9), [(7, 128), (8, 127)]);
        assert_eq!(prefixes(u128::MAX, u128::MAX), [(u128::MAX, 128)]);
    }
}
