//! Patterns of one to three bytes: too short for a window of four, so they are looked for by their first pair of bytes.

use super::{Pattern, Seen};

/// Sets this bit in both bytes: letters lose their case, comparison tells the rest apart.
const FOLD: u16 = 0x2020;
/// Bits of the map of pairs, as words.
const WORDS: usize = (1 << 16) / 64;

/// A prefilter over short patterns.
#[derive(Debug)]
pub(crate) struct ShortPatterns {
    /// Which pairs of bytes a pattern starts with.
    pairs: Vec<u64>,
    /// Pair and pattern, sorted by pair.
    entries: Vec<(u16, usize, Pattern)>,
    /// Patterns of a single byte, by that byte.
    singles: Vec<(usize, Pattern)>,
}

fn pair_at(bytes: &[u8]) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.first_chunk::<2>()?) | FOLD)
}

impl ShortPatterns {
    /// Compiles numbered patterns; none when there are none.
    pub(crate) fn new(patterns: Vec<(usize, Pattern)>) -> Option<Self> {
        if patterns.is_empty() {
            return None;
        }
        let (mut entries, mut singles) = (Vec::new(), Vec::new());
        for (number, pattern) in patterns {
            match pair_at(&pattern.bytes) {
                Some(pair) => entries.push((pair, number, pattern)),
                None => singles.push((number, pattern)),
            }
        }
        entries.sort_unstable_by_key(|entry| (entry.0, entry.1));
        let mut pairs = if entries.is_empty() { Vec::new() } else { vec![0; WORDS] };
        for (pair, ..) in &entries {
            pairs[usize::from(pair >> 6)] |= 1 << (pair & 63);
        }
        Some(Self { pairs, entries, singles })
    }

    pub(crate) fn find(&self, buffer: &[u8], seen: &mut Seen, found: &mut impl FnMut(usize)) {
        for (number, pattern) in &self.singles {
            if holds_byte(buffer, pattern) && !seen.contains(*number) {
                seen.insert(*number);
                found(*number);
            }
        }
        if self.pairs.is_empty() {
            return;
        }
        let mut left = self.entries.len();
        for (at, two) in buffer.array_windows::<2>().enumerate() {
            let pair = u16::from_le_bytes(*two) | FOLD;
            if self.pairs[usize::from(pair >> 6)] >> (pair & 63) & 1 != 0 {
                left -= self.compare(buffer, at, pair, seen, found);
                if left == 0 {
                    return;
                }
            }
        }
    }

    /// Compares the patterns of a pair; how many were found for the first time.
    fn compare(&self, buffer: &[u8], at: usize, pair: u16, seen: &mut Seen, found: &mut impl FnMut(usize)) -> usize {
        let start = self.entries.partition_point(|entry| entry.0 < pair);
        let mut fresh = 0;
        for (_, number, pattern) in self.entries[start..].iter().take_while(|entry| entry.0 == pair) {
            if !seen.contains(*number) && pattern.is_at(buffer, at) {
                seen.insert(*number);
                found(*number);
                fresh += 1;
            }
        }
        fresh
    }
}

fn holds_byte(buffer: &[u8], pattern: &Pattern) -> bool {
    let Some(byte) = pattern.bytes.first().copied() else { return false };
    if pattern.nocase {
        memchr::memchr2(byte, byte.to_ascii_uppercase(), buffer).is_some()
    } else {
        memchr::memchr(byte, buffer).is_some()
    }
}
