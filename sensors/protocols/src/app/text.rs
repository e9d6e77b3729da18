//! Turning bytes from the wire into EVE text.

use serde_json::{Map, Value};

/// An object of an EVE record.
pub(crate) type Object = Map<String, Value>;

/// Writes a value under a key.
pub(crate) fn put(object: &mut Object, key: &str, value: impl Into<Value>) {
    object.insert(key.to_owned(), value.into());
}

/// Writes a value that is there under a key.
pub(crate) fn put_some(object: &mut Object, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), value.into());
    }
}

/// The object of a `json!` expression.
pub(crate) fn object(value: Value) -> Object {
    if let Value::Object(object) = value { object } else { Object::new() }
}

/// Text as EVE writes it: UTF-8 stays, every other byte becomes `\xHH`.
pub(crate) fn eve_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// The bytes without leading and trailing white space and control characters.
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !is_blank(*byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !is_blank(*byte)).map_or(start, |last| last + 1);
    &bytes[start..end]
}

/// White space as lenient servers and clients see it.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c | 0)
}

/// Whether the needle occurs, regardless of ASCII case.
pub(crate) fn contains_ignore_case(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

/// The decimal number a text consists of.
pub(crate) fn decimal(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_escaped() {
        assert_eq!(eve_text(b"a\xffb"), "a\\xffb");
        assert_eq!(eve_text("烽燧".as_bytes()), "烽燧");
        assert_eq!(trim(b" \t x y\r\n"), b"x y");
        assert_eq!(decimal(b"68"), Some(68));
        assert_eq!(decimal(b"68.0"), None);
    }
}
