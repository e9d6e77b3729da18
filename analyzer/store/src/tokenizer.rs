//! Words of the full-text index, for Chinese and for the pieces of addresses, paths and identifiers.
//!
//! Runs of letters and digits are words, in lower case. Runs of Chinese, Japanese and Korean characters become
//! overlapping pairs, so that every word of two or more characters is found without a dictionary; a character that
//! stands alone is a word.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::limits;

/// Name under which the index knows [`Words`].
pub(crate) const WORDS: &str = "fengsui_words";
/// Name under which the index knows [`Keyword`].
pub(crate) const KEYWORD: &str = "fengsui_keyword";

/// Splits text into words.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    token: Token,
}

/// The words of one text.
pub(crate) struct WordStream<'a> {
    text: &'a str,
    place: usize,
    /// The character at `place` is the second one of the last pair.
    joined: bool,
    token: &'a mut Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream { text, place: 0, joined: false, token: &mut self.token }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        while let Some(first) = self.text[self.place..].chars().next() {
            let start = self.place;
            let found = if is_ideograph(first) { self.ideographs(first) } else { self.letters(first) };
            if found {
                self.token.offset_from = start;
                self.token.position = self.token.position.wrapping_add(1);
                return true;
            }
        }
        false
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

impl WordStream<'_> {
    /// A pair of ideographs, or one alone; false when it was already the second of a pair.
    fn ideographs(&mut self, first: char) -> bool {
        let was_joined = self.joined;
        self.place += first.len_utf8();
        let second = self.text[self.place..].chars().next().filter(|&next| is_ideograph(next));
        self.joined = second.is_some();
        self.token.text.clear();
        self.token.text.push(first);
        self.token.text.extend(second);
        self.token.offset_to = self.place + second.map_or(0, char::len_utf8);
        second.is_some() || !was_joined
    }

    /// A run of letters and digits; false for anything else, which is passed over.
    fn letters(&mut self, first: char) -> bool {
        self.joined = false;
        if !first.is_alphanumeric() {
            self.place += first.len_utf8();
            return false;
        }
        self.token.text.clear();
        let run = self.text[self.place..].chars().take_while(|&c| c.is_alphanumeric() && !is_ideograph(c));
        for character in run.take(limits::WORD_CHARACTERS) {
            self.token.text.extend(character.to_lowercase());
            self.place += character.len_utf8();
        }
        self.token.offset_to = self.place;
        true
    }
}

/// Whether a character belongs to a script written without spaces (Unicode blocks of Han, Kana and Hangul).
fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c),
        0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xac00..=0xd7af | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff)
}

/// The words of a text, in order.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    Words::default().token_stream(text).process(&mut |token| found.push(token.text.clone()));
    found
}

/// Whether a text is one word and nothing else, so that its words and its keyword are the same.
pub(crate) fn is_one_word(text: &str) -> bool {
    let one_run =
        text.len() <= limits::WORD_CHARACTERS && text.chars().all(|c| c.is_alphanumeric() && !is_ideograph(c));
    one_run && !text.is_empty()
}

/// Whether a text is one ideograph alone, which is found inside pairs only by pattern.
pub(crate) fn is_single_ideograph(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(is_ideograph) && characters.next().is_none()
}

/// Makes one lower-case term of a whole value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keyword {
    token: Token,
}

/// The one term of a value.
pub(crate) struct KeywordStream<'a> {
    given: bool,
    token: &'a mut Token,
}

impl Tokenizer for Keyword {
    type TokenStream<'a> = KeywordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> KeywordStream<'a> {
        self.token.reset();
        self.token.position = 0;
        self.token.text.clear();
        push_keyword(&mut self.token.text, text);
        self.token.offset_to = text.len();
        KeywordStream { given: false, token: &mut self.token }
    }
}

impl TokenStream for KeywordStream<'_> {
    fn advance(&mut self) -> bool {
        !std::mem::replace(&mut self.given, true)
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// The term of a value: cut to [`limits::TERM_BYTES`], in lower case.
pub(crate) fn keyword(text: &str) -> String {
    let mut term = String::new();
    push_keyword(&mut term, text);
    term
}

/// Appends the term of a value.
pub(crate) fn push_keyword(term: &mut String, text: &str) {
    let text = &text[..text.floor_char_boundary(limits::TERM_BYTES)];
    if text.is_ascii() {
        let start = term.len();
        term.push_str(text);
        if let Some(added) = term.get_mut(start..) {
            added.make_ascii_lowercase();
        }
    } else {
        term.push_str(&text.to_lowercase());
    }
}

/// Whether a text is of a pattern with `*` for any characters and `?` for one. Returns to the last `*` only, which is enough.
pub(crate) fn matches_pattern(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut place, mut star) = (0, 0, None);
    while place < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(part) if *part == '?' || *part == text[place] => (at, place) = (at + 1, place + 1),
            _ => {
                let Some((wildcard, from)) = star else { return false };
                star = Some((wildcard, from + 1));
                (at, place) = (wildcard + 1, from + 1);
            }
        }
    }
    pattern[at..].iter().all(|part| *part == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn chinese_becomes_pairs_and_addresses_become_pieces() {
        assert_eq!(words("检测到SQL注入攻击"), ["检测", "测到", "sql", "注入", "入攻", "攻击"]);
        assert_eq!(words("http://a.gov.cn/x.php?id=1'"), ["http", "a", "gov", "cn", "x", "php", "id", "1"]);
        assert_eq!(words("在 CVE-2024_7 中"), ["在", "cve", "2024", "7", "中"]);
        assert!(words(" -- ").is_empty());
    }

    proptest! {
        #[test]
        fn every_part_of_a_chinese_text_is_found(text in "[一-龥]{2,12}", start: prop::sample::Index) {
            let characters: Vec<char> = text.chars().collect();
            let start = start.index(characters.len() - 1);
            let part: String = characters[start..].iter().collect();
            let (all, some) = (words(&text), words(&part));
            prop_assert!(all.windows(some.len()).any(|window| window == some));
        }

        #[test]
        fn any_text_is_split(text in "\\PC{0,40}") {
            prop_assert!(words(&text).iter().all(|word| !word.is_empty()));
        }
    }
}
