//! Exact data match: whether a text holds a value of a register, without holding the register.
//!
//! A value is kept as the first eight bytes of HMAC-SM3 (GM/T 0004) under a key that is not in the set. Short numbers could be tried
//! out by whoever has set and key together; keep them apart.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use fengsui_crypto::HmacKey;

use crate::EngineError;
use crate::normalize::Normalized;

/// First line of a written set.
const HEAD: &str = "fengsui-exact-1";
/// Shortest value that is worth matching, in characters: two characters are a name.
const SHORTEST: usize = 2;
/// Longest value, in characters.
const LONGEST: usize = 40;
/// Most values of one set.
const VALUES: usize = 20_000_000;

/// Values of one column of a register.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExactSet {
    /// What the values are, for reports.
    pub name: String,
    digests: HashSet<u64>,
    /// Lengths of the values in characters, so that no others are looked at.
    lengths: BTreeSet<usize>,
}

impl ExactSet {
    /// Digests values; those that are too short or too long are left out.
    #[must_use]
    pub fn build<'v>(name: &str, key: &HmacKey, values: impl Iterator<Item = &'v str>) -> Self {
        let mut set = Self { name: name.to_owned(), ..Self::default() };
        for value in values.take(VALUES) {
            let form = form(value);
            let length = form.chars().count();
            if (SHORTEST..=LONGEST).contains(&length) {
                set.digests.insert(digest(key, &form));
                set.lengths.insert(length);
            }
        }
        set
    }

    /// How many values the set has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.digests.len()
    }

    /// Whether the set has no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }

    /// The set as lines of text: a head, the name, the lengths, the digests in order.
    #[must_use]
    pub fn write(&self) -> String {
        let lengths: Vec<String> = self.lengths.iter().map(ToString::to_string).collect();
        let mut digests: Vec<u64> = self.digests.iter().copied().collect();
        digests.sort_unstable();
        let lines: String = digests.iter().map(|digest| format!("{digest:016x}\n")).collect();
        format!("{HEAD}\n{}\n{}\n{lines}", self.name.replace(['\n', '\r'], " "), lengths.join(" "))
    }

    /// Reads a written set.
    ///
    /// # Errors
    /// When the text is none.
    pub fn read(file: &str, text: &str) -> Result<Self, EngineError> {
        let broken = |reason: &str| EngineError::Rule { file: file.to_owned(), reason: reason.to_owned() };
        let mut lines = text.lines();
        if lines.next() != Some(HEAD) {
            return Err(broken("is no set of exact values"));
        }
        let name = lines.next().unwrap_or_default().to_owned();
        let numbers = lines.next().unwrap_or_default().split_whitespace().map(str::parse).collect();
        let lengths =
            Result::map_err(numbers, |_: std::num::ParseIntError| broken("its third line is no list of lengths"))?;
        let digests = lines.map(|line| u64::from_str_radix(line, 16)).collect::<Result<_, _>>();
        Ok(Self { name, digests: digests.map_err(|_| broken("a line is no digest"))?, lengths })
    }

    /// Places of values of the set in a text: whole runs of letters and digits, and Chinese characters of the lengths that occur.
    #[must_use]
    pub fn find(&self, key: &HmacKey, text: &str) -> Vec<Range<usize>> {
        let normalized = Normalized::new(text);
        let mut found = Vec::new();
        for (start, run, chinese) in runs(&normalized.text) {
            let candidates = if chinese { self.windows(run) } else { self.whole(run) };
            for range in candidates {
                let value = run.get(range.clone()).unwrap_or_default();
                if self.digests.contains(&digest(key, &form(value))) {
                    found.push(normalized.original(start + range.start..start + range.end));
                }
            }
        }
        found
    }

    fn whole(&self, run: &str) -> Vec<Range<usize>> {
        let length = form(run).chars().count();
        self.lengths.contains(&length).then_some(0..run.len()).into_iter().collect()
    }

    /// Every part of a run of Chinese characters that has the length of a value.
    fn windows(&self, run: &str) -> Vec<Range<usize>> {
        let borders: Vec<usize> = run.char_indices().map(|(at, _)| at).chain([run.len()]).collect();
        let of = |length: usize| {
            borders.windows(length + 1).map(|window| window[0]..window[window.len() - 1]).collect::<Vec<_>>()
        };
        self.lengths.iter().filter(|length| **length < borders.len()).flat_map(|length| of(*length)).collect()
    }
}

/// Letters in upper case, without spaces and dashes.
fn form(value: &str) -> String {
    value.chars().filter(|c| !matches!(c, ' ' | '-' | '·')).flat_map(char::to_uppercase).collect()
}

fn digest(key: &HmacKey, form: &str) -> u64 {
    let digest = key.tag(&[form.as_bytes()]);
    digest.iter().take(8).fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// Runs of Chinese characters, and of letters and digits with single spaces or dashes between digits.
fn runs(text: &str) -> Vec<(usize, &str, bool)> {
    let kind = |c: char| match c {
        '\u{4e00}'..='\u{9fff}' | '·' => 2,
        _ if c.is_ascii_alphanumeric() || c == '-' || c == '@' || c == '.' || c == '_' => 1,
        _ => 0,
    };
    let mut runs = Vec::new();
    let mut start = 0;
    let mut current = 0;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let next = if at == text.len() { 0 } else { kind(c) };
        if next != current {
            let run = text.get(start..at).unwrap_or_default();
            let trimmed = run.trim_matches(['-', '.', '_', '@']);
            if current > 0 && !trimmed.is_empty() {
                let offset = run.len() - run.trim_start_matches(['-', '.', '_', '@']).len();
                runs.push((start + offset, trimmed, current == 2));
            }
            (start, current) = (at, next);
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_register_are_found_and_not_kept() {
        let key = HmacKey::new(b"a key of the unit");
        let set = ExactSet::build("低保名册", &key, ["马文忠", "138-0013-8000", "622901198001010011"].into_iter());
        let read = ExactSet::read("a.exact", &set.write()).expect("reads");
        assert_eq!(read, set);
        assert!(!set.write().contains("13800138000"));
        let text = "请马文忠携带材料，电话１３８００１３８０００或13900139000。";
        let found: Vec<&str> = set.find(&key, text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["马文忠", "１３８００１３８０００"]);
        assert!(set.find(&HmacKey::new(b"another"), text).is_empty());
    }
}
