//! Sets of addresses and ports as sorted ranges, and the group syntax that rules and variables write them in.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use fengsui_schema::shown;

use crate::{Variables, limits};

/// A set of numbers as sorted, disjoint, inclusive ranges.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RangeSet {
    ranges: Vec<(u128, u128)>,
    everything: bool,
}

impl RangeSet {
    fn from_ranges(mut ranges: Vec<(u128, u128)>, maximum: u128) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match merged.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        let everything = merged == [(0, maximum)];
        Self { ranges: merged, everything }
    }

    fn complement(&self, maximum: u128) -> Self {
        let mut gaps = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = Some(0);
        for (low, high) in &self.ranges {
            if let Some(start) = next.filter(|start| start < low) {
                gaps.push((start, low - 1));
            }
            next = high.checked_add(1).filter(|start| *start <= maximum);
        }
        gaps.extend(next.map(|start| (start, maximum)));
        Self::from_ranges(gaps, maximum)
    }

    fn without(&self, other: &Self, maximum: u128) -> Self {
        let keep = other.complement(maximum);
        let mut both = Vec::new();
        let mut index = 0;
        for (low, high) in &self.ranges {
            while index < keep.ranges.len() && keep.ranges[index].1 < *low {
                index += 1;
            }
            let overlapping = keep.ranges[index..].iter().take_while(|range| range.0 <= *high);
            both.extend(overlapping.map(|range| (range.0.max(*low), range.1.min(*high))));
        }
        Self::from_ranges(both, maximum)
    }

    pub(crate) const fn is_everything(&self) -> bool {
        self.everything
    }

    pub(crate) fn ranges(&self) -> &[(u128, u128)] {
        &self.ranges
    }

    pub(crate) fn contains(&self, number: u128) -> bool {
        if self.everything {
            return true;
        }
        let after = self.ranges.partition_point(|range| range.0 <= number);
        after > 0 && number <= self.ranges[after - 1].1
    }
}

/// An address as a number; IPv4 takes its mapped place in the IPv6 space.
pub(crate) fn address_number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// How one kind of number is written.
struct Notation<'v> {
    maximum: u128,
    what: &'static str,
    item: fn(&str) -> Option<(u128, u128)>,
    groups: &'v BTreeMap<String, String>,
}

/// Parses the groups of rules, remembering what it has seen.
pub(crate) struct Groups<'v> {
    variables: &'v Variables,
    addresses: HashMap<String, Arc<RangeSet>>,
    ports: HashMap<String, Arc<RangeSet>>,
}

impl<'v> Groups<'v> {
    pub(crate) fn new(variables: &'v Variables) -> Self {
        Self { variables, addresses: HashMap::new(), ports: HashMap::new() }
    }

    /// The set of an address list such as `[10.0.0.0/8,!$DNS_SERVERS]`.
    pub(crate) fn addresses(&mut self, text: &str) -> Result<Arc<RangeSet>, String> {
        let groups = &self.variables.address_groups;
        let notation = Notation { maximum: u128::MAX, what: "address", item: address_item, groups };
        remembered(&mut self.addresses, &notation, text)
    }

    /// The set of a port list such as `[80,8000:8100]`.
    pub(crate) fn ports(&mut self, text: &str) -> Result<Arc<RangeSet>, String> {
        let groups = &self.variables.port_groups;
        let notation = Notation { maximum: 65_535, what: "port", item: port_item, groups };
        remembered(&mut self.ports, &notation, text)
    }
}

fn remembered(
    cache: &mut HashMap<String, Arc<RangeSet>>,
    notation: &Notation<'_>,
    text: &str,
) -> Result<Arc<RangeSet>, String> {
    if let Some(set) = cache.get(text) {
        return Ok(Arc::clone(set));
    }
    let set = parse(notation, text, 0)?;
    if set.ranges.is_empty() {
        return Err(format!("{} list {} contains nothing, so the rule could never match", notation.what, shown(text)));
    }
    let set = Arc::new(set);
    cache.insert(text.to_owned(), Arc::clone(&set));
    Ok(set)
}

fn parse(notation: &Notation<'_>, text: &str, depth: usize) -> Result<RangeSet, String> {
    if depth > limits::GROUP_DEPTH {
        return Err(format!("{} list nests deeper than {}", notation.what, limits::GROUP_DEPTH));
    }
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('!') {
        return Ok(parse(notation, rest, depth + 1)?.complement(notation.maximum));
    }
    if let Some(name) = text.strip_prefix('$') {
        let missing = || format!("{} group {} is not defined; add it to the settings", notation.what, shown(text));
        return parse(notation, notation.groups.get(name).ok_or_else(missing)?, depth + 1);
    }
    if let Some(list) = text.strip_prefix('[') {
        let unclosed = || format!("{} list {} lacks its closing bracket", notation.what, shown(text));
        return parse_list(notation, list.strip_suffix(']').ok_or_else(unclosed)?, depth);
    }
    if text.eq_ignore_ascii_case("any") {
        return Ok(RangeSet::from_ranges(vec![(0, notation.maximum)], notation.maximum));
    }
    if text.contains(',') {
        return parse_list(notation, text, depth);
    }
    match (notation.item)(text) {
        Some(range) => Ok(RangeSet::from_ranges(vec![range], notation.maximum)),
        None => Err(format!("{} is no {}", shown(text), notation.what)),
    }
}

