//! What is known about names and words: costs in tenths of a bit, counted over dictionaries and prose.
//!
//! A cost is minus ten times the binary logarithm of a probability, so that the cheapest reading of a text is its likeliest.

use std::collections::HashMap;
use std::sync::LazyLock;

use fengsui_schema::FNV_PRIME;

pub(super) static MODEL: LazyLock<Model> = LazyLock::new(Model::load);

const SURNAMES: &str = include_str!("../../../../../rules/dlp/surnames.tsv");
const GIVEN: &str = include_str!("../../../../../rules/dlp/given_names.tsv");
const PAIRS: &str = include_str!("../../../../../rules/dlp/given_pairs.tsv");
const WORDS: &str = include_str!("../../../../../rules/dlp/words.tsv");
const FOREIGN: &str = include_str!("../../../../../rules/dlp/foreign.tsv");
const PHRASES: &str = include_str!("../../../../../rules/dlp/phrases.tsv");
const TRANSLITERATION: &str = include_str!("../../../../../rules/dlp/transliteration.tsv");
const CONTEXTS: &str = include_str!("../../../../../rules/dlp/name_contexts.tsv");

/// Cost of a character that no word list has.
const UNKNOWN: u8 = 200;
/// Cost of a character that no given name has.
const UNKNOWN_GIVEN: u8 = 189;
/// Cost of finding a name at all: one word in sixty of a text is one.
const NAME: i32 = 60;
/// Cost of a foreign place or firm, and of an idiom.
const LISTED_WORD: u8 = 130;
/// What a given name of one character costs more than one of two, because it is rarer.
const SHORT_GIVEN: [i32; 2] = [17, 5];
/// Most that two characters of a given name cost together: parents choose rare ones too.
const RARE_GIVEN: i32 = 260;
/// Cost from which on a character is a stranger to given names, and below which it is a common word: 卢昊踢了 is no rare name.
const STRANGER: (i32, u8) = (170, 150);
/// What a stranger costs more.
const STRANGE: i32 = 40;
/// What a given name in sounds costs more than one of meaning.
const SOUNDING: i32 = 45;
/// Cost of a character from which on it is a sound only in names with a middle dot.
const DOTTED_SOUND: i32 = 130;
/// Cost up to which a character is a word of grammar (和, 向, 于), which no name in sounds begins with.
const GRAMMAR: u8 = 100;
/// Longest word of the dictionary, in characters.
pub(super) const WORD_CHARACTERS: usize = 4;
/// Longest context word, in characters.
const CONTEXT_CHARACTERS: usize = 8;

/// First and last character that names and words are made of.
const FIRST: u32 = 0x3400;
const LAST: u32 = 0x9fff;

/// Costs by character and word.
pub(super) struct Model {
    characters: Vec<Character>,
    words: HashMap<u64, Entry, Fold>,
    compound: HashMap<u64, u8, Fold>,
    /// Given names of two characters that are commoner than their characters.
    pairs: HashMap<u64, u8, Fold>,
    before: HashMap<u64, (&'static str, i32), Fold>,
    after: HashMap<u64, (&'static str, i32), Fold>,
}

/// Costs of one character; `None` where it can't be.
#[derive(Debug, Clone, Copy)]
struct Character {
    word: u8,
    surname: Option<u8>,
    compound: bool,
    given: [u8; 3],
    sound: Option<u8>,
}

/// A word or the first two characters of longer ones.
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    cost: Option<u8>,
    longer: bool,
}

/// Multiplies the key, which is made of characters already; the keys are ours, so that nobody can choose collisions.
#[derive(Debug, Clone, Copy, Default)]
struct Fold(u64);

impl std::hash::BuildHasher for Fold {
    type Hasher = Self;
    fn build_hasher(&self) -> Self {
        Self(0)
    }
}

impl std::hash::Hasher for Fold {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }
    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 29);
    }
}

/// Up to four characters as one number.
fn key(characters: impl Iterator<Item = char>) -> u64 {
    characters.fold(0, |key, c| key << 16 | (u64::from(u32::from(c)) & 0xffff))
}

/// Any number of characters as one number, in the order they are met.
fn long_key(key: u64, c: char) -> u64 {
    (key ^ u64::from(u32::from(c))).wrapping_mul(FNV_PRIME).rotate_left(17)
}

