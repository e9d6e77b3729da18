//! Administrative divisions by GB/T 2260 code, and calendar checks of what identifiers carry.

use std::sync::LazyLock;

const REGIONS: &str = include_str!("../../../../rules/dlp/regions.tsv");

static TABLE: LazyLock<Regions> = LazyLock::new(|| Regions::parse(REGIONS));

/// How well a code of six digits is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RegionMatch {
    /// No province has these first two digits.
    Unknown,
    /// The province exists; the county may be withdrawn or renumbered.
    Province,
    /// The code is in the table.
    Listed,
}

#[derive(Debug)]
struct Regions {
    /// Sorted by code.
    rows: Vec<(u32, &'static str)>,
    /// One bit for each code of six digits.
    listed: Vec<u64>,
}

impl Regions {
    fn parse(text: &'static str) -> Self {
        let row = |line: &'static str| {
            let (code, name) = line.split_once('\t')?;
            Some((code.parse().ok()?, name))
        };
        let mut rows: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).filter_map(row).collect();
        rows.sort_unstable();
        let mut listed = vec![0_u64; 1_000_000_usize.div_ceil(64)];
        for (code, _) in &rows {
            listed[*code as usize / 64] |= 1_u64 << (code % 64);
        }
        Self { rows, listed }
    }

    fn lists(&self, code: u32) -> bool {
        self.listed.get(code as usize / 64).is_some_and(|bits| bits >> (code % 64) & 1 == 1)
    }
}

/// How well the first six digits of a number are known as a division.
pub(crate) fn region(digits: &[u8]) -> RegionMatch {
    let Some(code) = number(digits.get(..6).unwrap_or_default()) else { return RegionMatch::Unknown };
    match () {
        () if TABLE.lists(code) => RegionMatch::Listed,
        () if code % 10_000 != 0 && TABLE.lists(code / 10_000 * 10_000) => RegionMatch::Province,
        () => RegionMatch::Unknown,
    }
}

/// Codes and names of all divisions, sorted by code.
pub(crate) fn divisions() -> &'static [(u32, &'static str)] {
    &TABLE.rows
}

/// Digits as a number; `None` when empty, longer than nine or no digits.
pub(crate) fn number(digits: &[u8]) -> Option<u32> {
    let fits = (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    fits.then(|| digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0')))
}

/// Whether eight digits are a day of the calendar from 1850 to a last year.
pub(crate) fn is_date(digits: &[u8], latest_year: u16) -> bool {
    let part = |range: std::ops::Range<usize>| digits.get(range).and_then(number);
    match (part(0..4), part(4..6), part(6..8)) {
        (Some(year), Some(month), Some(day)) => {
            (1850..=u32::from(latest_year)).contains(&year) && is_day(year, month, day)
        }
        _ => false,
    }
}

/// Whether a day exists in the Gregorian calendar.
pub(crate) const fn is_day(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    day >= 1 && day <= days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divisions_are_known_by_code() {
        assert_eq!(region(b"620102"), RegionMatch::Listed);
        assert_eq!(region(b"620199"), RegionMatch::Province);
        assert_eq!(region(b"990101"), RegionMatch::Unknown);
        assert!(divisions().len() > 3000);
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        assert!(is_date(b"20000229", 2030) && !is_date(b"19000229", 2030) && !is_date(b"20310101", 2030));
        assert!(!is_date(b"2000", 2030) && !is_date(b"20001301", 2030));
    }
}
