//! Pieces of text that several formats share: cutting, calendar times, key-value pairs.

use fengsui_schema::Timestamp;

use crate::limits;

/// A text cut to a length in bytes, at the end of a character.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// The bytes as text without the line end; bytes that are no UTF-8 are replaced.
pub(crate) fn line(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    let end = bytes.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n' | 0)).map_or(0, |last| last + 1);
    String::from_utf8_lossy(&bytes[..end])
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Number of a month of three English letters, from 1.
pub(crate) fn month(name: &str) -> Option<usize> {
    MONTHS.iter().position(|known| known.eq_ignore_ascii_case(name)).map(|index| index + 1)
}

/// The time of `22/Nov/2026:20:56:27 +0800` (access logs).
pub(crate) fn access_log_time(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_once(':')?;
    let mut parts = date.split('/');
    let (day, name, year) = (parts.next()?, parts.next()?, parts.next()?);
    let (clock, zone) = rest.split_once(' ').unwrap_or((rest, "Z"));
    format!("{year}-{:02}-{day:0>2}T{clock}{zone}", month(name)?).parse().ok()
}

/// The time of `Nov 22 20:56:27` (RFC 3164), which names neither year nor zone. Of the years around the time of
/// reception, and of UTC and Beijing time, the reading nearest to the time of reception is taken.
pub(crate) fn bsd_time(text: &str, received: Timestamp) -> Option<Timestamp> {
    let (name, rest) = text.split_at_checked(3)?;
    let (day, clock) = rest.trim_start().split_once(' ')?;
    let year: i64 = received.day().get(..4)?.parse().ok()?;
    let month = month(name)?;
    let readings = (year - 1..=year + 1).flat_map(|year| ["Z", "+08:00"].map(|zone| (year, zone)));
    readings
        .filter_map(|(year, zone)| format!("{year:04}-{month:02}-{day:0>2}T{}{zone}", clock.trim()).parse().ok())
        .min_by_key(|time: &Timestamp| received.nanos_since(*time).unsigned_abs())
}

/// The time of `Nov 22 2026 20:56:27` or `Nov 22 20:56:27 2026` at the start of a line, as firewalls write it, and what
/// follows. Of UTC and Beijing time the reading nearest to the time of reception is taken.
pub(crate) fn dated_time(text: &str, received: Timestamp) -> Option<(Timestamp, &str)> {
    let month = month(text.get(..3)?)?;
    let (day, rest) = text.get(3..)?.trim_start().split_once(' ')?;
    let (first, rest) = rest.trim_start().split_once(' ')?;
    let (second, rest) = rest.trim_start().split_once(' ').unwrap_or((rest.trim_start(), ""));
    let is_year = |word: &str| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    let (year, clock) = if is_year(first) { (first, second) } else { (second, first) };
    let clock = clock.trim_end_matches(':');
    if !is_year(year) || clock.len() < 8 {
        return None;
    }
    let readings = ["Z", "+08:00"].map(|zone| format!("{year}-{month:02}-{day:0>2}T{clock}{zone}").parse().ok());
    let time =
        readings.into_iter().flatten().min_by_key(|time: &Timestamp| received.nanos_since(*time).unsigned_abs())?;
    Some((time, rest))
}

/// The time of a number of seconds since the epoch with an optional fraction: `1364481363.243`.
pub(crate) fn epoch_seconds(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = fraction.get(..fraction.len().min(9))?;
    let scale = 10_u32.pow(u32::try_from(9 - digits.len()).ok()?);
    let nanos: u32 = digits.parse().ok()?;
    Some(Timestamp::from_parts(seconds.parse().ok()?, nanos.checked_mul(scale)?))
}

/// Pairs of `key=value` separated by blanks; values may stand in double or single quotes. At most
/// [`limits::COLUMNS`] pairs; words without `=` are skipped.
pub(crate) fn pairs(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while found.len() < limits::COLUMNS {
        rest = rest.trim_start_matches([' ', ',', ';', '\t']);
        let Some(end) = rest.find([' ', '=', '\t']) else { break };
        if rest.as_bytes()[end] != b'=' {
            rest = &rest[end..];
            continue;
        }
        let (value, after) = value(&rest[end + 1..]);
        found.push((&rest[..end], value));
        rest = after;
    }
    found
}

/// A value and what follows it.
fn value(text: &str) -> (&str, &str) {
    if let Some(quote @ ('"' | '\'')) = text.chars().next() {
        let inner = &text[1..];
        let end = inner.find(quote).unwrap_or(inner.len());
        return (&inner[..end], inner.get(end + 1..).unwrap_or_default());
    }
    text.split_at(text.find([' ', '\t']).unwrap_or(text.len()))
}

/// The cells of one row; quotes double inside quotes.
pub(crate) fn cells(row: &str) -> Vec<String> {
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    let mut characters = row.trim_end_matches(['\r', '\n']).chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
        if cells.len() == limits::COLUMNS {
            return cells;
        }
    }
    cells.push(cell);
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("is a time")
    }

    #[test]
    fn calendar_times() {
        assert_eq!(access_log_time("22/Nov/2026:20:56:27 +0800"), Some(at("2026-11-22T12:56:27Z")));
        assert_eq!(epoch_seconds("1364481363.243"), Some(at("2013-03-28T14:36:03.243Z")));
        assert_eq!(epoch_seconds("x"), None);
    }

    #[test]
    fn a_time_without_year_is_near_its_reception() {
        assert_eq!(bsd_time("Dec 31 23:59:58", at("2027-01-01T00:00:03Z")), Some(at("2026-12-31T23:59:58Z")));
        assert_eq!(bsd_time("Nov  2 20:00:00", at("2026-11-02T12:00:01Z")), Some(at("2026-11-02T12:00:00Z")));
        assert_eq!(bsd_time("Foo 31 23:59:58", Timestamp::EPOCH), None);
    }

    #[test]
    fn pairs_with_and_without_quotes() {
        let found = pairs(r#"IN=eth0 OUT= DF msg="a b" exe='c d' last=1"#);
        assert_eq!(found, [("IN", "eth0"), ("OUT", ""), ("msg", "a b"), ("exe", "c d"), ("last", "1")]);
    }
}
