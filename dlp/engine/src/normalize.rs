//! One form for what is written in many: full-width digits, zero-width characters, Chinese digits.

use std::borrow::Cow;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

/// Fewest Chinese digits in a row that are read as a number: an eleven-digit telephone number is, a year is not.
pub(crate) const CHINESE_DIGITS: usize = 7;

/// A text in normal form that knows where each of its bytes stood in the original.
#[derive(Debug)]
pub(crate) struct Normalized<'a> {
    pub(crate) text: Cow<'a, str>,
    original: &'a str,
    /// Where what is written as in the original begins, here and there; empty when both are the same.
    spans: Vec<Span>,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    here: u32,
    there: u32,
}

impl<'a> Normalized<'a> {
    /// Normalises a text; borrows it when nothing changes.
    pub(crate) fn new(original: &'a str) -> Self {
        let changed = |c: char| c == WIDE_SPACE || chinese_digit(c).is_some() || changes(c);
        let mut normalizer = Normalizer::new(original);
        if original.is_ascii() || !original.chars().any(changed) {
            normalizer.keep(0..original.len());
        } else {
            normalizer.fold(0..original.len());
        }
        normalizer.finish()
    }

    /// The range of the original that a range of the normal form came from. Invisible characters behind it belong to it.
    pub(crate) fn original(&self, range: Range<usize>) -> Range<usize> {
        self.there(range.start)..self.there(range.end)
    }

    fn there(&self, here: usize) -> usize {
        if here >= self.text.len() {
            return self.original.len();
        }
        let after = self.spans.partition_point(|span| span.here as usize <= here);
        let span = after.checked_sub(1).and_then(|last| self.spans.get(last));
        span.map_or(here, |span| span.there as usize + here - span.here as usize)
    }
}

pub(crate) const WIDE_SPACE: char = '\u{3000}';

/// Whether a wide space after this text stands between characters; those that indent a paragraph change nothing.
pub(crate) fn parts_words(before: &[u8]) -> bool {
    !before.is_empty() && !before.ends_with(b"\n") && !before.ends_with("\u{3000}".as_bytes())
}

/// Whether normalisation changes a character wherever it stands.
pub(crate) fn changes(c: char) -> bool {
    folded(c) != Folded::Same
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

pub(crate) const fn chinese_digit(c: char) -> Option<char> {
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

/// Brings a text into normal form part by part, in order; most parts are kept as they are.
#[derive(Debug)]
pub(crate) struct Normalizer<'a> {
    original: &'a str,
    /// Bytes of the original that are done.
    done: usize,
    /// `None` as long as nothing changed.
    text: Option<String>,
    spans: Vec<Span>,
}

impl<'a> Normalizer<'a> {
    pub(crate) const fn new(original: &'a str) -> Self {
        Self { original, done: 0, text: None, spans: Vec::new() }
    }

    /// Bytes of the normal form so far.
    pub(crate) fn len(&self) -> usize {
        self.text.as_ref().map_or(self.done, String::len)
    }

    /// Takes the next part as it is.
    pub(crate) fn keep(&mut self, part: Range<usize>) {
        self.done = part.end;
        if let Some(text) = &mut self.text {
            mark(&mut self.spans, text.len(), part.start);
            text.push_str(&self.original[part]);
        }
    }

    /// Takes the next part with all that changes, and returns it in normal form.
    pub(crate) fn fold(&mut self, part: Range<usize>) -> &str {
        let (original, start) = (self.original, part.start);
        let text = self.text.get_or_insert_with(|| {
            // Nearly everything is as long as before, so that the text never grows piece by piece.
            let mut text = String::with_capacity(original.len());
            text.push_str(&original[..start]);
            text
        });
        let before = text.len();
        let mut row = Row::default();
        for (offset, c) in original[part.clone()].char_indices() {
            if let Some(digit) = chinese_digit(c) {
                row.add(start + offset, c, digit);
                continue;
            }
            row.write(text, &mut self.spans);
            let written = match folded(c) {
                Folded::Same => c,
                Folded::To(other) => other,
                Folded::Gone => continue,
            };
            mark(&mut self.spans, text.len(), start + offset);
            text.push(written);
        }
        row.write(text, &mut self.spans);
        self.done = part.end;
        text.get(before..).unwrap_or_default()
    }

    pub(crate) fn finish(self) -> Normalized<'a> {
        let text = self.text.map_or(Cow::Borrowed(self.original), Cow::Owned);
        Normalized { text, original: self.original, spans: self.spans }
    }
}

/// Notes that what is written next stood there, unless that goes without saying.
fn mark(spans: &mut Vec<Span>, here: usize, there: usize) {
    let follows = |span: &Span| there.checked_sub(here) == (span.there as usize).checked_sub(span.here as usize);
    let known = spans.last().map_or(here == there, follows);
    if !known || here > there {
        let short = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        spans.push(Span { here: short(here), there: short(there) });
    }
}

/// Chinese digits seen in a row and not yet written: offset, character, digit.
#[derive(Debug, Default)]
struct Row(Vec<(usize, char, char)>);

impl Row {
    fn add(&mut self, offset: usize, c: char, digit: char) {
        self.0.push((offset, c, digit));
    }

    fn write(&mut self, text: &mut String, spans: &mut Vec<Span>) {
        let number = self.0.len() >= CHINESE_DIGITS;
        for (offset, c, digit) in self.0.drain(..) {
            mark(spans, text.len(), offset);
            text.push(if number { digit } else { c });
        }
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
