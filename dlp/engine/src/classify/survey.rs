//! One pass over the bytes of a text that meets everything the detectors ask for: runs of letters and digits, literals that
//! announce a value, words of context, and whether the text must be brought into normal form first.

use super::tokens::Run;
use crate::normalize::{self, CHINESE_DIGITS, Normalized, Normalizer};

/// A place that some detector looks at, in the order of the pass.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark {
    Run(Run),
    Literal { literal: u32, start: u32 },
}

/// A word of context in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    pub(crate) end: u32,
    pub(crate) start: u32,
    pub(crate) word: u32,
}

/// What one pass met.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) marks: Vec<Mark>,
    /// Words of context by their end, the longer of two first.
    pub(crate) words: Vec<Hit>,
    /// Where the part begins that the pass goes over.
    base: usize,
}

/// Bytes that are brought into normal form at least at a time; more, up to the end of the line.
const PART: usize = 512;

/// What a pattern is to those who asked for it: its place in their list.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    Literal(usize),
    /// A word of context, which stands for itself: letters beside it make it another word.
    Word(usize),
}

#[derive(Debug, Clone, Copy)]
struct Pattern {
    text: &'static str,
    meaning: Meaning,
    /// Bytes before the character that leads to it.
    before: usize,
    /// The character of three bytes after that one, zero if there is none.
    next: u16,
    /// The second byte in lower case, zero if there is none: most patterns of a letter fall at it.
    second: u8,
}

impl Pattern {
    /// Whether the second byte of a run is that of the pattern.
    fn goes_on(&self, run: &[u8]) -> bool {
        self.second == 0 || run.get(1).is_some_and(|byte| byte.to_ascii_lowercase() == self.second)
    }
}

/// Whether a character is one that normalisation changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Fold {
    #[default]
    No,
    Always,
    /// The wide space parts words but only indents paragraphs.
    Between,
    /// A Chinese digit: many of them in a row are a number.
    Digit,
}

/// What is known about a character of three bytes.
#[derive(Debug, Clone, Default)]
struct Character {
    fold: Fold,
    patterns: Vec<Pattern>,
}

/// What the pass does at a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Class {
    Digit,
    Letter,
    Other,
    /// A sign that some literal holds.
    Sign,
    /// The first byte of a longer character.
    Wide,
}

/// Everything the pass looks for, by the character or byte that leads to it.
#[derive(Debug)]
pub(crate) struct Patterns {
    classes: [Class; 256],
    /// One bit for each character of three bytes that anything is known about, and how many such stand before each word of bits.
    wide: Vec<u64>,
    rank: Vec<u16>,
    characters: Vec<Character>,
    by_sign: Vec<Vec<Pattern>>,
    /// Words by the letter they begin with, in lower case.
    words: Vec<Vec<Pattern>>,
    /// Literals of letters and digits only, by the first and by the last byte of the run they begin or end.
    begins: Vec<Vec<Pattern>>,
    ends: Vec<Vec<Pattern>>,
}

impl Patterns {
    /// Prepares literals and words of context. Words begin with a letter or a Chinese character.
    pub(crate) fn new(literals: &[&'static str], words: &[&'static str]) -> Self {
        let mut wide: Vec<Character> = vec![Character::default(); 1 << 16];
        for code in 0x800..=0xffff_u32 {
            wide[code as usize].fold = char::from_u32(code).map_or(Fold::No, fold);
        }
        let mut patterns = Self {
            classes: std::array::from_fn(|byte| class(u8::try_from(byte).unwrap_or(0))),
            wide: vec![0; 1024],
            rank: vec![0; 1024],
            characters: Vec::new(),
            by_sign: vec![Vec::new(); 256],
            words: vec![Vec::new(); 256],
            begins: vec![Vec::new(); 256],
            ends: vec![Vec::new(); 256],
        };
        let literals = literals.iter().enumerate().map(|(index, text)| (*text, Meaning::Literal(index)));
        let words = words.iter().enumerate().map(|(index, text)| (*text, Meaning::Word(index)));
        literals.chain(words).for_each(|(text, meaning)| patterns.add(text, meaning, &mut wide));
        patterns.index(wide);
        patterns
    }

