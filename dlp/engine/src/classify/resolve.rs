//! Which of several overlapping candidates stays.

use std::collections::BTreeMap;

use super::engine::Candidate;

/// Keeps the most confident, then the longest candidates, and orders them by place. A URL neither blocks nor is
/// blocked, because what it carries matters more than the URL.
pub(crate) fn resolve(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by_key(|candidate| {
        (std::cmp::Reverse((candidate.confidence, candidate.end - candidate.start)), candidate.start)
    });
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let mut kept = Vec::new();
    for candidate in candidates {
        if candidate.data_type == "url" {
            kept.push(candidate);
            continue;
        }
        let overlaps = taken.range(..candidate.end).next_back().is_some_and(|(_, end)| *end > candidate.start);
        if !overlaps {
            taken.insert(candidate.start, candidate.end);
            kept.push(candidate);
        }
    }
    kept.sort_by_key(|candidate| (candidate.start, candidate.end));
    kept.dedup_by(|second, first| second.data_type == first.data_type && second.start == first.start);
    kept
}
