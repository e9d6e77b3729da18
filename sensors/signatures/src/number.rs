//! Numbers and comparisons as keywords write them.

/// A set of numbers: `n`, `<n`, `>=n`, `a<>b` (both ends excluded), `a-b` (both ends included), `!n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Comparison {
    low: u64,
    high: u64,
    negated: bool,
}

impl Comparison {
    pub(crate) const fn matches(self, number: u64) -> bool {
        (self.low <= number && number <= self.high) != self.negated
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (negated, rest) = match text.strip_prefix("!=").or_else(|| text.strip_prefix('!')) {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (low, high) = bounds(rest)?;
        if low > high { Err(format!("{text} holds for no number")) } else { Ok(Self { low, high, negated }) }
    }
}

fn bounds(text: &str) -> Result<(u64, u64), String> {
    let none = || format!("{text} holds for no number");
    if let Some((low, high)) = text.split_once("<>") {
        return Ok((number(low)?.saturating_add(1), number(high)?.checked_sub(1).ok_or_else(none)?));
    }
    if let Some(rest) = text.strip_prefix(">=") {
        return Ok((number(rest)?, u64::MAX));
    }
    if let Some(rest) = text.strip_prefix("<=") {
        return Ok((0, number(rest)?));
    }
    if let Some(rest) = text.strip_prefix('>') {
        return Ok((number(rest)?.checked_add(1).ok_or_else(none)?, u64::MAX));
    }
    if let Some(rest) = text.strip_prefix('<') {
        return Ok((0, number(rest)?.checked_sub(1).ok_or_else(none)?));
    }
    if let Some((low, high)) = text.split_once('-') {
        return Ok((number(low)?, number(high)?));
    }
    let only = number(text.strip_prefix('=').unwrap_or(text))?;
    Ok((only, only))
}

/// A number, decimal or `0x` hexadecimal, with an optional unit `KB`, `MB` or `GB` (keyword `filesize`).
pub(crate) fn number(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let parsed = match lower.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => with_unit(&lower),
    };
    parsed.ok_or_else(|| format!("{} is no number", fengsui_schema::shown(text)))
}

fn with_unit(text: &str) -> Option<u64> {
    let units = [("kb", 10), ("mb", 20), ("gb", 30)];
    let (digits, shift) =
        units.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift))).unwrap_or((text, 0));
    digits.trim().parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// A number that may be negative.
pub(crate) fn signed(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let value = number(digits.strip_prefix('+').unwrap_or(digits))?;
    i64::try_from(value).map(|value| sign * value).map_err(|_| format!("{text} is out of range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_mean_what_the_language_says() {
        for (text, inside, outside) in [
            ("10", 10, 11),
            ("<10", 9, 10),
            (">10", 11, 10),
            ("<= 8", 8, 9),
            (">=8", 8, 7),
            ("!= 0", 1, 0),
            ("!5", 4, 5),
            ("10<>20", 11, 10),
            ("10<>20", 19, 20),
            ("4-6", 6, 7),
            ("0x10", 16, 10),
            ("<1KB", 1023, 1024),
        ] {
            let comparison = Comparison::parse(text).unwrap();
            assert!(comparison.matches(inside) && !comparison.matches(outside), "{text}");
        }
        for bad in ["", "x", "<0", "9<>9", "5-4", "-1"] {
            assert!(Comparison::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(signed("-17"), Ok(-17));
    }
}
