//! Where a symbol hides in a cell: in a choice between two ways to write the same thing.

use crate::mask::{day_number, moved};

/// How the cells of a column carry symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// Masked cells: an even or odd number of stars. Costs nothing.
    Stars,
    /// Texts and addresses: 栋 or 幢, 号 or #, full-width or half-width punctuation.
    Wording,
    /// Numbers: moved by at most so many units of the last decimal place, as the steward allows.
    Number(u32),
    /// Dates: moved by at most so many days, as the steward allows.
    Date(u32),
}

impl Carrier {
    /// The cell with a symbol in it; `None` when it can't carry one.
    #[must_use]
    pub fn write(self, value: &str, symbol: bool) -> Option<String> {
        match self {
            Self::Stars => stars(value, symbol),
            Self::Wording => wording(value, symbol),
            Self::Number(units) => number(value, i128::from(units), symbol),
            Self::Date(units) => date(value, i64::from(units), symbol),
        }
    }

    /// The cell as it is with the symbol zero: the same in all copies. A cell that carries nothing is itself.
    #[must_use]
    pub fn neutral(self, value: &str) -> String {
        self.write(value, false).unwrap_or_else(|| value.to_owned())
    }

    /// The symbol of a cell; `None` when it carries none.
    #[must_use]
    pub fn read(self, value: &str) -> Option<bool> {
        if self.write(value, false)? == value {
            return Some(false);
        }
        (self.write(value, true)? == value).then_some(true)
    }

    /// The carrier that a column of masked or plain texts offers, if enough of its cells can carry a symbol.
    #[must_use]
    pub fn of_texts<'a>(values: impl Iterator<Item = &'a str> + Clone) -> Option<Self> {
        let filled = values.clone().filter(|value| !value.is_empty()).count();
        [Self::Stars, Self::Wording].into_iter().find(|carrier| {
            let carrying = values.clone().filter(|value| carrier.write(value, false).is_some()).count();
            carrying > 0 && carrying * 5 >= filled
        })
    }
}

/// Runs longer than this are no mask.
const LONGEST_RUN: usize = 64;

/// The first run of stars, one longer or shorter: the even of a pair is zero.
fn stars(value: &str, symbol: bool) -> Option<String> {
    let start = value.find('*')?;
    let run = value[start..].bytes().take_while(|byte| *byte == b'*').count();
    if run > LONGEST_RUN {
        return None;
    }
    let count = run + run % 2 - usize::from(symbol);
    Some(format!("{}{}{}", &value[..start], "*".repeat(count), &value[start + run..]))
}

/// Equivalent ways to write: zero, one.
const VARIANTS: &[(&str, &str)] =
    &[("栋", "幢"), ("，", ","), ("（", "("), ("）", ")"), ("：", ":"), ("；", ";"), ("、", "､"), ("—", "–")];

fn wording(value: &str, symbol: bool) -> Option<String> {
    if let Some(written) = house_number(value, symbol) {
        return Some(written);
    }
    let (zero, one) = VARIANTS.iter().find(|(zero, one)| value.contains(zero) || value.contains(one))?;
    Some(if symbol { value.replace(zero, one) } else { value.replace(one, zero) })
}

/// The first 号 or # behind a digit.
fn house_number(value: &str, symbol: bool) -> Option<String> {
    let mut digit = false;
    for (at, c) in value.char_indices() {
        if digit && (c == '号' || c == '#') {
            let sign = if symbol { "#" } else { "号" };
            return Some(format!("{}{sign}{}", &value[..at], &value[at + c.len_utf8()..]));
        }
        digit = c.is_ascii_digit();
    }
    None
}

/// Steps of `units` come in pairs; the symbol chooses one of the pair, so that a number moves by one step at most.
fn number(value: &str, units: i128, symbol: bool) -> Option<String> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = !whole.is_empty() && whole.len() + decimals.len() <= 30;
    (plain && whole.bytes().chain(decimals.bytes()).all(|byte| byte.is_ascii_digit())).then_some(())?;
    let unsigned: i128 = format!("{whole}{decimals}").parse().ok()?;
    let scaled = if value.starts_with('-') { -unsigned } else { unsigned };
    let moved = paired(scaled, units.max(1), symbol);
    let (sign, text) =
        (if moved < 0 { "-" } else { "" }, format!("{:0width$}", moved.unsigned_abs(), width = decimals.len() + 1));
    let (whole, decimals) = text.split_at(text.len() - decimals.len());
    Some(if decimals.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{decimals}") })
}

fn date(value: &str, units: i64, symbol: bool) -> Option<String> {
    let day = i128::from(day_number(value)?);
    let shift = paired(day, i128::from(units.max(1)), symbol) - day;
    moved(value, i64::try_from(shift).ok()?)
}

fn paired(number: i128, step: i128, symbol: bool) -> i128 {
    let index = number.div_euclid(step);
    let chosen = index.div_euclid(2) * 2 + i128::from(symbol);
    number + (chosen - index) * step
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_cells_carry_nothing() {
        assert_eq!(Carrier::Stars.write("13800138000", true), None);
        assert_eq!(Carrier::Wording.read("abc"), None);
        assert_eq!(Carrier::Number(1).write("12a", true), None);
    }

    #[test]
    fn short_names_carry_too() {
        assert_eq!(Carrier::Stars.write("王*", false).as_deref(), Some("王**"));
        assert_eq!(Carrier::Stars.write("王**", true).as_deref(), Some("王*"));
    }

    #[test]
    fn numbers_and_dates_move_by_one_step_at_most() {
        assert_eq!(Carrier::Number(1).write("12.30", true).as_deref(), Some("12.31"));
        assert_eq!(Carrier::Number(100).write("-250", true).as_deref(), Some("-250"));
        assert_eq!(Carrier::Number(1).write("0", true).as_deref(), Some("1"));
        assert_eq!(Carrier::Date(1).neutral("1970-01-02 08:00:00"), "1970-01-01 08:00:00");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(head in "[a-z0-9]{0,6}", stars in 1_usize..20, number in -99_999_i64..99_999, units in 1_u32..50, symbol: bool) {
            let cells = [
                (Carrier::Stars, format!("{head}{}@x", "*".repeat(stars))),
                (Carrier::Wording, format!("{head}东路{stars}号3栋2室")),
                (Carrier::Wording, format!("{head}，见附件")),
                (Carrier::Number(units), number.to_string()),
                (Carrier::Number(units), format!("{}.{:02}", number, stars)),
                (Carrier::Date(units), format!("19{:02}-0{}-1{}", 10 + stars, 1 + stars % 9, stars % 10)),
            ];
            for (carrier, cell) in cells {
                let marked = carrier.write(&cell, symbol).expect("carries");
                prop_assert_eq!(carrier.read(&marked), Some(symbol), "{:?} {}", carrier, marked);
                prop_assert_eq!(carrier.neutral(&marked), carrier.neutral(&cell));
            }
        }
    }
}
