//! `asn1`: lengths and encodings in BER (ITU-T X.690) that decoders have stumbled over.

use fengsui_schema::shown;

use crate::draft::Draft;
use crate::keywords::{Keyword, keyword, pair, parts};
use crate::limits::ASN1_ELEMENTS;
use crate::number::{number, signed};
use crate::rule::Test;

pub(crate) const KEYWORDS: &[Keyword] = &[keyword("asn1", parse)];

const BIT_STRING: u8 = 3;
const REAL: u8 = 9;
/// Longest sensible text of a number in decimal notation.
const REAL_BYTES: u64 = 256;

/// Looks for flaws in the elements from a place in the buffer on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asn1Check {
    /// More unused bits at the end of a bit string than a byte has, or more than it holds.
    bit_string: bool,
    /// A number in decimal notation that is longer than decoders have room for.
    real: bool,
    /// An element that claims more bytes than this.
    longest: Option<u64>,
    offset: i64,
    pub(crate) relative: bool,
}

struct Header {
    universal: u8,
    constructed: bool,
    /// Bytes before the content.
    bytes: usize,
    /// None for a length that is left open.
    length: Option<u64>,
}

impl Asn1Check {
    /// Whether one of the flaws is there.
    pub(crate) fn finds(&self, buffer: &[u8], cursor: usize) -> bool {
        let start = if self.relative { i64::try_from(cursor).unwrap_or(i64::MAX) } else { 0 };
        let start = usize::try_from(start.saturating_add(self.offset)).ok();
        let Some(mut rest) = start.and_then(|start| buffer.get(start..)) else { return false };
        // Content of a constructed element is walked as what follows its header, so one pass sees all of them.
        for _ in 0..ASN1_ELEMENTS {
            let Some(header) = header(rest) else { return false };
            let content = &rest[header.bytes..];
            if self.is_flawed(&header, content) {
                return true;
            }
            let length = header.length.and_then(|length| usize::try_from(length).ok()).unwrap_or(usize::MAX);
            rest = match header.constructed {
                true => content,
                false => content.get(length..).unwrap_or_default(),
            };
        }
        false
    }

    fn is_flawed(&self, header: &Header, content: &[u8]) -> bool {
        let length = header.length.unwrap_or(0);
        let unused = content.first().copied().map_or(0, u64::from);
        let bit_string = self.bit_string && header.universal == BIT_STRING && !header.constructed && length > 0;
        let is_decimal = content.first().is_some_and(|first| first & 0xc0 == 0);
        (bit_string && (unused > 7 || unused > (length - 1) * 8))
            || (self.real && header.universal == REAL && is_decimal && length > REAL_BYTES)
            || self.longest.is_some_and(|longest| length > longest)
    }
}

/// Tag and length; none when these bytes are neither.
fn header(data: &[u8]) -> Option<Header> {
    let (tag, mut at) = (*data.first()?, 1);
    let is_universal = tag & 0xc0 == 0;
    if tag & 0x1f == 0x1f {
        // A tag number of several bytes: nothing universal is looked for among them.
        at += data[1..].iter().take(5).position(|byte| byte & 0x80 == 0)? + 1;
    }
    let first = *data.get(at)?;
    at += 1;
    let length = match first {
        0..=0x7f => Some(u64::from(first)),
        0x80 => None,
        _ => {
            let bytes = data.get(at..at + usize::from(first & 0x7f)).filter(|bytes| bytes.len() <= 8)?;
            at += bytes.len();
            Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
        }
    };
    let universal = if is_universal && tag & 0x1f != 0x1f { tag & 0x1f } else { 0 };
    Some(Header { universal, constructed: tag & 0x20 != 0, bytes: at, length })
}

fn parse(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let mut check = Asn1Check { bit_string: false, real: false, longest: None, offset: 0, relative: false };
    for option in parts(value) {
        match pair(option) {
            ("bitstring_overflow", "") => check.bit_string = true,
            ("double_overflow", "") => check.real = true,
            ("oversize_length", text) => check.longest = Some(number(text)?),
            ("absolute_offset", text) => check.offset = signed(text)?,
            ("relative_offset", text) => (check.offset, check.relative) = (signed(text)?, true),
            _ => return Err(format!("{} is no option of it", shown(option))),
        }
    }
    if !check.bit_string && !check.real && check.longest.is_none() {
        return Err("names no flaw: bitstring_overflow, double_overflow or oversize_length".to_owned());
    }
    draft.push(Test::Asn1(check));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Asn1Check = Asn1Check { bit_string: false, real: false, longest: None, offset: 0, relative: false };

    #[test]
    fn flaws_are_found_inside_constructed_elements() {
        let bits = Asn1Check { bit_string: true, ..NOTHING };
        assert!(bits.finds(&[0x30, 5, 0x03, 3, 8, 1, 2], 0), "eight unused bits");
        assert!(!bits.finds(&[0x30, 5, 0x03, 3, 7, 1, 2], 0));
        assert!(bits.finds(&[0x03, 1, 1], 0), "more unused bits than there are");
        let long = Asn1Check { longest: Some(2048), ..NOTHING };
        assert!(long.finds(&[0x30, 0x82, 0x10, 0], 0));
        assert!(!long.finds(&[0x30, 0x82, 0x08, 0, 4, 1, 0], 0));
        let real = Asn1Check { real: true, ..NOTHING };
        assert!(real.finds(&[9, 0x82, 1, 1, 3, b'1'], 0) && !real.finds(&[9, 2, 3, b'1'], 0));
    }

    #[test]
    fn places_count_from_the_start_or_the_cursor() {
        let check = Asn1Check { longest: Some(4), offset: 1, ..NOTHING };
        assert!(check.finds(&[0xff, 4, 5], 0));
        assert!(Asn1Check { relative: true, ..check }.finds(&[0, 0, 0, 4, 5], 2));
        for (offset, buffer) in [(9, &[4, 5][..]), (-1, &[4, 5]), (0, &[]), (0, &[4])] {
            assert!(!Asn1Check { offset, ..check }.finds(buffer, 0));
        }
    }
}
