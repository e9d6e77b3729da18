//! A matcher for each way of a flow: rules that ask for one way are not looked for in what goes the other.

use fengsui_protocols::Direction;

use super::{Matcher, Pattern};

/// Patterns on their way into a [`TwoWay`].
#[derive(Debug, Default)]
pub(crate) struct TwoWayPatterns([Vec<(Pattern, u32)>; 2]);

impl TwoWayPatterns {
    /// Adds the pattern a rule is chosen by, in the way it asks for or in both.
    pub(crate) fn push(&mut self, pattern: &Pattern, rule: u32, way: Option<Direction>) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            if way.is_none_or(|way| way == direction) {
                self.0[index(direction)].push((pattern.clone(), rule));
            }
        }
    }
}

/// Which rules may match what goes one way.
#[derive(Debug, Default)]
pub(crate) struct TwoWay([Matcher; 2]);

impl TwoWay {
    /// Compiles the patterns of both ways.
    pub(crate) fn new(patterns: TwoWayPatterns) -> Self {
        Self(patterns.0.map(Matcher::new))
    }

    /// The matcher of a way. Without a flow there is no way: rules that ask for one do not match then, and the others
    /// are in either matcher.
    pub(crate) fn of(&self, way: Option<Direction>) -> &Matcher {
        &self.0[way.map_or(0, index)]
    }
}

fn index(direction: Direction) -> usize {
    usize::from(direction == Direction::ToClient)
}

#[cfg(test)]
mod tests {
    use super::super::Seen;
    use super::*;

    #[test]
    fn rules_are_found_in_the_way_they_ask_for() {
        let pattern = Pattern { bytes: b"needle".to_vec(), nocase: false };
        let mut patterns = TwoWayPatterns::default();
        let ways = [None, Some(Direction::ToServer), Some(Direction::ToClient)];
        (0..).zip(ways).for_each(|(rule, way)| patterns.push(&pattern, rule, way));
        let matcher = TwoWay::new(patterns);
        let found = |way| {
            let (mut seen, mut rules) = (Seen::default(), Vec::new());
            matcher.of(way).candidates(b"a needle", &mut seen, &mut rules);
            rules.sort_unstable();
            rules
        };
        assert_eq!(found(Some(Direction::ToServer)), [0, 1]);
        assert_eq!(found(Some(Direction::ToClient)), [0, 2]);
        assert!(found(None).contains(&0));
    }
}
