//! Header compression (RFC 7541).

use std::collections::VecDeque;
use std::sync::LazyLock;

use crate::app::reader::Reader;
use crate::limits::{HTTP_HEADER_BYTES, HTTP_HEADERS, HTTP2_TABLE_BYTES};

/// What a block holds, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Field(Vec<u8>, Vec<u8>),
    /// The dynamic table is to have this size.
    TableSize(u32),
}

/// The decoder of one direction.
#[derive(Debug)]
pub(super) struct Decoder {
    table: VecDeque<(Vec<u8>, Vec<u8>)>,
    bytes: usize,
    limit: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { table: VecDeque::new(), bytes: 0, limit: 4_096 }
    }
}

/// Bytes a table entry counts beside its texts (RFC 7541, 4.1).
const ENTRY_BYTES: usize = 32;

impl Decoder {
    /// Decodes a block; false when it is broken, with the fields before that.
    pub(super) fn decode(&mut self, block: &[u8]) -> (Vec<Entry>, bool) {
        let mut r = Reader::new(block);
        let (mut entries, mut bytes) = (Vec::new(), 0);
        while !r.is_empty() {
            let Some(entry) = self.entry(&mut r) else { return (entries, false) };
            if let Entry::Field(name, value) = &entry {
                bytes += name.len() + value.len();
            }
            if entries.len() < HTTP_HEADERS && bytes <= HTTP_HEADER_BYTES {
                entries.push(entry);
            }
        }
        (entries, true)
    }

    fn entry(&mut self, r: &mut Reader<'_>) -> Option<Entry> {
        let first = *r.rest().first()?;
        if first & 0x80 != 0 {
            let (name, value) = self.get(integer(r, 7)?)?;
            return Some(Entry::Field(name, value));
        }
        if first & 0xe0 == 0x20 {
            let size = integer(r, 5)?;
            self.limit = size.min(HTTP2_TABLE_BYTES);
            self.evict(0);
            return Some(Entry::TableSize(u32::try_from(size).unwrap_or(u32::MAX)));
        }
        let is_indexed = first & 0x40 != 0;
        let index = integer(r, if is_indexed { 6 } else { 4 })?;
        let name = if index == 0 { text(r)? } else { self.get(index)?.0 };
        let value = text(r)?;
        if is_indexed {
            self.add(name.clone(), value.clone());
        }
        Some(Entry::Field(name, value))
    }

    fn get(&self, index: usize) -> Option<(Vec<u8>, Vec<u8>)> {
        let at = index.checked_sub(1)?;
        match STATIC.get(at) {
            Some((name, value)) => Some((name.as_bytes().to_vec(), value.as_bytes().to_vec())),
            None => self.table.get(at - STATIC.len()).cloned(),
        }
    }

    fn add(&mut self, name: Vec<u8>, value: Vec<u8>) {
        let size = name.len() + value.len() + ENTRY_BYTES;
        self.evict(size);
        if size <= self.limit {
            self.bytes += size;
            self.table.push_front((name, value));
        }
    }

    /// Makes room for so many bytes.
    fn evict(&mut self, size: usize) {
        while self.bytes + size > self.limit {
            let Some((name, value)) = self.table.pop_back() else { return };
            self.bytes -= name.len() + value.len() + ENTRY_BYTES;
        }
    }
}

/// An integer with a prefix of so many bits (RFC 7541, 5.1).
fn integer(r: &mut Reader<'_>, bits: u8) -> Option<usize> {
    let mask = (1_usize << bits) - 1;
    let mut value = usize::from(r.u8()?) & mask;
    if value < mask {
        return Some(value);
    }
    for shift in [0, 7, 14, 21] {
        let byte = usize::from(r.u8()?);
        value += (byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn text(r: &mut Reader<'_>) -> Option<Vec<u8>> {
    let is_coded = *r.rest().first()? & 0x80 != 0;
    let length = integer(r, 7)?;
    let bytes = r.take(length)?;
    if is_coded { uncoded(bytes) } else { Some(bytes.to_vec()) }
}

/// The code (RFC 7541, appendix B): it is canonical, so the lengths tell it all.
struct Code {
    /// For each length: the first code, how many there are, and where their symbols begin.
    lengths: [(u32, u32, usize); 31],
    symbols: Vec<u16>,
}

static CODE: LazyLock<Code> = LazyLock::new(|| {
    let (mut lengths, mut symbols, mut next) = ([(0, 0, 0); 31], Vec::new(), 0_u32);
    for (length, entry) in lengths.iter_mut().enumerate() {
        next <<= 1;
        let start = symbols.len();
        let of_length = (0_u16..).zip(LENGTHS).filter(|symbol| usize::from(symbol.1) == length);
        symbols.extend(of_length.map(|symbol| symbol.0));
        let count = u32::try_from(symbols.len() - start).unwrap_or(0);
        *entry = (next, count, start);
        next += count;
    }
    Code { lengths, symbols }
});

fn uncoded(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut output = Vec::with_capacity(bytes.len() * 2);
    let (mut code, mut length) = (0_u32, 0_usize);
    for byte in bytes {
        for bit in (0..8).rev() {
            code = code << 1 | u32::from(byte >> bit & 1);
            length += 1;
            let (first, count, start) = *CODE.lengths.get(length)?;
            if let Some(offset) = code.checked_sub(first).filter(|offset| *offset < count) {
                let symbol = CODE.symbols.get(start + usize::try_from(offset).ok()?)?;
                // The end of the text must not occur in it.
                output.push(u8::try_from(*symbol).ok()?);
                (code, length) = (0, 0);
            }
        }
    }
    // What is left must be the beginning of the code of the end: all ones, fewer than eight.
    (length < 8 && code == (1 << length) - 1).then_some(output)
}

#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7,
    7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21,
    23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24,
    21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The requests of RFC 7541, C.4.
    #[test]
    fn examples_of_the_specification() {
        let mut decoder = Decoder::default();
        let first = hex::decode("828684418cf1e3c2e5f23a6ba0ab90f4ff").expect("is hexadecimal");
        let (entries, valid) = decoder.decode(&first);
        assert!(valid);
        assert_eq!(entries[3], Entry::Field(b":authority".to_vec(), b"www.example.com".to_vec()));
        let second = hex::decode("828684be5886a8eb10649cbf").expect("is hexadecimal");
        let (entries, valid) = decoder.decode(&second);
        assert!(valid);
        assert_eq!(entries[3], Entry::Field(b":authority".to_vec(), b"www.example.com".to_vec()));
        assert_eq!(entries[4], Entry::Field(b"cache-control".to_vec(), b"no-cache".to_vec()));
    }
}