    fn add(&mut self, text: &'static str, meaning: Meaning, wide: &mut [Character]) {
        let second = text.as_bytes().get(1).map_or(0, u8::to_ascii_lowercase);
        let mut pattern = Pattern { text, meaning, before: 0, next: 0, second };
        let mut three = text.char_indices().filter(|(_, c)| c.len_utf8() == 3);
        if let Some((before, c)) = three.next() {
            let next = three.next().filter(|(at, _)| *at == before + 3).map_or(0, |(_, next)| u32::from(next));
            pattern = Pattern { before, next: u16::try_from(next).unwrap_or(0), ..pattern };
            wide[u32::from(c) as usize].patterns.push(pattern);
            return;
        }
        let bytes = text.as_bytes();
        let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return };
        match (meaning, bytes.iter().position(|byte| !byte.is_ascii_alphanumeric())) {
            (Meaning::Word(_), _) => self.words[usize::from(first.to_ascii_lowercase())].push(pattern),
            (Meaning::Literal(_), Some(before)) => {
                self.classes[usize::from(bytes[before])] = Class::Sign;
                self.by_sign[usize::from(bytes[before])].push(Pattern { before, ..pattern });
            }
            (Meaning::Literal(_), None) => {
                self.begins[usize::from(*first)].push(pattern);
                self.ends[usize::from(*last)].push(pattern);
            }
        }
    }

    fn index(&mut self, wide: Vec<Character>) {
        for (code, character) in wide.into_iter().enumerate() {
            if code % 64 == 0 {
                self.rank[code / 64] = u16::try_from(self.characters.len()).unwrap_or(u16::MAX);
            }
            if character.fold != Fold::No || !character.patterns.is_empty() {
                self.wide[code / 64] |= 1 << (code % 64);
                self.characters.push(character);
            }
        }
    }

    /// What is known about a character of three bytes.
    fn character(&self, code: usize) -> Option<&Character> {
        let bits = self.wide[code / 64];
        let bit = 1_u64 << (code % 64);
        let before = (bits & (bit - 1)).count_ones() as usize;
        (bits & bit != 0).then(|| self.characters.get(usize::from(self.rank[code / 64]) + before))?
    }

    /// Brings a text into normal form and goes over it. No pattern reaches over the end of a line, so that lines are taken by
    /// themselves.
    pub(crate) fn survey<'t>(&self, original: &'t str, survey: &mut Survey) -> Normalized<'t> {
        let mut normalizer = Normalizer::new(original);
        survey.marks.clear();
        survey.words.clear();
        let mut start = 0;
        while start < original.len() {
            let end = part_end(original.as_bytes(), start);
            let (marks, words) = (survey.marks.len(), survey.words.len());
            survey.base = normalizer.len();
            if self.pass(&original[start..end], true, survey) {
                normalizer.keep(start..end);
            } else {
                survey.marks.truncate(marks);
                survey.words.truncate(words);
                self.pass(normalizer.fold(start..end), false, survey);
            }
            start = end;
        }
        normalizer.finish()
    }

    /// Goes over a part of a text. A raw one is left at the first place that normalisation changes: `false`.
    fn pass(&self, text: &str, raw: bool, survey: &mut Survey) -> bool {
        let bytes = text.as_bytes();
        // Chinese digits in a row so far, and where the row ends.
        let mut digits = (0, 0);
        let mut folds = false;
        let mut at = 0;
        while at < bytes.len() && !folds {
            // Most of Chinese prose is characters of three bytes that nothing is known about.
            while let Some(&[first @ 0xe0..=0xef, second, third]) = bytes.get(at..at + 3) {
                if let Some(character) = self.character(code(first, second, third)) {
                    folds |= raw && is_folded(character.fold, bytes, at, &mut digits);
                    self.around(bytes, at, &character.patterns, survey);
                }
                at += 3;
            }
            let Some(byte) = bytes.get(at) else { break };
            at += match self.classes[usize::from(*byte)] {
                Class::Other => 1,
                Class::Digit | Class::Letter => self.run(bytes, at, survey),
                Class::Sign => {
                    self.around(bytes, at, &self.by_sign[usize::from(*byte)], survey);
                    1
                }
                Class::Wide => {
                    let c = text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or_default();
                    folds |= raw && normalize::changes(c);
                    c.len_utf8()
                }
            };
        }
        !folds
    }

    /// Patterns that a character or sign leads to.
    fn around(&self, bytes: &[u8], at: usize, patterns: &[Pattern], survey: &mut Survey) {
        let next = match bytes.get(at + 3..at + 6) {
            Some(&[first @ 0xe0..=0xef, second, third]) => code(first, second, third),
            _ => 0,
        };
        for pattern in patterns {
            if pattern.next != 0 && usize::from(pattern.next) != next {
                continue;
            }
            let Some(start) = at.checked_sub(pattern.before) else { continue };
            let Some(found) = bytes.get(start..start + pattern.text.len()) else { continue };
            match pattern.meaning {
                Meaning::Literal(literal) if found == pattern.text.as_bytes() => {
                    survey.literal(literal, start);
                }
                Meaning::Word(word)
                    if found.eq_ignore_ascii_case(pattern.text.as_bytes())
                        && stands_alone(bytes, start, start + found.len()) =>
                {
                    survey.word(word, start, found.len());
                }
                _ => {}
            }
        }
    }

    /// A run of letters and digits, with the words and literals that begin it and the literals that end it. Returns its length.
    fn run(&self, bytes: &[u8], start: usize, survey: &mut Survey) -> usize {
        let (length, letters) = letters_and_digits(&bytes[start..]);
        let end = start + length;
        let (first, last) = (survey.place(start), survey.place(end));
        let run = Run { start: first, end: last, digits: last - first - letters, letters };
        if run.letters > 0 {
            self.beside_run(bytes, start, end, survey);
        }
        survey.marks.push(Mark::Run(run));
        end - start
    }

    fn beside_run(&self, bytes: &[u8], start: usize, end: usize, survey: &mut Survey) {
        for pattern in &self.words[usize::from(bytes[start].to_ascii_lowercase())] {
            if !pattern.goes_on(&bytes[start..]) {
                continue;
            }
            let until = start + pattern.text.len();
            let found = bytes.get(start..until).is_some_and(|text| text.eq_ignore_ascii_case(pattern.text.as_bytes()));
            if found && stands_alone(bytes, start, until) {
                survey.word_of(pattern, start);
            }
        }
        let run = &bytes[start..end];
        for pattern in &self.begins[usize::from(run[0])] {
            if pattern.goes_on(run) && run.starts_with(pattern.text.as_bytes()) {
                survey.literal_of(pattern, start);
            }
        }
        for pattern in &self.ends[usize::from(run[run.len() - 1])] {
            let length = pattern.text.len();
            if length < run.len() && run.ends_with(pattern.text.as_bytes()) {
                survey.literal_of(pattern, end - length);
            }
        }
    }
}

