//! Moves dates by a secret number of days that is the same for a key and tweak, so that intervals survive.

use std::fmt::Write;

use super::{Keeps, Mask, MaskInput};

pub(super) const MASK: Mask = Mask {
    name: "date_shift",
    label: "日期偏移",
    deterministic: true,
    reversible: true,
    injective: true,
    same_length: false,
    keeps: Keeps::Dates,
    apply,
};

const REFUSED: &str = "the value is no date such as 1990-01-02, 1990/1/2, 19900102 or 1990年1月2日; use redact for it";

fn apply(input: &MaskInput<'_>, out: &mut String) -> Result<(), &'static str> {
    let (date, time) = parts(input.value.trim());
    let date = Date::parse(date).ok_or(REFUSED)?;
    let most = u64::from(input.parameters.days.clamp(1, 36_500));
    let drawn = input.keys.number("date_shift", &[]) % (most * 2 + 1);
    let shift = i64::try_from(drawn).unwrap_or(0) - i64::try_from(most).unwrap_or(0);
    // Zero days would leave the date as it is.
    date.moved(if shift == 0 { 1 } else { shift }).write(out).map_err(|_| REFUSED)?;
    out.push_str(time);
    Ok(())
}

/// The date, and what follows it: a time of day with the separator before it.
fn parts(text: &str) -> (&str, &str) {
    let end = text.find([' ', 'T']).unwrap_or(text.len());
    text.split_at(end)
}

/// Whether a text is a date, or a date and a time of day.
pub(crate) fn is_date(text: &str) -> bool {
    Date::parse(parts(text.trim()).0).is_some()
}

/// The date moved by so many days, written as it was, with its time of day.
pub(crate) fn moved(text: &str, days: i64) -> Option<String> {
    let (date, time) = parts(text);
    let mut out = String::new();
    Date::parse(date)?.moved(days).write(&mut out).ok()?;
    Some(out + time)
}

/// Days of a date (or of a date with a time of day) since 1970-01-01.
#[must_use]
pub fn day_number(text: &str) -> Option<i64> {
    Date::parse(parts(text).0).map(|date| date.days)
}

/// The date of so many days since 1970-01-01, written `1970-01-01`.
#[must_use]
pub fn day_text(days: i64) -> String {
    let (year, month, day) = civil_from_days(days);
    format!("{year:04}-{month:02}-{day:02}")
}

#[derive(Debug, Clone, Copy)]
struct Date {
    days: i64,
    style: Style,
}

#[derive(Debug, Clone, Copy)]
enum Style {
    Compact,
    /// With this separator, and with leading zeros or without.
    Separated(char, bool),
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
                let separator = text.chars().find(|c| matches!(c, '-' | '/' | '.'))?;
                (*year, *month, *day, Style::Separated(separator, text.len() == 10))
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

    fn write(self, out: &mut String) -> std::fmt::Result {
        let (year, month, day) = civil_from_days(self.days);
        match self.style {
            Style::Compact => write!(out, "{year:04}{month:02}{day:02}"),
            Style::Separated(separator, true) => write!(out, "{year:04}{separator}{month:02}{separator}{day:02}"),
            Style::Separated(separator, false) => write!(out, "{year}{separator}{month}{separator}{day}"),
            Style::Chinese => write!(out, "{year}年{month}月{day}日"),
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
    fn days_move_over_the_ends_of_months() {
        assert_eq!(moved("2024-02-28", 2).as_deref(), Some("2024-03-01"));
        assert_eq!(moved("2024/2/9", 1).as_deref(), Some("2024/2/10"));
        assert_eq!(moved("1990年1月2日", -2).as_deref(), Some("1989年12月31日"));
        assert_eq!(moved("19991231 23:59", 1).as_deref(), Some("20000101 23:59"));
        assert_eq!(moved("2023-02-29", 1), None);
        assert!((-100_000..100_000).step_by(37).all(|days| {
            let (year, month, day) = civil_from_days(days);
            days_from_civil(year, month, day) == days
        }));
    }
}
