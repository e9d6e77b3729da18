//! `entropy`: how evenly the bytes of a buffer are spread.

use fengsui_schema::shown;

use crate::draft::Draft;
use crate::keywords::{Keyword, keyword, pair, parts};
use crate::rule::Test;

pub(crate) const KEYWORDS: &[Keyword] = &[keyword("entropy", parse)];

/// Compares the Shannon entropy of a part of a buffer, in bits per byte.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entropy {
    offset: usize,
    /// Bytes looked at; 0 for all.
    bytes: usize,
    low: f64,
    high: f64,
    /// Whether the ends belong to the range.
    closed: (bool, bool),
    negated: bool,
}

impl Entropy {
    /// The entropy, and whether it is the one asked for.
    pub(crate) fn measure(&self, buffer: &[u8]) -> (f64, bool) {
        let rest = buffer.get(self.offset..).unwrap_or_default();
        let part = if self.bytes == 0 { rest } else { &rest[..rest.len().min(self.bytes)] };
        let value = shannon(part);
        let above = if self.closed.0 { value >= self.low } else { value > self.low };
        let below = if self.closed.1 { value <= self.high } else { value < self.high };
        (value, (above && below) != self.negated)
    }
}

/// Shannon, "A Mathematical Theory of Communication" (1948).
fn shannon(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let total = bytes.len() as f64;
    let terms = counts.iter().filter(|count| **count > 0).map(|count| {
        let share = f64::from(*count) / total;
        -share * share.log2()
    });
    terms.sum()
}

fn parse(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let (mut entropy, mut compared) =
        (Entropy { offset: 0, bytes: 0, low: 0.0, high: 8.0, closed: (true, true), negated: false }, false);
    let number = |text: &str| text.trim().parse::<usize>().map_err(|_| format!("{} is no number", shown(text)));
    for option in parts(value) {
        match pair(option) {
            ("offset", text) => entropy.offset = number(text)?,
            ("bytes", text) => entropy.bytes = number(text)?,
            ("value", text) => {
                compare(&mut entropy, text)?;
                compared = true;
            }
            _ => return Err(format!("{} is no option of it", shown(option))),
        }
    }
    if !compared {
        return Err("needs a value".to_owned());
    }
    draft.push(Test::Entropy(entropy));
    Ok(())
}

fn compare(entropy: &mut Entropy, text: &str) -> Result<(), String> {
    let float = |text: &str| {
        let value = text.trim().parse::<f64>().ok().filter(|value| (0.0..=8.0).contains(value));
        value.ok_or_else(|| format!("{} is no entropy from 0 to 8", shown(text)))
    };
    let (negated, rest) = match text.strip_prefix("!=").or_else(|| text.strip_prefix('!')) {
        Some(rest) => (true, rest.trim()),
        None => (false, text),
    };
    entropy.negated = negated;
    if let Some(rest) = rest.strip_prefix(">=") {
        entropy.low = float(rest)?;
    } else if let Some(rest) = rest.strip_prefix("<=") {
        entropy.high = float(rest)?;
    } else if let Some(rest) = rest.strip_prefix('>') {
        (entropy.low, entropy.closed.0) = (float(rest)?, false);
    } else if let Some(rest) = rest.strip_prefix('<') {
        (entropy.high, entropy.closed.1) = (float(rest)?, false);
    } else if let Some((low, high)) = rest.split_once("<>").or_else(|| rest.split_once('-')) {
        (entropy.low, entropy.high, entropy.closed) = (float(low)?, float(high)?, (false, false));
    } else {
        let value = float(rest.strip_prefix("==").or_else(|| rest.strip_prefix('=')).unwrap_or(rest))?;
        (entropy.low, entropy.high) = (value, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_bytes_have_the_most() {
        let all: Vec<u8> = (0..=255).collect();
        assert!(
            (shannon(&all) - 8.0).abs() < 1e-9 && shannon(b"aaaa").abs() < 1e-9 && (shannon(b"ab") - 1.0).abs() < 1e-9
        );
    }
}
