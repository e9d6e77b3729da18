//! One direction of a connection: its bytes in order.

use super::session::StreamSink;
use super::{OverlapPolicy, StreamSettings, StreamStatistics, UrgentPolicy};
use crate::Direction;
use crate::limits::{HANDED_OUT_BYTES, OVERLAP_TAIL_BYTES, SEGMENTS_PER_DIRECTION};
use crate::pieces::Pieces;

/// Urgent bytes that wait to be left out.
const URGENT_MARKS: usize = 64;

/// What one side has sent. Positions are 64-bit offsets from its first byte, so sequence numbers may wrap.
#[derive(Debug, Default)]
pub(super) struct Half {
    /// Sequence number of offset 0, once known.
    pub(super) origin: Option<u32>,
    /// Offset up to which bytes were delivered or passed by as gaps.
    pub(super) next: u64,
    /// Highest offset seen.
    pub(super) highest: u64,
    /// Offset the other side has acknowledged.
    pub(super) acknowledged: u64,
    /// Window the sender offers for the other direction, scaled.
    pub(super) window: u64,
    /// Shift of the window.
    pub(super) scale: u8,
    /// Whether its SYN offered to scale windows.
    pub(super) scales: bool,
    /// Last timestamp option.
    pub(super) timestamp: Option<u32>,
    /// Offset of the FIN.
    pub(super) fin: Option<u64>,
    ended: bool,
    /// Which data wins when overlapping segments differ, when the receiver's system is known.
    pub(super) policy: Option<OverlapPolicy>,
    /// Nobody acknowledges what this side sends, so bytes are handed out as they come.
    pub(super) free: bool,
    depth_reached: bool,
    pieces: Pieces,
    urgent: Vec<u64>,
    /// The delivered bytes before `next` that are not acknowledged yet.
    tail: Vec<u8>,
    pub(super) statistics: StreamStatistics,
}

impl Half {
    /// Sets where offset 0 is.
    pub(super) fn start(&mut self, sequence: u32) {
        self.origin = Some(sequence);
    }

    /// The offset of a sequence number, taken to be the one closest to what is expected next; none before the start.
    pub(super) fn offset_of(&self, sequence: u32) -> Option<i64> {
        let origin = self.origin?;
        let expected = origin.wrapping_add(self.next as u32);
        let distance = i64::from(sequence.wrapping_sub(expected).cast_signed());
        Some(i64::try_from(self.next).unwrap_or(i64::MAX).saturating_add(distance))
    }

    /// Sequence number expected next.
    pub(super) fn next_sequence(&self) -> Option<u32> {
        Some(self.origin?.wrapping_add(self.next as u32))
    }

    /// Takes the payload of a segment.
    pub(super) fn insert(
        &mut self,
        settings: &StreamSettings,
        direction: Direction,
        offset: i64,
        data: &[u8],
        sink: &mut dyn StreamSink,
    ) {
        let skipped = usize::try_from(offset.saturating_neg()).unwrap_or(0).min(data.len());
        let (data, start) = (&data[skipped..], u64::try_from(offset).unwrap_or(0));
        let end = start + data.len() as u64;
        self.highest = self.highest.max(end);
        self.compare_with_tail(start, data, sink);
        let known = usize::try_from(self.next.saturating_sub(start)).unwrap_or(usize::MAX).min(data.len());
        let (data, start) = (&data[known..], start + known as u64);
        if data.is_empty() || self.depth_reached {
            return self.pass_by(end, data.len());
        }
        if start == self.next && self.pieces.is_empty() && self.limit(settings) == u64::MAX {
            return self.deliver(settings, direction, (data, 1), sink);
        }
        if self.pieces.insert(start, data, self.policy.unwrap_or(settings.policy)).different {
            sink.event("stream.reassembly_overlap_different_data");
        }
        self.drain(settings, direction, sink);
        self.bound(settings, direction, sink);
    }

    /// Counts bytes past the depth limit; positions move on so that sequence numbers stay close.
    fn pass_by(&mut self, end: u64, length: usize) {
        if self.depth_reached {
            self.next = self.next.max(end);
            self.statistics.beyond_depth_bytes += length as u64;
        }
    }

