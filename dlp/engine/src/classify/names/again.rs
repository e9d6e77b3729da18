//! Names that were found once with evidence and stand in the same text again without any: 孙桂香与孙桂林系姐弟。孙桂林认为….

use super::super::context::Verdict;
use super::super::engine::Candidate;
use super::model::MODEL;

/// Names of one text that are looked for again; each costs a search of the text.
const NAMES: usize = 32;
/// Shortest and longest name that is, in characters of three bytes.
const LENGTHS: std::ops::RangeInclusive<usize> = 2..=4;
/// Candidates before a place that may reach over it.
const OVERLAPS: usize = 3;
/// Confidence in a name that is found again.
const AGAIN: u8 = 82;

/// Adds the other places of the names found from `known` on.
pub(super) fn find(text: &str, known: usize, candidates: &mut Vec<Candidate>) {
    let found = candidates.get(known..).unwrap_or_default();
    let mut names: Vec<&str> =
        found.iter().filter(|name| name.verdict.positive.is_some()).filter_map(|name| sure(text, name)).collect();
    names.sort_unstable();
    names.dedup();
    names.truncate(NAMES);
    let mut taken: Vec<(usize, usize)> = found.iter().map(|other| (other.start, other.end)).collect();
    taken.sort_unstable();
    let mut others = Vec::new();
    for name in names {
        for start in memchr::memmem::find_iter(text.as_bytes(), name.as_bytes()) {
            let end = start + name.len();
            let after = taken.partition_point(|(first, _)| *first < end);
            if !taken[after.saturating_sub(OVERLAPS)..after].iter().any(|(_, last)| *last > start) {
                others.push(candidate(start, end));
            }
        }
    }
    candidates.append(&mut others);
}

/// The name, if it is one wherever it stands: no word, and not part of something longer.
fn sure<'t>(text: &'t str, found: &Candidate) -> Option<&'t str> {
    let name = text.get(found.start..found.end)?;
    let characters: Vec<char> = name.chars().collect();
    (LENGTHS.contains(&characters.len()) && !MODEL.is_word(&characters)).then_some(name)
}

const fn candidate(start: usize, end: usize) -> Candidate {
    Candidate {
        data_type: "person_name",
        start,
        end,
        confidence: AGAIN,
        why: "同一文本中已有上下文证实的姓名再次出现",
        verdict: Verdict { positive: None, negative: None },
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_with_evidence_is_found_everywhere() {
        let text = "原告妥金良诉称货款未付。妥金良据此请求判令还款，而后妥金良又撤回了。";
        let mut candidates = Vec::new();
        super::super::find(text, None, &mut candidates);
        let mut places: Vec<&str> = candidates.iter().map(|found| &text[found.start..found.end]).collect();
        places.sort_unstable();
        assert_eq!(places, ["妥金良"; 3]);
    }
}
