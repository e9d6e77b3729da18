//! Names with a middle dot: Uyghur, Kazakh, Hui, Dongxiang and transliterated names such as 阿依古丽·买买提.

use super::super::context::Verdict;
use super::super::engine::Candidate;
use super::is_han;
use super::model::{MODEL, WORD_CHARACTERS};

/// Longest part of a dotted name, in characters.
const PART: usize = 9;
/// Most parts.
const PARTS: usize = 5;

/// The middle dot and what is typed for it.
pub(super) fn is_dot(c: char) -> bool {
    matches!(
        c,
        '\u{b7}'
            | '\u{2022}'
            | '\u{2027}'
            | '\u{2219}'
            | '\u{22c5}'
            | '\u{30fb}'
            | '\u{ff65}'
            | '\u{16eb}'
            | '.'
            | '\u{ff0e}'
    )
}

/// Finds dotted names in a text.
pub(super) fn find(text: &str, candidates: &mut Vec<Candidate>) {
    let mut done = 0;
    for (at, c) in text.char_indices() {
        if at < done || !is_dot(c) {
            continue;
        }
        let end = other_parts(text, at);
        // A part of one character is too little before a single dot: 让·雅克·杜邦.
        let dots = text.get(at..end).unwrap_or_default().chars().filter(|c| is_dot(*c)).count();
        let start = first_part(text, done, at, if dots >= 2 { 1 } else { 2 });
        if start < at && end > at {
            candidates.push(candidate(start, end, c));
            done = end;
        }
    }
}

/// Where the part before a dot begins: sounds, as far as they do not break a word that reaches over the border.
fn first_part(text: &str, from: usize, at: usize, shortest: usize) -> usize {
    let head = text.get(from..at).unwrap_or_default();
    let characters: Vec<char> = head.chars().rev().take(PART + WORD_CHARACTERS).take_while(|c| is_han(*c)).collect();
    let mut length = characters.iter().take(PART).take_while(|c| MODEL.sound(**c).is_some()).count();
    let title = title(head, length);
    length -= title;
    // 委托·: a word of which only the end is a sound is no part of the name.
    while title == 0 && length > 0 {
        let crossing = (2..=WORD_CHARACTERS).any(|word| {
            (1..word).any(|outside| {
                let inside = word - outside;
                inside <= length && length + outside <= characters.len() && {
                    let word: Vec<char> = characters[length - inside..length + outside].iter().rev().copied().collect();
                    MODEL.is_word(&word)
                }
            })
        });
        if !crossing {
            break;
        }
        length -= 1;
    }
    if length < shortest { at } else { at - 3 * length }
}

/// Characters at the beginning of a part that are sounds too and end the title before it: 议长路德维希.
fn title(head: &str, length: usize) -> usize {
    const TITLE: i32 = 40;
    let start = head.len() - 3 * length;
    let ends = |taken: &usize| {
        let title = head.get(..start + 3 * taken).and_then(|head| MODEL.before(head));
        title.is_some_and(|(word, evidence)| evidence >= TITLE && word.chars().count() >= (*taken + 1).min(2))
    };
    (1..=3.min(length)).rev().find(ends).unwrap_or(0)
}

/// Where the parts after a dot end; at most [`PARTS`].
fn other_parts(text: &str, dot: usize) -> usize {
    let mut end = dot;
    for _ in 0..PARTS {
        let Some(rest) = text.get(end..) else { break };
        let Some(c) = rest.chars().next().filter(|c| is_dot(*c)) else { break };
        let length = part(&rest[c.len_utf8()..]);
        if length == 0 || end == dot && length < 2 {
            break;
        }
        end += c.len_utf8() + 3 * length;
    }
    end
}

/// Length of a part in characters: sounds up to the border of a word that goes on without them.
fn part(rest: &str) -> usize {
    let characters: Vec<char> = rest.chars().take(PART + WORD_CHARACTERS).take_while(|c| is_han(*c)).collect();
    let mut length = characters.iter().take(PART).take_while(|c| MODEL.sound(**c).is_some()).count();
    while length > 0 && length < characters.len() {
        let crossing = (2..=WORD_CHARACTERS).any(|word| {
            (1..word).any(|inside| {
                let outside = word - inside;
                inside <= length
                    && length + outside <= characters.len()
                    && MODEL.is_word(&characters[length - inside..length + outside])
            })
        });
        if !crossing {
            break;
        }
        length -= 1;
    }
    length - follower(&characters, length)
}

/// Characters at the end of a part that follow the name and are sounds too: 穆勒和…, 科尔一行.
fn follower(characters: &[char], length: usize) -> usize {
    const FOLLOWERS: [&str; 16] =
        ["一行", "发来", "和", "与", "时", "则", "所", "于", "将", "对", "从", "以", "也", "又", "已", "在"];
    let follows = |word: &&&str| {
        let count = word.chars().count();
        length >= count + 2 && word.chars().eq(characters[length - count..length].iter().copied())
    };
    // At the end of a run a single character is part of the name: 卡洛斯·则.
    let found = FOLLOWERS.iter().filter(|word| length < characters.len() || word.len() > 3).find(follows);
    found.map_or(0, |word| word.chars().count())
}

fn candidate(start: usize, end: usize, dot: char) -> Candidate {
    // A full stop for a dot is rarer than a list item or an abbreviation.
    let confidence = if matches!(dot, '.' | '\u{ff0e}') { 90 } else { 97 };
    Candidate {
        data_type: "person_name",
        start,
        end,
        confidence,
        why: "带间隔号的音译姓名",
        verdict: Verdict::default(),
    }
}
