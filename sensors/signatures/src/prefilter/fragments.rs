//! Small sets: a vectorised search for four bytes of each pattern, then exact comparison.

use aho_corasick::Span;
use aho_corasick::packed::{Config, MatchKind, Searcher};

use super::{Pattern, Seen};
use crate::keywords::content::commonness;

/// Bytes of a fragment, and of the shortest pattern. All are equally long, so at one place only one can be.
const FRAGMENT: usize = 4;
/// Fragments one vectorised search takes.
const SEARCH_FRAGMENTS: usize = 64;
/// Buckets of the searcher for few fragments, and how many these are; for more it has twice as many.
const SLIM_BUCKETS: usize = 8;
const MOST_SLIM: usize = 32;
/// Fragments that are few: past that, sieves of windows are faster than so many searches.
pub(super) const MOST_FRAGMENTS: usize = 2 * SEARCH_FRAGMENTS;
/// Bytes that are folded and searched at once, so that they stay in the fastest cache.
const CHUNK: usize = 2_048;
/// Sets this bit in every byte: letters lose their case, other bytes meet a few others, which comparison tells apart.
const FOLD: u8 = 0x20;
/// A chunk with more hits than one in so many bytes is walked byte by byte: a search is slow to start again.
const DENSE: usize = 16;

/// A prefilter over few patterns of four bytes and more.
#[derive(Debug)]
pub(super) struct Fragments {
    searches: Vec<Search>,
    patterns: Vec<(usize, Pattern)>,
}

/// A fragment, and the patterns that hold it with its offset in them.
type Fragment = ([u8; FRAGMENT], Vec<(u32, u16)>);

/// Fragments that are searched together.
#[derive(Debug)]
struct Search {
    searcher: Searcher,
    /// Places of the fragments as the searcher numbers them.
    order: Vec<usize>,
    /// The fragments in order.
    fragments: Vec<Fragment>,
}

impl Fragments {
    /// Compiles numbered patterns of four bytes and more; gives them back when they are too many, or when the processor
    /// has no such search.
    pub(super) fn new(patterns: Vec<(usize, Pattern)>) -> Result<Self, Vec<(usize, Pattern)>> {
        if patterns.is_empty() || patterns.len() > MOST_FRAGMENTS {
            return Err(patterns);
        }
        let mut chosen: Vec<([u8; FRAGMENT], (u32, u16))> = (0..)
            .zip(&patterns)
            .filter_map(|(index, (_, pattern))| rarest(&pattern.bytes).map(|(fragment, at)| (fragment, (index, at))))
            .collect();
        chosen.sort_unstable();
        let groups = chosen.chunk_by(|one, other| one.0 == other.0);
        let fragments: Vec<Fragment> =
            groups.map(|group| (group[0].0, group.iter().map(|entry| entry.1).collect::<Vec<_>>())).collect();
        let searches: Option<Vec<Search>> = fragments.chunks(SEARCH_FRAGMENTS).map(Search::new).collect();
        match searches {
            Some(searches) => Ok(Self { searches, patterns }),
            None => Err(patterns),
        }
    }

    pub(super) fn find(&self, buffer: &[u8], seen: &mut Seen, found: &mut impl FnMut(usize)) {
        let mut room = std::mem::take(&mut seen.room);
        let mut start = 0;
        while start + FRAGMENT <= buffer.len() {
            let end = buffer.len().min(start + CHUNK);
            room.clear();
            room.extend(buffer[start..end].iter().map(|byte| byte | FOLD));
            for search in &self.searches {
                search.find(&room, &mut |entries: &[(u32, u16)], at: usize| {
                    self.compare((buffer, start + at), entries, seen, found);
                });
            }
            // A fragment may begin in the last bytes and go on.
            start = if end == buffer.len() { end } else { end - (FRAGMENT - 1) };
        }
        seen.room = room;
    }

