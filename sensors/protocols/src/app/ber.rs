//! Tags, lengths and values of BER and DER (ITU-T X.690), leniently.

use super::reader::Reader;

/// One element: its tag and its content.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) value: &'a [u8],
}

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const SEQUENCE: u8 = 0x30;

/// The length of an element with its header; `None` when more bytes are needed to tell, and an error when these are
/// no header.
pub(crate) fn announced_length(data: &[u8]) -> Result<Option<usize>, ()> {
    Ok(header(data)?.map(|header| header.bytes + header.length))
}

struct Header {
    /// Class and form, with the number when that is below 31.
    tag: u8,
    bytes: usize,
    length: usize,
}

fn header(data: &[u8]) -> Result<Option<Header>, ()> {
    let mut r = Reader::new(data);
    let Some(mut tag) = r.u8() else { return Ok(None) };
    // A number that did not need the long form is folded back; larger ones are not used by what is read here.
    if tag & 0x1f == 0x1f {
        let Some(number) = r.u8() else { return Ok(None) };
        tag = tag & 0xe0 | if number < 0x1f { number } else { 0x1f };
        if number & 0x80 != 0 {
            return Err(());
        }
    }
    let Some(first) = r.u8() else { return Ok(None) };
    if first & 0x80 == 0 {
        return Ok(Some(Header { tag, bytes: r.position(), length: first.into() }));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 4 {
        return Err(());
    }
    let Some(bytes) = r.take(count) else { return Ok(None) };
    let length = bytes.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
    Ok(Some(Header { tag, bytes: r.position(), length }))
}

/// The next element.
pub(crate) fn next<'a>(r: &mut Reader<'a>) -> Option<Element<'a>> {
    let header = header(r.rest()).ok()??;
    r.take(header.bytes)?;
    Some(Element { tag: header.tag, value: r.take(header.length)? })
}

/// The next element, when it has this tag.
pub(crate) fn expect<'a>(r: &mut Reader<'a>, tag: u8) -> Option<&'a [u8]> {
    next(r).filter(|element| element.tag == tag).map(|element| element.value)
}

/// The elements of a constructed value, at most `limit`; a broken one ends them.
pub(crate) fn each(value: &[u8], limit: usize) -> impl Iterator<Item = Element<'_>> {
    let mut r = Reader::new(value);
    std::iter::from_fn(move || next(&mut r)).take(limit)
}

/// The element with a tag inside a constructed value.
pub(crate) fn find(value: &[u8], tag: u8) -> Option<&[u8]> {
    each(value, 64).find(|element| element.tag == tag).map(|element| element.value)
}

/// A number that is not negative, of up to eight bytes.
pub(crate) fn unsigned(value: &[u8]) -> Option<u64> {
    let value = value.strip_prefix(&[0]).unwrap_or(value);
    (value.len() <= 8).then(|| value.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// A number of up to eight bytes.
pub(crate) fn signed(value: &[u8]) -> Option<i64> {
    let first = *value.first()?;
    let start = if first & 0x80 != 0 { -1 } else { 0 };
    (value.len() <= 8).then(|| value.iter().fold(start, |sum: i64, byte| sum << 8 | i64::from(*byte)))
}

/// An object identifier as text.
pub(crate) fn object_identifier(value: &[u8]) -> String {
    let mut text = String::new();
    let mut arc = 0_u64;
    for byte in value.iter().take(128) {
        arc = arc << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        if text.is_empty() {
            let first = (arc / 40).min(2);
            text = format!("{first}.{}", arc - first * 40);
        } else {
            text.push_str(&format!(".{arc}"));
        }
        arc = 0;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read() {
        let data = [0x30, 0x06, 0x02, 0x01, 0xff, 0x06, 0x01, 0x2b];
        let mut r = Reader::new(&data);
        let inner = expect(&mut r, SEQUENCE).expect("is one");
        assert_eq!(signed(find(inner, INTEGER).expect("is there")), Some(-1));
        assert_eq!(object_identifier(find(inner, 6).expect("is there")), "1.3");
        assert_eq!(announced_length(&[0x30, 0x82, 1, 0]), Ok(Some(260)));
        assert_eq!(announced_length(&[0x30, 0x80]), Err(()));
    }
}
