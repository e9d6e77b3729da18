//! How guilty a recipient looks: sums over the cells of a leak, one for each way in which a leak may have come about.
//!
//! The symmetric score (B. Škorić et al., 2008) is sure against any coalition. The likelihood ratios are the strongest
//! tests (J. Neyman and E. Pearson, 1933) where one recipient, or several at random, gave the symbols away and the
//! rest is noise. Every sum is one of independent terms for an innocent recipient, so that its tail can be computed;
//! that there are several sums is paid for by what they have not in common, and in the bound by their number.

use super::tail::{Tail, Term, any_of_three};
use super::{MarkCell, RecipientMark, Vote, unit, weights};

/// Shares of the symbols a recipient gave that the likelihood ratios ask for: all but noise, and one of three.
const SHARES: [f64; 2] = [0.95, 0.33];

/// Sums that are looked at.
const SUMS: usize = SHARES.len() + 1;

/// A symbol that was read, and the probability that it stands where it stood in the copy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The symbol.
    pub symbol: bool,
    /// From 0 to 1; what other rows or values have left of certainty.
    pub own: f64,
}

/// One recipient's score in a trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Standard deviations above what an innocent recipient is expected to have, in the sum that says most.
    pub deviations: f64,
    /// Probability that one innocent recipient scores so high in any of the sums.
    pub tail: Tail,
}

/// What was read from a leak, prepared once for all recipients.
#[derive(Debug, Default)]
pub struct Seen {
    /// What the recipient's symbol of each cell is drawn from, and below which number it is a one.
    cells: Vec<([u8; 16], f64)>,
    sums: [Sum; SUMS],
    /// Covariances of the first and second, first and third, second and third sum.
    covariances: [f64; SUMS],
}

/// The pairs of sums.
const PAIRS: [(usize, usize); SUMS] = [(0, 1), (0, 2), (1, 2)];

/// One sum over the cells.
#[derive(Debug, Default)]
struct Sum {
    terms: Vec<Term>,
    /// What a one in a cell counts more than a zero.
    steps: Vec<f64>,
    /// The sum of a recipient with zeros only.
    zeros: f64,
    variance: f64,
}

impl Sum {
    /// Adds a term, moved so that its mean is zero.
    fn add(&mut self, bias: f64, high: f64, low: f64) {
        let mean = bias * high + (1.0 - bias) * low;
        self.zeros += low - mean;
        self.steps.push(high - low);
        self.variance += bias * (1.0 - bias) * (high - low).powi(2);
        self.terms.push(Term { bias, high: high - mean, low: low - mean });
    }

    fn score(&self, sum: f64) -> Score {
        let deviations = if self.variance > 0.0 { sum / self.variance.sqrt() } else { 0.0 };
        Score { deviations, tail: Tail::of(&self.terms, sum, self.variance) }
    }
}

impl Seen {
    /// Prepares what was read: each cell once, with all its readings.
    #[must_use]
    pub fn new(read: impl IntoIterator<Item = (MarkCell, Vec<Reading>)>) -> Self {
        let mut seen = Self::default();
        for (cell, readings) in read {
            seen.add(&cell, &readings);
        }
        seen
    }

    /// How many cells were read.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether nothing was read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    fn add(&mut self, cell: &MarkCell, readings: &[Reading]) {
        let bias = cell.bias;
        self.cells.push((cell.block, bias));
        let sign = |reading: &Reading| if reading.symbol { reading.own } else { -reading.own };
        let vote: Vote = readings.iter().map(sign).sum::<f64>().clamp(-1.0, 1.0);
        let (for_one, for_zero) = weights(bias);
        let [symmetric, ratios @ ..] = &mut self.sums;
        symmetric.add(bias, vote * for_one, -vote * for_zero);
        for (sum, share) in ratios.iter_mut().zip(SHARES) {
            let ratio = |has: bool| -> f64 { readings.iter().map(|reading| ratio(reading, has, share, bias)).sum() };
            sum.add(bias, ratio(true), ratio(false));
        }
        let step = |sum: usize| self.sums[sum].steps.last().copied().unwrap_or(0.0);
        for (covariance, (first, second)) in self.covariances.iter_mut().zip(PAIRS) {
            *covariance += bias * (1.0 - bias) * step(first) * step(second);
        }
    }

    /// How the sums of innocent recipients hang together.
    fn correlations(&self) -> [f64; SUMS] {
        std::array::from_fn(|pair| {
            let (first, second) = PAIRS[pair];
            let scale = (self.sums[first].variance * self.sums[second].variance).sqrt();
            if scale > 0.0 { (self.covariances[pair] / scale).clamp(-1.0, 1.0) } else { 0.0 }
        })
    }

    /// The sums of a recipient.
    fn sums_of(&self, recipient: &RecipientMark) -> [f64; SUMS] {
        let mut blocks = [[0; 16]; 64];
        let mut sums = std::array::from_fn(|index: usize| self.sums[index].zeros);
        for (start, chunk) in self.cells.chunks(blocks.len()).enumerate() {
            let drawn = &mut blocks[..chunk.len()];
            drawn.iter_mut().zip(chunk).for_each(|(block, (cell, _))| *block = *cell);
            recipient.0.encrypt_all(drawn);
            let start = start * 64;
            let mut ones = [0.0; 64];
            for ((one, block), (_, bias)) in ones.iter_mut().zip(&*drawn).zip(chunk) {
                *one = f64::from(u8::from(unit(block) < *bias));
            }
            for (sum, known) in sums.iter_mut().zip(&self.sums) {
                let steps = &known.steps[start..start + chunk.len()];
                *sum += steps.iter().zip(&ones).map(|(step, one)| step * one).sum::<f64>();
            }
        }
        sums
    }
}

/// The logarithm of how much likelier a reading is when the recipient with this symbol gave it.
fn ratio(reading: &Reading, has: bool, share: f64, bias: f64) -> f64 {
    let own = share * reading.own.clamp(0.0, 1.0);
    let frequency = if reading.symbol { bias } else { 1.0 - bias };
    let gave = if has == reading.symbol { own / frequency } else { 0.0 };
    (1.0 - own + gave).ln()
}

impl RecipientMark {
    /// Scores the recipient against what was read from a leak.
    #[must_use]
    pub fn score(&self, seen: &Seen) -> Score {
        let sums = seen.sums_of(self);
        let scores: [Score; SUMS] = std::array::from_fn(|index| seen.sums[index].score(sums[index]));
        let least = |of: fn(&Score) -> f64| scores.iter().map(of).fold(1.0, f64::min);
        let bound = (least(|score| score.tail.bound) * SUMS as f64).min(1.0);
        let probability = any_of_three(least(|score| score.tail.probability), seen.correlations());
        let deviations = scores.iter().map(|score| score.deviations).fold(f64::NEG_INFINITY, f64::max);
        Score { deviations, tail: Tail { probability: probability.min(bound), bound } }
    }

    /// The tails of the single sums, for tests of their truth.
    #[cfg(test)]
    pub(super) fn tails(&self, seen: &Seen) -> [Tail; SUMS] {
        let sums = seen.sums_of(self);
        std::array::from_fn(|index| seen.sums[index].score(sums[index]).tail)
    }
}
