//! One form for what is written in many: full-width digits, zero-width characters, Chinese digits.

use std::borrow::Cow;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

/// Fewest Chinese digits in a row that are read as a number: an eleven-digit telephone number is, a year is not.
const CHINESE_DIGITS: usize = 7;

/// A text in normal form that knows where each of its bytes stood in the original.
#[derive(Debug)]
pub(crate) struct Normalized<'a> {
    pub(crate) text: Cow<'a, str>,
    /// For each byte of `text`, and for its end, the byte of the original; empty when both are the same.
    origins: Vec<u32>,
}

impl<'a> Normalized<'a> {
    /// Normalises a text; borrows it when nothing changes.
    pub(crate) fn new(original: &'a str) -> Self {
        if !needs_work(original) {
            return Self { text: Cow::Borrowed(original), origins: Vec::new() };
        }
        let mut builder = Builder::default();
        for (offset, c) in original.char_indices() {
            builder.take(offset, c);
        }
        builder.finish(original.len())
    }

    /// The range of the original that a range of the normal form came from.
    pub(crate) fn original(&self, range: Range<usize>) -> Range<usize> {
        if self.origins.is_empty() {
            return range;
        }
        let at = |index: usize| self.origins.get(index).map_or(0, |origin| *origin as usize);
        at(range.start)..self.end_of(range.end)
    }

    /// The end of the last character before `end`, so that trailing invisible characters stay outside.
    fn end_of(&self, end: usize) -> usize {
        let Some(last) = end.checked_sub(1).and_then(|last| self.origins.get(last)) else { return 0 };
        let rest = self.origins.iter().skip(end).find(|origin| *origin > last);
        rest.map_or(*last as usize, |origin| *origin as usize)
    }
}

/// Whether a text holds anything that normalisation changes.
fn needs_work(text: &str) -> bool {
    let bytes = text.as_bytes();
    // E2 leads zero-width characters, dashes and narrow spaces, EF full-width forms and the byte order mark, F0 mathematical
    // digits, C2 the soft hyphen and the space that does not break. Chinese prose has E2 and EF for its punctuation only.
    let folds = memchr::memchr3_iter(0xe2, 0xef, 0xf0, bytes).any(|at| folds(&bytes[at..]));
    folds
        || memchr::memchr_iter(0xc2, bytes).any(|at| matches!(bytes.get(at + 1), Some(0xa0 | 0xad)))
        || memchr::memmem::find_iter(bytes, WIDE_SPACE).any(|at| parts_words(bytes, at))
        || chinese_digit_run(text)
}

const WIDE_SPACE: &[u8] = "\u{3000}".as_bytes();

/// Whether a wide space stands between characters; those that indent a paragraph change nothing.
fn parts_words(bytes: &[u8], at: usize) -> bool {
    let before = &bytes[..at];
    !before.is_empty() && !before.ends_with(b"\n") && !before.ends_with(WIDE_SPACE)
}

/// Whether a character with such a lead byte is folded, judged by its bytes.
fn folds(bytes: &[u8]) -> bool {
    match bytes {
        [0xe2, 0x80, third, ..] => matches!(third, 0x82..=0x93 | 0xaf),
        [0xe2, 0x81, third, ..] => matches!(third, 0xa0..=0xa4),
        [0xe2, 0x88, 0x92, ..] | [0xef, 0xbb, 0xbf, ..] => true,
        [0xef, 0xbc, third, ..] => matches!(third, 0x8b | 0x8d | 0x8e | 0x90..=0x99 | 0xa0..=0xba | 0xbf),
        [0xef, 0xbd, third, ..] => matches!(third, 0x81..=0x9a),
        [0xf0, 0x9d, 0x9f, third, ..] => *third >= 0x8e,
        _ => false,
    }
}

/// Whether enough Chinese digits stand in a row. A row of them is longer than the stride, so that no row is stepped over.
fn chinese_digit_run(text: &str) -> bool {
    const STRIDE: usize = (CHINESE_DIGITS - 1) * 3;
    let mut at = 0;
    while at < text.len() {
        let here = crate::classify::floor(text, at);
        let digit = |rest: &str| rest.chars().next().and_then(chinese_digit).is_some();
        if text.get(here..).is_some_and(digit) {
            let before =
                text[..here].chars().rev().take(CHINESE_DIGITS).take_while(|c| chinese_digit(*c).is_some()).count();
            let after = text[here..].chars().take(CHINESE_DIGITS).take_while(|c| chinese_digit(*c).is_some()).count();
            if before + after >= CHINESE_DIGITS {
                return true;
            }
        }
        at += STRIDE;
    }
    false
}

