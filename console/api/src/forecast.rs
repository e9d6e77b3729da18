//! What the next day will likely bring, from the hours of the last two weeks: for each hour of the day the middle of what
//! came at that hour before, raised or lowered as the last day was busier or calmer than usual. Pure.

/// Days that are looked back at.
pub(crate) const DAYS: i64 = 14;
/// Hours that are looked ahead.
pub(crate) const AHEAD: usize = 24;
/// Days without which nothing is told.
const LEAST_DAYS: usize = 3;
/// How far the last day may raise or lower what is usual, so that one storm is not taken for what comes.
const LEVEL: (f64, f64) = (0.25, 4.0);

/// What an hour will likely bring, and between what: eight of ten hours were in there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) count: i64,
    pub(crate) low: i64,
    pub(crate) high: i64,
}

/// The next hours after `past`, which is whole hours, the oldest first. Nothing when there are too few.
pub(crate) fn of(past: &[i64]) -> Option<Vec<Expected>> {
    if past.len() < LEAST_DAYS * AHEAD {
        return None;
    }
    let level = level_of(past);
    let hour = |ahead: usize| {
        let mut same: Vec<i64> =
            (1..).map_while(|day| past.get((past.len() + ahead).checked_sub(day * AHEAD)?)).copied().collect();
        same.sort_unstable();
        let at = |place: usize| rounded(number(same.get(place).copied().unwrap_or(0)) * level);
        let last = same.len().saturating_sub(1);
        Expected { count: at(last / 2), low: at(last / 10), high: at((last * 9).div_ceil(10)) }
    };
    Some((0..AHEAD).map(hour).collect())
}

/// The last day against a usual one.
fn level_of(past: &[i64]) -> f64 {
    let mut days: Vec<i64> = past.rchunks_exact(AHEAD).map(|day| day.iter().sum()).collect();
    let last = days.first().copied().unwrap_or(0);
    days.sort_unstable();
    let usual = days.get(days.len() / 2).copied().unwrap_or(0);
    if usual == 0 { 1.0 } else { (number(last) / number(usual)).clamp(LEVEL.0, LEVEL.1) }
}

#[allow(clippy::cast_precision_loss, reason = "counts of alerts fit 52 bits")]
const fn number(count: i64) -> f64 {
    count as f64
}

#[allow(clippy::cast_possible_truncation, reason = "counts of alerts are far below 2^52, and the cast saturates")]
fn rounded(count: f64) -> i64 {
    count.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two weeks and a day of an office: busy by day, calm at night, with noise that looks random.
    fn office(level: i64) -> Vec<i64> {
        let mut seed = 20_261_127_u64;
        let mut noise = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            i64::try_from(seed >> 59).unwrap_or(0)
        };
        (0..15 * 24)
            .map(|hour| (if (8..18).contains(&(hour % 24)) { 200 } else { 40 }) * level / 10 + noise())
            .collect()
    }

    #[test]
    fn a_rhythm_is_found_again() {
        let hours = office(10);
        let (past, actual) = hours.split_at(14 * 24);
        let expected = of(past).expect("has two weeks");
        let error: i64 = expected.iter().zip(actual).map(|(one, actual)| (one.count - actual).abs()).sum();
        let total: i64 = actual.iter().sum();
        assert!(error * 100 / total < 10, "off by {error} of {total}");
        let inside = expected.iter().zip(actual).filter(|(one, actual)| (one.low..=one.high).contains(actual)).count();
        assert!(inside >= 15, "{inside} of 24 hours are between low and high");
        assert!(expected[12].count > 3 * expected[2].count, "day and night are told apart");
    }

    #[test]
    fn a_busier_day_raises_what_is_expected_within_bounds() {
        let mut past = office(10)[..14 * 24].to_vec();
        let usual = of(&past).expect("has two weeks");
        for hour in past.iter_mut().skip(13 * 24) {
            *hour *= 100;
        }
        let stormy = of(&past).expect("has two weeks");
        assert!(
            stormy[12].count > 3 * usual[12].count && stormy[12].count < 6 * usual[12].count,
            "{:?} {:?}",
            stormy[12],
            usual[12]
        );
    }

    #[test]
    fn little_is_not_enough_and_nothing_stays_nothing() {
        assert_eq!(of(&[5; 71]), None);
        let still = of(&[0; 72]).expect("has three days");
        assert!(still.iter().all(|one| *one == Expected { count: 0, low: 0, high: 0 }));
        assert_eq!(of(&[i64::MAX / 1_000; 72]).as_ref().map(Vec::len), Some(AHEAD));
    }
}
