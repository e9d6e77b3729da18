//! Screening of texts for words of a lexicon, in the ways people write them to slip through.

mod fold;
mod variants;

use std::collections::BTreeMap;

use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder, MatchKind};

use crate::EngineError;
use fold::Folded;

/// Lexicons that come with the product, by file name. Short neutral starters; units add their own.
pub const EMBEDDED_LEXICONS: &[(&str, &str)] = &[
    ("gambling.toml", include_str!("../../../../rules/lexicon/gambling.toml")),
    ("fraud.toml", include_str!("../../../../rules/lexicon/fraud.toml")),
    ("drugs.toml", include_str!("../../../../rules/lexicon/drugs.toml")),
    ("advertising.toml", include_str!("../../../../rules/lexicon/advertising.toml")),
];

/// One lexicon file.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct LexiconFile {
    /// Stable name of the category.
    category: String,
    /// Title in Chinese.
    title: String,
    words: Vec<String>,
    /// Longer words and phrases in which a word of the list is harmless.
    #[serde(default)]
    allowed: Vec<String>,
}

/// One word found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Category of the word.
    pub category: String,
    /// Title of the category.
    pub title: String,
    /// The word as the lexicon has it.
    pub word: String,
    /// First byte in the text.
    pub start: usize,
    /// Byte after the last one.
    pub end: usize,
    /// Whether the text writes the word otherwise than the lexicon: split, in traditional characters, full-width.
    pub variant: bool,
}

/// A compiled lexicon. Immutable; swap it to reload.
pub struct Lexicon {
    automaton: Option<CharwiseDoubleArrayAhoCorasick<u32>>,
    words: Vec<Word>,
    titles: BTreeMap<String, String>,
}

struct Word {
    text: String,
    /// `None` for an allowed phrase.
    category: Option<String>,
}

impl std::fmt::Debug for Lexicon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lexicon({} words)", self.words.len())
    }
}

impl Lexicon {
    /// Compiles the embedded lexicons and those given; a file given replaces an embedded one of its name.
    ///
    /// # Errors
    /// When a file is no lexicon.
    pub fn new(files: &BTreeMap<String, String>) -> Result<Self, EngineError> {
        let embedded =
            EMBEDDED_LEXICONS.iter().filter(|(name, _)| !files.contains_key(*name)).map(|(name, text)| (*name, *text));
        let given = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let mut words: BTreeMap<String, Word> = BTreeMap::new();
        let mut titles = BTreeMap::new();
        for (name, text) in embedded.chain(given) {
            let broken = |reason: &str| EngineError::Rule { file: name.to_owned(), reason: reason.to_owned() };
            let file: LexiconFile = toml::from_str(text).map_err(|error| broken(error.message()))?;
            titles.insert(file.category.clone(), file.title);
            let allowed = file.allowed.into_iter().map(|text| (text, None));
            let listed = file.words.into_iter().map(|text| (text, Some(file.category.clone())));
            for (text, category) in listed.chain(allowed) {
                let folded = Folded::new(&text).text;
                if folded.chars().count() < 2 {
                    continue;
                }
                if category.is_some() {
                    for spelling in variants::of(&folded) {
                        words
                            .entry(spelling)
                            .or_insert_with(|| Word { text: text.clone(), category: category.clone() });
                    }
                }
                words.insert(folded, Word { text, category });
            }
        }
        Self::compile(words, titles)
    }

    fn compile(words: BTreeMap<String, Word>, titles: BTreeMap<String, String>) -> Result<Self, EngineError> {
        let builder = CharwiseDoubleArrayAhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest);
        let automaton = match words.is_empty() {
            true => None,
            false => Some(
                builder
                    .build(words.keys())
                    .map_err(|error| EngineError::Rule { file: "lexicon".to_owned(), reason: error.to_string() })?,
            ),
        };
        Ok(Self { automaton, words: words.into_values().collect(), titles })
    }

    /// Words of the lexicon in a text, in order. Linear in its length.
    #[must_use]
    pub fn screen(&self, text: &str) -> Vec<Hit> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let folded = Folded::new(text);
        let mut hits = Vec::new();
        for found in automaton.leftmost_find_iter(&folded.text) {
            let Some(word) = usize::try_from(found.value()).ok().and_then(|index| self.words.get(index)) else {
                continue;
            };
            let (Some(category), Some(range)) = (&word.category, folded.original(found.start()..found.end(), text))
            else {
                continue;
            };
            let variant = text.get(range.clone()) != Some(word.text.as_str());
            // Letters and digits that are a part of a longer word do not count.
            let spelled = folded.text.get(found.start()..found.end()).is_some_and(str::is_ascii);
            if spelled && !stands_alone(text, range.start, range.end) {
                continue;
            }
            let title = self.titles.get(category).cloned().unwrap_or_default();
            hits.push(Hit {
                category: category.clone(),
                title,
                word: word.text.clone(),
                start: range.start,
                end: range.end,
                variant,
            });
        }
        hits
    }
}

fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    !letter(text.get(..start).and_then(|text| text.chars().next_back()))
        && !letter(text.get(end..).and_then(|text| text.chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lexicon() -> Lexicon {
        let file = "category = 'test'\ntitle = '测试'\nwords = ['网络赌博', '开户送彩金']\nallowed = ['打击网络赌博']";
        Lexicon::new(&BTreeMap::from([("test.toml".to_owned(), file.to_owned())])).expect("compiles")
    }

    #[test]
    fn variants_are_found() {
        for text in [
            "参与网络赌博的",
            "網絡賭博",
            "网*络 赌.博",
            "网\u{200b}络赌博",
            "开户送彩金！",
            "wang luo du bo",
            "网络贝者博",
            "ＷＡＮＧＬＵＯdubo",
        ] {
            let hits = lexicon().screen(text);
            assert_eq!(hits.len(), 1, "{text}");
            assert!(text.get(hits[0].start..hits[0].end).is_some());
        }
    }

    #[test]
    fn places_are_those_of_the_original() {
        let text = "㈱网　络-賭博了";
        let hits = lexicon().screen(text);
        assert_eq!(text.get(hits[0].start..hits[0].end), Some("网　络-賭博"));
    }

    #[test]
    fn allowed_phrases_are_not() {
        assert!(lexicon().screen("公安机关打击网络赌博").is_empty());
        assert!(lexicon().screen("网上办事，赌一把").is_empty());
    }

    #[test]
    fn embedded_lexicons_compile() {
        assert!(!Lexicon::new(&BTreeMap::new()).expect("compiles").screen("百家乐在线开户").is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn screening_never_panics(text in "(\\PC|[网络赌博開戶送 *.]){0,60}") {
            for hit in lexicon().screen(&text) {
                prop_assert!(text.get(hit.start..hit.end).is_some());
            }
        }
    }
}
