//! Words around a candidate that speak for or against it.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::identifiers::Identifier;
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

/// All context words of all identifiers in one automaton.
#[derive(Debug)]
pub(crate) struct ContextWords {
    automaton: AhoCorasick,
    words: Vec<Word>,
}

/// A set of identifiers by their place in the registry.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Identifiers([u64; 4]);

impl Identifiers {
    fn add(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(own, more)| *own |= more);
    }

    fn insert(&mut self, identifier: usize) {
        self.0[identifier / 64 % 4] |= 1 << (identifier % 64);
    }

    pub(crate) const fn contains(self, identifier: usize) -> bool {
        self.0[identifier / 64 % 4] >> (identifier % 64) & 1 == 1
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

/// A context word in a text.
#[derive(Debug, Clone, Copy)]
struct Hit {
    word: usize,
    start: usize,
    end: usize,
}

/// The context words met so far in a text, so that several candidates of one neighbourhood share one look at it.
#[derive(Debug, Default)]
pub(crate) struct Neighbourhood {
    hits: Vec<Hit>,
    from: usize,
    to: usize,
    /// Words of the header of the column.
    header: Option<Vec<usize>>,
}

/// How far a look reaches beyond what was asked for, in bytes.
const AHEAD: usize = 192;
/// Longer than any context word, in bytes.
const WORD_BYTES: usize = 48;

impl ContextWords {
    /// Compiles the words of identifiers; `None` only if the automaton can't be built.
    pub(crate) fn new(identifiers: &[&'static Identifier]) -> Option<Self> {
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

    /// Identifiers that some word in the neighbourhood or the header speaks for: a quick answer for the many candidates that count
    /// only beside such a word.
    pub(crate) fn announced(
        &self,
        document: Document<'_>,
        header: Option<&str>,
        seen: &mut Neighbourhood,
        (start, end): (usize, usize),
    ) -> Identifiers {
        let from = start.saturating_sub(CONTEXT_BEFORE_BYTES);
        let to = end.saturating_add(CONTEXT_AFTER_BYTES).min(document.text.len());
        self.look(document.text, seen, from, to);
        let mut announced = Identifiers::default();
        let first = seen.hits.partition_point(|hit| hit.end <= from);
        for hit in seen.hits[first..].iter().take_while(|hit| hit.end <= to) {
            announced.add(self.words[hit.word].positive);
        }
        for word in header.map(|header| self.header_words(header, seen)).into_iter().flatten() {
            announced.add(self.words[*word].positive);
        }
        announced
    }

    /// Reads the context of a candidate of an identifier. Words before it count up to the nearest line break,
    /// words against it only within the same clause, and what stands nearer wins.
    pub(crate) fn verdict(
        &self,
        document: Document<'_>,
        seen: &mut Neighbourhood,
        (start, end): (usize, usize),
        identifier: usize,
    ) -> Verdict {
        let text = document.text;
        let limit = end.saturating_add(CONTEXT_AFTER_BYTES).min(text.len());
        self.look(text, seen, start.saturating_sub(CONTEXT_BEFORE_BYTES), limit);
        let first = seen.hits.partition_point(|hit| hit.end + CONTEXT_BEFORE_BYTES <= start);
        let from = line_start(text, start);
        let mut clause = None;
        let mut verdict = Verdict::default();
        let mut nearest = 0;
        for hit in seen.hits[first..].iter().take_while(|hit| hit.end <= start) {
            let word = &self.words[hit.word];
            let positive = word.positive.contains(identifier);
            if !positive && !word.other_number && !word.negative.contains(identifier)
                || hit.start < from
                || hit.end < nearest
                || !is_word(text, hit.start, hit.end)
            {
                continue;
            }
            if positive {
                verdict = Verdict { positive: Some(word.text), negative: None };
                nearest = hit.end;
            } else if hit.start >= *clause.get_or_insert_with(|| clause_start(text, from, start)) {
                verdict.negative = Some(word.text);
                verdict.positive = verdict.positive.filter(|_| hit.end < nearest + 12);
                nearest = hit.end;
            }
        }
        if verdict.positive.is_none() {
            verdict.positive = self.after(text, &seen.hits[first..], end, identifier);
        }
        verdict
    }

    fn after(&self, text: &str, hits: &[Hit], end: usize, identifier: usize) -> Option<&'static str> {
        let mut limit = None;
        let hit = hits.iter().skip_while(|hit| hit.end <= end).find(|hit| {
            hit.start >= end
                && self.words[hit.word].positive.contains(identifier)
                && hit.end <= *limit.get_or_insert_with(|| end + window_after(text, end).len())
                && is_word(text, hit.start, hit.end)
        })?;
        Some(self.words[hit.word].text)
    }

    /// Makes sure that the words between two places are known.
    fn look(&self, text: &str, seen: &mut Neighbourhood, from: usize, to: usize) {
        if from >= seen.from && to <= seen.to {
            return;
        }
        let until = floor(text, to.saturating_add(AHEAD));
        let known = if from >= seen.from && from <= seen.to { seen.to } else { 0 };
        let start = if known > 0 { floor(text, known.saturating_sub(WORD_BYTES)) } else { floor(text, from) };
        if known == 0 {
            seen.hits.clear();
            seen.from = start;
        }
        let window = text.get(start..until).unwrap_or_default();
        for found in self.automaton.find_overlapping_iter(window) {
            let hit = Hit { word: found.pattern().as_usize(), start: start + found.start(), end: start + found.end() };
            if hit.end > known {
                seen.hits.push(hit);
            }
        }
        seen.to = until;
    }

    /// Whether a header or key names the type. The header is looked at once.
    pub(crate) fn names(&self, header: &str, seen: &mut Neighbourhood, identifier: usize) -> Option<&'static str> {
        let word =
            self.header_words(header, seen).iter().find(|word| self.words[**word].positive.contains(identifier))?;
        Some(self.words[*word].text)
    }
}

impl ContextWords {
    fn header_words<'s>(&self, header: &str, seen: &'s mut Neighbourhood) -> &'s [usize] {
        seen.header.get_or_insert_with(|| {
            self.automaton.find_overlapping_iter(header).map(|found| found.pattern().as_usize()).collect()
        })
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

/// An ASCII word must not be a part of a longer one; Chinese has no such borders.
fn is_word(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let ascii = bytes[start].is_ascii();
    let before = start.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    let after = bytes.get(end).is_some_and(u8::is_ascii_alphabetic);
    !ascii || !(before || after)
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
