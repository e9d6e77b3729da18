//! The Bloom filter of a part. Its bits are kept in the database, so that hash and size never change.

use fengsui_schema::fnv;

use crate::check;
use crate::db::{Filter, args};

/// Size of a filter in bytes.
pub(super) const FILTER_BYTES: usize = 2_048;
/// A part with so many different runs takes no further alert: one run in forty would seem to be there by chance.
pub(super) const GRAMS_MAX: usize = 1_500;
/// Bits of one run.
const BITS_PER_GRAM: u64 = 4;
/// Longest run of characters.
const LONGEST: usize = 3;

/// A word that is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// A whole address: looked up where flows begin and end and among entities, not in texts.
    Address(String),
    /// Part of a text, in small letters.
    Text(String),
}

impl Word {
    /// The word that somebody wrote.
    pub(crate) fn of(word: &str) -> Self {
        match word.parse::<std::net::IpAddr>() {
            Ok(address) => Self::Address(address.to_string()),
            Err(_) => Self::Text(word.to_lowercase()),
        }
    }

    /// Adds to the condition on alerts `a`, that they hold the word.
    pub(crate) fn narrow(&self, filter: &mut Filter) {
        match self {
            Self::Address(address) => {
                let entity = "SELECT e.alert_id FROM alert_entity e WHERE e.kind = 'address' AND e.value = ?";
                let condition = format!("(a.source_ip = ? OR a.destination_ip = ? OR a.id IN ({entity}))");
                filter.and_with(&condition, args![address, address, address]);
            }
            Self::Text(text) => filter.and_with("a.search_text LIKE ? ESCAPE '\\'", args![check::like_pattern(text)]),
        }
    }

    /// Bits that are set in the filter of every part that holds the word; none for an address, which filters don't keep.
    pub(super) fn bits(&self) -> Vec<usize> {
        match self {
            Self::Address(_) => Vec::new(),
            Self::Text(text) => {
                let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
                let length = (ends.len() - 1).min(LONGEST);
                ends.windows(length + 1).flat_map(|run| bits_of(&text[run[0]..run[length]])).collect()
            }
        }
    }
}

/// Every run of one to three characters of a text that no space breaks.
pub(super) fn grams(text: &str) -> impl Iterator<Item = u64> {
    text.split_whitespace().flat_map(|word| {
        let starts = word.char_indices().map(|(at, _)| at);
        starts.flat_map(move |start| {
            let ends = word[start..].char_indices().skip(1).map(|(at, _)| at).chain([word.len() - start]);
            ends.take(LONGEST).map(move |end| hash(&word[start..start + end]))
        })
    })
}

fn hash(text: &str) -> u64 {
    fnv(text.as_bytes()).finish_mixed()
}

fn bits_of(text: &str) -> impl Iterator<Item = usize> + use<> {
    places(hash(text))
}

/// Places of a run in the filter: double hashing (Kirsch, Mitzenmacher 2008).
pub(super) fn places(hash: u64) -> impl Iterator<Item = usize> {
    let (first, step) = (hash & 0xffff_ffff, (hash >> 32) | 1);
    let size = 8 * FILTER_BYTES as u64;
    (0..BITS_PER_GRAM).map(move |turn| usize::try_from((first + turn * step) % size).unwrap_or(0))
}

/// Sets the bits of a run; whether any was not set before.
pub(super) fn set(bits: &mut [u8], hash: u64) -> bool {
    let mut new = false;
    for place in places(hash) {
        if let Some(byte) = bits.get_mut(place / 8) {
            let bit = 1 << (place % 8);
            new |= *byte & bit == 0;
            *byte |= bit;
        }
    }
    new
}

/// Whether all of some bits are set.
pub(super) fn holds(bits: &[u8], places: &[usize]) -> bool {
    places.iter().all(|place| bits.get(place / 8).is_some_and(|byte| byte & (1 << (place % 8)) != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Vec<u8> {
        let mut bits = vec![0; FILTER_BYTES];
        for gram in grams(text) {
            set(&mut bits, gram);
        }
        bits
    }

    #[test]
    fn whatever_a_text_holds_is_found() {
        let text = "对政务网站的 注入探测 suricata:9000001 ünïon a";
        let bits = filter(text);
        let words: Vec<char> = text.chars().collect();
        for from in 0..words.len() {
            for to in from + 1..=words.len() {
                let part: String = words[from..to].iter().collect();
                if !part.contains(' ') {
                    assert!(holds(&bits, &Word::of(&part).bits()), "{part}");
                }
            }
        }
    }

    #[test]
    fn what_it_does_not_hold_is_rarely_seen() {
        let bits = filter("对政务网站的注入探测 suricata:9000001");
        let seen = (0..1_000).filter(|number| holds(&bits, &Word::of(&format!("x{number:03}q")).bits())).count();
        assert!(seen <= 2, "{seen}");
        assert!(!holds(&bits, &Word::of("入注").bits()));
    }

    /// The bits stand in databases.
    #[test]
    fn the_hash_stays() {
        assert_eq!(Word::of("ab").bits(), Word::of("AB").bits());
        assert_eq!(hash("a"), HASH_OF_A);
    }

    const HASH_OF_A: u64 = 0xed81_70de_1919_a24d;
}
