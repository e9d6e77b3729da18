//! One form for the many ways to write a word: case, width, traditional characters, symbols put in between.

use std::ops::Range;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

const TRADITIONAL: &str = include_str!("../../../../rules/lexicon/traditional.tsv");

/// What becomes of the characters of the basic plane: itself, another one, or nothing.
static TABLE: LazyLock<Vec<u16>> = LazyLock::new(table);

/// The character is dropped.
const GONE: u16 = 0;
/// The character becomes several, which is rare and done by hand.
const SEVERAL: u16 = 0xffff;

/// A folded text that knows where its characters stood.
pub(super) struct Folded {
    pub(super) text: String,
    /// Where the folded text leaves step with the original: byte in the one, byte in the other.
    steps: Vec<(u32, u32)>,
}

impl Folded {
    pub(super) fn new(original: &str) -> Self {
        let mut folded = Self { text: String::with_capacity(original.len()), steps: Vec::new() };
        let bytes = original.as_bytes();
        let mut copied = 0;
        let mut at = 0;
        while at < bytes.len() {
            let (code, length) = code_at(bytes, at);
            let target = usize::try_from(code).ok().and_then(|code| TABLE.get(code)).copied().unwrap_or(SEVERAL);
            if u32::from(target) == code && target != SEVERAL {
                at += length;
                continue;
            }
            folded.copy(original, copied, at);
            folded.replace(original, at, length, target);
            at += length;
            copied = at;
        }
        folded.copy(original, copied, bytes.len());
        folded
    }

    /// Characters that stay as they are.
    fn copy(&mut self, original: &str, from: usize, to: usize) {
        if from < to {
            self.step(from);
            self.text.push_str(original.get(from..to).unwrap_or_default());
        }
    }

    fn replace(&mut self, original: &str, at: usize, length: usize, target: u16) {
        match target {
            GONE => {}
            SEVERAL => {
                let text = original.get(at..at + length).unwrap_or_default();
                for c in text.nfkc().flat_map(char::to_lowercase).filter(|c| !is_filler(*c)) {
                    self.step(at);
                    self.text.push(simplified(c));
                }
            }
            other => {
                self.step(at);
                self.text.extend(char::from_u32(u32::from(other)));
            }
        }
    }

    fn step(&mut self, original: usize) {
        let number = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        self.steps.push((number(self.text.len()), number(original)));
    }

    /// The range of the original that a range of the folded text came from.
    pub(super) fn original(&self, range: Range<usize>, original: &str) -> Option<Range<usize>> {
        let place = |at: usize| {
            let step = self.steps.partition_point(|(folded, _)| *folded as usize <= at).checked_sub(1)?;
            let (folded, start) = self.steps[step];
            Some(start as usize + (at - folded as usize))
        };
        let start = place(range.start)?;
        let last = self.text.get(range.start..range.end)?.char_indices().next_back()?.0 + range.start;
        let end = place(last)?;
        let width = original.get(end..)?.chars().next().map_or(0, char::len_utf8);
        Some(start..end + width)
    }
}

/// The code point at a place of valid UTF-8 and how many bytes it takes.
fn code_at(bytes: &[u8], at: usize) -> (u32, usize) {
    let tail = |offset: usize| u32::from(bytes.get(at + offset).copied().unwrap_or(0) & 0x3f);
    match bytes[at] {
        first @ 0..=0x7f => (u32::from(first), 1),
        first @ 0..=0xdf => (u32::from(first & 0x1f) << 6 | tail(1), 2),
        first @ 0..=0xef => (u32::from(first & 0x0f) << 12 | tail(1) << 6 | tail(2), 3),
        first => (u32::from(first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4),
    }
}

fn table() -> Vec<u16> {
    let mut table: Vec<u16> = (0..=u32::from(u16::MAX)).map(folded_code).collect();
    for (traditional, simple) in pairs() {
        if let Some(entry) = table.get_mut(traditional as usize) {
            *entry = u16::try_from(u32::from(simple)).unwrap_or(SEVERAL);
        }
    }
    table
}

fn pairs() -> impl Iterator<Item = (char, char)> {
    TRADITIONAL.lines().filter(|line| !line.starts_with('#')).flat_map(|line| {
        let all: Vec<char> = line.chars().collect();
        all.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>()
    })
}

fn folded_code(code: u32) -> u16 {
    let Some(c) = char::from_u32(code) else { return SEVERAL };
    let mut folded = std::iter::once(c).nfkc().flat_map(char::to_lowercase);
    match (folded.next(), folded.next()) {
        (Some(only), None) if is_filler(only) => GONE,
        (Some(only), None) => u16::try_from(u32::from(only)).unwrap_or(SEVERAL),
        _ => SEVERAL,
    }
}

/// Characters people put between others to break a word: everything that is neither letter nor digit, except what
/// ends a sentence or line, over which no word reaches.
fn is_filler(c: char) -> bool {
    !c.is_alphanumeric() && !matches!(c, '\n' | '\r' | '。' | '！' | '？' | '!' | '?' | '；' | ';' | '，' | ',')
}

fn simplified(c: char) -> char {
    let code = usize::try_from(u32::from(c)).ok().and_then(|code| TABLE.get(code)).copied().unwrap_or(SEVERAL);
    if code == SEVERAL || code == GONE { c } else { char::from_u32(u32::from(code)).unwrap_or(c) }
}
