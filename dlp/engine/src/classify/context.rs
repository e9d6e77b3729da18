//! Words around a candidate that speak for or against it.

use aho_corasick::{AhoCorasick, MatchKind};

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

#[derive(Debug)]
struct Word {
    text: &'static str,
    /// Identifiers the word speaks for.
    positive: Vec<usize>,
    /// Identifiers the word speaks against.
    negative: Vec<usize>,
    /// Whether it speaks against every weak identifier it does not speak for.
    other_number: bool,
}

impl ContextWords {
    /// Compiles the words of identifiers; `None` only if the automaton can't be built.
    pub(crate) fn new(identifiers: &[&'static Identifier]) -> Option<Self> {
        let mut words: Vec<Word> = Vec::new();
        for (index, identifier) in identifiers.iter().enumerate() {
            for text in identifier.positive {
                entry(&mut words, text).positive.push(index);
            }
            for text in identifier.negative {
                entry(&mut words, text).negative.push(index);
            }
        }
        for text in OTHER_NUMBERS {
            entry(&mut words, text).other_number = true;
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(words.iter().map(|word| word.text))
            .ok()?;
        Some(Self { automaton, words })
    }

    /// Reads the context of a candidate of an identifier. Words before it count up to the nearest line break,
    /// words against it only within the same clause, and what stands nearer wins.
    pub(crate) fn verdict(&self, document: Document<'_>, start: usize, end: usize, identifier: usize) -> Verdict {
        let before = window_before(document.text, start);
        let clause = before.rfind(['，', '。', '；', ';', '|', '\t']).map_or(0, |at| at + 1);
        let mut verdict = Verdict::default();
        let mut nearest = 0;
        for found in self.automaton.find_overlapping_iter(before) {
            let word = &self.words[found.pattern().as_usize()];
            if !is_word(before, found.start(), found.end()) || found.end() < nearest {
                continue;
            }
            if word.positive.contains(&identifier) {
                verdict = Verdict { positive: Some(word.text), negative: None };
                nearest = found.end();
            } else if found.start() >= clause && (word.negative.contains(&identifier) || word.other_number) {
                verdict.negative = Some(word.text);
                verdict.positive = verdict.positive.filter(|_| found.end() < nearest + 12);
                nearest = found.end();
            }
        }
        if verdict.positive.is_none() {
            verdict.positive = self.after(document, end, identifier);
        }
        verdict
    }

    fn after(&self, document: Document<'_>, end: usize, identifier: usize) -> Option<&'static str> {
        let after = window_after(document.text, end);
        let mut found = self.automaton.find_overlapping_iter(after);
        let word = found.find(|found| {
            self.words[found.pattern().as_usize()].positive.contains(&identifier)
                && is_word(after, found.start(), found.end())
        })?;
        Some(self.words[word.pattern().as_usize()].text)
    }

    /// Whether a header or key names the type.
    pub(crate) fn names(&self, header: &str, identifier: usize) -> Option<&'static str> {
        let mut found = self.automaton.find_overlapping_iter(header);
        let word = found.find(|found| self.words[found.pattern().as_usize()].positive.contains(&identifier))?;
        Some(self.words[word.pattern().as_usize()].text)
    }
}

fn entry<'w>(words: &'w mut Vec<Word>, text: &'static str) -> &'w mut Word {
    let at = words.iter().position(|word| word.text == text).unwrap_or_else(|| {
        words.push(Word { text, positive: Vec::new(), negative: Vec::new(), other_number: false });
        words.len() - 1
    });
    &mut words[at]
}

/// An ASCII word must not be a part of a longer one; Chinese has no such borders.
fn is_word(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let ascii = bytes[start].is_ascii();
    let letter = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphabetic);
    !ascii || !(letter(start.checked_sub(1)) || letter(Some(end)))
}

fn window_before(text: &str, start: usize) -> &str {
    let from = floor(text, start.saturating_sub(CONTEXT_BEFORE_BYTES));
    let window = text.get(from..start).unwrap_or_default();
    window.rfind(['\n', '。']).map_or(window, |at| window.get(at..).unwrap_or_default())
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
