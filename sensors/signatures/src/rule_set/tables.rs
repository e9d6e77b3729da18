//! The patterns rules are chosen by, one table per buffer, and the matchers compiled from parts of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fengsui_protocols::Buffer;

use crate::limits;
use crate::prefilter::{Matcher, Pattern};
use crate::transform::Transform;

/// Patterns that lie near the start of a TCP payload.
pub(super) const TCP_START: usize = 0;
/// Patterns of TCP payloads, packet by packet.
pub(super) const TCP_PAYLOAD: usize = 1;
/// Patterns of payloads that are not TCP.
pub(super) const OTHER_PAYLOAD: usize = 2;
/// Patterns of streams.
pub(super) const STREAM_PAYLOAD: usize = 3;
/// Tables of payloads; those of buffers come behind.
const PAYLOADS: usize = 4;

/// All tables of a rule set. Compiling one takes longer than a packet may take when it happens often, so what is
/// compiled is kept, shared by all workers, and bounded.
#[derive(Debug, Default)]
pub(super) struct Tables {
    tables: Vec<Table>,
    /// The table of each sticky buffer as it is.
    plain: Vec<Option<usize>>,
    /// Further tables of each sticky buffer, one per chain of transformations.
    transformed: Vec<Vec<(Vec<Transform>, usize)>>,
    compiled: Mutex<Compiled>,
}

/// Patterns of one buffer, each with the rule it chooses.
#[derive(Debug, Default)]
struct Table {
    entries: Vec<(Pattern, u32)>,
    /// All of them, for what belongs to no flow and once too many parts are compiled.
    whole: OnceLock<Arc<Matcher>>,
}

/// Matchers of parts of tables, by table and by the places in it.
#[derive(Debug, Default)]
struct Compiled {
    matchers: HashMap<(usize, Vec<u32>), Arc<Matcher>>,
    /// Patterns of all of them together.
    patterns: usize,
}

impl Tables {
    pub(super) fn new() -> Self {
        let mut built = Self::default();
        built.tables.resize_with(PAYLOADS, Table::default);
        built.plain.resize_with(Buffer::ALL.len(), || None);
        built.transformed.resize_with(Buffer::ALL.len(), Vec::new);
        built
    }

    pub(super) fn push(&mut self, table: usize, pattern: &Pattern, rule: u32) {
        self.tables[table].entries.push((pattern.clone(), rule));
    }

    /// Adds a pattern of a sticky buffer under a chain of transformations.
    pub(super) fn push_buffer(&mut self, buffer: Buffer, transforms: &[Transform], pattern: &Pattern, rule: u32) {
        let next = self.tables.len();
        let key = |transforms: &[Transform]| transforms.iter().map(Transform::key).collect::<Vec<_>>();
        let table = if transforms.is_empty() {
            *self.plain[buffer as usize].get_or_insert(next)
        } else {
            let chains = &mut self.transformed[buffer as usize];
            match chains.iter().find(|chain| key(&chain.0) == key(transforms)) {
                Some(chain) => chain.1,
                None => {
                    chains.push((transforms.to_vec(), next));
                    next
                }
            }
        };
        if table == next {
            self.tables.push(Table::default());
        }
        self.push(table, pattern, rule);
    }

    pub(super) fn count(&self) -> usize {
        self.tables.len()
    }

    pub(super) fn plain(&self, buffer: Buffer) -> Option<usize> {
        self.plain.get(buffer as usize).copied().flatten()
    }

    pub(super) fn transformed(&self, buffer: Buffer) -> &[(Vec<Transform>, usize)] {
        self.transformed.get(buffer as usize).map_or(&[], Vec::as_slice)
    }

    /// A matcher of all patterns of a table.
    pub(super) fn whole(&self, table: usize) -> &Arc<Matcher> {
        let table = &self.tables[table];
        table.whole.get_or_init(|| Arc::new(Matcher::new(table.entries.clone())))
    }

    /// A matcher that finds all patterns of a table whose rules are wanted, and maybe more. Parts that are the same are
    /// compiled once.
    pub(super) fn part(&self, table: usize, wanted: impl Fn(u32) -> bool) -> Arc<Matcher> {
        let entries = &self.tables[table].entries;
        let places: Vec<u32> =
            (0..).zip(entries).filter(|(_, entry)| wanted(entry.1)).map(|(place, _)| place).collect();
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (table, places);
        if let Some(known) = compiled.matchers.get(&key) {
            return Arc::clone(known);
        }
        let patterns = compiled.patterns + key.1.len();
        if patterns > limits::COMPILED_PATTERNS || compiled.matchers.len() >= limits::COMPILED_MATCHERS {
            return Arc::clone(self.whole(table));
        }
        let chosen = key.1.iter().filter_map(|place| entries.get(*place as usize)).cloned().collect();
        let matcher = Arc::new(Matcher::new(chosen));
        compiled.patterns = patterns;
        compiled.matchers.insert(key, Arc::clone(&matcher));
        matcher
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prefilter::Seen;

    fn found(matcher: &Matcher, buffer: &[u8]) -> Vec<u32> {
        let (mut seen, mut rules) = (Seen::default(), Vec::new());
        matcher.candidates(buffer, &mut seen, &mut rules);
        rules.sort_unstable();
        rules
    }

    #[test]
    fn a_part_finds_what_is_wanted_and_equal_parts_are_one() {
        let mut tables = Tables::new();
        for (rule, text) in (0..).zip(["needle", "thread", "needle"]) {
            let pattern = Pattern { bytes: text.as_bytes().into(), nocase: false };
            tables.push_buffer(Buffer::HttpUri, &[], &pattern, rule);
        }
        let table = tables.plain(Buffer::HttpUri).unwrap();
        let buffer = b"a needle and a thread";
        assert_eq!(found(tables.whole(table), buffer), [0, 1, 2]);
        assert_eq!(found(&tables.part(table, |rule| rule > 0), buffer), [1, 2]);
        assert!(found(&tables.part(table, |_| false), buffer).is_empty());
        assert!(Arc::ptr_eq(&tables.part(table, |rule| rule > 0), &tables.part(table, |rule| rule >= 1)));
        assert!(tables.plain(Buffer::HttpHost).is_none());
    }

    #[test]
    fn past_the_bound_all_patterns_are_looked_for() {
        let mut tables = Tables::new();
        for rule in 0..12_u32 {
            let pattern = Pattern { bytes: format!("pattern {rule:04}").into_bytes().into(), nocase: false };
            tables.push(TCP_PAYLOAD, &pattern, rule);
        }
        for bits in 1..=u32::try_from(limits::COMPILED_MATCHERS).unwrap() {
            tables.part(TCP_PAYLOAD, |rule| bits >> rule & 1 == 1);
        }
        let late = tables.part(TCP_PAYLOAD, |rule| rule == 0 || rule == 11);
        assert!(Arc::ptr_eq(&late, tables.whole(TCP_PAYLOAD)));
    }
}
