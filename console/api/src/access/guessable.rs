//! Passwords that are guessed by rule: a word or two that everybody uses, walks over the keyboard, runs and repeats, dates,
//! with digits and signs around them and letters written as digits.
//!
//! A list of leaked passwords (ASVS 5.0 6.2.4 wants the 3,000 commonest) names single passwords; of those with twelve
//! characters and more nearly all are put together in these ways, and so are the next ones.

use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Words, in lower case.
static WORDS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let text = include_str!("../../data/guessed_words.txt");
    text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect()
});

/// Rows of a keyboard, and the columns people walk down.
const ROWS: [&str; 8] = [
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "1qaz2wsx3edc4rfv5tgb6yhn",
    "!@#$%^&*()",
    "147258369",
];

/// Most pieces of a password that is guessed; whoever strings three words together and more is not.
const PIECES: usize = 2;
/// Shortest walk, run or repeat that counts as a piece.
const WALK: usize = 3;
/// Longest password that is looked at piece by piece.
const LONGEST: usize = 64;

/// Whether a password is put together of few pieces that everybody uses.
pub(super) fn is_guessable(password: &str) -> bool {
    let plain: Vec<char> = password.to_lowercase().chars().take(LONGEST).collect();
    if plain.len() < password.chars().count() {
        return false;
    }
    let read: Vec<char> = plain.iter().copied().map(as_letter).collect();
    fewest_pieces(&plain, &read) <= PIECES
}

/// The letter that a digit or sign stands for.
fn as_letter(character: char) -> char {
    match character {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// The fewest pieces that make up a password; digits and signs between them cost nothing.
fn fewest_pieces(plain: &[char], read: &[char]) -> usize {
    const NEVER: usize = usize::MAX / 2;
    let mut fewest = vec![NEVER; plain.len() + 1];
    fewest[0] = 0;
    for start in 0..plain.len() {
        let so_far = fewest[start];
        if so_far > PIECES {
            continue;
        }
        if !plain[start].is_alphabetic() {
            fewest[start + 1] = fewest[start + 1].min(so_far);
        }
        for end in start + 1..=plain.len() {
            if is_piece(&plain[start..end], &read[start..end]) {
                fewest[end] = fewest[end].min(so_far + 1);
            }
        }
    }
    fewest[plain.len()]
}

fn is_piece(plain: &[char], read: &[char]) -> bool {
    let is_word = |letters: &[char]| WORDS.contains(letters.iter().collect::<String>().as_str());
    is_word(plain) || is_word(read) || is_repeat(plain) || is_walk(plain)
}

/// One to four characters over and over.
fn is_repeat(text: &[char]) -> bool {
    text.len() >= WALK
        && (1..=4).any(|step| text.len() >= 2 * step && (step..text.len()).all(|at| text[at] == text[at - step]))
}

/// Along a row of the keyboard or of the alphabet, in either direction.
fn is_walk(text: &[char]) -> bool {
    let forward: String = text.iter().collect();
    let backward: String = text.iter().rev().collect();
    text.len() >= WALK && ROWS.iter().any(|row| row.contains(&forward) || row.contains(&backward))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Passwords as people make them: a word with a capital, a year or a run and a sign.
    fn made_by_rule() -> Vec<String> {
        let mut made = Vec::new();
        for word in WORDS.iter() {
            let capital = word[..1].to_uppercase() + &word[1..];
            for year in ["2024", "2025", "2026", "123", "1234", "12345", "888"] {
                made.extend(
                    ["!", "@", "#", "."]
                        .iter()
                        .flat_map(|sign| [format!("{capital}{sign}{year}"), format!("{word}{year}{sign}")]),
                );
            }
        }
        made
    }

    #[test]
    fn thousands_of_common_ones_are_known() {
        let long: Vec<String> = made_by_rule().into_iter().filter(|password| password.chars().count() >= 12).collect();
        assert!(long.len() >= 3_000, "{}", long.len());
        assert_eq!(long.iter().find(|password| !is_guessable(password)), None);
    }

    #[test]
    fn what_is_put_together_of_few_pieces_is_guessable() {
        for weak in [
            "summerwinter",
            "$ummerW1nter2026",
            "qwertyuiop123",
            "abcdefghijklmn",
            "lanzhou20261126",
            "1qaz2wsx3edc4rfv",
            "abababababab",
            "zhongguo!!!!2026",
            "123456789012",
        ] {
            assert!(is_guessable(weak), "{weak}");
        }
    }

    #[test]
    fn phrases_and_random_texts_are_not() {
        for strong in [
            "alllowercaseletters",
            "Gaolan-2026-xue",
            "Qilian-Shan-2026x9k",
            "purple tiger reads slowly",
            "k7fj2mx9q3vd",
            "黄河远上白云间一片孤城",
        ] {
            assert!(!is_guessable(strong), "{strong}");
        }
    }
}
