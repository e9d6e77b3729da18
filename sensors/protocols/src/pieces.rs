//! Pieces of a stream or datagram that arrived before what belongs in front of them.

use std::collections::BTreeMap;

use crate::stream::OverlapPolicy;

/// Non-overlapping pieces by their offset. Overlaps are resolved on arrival by an [`OverlapPolicy`], which compares the
/// new piece with the extent the old one arrived with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pieces {
    by_offset: BTreeMap<u64, Piece>,
    bytes: usize,
}

#[derive(Debug, Clone)]
struct Piece {
    data: Vec<u8>,
    /// Offset and end of the arrival this is (a part of).
    arrived: (u64, u64),
}

/// What a new piece shared with those already held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Overlap {
    /// Some bytes were held already.
    pub(crate) any: bool,
    /// And they differ.
    pub(crate) different: bool,
}

impl Pieces {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_offset.is_empty()
    }

    pub(crate) fn count(&self) -> usize {
        self.by_offset.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Offset of the first piece.
    pub(crate) fn first_offset(&self) -> Option<u64> {
        self.by_offset.keys().next().copied()
    }

    /// End of the last piece.
    pub(crate) fn last_end(&self) -> Option<u64> {
        self.by_offset.last_key_value().map(|(offset, piece)| offset + piece.data.len() as u64)
    }

    /// Takes the first piece out, or as much of it as lies before `limit`.
    pub(crate) fn pop_first(&mut self, limit: u64) -> Option<(u64, Vec<u8>)> {
        let first = self.by_offset.first_entry()?;
        let offset = *first.key();
        let room = usize::try_from(limit.checked_sub(offset)?).unwrap_or(usize::MAX);
        if room == 0 {
            return None;
        }
        let mut piece = first.remove();
        if piece.data.len() > room {
            let rest = Piece { data: piece.data.split_off(room), arrived: piece.arrived };
            self.by_offset.insert(limit, rest);
        }
        self.bytes -= piece.data.len();
        Some((offset, piece.data))
    }

    /// Adds a piece. The cost is linear in its bytes, as every held piece it touches has at least one of them.
    pub(crate) fn insert(&mut self, offset: u64, data: &[u8], policy: OverlapPolicy) -> Overlap {
        let end = offset + data.len() as u64;
        let mut overlap = Overlap::default();
        let mut cursor = offset;
        for start in self.touching(offset, end) {
            let Some(piece) = self.by_offset.get(&start) else { continue };
            let piece_end = start + piece.data.len() as u64;
            let (from, to) = (start.max(offset), piece_end.min(end));
            overlap.any = true;
            overlap.different |= slice(&piece.data, start, from, to) != slice(data, offset, from, to);
            if policy.new_wins((offset, end), piece.arrived) {
                self.cut_out(start, from, to);
            } else {
                self.put(cursor, slice(data, offset, cursor, from), (offset, end));
                cursor = to;
            }
        }
        self.put(cursor, slice(data, offset, cursor, end), (offset, end));
        overlap
    }

    /// Offsets of the held pieces that share bytes with `offset..end`.
    fn touching(&self, offset: u64, end: u64) -> Vec<u64> {
        let before = self.by_offset.range(..offset).next_back();
        let before = before.filter(|(start, piece)| *start + piece.data.len() as u64 > offset).map(|(start, _)| *start);
        before.into_iter().chain(self.by_offset.range(offset..end).map(|(start, _)| *start)).collect()
    }

    fn put(&mut self, offset: u64, data: &[u8], arrived: (u64, u64)) {
        if !data.is_empty() {
            self.bytes += data.len();
            self.by_offset.insert(offset, Piece { data: data.to_vec(), arrived });
        }
    }

    /// Removes `from..to` from the piece at `start`.
    fn cut_out(&mut self, start: u64, from: u64, to: u64) {
        let Some(piece) = self.by_offset.remove(&start) else { return };
        self.bytes -= piece.data.len();
        let end = start + piece.data.len() as u64;
        self.put(start, slice(&piece.data, start, start, from), piece.arrived);
        self.put(to, slice(&piece.data, start, to, end), piece.arrived);
    }
}

/// The bytes `from..to` of a piece that starts at `start`.
fn slice(data: &[u8], start: u64, from: u64, to: u64) -> &[u8] {
    let range = usize::try_from(from.saturating_sub(start)).unwrap_or(usize::MAX)
        ..usize::try_from(to.saturating_sub(start)).unwrap_or(usize::MAX);
    data.get(range).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pieces: &Pieces) -> String {
        pieces.by_offset.values().map(|piece| String::from_utf8_lossy(&piece.data).into_owned()).collect()
    }

    /// Novak's example: three pieces with overlaps, put together by each policy.
    #[test]
    fn policies_differ_where_they_should() {
        let arrivals: [(u64, &[u8]); 4] = [(0, b"AAAA"), (8, b"BBBB"), (2, b"CCCCCCCC"), (8, b"DDDDDD")];
        let outcomes = [
            (OverlapPolicy::First, "AAAACCCCBBBBDD"),
            (OverlapPolicy::Last, "AACCCCCCDDDDDD"),
            (OverlapPolicy::Bsd, "AAAACCCCCCBBDD"),
            (OverlapPolicy::Linux, "AAAACCCCCCDDDD"),
            (OverlapPolicy::Windows, "AAAACCCCBBBBDD"),
        ];
        for (policy, expected) in outcomes {
            let mut pieces = Pieces::default();
            for (offset, data) in arrivals {
                pieces.insert(offset, data, policy);
            }
            assert_eq!(text(&pieces), expected, "{policy:?}");
            assert_eq!(pieces.bytes(), expected.len());
        }
    }

    #[test]
    fn tells_equal_from_different_overlaps() {
        let mut pieces = Pieces::default();
        assert_eq!(pieces.insert(5, b"hello", OverlapPolicy::First), Overlap::default());
        assert_eq!(pieces.insert(7, b"llo!", OverlapPolicy::First), Overlap { any: true, different: false });
        assert_eq!(pieces.insert(4, b"-j", OverlapPolicy::First), Overlap { any: true, different: true });
    }
}
