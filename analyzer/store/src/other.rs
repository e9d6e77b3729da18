//! Terms of fields outside the catalogue.
//!
//! All of them share one field of the index: `name NUL = value` for equality and patterns, and for numbers also
//! `name NUL # key`, where keys sort as the numbers do. That a field is there at all is the range of its name.

use crate::limits;
use crate::tokenizer::keyword;

/// Whether a name can be indexed.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= limits::FIELD_NAME_BYTES && !name.bytes().any(|byte| byte < b' ')
}

/// The term of a value.
pub(crate) fn value_term(name: &str, value: &str) -> String {
    format!("{name}\0={}", keyword(value))
}

/// The term of a number.
pub(crate) fn number_term(name: &str, number: f64) -> String {
    format!("{name}\0#{:016x}", sortable(number))
}

/// First term of a name and the first term after all of them.
pub(crate) fn name_range(name: &str) -> (String, String) {
    (format!("{name}\0"), format!("{name}\u{1}"))
}

/// First and last possible term of a name's numbers.
pub(crate) fn number_range(name: &str) -> (String, String) {
    (format!("{name}\0#"), format!("{name}\0#~"))
}

/// First possible term of a name's values and the first term after all of them.
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
        }
    }

    #[test]
    fn zero_has_one_term_and_words_are_no_numbers() {
        assert_eq!(number_term("n", 0.0), number_term("n", -0.0));
        assert_eq!((as_number("1e3"), as_number("inf"), as_number("")), (Some(1000.0), None, None));
    }
}
