//! Numbers and comparisons as keywords write them.

use fengsui_schema::shown;

/// A set of numbers: `n`, `<n`, `>=n`, `a<>b` and `a-b` (both ends excluded), `&mask=n` for the bits of a mask;
/// `!` before any of them takes the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// Bits that are compared.
    mask: u64,
    low: u64,
    high: u64,
    negated: bool,
}

impl Comparison {
    pub(crate) const fn matches(self, number: u64) -> bool {
        let number = number & self.mask;
        (self.low <= number && number <= self.high) != self.negated
    }

    /// Exactly this number.
    pub(crate) const fn only(number: u64) -> Self {
        Self { mask: u64::MAX, low: number, high: number, negated: false }
    }

    /// These numbers and those between them.
    pub(crate) const fn between(low: u64, high: u64) -> Self {
        Self { mask: u64::MAX, low, high, negated: false }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix('&') {
            return bits(rest);
        }
        let (negated, rest) = match text.strip_prefix("!=").or_else(|| text.strip_prefix('!')) {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (low, high) = bounds(rest)?;
        if low > high {
            return Err(format!("{text} holds for no number"));
        }
        Ok(Self { negated, ..Self::between(low, high) })
    }
}

/// `mask=value` or `mask!=value`.
fn bits(text: &str) -> Result<Comparison, String> {
    let (mask, value) = text.split_once('=').ok_or_else(|| format!("{} lacks what the mask gives", shown(text)))?;
    let (mask, negated) = mask.strip_suffix('!').map_or((mask, false), |mask| (mask, true));
    let (mask, value) = (number(mask)?, number(value)?);
    if value & !mask != 0 {
        return Err(format!("{} holds for no number: the value has bits the mask lacks", shown(text)));
    }
    Ok(Comparison { mask, negated, ..Comparison::only(value) })
}

fn bounds(text: &str) -> Result<(u64, u64), String> {
    let none = || format!("{text} holds for no number");
    if let Some((low, high)) = text.split_once("<>").or_else(|| text.split_once('-')) {
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
    let only = number(text.strip_prefix('=').unwrap_or(text))?;
    Ok((only, only))
}

/// A number, decimal or `0x` hexadecimal, with an optional unit `KB`, `MB` or `GB`, or
/// `KiB`, `MiB` or `GiB`, which mean the same.
pub(crate) fn number(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let parsed = match lower.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => with_unit(&lower),
    };
    parsed.ok_or_else(|| format!("{} is no number", shown(text)))
}

fn with_unit(text: &str) -> Option<u64> {
    let units = [("kb", 10), ("mb", 20), ("gb", 30), ("kib", 10), ("mib", 20), ("gib", 30)];
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
            ("4-6", 5, 6),
            ("!1-4", 4, 3),
            ("&0xc0=0x80", 0xbf, 0xc0),
            ("&0xc0!=0", 0x40, 0x3f),
            ("2KiB", 2048, 2),
            ("0x10", 16, 10),
            ("<1KB", 1023, 1024),
        ] {
            let comparison = Comparison::parse(text).unwrap();
            assert!(comparison.matches(inside) && !comparison.matches(outside), "{text}");
        }
        for bad in ["", "x", "<0", "9<>9", "5-4", "1-2", "-1", "&1", "&0xc0=2"] {
            assert!(Comparison::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(signed("-17"), Ok(-17));
    }
}
