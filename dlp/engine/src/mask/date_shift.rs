//! Moves dates by a secret number of days that is the same for a key and tweak, so that intervals survive.

use super::{Mask, MaskInput};
use crate::EngineError;

pub(super) const MASK: Mask =
    Mask {
        name: "date_shift", label: "日期偏移", deterministic: true, reversible: true, same_length: false, apply
    };

fn apply(input: &MaskInput<'_>) -> Result<String, EngineError> {
    let date = Date::parse(input.value.trim()).ok_or_else(|| EngineError::Mask {
        mask: "date_shift",
        reason: "the value is no date such as 1990-01-02, 1990/1/2, 19900102 or 1990年1月2日; use redact for it"
            .to_owned(),
    })?;
    let range = u64::from(input.parameters.days.max(1)) * 2 + 1;
    let drawn = input.key.number("date_shift", &[input.tweak]) % range;
    let shift = i64::try_from(drawn).unwrap_or(0) - i64::from(input.parameters.days.max(1));
    // Zero days would leave the date as it is.
    Ok(date.moved(if shift == 0 { 1 } else { shift }).written())
}

#[derive(Debug, Clone, Copy)]
struct Date {
    days: i64,
    style: Style,
}

#[derive(Debug, Clone, Copy)]
enum Style {
    Compact,
    Separated(char),
    Chinese,
}

impl Date {
    fn parse(text: &str) -> Option<Self> {
        let numbers: Vec<i64> = text
            .split(|c: char| !c.is_ascii_digit())
            .filter(|part| !part.is_empty())
            .filter_map(|part| part.parse().ok())
            .collect();
        let (year, month, day, style) = match numbers.as_slice() {
            [all] if text.len() == 8 => (all / 10_000, all / 100 % 100, all % 100, Style::Compact),
            [year, month, day] if text.contains('年') && text.ends_with('日') => {
                (*year, *month, *day, Style::Chinese)
            }
            [year, month, day] => {
                (*year, *month, *day, Style::Separated(text.chars().find(|c| matches!(c, '-' | '/' | '.'))?))
            }
            _ => return None,
        };
        let unsigned = |number: i64| u32::try_from(number).ok();
        let valid =
            (1000..=9999).contains(&year) && crate::classify::is_day(unsigned(year)?, unsigned(month)?, unsigned(day)?);
        let plain = text.chars().all(|c| c.is_ascii_digit() || "-/.年月日".contains(c));
        (valid && plain).then(|| Self { days: days_from_civil(year, month, day), style })
    }

    const fn moved(self, days: i64) -> Self {
        Self { days: self.days + days, style: self.style }
    }

    fn written(self) -> String {
        let (year, month, day) = civil_from_days(self.days);
        match self.style {
            Style::Compact => format!("{year:04}{month:02}{day:02}"),
            Style::Separated(separator) => format!("{year:04}{separator}{month:02}{separator}{day:02}"),
            Style::Chinese => format!("{year}年{month}月{day}日"),
        }
    }
}

/// Days since 1970-01-01 of the proleptic Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
pub(super) const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
pub(super) const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day_of_year - (153 * month_index + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_keep_their_style() {
        for text in ["19900102", "1990-01-02", "1990/01/02", "1990年1月2日"] {
            assert_eq!(Date::parse(text).expect("is a date").moved(0).written(), text);
        }
        assert_eq!(Date::parse("2024-02-28").expect("is a date").moved(2).written(), "2024-03-01");
        assert!(Date::parse("2023-02-29").is_none() && Date::parse("Jan 2 1990").is_none());
    }
}