    /// Marks the byte before the urgent pointer as out of band.
    pub(super) fn mark_urgent(&mut self, policy: UrgentPolicy, offset: i64, pointer: u16) {
        let at = offset.saturating_add(i64::from(pointer) - 1);
        if let (UrgentPolicy::Oob, Ok(at)) = (policy, u64::try_from(at))
            && at >= self.next
            && self.urgent.len() < URGENT_MARKS
            && !self.urgent.contains(&at)
        {
            self.urgent.push(at);
        }
    }

    /// Takes an acknowledgement by the other side.
    pub(super) fn acknowledge(
        &mut self,
        settings: &StreamSettings,
        direction: Direction,
        offset: u64,
        sink: &mut dyn StreamSink,
    ) {
        self.acknowledged = self.acknowledged.max(offset);
        let unacknowledged = usize::try_from(self.next.saturating_sub(self.acknowledged)).unwrap_or(usize::MAX);
        if unacknowledged < self.tail.len() {
            self.tail.drain(..self.tail.len() - unacknowledged);
        }
        self.drain(settings, direction, sink);
        // The receiver has what lies before the first piece: we shall not see it any more.
        while self.pieces.first_offset().is_some_and(|first| first < self.acknowledged) {
            self.skip_gap(settings, direction, sink);
        }
    }

    /// Offset up to which bytes may be handed out.
    fn limit(&self, settings: &StreamSettings) -> u64 {
        if settings.inline || self.free { u64::MAX } else { self.acknowledged }
    }

    /// Bytes held.
    pub(super) fn held_bytes(&self) -> usize {
        self.pieces.bytes() + self.tail.len()
    }

    /// Pieces that wait.
    pub(super) fn held_pieces(&self) -> usize {
        self.pieces.count()
    }

    /// Throws away what was not acknowledged.
    pub(super) fn drop_unacknowledged(&mut self, settings: &StreamSettings) {
        if self.limit(settings) != u64::MAX {
            self.statistics.shed_bytes += self.pieces.bytes() as u64;
            self.pieces = Pieces::default();
        }
    }

    /// Delivers what can be delivered and tells the end once it is reached.
    pub(super) fn drain(&mut self, settings: &StreamSettings, direction: Direction, sink: &mut dyn StreamSink) {
        let limit = self.limit(settings);
        while self.pieces.first_offset().is_some_and(|first| first <= self.next) {
            let Some(run) = self.pieces.pop_run(limit, HANDED_OUT_BYTES) else { break };
            self.deliver(settings, direction, (&run.data, run.pieces), sink);
        }
        self.tell_end(direction, sink);
    }

    /// Gives up every gap and delivers all that is held.
    pub(super) fn flush(&mut self, settings: &StreamSettings, direction: Direction, sink: &mut dyn StreamSink) {
        self.free = true;
        while !self.pieces.is_empty() {
            self.skip_gap(settings, direction, sink);
        }
    }

    /// Tells the end, unless it was told before.
    pub(super) fn end(&mut self, direction: Direction, sink: &mut dyn StreamSink) {
        if !std::mem::replace(&mut self.ended, true) {
            sink.end(direction);
        }
    }

    pub(super) fn tell_end(&mut self, direction: Direction, sink: &mut dyn StreamSink) {
        if self.fin.is_some_and(|fin| fin <= self.next) && !std::mem::replace(&mut self.ended, true) {
            sink.end(direction);
            // Nothing follows, so what held pieces gives its room back.
            self.pieces.shrink();
        }
    }

    fn bound(&mut self, settings: &StreamSettings, direction: Direction, sink: &mut dyn StreamSink) {
        while self.pieces.bytes() > settings.out_of_order_bytes || self.pieces.count() > SEGMENTS_PER_DIRECTION {
            self.skip_gap(settings, direction, sink);
        }
    }