    /// Compares the patterns that hold a fragment found at a place.
    fn compare(
        &self,
        (buffer, at): (&[u8], usize),
        entries: &[(u32, u16)],
        seen: &mut Seen,
        found: &mut impl FnMut(usize),
    ) {
        for (index, offset) in entries {
            let Some(first) = at.checked_sub(usize::from(*offset)) else { continue };
            let (number, pattern) = &self.patterns[*index as usize];
            if !seen.contains(*number) && pattern.is_at(buffer, first) {
                seen.insert(*number);
                found(*number);
            }
        }
    }
}

impl Search {
    fn new(fragments: &[Fragment]) -> Option<Self> {
        let mut builder = Config::new().match_kind(MatchKind::LeftmostFirst).builder();
        let order = by_buckets(fragments.len());
        builder.extend(order.iter().filter_map(|place| fragments.get(*place)).map(|fragment| fragment.0));
        Some(Self { searcher: builder.build()?, order, fragments: fragments.to_vec() })
    }

    /// Hands out every fragment in folded bytes, with the place.
    fn find(&self, folded: &[u8], take: &mut impl FnMut(&[(u32, u16)], usize)) {
        let (mut start, mut left) = (0, folded.len() / DENSE);
        while let Some(hit) = self.searcher.find_in(folded, Span::from(start..folded.len())) {
            take(&self.fragments[self.order[hit.pattern().as_usize()]].1, hit.start());
            start = hit.start() + 1;
            if left == 0 {
                return self.walk(folded, start, take);
            }
            left -= 1;
        }
    }

    /// The same, place by place.
    fn walk(&self, folded: &[u8], start: usize, take: &mut impl FnMut(&[(u32, u16)], usize)) {
        let rest = folded.get(start..).unwrap_or_default();
        for (at, window) in rest.array_windows::<FRAGMENT>().enumerate() {
            if let Ok(place) = self.fragments.binary_search_by(|fragment| fragment.0.cmp(window)) {
                take(&self.fragments[place].1, start + at);
            }
        }
    }
}

/// The order in which so many fragments, which are sorted, are given to the searcher. It deals what it is given out to its
/// buckets by turns, and has a closer look wherever a byte may belong to something in a bucket: fragments that begin
/// alike belong into one.
fn by_buckets(fragments: usize) -> Vec<usize> {
    let buckets = if fragments > MOST_SLIM { 2 * SLIM_BUCKETS } else { SLIM_BUCKETS };
    // The first buckets have one more than the others when they can not all have as many.
    let (least, longer) = (fragments / buckets, fragments % buckets);
    let start = |bucket: usize| bucket * least + bucket.min(longer);
    let row = |row: usize| (0..buckets).filter(move |bucket| start(*bucket) + row < start(*bucket + 1));
    (0..=least).flat_map(|turn| row(turn).map(move |bucket| start(bucket) + turn)).collect()
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
    use super::*;

    #[test]
    fn fragments_that_begin_alike_come_into_one_bucket() {
        assert_eq!(by_buckets(3), [0, 1, 2]);
        assert_eq!(by_buckets(10), [0, 2, 4, 5, 6, 7, 8, 9, 1, 3]);
        for fragments in 0..=SEARCH_FRAGMENTS {
            let mut order = by_buckets(fragments);
            order.sort_unstable();
            assert!(order.into_iter().eq(0..fragments), "{fragments}");
        }
    }

    #[test]
    fn what_lies_across_chunks_and_what_is_dense_is_found() {
        let pattern = |text: &str| Pattern { bytes: text.as_bytes().into(), nocase: false };
        let texts = ["aaaa", "needle", "Needle", "the end"];
        let fragments = Fragments::new(texts.iter().map(|text| pattern(text)).enumerate().collect());
        let Ok(fragments) = fragments else { return };
        for before in [0, 1, CHUNK - 8, CHUNK - 5, CHUNK - 3, CHUNK, 2 * CHUNK - 6] {
            for filling in [b'.', b'a'] {
                let buffer = [&vec![filling; before][..], b"needle aaaa the end"].concat();
                let (mut seen, mut found) = (Seen::default(), Vec::new());
                seen.start(texts.len());
                fragments.find(&buffer, &mut seen, &mut |number| found.push(number));
                found.sort_unstable();
                assert_eq!(found, [0, 1, 3], "{before} bytes {filling}");
            }
        }
    }
}
