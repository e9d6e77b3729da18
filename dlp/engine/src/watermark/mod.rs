//! Marks that tell the copies of one release apart, and the arithmetic that names who leaked.
//!
//! Each row carries, in the choice between two equivalent ways of writing one of its cells, one binary symbol drawn
//! by a keyed function with a secret bias (G. Tardos, "Optimal probabilistic fingerprint codes", 2003). Tracing adds
//! the symmetric score of B. Škorić et al. ("Symmetric Tardos fingerprinting codes", 2008) over the rows seen: an
//! innocent recipient's sum is a standard normal variable, whatever was leaked, a guilty one's grows with the rows.

mod carrier;

pub use carrier::{read_symbol, write_symbol};

use crate::mask::MaskKey;

/// Cut-off of the bias for coalitions of this size (t = 1 / (300 c)).
const COALITION: f64 = 5.0;

/// The mark of one release: its key and the recipients that got copies.
#[derive(Debug, Clone)]
pub struct ReleaseMark {
    key: MaskKey,
}

/// One recipient's score in a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspicion {
    /// The recipient.
    pub recipient: String,
    /// Standard deviations above what an innocent recipient is expected to have.
    pub score: f64,
    /// Probability that any innocent one of all recipients scores so high (union bound).
    pub error_probability: f64,
    /// Whether that probability is below the limit asked for.
    pub accused: bool,
}

impl ReleaseMark {
    /// The mark under a key, which stays with the owner of the data.
    #[must_use]
    pub const fn new(key: MaskKey) -> Self {
        Self { key }
    }

    /// The symbol of a row in the copy of a recipient. `locator` is what finds the row again in a leak.
    #[must_use]
    pub fn symbol(&self, locator: &[u8], recipient: &str) -> bool {
        self.drawn("symbol", &[locator, recipient.as_bytes()]) < self.bias(locator)
    }

    /// Probability of a one in a row: arcsine distributed between t and 1 - t.
    fn bias(&self, locator: &[u8]) -> f64 {
        let cut = (1.0 / (300.0 * COALITION)).sqrt().asin();
        let angle = cut + (std::f64::consts::FRAC_PI_2 - 2.0 * cut) * self.drawn("bias", &[locator]);
        angle.sin().powi(2)
    }

