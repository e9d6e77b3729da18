//! Which numbers no set of the rules tells apart.

use std::collections::{HashMap, HashSet};

use crate::ranges::RangeSet;
use crate::rule::digest;

/// Addresses or ports by class: two numbers of one class are in the same sets.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    /// Where ranges of one class begin, in order; the first begins at 0.
    starts: Vec<u128>,
    classes: Vec<u32>,
}

impl Classes {
    /// The classes of some sets. Linear in their ranges but for sorting: each set adds a number of its own over its
    /// ranges, so that numbers of equal sums are in the same sets.
    pub(crate) fn new<'s>(sets: impl Iterator<Item = &'s RangeSet>) -> Self {
        let mut known: HashSet<*const RangeSet> = HashSet::new();
        let mut changes: Vec<(u128, u128)> = vec![(0, 0)];
        for set in sets.filter(|set| !set.is_everything()) {
            if !known.insert(set) {
                continue;
            }
            let weight = u128::from(digest((0_u8, known.len()))) << 64 | u128::from(digest((1_u8, known.len())));
            for (low, high) in set.ranges() {
                changes.push((*low, weight));
                changes.extend(high.checked_add(1).map(|end| (end, weight.wrapping_neg())));
            }
        }
        changes.sort_unstable();
        let (mut sum, mut numbers, mut built) = (0_u128, HashMap::new(), Self::default());
        for group in changes.chunk_by(|one, other| one.0 == other.0) {
            sum = group.iter().fold(sum, |sum, change| sum.wrapping_add(change.1));
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            built.starts.push(group[0].0);
            built.classes.push(*numbers.entry(sum).or_insert(next));
        }
        built
    }

    /// The class of a number.
    pub(crate) fn of(&self, number: u128) -> u32 {
        let after = self.starts.partition_point(|start| *start <= number);
        after.checked_sub(1).and_then(|place| self.classes.get(place)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Variables;
    use crate::ranges::Groups;

    fn ports(list: &str) -> RangeSet {
        let variables = Variables::default();
        let set = Groups::new(&variables).ports(list).unwrap();
        RangeSet::clone(&set)
    }

    proptest! {
        #[test]
        fn numbers_of_one_class_are_in_the_same_sets(
            lists in prop::collection::vec(prop::collection::vec((any::<bool>(), 1_u16..40, 0_u16..9), 1..4), 0..6),
        ) {
            let item = |(negated, low, more): &(bool, u16, u16)| {
                format!("{}{low}:{}", if *negated { "!" } else { "" }, low + more)
            };
            let texts = lists.iter().map(|list| list.iter().map(item).collect::<Vec<_>>().join(","));
            let variables = Variables::default();
            let mut groups = Groups::new(&variables);
            let sets: Vec<RangeSet> =
                texts.filter_map(|text| Some(RangeSet::clone(&*groups.ports(&format!("[{text}]")).ok()?))).collect();
            let classes = Classes::new(sets.iter());
            let members = |number: u128| sets.iter().map(|set| set.contains(number)).collect::<Vec<_>>();
            for one in 0..60 {
                for other in 0..60 {
                    prop_assert_eq!(classes.of(one) == classes.of(other), members(one) == members(other));
                }
            }
        }
    }

    #[test]
    fn what_no_set_parts_is_one_class() {
        let sets = [ports("80,8000:8100"), ports("!80"), ports("any")];
        let classes = Classes::new(sets.iter());
        let found: Vec<u32> = [1, 79, 80, 81, 8000, 8100, 8101, 65_535].map(|port| classes.of(port)).to_vec();
        assert_eq!(found, [0, 0, 1, 0, 2, 2, 0, 0]);
        assert_eq!(Classes::default().of(7), 0);
    }
}
