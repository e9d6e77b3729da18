//! Which of several overlapping candidates stays.

use std::collections::BTreeMap;

use super::engine::Candidate;

/// Keeps the most confident, then the longest candidates, and orders them by place. A URL neither blocks nor is
/// blocked, because what it carries matters more than the URL.
pub(crate) fn resolve(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by_key(|candidate| (candidate.start, candidate.end));
    let mut kept: Vec<Candidate> = Vec::with_capacity(candidates.len());
    let mut group: Vec<Candidate> = Vec::new();
    let mut reach = 0;
    for candidate in candidates {
        if candidate.data_type == "url" {
            kept.push(candidate);
            continue;
        }
        if candidate.start >= reach {
            keep_best(&mut group, &mut kept);
        }
        reach = reach.max(candidate.end);
        group.push(candidate);
    }
    keep_best(&mut group, &mut kept);
    kept.sort_by_key(|candidate| (candidate.start, candidate.end));
    kept.dedup_by(|second, first| second.data_type == first.data_type && second.start == first.start);
    kept
}

/// Confidence from which an address is none made of a name.
const SURE_ADDRESS: u8 = 84;

/// Empties a group of candidates that hang together into those that stay.
fn keep_best(group: &mut Vec<Candidate>, kept: &mut Vec<Candidate>) {
    if group.len() < 2 {
        kept.append(group);
        return;
    }
    // A road or village of an address may look like a name.
    let addresses: Vec<(usize, usize)> = group
        .iter()
        .filter(|known| known.data_type == "address" && known.confidence >= SURE_ADDRESS)
        .map(|known| (known.start, known.end))
        .collect();
    let inside = |known: &Candidate| addresses.iter().any(|(start, end)| *start <= known.start && known.end <= *end);
    group.retain(|known| known.data_type != "person_name" || !inside(known));
    group.sort_by_key(|candidate| {
        (std::cmp::Reverse((candidate.confidence, candidate.end - candidate.start)), candidate.start)
    });
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    for candidate in group.drain(..) {
        let overlaps = taken.range(..candidate.end).next_back().is_some_and(|(_, end)| *end > candidate.start);
        if !overlaps {
            taken.insert(candidate.start, candidate.end);
            kept.push(candidate);
        }
    }
}
