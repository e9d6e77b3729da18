//! Terms of fields outside the catalogue.
//!
//! All of them share one field of the index. A text has `name NUL = value`; a number `name NUL # key` and a time
//! `name NUL @ key`, where keys sort as the values do; a number that is not written the shortest way has its text and
//! `name NUL % key`, so that it is in ranges and equal to nothing but itself. A name whose
//! value is indexed under another name in the same event has `name NUL > other` instead. That a field is there at all is
//! the range of its name.

use fengsui_schema::Timestamp;

use crate::limits;
use crate::tokenizer::push_keyword;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Text,
    /// Written the shortest way, so that the number tells the text.
    Number(f64),
    /// A number written another way.
    Spelled(f64),
    /// Microseconds since the epoch.
    Time(i64),
}

/// What a value is.
pub(crate) fn kind(text: &str) -> Kind {
    match as_number(text) {
        Some(number) if number_text(number) == text => Kind::Number(number),
        Some(number) => Kind::Spelled(number),
        None => as_time(text).map_or(Kind::Text, Kind::Time),
    }
}

/// Whole numbers below this are exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A number written the shortest way.
fn number_text(number: f64) -> String {
    // The cast keeps a whole number of this size.
    if number.fract() == 0.0 && number.abs() < EXACT { (number as i64).to_string() } else { number.to_string() }
}

/// Whether a text may be a point in time; cheap.
pub(crate) fn looks_like_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    (19..=40).contains(&bytes.len()) && bytes[4] == b'-' && bytes[7] == b'-' && bytes[0].is_ascii_digit()
}

/// The microseconds of a point in time.
pub(crate) fn as_time(text: &str) -> Option<i64> {
    if looks_like_time(text) { text.parse::<Timestamp>().ok().map(micros) } else { None }
}

/// Whether a text is a point in time.
pub(crate) fn is_time(text: &str) -> bool {
    as_time(text).is_some()
}

/// Microseconds since the epoch, as times outside the catalogue are compared.
pub(crate) fn micros(time: Timestamp) -> i64 {
    time.as_nanos().div_euclid(1_000)
}

/// A term that a function writes.
fn written(write: impl FnOnce(&mut String)) -> String {
    let mut term = String::new();
    write(&mut term);
    term
}

/// Writes 16 hexadecimal digits.
fn push_hex(term: &mut String, bits: u64) {
    let digits = (0..16).rev().map(|place| b"0123456789abcdef"[(bits >> (4 * place) & 15) as usize]);
    term.extend(digits.map(char::from));
}

fn push_key(term: &mut String, name: &str, sign: char, bits: u64) {
    push_name(term, name);
    term.push(sign);
    push_hex(term, bits);
}

/// Writes the first term of a name.
pub(crate) fn push_name(term: &mut String, name: &str) {
    term.push_str(name);
    term.push('\0');
}

/// Writes the term of a time.
pub(crate) fn push_time(term: &mut String, name: &str, micros: i64) {
    push_key(term, name, '@', micros.cast_unsigned() ^ 1 << 63);
}

/// Writes the term that says that an event has a name's value under another name.
pub(crate) fn push_alias(term: &mut String, name: &str, target: &str) {
    push_name(term, name);
    term.push('>');
    term.push_str(target);
}

/// Writes the term of a value.
pub(crate) fn push_value(term: &mut String, name: &str, value: &str) {
    push_name(term, name);
    term.push('=');
    push_keyword(term, value);
}

/// Writes the term of a number.
pub(crate) fn push_number(term: &mut String, name: &str, number: f64) {
    push_key(term, name, '#', sortable(number));
}

/// Writes the term of a number that is not written the shortest way.
pub(crate) fn push_spelled(term: &mut String, name: &str, number: f64) {
    push_key(term, name, '%', sortable(number));
}

/// The term of a time.
pub(crate) fn time_term(name: &str, micros: i64) -> String {
    written(|term| push_time(term, name, micros))
}

