//! Words of rule titles that hint at a step of an attack or at routine, from rules/triage/words.toml.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use serde::Deserialize;

/// The words inside the program.
const BUILT_IN: &str = include_str!("../../../rules/triage/words.toml");

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::parse(BUILT_IN).unwrap_or_default());

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LexiconFile {
    entry: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    tactic: Option<String>,
    weight: f64,
    words: Vec<String>,
}

#[derive(Debug, Default)]
struct Lexicon {
    entries: Vec<Entry>,
    /// The words of all entries, and the entry of each.
    finder: Option<AhoCorasick>,
    entry_of: Vec<usize>,
}

/// What the words of a title say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hint {
    pub(crate) tactic: Option<&'static str>,
    /// What an alert counts more or less for it; 1 without any word.
    pub(crate) weight: f64,
}

/// What the words of a title say.
pub(crate) fn hint(title: &str) -> Hint {
    let lexicon: &'static Lexicon = &LEXICON;
    let text = title.to_lowercase();
    let starts = |at: usize| !text[..at].chars().next_back().is_some_and(|before| before.is_ascii_alphanumeric());
    let found = lexicon.finder.iter().flat_map(|finder| finder.find_overlapping_iter(text.as_str()));
    let first = found
        .filter(|hit| starts(hit.start()))
        .filter_map(|hit| lexicon.entry_of.get(hit.pattern().as_usize()))
        .min()
        .and_then(|entry| lexicon.entries.get(*entry));
    first.map_or(Hint { tactic: None, weight: 1.0 }, |entry| Hint {
        tactic: entry.tactic.as_deref(),
        weight: entry.weight,
    })
}

impl Lexicon {
    fn parse(text: &str) -> Result<Self, String> {
        let file: LexiconFile = toml::from_str(text).map_err(|error| error.to_string())?;
        let (mut words, mut entry_of) = (Vec::new(), Vec::new());
        for (index, entry) in file.entry.iter().enumerate() {
            for word in &entry.words {
                words.push(word.to_lowercase());
                entry_of.push(index);
            }
        }
        let finder = AhoCorasick::new(&words).map_err(|error| error.to_string())?;
        Ok(Self { entries: file.entry, finder: Some(finder), entry_of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_at_the_start_of_words() {
        assert_eq!(hint("Possible Nmap SCAN").tactic, Some("reconnaissance"));
        assert_eq!(hint("发现端口扫描").tactic, Some("reconnaissance"));
        assert_eq!(hint("obscanity").tactic, None);
        assert!(hint("New package installed").weight < 1.0);
    }

    #[test]
    fn the_file_is_sound() {
        let lexicon = Lexicon::parse(BUILT_IN).expect("parses");
        let known = |tactic: &str| crate::techniques::TACTICS.iter().any(|(name, _)| *name == tactic);
        assert!(lexicon.entries.iter().all(|entry| entry.tactic.as_deref().is_none_or(known)));
        assert!(Lexicon::parse("[[entry]]\nweight = 1").is_err());
    }
}