impl Survey {
    /// A place of the part as a place of the text, which is far below four gigabytes.
    fn place(&self, at: usize) -> u32 {
        u32::try_from(self.base + at).unwrap_or(u32::MAX)
    }

    fn literal(&mut self, literal: usize, start: usize) {
        let literal = u32::try_from(literal).unwrap_or(u32::MAX);
        self.marks.push(Mark::Literal { literal, start: self.place(start) });
    }

    fn literal_of(&mut self, pattern: &Pattern, start: usize) {
        if let Meaning::Literal(literal) = pattern.meaning {
            self.literal(literal, start);
        }
    }

    fn word_of(&mut self, pattern: &Pattern, start: usize) {
        if let Meaning::Word(word) = pattern.meaning {
            self.word(word, start, pattern.text.len());
        }
    }

    /// Words are met by their beginning; few of them end before one that was met earlier.
    fn word(&mut self, word: usize, start: usize, length: usize) {
        let word = u32::try_from(word).unwrap_or(u32::MAX);
        let hit = Hit { end: self.place(start + length), start: self.place(start), word };
        let later = self.words.iter().rev().take_while(|known| **known > hit).count();
        self.words.insert(self.words.len() - later, hit);
    }
}

/// How many letters and digits a text begins with, and how many of them are letters; eight bytes at a time.
fn letters_and_digits(bytes: &[u8]) -> (usize, u32) {
    let (mut length, mut letters) = (0, 0);
    let mut rest = bytes;
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        let (digit, letter) = digits_letters(u64::from_le_bytes(*eight));
        let other = !(digit | letter) & HIGH;
        if other != 0 {
            let run = other.trailing_zeros() / 8;
            return (length + run as usize, letters + high_bits(letter & ((1 << (run * 8)) - 1)));
        }
        (length, letters, rest) = (length + 8, letters + high_bits(letter), after);
    }
    let short = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric());
    short.fold((length, letters), |(length, letters), byte| {
        (length + 1, letters + u32::from(byte.is_ascii_alphabetic()))
    })
}

