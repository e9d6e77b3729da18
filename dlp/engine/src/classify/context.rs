//! Words around a candidate that speak for or against it.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::identifiers::Identifier;
use super::survey::Hit;
use super::tokens::Document;
use crate::limits::{CONTEXT_AFTER_BYTES, CONTEXT_BEFORE_BYTES};

/// Words that announce numbers of other kinds; they count against types without a strong check.
const OTHER_NUMBERS: &[&str] = &[
    "订单",
    "单号",
    "流水",
    "编号",
    "序列号",
    "批次",
    "版本",
    "文号",
    "工单",
    "合同号",
    "发票",
    "条码",
    "时间戳",
    "税号",
    "order",
    "trace",
    "uuid",
    "guid",
    "hash",
    "md5",
    "sha1",
    "sha256",
    "commit",
    "version",
    "serial",
    "sku",
    "build",
    "timestamp",
    "session",
    "request",
    "checksum",
    "txid",
    "nonce",
    "offset",
    "size",
    "length",
    "bytes",
    "pid",
    "seq",
    "index",
    "duration",
    "latency",
    "elapsed",
    "counter",
    "token",
    "span",
    "revision",
];

/// What the context of a candidate says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// A word that announces the type, and whether it stands before the candidate.
    pub(crate) positive: Option<&'static str>,
    /// A word that announces something else.
    pub(crate) negative: Option<&'static str>,
}

/// All context words of all identifiers.
#[derive(Debug)]
pub(crate) struct ContextWords {
    /// For headers; in texts the words are met by the one pass over them.
    automaton: AhoCorasick,
    words: Vec<Word>,
}

/// A set of identifiers by their place in the registry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Identifiers(u128);

impl Identifiers {
    /// Most identifiers there can be.
    pub(crate) const MOST: usize = 128;

    pub(crate) const fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(crate) const fn insert(&mut self, identifier: usize) {
        self.0 |= 1 << (identifier % Self::MOST);
    }

    pub(crate) const fn contains(self, identifier: usize) -> bool {
        self.0 >> (identifier % Self::MOST) & 1 == 1
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in both sets.
    pub(crate) const fn shared(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The places in the registry, in its order.
    pub(crate) fn iter(self) -> impl Iterator<Item = usize> {
        let some = |bits: u128| Some(bits).filter(|bits| *bits != 0);
        std::iter::successors(some(self.0), move |bits| some(bits & (bits - 1)))
            .map(|bits| bits.trailing_zeros() as usize)
    }
}

#[derive(Debug)]
struct Word {
    text: &'static str,
    /// Identifiers the word speaks for.
    positive: Identifiers,
    /// Identifiers the word speaks against.
    negative: Identifiers,
    /// Whether it speaks against every weak identifier it does not speak for.
    other_number: bool,
}

/// The context words of a text, of which those near a place are looked at. Places come in order, give or take [`SLACK`].
#[derive(Debug)]
pub(crate) struct Neighbourhood<'t> {
    words: &'t [Hit],
    /// Words before this one are too far back for any place to come.
    first: usize,
    /// Words of the header of the column, and identifiers that they speak for.
    header: Vec<usize>,
    named: Identifiers,
}

/// How far a candidate begins before the place that led to it, at most, in bytes; and how far it ends behind.
const SLACK: usize = 256;
const OVERHANG: usize = 64;

impl<'t> Neighbourhood<'t> {
    /// Moves on to a place.
    pub(crate) fn reach(&mut self, at: usize) {
        let far = |hit: &&Hit| hit.end as usize + CONTEXT_BEFORE_BYTES + SLACK <= at;
        self.first += self.words[self.first..].iter().take_while(far).count();
    }

    /// Words that end behind a place.
    fn behind(&self, from: usize) -> &'t [Hit] {
        let near = &self.words[self.first..];
        &near[near.iter().take_while(|hit| hit.end as usize <= from).count()..]
    }
}

