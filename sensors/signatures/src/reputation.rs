//! Addresses with a reputation, by category (keyword `iprep`).

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use crate::ranges::address_number;

/// Addresses and networks with a score from 0 to 127 in each of up to 59 categories.
#[derive(Debug, Default)]
pub struct Reputations {
    categories: BTreeMap<String, u8>,
    /// By prefix length in the IPv6 space and prefix.
    scores: HashMap<(u32, u128), Vec<(u8, u8)>>,
    /// Prefix lengths there are, longest first.
    lengths: Vec<u32>,
}

impl Reputations {
    /// Reads categories (`id,name,text` a line) and lists of addresses (`address[/prefix],category,score` a line); lines
    /// that are not understood are passed by and counted.
    #[must_use]
    pub fn read(categories: &[u8], lists: &[Vec<u8>]) -> (Self, usize) {
        let (mut all, mut broken) = (Self::default(), 0);
        for line in lines(categories) {
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            match fields.as_slice() {
                [id, name, ..] if id.parse::<u8>().is_ok_and(|id| id > 0 && id < 60) => {
                    all.categories.insert((*name).to_owned(), id.parse().unwrap_or(0));
                }
                _ => broken += 1,
            }
        }
        for line in lists.iter().flat_map(|list| lines(list)) {
            broken += usize::from(all.add(line).is_none());
        }
        all.lengths.sort_unstable_by(|a, b| b.cmp(a));
        (all, broken)
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let [network, category, score] = fields.as_slice() else { return None };
        let (address, prefix) = network.split_once('/').unwrap_or((network, ""));
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix: u32 =
            if prefix.is_empty() { width } else { prefix.parse().ok().filter(|prefix| *prefix <= width)? };
        let length = 128 - width + prefix;
        let (category, score) = (category.parse::<u8>().ok()?, score.parse::<u8>().ok().filter(|score| *score <= 127)?);
        if !self.lengths.contains(&length) {
            self.lengths.push(length);
        }
        let entry = self.scores.entry((length, address_number(address) & mask(length))).or_default();
        entry.retain(|known| known.0 != category);
        entry.push((category, score));
        Some(())
    }

    /// Number of a category.
    pub(crate) fn category(&self, name: &str) -> Option<u8> {
        self.categories.get(name).copied()
    }

    /// Score of an address in a category, by the longest network that holds it.
    pub(crate) fn score(&self, address: IpAddr, category: u8) -> Option<u8> {
        let number = address_number(address);
        self.lengths.iter().find_map(|length| {
            let scores = self.scores.get(&(*length, number & mask(*length)))?;
            scores.iter().find(|entry| entry.0 == category).map(|entry| entry.1)
        })
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &str> {
    let lines = text.split(|byte| *byte == b'\n').map(|line| std::str::from_utf8(line).unwrap_or("").trim());
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

const fn mask(length: u32) -> u128 {
    if length == 0 { 0 } else { u128::MAX << (128 - length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_network_counts() {
        let lists = [b"10.0.0.0/8,1,10\n10.1.0.0/16,1,90\n2001:db8::/32,2,5\nbroken\n".to_vec()];
        let (reputations, broken) = Reputations::read(b"1,BadHosts,Known bad\n2,Other,x\n", &lists);
        assert_eq!((broken, reputations.category("BadHosts")), (1, Some(1)));
        let score = |address: &str, category| reputations.score(address.parse().unwrap(), category);
        assert_eq!((score("10.2.3.4", 1), score("10.1.3.4", 1), score("10.1.3.4", 2)), (Some(10), Some(90), None));
        assert_eq!((score("2001:db8::1", 2), score("192.0.2.1", 1)), (Some(5), None));
    }
}
