//! Marks that tell the copies of one dataset apart, and the arithmetic that names who leaked.
//!
//! Each marked cell carries, in the choice between two equivalent ways of writing it, one binary symbol drawn by a
//! keyed function with a secret bias (G. Tardos, "Optimal probabilistic fingerprint codes", 2003). Tracing adds scores
//! over the cells seen. Whatever
//! was leaked, the symbols of an innocent recipient have nothing to do with it: their sum has mean zero, and its tail
//! is computed from the biases of the very cells that were seen.

mod carrier;
mod score;
mod tail;
mod text;

pub use carrier::Carrier;
pub use score::{Reading, Score, Seen};
pub use tail::{Tail, binomial_level, binomial_tail};
pub use text::{mark_text, read_text_marks, text_mark};

use fengsui_crypto::{HmacKey, Sm4Blocks};

use crate::mask::MaskKey;

/// Cut-off of the bias for coalitions of this size (t = 1 / (300 c)).
const COALITION: f64 = 5.0;

/// The key of the marks, which stays with the owner of the data.
#[derive(Debug)]
pub struct ReleaseMark {
    key: MaskKey,
    cells: HmacKey,
}

/// What finds a row again in all copies, whatever was masked in them.
pub type Locator = [u8; 16];

/// One cell that can carry a symbol, the same in all copies.
#[derive(Debug, Clone, Copy)]
pub struct MarkCell {
    /// Probability of a one, arcsine distributed between t and 1 - t.
    bias: f64,
    block: [u8; 16],
}

/// Draws the symbols of one recipient.
#[derive(Debug)]
pub struct RecipientMark(Sm4Blocks);

/// What was read from a cell of a leak: 1 for a one, -1 for a zero, between them when rows of the leak disagree.
type Vote = f64;

impl ReleaseMark {
    /// The marks under a key.
    #[must_use]
    pub fn new(key: &MaskKey) -> Self {
        Self { key: key.clone(), cells: key.prepared("mark cell", &[]) }
    }

    /// The cell of a row and column.
    #[must_use]
    pub fn cell(&self, locator: &Locator, column: &str) -> MarkCell {
        let drawn = self.cells.tag(&[locator, column.as_bytes()]);
        let (bias, rest) = drawn.split_at(16);
        let mut block = [0; 16];
        block.copy_from_slice(rest);
        let cut = (1.0 / (300.0 * COALITION)).sqrt().asin();
        let angle = cut + (std::f64::consts::FRAC_PI_2 - 2.0 * cut) * unit(bias);
        MarkCell { bias: angle.sin().powi(2), block }
    }

    /// The symbols of a recipient.
    #[must_use]
    pub fn recipient(&self, recipient: &str) -> RecipientMark {
        let mut key = [0; 16];
        key.copy_from_slice(&self.key.derive("mark recipient", &[recipient.as_bytes()])[..16]);
        RecipientMark(Sm4Blocks::new(&key))
    }

    /// The weak mark of a recipient in documents.
    #[must_use]
    pub fn tag(&self, recipient: &str) -> u64 {
        let digest = self.key.derive("mark text", &[recipient.as_bytes()]);
        digest[..8].iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
    }

    /// What finds a row again: HMAC-SM3 of its plain cells, and which of the rows with the same cells it is.
    #[must_use]
    pub fn locator(&self, cells: &[&[u8]], occurrence: u64) -> Locator {
        let lengths: Vec<[u8; 8]> = cells.iter().map(|cell| (cell.len() as u64).to_le_bytes()).collect();
        let number = occurrence.to_le_bytes();
        let mut parts: Vec<&[u8]> = vec![b"row", &number];
        cells.iter().zip(&lengths).for_each(|(cell, length)| parts.extend([length.as_slice(), cell]));
        let mut locator = [0; 16];
        locator.copy_from_slice(&self.cells.tag(&parts)[..16]);
        locator
    }

    /// A keyed number of a value in a column, to find rows by it without keeping the value.
    #[must_use]
    pub fn value_digest(&self, column: &str, value: &str) -> u64 {
        let digest = self.cells.tag(&[b"value", column.as_bytes(), &[0], value.as_bytes()]);
        digest[..8].iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
    }
}

/// A number in [0, 1) from the first eight bytes.
fn unit(bytes: &[u8]) -> f64 {
    let number = bytes.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    (number >> 11) as f64 / (1_u64 << 53) as f64
}

impl RecipientMark {
    /// The symbol of a cell in the recipient's copy.
    #[must_use]
    pub fn symbol(&self, cell: &MarkCell) -> bool {
        unit(&self.0.encrypt(cell.block)) < cell.bias
    }
}

/// What a one and a zero in an innocent copy count, so that their mean is zero and their variance one.
fn weights(bias: f64) -> (f64, f64) {
    (((1.0 - bias) / bias).sqrt(), (bias / (1.0 - bias)).sqrt())
}

#[cfg(test)]
mod tests;
