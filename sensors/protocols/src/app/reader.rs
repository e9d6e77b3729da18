//! A cursor over bytes of a message. Every read says `None` when the bytes run out.

/// A cursor over bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

macro_rules! numbers {
    ($($name:ident, $type:ty, $from:ident, $size:literal, $doc:literal;)*) => {
        $(#[doc = $doc]
        pub(crate) fn $name(&mut self) -> Option<$type> {
            self.take($size)?.first_chunk().map(|bytes| <$type>::$from(*bytes))
        })*
    };
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    numbers! {
        u8, u8, from_be_bytes, 1, "The next byte.";
        u16, u16, from_be_bytes, 2, "Two bytes in network order.";
        u32, u32, from_be_bytes, 4, "Four bytes in network order.";
        u64, u64, from_be_bytes, 8, "Eight bytes in network order.";
        u16_le, u16, from_le_bytes, 2, "Two bytes, lowest first.";
        u32_le, u32, from_le_bytes, 4, "Four bytes, lowest first.";
        u64_le, u64, from_le_bytes, 8, "Eight bytes, lowest first.";
    }

    /// Three bytes in network order.
    pub(crate) fn u24(&mut self) -> Option<u32> {
        let bytes = self.take(3)?;
        Some(u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]))
    }

    /// So many bytes.
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let bytes = self.data.get(self.at..end)?;
        self.at = end;
        Some(bytes)
    }

    /// As many of so many bytes as there are.
    pub(crate) fn take_some(&mut self, length: usize) -> &'a [u8] {
        let length = length.min(self.left());
        self.take(length).unwrap_or_default()
    }

    /// Bytes behind a length of two bytes.
    pub(crate) fn short(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// Bytes up to a terminator, which is passed by.
    pub(crate) fn until(&mut self, terminator: u8) -> Option<&'a [u8]> {
        let rest = self.rest();
        let length = memchr::memchr(terminator, rest)?;
        self.at += length + 1;
        Some(&rest[..length])
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    /// Bytes that are left.
    pub(crate) fn left(&self) -> usize {
        self.rest().len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.left() == 0
    }

    /// Bytes read so far.
    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    /// Moves on to a position counted from the start.
    pub(crate) const fn seek(&mut self, position: usize) {
        self.at = position;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_stop_at_the_end() {
        let mut reader = Reader::new(&[1, 2, 3, 0, b'a', 0]);
        assert_eq!((reader.u8(), reader.u16_le()), (Some(1), Some(0x0302)));
        assert_eq!(reader.until(0), Some(&b""[..]));
        assert_eq!(reader.until(0), Some(&b"a"[..]));
        assert_eq!((reader.u8(), reader.take(usize::MAX), reader.take_some(9)), (None, None, &b""[..]));
    }
}
