//! Where literals that announce a value stand, found in the same pass over the bytes as the runs of letters and digits.

use std::collections::HashMap;

/// What the pass does at a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Nothing: go on.
    Other,
    /// A letter or digit: a run begins.
    Alphanumeric,
    /// A sign that some literal holds.
    Special,
    /// The first byte of a character of so many bytes.
    Wide(u8),
}

/// A literal and how far into it the byte or character stands that leads to it.
#[derive(Debug, Clone, Copy)]
struct Place {
    literal: usize,
    offset: usize,
}

/// Literals by the byte or character that leads to them.
#[derive(Debug)]
pub(crate) struct Triggers {
    literals: Vec<&'static str>,
    pub(crate) classes: [Class; 256],
    /// One bit for each character of three bytes.
    wide: Vec<u64>,
    by_character: HashMap<u32, Vec<Place>>,
    by_sign: HashMap<u8, Vec<Place>>,
    /// Literals of letters and digits only, by the first and by the last byte of the run they begin or end.
    begins: Vec<Vec<usize>>,
    ends: Vec<Vec<usize>>,
}

impl Triggers {
    pub(crate) fn new(literals: Vec<&'static str>) -> Self {
        let mut triggers = Self {
            literals,
            classes: std::array::from_fn(|byte| class(u8::try_from(byte).unwrap_or(0))),
            wide: vec![0; 1024],
            by_character: HashMap::new(),
            by_sign: HashMap::new(),
            begins: vec![Vec::new(); 256],
            ends: vec![Vec::new(); 256],
        };
        for (literal, text) in triggers.literals.clone().into_iter().enumerate() {
            triggers.add(literal, text);
        }
        triggers
    }

    fn add(&mut self, literal: usize, text: &'static str) {
        let bytes = text.as_bytes();
        let wide = text.char_indices().rev().find(|(_, c)| c.len_utf8() == 3);
        if let Some((offset, c)) = wide {
            let code = u32::from(c);
            self.wide[code as usize / 64] |= 1 << (code % 64);
            self.by_character.entry(code).or_default().push(Place { literal, offset });
        } else if let Some(offset) = bytes.iter().position(|byte| !byte.is_ascii_alphanumeric()) {
            self.classes[usize::from(bytes[offset])] = Class::Special;
            self.by_sign.entry(bytes[offset]).or_default().push(Place { literal, offset });
        } else if let (Some(first), Some(last)) = (bytes.first(), bytes.last()) {
            self.begins[usize::from(*first)].push(literal);
            self.ends[usize::from(*last)].push(literal);
        }
    }

    /// Literals around a sign.
    pub(crate) fn at_sign(&self, bytes: &[u8], at: usize, hit: &mut impl FnMut(usize, usize, usize)) {
        if let Some(places) = self.by_sign.get(&bytes[at]) {
            self.check(bytes, at, places, hit);
        }
    }

    /// Literals around a character of three bytes.
    pub(crate) fn at_character(&self, bytes: &[u8], at: usize, hit: &mut impl FnMut(usize, usize, usize)) {
        let Some([first, second, third]) = bytes.get(at..at + 3) else { return };
        let code = u32::from(first & 0x0f) << 12 | u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f);
        if self.wide[code as usize / 64] >> (code % 64) & 1 == 1
            && let Some(places) = self.by_character.get(&code)
        {
            self.check(bytes, at, places, hit);
        }
    }

    /// Literals that begin or end a run.
    pub(crate) fn at_run(&self, bytes: &[u8], start: usize, end: usize, hit: &mut impl FnMut(usize, usize, usize)) {
        let run = &bytes[start..end];
        for literal in &self.begins[usize::from(run[0])] {
            let length = self.literals[*literal].len();
            if run.starts_with(self.literals[*literal].as_bytes()) {
                hit(*literal, start, length);
            }
        }
        for literal in &self.ends[usize::from(run[run.len() - 1])] {
            let length = self.literals[*literal].len();
            if length < run.len() && run.ends_with(self.literals[*literal].as_bytes()) {
                hit(*literal, end - length, length);
            }
        }
    }

    fn check(&self, bytes: &[u8], at: usize, places: &[Place], hit: &mut impl FnMut(usize, usize, usize)) {
        for place in places {
            let literal = self.literals[place.literal].as_bytes();
            let Some(start) = at.checked_sub(place.offset) else { continue };
            if bytes.get(start..start + literal.len()) == Some(literal) {
                hit(place.literal, start, literal.len());
            }
        }
    }
}

const fn class(byte: u8) -> Class {
    match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => Class::Alphanumeric,
        0xc0..=0xdf => Class::Wide(2),
        0xe0..=0xef => Class::Wide(3),
        0xf0..=0xff => Class::Wide(4),
        _ => Class::Other,
    }
}
