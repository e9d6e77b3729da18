//! How probable it is that an innocent recipient looks guilty.

/// The probability that a sum of independent terms reaches a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tail {
    /// The best estimate (R. Lugannani and S. Rice, 1980).
    pub probability: f64,
    /// An upper bound that holds whatever the number of terms (H. Chernoff, 1952).
    pub bound: f64,
}

/// Scores below this many deviations are no suspicion; their tail is taken from the normal distribution.
const INTERESTING: f64 = 2.0;

/// Terms from which on the estimate is trusted.
const FEWEST: usize = 30;

impl Tail {
    /// The tail at `sum` of a sum of these terms, whose mean is zero.
    pub(super) fn of(terms: &[Term], sum: f64, variance: f64) -> Self {
        if variance <= 0.0 || sum < INTERESTING * variance.sqrt() {
            let probability = upper_normal(if variance > 0.0 { sum / variance.sqrt() } else { 0.0 });
            return Self { probability, bound: 1.0 };
        }
        let theta = saddle_point(terms, sum, variance);
        let (cumulant, _, curvature) = cumulants(terms, theta);
        let exponent = cumulant - theta * sum;
        let bound = exponent.exp().min(1.0);
        let (w, u) = ((-2.0 * exponent).max(0.0).sqrt(), theta * curvature.sqrt());
        let estimate = upper_normal(w) + density(w) * (1.0 / u - 1.0 / w);
        // A sum of few terms has steps that the estimate smooths away.
        let probability =
            if estimate.is_finite() && terms.len() >= FEWEST { estimate.clamp(0.0, bound) } else { bound };
        Self { probability, bound }
    }
}

/// One cell's share of the sum: `high` with probability `bias`, else `low`.
#[derive(Debug)]
pub(super) struct Term {
    pub(super) bias: f64,
    pub(super) high: f64,
    pub(super) low: f64,
}

/// The cumulant generating function and its first two derivatives.
fn cumulants(terms: &[Term], theta: f64) -> (f64, f64, f64) {
    let mut sums = (0.0, 0.0, 0.0);
    for term in terms {
        // Both exponents minus the larger one, so that nothing overflows.
        let (high, low) = (theta * term.high, theta * term.low);
        let most = high.max(low);
        let (one, zero) = (term.bias * (high - most).exp(), (1.0 - term.bias) * (low - most).exp());
        let all = one + zero;
        let mean = (one * term.high + zero * term.low) / all;
        let square = (one * term.high * term.high + zero * term.low * term.low) / all;
        sums.0 += most + all.ln();
        sums.1 += mean;
        sums.2 += square - mean * mean;
    }
    sums
}

/// Where the first derivative is the sum: Newton's steps, kept inside an interval that holds the solution.
fn saddle_point(terms: &[Term], sum: f64, variance: f64) -> f64 {
    let (mut low, mut high, mut theta) = (0.0_f64, f64::INFINITY, sum / variance);
    for _ in 0..60 {
        let (_, slope, curvature) = cumulants(terms, theta);
        let off = slope - sum;
        if off.abs() < 1e-9 * sum {
            break;
        }
        if off > 0.0 {
            high = theta
        } else {
            low = theta
        }
        let newton = theta - off / curvature.max(1e-300);
        let inside = newton > low && newton < high;
        theta = if inside {
            newton
        } else if high.is_finite() {
            (low + high) / 2.0
        } else {
            theta * 2.0
        };
        // The largest sum there is has its saddle point at infinity; any theta bounds the tail.
        if theta > 1e6 {
            break;
        }
    }
    theta
}

/// The probability that any of three sums of the same terms has a tail of at most `least`: as for normal variables with the
/// sums' correlations, by the inequality of D. Hunter (1976) and K. Worsley (1982), which never gives too little.
pub(super) fn any_of_three(least: f64, correlations: [f64; 3]) -> f64 {
    if least <= 0.0 || least >= 0.5 {
        return (3.0 * least).clamp(0.0, 1.0);
    }
    let z = normal_quantile(least);
    let both = correlations.map(|correlation| both_above(z, least, correlation));
    let fewest = both.iter().copied().fold(f64::INFINITY, f64::min);
    let overlap = both.iter().sum::<f64>() - fewest;
    (3.0 * least - overlap).clamp(least, 1.0)
}

/// The probability that two standard normal variables of a correlation both exceed z, whose own tail is known, by
/// Plackett's identity (1954): the integral over the correlation, by Simpson's rule.
fn both_above(z: f64, tail: f64, correlation: f64) -> f64 {
    const STEPS: u32 = 64;
    let width = correlation.clamp(0.0, 1.0).asin() / f64::from(STEPS);
    let height = |step: u32| (-z * z / (1.0 + (f64::from(step) * width).sin())).exp();
    let weighted = |step: u32| height(step) * simpson(step, STEPS);
    let integral: f64 = (0..=STEPS).map(weighted).sum::<f64>() * width / 3.0;
    (tail * tail + integral / (2.0 * std::f64::consts::PI)).min(tail)
}

/// The z that a standard normal variable exceeds with a probability below one half, by Newton's steps on its logarithm.
fn normal_quantile(tail: f64) -> f64 {
    let mut z = (-2.0 * tail.ln()).sqrt();
    for _ in 0..40 {
        let known = upper_normal(z);
        let step = (known / tail).ln() * known / density(z);
        z = (z + step).max(0.0);
        if step.abs() < 1e-10 {
            break;
        }
    }
    z
}