/// The highest and the lowest bit of each of eight bytes.
const HIGH: u64 = 0x8080_8080_8080_8080;
const LOW: u64 = 0x0101_0101_0101_0101;

/// Which of eight bytes are ASCII digits and which are letters, as their highest bits.
const fn digits_letters(eight: u64) -> (u64, u64) {
    let seven = eight & !HIGH;
    // Below 0x80, so that no sum reaches into the next byte; its highest bit tells that the byte is that large.
    const fn from(seven: u64, least: u8) -> u64 {
        seven + (0x80 - least as u64) * LOW
    }
    let lower = seven | (0x20 * LOW);
    let digit = from(seven, b'0') & !from(seven, b'9' + 1);
    let letter = from(lower, b'a') & !from(lower, b'z' + 1);
    (digit & !eight & HIGH, letter & !eight & HIGH)
}

/// How many of the highest bits of eight bytes are set; others are not.
const fn high_bits(bits: u64) -> u32 {
    ((bits >> 7).wrapping_mul(LOW) >> 56) as u32
}

/// The end of a part: of the line that reaches its size.
fn part_end(bytes: &[u8], start: usize) -> usize {
    let enough = bytes.len().min(start + PART);
    memchr::memchr(b'\n', &bytes[enough..]).map_or(bytes.len(), |line| enough + line + 1)
}

/// A character of three bytes as a number.
const fn code(first: u8, second: u8, third: u8) -> usize {
    (first as usize & 0x0f) << 12 | (second as usize & 0x3f) << 6 | (third as usize & 0x3f)
}

/// An ASCII word must not be a part of a longer one; Chinese has no such borders.
fn stands_alone(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    let after = bytes.get(end).is_some_and(u8::is_ascii_alphabetic);
    !bytes[start].is_ascii() || !(before || after)
}

fn fold(c: char) -> Fold {
    match c {
        normalize::WIDE_SPACE => Fold::Between,
        _ if normalize::chinese_digit(c).is_some() => Fold::Digit,
        _ if normalize::changes(c) => Fold::Always,
        _ => Fold::No,
    }
}

/// Whether normalisation changes a character where it stands.
fn is_folded(fold: Fold, bytes: &[u8], at: usize, digits: &mut (usize, usize)) -> bool {
    match fold {
        Fold::No => false,
        Fold::Always => true,
        Fold::Between => normalize::parts_words(&bytes[..at]),
        Fold::Digit => {
            *digits = (if digits.1 == at { digits.0 + 1 } else { 1 }, at + 3);
            digits.0 >= CHINESE_DIGITS
        }
    }
}