    fn skip_gap(&mut self, settings: &StreamSettings, direction: Direction, sink: &mut dyn StreamSink) {
        let Some(first) = self.pieces.first_offset() else { return };
        let missing = first.saturating_sub(self.next);
        if missing > 0 {
            self.statistics.gap_bytes += missing;
            self.statistics.gaps += 1;
            sink.event("stream.reassembly_seq_gap");
            sink.gap(direction, self.next, missing);
            self.next = first;
            self.tail.clear();
        }
        self.drain(settings, direction, sink);
        // Still there: more waits for an acknowledgement than may be held.
        if self.pieces.first_offset() == Some(first)
            && let Some((_, data)) = self.pieces.pop_first(u64::MAX)
        {
            self.deliver(settings, direction, (&data, 1), sink);
        }
    }

    /// Hands out the next bytes and says how many pieces they were.
    fn deliver(
        &mut self,
        settings: &StreamSettings,
        direction: Direction,
        (data, pieces): (&[u8], u32),
        sink: &mut dyn StreamSink,
    ) {
        let room = match settings.depth_bytes {
            0 => data.len(),
            depth => usize::try_from(depth.saturating_sub(self.statistics.delivered_bytes)).unwrap_or(usize::MAX),
        };
        let (inside, beyond) = data.split_at(room.min(data.len()));
        self.hand_out(direction, (inside, pieces), sink);
        // What was acknowledged can not be changed by sending it again.
        if self.limit(settings) == u64::MAX {
            self.remember(inside);
        }
        self.next += beyond.len() as u64;
        self.statistics.delivered_bytes += inside.len() as u64;
        self.statistics.beyond_depth_bytes += beyond.len() as u64;
        if !beyond.is_empty() && !std::mem::replace(&mut self.depth_reached, true) {
            sink.event("stream.reassembly_depth_reached");
            if !std::mem::replace(&mut self.ended, true) {
                sink.end(direction);
            }
        }
        self.tell_end(direction, sink);
    }

    /// Hands bytes to the sink, leaving urgent ones out.
    fn hand_out(&mut self, direction: Direction, (data, mut pieces): (&[u8], u32), sink: &mut dyn StreamSink) {
        let (mut from, end) = (self.next, self.next + data.len() as u64);
        let mut rest = data;
        self.urgent.sort_unstable();
        for mark in self.urgent.iter().copied().filter(|mark| (from..end).contains(mark)).collect::<Vec<_>>() {
            let (before, after) = rest.split_at(usize::try_from(mark - from).unwrap_or(0).min(rest.len()));
            if !before.is_empty() {
                sink.data(direction, from, before, std::mem::take(&mut pieces));
            }
            rest = after.get(1..).unwrap_or(&[]);
            from = mark + 1;
        }
        if !rest.is_empty() {
            sink.data(direction, from, rest, pieces);
        }
        self.next = end;
        self.urgent.retain(|mark| *mark >= end);
    }

    fn remember(&mut self, data: &[u8]) {
        let data = &data[data.len().saturating_sub(OVERLAP_TAIL_BYTES)..];
        // Cut back to the limit only when twice as much is held, so that bytes are moved rarely.
        if self.tail.len() + data.len() > 2 * OVERLAP_TAIL_BYTES {
            let excess = (self.tail.len() + data.len()).saturating_sub(OVERLAP_TAIL_BYTES);
            self.tail.drain(..excess.min(self.tail.len()));
        }
        self.tail.extend_from_slice(data);
    }

    /// Raises an event when a retransmission differs from what was delivered.
    fn compare_with_tail(&self, start: u64, data: &[u8], sink: &mut dyn StreamSink) {
        let tail_start = self.next - self.tail.len() as u64;
        let (from, to) = (start.max(tail_start), (start + data.len() as u64).min(self.next));
        if from >= to {
            return;
        }
        let part = |bytes: &[u8], base: u64| -> Vec<u8> {
            let range = usize::try_from(from - base).unwrap_or(0)..usize::try_from(to - base).unwrap_or(0);
            bytes.get(range).unwrap_or(&[]).to_vec()
        };
        if part(&self.tail, tail_start) != part(data, start) {
            sink.event("stream.reassembly_overlap_different_data");
        }
    }
}