/// The positive members together, without every negated one; only negated members mean everything else.
fn parse_list(notation: &Notation<'_>, list: &str, depth: usize) -> Result<RangeSet, String> {
    let (mut inside, mut outside, mut positive) = (Vec::new(), Vec::new(), false);
    for member in split_members(list) {
        let member = member.trim();
        let (negated, text) = member.strip_prefix('!').map_or((false, member), |rest| (true, rest));
        positive |= !negated;
        let set = parse(notation, text, depth + 1)?;
        let side = if negated { &mut outside } else { &mut inside };
        side.extend_from_slice(&set.ranges);
        if side.len() > limits::GROUP_RANGES {
            return Err(format!("{} list holds more than {} ranges", notation.what, limits::GROUP_RANGES));
        }
    }
    if !positive {
        inside.push((0, notation.maximum));
    }
    let outside = RangeSet::from_ranges(outside, notation.maximum);
    Ok(RangeSet::from_ranges(inside, notation.maximum).without(&outside, notation.maximum))
}

fn split_members(list: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    list.split(move |character| {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    })
}

fn address_item(text: &str) -> Option<(u128, u128)> {
    if let Some((low, high)) = text.split_once('-') {
        let (low, high) = (single_address(low)?, single_address(high)?);
        return (low <= high).then_some((low, high));
    }
    let Some((address, mask)) = text.split_once('/') else {
        return single_address(text).map(|number| (number, number));
    };
    let address: IpAddr = address.trim().parse().ok()?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix_length(mask, width)?;
    let host_bits = width - prefix;
    let hosts = if host_bits == 128 { u128::MAX } else { (1_u128 << host_bits) - 1 };
    let low = address_number(address) & !hosts;
    Some((low, low | hosts))
}

fn single_address(text: &str) -> Option<u128> {
    text.trim().parse().ok().map(address_number)
}

/// `24` or, for IPv4, `255.255.255.0`.
fn prefix_length(mask: &str, width: u32) -> Option<u32> {
    if let Ok(length) = mask.trim().parse::<u32>() {
        return (length <= width).then_some(length);
    }
    let bits = mask.trim().parse::<std::net::Ipv4Addr>().ok()?.to_bits();
    (width == 32 && bits.leading_ones() + bits.trailing_zeros() >= 32).then(|| bits.leading_ones())
}

fn port_item(text: &str) -> Option<(u128, u128)> {
    let port = |text: &str| text.trim().parse::<u16>().ok().map(u128::from);
    let Some((low, high)) = text.split_once(':') else {
        return port(text).map(|port| (port, port));
    };
    let low = if low.trim().is_empty() { 0 } else { port(low)? };
    let high = if high.trim().is_empty() { 65_535 } else { port(high)? };
    (low <= high).then_some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(text: &str) -> Arc<RangeSet> {
        let variables = Variables::default();
        Groups::new(&variables).addresses(text).unwrap()
    }

    fn holds(set: &RangeSet, address: &str) -> bool {
        set.contains(address_number(address.parse().unwrap()))
    }

    #[test]
    fn negated_members_take_away_wherever_they_stand() {
        let set = addresses("[!10.1.0.0/16, 10.0.0.0/8, 2001:db8::/32, 192.0.2.1-192.0.2.9, ![10.2.0.0/16,10.3.0.1]]");
        assert!(holds(&set, "10.0.0.1") && holds(&set, "2001:db8::7") && holds(&set, "192.0.2.9"));
        assert!(!holds(&set, "10.1.2.3") && !holds(&set, "10.2.2.3") && !holds(&set, "10.3.0.1"));
        assert!(!holds(&set, "192.0.2.10") && !holds(&set, "11.0.0.0"));
    }

    #[test]
    fn variables_are_followed_and_complemented() {
        let set = addresses("$EXTERNAL_NET");
        assert!(holds(&set, "8.8.8.8") && holds(&set, "2001:db8::1") && !holds(&set, "192.168.3.4"));
    }

    #[test]
    fn ports_have_open_ranges_and_negation() {
        let variables = Variables::default();
        let set = Groups::new(&variables).ports("[1024:,!8080,$HTTP_PORTS]").unwrap();
        assert!(set.contains(80) && set.contains(1024) && set.contains(65_535) && !set.contains(8080));
        assert!(!set.contains(1023));
    }

    #[test]
    fn what_cannot_match_or_is_unknown_fails() {
        let variables = Variables::default();
        let mut groups = Groups::new(&variables);
        for text in ["[10.0.0.1,!10.0.0.1]", "$NOBODY", "10.0.0.0/33", "[10.0.0.1", "!any", "banana", ""] {
            assert!(groups.addresses(text).is_err(), "{text}");
        }
        assert!(groups.ports("70000").is_err() && groups.ports("9:8").is_err());
    }

    #[test]
    fn groups_that_name_each_other_end() {
        let mut variables = Variables::default();
        variables.address_groups.insert("A".to_owned(), "$B".to_owned());
        variables.address_groups.insert("B".to_owned(), "$A".to_owned());
        assert!(Groups::new(&variables).addresses("$A").is_err());
    }
}
