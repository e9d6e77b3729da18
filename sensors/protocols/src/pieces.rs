//! Pieces of a stream or datagram that arrived before what belongs in front of them.

use std::collections::VecDeque;

use crate::stream::OverlapPolicy;

/// Non-overlapping pieces in the order of their offsets. Overlaps are resolved on arrival by an [`OverlapPolicy`], which
/// compares the new piece with the extent the old one arrived with. What comes in order is added at the end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pieces {
    held: VecDeque<Piece>,
    bytes: usize,
}

#[derive(Debug, Clone)]
struct Piece {
    offset: u64,
    data: Vec<u8>,
    /// Offset and end of the arrival this is (a part of).
    arrived: (u64, u64),
}

impl Piece {
    fn end(&self) -> u64 {
        self.offset + self.data.len() as u64
    }
}

/// Pieces that follow each other.
pub(crate) struct Run {
    pub(crate) data: Vec<u8>,
    /// How many pieces they were.
    pub(crate) pieces: u32,
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
        self.held.is_empty()
    }

    /// Gives back the room that nothing is in.
    pub(crate) fn shrink(&mut self) {
        self.held.shrink_to_fit();
    }

    pub(crate) fn count(&self) -> usize {
        self.held.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Offset of the first piece.
    pub(crate) fn first_offset(&self) -> Option<u64> {
        self.held.front().map(|piece| piece.offset)
    }

    /// End of the last piece.
    pub(crate) fn last_end(&self) -> Option<u64> {
        self.held.back().map(Piece::end)
    }

    /// Takes the first piece out, or as much of it as lies before `limit`.
    pub(crate) fn pop_first(&mut self, limit: u64) -> Option<(u64, Vec<u8>)> {
        let offset = self.first_offset()?;
        let room = usize::try_from(limit.checked_sub(offset)?).unwrap_or(usize::MAX);
        if room == 0 {
            return None;
        }
        let mut piece = self.held.pop_front()?;
        if piece.data.len() > room {
            let rest = Piece { offset: limit, data: piece.data.split_off(room), arrived: piece.arrived };
            self.held.push_front(rest);
        }
        self.bytes -= piece.data.len();
        Some((offset, piece.data))
    }

    /// Takes the first pieces out that follow each other, as many as begin within `most` bytes and before `limit`.
    pub(crate) fn pop_run(&mut self, limit: u64, most: usize) -> Option<Run> {
        let (offset, data) = self.pop_first(limit)?;
        let mut run = Run { data, pieces: 1 };
        while run.data.len() < most && self.first_offset() == Some(offset + run.data.len() as u64) {
            let Some((_, more)) = self.pop_first(limit) else { break };
            run.data.extend_from_slice(&more);
            run.pieces += 1;
        }
        Some(run)
    }

    /// Adds a piece. Comparing costs are linear in its bytes, as every held piece it touches has at least one of them.
    pub(crate) fn insert(&mut self, offset: u64, data: &[u8], policy: OverlapPolicy) -> Overlap {
        let end = offset + data.len() as u64;
        let mut overlap = Overlap::default();
        let mut cursor = offset;
        for start in self.touching(offset, end) {
            let Some(piece) = self.held.get(self.place_of(start)) else { continue };
            let (from, to) = (start.max(offset), piece.end().min(end));
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

    /// Place of the first piece that starts at an offset or behind it.
    fn place_of(&self, offset: u64) -> usize {
        match self.held.back() {
            Some(last) if last.offset < offset => self.held.len(),
            _ => self.held.partition_point(|piece| piece.offset < offset),
        }
    }

    /// Offsets of the held pieces that share bytes with `offset..end`.
    fn touching(&self, offset: u64, end: u64) -> Vec<u64> {
        let place = self.place_of(offset);
        let before = place.checked_sub(1).and_then(|before| self.held.get(before));
        let before = before.filter(|piece| piece.end() > offset);
        let after = self.held.range(place..).take_while(|piece| piece.offset < end);
        before.into_iter().chain(after).map(|piece| piece.offset).collect()
    }

    fn put(&mut self, offset: u64, data: &[u8], arrived: (u64, u64)) {
        if !data.is_empty() {
            self.bytes += data.len();
            self.held.insert(self.place_of(offset), Piece { offset, data: data.to_vec(), arrived });
        }
    }

    /// Removes `from..to` from the piece at `start`.
    fn cut_out(&mut self, start: u64, from: u64, to: u64) {
        let Some(piece) = self.held.remove(self.place_of(start)) else { return };
        self.bytes -= piece.data.len();
        let end = piece.end();
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
        pieces.held.iter().map(|piece| String::from_utf8_lossy(&piece.data).into_owned()).collect()
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
