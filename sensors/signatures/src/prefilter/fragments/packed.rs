//! A vectorised search of a library, for processors of every kind that it knows.

use aho_corasick::Span;
use aho_corasick::packed::{Config, MatchKind, Searcher};

use super::{FOLD, FRAGMENT};

/// Fragments one vectorised search takes.
const SEARCH_FRAGMENTS: usize = 64;
/// Buckets of the searcher for few fragments, and how many these are; for more it has twice as many.
const SLIM_BUCKETS: usize = 8;
const MOST_SLIM: usize = 32;
/// A chunk with more hits than one in so many bytes is walked byte by byte: a search is slow to start again.
const DENSE: usize = 16;

/// The searches for folded fragments.
#[derive(Debug)]
pub(super) struct Packed(Vec<Search>);

/// Fragments that are searched together.
#[derive(Debug)]
struct Search {
    searcher: Searcher,
    /// Places of the fragments as the searcher numbers them.
    order: Vec<usize>,
    /// The fragments in order.
    fragments: Vec<[u8; FRAGMENT]>,
    /// Place of the first of them among all.
    first: usize,
}

impl Packed {
    /// Compiles folded fragments, which are sorted. None where the processor has no such search.
    pub(super) fn new(fragments: &[[u8; FRAGMENT]]) -> Option<Self> {
        let searches = fragments.chunks(SEARCH_FRAGMENTS).zip((0..).step_by(SEARCH_FRAGMENTS));
        searches.map(|(fragments, first)| Search::new(fragments, first)).collect::<Option<_>>().map(Self)
    }

    /// Hands out every fragment in these bytes: which one, and where. `room` is for the bytes in one case.
    pub(super) fn find(&self, bytes: &[u8], room: &mut Vec<u8>, take: &mut impl FnMut(usize, usize)) {
        room.clear();
        room.extend(bytes.iter().map(|byte| byte | FOLD));
        for search in &self.0 {
            search.find(room, take);
        }
    }
}

impl Search {
    fn new(fragments: &[[u8; FRAGMENT]], first: usize) -> Option<Self> {
        let mut builder = Config::new().match_kind(MatchKind::LeftmostFirst).builder();
        let order = by_buckets(fragments.len());
        builder.extend(order.iter().filter_map(|place| fragments.get(*place)));
        Some(Self { searcher: builder.build()?, order, fragments: fragments.to_vec(), first })
    }

    fn find(&self, folded: &[u8], take: &mut impl FnMut(usize, usize)) {
        let (mut start, mut left) = (0, folded.len() / DENSE);
        while let Some(hit) = self.searcher.find_in(folded, Span::from(start..folded.len())) {
            take(self.first + self.order[hit.pattern().as_usize()], hit.start());
            start = hit.start() + 1;
            if left == 0 {
                return self.walk(folded, start, take);
            }
            left -= 1;
        }
    }

    /// The same, place by place.
    fn walk(&self, folded: &[u8], start: usize, take: &mut impl FnMut(usize, usize)) {
        let rest = folded.get(start..).unwrap_or_default();
        for (at, window) in rest.array_windows::<FRAGMENT>().enumerate() {
            if let Ok(place) = self.fragments.binary_search(window) {
                take(self.first + place, start + at);
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
}
