//! Which rules may match a buffer: one multi-pattern matcher per buffer, of the patterns rules are chosen by.

mod classes;
mod fragments;
mod head_index;
mod port_index;
mod prefix_index;
mod short;
mod window_hash;

pub(crate) use classes::Classes;
pub(crate) use head_index::HeadIndex;
pub(crate) use port_index::PortIndex;
pub(crate) use prefix_index::PrefixIndex;

use std::ops::RangeInclusive;
use std::sync::Arc;

use fragments::Fragments;
use short::ShortPatterns;
use window_hash::WindowHash;

/// A pattern rules are chosen by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Pattern {
    /// In lower case when `nocase`.
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) nocase: bool,
}

impl Pattern {
    fn is_at(&self, buffer: &[u8], start: usize) -> bool {
        let Some(bytes) = buffer.get(start..start + self.bytes.len()) else { return false };
        if self.nocase { bytes.eq_ignore_ascii_case(&self.bytes) } else { *bytes == *self.bytes }
    }
}

/// Finds which of its patterns are in a buffer and names the rules chosen by them.
#[derive(Debug, Default)]
pub(crate) struct Matcher {
    few: Option<Fragments>,
    windows: Option<WindowHash>,
    short: Option<ShortPatterns>,
    /// Rules of all patterns, pattern by pattern, and where those of each end.
    rules: Vec<u32>,
    ends: Vec<u32>,
    /// Bytes of the longest pattern but one: how far back a match may begin that ends in new bytes.
    reach: usize,
}

/// What a matcher needs while it runs: which patterns it has seen in this buffer, and room for a search.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    stamps: Vec<u32>,
    stamp: u32,
    room: fragments::Room,
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

/// Parts patterns of four bytes and more by how they are found: few of them all in the way of few; of many those that
/// are long by windows, and the others too unless they are few by themselves. Windows of short patterns have to be looked
/// at twice as often.
fn split(patterns: Vec<(usize, Pattern)>, most_fragments: usize) -> (Option<Fragments>, Option<WindowHash>) {
    let patterns = if patterns.len() > most_fragments { Err(patterns) } else { Fragments::new(patterns) };
    let many = match patterns {
        Ok(few) => return (Some(few), None),
        Err(many) => many,
    };
    let (mut long, brief): (Vec<_>, Vec<_>) =
        many.into_iter().partition(|entry| entry.1.bytes.len() >= window_hash::LONG);
    match Fragments::new(brief) {
        Ok(few) => (Some(few), WindowHash::new(long)),
        Err(brief) => {
            long.extend(brief);
            (None, WindowHash::new(long))
        }
    }
}

impl Matcher {
    /// Compiles patterns, each with the rule it chooses.
    pub(crate) fn new(patterns: Vec<(Pattern, u32)>) -> Self {
        Self::split_at(patterns, fragments::MOST_FRAGMENTS)
    }

    /// As [`Matcher::new`]; more patterns than so many are no longer looked for in the way of few.
    fn split_at(patterns: Vec<(Pattern, u32)>, most_fragments: usize) -> Self {
        let mut patterns = patterns;
        patterns.sort_unstable();
        let (mut rules, mut ends, mut distinct) = (Vec::with_capacity(patterns.len()), Vec::new(), Vec::new());
        for group in patterns.chunk_by(|one, other| one.0 == other.0) {
            rules.extend(group.iter().map(|entry| entry.1));
            ends.push(u32::try_from(rules.len()).unwrap_or(u32::MAX));
            distinct.push(group[0].0.clone());
        }
        let numbered = |lengths: RangeInclusive<usize>| {
            let chosen = distinct.iter().enumerate().filter(move |entry| lengths.contains(&entry.1.bytes.len()));
            chosen.map(|(index, pattern)| (index, pattern.clone())).collect::<Vec<_>>()
        };
        let (few, windows) = split(numbered(window_hash::SHORTEST..=usize::MAX), most_fragments);
        Self {
            few,
            windows,
            short: ShortPatterns::new(numbered(0..=window_hash::SHORTEST - 1)),
            reach: distinct.iter().map(|pattern| pattern.bytes.len()).max().unwrap_or(1).saturating_sub(1),
            rules,
            ends,
        }
    }

    pub(crate) const fn reach(&self) -> usize {
        self.reach
    }

    /// Whether it has no patterns.
    pub(crate) const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    fn rules_of(&self, pattern: usize) -> &[u32] {
        let start = pattern.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.rules[start as usize..self.ends[pattern] as usize]
    }

    /// Adds the rules whose pattern is in the buffer.
    pub(crate) fn candidates(&self, buffer: &[u8], seen: &mut Seen, rules: &mut Vec<u32>) {
        if self.is_empty() || buffer.is_empty() {
            return;
        }
        seen.start(self.ends.len());
        let mut found = |pattern: usize| rules.extend_from_slice(self.rules_of(pattern));
        if let Some(few) = &self.few {
            few.find(buffer, seen, &mut found);
        }
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
            Pattern { bytes: bytes.into(), nocase }
        })
    }

    /// What aho-corasick finds, one pattern at a time.
    fn oracle(patterns: &[Pattern], buffer: &[u8]) -> Vec<u32> {
        let is_in = |pattern: &Pattern| {
            let mut builder = aho_corasick::AhoCorasick::builder();
            builder.ascii_case_insensitive(pattern.nocase).build([&*pattern.bytes]).unwrap().is_match(buffer)
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
                buffer.extend(if upper { bytes.to_ascii_uppercase() } else { bytes.to_vec() });
            }
            let matcher = Matcher::new(patterns.iter().cloned().zip(0..).collect());
            let (mut seen, mut found) = (Seen::default(), Vec::new());
            matcher.candidates(&buffer, &mut seen, &mut found);
            found.sort_unstable();
            prop_assert_eq!(&found, &oracle(&patterns, &buffer));
            // Sets as small as this one are searched in another way than large ones, whose long patterns are parted off.
            let parted = Matcher::split_at(patterns.iter().cloned().zip(0..).collect(), 0);
            let mut of_parted = Vec::new();
            parted.candidates(&buffer, &mut seen, &mut of_parted);
            of_parted.sort_unstable();
            prop_assert_eq!(&of_parted, &found);
            let long = patterns.iter().cloned().enumerate().filter(|entry| entry.1.bytes.len() >= window_hash::SHORTEST);
            let (mut of_windows, expected) = (Vec::new(), oracle(&patterns, &buffer));
            seen.start(patterns.len());
            if let Some(windows) = WindowHash::new(long.collect()) {
                windows.find(&buffer, &mut seen, &mut |number| of_windows.push(number as u32));
            }
            of_windows.sort_unstable();
            let is_long = |number: &u32| patterns[*number as usize].bytes.len() >= window_hash::SHORTEST;
            prop_assert_eq!(of_windows, expected.into_iter().filter(is_long).collect::<Vec<_>>());
        }
    }
}