    /// A number in [0, 1) drawn by the key.
    fn drawn(&self, purpose: &str, parts: &[&[u8]]) -> f64 {
        (self.key.number(purpose, parts) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Scores all recipients against the symbols read from a leak, the most suspicious first.
    ///
    /// `limit` is the probability of accusing any innocent recipient that the caller accepts, such as 1e-9. Rows
    /// that no symbol could be read from are left out; rows that were overwritten at random only weaken the score.
    #[must_use]
    pub fn trace(&self, symbols: &[(Vec<u8>, bool)], recipients: &[String], limit: f64) -> Vec<Suspicion> {
        let mut sums = vec![0.0_f64; recipients.len()];
        for (locator, seen) in symbols {
            let bias = self.bias(locator);
            let (for_one, for_zero) = (((1.0 - bias) / bias).sqrt(), (bias / (1.0 - bias)).sqrt());
            for (sum, recipient) in sums.iter_mut().zip(recipients) {
                let own = self.symbol(locator, recipient);
                *sum += match (seen, own) {
                    (true, true) => for_one,
                    (true, false) => -for_zero,
                    (false, true) => -for_one,
                    (false, false) => for_zero,
                };
            }
        }
        let rows = (symbols.len().max(1) as f64).sqrt();
        let judged = |(recipient, sum): (&String, f64)| suspicion(recipient, sum / rows, recipients.len(), limit);
        let mut all: Vec<_> = recipients.iter().zip(sums).map(judged).collect();
        all.sort_by(|first, second| second.score.total_cmp(&first.score));
        all
    }
}

/// Enough rows for the central limit to hold; with fewer, nobody is accused.
pub const FEWEST_ROWS: usize = 30;

fn suspicion(recipient: &str, score: f64, recipients: usize, limit: f64) -> Suspicion {
    let error_probability = (upper_tail(score) * recipients as f64).min(1.0);
    Suspicion { recipient: recipient.to_owned(), score, error_probability, accused: error_probability < limit }
}

/// Probability that a standard normal variable exceeds z, as an upper bound for the tail (the ratio of Mills:
/// density / z, good to a few percent above 3) and one half or more below zero.
fn upper_tail(z: f64) -> f64 {
    if z <= 0.0 {
        return 1.0 - upper_tail_positive(-z);
    }
    upper_tail_positive(z)
}

/// Abramowitz and Stegun, formula 7.1.26 for small arguments, the asymptotic bound for large ones.
fn upper_tail_positive(z: f64) -> f64 {
    if z > 4.0 {
        return (-z * z / 2.0).exp() / (z * (2.0 * std::f64::consts::PI).sqrt());
    }
    let x = z / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let polynomial =
        t * (0.254_829_592 + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    0.5 * polynomial * (-x * x).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipients() -> Vec<String> {
        (0..60).map(|number| format!("recipient-{number}")).collect()
    }

    fn mark() -> ReleaseMark {
        ReleaseMark::new(MaskKey::new([5; 32]))
    }

    fn copy(recipient: &str, rows: usize) -> Vec<(Vec<u8>, bool)> {
        (0..rows as u64).map(|row| (row.to_le_bytes().to_vec(), mark().symbol(&row.to_le_bytes(), recipient))).collect()
    }

    #[test]
    fn a_single_leaker_is_named_and_nobody_else() {
        let trace = mark().trace(&copy("recipient-42", 400), &recipients(), 1e-9);
        assert_eq!((trace[0].recipient.as_str(), trace[0].accused, trace[1].accused), ("recipient-42", true, false));
        assert!(trace[0].error_probability < 1e-9);
    }

    #[test]
    fn half_of_the_cells_overwritten_does_not_help() {
        let mut leak = copy("recipient-7", 1000);
        for (index, (_, symbol)) in leak.iter_mut().enumerate().filter(|(index, _)| index % 2 == 0) {
            *symbol = index % 4 == 0;
        }
        let trace = mark().trace(&leak, &recipients(), 1e-9);
        assert_eq!((trace[0].recipient.as_str(), trace[0].accused, trace[1].accused), ("recipient-7", true, false));
    }

    #[test]
    fn three_colluders_with_a_minority_vote_are_named() {
        let copies: Vec<_> =
            ["recipient-1", "recipient-2", "recipient-3"].iter().map(|name| copy(name, 3000)).collect();
        let minority = |row: usize| {
            let ones = copies.iter().filter(|copy| copy[row].1).count();
            if ones == 0 || ones == 3 { copies[0][row].1 } else { ones == 1 }
        };
        let leak: Vec<_> = (0..3000).map(|row| (copies[0][row].0.clone(), minority(row))).collect();
        let trace = mark().trace(&leak, &recipients(), 1e-9);
        let accused: Vec<_> =
            trace.iter().filter(|known| known.accused).map(|known| known.recipient.as_str()).collect();
        assert!(
            !accused.is_empty()
                && accused.iter().all(|name| ["recipient-1", "recipient-2", "recipient-3"].contains(name)),
            "{accused:?}"
        );
    }

    #[test]
    fn data_of_nobody_accuses_nobody() {
        let leak: Vec<_> = (0..2000_u64).map(|row| (row.to_le_bytes().to_vec(), row % 3 == 0)).collect();
        assert!(mark().trace(&leak, &recipients(), 1e-9).iter().all(|known| !known.accused));
    }

    #[test]
    fn tail_is_the_normal_one() {
        assert!((upper_tail(0.0) - 0.5).abs() < 1e-6 && (upper_tail(1.96) - 0.025).abs() < 1e-4);
        assert!(upper_tail(6.0) < 1.1e-9 && upper_tail(-3.0) > 0.99);
    }
}
