//! Files that come in several answers (RFC 9110, 14): one file, as long as each range follows the one before.

use crate::app::text::decimal;
use crate::limits::HTTP_RANGED_FILES;

/// Files of one connection of which ranges are missing.
#[derive(Debug, Default)]
pub(super) struct Ranges(Vec<Ranged>);

#[derive(Debug)]
struct Ranged {
    name: Vec<u8>,
    total: u64,
    /// Where the next range begins.
    next: u64,
    file: u32,
}

/// A range of a file: its first byte, the byte after its last one, bytes of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    start: u64,
    end: u64,
    total: u64,
}

impl Range {
    /// `bytes 0-499/1234`
    pub(super) fn parse(value: &[u8]) -> Option<Self> {
        let rest = value.trim_ascii().strip_prefix(b"bytes")?.trim_ascii();
        let (range, total) = rest.split_at_checked(memchr::memchr(b'/', rest)?)?;
        let (start, last) = range.split_at_checked(memchr::memchr(b'-', range)?)?;
        let (start, last, total) = (decimal(start)?, decimal(&last[1..])?, decimal(&total[1..])?);
        (start <= last && last < total).then_some(Self { start, end: last + 1, total })
    }
}

impl Ranges {
    /// The number of the file a range belongs to, and whether it is its end; none for a range that stands alone.
    pub(super) fn place(&mut self, name: &[u8], range: Range, number: impl FnOnce() -> u32) -> Option<(u32, bool)> {
        let ends = range.end == range.total;
        let same = |known: &Ranged| known.name == name && known.total == range.total && known.next == range.start;
        if let Some(place) = self.0.iter().position(same) {
            let file = self.0[place].file;
            self.0[place].next = range.end;
            if ends {
                self.0.remove(place);
            }
            return Some((file, ends));
        }
        if range.start > 0 || ends || self.0.len() >= HTTP_RANGED_FILES {
            return None;
        }
        let file = number();
        self.0.push(Ranged { name: name.to_vec(), total: range.total, next: range.end, file });
        Some((file, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_follow_each_other_are_one_file() {
        let range = |text: &str| Range::parse(text.as_bytes()).expect("is a range");
        let mut ranges = Ranges::default();
        assert_eq!(ranges.place(b"/a", range("bytes 0-9/30"), || 5), Some((5, false)));
        assert_eq!(ranges.place(b"/b", range("bytes 10-19/30"), || 6), None);
        assert_eq!(ranges.place(b"/a", range("bytes 10-19/30"), || 6), Some((5, false)));
        assert_eq!(ranges.place(b"/a", range("bytes 20-29/30"), || 6), Some((5, true)));
        assert_eq!(ranges.place(b"/a", range("bytes 20-29/30"), || 6), None);
        for bad in ["bytes */30", "bytes 9-1/30", "bytes 0-30/30", "items 0-1/2"] {
            assert_eq!(Range::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
