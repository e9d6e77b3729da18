//! Small sets: a vectorised search for four bytes of each pattern, then exact comparison.

mod packed;
mod wide;

use packed::Packed;
use wide::{Hit, Wide};

use super::{Pattern, Seen};
use crate::keywords::content::commonness;

/// Bytes of a fragment, and of the shortest pattern.
const FRAGMENT: usize = 4;
/// Fragments that are few: past that, sieves of windows are faster than so many searches.
pub(super) const MOST_FRAGMENTS: usize = 128;
/// Bytes that are searched at once, so that they stay in the fastest cache.
const CHUNK: usize = 2_048;
/// Sets this bit in every byte: letters lose their case, other bytes meet a few others, which comparison tells apart.
const FOLD: u8 = 0x20;

/// A prefilter over few patterns of four bytes and more.
#[derive(Debug)]
pub(super) struct Fragments {
    search: Search,
    /// For every fragment the patterns that hold it, with its offset in them.
    holders: Vec<Vec<(u32, u16)>>,
    patterns: Vec<(usize, Pattern)>,
}

/// What finds fragments on this processor.
#[derive(Debug)]
enum Search {
    Wide(Wide),
    Packed(Packed),
}

/// Room for a search.
#[derive(Debug, Default)]
pub(super) struct Room {
    folded: Vec<u8>,
    hits: Vec<Hit>,
}

impl Search {
    fn new(fragments: &[[u8; FRAGMENT]]) -> Option<Self> {
        Wide::new(fragments).map(Self::Wide).or_else(|| Packed::new(fragments).map(Self::Packed))
    }

    /// Hands out every fragment in these bytes: which one, and where.
    fn find(&self, bytes: &[u8], room: &mut Room, take: &mut impl FnMut(usize, usize)) {
        match self {
            Self::Wide(wide) => wide.find(bytes, &mut room.hits, take),
            Self::Packed(packed) => packed.find(bytes, &mut room.folded, take),
        }
    }
}

impl Fragments {
    /// Compiles numbered patterns of four bytes and more; gives them back when they are too many, or when the processor
    /// has no such search.
    pub(super) fn new(patterns: Vec<(usize, Pattern)>) -> Result<Self, Vec<(usize, Pattern)>> {
        Self::with(patterns, Search::new)
    }

    fn with(
        patterns: Vec<(usize, Pattern)>,
        search: impl FnOnce(&[[u8; FRAGMENT]]) -> Option<Search>,
    ) -> Result<Self, Vec<(usize, Pattern)>> {
        if patterns.is_empty() || patterns.len() > MOST_FRAGMENTS {
            return Err(patterns);
        }
        let mut chosen: Vec<([u8; FRAGMENT], (u32, u16))> = (0..)
            .zip(&patterns)
            .filter_map(|(index, (_, pattern))| rarest(&pattern.bytes).map(|(fragment, at)| (fragment, (index, at))))
            .collect();
        chosen.sort_unstable();
        let groups = || chosen.chunk_by(|one, other| one.0 == other.0);
        let Some(search) = search(&groups().map(|group| group[0].0).collect::<Vec<_>>()) else { return Err(patterns) };
        let holders = groups().map(|group| group.iter().map(|entry| entry.1).collect()).collect();
        Ok(Self { search, holders, patterns })
    }

    pub(super) fn find(&self, buffer: &[u8], seen: &mut Seen, found: &mut impl FnMut(usize)) {
        let mut room = std::mem::take(&mut seen.room);
        let mut start = 0;
        while start + FRAGMENT <= buffer.len() {
            let end = buffer.len().min(start + CHUNK);
            self.search.find(&buffer[start..end], &mut room, &mut |fragment, at| {
                self.compare((buffer, start + at), &self.holders[fragment], seen, found);
            });
            // A fragment may begin in the last bytes and go on.
            start = if end == buffer.len() { end } else { end - (FRAGMENT - 1) };
        }
        seen.room = room;
    }

    /// Compares the patterns that hold a fragment found at a place.
    fn compare(
        &self,
        (buffer, at): (&[u8], usize),
        holders: &[(u32, u16)],
        seen: &mut Seen,
        found: &mut impl FnMut(usize),
    ) {
        for (index, offset) in holders {
            let Some(first) = at.checked_sub(usize::from(*offset)) else { continue };
            let (number, pattern) = &self.patterns[*index as usize];
            if !seen.contains(*number) && pattern.is_at(buffer, first) {
                seen.insert(*number);
                found(*number);
            }
        }
    }
}

/// The folded fragment of a pattern that is rarest in traffic, and its offset.
fn rarest(pattern: &[u8]) -> Option<([u8; FRAGMENT], u16)> {
    let cost = |fragment: &[u8; FRAGMENT]| -> u32 {
        fragment.iter().map(|byte| u32::from(commonness(byte.to_ascii_lowercase()))).sum()
    };
    let fragments = pattern.array_windows::<FRAGMENT>().zip(0_u16..);
    let (fragment, offset) = fragments.min_by_key(|(fragment, _)| cost(fragment))?;
    Some((fragment.map(|byte| byte | FOLD), offset))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers_found(fragments: &Fragments, patterns: usize, buffer: &[u8]) -> Vec<usize> {
        let (mut seen, mut found) = (Seen::default(), Vec::new());
        seen.start(patterns);
        fragments.find(buffer, &mut seen, &mut |number| found.push(number));
        found.sort_unstable();
        found
    }

    type Compile = fn(&[[u8; FRAGMENT]]) -> Option<Search>;

    /// Every way to search; a processor may not have all.
    fn searches() -> Vec<Compile> {
        vec![|fragments| Wide::new(fragments).map(Search::Wide), |fragments| Packed::new(fragments).map(Search::Packed)]
    }

    #[test]
    fn what_lies_across_chunks_and_what_is_dense_is_found() {
        let pattern = |text: &str| Pattern { bytes: text.as_bytes().into(), nocase: false };
        let texts = ["aaaa", "needle", "Needle", "the end"];
        for search in searches() {
            let fragments = Fragments::with(texts.iter().map(|text| pattern(text)).enumerate().collect(), search);
            let Ok(fragments) = fragments else { continue };
            for before in [0, 1, CHUNK - 8, CHUNK - 5, CHUNK - 3, CHUNK, 2 * CHUNK - 6] {
                for filling in [b'.', b'a'] {
                    let buffer = [&vec![filling; before][..], b"needle aaaa the end"].concat();
                    assert_eq!(numbers_found(&fragments, texts.len(), &buffer), [0, 1, 3], "{before} bytes {filling}");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn every_search_finds_what_comparing_at_every_place_finds(
            texts in prop::collection::vec(prop::collection::vec(prop::sample::select(b"abcABC:\x00\xc1\xe1".to_vec()), 4..9), 1..MOST_FRAGMENTS),
            buffer in prop::collection::vec(prop::sample::select(b"abcABC:\x00\x9a\xc1\xe1".to_vec()), 0..300),
        ) {
            let patterns: Vec<_> = texts.iter().map(|text| Pattern { bytes: text.clone().into(), nocase: false }).enumerate().collect();
            let is_in = |entry: &&(usize, Pattern)| (0..buffer.len()).any(|start| entry.1.is_at(&buffer, start));
            let expected: Vec<usize> = patterns.iter().filter(is_in).map(|entry| entry.0).collect();
            for search in searches() {
                if let Ok(fragments) = Fragments::with(patterns.clone(), search) {
                    prop_assert_eq!(numbers_found(&fragments, patterns.len(), &buffer), expected.clone());
                }
            }
        }
    }
}
