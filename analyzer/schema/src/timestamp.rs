//! Points in time in nanoseconds since 1970-01-01T00:00:00Z.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A point in time: nanoseconds since the Unix epoch, UTC. Reaches from 1677 to 2262.
///
/// Written and read as RFC 3339 with up to nine fractional digits; the EVE form
/// `2026-01-02T03:04:05.678901+0000` (offset without a colon) is read too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Timestamp(i64);

/// Where a part takes the time from; simulation owns it in tests.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// A text that is no RFC 3339 time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no RFC 3339 time such as 2026-01-02T03:04:05.678Z")]
pub struct ParseTimestampError(String);

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

impl Timestamp {
    /// The epoch itself.
    pub const EPOCH: Self = Self(0);

    /// From nanoseconds since the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From seconds and nanoseconds since the epoch; saturates at the ends of the range.
    #[must_use]
    pub const fn from_parts(seconds: i64, nanos: u32) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND).saturating_add(nanos as i64))
    }

    /// From milliseconds since the epoch; saturates at the ends of the range.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Milliseconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Seconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(NANOS_PER_SECOND)
    }

    /// This moment moved by so many nanoseconds, saturating.
    #[must_use]
    pub const fn plus_nanos(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// This moment moved by so many seconds, saturating.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_nanos(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// Nanoseconds from `earlier` to this moment (negative when it is later), saturating.
    #[must_use]
    pub const fn nanos_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The UTC calendar day as `YYYY-MM-DD`.
    #[must_use]
    pub fn day(self) -> String {
        let (year, month, day) = civil_from_days(self.as_seconds().div_euclid(SECONDS_PER_DAY));
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// Suricata's EVE form in UTC with microseconds: `2026-01-02T03:04:05.678901+0000`.
    #[must_use]
    pub fn to_eve(self) -> String {
        format!("{}.{:06}+0000", self.to_seconds_text(), self.0.rem_euclid(NANOS_PER_SECOND) / 1000)
    }

    fn to_seconds_text(self) -> String {
        let of_day = self.as_seconds().rem_euclid(SECONDS_PER_DAY);
        format!("{}T{:02}:{:02}:{:02}", self.day(), of_day / 3600, of_day / 60 % 60, of_day % 60)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.rem_euclid(NANOS_PER_SECOND);
        f.write_str(&self.to_seconds_text())?;
        match (nanos % 1_000_000, nanos % 1000) {
            (0, _) => write!(f, ".{:03}Z", nanos / 1_000_000),
            (_, 0) => write!(f, ".{:06}Z", nanos / 1000),
            _ => write!(f, ".{nanos:09}Z"),
        }
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for Timestamp {
    type Error = ParseTimestampError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.as_bytes()).ok_or_else(|| ParseTimestampError(crate::shown(text).to_string()))
    }
}

fn parse(text: &[u8]) -> Option<Timestamp> {
    let (year, month, day) = (number(text.get(0..4)?)?, number(text.get(5..7)?)?, number(text.get(8..10)?)?);
    let (hour, minute, second) = (number(text.get(11..13)?)?, number(text.get(14..16)?)?, number(text.get(17..19)?)?);
    let separators = [text[4], text[7], text[13], text[16]] == *b"--::" && matches!(text[10], b'T' | b't' | b' ');
    let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if !separators || !in_range {
        return None;
    }
    let (nanos, zone) = fraction(&text[19..])?;
    let days = days_from_civil(year, month, day);
    if civil_from_days(days) != (year, month, day) {
        return None;
    }
    let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - offset_seconds(zone)?;
    seconds.checked_mul(NANOS_PER_SECOND)?.checked_add(nanos).map(Timestamp)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

/// Splits `.678901Z` into nanoseconds and the zone; digits past the ninth are cut.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(b'.' | b',') = text.first() else { return Some((0, text)) };
    let length = text[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = &text[1..=length.min(9)];
    let scale = 10_i64.pow(u32::try_from(9 - digits.len()).ok()?);
    (length > 0).then_some(())?;
    Some((number(digits)? * scale, &text[1 + length..]))
}

/// Seconds east of UTC of `Z`, `+08:00` or `+0800`; a missing zone is UTC.
fn offset_seconds(zone: &[u8]) -> Option<i64> {
    let (sign, rest) = match zone {
        [] | b"Z" | b"z" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest {
        [_, _, b':', _, _] => (number(&rest[..2])?, number(&rest[3..])?),
        [_, _, _, _] => (number(&rest[..2])?, number(&rest[2..])?),
        [_, _] => (number(rest)?, 0),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Days since the epoch of a date of the proleptic Gregorian calendar
/// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The date of a day since the epoch; the inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day_of_year - (153 * month_index + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Timestamp {
        text.parse().expect("is a time")
    }

    #[test]
    fn known_moments() {
        assert_eq!(parsed("1970-01-01T00:00:00Z").as_nanos(), 0);
        assert_eq!(parsed("2000-02-29T12:00:00+08:00").as_seconds(), 951_796_800);
        assert_eq!(parsed("2026-11-22T14:03:09.123456+0000").to_eve(), "2026-11-22T14:03:09.123456+0000");
        assert_eq!(parsed("2026-11-22 14:03:09,5Z").to_string(), "2026-11-22T14:03:09.500Z");
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "2026",
            "2026-02-30T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+99:00",
            "９",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn display_and_parse_agree(nanos in any::<i64>()) {
            let time = Timestamp::from_nanos(nanos);
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }

        #[test]
        fn parsing_never_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Timestamp>();
        }
    }
}