/// The weights of Simpson's rule, times three over the width.
fn simpson(step: u32, steps: u32) -> f64 {
    match step {
        0 => 1.0,
        _ if step == steps => 1.0,
        _ if step % 2 == 1 => 4.0,
        _ => 2.0,
    }
}

fn density(z: f64) -> f64 {
    (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// Probability that a standard normal variable exceeds z: a continued fraction of Mills' ratio from 2 on, an integral
/// by Simpson's rule before.
pub(super) fn upper_normal(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - upper_normal(-z);
    }
    if z < 2.0 {
        const STEPS: u32 = 64;
        let width = z / f64::from(STEPS);
        let weighted = |step: u32| simpson(step, STEPS) * density(f64::from(step) * width);
        let sum: f64 = (0..=STEPS).map(weighted).sum();
        return 0.5 - sum * width / 3.0;
    }
    let ratio = (1..=120).rev().fold(z, |ratio, step| z + f64::from(step) / ratio);
    density(z) / ratio
}

/// The largest value of at most `level` that [`binomial_tail`] takes for any number of hits: at least the probability that
/// such a value is met by chance. Zero when only no hit at all has such a value.
#[must_use]
pub fn binomial_level(level: f64, trials: u64, chance: f64) -> f64 {
    let reaches = |hits: u64| binomial_tail(hits, trials, chance) <= level;
    if level >= 1.0 || trials == 0 || !reaches(trials) {
        return if level >= 1.0 { 1.0 } else { 0.0 };
    }
    // The tail falls with the hits, so that the fewest that reach the level are found by halving.
    let (mut few, mut enough) = (0, trials);
    while enough - few > 1 {
        let middle = few + (enough - few) / 2;
        if reaches(middle) { enough = middle } else { few = middle }
    }
    binomial_tail(enough, trials, chance)
}

/// Upper bound of the probability of at least `hits` of `trials` when each has probability `chance`, by the
/// relative entropy (Chernoff).
#[must_use]
pub fn binomial_tail(hits: u64, trials: u64, chance: f64) -> f64 {
    let chance = chance.clamp(0.0, 1.0);
    if hits == 0 || trials == 0 || chance >= 1.0 {
        return 1.0;
    }
    if chance <= 0.0 {
        return 0.0;
    }
    let (n, share) = (trials as f64, (hits as f64 / trials as f64).min(1.0));
    if share <= chance {
        return 1.0;
    }
    let rest = if share < 1.0 { (1.0 - share) * ((1.0 - share) / (1.0 - chance)).ln() } else { 0.0 };
    (-n * (share * (share / chance).ln() + rest)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_tail_is_the_tabulated_one() {
        for (z, expected) in
            [(0.0, 0.5), (1.0, 0.158_655_254), (1.96, 0.024_997_895), (3.0, 1.349_898e-3), (6.0, 9.865_876e-10)]
        {
            let found = upper_normal(z);
            assert!((found / expected - 1.0).abs() < 1e-5, "{z}: {found}");
        }
        assert!((upper_normal(-3.0) - 0.998_650_102).abs() < 1e-8);
    }

    #[test]
    fn quantiles_undo_tails() {
        for tail in [0.4, 0.1, 0.0228, 1e-3, 1e-9, 1e-60] {
            assert!((upper_normal(normal_quantile(tail)) / tail - 1.0).abs() < 1e-6, "{tail}");
        }
    }

    #[test]
    fn any_of_three_is_between_one_and_all() {
        assert!((any_of_three(0.01, [1.0; 3]) - 0.01).abs() < 1e-9, "the same sum thrice is one");
        let apart = 3.0 * 0.01 - 2.0 * 0.01 * 0.01;
        assert!((any_of_three(0.01, [0.0; 3]) - apart).abs() < 1e-9, "of unrelated sums nearly all count");
        // Two normal variables of correlation one half both exceed 0 with probability one third.
        assert!((both_above(0.0, 0.5, 0.5) - 1.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn levels_are_values_of_the_tail() {
        let level = binomial_level(1e-3, 1000, 1e-7);
        assert_eq!(level, binomial_tail(1, 1000, 1e-7));
        assert!(level < 1e-3 && binomial_level(level * 0.99, 1000, 1e-7) == binomial_tail(2, 1000, 1e-7));
        assert_eq!(
            (binomial_level(1.0, 10, 0.1), binomial_level(1e-30, 2, 0.5), binomial_level(0.5, 0, 0.5)),
            (1.0, 0.0, 0.0)
        );
    }

    #[test]
    fn binomial_bound_is_above_the_exact_probability() {
        // P(X >= 3) for 10 trials of 0.1 is 0.0702; P(X >= 10) is 1e-10.
        let bound = binomial_tail(3, 10, 0.1);
        assert!((0.0702..0.3).contains(&bound), "{bound}");
        assert!((binomial_tail(10, 10, 0.1) / 1e-10 - 1.0).abs() < 1e-6);
        assert_eq!((binomial_tail(0, 10, 0.1), binomial_tail(1, 10, 0.5)), (1.0, 1.0));
    }
}