#[derive(Debug, PartialEq, Eq)]
enum Folded {
    Same,
    Gone,
    To(char),
}

/// NFKC for the characters that hide digits and letters; punctuation keeps its width, because a full-width
/// comma ends a Chinese clause.
fn folded(c: char) -> Folded {
    match c {
        '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' => Folded::Gone,
        '\u{3000}' | '\u{2002}'..='\u{200a}' | '\u{202f}' | '\u{a0}' => Folded::To(' '),
        '\u{2010}'..='\u{2013}' | '\u{2212}' => Folded::To('-'),
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '＠' | '．' | '－' | '＿' | '＋' | '\u{1d7ce}'..='\u{1d7ff}' => {
            c.nfkc().next().map_or(Folded::Same, Folded::To)
        }
        _ => Folded::Same,
    }
}

const fn chinese_digit(c: char) -> Option<char> {
    Some(match c {
        '〇' | '零' | '○' => '0',
        '一' | '壹' | '幺' => '1',
        '二' | '贰' => '2',
        '三' | '叁' => '3',
        '四' | '肆' => '4',
        '五' | '伍' => '5',
        '六' | '陆' => '6',
        '七' | '柒' => '7',
        '八' | '捌' => '8',
        '九' | '玖' => '9',
        _ => return None,
    })
}

#[derive(Debug, Default)]
struct Builder {
    text: String,
    origins: Vec<u32>,
    /// Chinese digits seen in a row and not yet written: offset, character, digit.
    pending: Vec<(usize, char, char)>,
}

impl Builder {
    fn take(&mut self, offset: usize, c: char) {
        if let Some(digit) = chinese_digit(c) {
            self.pending.push((offset, c, digit));
            return;
        }
        self.flush();
        match folded(c) {
            Folded::Same => self.push(offset, c),
            Folded::To(other) => self.push(offset, other),
            Folded::Gone => {}
        }
    }

    fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let number = pending.len() >= CHINESE_DIGITS;
        for (offset, c, digit) in pending {
            self.push(offset, if number { digit } else { c });
        }
    }

    fn push(&mut self, offset: usize, c: char) {
        self.text.push(c);
        let origin = u32::try_from(offset).unwrap_or(u32::MAX);
        self.origins.extend(std::iter::repeat_n(origin, c.len_utf8()));
    }

    fn finish<'a>(mut self, length: usize) -> Normalized<'a> {
        self.flush();
        self.origins.push(u32::try_from(length).unwrap_or(u32::MAX));
        Normalized { text: Cow::Owned(self.text), origins: self.origins }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn full_width_and_invisible_characters_fold() {
        assert_eq!(Normalized::new("电话１３８\u{200b}００138０00，好").text, "电话13800138000，好");
    }

    #[test]
    fn offsets_lead_back() {
        let original = "ａ\u{200b}１２\u{200b}，b";
        let normalized = Normalized::new(original);
        let at = normalized.text.find("12").expect("digits are there");
        let range = normalized.original(at..at + 2);
        assert_eq!(&original[range], "１２\u{200b}");
    }

    #[test]
    fn a_spoken_number_is_a_number_and_a_year_is_not() {
        assert_eq!(Normalized::new("一三八零零一三八零零零").text, "13800138000");
        assert_eq!(Normalized::new("二〇二六年十一月").text, "二〇二六年十一月");
    }

    proptest! {
        #[test]
        fn ranges_stay_on_character_borders(text in "[\\PC一二三０-９\u{200b}]{0,40}") {
            let normalized = Normalized::new(&text);
            let borders: Vec<usize> = normalized.text.char_indices().map(|(at, _)| at).chain([normalized.text.len()]).collect();
            for pair in borders.windows(2) {
                let range = normalized.original(pair[0]..pair[1]);
                prop_assert!(text.get(range).is_some());
            }
        }
    }
}
