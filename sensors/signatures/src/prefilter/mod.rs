//! Which rules may match a buffer: one multi-pattern matcher per buffer, of the patterns rules are chosen by.

mod port_index;
mod prefix_index;
mod short;
mod two_way;
mod window_hash;

pub(crate) use port_index::PortIndex;
pub(crate) use prefix_index::PrefixIndex;
pub(crate) use two_way::{TwoWay, TwoWayPatterns};

use std::collections::HashMap;

use short::ShortPatterns;
use window_hash::WindowHash;

/// A pattern rules are chosen by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Pattern {
    /// In lower case when `nocase`.
    pub(crate) bytes: Vec<u8>,
    pub(crate) nocase: bool,
}

impl Pattern {
    fn is_at(&self, buffer: &[u8], start: usize) -> bool {
        let Some(bytes) = buffer.get(start..start + self.bytes.len()) else { return false };
        if self.nocase { bytes.eq_ignore_ascii_case(&self.bytes) } else { bytes == self.bytes }
    }
}

/// Finds which of its patterns are in a buffer and names the rules chosen by them.
#[derive(Debug, Default)]
pub(crate) struct Matcher {
    windows: Option<WindowHash>,
    short: Option<ShortPatterns>,
    rules: Vec<Vec<u32>>,
    /// Bytes of the longest pattern but one: how far back a match may begin that ends in new bytes.
    reach: usize,
}

/// What a matcher needs while it runs: which patterns it has seen in this buffer.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    stamps: Vec<u32>,
    stamp: u32,
}

impl Seen {
    fn start(&mut self, patterns: usize) {
        if self.stamps.len() < patterns {
            self.stamps.resize(patterns, 0);
        }
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.stamps.fill(0);
            self.stamp = 1;
        }
    }

    fn contains(&self, pattern: usize) -> bool {
        self.stamps[pattern] == self.stamp
    }

    fn insert(&mut self, pattern: usize) {
        self.stamps[pattern] = self.stamp;
    }
}

impl Matcher {
    /// Compiles patterns, each with the rule it chooses.
    pub(crate) fn new(patterns: Vec<(Pattern, u32)>) -> Self {
        let mut grouped: HashMap<Pattern, Vec<u32>> = HashMap::new();
        for (pattern, rule) in patterns {
            grouped.entry(pattern).or_default().push(rule);
        }
        let mut grouped: Vec<(Pattern, Vec<u32>)> = grouped.into_iter().collect();
        grouped.sort_unstable();
        let takes_windows = |pattern: &Pattern| pattern.bytes.len() >= window_hash::SHORTEST;
        let numbered = |windows: bool| {
            let chosen = grouped.iter().enumerate().filter(move |(_, entry)| takes_windows(&entry.0) == windows);
            chosen.map(|(index, entry)| (index, entry.0.clone())).collect::<Vec<_>>()
        };
        Self {
            windows: WindowHash::new(numbered(true)),
            short: ShortPatterns::new(numbered(false)),
            reach: grouped.iter().map(|entry| entry.0.bytes.len()).max().unwrap_or(1).saturating_sub(1),
            rules: grouped.into_iter().map(|entry| entry.1).collect(),
        }
    }

    pub(crate) const fn reach(&self) -> usize {
        self.reach
    }

    /// Adds the rules whose pattern is in the buffer.
    pub(crate) fn candidates(&self, buffer: &[u8], seen: &mut Seen, rules: &mut Vec<u32>) {
        if self.rules.is_empty() || buffer.is_empty() {
            return;
        }
        seen.start(self.rules.len());
        let mut found = |pattern: usize| rules.extend_from_slice(&self.rules[pattern]);
        if let Some(windows) = &self.windows {
            windows.find(buffer, seen, &mut found);
        }
        if let Some(short) = &self.short {
            short.find(buffer, seen, &mut found);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern() -> impl Strategy<Value = Pattern> {
        let bytes = prop_oneof![
            prop::collection::vec(prop::sample::select(b"aAbB\x00\xff .".to_vec()), 1..14),
            prop::collection::vec(any::<u8>(), 1..24),
        ];
        (bytes, any::<bool>()).prop_map(|(mut bytes, nocase)| {
            if nocase {
                bytes.make_ascii_lowercase();
            }
            Pattern { bytes, nocase }
        })
    }

    /// What aho-corasick finds, one pattern at a time.
    fn oracle(patterns: &[Pattern], buffer: &[u8]) -> Vec<u32> {
        let is_in = |pattern: &Pattern| {
            let mut builder = aho_corasick::AhoCorasick::builder();
            builder.ascii_case_insensitive(pattern.nocase).build([&pattern.bytes]).unwrap().is_match(buffer)
        };
        (0..).zip(patterns).filter(|(_, pattern)| is_in(pattern)).map(|(index, _)| index).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn candidates_are_those_of_an_aho_corasick_automaton(
            patterns in prop::collection::vec(pattern(), 1..60),
            mut buffer in prop::collection::vec(prop::sample::select(b"aAbBcC\x00\xff .z".to_vec()), 0..200),
            planted in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..6),
        ) {
            for (index, upper) in planted {
                let bytes = &patterns[index.index(patterns.len())].bytes;
                buffer.extend(if upper { bytes.to_ascii_uppercase() } else { bytes.clone() });
            }
            let matcher = Matcher::new(patterns.iter().cloned().zip(0..).collect());
            let (mut seen, mut found) = (Seen::default(), Vec::new());
            matcher.candidates(&buffer, &mut seen, &mut found);
            found.sort_unstable();
            prop_assert_eq!(found, oracle(&patterns, &buffer));
        }
    }
}