const fn class(byte: u8) -> Class {
    match byte {
        b'0'..=b'9' => Class::Digit,
        b'a'..=b'z' | b'A'..=b'Z' => Class::Letter,
        0xc0..=0xff => Class::Wide,
        _ => Class::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LITERALS: &[&str] = &["@", "身份", "password", "ghp_", "://", "PIN码", "族"];
    const WORDS: &[&str] = &["身份证", "证件", "份证", "tel", "id card", "QQ号", "微信ID", "to=", "V信", "v"];

    fn surveyed<'t>(patterns: &Patterns, text: &'t str) -> (Normalized<'t>, Survey) {
        let mut survey = Survey::default();
        (patterns.survey(text, &mut survey), survey)
    }

    fn literals(patterns: &Patterns, text: &str) -> Vec<(usize, usize)> {
        let mark = |mark: &Mark| match mark {
            Mark::Literal { literal, start } => Some((*start as usize, *literal as usize)),
            Mark::Run(_) => None,
        };
        surveyed(patterns, text).1.marks.iter().filter_map(mark).collect()
    }

    #[test]
    fn literals_are_met_wherever_they_stand() {
        let text = "我的身份a@b，userpassword=1 ghp_x http://y PIN码";
        let met: Vec<&str> =
            literals(&Patterns::new(LITERALS, &[]), text).iter().map(|(_, literal)| LITERALS[*literal]).collect();
        assert_eq!(met, ["身份", "@", "password", "ghp_", "://", "PIN码"]);
    }

    #[test]
    fn every_byte_is_a_letter_a_digit_or_neither() {
        for byte in 0..=u8::MAX {
            let (digit, letter) = digits_letters(u64::from_le_bytes([b'-', byte, 0xff, byte, b'a', 0x80, b'0', byte]));
            assert_eq!(digit >> 15 & 1 == 1, byte.is_ascii_digit(), "{byte}");
            assert_eq!(letter >> 31 & 1 == 1, byte.is_ascii_alphabetic(), "{byte}");
            assert_eq!(
                (letter >> 63, high_bits(letter & 0xff00_0000)),
                (u64::from(byte.is_ascii_alphabetic()), u32::from(byte.is_ascii_alphabetic()))
            );
        }
    }

    proptest! {
        #[test]
        fn runs_are_as_long_as_they_are(text in "[a-zA-Z0-9]{0,40}([-@:/\\[`{中é][a-zA-Z0-9]{0,9})?") {
            let run = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
            let letters = text.bytes().take(run).filter(u8::is_ascii_alphabetic).count();
            prop_assert_eq!(letters_and_digits(text.as_bytes()), (run, letters as u32));
        }

        #[test]
        fn words_and_literals_are_those_of_a_plain_search(text in "([身份证件族微信号码PINQV]|id card|tel|to=|ghp_|[a-z0-9@:/ ]){0,30}") {
            let patterns = Patterns::new(LITERALS, WORDS);
            let mut expected: Vec<Hit> = Vec::new();
            for (word, known) in WORDS.iter().enumerate() {
                for start in text.char_indices().map(|(at, _)| at) {
                    let end = start + known.len();
                    let equal = text.as_bytes().get(start..end).is_some_and(|part| part.eq_ignore_ascii_case(known.as_bytes()));
                    if equal && stands_alone(text.as_bytes(), start, end) {
                        expected.push(Hit { end: end as u32, start: start as u32, word: word as u32 });
                    }
                }
            }
            expected.sort_unstable();
            prop_assert_eq!(surveyed(&patterns, &text).1.words, expected);
            let signed = LITERALS.iter().enumerate().filter(|(_, known)| **known != "password");
            let mut expected: Vec<(usize, usize)> = signed
                .flat_map(|(literal, known)| text.match_indices(known).map(move |(start, _)| (start, literal)))
                .collect();
            let mut met = literals(&patterns, &text);
            met.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(met, expected);
        }

        #[test]
        fn parts_are_normalised_as_the_whole_is(text in "(?s)[中a1 　\n一二三零０Ａ＠，\u{200b}\u{a0}\u{b7}\u{1d7d8}\u{2012}]{0,24}") {
            let patterns = Patterns::new(LITERALS, WORDS);
            let (normalized, _) = surveyed(&patterns, &text);
            // A wide space that indents a paragraph may stay, because it parts nothing.
            let narrow = |text: &str| text.replace('\u{3000}', " ");
            prop_assert_eq!(narrow(&normalized.text), narrow(&Normalized::new(&text).text));
        }
    }
}
