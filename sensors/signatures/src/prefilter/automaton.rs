//! Small groups and short patterns: an aho-corasick automaton.

use aho_corasick::{AhoCorasick, Input};

use super::{Pattern, Seen};

/// An automaton over patterns in any case; exact patterns are compared again.
#[derive(Debug)]
pub(crate) struct Automaton {
    automaton: AhoCorasick,
    patterns: Vec<(usize, Pattern)>,
}

impl Automaton {
    /// Compiles numbered patterns; none when there are none.
    pub(crate) fn new(patterns: Vec<(usize, Pattern)>) -> Option<Self> {
        if patterns.is_empty() {
            return None;
        }
        let bytes = patterns.iter().map(|entry| &entry.1.bytes);
        // Building fails only past 2^31 states, which the limits on rules keep far away.
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(bytes).ok()?;
        Some(Self { automaton, patterns })
    }

    pub(crate) fn find(&self, buffer: &[u8], seen: &mut Seen, found: &mut impl FnMut(usize)) {
        let mut left = self.patterns.len();
        let Ok(matches) = self.automaton.try_find_overlapping_iter(Input::new(buffer)) else { return };
        for hit in matches {
            let Some((number, pattern)) = self.patterns.get(hit.pattern().as_usize()) else { continue };
            if seen.contains(*number) || !pattern.is_at(buffer, hit.start()) {
                continue;
            }
            seen.insert(*number);
            found(*number);
            left -= 1;
            if left == 0 {
                return;
            }
        }
    }
}