impl ContextWords {
    /// Compiles the words of identifiers; `None` only if there are too many.
    pub(crate) fn new(identifiers: &[&'static Identifier]) -> Option<Self> {
        if identifiers.len() > Identifiers::MOST {
            return None;
        }
        let mut words: Vec<Word> = Vec::new();
        for (index, identifier) in identifiers.iter().enumerate() {
            for text in identifier.positive {
                entry(&mut words, text).positive.insert(index);
            }
            for text in identifier.negative {
                entry(&mut words, text).negative.insert(index);
            }
        }
        for text in OTHER_NUMBERS {
            entry(&mut words, text).other_number = true;
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(words.iter().map(|word| word.text))
            .ok()?;
        Some(Self { automaton, words })
    }

    /// The words, by their number in hits.
    pub(crate) fn texts(&self) -> Vec<&'static str> {
        self.words.iter().map(|word| word.text).collect()
    }

    /// Identifiers that some word in the neighbourhood or the header speaks for, and perhaps more: a quick answer for the many that
    /// count only beside such a word.
    pub(crate) fn announced(&self, seen: &Neighbourhood<'_>, (start, end): (usize, usize)) -> Identifiers {
        let from = start.saturating_sub(CONTEXT_BEFORE_BYTES);
        let to = end.saturating_add(CONTEXT_AFTER_BYTES + OVERHANG);
        let mut announced = seen.named;
        for hit in seen.behind(from).iter().take_while(|hit| hit.end as usize <= to) {
            announced.add(self.words[hit.word as usize].positive);
        }
        announced
    }

    /// Reads the context of a candidate of an identifier. Words before it count up to the nearest line break,
    /// words against it only within the same clause, and what stands nearer wins.
    pub(crate) fn verdict(
        &self,
        document: Document<'_>,
        seen: &Neighbourhood<'_>,
        (start, end): (usize, usize),
        identifier: usize,
    ) -> Verdict {
        let text = document.text;
        let near = seen.behind(start.saturating_sub(CONTEXT_BEFORE_BYTES));
        let mut line = None;
        let mut clause = None;
        let mut verdict = Verdict::default();
        let mut nearest = 0;
        for hit in near.iter().take_while(|hit| hit.end as usize <= start) {
            let word = &self.words[hit.word as usize];
            let positive = word.positive.contains(identifier);
            let speaks = positive || word.other_number || word.negative.contains(identifier);
            let (from, until) = (hit.start as usize, hit.end as usize);
            if !speaks || until < nearest || from < *line.get_or_insert_with(|| line_start(text, start)) {
                continue;
            }
            if positive {
                verdict = Verdict { positive: Some(word.text), negative: None };
                nearest = until;
            } else if from >= *clause.get_or_insert_with(|| clause_start(text, line.unwrap_or(start), start)) {
                verdict.negative = Some(word.text);
                verdict.positive = verdict.positive.filter(|_| until < nearest + 12);
                nearest = until;
            }
        }
        if verdict.positive.is_none() {
            verdict.positive = self.after(text, near, end, identifier);
        }
        verdict
    }

    fn after(&self, text: &str, hits: &[Hit], end: usize, identifier: usize) -> Option<&'static str> {
        let mut limit = None;
        let reach = end.saturating_add(CONTEXT_AFTER_BYTES);
        let near = hits.iter().skip_while(|hit| hit.end as usize <= end).take_while(|hit| hit.end as usize <= reach);
        let hit = near.into_iter().find(|hit| {
            hit.start as usize >= end
                && self.words[hit.word as usize].positive.contains(identifier)
                && hit.end as usize <= *limit.get_or_insert_with(|| end + window_after(text, end).len())
        })?;
        Some(self.words[hit.word as usize].text)
    }

    /// Whether the header or key names the type.
    pub(crate) fn names(&self, seen: &Neighbourhood<'_>, identifier: usize) -> Option<&'static str> {
        let speaks = |word: &&usize| self.words[**word].positive.contains(identifier);
        let word = seen.named.contains(identifier).then(|| seen.header.iter().find(speaks)).flatten()?;
        Some(self.words[*word].text)
    }

    /// The words of a text, and those of the header of its column.
    pub(crate) fn neighbourhood<'t>(&self, words: &'t [Hit], header: Option<&str>) -> Neighbourhood<'t> {
        let found = |header| self.automaton.find_overlapping_iter(header).map(|found| found.pattern().as_usize());
        let header: Vec<usize> = header.map(found).into_iter().flatten().collect();
        let mut named = Identifiers::default();
        header.iter().for_each(|word| named.add(self.words[*word].positive));
        Neighbourhood { words, first: 0, header, named }
    }
}

/// Where the line or sentence of a place begins, as far as context reaches.
fn line_start(text: &str, start: usize) -> usize {
    let from = floor(text, start.saturating_sub(CONTEXT_BEFORE_BYTES));
    let window = text.get(from..start).unwrap_or_default();
    // A label on a line of its own belongs to the line that follows.
    let labelled = window.trim_end().ends_with([':', '：']);
    let searched = if labelled { window.trim_end() } else { window };
    let line = memchr::memrchr(b'\n', searched.as_bytes()).map_or(0, |at| at + 1);
    let sentence = window[line..].rfind('。').map_or(0, |at| at + "。".len());
    from + line + sentence
}

fn clause_start(text: &str, from: usize, start: usize) -> usize {
    let window = text.get(from..start).unwrap_or_default();
    let last = window.char_indices().rev().find(|(_, c)| matches!(c, '，' | '；' | ';' | '|' | '\t'));
    last.map_or(from, |(at, c)| from + at + c.len_utf8())
}

fn entry<'w>(words: &'w mut Vec<Word>, text: &'static str) -> &'w mut Word {
    let at = words.iter().position(|word| word.text == text).unwrap_or_else(|| {
        words.push(Word {
            text,
            positive: Identifiers::default(),
            negative: Identifiers::default(),
            other_number: false,
        });
        words.len() - 1
    });
    &mut words[at]
}

fn window_after(text: &str, end: usize) -> &str {
    let to = floor(text, end.saturating_add(CONTEXT_AFTER_BYTES).min(text.len()));
    let window = text.get(end..to).unwrap_or_default();
    window.find(['\n', '，', '。', '；', ',']).map_or(window, |at| &window[..at])
}

/// The last character border at or before an offset.
pub(crate) fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
