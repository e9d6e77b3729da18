//! The chain of tests of one buffer, with backtracking that is bounded.

use crate::keywords::content::Content;
use crate::keywords::pcre::Pcre;
use crate::limits;
use crate::rule::{Step, Test};

/// Variables of one rule.
pub(crate) type Values = [i64; limits::RULE_VARIABLES];

/// What a step matched, for "why it fired".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit<'r> {
    pub(crate) text: &'r str,
    pub(crate) bytes: Vec<u8>,
}

/// One run of a list over a buffer.
pub(crate) struct Inspection<'r, 'b> {
    steps: &'r [Step],
    buffer: &'b [u8],
    values: &'b mut Values,
    spent: Spent,
    hits: Option<Vec<Hit<'r>>>,
    notes: Notes,
}

/// What a run found out on the way.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// What JSON datasets tell of values, by the rule's name for it.
    pub(crate) contexts: Vec<(String, std::sync::Arc<serde_json::Value>)>,
    /// The last entropy that was measured.
    pub(crate) entropy: Option<f64>,
    /// Parts of expressions for records; only told when what matched is asked for.
    pub(crate) captures: Vec<Capture>,
}

/// A part that an expression captured.
#[derive(Debug)]
pub(crate) struct Capture {
    pub(crate) name: std::sync::Arc<str>,
    pub(crate) of_flow: bool,
    pub(crate) bytes: Vec<u8>,
}

/// What a run has cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    steps: u32,
    bytes: u64,
}

impl Spent {
    /// Whether the run was cut short.
    pub(crate) const fn exhausted(self) -> bool {
        self.steps > limits::INSPECTION_STEPS || self.bytes > limits::INSPECTION_BYTES
    }
}

/// The answer of a run.
pub(crate) struct Answer<'r> {
    pub(crate) matches: bool,
    pub(crate) exhausted: bool,
    /// What matched, when it was asked for.
    pub(crate) hits: Vec<Hit<'r>>,
    pub(crate) notes: Notes,
}

/// Runs steps over a buffer.
pub(crate) fn inspect<'r>(steps: &'r [Step], buffer: &[u8], values: &mut Values, record: bool) -> Answer<'r> {
    let (hits, notes) = (record.then(Vec::new), Notes::default());
    let mut inspection = Inspection { steps, buffer, values, spent: Spent::default(), hits, notes };
    let matches = inspection.run(0, 0);
    let Inspection { spent, hits, notes, .. } = inspection;
    Answer { matches, exhausted: spent.exhausted(), hits: hits.unwrap_or_default(), notes }
}

