//! `base64_decode` and `base64_data`.

use crate::draft::Draft;
use crate::keywords::{Keyword, keyword, pair, parts, without_value};
use crate::limits;
use crate::rule::{Step, Test};

pub(crate) const KEYWORDS: &[Keyword] = &[
    keyword("base64_decode", parse),
    keyword("base64_data", |draft, value| {
        without_value(value)?;
        draft.look_at_base64()
    }),
];

/// Decodes base64 and tests what comes out.
#[derive(Debug)]
pub(crate) struct Base64Decode {
    /// Characters to decode at most.
    bytes: usize,
    offset: i64,
    pub(crate) relative: bool,
    /// Tests of the decoded bytes.
    pub(crate) inner: Vec<Step>,
}

impl Base64Decode {
    /// The decoded bytes; none when nothing could be decoded.
    pub(crate) fn decode(&self, buffer: &[u8], cursor: usize) -> Option<Vec<u8>> {
        let base = if self.relative { i64::try_from(cursor).ok()? } else { 0 };
        let start = usize::try_from(base.checked_add(self.offset)?).ok()?;
        let encoded = buffer.get(start..)?;
        let decoded = decode_lenient(&encoded[..encoded.len().min(self.bytes)]);
        (!decoded.is_empty()).then_some(decoded)
    }
}

/// Decodes up to the first byte that is neither base64 nor white space (RFC 4648, section 4).
pub(crate) fn decode_lenient(encoded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for value in encoded.iter().filter(|byte| !byte.is_ascii_whitespace()).map_while(|byte| sextet(*byte)) {
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            decoded.push((bits >> count & 0xff) as u8);
        }
    }
    decoded
}

const fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

fn parse(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let mut decode = Base64Decode { bytes: limits::TRANSFORMED_BYTES, offset: 0, relative: false, inner: vec![] };
    for option in parts(value) {
        match pair(option) {
            ("bytes", count) => {
                let count = crate::number::number(count)?;
                decode.bytes = usize::try_from(count).unwrap_or(usize::MAX).min(limits::TRANSFORMED_BYTES);
            }
            ("offset", offset) => decode.offset = crate::number::signed(offset)?,
            ("relative", "") => decode.relative = true,
            _ => return Err(format!("{} is no option of it", fengsui_schema::shown(option))),
        }
    }
    draft.push(Test::Base64(decode));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_stops_at_what_is_no_base64() {
        assert_eq!(decode_lenient(b"SGVs\r\nbG8=!!"), b"Hello");
        assert_eq!(decode_lenient(b"S"), b"");
        assert_eq!(decode_lenient(b"\xff"), b"");
    }
}
