//! What becomes of packets, as far as their flow or their datagram decides it.
//!
//! Where a packet stands on its own its fate is known at once. A segment that its stream takes is held until its bytes are
//! handed out, and a fragment until its datagram is whole: only then is it known whether somebody could read it.

use fengsui_protocols::{AppProtocol, Decoded, DefragOutcome, Direction, Segment, Tcp, TcpState, flags};
use fengsui_schema::LossCause;

use super::Worker;
use super::stream::{Unread, index};
use crate::account::{Counter, Fate, Released};
use crate::flow::Flow;

impl Worker {
    /// Sets the fate of the packet at work, unless it is known already.
    pub(super) fn decide(&mut self, fate: Fate) {
        if self.fate == Fate::Inspected {
            self.fate = fate;
        }
    }

    /// A segment with a wrong checksum is no part of its stream, as its receiver throws it away.
    pub(super) fn judge_checksum(&mut self, decoded: &Decoded<'_>) {
        let validates = self.shared.settings.stream.drop_bad_checksums;
        if validates && decoded.tcp().is_some_and(|tcp| tcp.checksum_valid == Some(false)) {
            self.account.count(Counter::TcpInvalidChecksum);
            self.decide(Fate::Lost(LossCause::Checksum));
        }
    }

    /// A segment after its session has seen it: what the stream took is held, what it refused is judged.
    pub(super) fn judge_segment(&mut self, flow: &mut Flow, segment: &Segment<'_>, accepted: bool) {
        let Some(tcp) = flow.tcp.as_ref().filter(|_| !segment.payload.is_empty()) else { return };
        let way = index(segment.direction);
        if tcp.took_payload() {
            self.account.count(Counter::PayloadPackets);
            if self.fate == Fate::Inspected {
                self.account.hold();
                self.fate = Fate::Held;
                flow.unsettled[way] = flow.unsettled[way].saturating_add(1);
                self.at_work = self.at_work.saturating_add(1);
            }
        } else if !accepted {
            let alone = flow.packets[1 - way] == 0;
            if let Some(cause) = cause_of_refusal((tcp.state(), tcp.was_ahead()), segment.tcp, alone) {
                self.decide(Fate::Lost(cause));
            }
        }
    }

    /// Settles the packets of a stream whose bytes were handed out since the last time.
    pub(super) fn settle_stream(&mut self, flow: &mut Flow, unread: [Unread; 2]) {
        let is_tlcp = flow.app.as_ref().is_some_and(|app| app.protocol() == Some(AppProtocol::Tlcp));
        for direction in [Direction::ToServer, Direction::ToClient] {
            let (way, unread) = (index(direction), unread[index(direction)]);
            let held = flow.tcp.as_ref().map_or(0, |tcp| tcp.held_pieces(direction));
            let held = u32::try_from(held).unwrap_or(u32::MAX);
            let done = flow.unsettled[way].saturating_sub(held);
            if done == 0 {
                continue;
            }
            flow.unsettled[way] -= done;
            self.at_work = self.at_work.saturating_sub(done);
            let (behind_gap, given_up) = (unread.behind_gap.into(), unread.given_up.into());
            self.account.release(Released { packets: done.into(), behind_gap, given_up, shed: 0 });
            self.account.add(Counter::PayloadUnknown, unread.unknown.min(done).into());
            let unread = unread.behind_gap.saturating_add(unread.given_up).min(done);
            self.account.add(Counter::PayloadTlcpUnread, if is_tlcp { unread.into() } else { 0 });
        }
    }

    /// A fragment waits for the rest of its datagram; the last one goes its way, and the others are settled with it.
    pub(super) fn settle_fragment(&mut self, outcome: &DefragOutcome) {
        if outcome.kept && self.fate == Fate::Inspected {
            self.account.hold();
            self.fate = Fate::Held;
        }
        if outcome.shed {
            self.decide(Fate::Lost(LossCause::MemoryLimit));
        }
        self.account.release(Released { packets: outcome.completed, ..Released::default() });
        self.settle_fragments();
    }

    /// Settles fragments whose datagrams were given up since the last time.
    pub(super) fn settle_fragments(&mut self) {
        let lost = self.defragmenter.statistics();
        let (timed_out, evicted) = (lost.fragments_timed_out, lost.fragments_evicted);
        let (behind_gap, shed) = (timed_out - self.fragments_lost.0, evicted - self.fragments_lost.1);
        self.fragments_lost = (timed_out, evicted);
        self.account.release(Released { packets: behind_gap + shed, behind_gap, given_up: 0, shed });
    }

    /// After a panic: the packet at work is lost, and so are those that were held for a flow which is gone with it.
    pub(crate) fn lose_packets_at_work(&mut self, was_packet: bool) {
        let packets = u64::from(std::mem::take(&mut self.at_work));
        self.account.release(Released { packets, given_up: packets, ..Released::default() });
        if was_packet && self.fate != Fate::Held {
            self.account.settle(Fate::Lost(LossCause::Parser));
        }
    }

    /// Counts a flow that has ended with one direction alone.
    pub(super) fn count_one_sided(&mut self, flow: &Flow) {
        let one_sided = flow.packets.contains(&0);
        let is_tcp = flow.tcp.is_some();
        self.account.add(Counter::FlowOneSidedTcp, u64::from(one_sided && is_tcp));
        self.account.add(Counter::FlowOneSidedUdp, u64::from(one_sided && !is_tcp && flow.app.is_some()));
    }
}

/// What the payload of a segment that its session refused is lost to; nothing when its receiver would not take it either.
fn cause_of_refusal((state, was_ahead): (TcpState, bool), tcp: &Tcp<'_>, alone: bool) -> Option<LossCause> {
    let is_data = tcp.flags & (flags::RST | flags::SYN) == 0;
    let is_unopened = is_data && matches!(state, TcpState::None | TcpState::SynSent);
    match (is_unopened, alone) {
        (true, true) => Some(LossCause::OneSided),
        (true, false) => Some(LossCause::Gap),
        (false, _) => was_ahead.then_some(LossCause::Gap),
    }
}
