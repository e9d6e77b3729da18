//! Bencoding (BEP 3), within limits.

use crate::limits::{BENCODE_DEPTH, BENCODE_VALUES};

/// A value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    Number(i64),
    Bytes(&'a [u8]),
    List(Vec<Self>),
    Map(Vec<(&'a [u8], Self)>),
}

impl<'a> Item<'a> {
    /// The value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|entry| entry.0 == key).map(|entry| &entry.1),
            _ => None,
        }
    }

    /// The bytes of a key.
    pub(super) fn bytes(&self, key: &[u8]) -> Option<&'a [u8]> {
        match self.get(key)? {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// The value a message consists of.
pub(super) fn read(data: &[u8]) -> Option<Item<'_>> {
    let mut reading = Reading { rest: data, left: BENCODE_VALUES };
    reading.item(BENCODE_DEPTH)
}

struct Reading<'a> {
    rest: &'a [u8],
    /// Values that may still be read.
    left: usize,
}

impl<'a> Reading<'a> {
    fn item(&mut self, depth: usize) -> Option<Item<'a>> {
        self.left = self.left.checked_sub(1)?;
        let depth = depth.checked_sub(1)?;
        match self.rest.first()? {
            b'i' => {
                let (number, rest) = until(&self.rest[1..], b'e')?;
                self.rest = rest;
                std::str::from_utf8(number).ok()?.parse().ok().map(Item::Number)
            }
            b'l' => {
                self.rest = &self.rest[1..];
                let mut items = Vec::new();
                while !self.ends()? {
                    items.push(self.item(depth)?);
                }
                Some(Item::List(items))
            }
            b'd' => {
                self.rest = &self.rest[1..];
                let mut entries = Vec::new();
                while !self.ends()? {
                    let Item::Bytes(key) = self.item(depth)? else { return None };
                    entries.push((key, self.item(depth)?));
                }
                Some(Item::Map(entries))
            }
            _ => self.text().map(Item::Bytes),
        }
    }

    /// Passes by the end of a list; an error when nothing is left.
    fn ends(&mut self) -> Option<bool> {
        let ends = *self.rest.first()? == b'e';
        if ends {
            self.rest = &self.rest[1..];
        }
        Some(ends)
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = until(self.rest, b':')?;
        let length: usize = std::str::from_utf8(length).ok()?.parse().ok()?;
        let (text, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(text)
    }
}

/// A short number before its end, and what follows.
fn until(bytes: &[u8], end: u8) -> Option<(&[u8], &[u8])> {
    let place = bytes.iter().take(21).position(|byte| *byte == end)?;
    Some((&bytes[..place], &bytes[place + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_and_broken_ones_refused() {
        let item = read(b"d1:ali-3e2:abe1:b1:ce").expect("is well formed");
        assert_eq!(item.get(b"a"), Some(&Item::List(vec![Item::Number(-3), Item::Bytes(b"ab")])));
        assert_eq!(item.bytes(b"b"), Some(&b"c"[..]));
        for broken in [&b"d1:a"[..], b"5:ab", b"i--3e", b"l", b"9999999999999999999999:a"] {
            assert_eq!(read(broken), None, "{broken:?}");
        }
        assert_eq!(read(&b"l".repeat(10_000)), None);
    }
}
