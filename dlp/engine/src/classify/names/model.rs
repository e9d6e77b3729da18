//! What is known about the characters of names and about common words, counted over dictionaries.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

pub(super) static MODEL: LazyLock<Model> = LazyLock::new(Model::load);

const SURNAMES: &str = include_str!("../../../../../rules/dlp/surnames.tsv");
const GIVEN: &str = include_str!("../../../../../rules/dlp/given_names.tsv");
const WORDS: &str = include_str!("../../../../../rules/dlp/words.txt");

/// The table begins with the surnames most people have; the dictionary under-counts those that are also words.
const FREQUENT: usize = 120;
const FREQUENT_FLOOR: i32 = 46;

/// Weight of a character that no given name of the dictionary has.
const UNKNOWN_GIVEN: i32 = -22;

/// Surname and given-name weights in tenths of a bit, and common words.
#[derive(Debug)]
pub(super) struct Model {
    single: HashMap<char, i32>,
    compound: HashMap<[char; 2], i32>,
    given: HashMap<char, [i32; 3]>,
    words: HashSet<&'static str>,
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

impl Model {
    fn load() -> Self {
        let mut single = HashMap::new();
        let mut compound = HashMap::new();
        for (rank, row) in rows(SURNAMES).enumerate() {
            let [name, weight] = row.as_slice() else { continue };
            let weight: i32 = weight.parse().unwrap_or(0);
            match name.chars().collect::<Vec<_>>().as_slice() {
                [c] => drop(single.insert(*c, weight.clamp(if rank < FREQUENT { FREQUENT_FLOOR } else { -20 }, 80))),
                [first, second] => drop(compound.insert([*first, *second], weight)),
                _ => {}
            }
        }
        let given = rows(GIVEN).filter_map(|row| weights(&row)).collect();
        let regions = super::super::regions::divisions().iter().flat_map(|(_, name)| [*name, short(name)]);
        let words = WORDS.lines().filter(|line| !line.starts_with('#')).chain(regions).collect();
        Self { single, compound, given, words }
    }

    /// Length and weight of the surname at a place.
    pub(super) fn surname(&self, span: &[(usize, char)], index: usize) -> Option<(usize, i32)> {
        let first = span.get(index)?.1;
        let second = span.get(index + 1)?.1;
        let compound = self.compound.get(&[first, second]).map(|weight| (2, *weight));
        compound.or_else(|| self.single.get(&first).map(|weight| (1, *weight)))
    }

    /// Weight of one or two characters as a given name.
    pub(super) fn given(&self, characters: &[char]) -> i32 {
        let weight = |c: char| self.given.get(&c).copied().unwrap_or([UNKNOWN_GIVEN; 3]);
        match characters {
            [only] => weight(*only)[2].max(weight(*only)[1] - 6).min(35),
            [first, second] => {
                weight(*first)[0].max(weight(*first)[1] - 12).min(35)
                    + weight(*second)[1].max(weight(*second)[0] - 12).min(35)
            }
            _ => 0,
        }
    }

    /// Whether characters are a common word or a division.
    pub(super) fn is_word(&self, characters: &[char]) -> bool {
        let text: String = characters.iter().collect();
        self.words.contains(text.as_str())
    }

    /// Evidence against a name from the words its characters form.
    pub(super) fn commonness(&self, characters: &[char]) -> i32 {
        let whole = if self.is_word(characters) { 150 } else { 0 };
        let head = if characters.len() > 2 && self.is_word(&characters[..2]) { 70 } else { 0 };
        let tail = if characters.len() > 2 && self.is_word(&characters[1..]) { 6 } else { 0 };
        let doubled = if characters.len() == 2 && characters[0] == characters[1] { 70 } else { 0 };
        whole.max(head).max(doubled) + tail
    }
}

fn weights(row: &[&'static str]) -> Option<(char, [i32; 3])> {
    let [c, first, second, alone] = row else { return None };
    Some((c.chars().next()?, [first.parse().ok()?, second.parse().ok()?, alone.parse().ok()?]))
}

/// A division's name without its kind: 张掖 of 张掖市.
fn short(name: &'static str) -> &'static str {
    let kinds = ["特别行政区", "自治区", "自治州", "自治县", "新区", "地区", "市", "区", "县", "省", "州", "盟", "旗"];
    let stripped = kinds.iter().find_map(|kind| name.strip_suffix(kind)).unwrap_or(name);
    if stripped.chars().count() >= 2 { stripped } else { name }
}