/// First and last possible term of a name's times.
pub(crate) fn time_range(name: &str) -> (String, String) {
    (format!("{name}\0@"), format!("{name}\0@~"))
}

/// The term that says that an event has a name's value under another name.
pub(crate) fn alias_term(name: &str, target: &str) -> String {
    written(|term| push_alias(term, name, target))
}

/// First possible term of a name's aliases and the first term after all of them.
pub(crate) fn alias_range(name: &str) -> (String, String) {
    (format!("{name}\0>"), format!("{name}\0?"))
}

/// The number of a term of numbers, written the shortest way.
pub(crate) fn term_number(key: &str) -> Option<String> {
    let bits = u64::from_str_radix(key, 16).ok()?;
    Some(number_text(f64::from_bits(if bits >> 63 == 1 { bits ^ 1 << 63 } else { !bits })))
}

/// Whether a name can be indexed.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= limits::FIELD_NAME_BYTES && !name.bytes().any(|byte| byte < b' ')
}

/// The term of a value.
pub(crate) fn value_term(name: &str, value: &str) -> String {
    written(|term| push_value(term, name, value))
}

/// The term of a number.
pub(crate) fn number_term(name: &str, number: f64) -> String {
    written(|term| push_number(term, name, number))
}

/// First term of a name and the first term after all of them.
pub(crate) fn name_range(name: &str) -> (String, String) {
    (format!("{name}\0"), format!("{name}\u{1}"))
}

/// The term of a number that is not written the shortest way.
pub(crate) fn spelled_term(name: &str, number: f64) -> String {
    written(|term| push_spelled(term, name, number))
}

/// First and last possible term of a name's numbers.
pub(crate) fn number_range(name: &str) -> (String, String) {
    (format!("{name}\0#"), format!("{name}\0#~"))
}

/// First and last possible term of a name's numbers that are not written the shortest way.
pub(crate) fn spelled_range(name: &str) -> (String, String) {
    (format!("{name}\0%"), format!("{name}\0%~"))
}

/// First possible term of a name's texts and the first term after all of them.
pub(crate) fn value_range(name: &str) -> (String, String) {
    (format!("{name}\0="), format!("{name}\0>"))
}

/// The number that a value is or spells.
pub(crate) fn as_number(text: &str) -> Option<f64> {
    let plausible = text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if !plausible {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Bits that sort as the numbers do: the sign bit is flipped, negative numbers wholly.
fn sortable(number: f64) -> u64 {
    // Minus zero is zero.
    let bits = (number + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_sort_as_terms(a in -1e12_f64..1e12, b in -1e12_f64..1e12) {
            prop_assert_eq!(number_term("n", a) < number_term("n", b), a < b);
            let term = number_term("n", a);
            prop_assert_eq!(term_number(term.strip_prefix("n\0#").expect("number")), Some(number_text(a)));
        }
    }

    #[test]
    fn a_value_is_of_one_kind() {
        let time = kind("2026-11-22T12:00:00.000001+0000");
        assert_eq!(time, kind("2026-11-22T12:00:00.000001Z"));
        assert_eq!(
            (time, kind("7"), kind("2.5")),
            (Kind::Time(1_795_348_800_000_001), Kind::Number(7.0), Kind::Number(2.5))
        );
        assert_eq!((kind("07"), kind("7.0"), kind("-0")), (Kind::Spelled(7.0), Kind::Spelled(7.0), Kind::Spelled(0.0)));
        assert_eq!(
            (kind("2026-11-22"), kind("12345678901234567890")),
            (Kind::Text, Kind::Spelled(12_345_678_901_234_567_168.0))
        );
        assert!(time_term("n", -1) < time_term("n", 0) && time_term("n", 0) < time_term("n", 1));
    }

    #[test]
    fn zero_has_one_term_and_words_are_no_numbers() {
        assert_eq!(number_term("n", 0.0), number_term("n", -0.0));
        assert_eq!((as_number("1e3"), as_number("inf"), as_number("")), (Some(1000.0), None, None));
    }
}
