//! Transformations that a rule applies to a buffer before it looks at it.

use std::io::Read;
use std::sync::Arc;

use flate2::bufread::{GzDecoder, ZlibDecoder};
use md5::Digest as _;

use crate::keywords::base64::decode_lenient;
use crate::limits;

/// A transformation of a buffer.
#[derive(Debug, Clone)]
pub(crate) enum Transform {
    Md5,
    Sha1,
    Sha256,
    Lowercase,
    Uppercase,
    StripWhitespace,
    CompressWhitespace,
    StripPseudoHeaders,
    UrlDecode,
    DotPrefix,
    HeaderLowercase,
    Domain {
        top_level: bool,
    },
    Xor(Vec<u8>),
    /// The key is in the buffer: its offset and length, and where the rest begins.
    XorWithin {
        key: (usize, usize),
        offset: usize,
    },
    Pcre(Arc<regex::bytes::Regex>),
    /// At most so many bytes of what is packed in the buffer.
    Inflate {
        wrapper: Wrapper,
        bytes: usize,
    },
    FromBase64 {
        offset: usize,
        bytes: usize,
        mode: Base64Mode,
    },
    Subslice {
        offset: i64,
        length: Option<i64>,
        truncate: bool,
    },
}

/// What is around deflated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrapper {
    /// RFC 1952.
    Gzip,
    /// RFC 1950.
    Zlib,
}

/// What `from_base64` makes of bytes that are no base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base64Mode {
    /// Nothing is decoded.
    Strict,
    /// Decoding stops there.
    Rfc4648,
    /// They are skipped (RFC 2045, section 6.8).
    Lenient,
}

impl PartialEq for Transform {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Transform {
    /// What tells it from others: rules with equal chains share one transformed buffer.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Pcre(regex) => format!("Pcre({})", regex.as_str()),
            other => format!("{other:?}"),
        }
    }

    pub(crate) fn apply(&self, bytes: &[u8]) -> Vec<u8> {
        let bytes = &bytes[..bytes.len().min(limits::TRANSFORMED_BYTES)];
        match self {
            Self::Md5 => md5::Md5::digest(bytes).to_vec(),
            Self::Sha1 => sha1::Sha1::digest(bytes).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
            Self::Lowercase => bytes.to_ascii_lowercase(),
            Self::Uppercase => bytes.to_ascii_uppercase(),
            Self::StripWhitespace => bytes.iter().copied().filter(|byte| !is_space(*byte)).collect(),
            Self::CompressWhitespace => compress_whitespace(bytes),
            Self::StripPseudoHeaders => strip_pseudo_headers(bytes),
            Self::UrlDecode => url_decode(bytes),
            Self::DotPrefix => [b".", bytes].concat(),
            Self::HeaderLowercase => header_lowercase(bytes),
            Self::Domain { top_level } => domain(bytes, *top_level),
            Self::Xor(key) => bytes.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect(),
            Self::XorWithin { key: (at, length), offset } => {
                let (key, rest) = (bytes.get(*at..at + length), bytes.get(*offset..));
                let (Some(key), Some(rest)) = (key, rest) else { return Vec::new() };
                rest.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect()
            }
            Self::Pcre(regex) => pcre_capture(regex, bytes),
            Self::Inflate { wrapper: Wrapper::Gzip, bytes: most } => inflate(GzDecoder::new(bytes), *most),
            Self::Inflate { wrapper: Wrapper::Zlib, bytes: most } => inflate(ZlibDecoder::new(bytes), *most),
            Self::FromBase64 { offset, bytes: count, mode } => from_base64(bytes, (*offset, *count), *mode),
            Self::Subslice { offset, length, truncate } => subslice(bytes, (*offset, *length), *truncate),
        }
    }
}

/// Runs a chain of transformations.
pub(crate) fn apply_all(transforms: &[Transform], bytes: &[u8]) -> Vec<u8> {
    transforms.iter().fold(bytes.to_vec(), |bytes, transform| transform.apply(&bytes))
}

/// The first bytes of what a decoder gives; nothing when it finds a mistake in them.
fn inflate(decoder: impl Read, most: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    match decoder.take(most as u64).read_to_end(&mut bytes) {
        Ok(_) => bytes,
        Err(_) => Vec::new(),
    }
}

/// White space of C's `isspace`, which counts the vertical tab.
const fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

fn compress_whitespace(bytes: &[u8]) -> Vec<u8> {
    let mut previous = false;
    let keep = |byte: &u8| {
        let space = is_space(*byte);
        let keep = !(space && previous);
        previous = space;
        keep
    };
    bytes.iter().copied().filter(keep).collect()
}

/// Drops lines that start with a colon (HTTP/2's own headers).
fn strip_pseudo_headers(bytes: &[u8]) -> Vec<u8> {
    bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.first() != Some(&b':')).flatten().copied().collect()
}

