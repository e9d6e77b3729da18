//! Which of several overlapping candidates stays.

use std::collections::BTreeMap;

use super::engine::Candidate;

/// Keeps the most confident, then the longest candidates, and visits them by place. A URL neither blocks nor is
/// blocked, because what it carries matters more than the URL. Nearly all candidates stand alone and are visited as they lie.
pub(crate) fn resolve(candidates: &mut [Candidate], mut visit: impl FnMut(&Candidate)) {
    let place = |candidate: &Candidate| (candidate.start, candidate.end);
    if !candidates.is_sorted_by_key(place) {
        candidates.sort_by_key(place);
    }
    let mut kept = Vec::new();
    let mut rest = &*candidates;
    while let Some((first, others)) = rest.split_first() {
        let group = 1 + hanging_together(first.end, others);
        if group == 1 {
            visit(first);
        } else {
            keep_best(&rest[..group], &mut kept);
            kept.drain(..).for_each(&mut visit);
        }
        rest = &rest[group..];
    }
}

/// How many of these, sorted by place, begin before one that hangs together with the first ends.
fn hanging_together(mut reach: usize, others: &[Candidate]) -> usize {
    let hangs = |candidate: &&Candidate| {
        let hangs = candidate.start < reach;
        reach = reach.max(candidate.end);
        hangs
    };
    others.iter().take_while(hangs).count()
}

/// Confidence from which an address is none made of a name.
const SURE_ADDRESS: u8 = 84;

/// Those of a group of candidates that hang together which stay, by place.
fn keep_best<'c>(group: &'c [Candidate], kept: &mut Vec<&'c Candidate>) {
    let (urls, mut group): (Vec<&Candidate>, Vec<&Candidate>) =
        group.iter().partition(|candidate| candidate.data_type == "url");
    kept.extend(urls);
    // A road or village of an address may look like a name.
    let addresses: Vec<(usize, usize)> = group
        .iter()
        .filter(|known| known.data_type == "address" && known.confidence >= SURE_ADDRESS)
        .map(|known| (known.start, known.end))
        .collect();
    let inside = |known: &Candidate| addresses.iter().any(|(start, end)| *start <= known.start && known.end <= *end);
    if !addresses.is_empty() {
        group.retain(|known| known.data_type != "person_name" || !inside(known));
    }
    group.sort_by_key(|candidate| {
        (std::cmp::Reverse((candidate.confidence, candidate.end - candidate.start)), candidate.start)
    });
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    for candidate in group {
        let overlaps = taken.range(..candidate.end).next_back().is_some_and(|(_, end)| *end > candidate.start);
        if !overlaps {
            taken.insert(candidate.start, candidate.end);
            kept.push(candidate);
        }
    }
    kept.sort_by_key(|candidate| (candidate.start, candidate.end));
    kept.dedup_by(|second, first| second.start == first.start && second.data_type == first.data_type);
}