impl<'r> Inspection<'r, '_> {
    /// Whether the steps from `index` on match, with the last match ending at `cursor`.
    fn run(&mut self, index: usize, cursor: usize) -> bool {
        let steps = self.steps;
        let Some(step) = steps.get(index) else { return true };
        self.spent.steps += 1;
        if self.spent.exhausted() {
            return false;
        }
        match &step.test {
            Test::Content(content) if content.negated => !self.contains(content, cursor) && self.run(index + 1, cursor),
            Test::Content(content) => self.content(index, content, cursor),
            Test::Pcre(pcre) => self.pcre(index, pcre, cursor),
            Test::ByteTest(test) => {
                test.holds(self.buffer, cursor, self.values) && self.pass(index, cursor..cursor, cursor)
            }
            Test::ByteJump(jump) => {
                let target = jump.target(self.buffer, cursor, self.values);
                target.is_some_and(|target| self.pass(index, cursor..cursor, target))
            }
            Test::ByteExtract(extract) => {
                let extracted = extract.extract(self.buffer, cursor, self.values);
                extracted.is_some_and(|(value, end)| self.keep(index, extract.variable, value, end))
            }
            Test::ByteMath(math) => {
                let calculated = math.calculate(self.buffer, cursor, self.values);
                calculated.is_some_and(|(value, end)| self.keep(index, math.variable, value, end))
            }
            Test::DataAt(data_at) => {
                data_at.holds(cursor, self.buffer.len(), self.values) && self.run(index + 1, cursor)
            }
            Test::Size(size) => {
                size.matches(self.buffer.len() as u64) && self.pass(index, 0..self.buffer.len(), cursor)
            }
            Test::Dataset(dataset) => {
                // A second run, which tells why a rule fired, must not change sets again.
                let found = dataset.look(self.buffer, self.hits.is_none());
                self.notes.contexts.extend(found.context);
                found.holds && self.pass(index, 0..self.buffer.len(), cursor)
            }
            Test::Entropy(entropy) => {
                let (value, holds) = entropy.measure(self.buffer);
                self.notes.entropy = Some(value);
                holds && self.pass(index, cursor..cursor, cursor)
            }
            Test::Asn1(check) => check.finds(self.buffer, cursor) && self.pass(index, cursor..cursor, cursor),
            Test::Base64(decode) => {
                let decoded = decode.decode(self.buffer, cursor);
                decoded.is_some_and(|decoded| self.decoded(&decode.inner, &decoded)) && self.run(index + 1, cursor)
            }
        }
    }

    /// Goes on after a step that matched `range`; takes the record back when what follows does not match.
    fn pass(&mut self, index: usize, range: std::ops::Range<usize>, cursor: usize) -> bool {
        let mark = self.hits.as_ref().map_or(0, Vec::len);
        if let Some(hits) = &mut self.hits {
            let bytes = self.buffer.get(range).unwrap_or_default().to_vec();
            hits.push(Hit { text: &self.steps[index].text, bytes });
        }
        let matches = self.run(index + 1, cursor);
        if let (false, Some(hits)) = (matches, &mut self.hits) {
            hits.truncate(mark);
        }
        matches
    }

    fn keep(&mut self, index: usize, variable: usize, value: i64, end: usize) -> bool {
        if let Some(place) = self.values.get_mut(variable) {
            *place = value;
        }
        self.pass(index, end..end, end)
    }

    fn contains(&mut self, content: &Content, cursor: usize) -> bool {
        let bounds = content.bounds(cursor, self.buffer.len(), self.values);
        bounds.is_some_and(|bounds| content.find(self.buffer, bounds, &mut self.spent.bytes).is_some())
    }

    /// Tries every place of a pattern while a later one may help the steps that follow.
    fn content(&mut self, index: usize, content: &Content, cursor: usize) -> bool {
        let Some((mut low, high)) = content.bounds(cursor, self.buffer.len(), self.values) else { return false };
        while let Some(at) = content.find(self.buffer, (low, high), &mut self.spent.bytes) {
            let end = at + content.pattern.len();
            if self.pass(index, at..end, end) {
                return true;
            }
            if !self.steps[index].retry || self.spent.exhausted() {
                return false;
            }
            low = at + 1;
        }
        false
    }

    fn pcre(&mut self, index: usize, pcre: &Pcre, cursor: usize) -> bool {
        let start = if pcre.relative { cursor } else { 0 };
        let buffer = self.buffer;
        let Some(subject) = buffer.get(start..) else { return pcre.negated && self.run(index + 1, cursor) };
        let mut from = 0;
        loop {
            self.spent.bytes += subject.len().saturating_sub(from) as u64;
            let found = pcre.find(subject, from);
            if pcre.negated {
                return found.is_none() && self.run(index + 1, cursor);
            }
            let Some((low, high)) = found else { return false };
            if self.pass(index, start + low..start + high, start + high) {
                if self.hits.is_some() {
                    self.notes.captures.extend(pcre.captured(subject, from));
                }
                return true;
            }
            if !self.steps[index].retry || self.spent.exhausted() {
                return false;
            }
            from = low + 1;
        }
    }

    fn decoded(&mut self, inner: &'r [Step], decoded: &[u8]) -> bool {
        let hits = self.hits.as_ref().map(|_| Vec::new());
        let mut nested = Inspection {
            steps: inner,
            buffer: decoded,
            values: &mut *self.values,
            spent: self.spent,
            hits,
            notes: Notes::default(),
        };
        let matches = nested.run(0, 0);
        let (spent, found) = (nested.spent, nested.hits);
        self.notes.contexts.append(&mut nested.notes.contexts);
        self.spent = spent;
        if let (Some(hits), Some(found)) = (&mut self.hits, found) {
            hits.extend(found);
        }
        matches
    }
}