/// 王家庄, 马家窑: a family's homestead, not a person of it.
fn is_homestead(given: &[char]) -> bool {
    const GROUNDS: &str = "庄村沟湾坪窑河山岭坡咀嘴台塬川寨堡集店洼梁岘营院屯界桥口滩峡坝坎垭铺岔";
    matches!(given, ['家', ground] if GROUNDS.contains(*ground))
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

impl Model {
    fn load() -> Self {
        let none = Character { word: UNKNOWN, surname: None, compound: false, given: [UNKNOWN_GIVEN; 3], sound: None };
        let mut model = Self {
            characters: vec![none; (LAST - FIRST + 1) as usize],
            words: HashMap::with_capacity_and_hasher(160_000, Fold(0)),
            compound: HashMap::default(),
            pairs: HashMap::default(),
            before: HashMap::default(),
            after: HashMap::default(),
        };
        model.load_words();
        model.load_names();
        model.load_contexts();
        model
    }

    fn load_words(&mut self) {
        for row in rows(WORDS) {
            let [cost, words] = row.as_slice() else { continue };
            let Ok(cost) = cost.parse() else { continue };
            words.split(' ').for_each(|word| self.add_word(word, cost));
        }
        for row in rows(FOREIGN).chain(rows(PHRASES)) {
            let [_, words] = row.as_slice() else { continue };
            words.split(' ').for_each(|word| self.add_long_word(word, LISTED_WORD));
        }
        for (_, name) in super::super::regions::divisions() {
            for word in [name, super::super::addresses::short(name)] {
                self.add_word(word, 150);
            }
        }
    }

    fn add_word(&mut self, word: &str, cost: u8) {
        let length = word.chars().count();
        if let (1, Some(c)) = (length, word.chars().next()) {
            if let Some(character) = self.character_mut(c) {
                character.word = cost;
            }
        } else if length <= WORD_CHARACTERS {
            let entry = self.words.entry(key(word.chars())).or_default();
            entry.cost = Some(entry.cost.map_or(cost, |known| known.min(cost)));
        }
        for shorter in 2..length.min(WORD_CHARACTERS) {
            self.words.entry(key(word.chars().take(shorter))).or_default().longer = true;
        }
    }

    /// A word of any length, as words of even length that the dictionary can hold: 乌兹别克 斯坦.
    fn add_long_word(&mut self, word: &str, cost: u8) {
        let characters: Vec<char> = word.chars().collect();
        let parts = characters.len().div_ceil(WORD_CHARACTERS).max(1);
        for part in characters.chunks(characters.len().div_ceil(parts).max(1)) {
            self.add_word(&part.iter().collect::<String>(), cost);
        }
    }

    fn load_names(&mut self) {
        for row in rows(SURNAMES) {
            let [name, cost] = row.as_slice() else { continue };
            let cost = cost.parse().unwrap_or(UNKNOWN);
            let Some(first) = name.chars().next() else { continue };
            let compound = name.chars().count() == 2;
            if compound {
                self.compound.insert(key(name.chars()), cost);
            }
            if let Some(character) = self.character_mut(first) {
                character.compound |= compound;
                character.surname = if compound { character.surname } else { Some(cost) };
            }
        }
        for row in rows(GIVEN) {
            let [c, first, second, alone] = row.as_slice() else { continue };
            let costs = [first, second, alone].map(|cost| cost.parse().unwrap_or(UNKNOWN_GIVEN));
            if let Some(character) = c.chars().next().and_then(|c| self.character_mut(c)) {
                character.given = costs;
            }
        }
        for row in rows(PAIRS) {
            let [cost, pairs] = row.as_slice() else { continue };
            let cost = cost.parse().unwrap_or(UNKNOWN);
            self.pairs.extend(pairs.split(' ').map(|pair| (key(pair.chars()), cost)));
        }
        for row in rows(TRANSLITERATION) {
            let [c, cost] = row.as_slice() else { continue };
            if let Some(character) = c.chars().next().and_then(|c| self.character_mut(c)) {
                character.sound = cost.parse().ok();
            }
        }
    }

    fn load_contexts(&mut self) {
        for row in rows(CONTEXTS) {
            let [side, word, evidence] = row.as_slice() else { continue };
            let evidence = evidence.parse().unwrap_or(0);
            match *side {
                "before" => self.before.insert(word.chars().rev().fold(0, long_key), (word, evidence)),
                _ => self.after.insert(word.chars().fold(0, long_key), (word, evidence)),
            };
        }
    }

    fn character_mut(&mut self, c: char) -> Option<&mut Character> {
        self.characters.get_mut(u32::from(c).checked_sub(FIRST)? as usize)
    }

    fn character(&self, c: char) -> Option<&Character> {
        self.characters.get(u32::from(c).checked_sub(FIRST)? as usize)
    }

    /// Calls `visit` with the length and cost of every word that begins a text.
    pub(super) fn words_at(&self, text: &[char], mut visit: impl FnMut(usize, i32)) {
        let Some(first) = text.first() else { return };
        visit(1, self.character(*first).map_or(i32::from(UNKNOWN), |character| i32::from(character.word)));
        for length in 2..=WORD_CHARACTERS.min(text.len()) {
            let Some(entry) = self.words.get(&key(text[..length].iter().copied())) else { return };
            if let Some(cost) = entry.cost {
                visit(length, i32::from(cost));
            }
            if !entry.longer {
                return;
            }
        }
    }

    /// Whether characters are a word of the dictionary.
    pub(super) fn is_word(&self, characters: &[char]) -> bool {
        let fits = (2..=WORD_CHARACTERS).contains(&characters.len());
        fits && self.words.get(&key(characters.iter().copied())).is_some_and(|entry| entry.cost.is_some())
    }

    /// Whether two characters that are a word are a name rather, in a column where both may stand.
    pub(super) fn is_likely(&self, characters: &[char]) -> bool {
        let word = self.words.get(&key(characters.iter().copied())).and_then(|entry| entry.cost).unwrap_or(UNKNOWN);
        let mut best = i32::MAX;
        self.names_at(characters, |length, cost| {
            if length == characters.len() {
                best = best.min(cost - NAME);
            }
        });
        best < i32::from(word) + 20
    }

    /// Whether a character can begin a surname.
    pub(super) fn begins_surname(&self, c: char) -> bool {
        self.character(c).is_some_and(|character| character.surname.is_some() || character.compound)
    }

    /// Calls `visit` with the length and cost of every name that begins a text.
    pub(super) fn names_at(&self, text: &[char], mut visit: impl FnMut(usize, i32)) {
        let Some(character) = text.first().and_then(|c| self.character(*c)) else { return };
        if let Some(cost) = character.surname {
            self.given_at(text, 1, i32::from(cost), &mut visit);
        }
        if character.compound
            && let Some(cost) = text.get(..2).and_then(|pair| self.compound.get(&key(pair.iter().copied())))
        {
            self.given_at(text, 2, i32::from(*cost), &mut visit);
        }
    }

    fn given_at(&self, text: &[char], from: usize, surname: i32, visit: &mut impl FnMut(usize, i32)) {
        let given = |at: usize, place: usize| {
            let character = text.get(at).and_then(|c| self.character(*c));
            character.map(|character| i32::from(character.given[place]))
        };
        let Some(alone) = given(from, 2) else { return };
        if alone < i32::from(UNKNOWN_GIVEN) {
            visit(from + 1, NAME + surname + SHORT_GIVEN[0] + alone);
        }
        if let (Some(first), Some(second)) = (given(from, 0), given(from + 1, 1))
            && !is_homestead(&text[from..from + 2])
        {
            let pair = self.pairs.get(&key(text[from..from + 2].iter().copied()));
            let given = pair.map_or(first + second, |pair| (first + second).min(i32::from(*pair)));
            if given < 2 * i32::from(UNKNOWN_GIVEN) {
                let strange = second >= STRANGER.0 && text.get(from + 1).is_some_and(|c| self.is_common(*c));
                let given = given.min(RARE_GIVEN) + if strange { STRANGE } else { 0 };
                visit(from + 2, NAME + surname + SHORT_GIVEN[1] + given);
            }
        }
        self.sounding_at(text, from, surname, visit);
    }

    fn is_common(&self, c: char) -> bool {
        self.character(c).is_some_and(|character| character.word < STRANGER.1)
    }

    /// 马阿不都, 哈买苏: a surname and an Arabic or Persian name in sounds, among the Hui and their neighbours.
    fn sounding_at(&self, text: &[char], from: usize, surname: i32, visit: &mut impl FnMut(usize, i32)) {
        if text.first().and_then(|c| self.character(*c)).is_some_and(|character| character.word <= GRAMMAR) {
            return;
        }
        let mut cost = NAME + surname + SOUNDING;
        for (index, c) in text[from..].iter().take(4).enumerate() {
            let Some(sound) = self.lone_sound(*c) else { return };
            cost += sound;
            if index >= 1 {
                visit(from + index + 1, cost);
            }
        }
    }

    /// Cost of a character as a sound of a transliterated name that stands by itself.
    pub(super) fn lone_sound(&self, c: char) -> Option<i32> {
        self.sound(c).filter(|cost| *cost < DOTTED_SOUND)
    }

    /// Cost of a character as a sound of a transliterated name.
    pub(super) fn sound(&self, c: char) -> Option<i32> {
        self.character(c)?.sound.map(i32::from)
    }

    /// The longest context word that ends a text, with its evidence.
    pub(super) fn before(&self, text: &str) -> Option<(&'static str, i32)> {
        longest(&self.before, text.chars().rev())
    }

    /// The longest context word that begins a text, with its evidence.
    pub(super) fn after(&self, text: &str) -> Option<(&'static str, i32)> {
        longest(&self.after, text.chars())
    }
}

fn longest(
    table: &HashMap<u64, (&'static str, i32), Fold>,
    characters: impl Iterator<Item = char>,
) -> Option<(&'static str, i32)> {
    let mut found = None;
    let mut key = 0;
    for c in characters.take(CONTEXT_CHARACTERS) {
        key = long_key(key, c);
        found = table.get(&key).copied().or(found);
    }
    found
}