fn url_decode(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let digits = after.get(..2).and_then(|digits| {
            let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
            Some(value(digits[0])? << 4 | value(digits[1])?)
        });
        match (byte, digits) {
            (b'%', Some(value)) => {
                decoded.push(value);
                rest = &after[2..];
            }
            (b'+', _) => decoded.push(b' '),
            _ => decoded.push(*byte),
        }
    }
    decoded
}

/// Lowers the names of header lines, not their values.
fn header_lowercase(bytes: &[u8]) -> Vec<u8> {
    let mut in_name = true;
    let lower = |byte: &u8| {
        match byte {
            b':' => in_name = false,
            b'\n' => in_name = true,
            _ => {}
        }
        if in_name { byte.to_ascii_lowercase() } else { *byte }
    };
    bytes.iter().map(lower).collect()
}

/// The last two labels of a name, or the last one. Without the public suffix list: `example.co.uk` gives `co.uk`.
fn domain(bytes: &[u8], top_level: bool) -> Vec<u8> {
    let labels = if top_level { 1 } else { 2 };
    let dots = memchr::memrchr_iter(b'.', bytes).nth(labels - 1);
    bytes[dots.map_or(0, |dot| dot + 1)..].to_vec()
}

/// The first group of the first match, or everything when the expression has no group; empty when nothing matched.
fn pcre_capture(regex: &regex::bytes::Regex, bytes: &[u8]) -> Vec<u8> {
    let Some(captures) = regex.captures(bytes) else { return Vec::new() };
    captures.get(1).or_else(|| captures.get(0)).map(|found| found.as_bytes().to_vec()).unwrap_or_default()
}

fn from_base64(bytes: &[u8], (offset, count): (usize, usize), mode: Base64Mode) -> Vec<u8> {
    let Some(encoded) = bytes.get(offset..) else { return Vec::new() };
    let encoded = &encoded[..encoded.len().min(count)];
    let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    match mode {
        Base64Mode::Strict => {
            let body = encoded.strip_suffix(b"==").or(encoded.strip_suffix(b"=")).unwrap_or(encoded);
            if encoded.len().is_multiple_of(4) && body.iter().all(belongs) { decode_lenient(body) } else { Vec::new() }
        }
        Base64Mode::Rfc4648 => decode_lenient(&encoded[..encoded.iter().take_while(|byte| belongs(byte)).count()]),
        Base64Mode::Lenient => decode_lenient(&encoded.iter().copied().filter(belongs).collect::<Vec<_>>()),
    }
}

/// A part of the buffer; a negative offset counts from the end.
fn subslice(bytes: &[u8], (offset, length): (i64, Option<i64>), truncate: bool) -> Vec<u8> {
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let start = if offset < 0 { size + offset } else { offset };
    if (start < 0 || start > size) && !truncate {
        return Vec::new();
    }
    let start = start.clamp(0, size);
    let end = match length {
        None => size,
        Some(length) if length < 0 => size + length,
        Some(length) => start.saturating_add(length),
    };
    if end > size && !truncate {
        return Vec::new();
    }
    let (start, end) = (usize::try_from(start).unwrap_or(0), usize::try_from(end.clamp(start, size)).unwrap_or(0));
    bytes.get(start..end).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_does_what_its_name_says() {
        assert_eq!(Transform::CompressWhitespace.apply(b"a \t b\r\nc"), b"a b\rc");
        assert_eq!(Transform::StripWhitespace.apply(b"a \t\x0b b"), b"ab");
        assert_eq!(Transform::UrlDecode.apply(b"a%20b+c%2%zz"), b"a b c%2%zz");
        assert_eq!(Transform::DotPrefix.apply(b"example.com"), b".example.com");
        assert_eq!(Transform::HeaderLowercase.apply(b"Host: A\r\nX-Y: Z\r\n"), b"host: A\r\nx-y: Z\r\n");
        assert_eq!(Transform::Domain { top_level: false }.apply(b"a.b.example.com"), b"example.com");
        assert_eq!(Transform::Domain { top_level: true }.apply(b"com"), b"com");
        assert_eq!(Transform::Xor(vec![1, 2]).apply(&[1, 2, 3]), [0, 0, 2]);
        assert_eq!(Transform::StripPseudoHeaders.apply(b":method: GET\r\na: b\r\n"), b"a: b\r\n");
        assert_eq!(hex::encode(Transform::Md5.apply(b"")), "d41d8cd98f00b204e9800998ecf8427e");
    }

    #[test]
    fn parts_are_cut_from_both_ends() {
        let cut = |offset, length, truncate| Transform::Subslice { offset, length, truncate }.apply(b"0123456789");
        assert_eq!(cut(2, Some(3), false), b"234");
        assert_eq!(cut(-3, None, false), b"789");
        assert_eq!(cut(-20, Some(2), true), b"01");
        assert_eq!(cut(-20, None, false), b"");
        assert_eq!(cut(1, Some(-2), false), b"1234567");
    }
}
