//! The state of a connection, driven by its packets.

use fengsui_schema::Timestamp;

use super::half::Half;
use super::{OverlapPolicy, StreamSettings, StreamStatistics, TcpState, UrgentPolicy};
use crate::Direction;
use crate::decode::{Tcp, flags};

/// Window assumed when its scale was not seen.
const UNKNOWN_SCALE: u8 = 14;

/// One TCP packet of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// When it was captured.
    pub time: Timestamp,
    /// Which way it goes.
    pub direction: Direction,
    /// Its header.
    pub tcp: &'a Tcp<'a>,
    /// Its data.
    pub payload: &'a [u8],
}

/// Takes what reassembly has to say, in the order in which it finds out.
pub trait StreamSink {
    /// The next bytes of a direction; `offset` counts from its first byte. They are the rest of so many pieces, as
    /// [`TcpSession::held_pieces`] counts them.
    fn data(&mut self, direction: Direction, offset: u64, bytes: &[u8], pieces: u32);
    /// So many bytes from `offset` on were never seen.
    fn gap(&mut self, direction: Direction, offset: u64, length: u64);
    /// The direction has ended (FIN, reset, depth limit, end of the flow). Told once.
    fn end(&mut self, direction: Direction);
    /// An anomaly by its name (`stream.est_packet_out_of_window`).
    fn event(&mut self, name: &'static str);
}

/// Follows one connection.
#[derive(Debug, Default)]
pub struct TcpSession {
    state: TcpState,
    /// Indexed by [`index`].
    halves: [Half; 2],
    /// Who sent the first FIN.
    first_fin: Option<Direction>,
    reset_by: Option<Direction>,
    midstream: bool,
    one_sided: bool,
    established: bool,
    syn_acks: u8,
    fast_open: bool,
    /// Whether the payload of the last segment went into the stream.
    took_payload: bool,
    /// Whether the last segment was refused for being too far ahead.
    ahead: bool,
}

fn index(direction: Direction) -> usize {
    usize::from(direction == Direction::ToClient)
}

impl TcpSession {
    /// Before the first packet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets which data wins when overlapping segments of a direction differ: as its receiver's system has it.
    pub fn set_policy(&mut self, direction: Direction, policy: Option<OverlapPolicy>) {
        self.halves[index(direction)].policy = policy;
    }

    /// State of the connection.
    #[must_use]
    pub fn state(&self) -> TcpState {
        self.state
    }

    /// Whether the connection was ever established.
    #[must_use]
    pub fn was_established(&self) -> bool {
        self.established
    }

    /// Whether its opening was not seen.
    #[must_use]
    pub fn is_midstream(&self) -> bool {
        self.midstream
    }

    /// Whether only one direction is seen.
    #[must_use]
    pub fn is_one_sided(&self) -> bool {
        self.one_sided
    }

    /// Whether the payload of the last segment went into the stream: what did not is a packet of its own to the rules.
    #[must_use]
    pub fn took_payload(&self) -> bool {
        self.took_payload
    }

    /// Whether the last segment was refused as it lies, or acknowledges, further ahead than what was seen explains: the
    /// capture has lost what lies between, or it was made up.
    #[must_use]
    pub fn was_ahead(&self) -> bool {
        self.ahead
    }

    /// Pieces of a direction that wait to be handed out. What came in one packet is one piece, but where it overlaps others.
    #[must_use]
    pub fn held_pieces(&self, direction: Direction) -> usize {
        self.halves[index(direction)].held_pieces()
    }

    /// Bytes held until they can be handed out, and to compare retransmissions with.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.halves.iter().map(Half::held_bytes).sum()
    }

    /// Counts of a direction.
    #[must_use]
    pub fn statistics(&self, direction: Direction) -> StreamStatistics {
        self.halves[index(direction)].statistics
    }

    /// Takes the next packet. Says whether it belongs to the connection: what does not (wrong checksum, outside of the
    /// window, no session) must not be inspected as a part of the stream.
    pub fn segment(&mut self, settings: &StreamSettings, segment: &Segment<'_>, sink: &mut dyn StreamSink) -> bool {
        (self.took_payload, self.ahead) = (false, false);
        self.see_side(segment.direction);
        let half = &mut self.halves[index(segment.direction)];
        half.statistics.flags |= segment.tcp.flags;
        if settings.drop_bad_checksums && segment.tcp.checksum_valid == Some(false) {
            half.statistics.bad_checksums += 1;
            return false;
        }
        if has_broken_acknowledgement(segment.tcp) {
            sink.event("stream.pkt_broken_ack");
        }
        let accepted = match self.state {
            TcpState::None => self.first(settings, segment, sink),
            TcpState::SynSent => self.syn_sent(settings, segment, sink),
            TcpState::SynReceived => self.syn_received(settings, segment, sink),
            TcpState::Closed => self.closed(settings, segment, sink),
            _ => self.running(settings, segment, sink),
        };
        self.halves[index(segment.direction)].statistics.rejected += u32::from(!accepted);
        accepted
    }

    /// A flow that was taken to be one-sided is not when the other side is heard.
    fn see_side(&mut self, direction: Direction) {
        if self.one_sided && self.halves[index(direction.reversed())].free && !self.halves[index(direction)].free {
            self.one_sided = false;
            self.halves.iter_mut().for_each(|half| half.free = false);
        }
    }

    /// Ends both directions: gaps are given up and all that is held is delivered.
    pub fn finish(&mut self, settings: &StreamSettings, sink: &mut dyn StreamSink) {
        if let Some(by) = self.reset_by {
            // Who resets has not read what it did not acknowledge.
            self.halves[index(by.reversed())].drop_unacknowledged(settings);
        }
        // What both sides have said comes before the end of either.
        for direction in [Direction::ToServer, Direction::ToClient] {
            self.halves[index(direction)].flush(settings, direction, sink);
        }
        for direction in [Direction::ToServer, Direction::ToClient] {
            self.halves[index(direction)].end(direction, sink);
        }
    }

    fn first(&mut self, settings: &StreamSettings, segment: &Segment<'_>, sink: &mut dyn StreamSink) -> bool {
        let tcp = segment.tcp;
        if tcp.has(flags::RST) {
            sink.event("stream.rst_but_no_session");
            return false;
        }
        if tcp.has(flags::FIN) {
            sink.event("stream.fin_but_no_session");
            if !settings.midstream || segment.payload.is_empty() {
                return false;
            }
        }
        if tcp.is_syn() {
            self.open(settings, segment, sink);
            return true;
        }
        let joins = settings.midstream || (settings.async_oneside && tcp.is_syn_ack());
        if !joins {
            return false;
        }
        self.midstream = true;
        self.pick_up(settings, segment, sink)
    }

    /// The client's SYN.
    fn open(&mut self, settings: &StreamSettings, segment: &Segment<'_>, sink: &mut dyn StreamSink) {
        let tcp = segment.tcp;
        let half = &mut self.halves[index(segment.direction)];
        half.start(tcp.sequence.wrapping_add(1));
        half.timestamp = tcp.options.timestamp.map(|(value, _)| value);
        half.scale = tcp.options.window_scale.unwrap_or(0);
        half.scales = tcp.options.window_scale.is_some();
        half.window = u64::from(tcp.window);
        self.state = TcpState::SynSent;
        self.fast_open = tcp.options.fast_open == Some(true);
        if self.fast_open && !segment.payload.is_empty() {
            half.insert(settings, segment.direction, 0, segment.payload, sink);
            self.took_payload = true;
        }
    }

    /// Joins a connection that runs already.
    fn pick_up(&mut self, settings: &StreamSettings, segment: &Segment<'_>, sink: &mut dyn StreamSink) -> bool {
        let tcp = segment.tcp;
        let (own, other) = self.pair(segment.direction);
        own.start(tcp.sequence.wrapping_add(u32::from(tcp.has(flags::SYN))));
        own.scale = tcp.options.window_scale.unwrap_or(UNKNOWN_SCALE);
        if tcp.has(flags::ACK) {
            other.start(tcp.acknowledgement);
            other.scale = UNKNOWN_SCALE;
        }
        if tcp.has(flags::SYN) {
            self.state = TcpState::SynReceived;
            return true;
        }
        if settings.async_oneside {
            self.one_sided = true;
            self.halves[index(segment.direction)].free = true;
        }
        self.establish();
        self.running(settings, segment, sink)
    }

    fn establish(&mut self) {
        self.state = TcpState::Established;
        self.established = true;
    }

    fn pair(&mut self, direction: Direction) -> (&mut Half, &mut Half) {
        let [server_bound, client_bound] = &mut self.halves;
        match direction {
            Direction::ToServer => (server_bound, client_bound),
            Direction::ToClient => (client_bound, server_bound),
        }
    }

    fn syn_sent(&mut self, settings: &StreamSettings, segment: &Segment<'_>, sink: &mut dyn StreamSink) -> bool {
        let (tcp, from_client) = (segment.tcp, segment.direction == Direction::ToServer);
        if !from_client && self.echoes_wrong_timestamp(tcp) {
            sink.event("stream.pkt_invalid_timestamp");
            return false;
        }
        if tcp.has(flags::RST) {
            return self.reset_in_handshake(settings, segment, sink);
        }
        if tcp.is_syn_ack() && !from_client {
            return self.syn_ack(settings, segment, sink);
        }
        if tcp.is_syn_ack() && self.answers_syn(tcp) {
            // Both sides sent a SYN; the client answers that of the server (split handshake).
            self.state = TcpState::SynReceived;
            return true;
        }
        if tcp.is_syn_ack() {
            sink.event("stream.3whs_synack_in_wrong_direction");
            return false;
        }
        if tcp.is_syn() && from_client {
            return self.syn_again(settings, segment, sink);
        }
        if tcp.is_syn() {
            return self.simultaneous_open(segment);
        }
        if from_client && (settings.async_oneside || self.fast_open) {
            return self.go_one_sided(settings, segment, sink);
        }
        false
    }

    /// What the other side sends echoes the timestamp of the SYN (RFC 7323, 3.2).
    fn echoes_wrong_timestamp(&self, tcp: &Tcp<'_>) -> bool {
        match (self.halves[0].timestamp, tcp.options.timestamp) {
            (Some(sent), Some((_, echo))) => sent != 0 && echo != 0 && sent != echo,
            // Servers are known to answer a SYN with an echo of what it did not have; nobody refuses one in this way.
            (None, Some((_, echo))) => echo != 0 && !tcp.is_syn_ack(),
            (_, None) => false,
        }
    }

    fn answers_syn(&self, tcp: &Tcp<'_>) -> bool {
        let [client, server] = &self.halves;
        server.origin == Some(tcp.acknowledgement) && client.origin == Some(tcp.sequence.wrapping_add(1))
    }

    fn syn_again(&mut self, settings: &StreamSettings, segment: &Segment<'_>, sink: &mut dyn StreamSink) -> bool {
        let half = &mut self.halves[0];
        let differs = half.origin != Some(segment.tcp.sequence.wrapping_add(1));
        if differs && half.next == 0 {
            // The client gave up the first attempt and reuses the ports.
            self.open(settings, segment, sink);
        }
        true
    }

    /// Both sides open at once, or the server answers with a bare SYN (RFC 9293, 3.5).
    fn simultaneous_open(&mut self, segment: &Segment<'_>) -> bool {
        let half = &mut self.halves[1];
        half.start(segment.tcp.sequence.wrapping_add(1));
        half.scale = segment.tcp.options.window_scale.unwrap_or(0);
        true
    }

    fn go_one_sided(&mut self, settings: &StreamSettings, segment: &Segment<'_>, sink: &mut dyn StreamSink) -> bool {
        if self.halves[0].next_sequence() != Some(segment.tcp.sequence) {
            sink.event("stream.3whs_async_wrong_seq");
            return false;
        }
        self.one_sided = settings.async_oneside;
        self.halves[0].free = settings.async_oneside;
        self.halves[1].start(segment.tcp.acknowledgement);
        self.halves[1].scale = UNKNOWN_SCALE;
        self.establish();
        self.running(settings, segment, sink)
    }

    /// The server's SYN+ACK.
    fn syn_ack(&mut self, settings: &StreamSettings, segment: &Segment<'_>, sink: &mut dyn StreamSink) -> bool {
        let tcp = segment.tcp;
        let client = &mut self.halves[0];
        let acknowledged = client.offset_of(tcp.acknowledgement);
        let highest = i64::try_from(client.highest).unwrap_or(i64::MAX);
        if !acknowledged.is_some_and(|offset| (0..=highest).contains(&offset)) {
            sink.event("stream.3whs_synack_with_wrong_ack");
            return false;
        }
        if tcp.options.window_scale.is_none() {
            client.scale = 0;
        }
        let no_times = tcp.options.timestamp.is_none();
        if no_times {
            client.timestamp = None;
        }
        let both_scale = client.scales && tcp.options.window_scale.is_some();
        let server = &mut self.halves[1];
        server.start(tcp.sequence.wrapping_add(1));
        server.scale = if both_scale { tcp.options.window_scale.unwrap_or(0) } else { 0 };
        server.window = u64::from(tcp.window);
        server.timestamp = tcp.options.timestamp.map(|(value, _)| value);
        self.state = TcpState::SynReceived;
        if !segment.payload.is_empty() {
            server.insert(settings, segment.direction, 0, segment.payload, sink);
            self.took_payload = true;
        }
        true
    }

    fn syn_received(&mut self, settings: &StreamSettings, segment: &Segment<'_>, sink: &mut dyn StreamSink) -> bool {
        let (tcp, from_client) = (segment.tcp, segment.direction == Direction::ToServer);
        if tcp.has(flags::RST) {
            return self.reset_in_handshake(settings, segment, sink);
        }
        if tcp.has(flags::SYN) {
            return self.syn_while_received(settings, segment, sink);
        }
        if !from_client {
            return self.server_before_handshake_ends(settings, segment, sink);
        }
        let right_sequence = self.halves[0].offset_of(tcp.sequence).is_some_and(|offset| offset >= 0);
        let right_acknowledgement = self.acknowledges_server(tcp);
        match (right_sequence, right_acknowledgement) {
            (true, true) => {
                self.establish();
                self.running(settings, segment, sink)
            }
            (true, false) => {
                sink.event("stream.3whs_right_seq_wrong_ack_evasion");
                false
            }
            (false, _) => {
                sink.event("stream.3whs_wrong_seq_wrong_ack");
                false
            }
        }
    }

    fn acknowledges_server(&self, tcp: &Tcp<'_>) -> bool {
        let highest = i64::try_from(self.halves[1].highest).unwrap_or(i64::MAX);
        tcp.has(flags::ACK)
            && self.halves[1].offset_of(tcp.acknowledgement).is_some_and(|offset| (0..=highest).contains(&offset))
    }

    fn syn_while_received(
        &mut self,
        settings: &StreamSettings,
        segment: &Segment<'_>,
        sink: &mut dyn StreamSink,
    ) -> bool {
        let (tcp, from_client) = (segment.tcp, segment.direction == Direction::ToServer);
        match (tcp.is_syn_ack(), from_client) {
            (true, true) => sink.event("stream.3whs_synack_toserver_on_syn_recv"),
            (true, false) => return self.syn_ack_again(settings, segment, sink),
            (false, false) => sink.event("stream.3whs_syn_toclient_on_syn_recv"),
            (false, true) if self.halves[0].origin != Some(tcp.sequence.wrapping_add(1)) => {
                sink.event("stream.3whs_syn_resend_diff_seq_on_syn_recv");
            }
            (false, true) => return true,
        }
        false
    }

    fn syn_ack_again(&mut self, settings: &StreamSettings, segment: &Segment<'_>, sink: &mut dyn StreamSink) -> bool {
        let tcp = segment.tcp;
        if self.halves[0].offset_of(tcp.acknowledgement).is_none_or(|offset| offset < 0) {
            sink.event("stream.3whs_synack_resend_with_different_ack");
            return false;
        }
        if self.halves[1].origin == Some(tcp.sequence.wrapping_add(1)) {
            return true;
        }
        if self.syn_acks >= settings.max_synack_queued {
            sink.event("stream.3whs_synack_flood");
            return false;
        }
        self.syn_acks += 1;
        sink.event("stream.3whs_synack_resend_with_diff_seq");
        // The last answer counts, unless the server has sent data already.
        if self.halves[1].highest == 0 { self.syn_ack(settings, segment, sink) } else { false }
    }

    /// The server sends before the client's last ACK was seen: lost by the capture, or an attempt to inject.
    fn server_before_handshake_ends(
        &mut self,
        settings: &StreamSettings,
        segment: &Segment<'_>,
        sink: &mut dyn StreamSink,
    ) -> bool {
        if self.halves[0].offset_of(segment.tcp.acknowledgement).is_none_or(|offset| offset < 0) {
            sink.event("stream.3whs_ack_in_wrong_dir");
            return false;
        }
        if !segment.payload.is_empty() && !self.fast_open {
            sink.event("stream.3whs_ack_data_inject");
        }
        self.establish();
        self.running(settings, segment, sink)
    }

    /// A reset counts in the handshake when it answers what was sent.
    fn reset_in_handshake(
        &mut self,
        settings: &StreamSettings,
        segment: &Segment<'_>,
        sink: &mut dyn StreamSink,
    ) -> bool {
        let (own, other) = self.pair(segment.direction);
        let by_acknowledgement = segment.tcp.has(flags::ACK)
            && other.offset_of(segment.tcp.acknowledgement).is_some_and(|offset| offset >= 0);
        let by_sequence = own.offset_of(segment.tcp.sequence).is_some_and(|offset| offset >= -1);
        if !(by_acknowledgement || by_sequence) {
            sink.event("stream.rst_invalid_ack");
            return false;
        }
        self.close(settings, segment.direction, sink);
        true
    }

    fn close(&mut self, settings: &StreamSettings, by: Direction, sink: &mut dyn StreamSink) {
        self.state = TcpState::Closed;
        self.reset_by = Some(by);
        // What was never acknowledged may never have been received: it waits for the end of the flow.
        if settings.inline || self.one_sided {
            self.finish(settings, sink);
        }
    }

    /// Packets of an established or closing connection.
    fn running(&mut self, settings: &StreamSettings, segment: &Segment<'_>, sink: &mut dyn StreamSink) -> bool {
        let tcp = segment.tcp;
        if tcp.has(flags::SYN) && !tcp.has(flags::RST) {
            return self.syn_while_running(segment, sink);
        }
        if settings.urgent == UrgentPolicy::Drop && tcp.has(flags::URG) {
            return false;
        }
        if !self.has_started(segment) || !self.timestamp_fits(segment, sink) {
            return false;
        }
        let Some(offset) = self.position(segment, sink) else { return false };
        if tcp.has(flags::RST) {
            return self.reset(settings, segment, offset, sink);
        }
        if !self.acknowledge(settings, segment, sink) {
            return false;
        }
        self.take_data(settings, segment, offset, sink);
        self.advance(settings, segment.direction, tcp, sink);
        true
    }

    /// Positions a direction that was not seen before.
    fn has_started(&mut self, segment: &Segment<'_>) -> bool {
        let (own, other) = self.pair(segment.direction);
        if own.origin.is_none() {
            own.start(segment.tcp.sequence);
            own.scale = UNKNOWN_SCALE;
        }
        if other.origin.is_none() && segment.tcp.has(flags::ACK) {
            other.start(segment.tcp.acknowledgement);
            other.scale = UNKNOWN_SCALE;
        }
        true
    }

    fn syn_while_running(&mut self, segment: &Segment<'_>, sink: &mut dyn StreamSink) -> bool {
        let tcp = segment.tcp;
        let (own, other) = self.pair(segment.direction);
        let same_sequence = own.origin == Some(tcp.sequence.wrapping_add(1));
        let same_acknowledgement = other.offset_of(tcp.acknowledgement) == Some(0);
        let event = match (tcp.is_syn_ack(), segment.direction) {
            (true, Direction::ToServer) => "stream.est_synack_toserver",
            (true, _) if !same_acknowledgement => "stream.est_synack_resend_with_different_ack",
            (true, _) if !same_sequence => "stream.est_synack_resend_with_diff_seq",
            (true, _) => "stream.est_synack_resend",
            (false, Direction::ToClient) => "stream.est_syn_toclient",
            (false, _) if !same_sequence => "stream.est_syn_resend_diff_seq",
            (false, _) => "stream.est_syn_resend",
        };
        sink.event(event);
        same_sequence && (!tcp.is_syn_ack() || same_acknowledgement)
    }

    /// Protection against wrapped sequence numbers (RFC 7323, 5).
    fn timestamp_fits(&mut self, segment: &Segment<'_>, sink: &mut dyn StreamSink) -> bool {
        let half = &mut self.halves[index(segment.direction)];
        let Some((value, _)) = segment.tcp.options.timestamp else { return true };
        match half.timestamp {
            Some(last) if last != 0 && value != 0 && value.wrapping_sub(last).cast_signed() < 0 => {
                sink.event("stream.pkt_invalid_timestamp");
                false
            }
            Some(_) => {
                half.timestamp = Some(value);
                true
            }
            None => true,
        }
    }

    /// Where the segment lies in its direction, when that is acceptable.
    fn position(&mut self, segment: &Segment<'_>, sink: &mut dyn StreamSink) -> Option<i64> {
        let established = self.state == TcpState::Established;
        let (own, other) = self.pair(segment.direction);
        let offset = own.offset_of(segment.tcp.sequence)?;
        let end = offset.saturating_add(i64::try_from(segment.payload.len()).unwrap_or(i64::MAX));
        let window = if other.window == 0 { 1 << 20 } else { other.window };
        let slack = window.max(1 << 16);
        let right_edge = i64::try_from(own.acknowledged.max(own.next).saturating_add(slack)).unwrap_or(i64::MAX);
        if end > right_edge {
            sink.event(if established { "stream.est_packet_out_of_window" } else { "stream.fin_out_of_window" });
            self.ahead = true;
            return None;
        }
        let acknowledged = i64::try_from(own.acknowledged).unwrap_or(i64::MAX);
        let highest = i64::try_from(own.highest).unwrap_or(i64::MAX);
        if !segment.payload.is_empty() && end <= highest {
            sink.event(if end <= acknowledged {
                "stream.pkt_spurious_retransmission"
            } else {
                "stream.pkt_retransmission"
            });
        }
        Some(offset)
    }

    fn reset(
        &mut self,
        settings: &StreamSettings,
        segment: &Segment<'_>,
        offset: i64,
        sink: &mut dyn StreamSink,
    ) -> bool {
        let own = &self.halves[index(segment.direction)];
        // A reset before what the receiver has is a blind guess (RFC 5961, 3).
        if offset < i64::try_from(own.acknowledged).unwrap_or(i64::MAX) && !self.one_sided {
            sink.event("stream.rst_invalid_ack");
            return false;
        }
        self.acknowledge(settings, segment, sink);
        self.close(settings, segment.direction, sink);
        true
    }

    fn acknowledge(&mut self, settings: &StreamSettings, segment: &Segment<'_>, sink: &mut dyn StreamSink) -> bool {
        if !segment.tcp.has(flags::ACK) {
            return true;
        }
        let (midstream, one_sided) = (self.midstream, self.one_sided);
        let state = self.state;
        let (own, other) = self.pair(segment.direction);
        own.window = u64::from(segment.tcp.window) << own.scale;
        let Some(offset) = other.offset_of(segment.tcp.acknowledgement) else { return true };
        let Ok(offset) = u64::try_from(offset) else {
            // An old acknowledgement is no reason to leave the data out.
            return midstream || one_sided || segment.payload.is_empty() || offset > -(1 << 30);
        };
        let unseen = other.highest + u64::from(other.fin.is_some());
        if offset > unseen && one_sided {
            return true;
        }
        // Data we have not seen was acknowledged: either lost by the capture or made up.
        let plausible = unseen + own.window.max(1 << 20);
        if offset > plausible {
            sink.event(invalid_acknowledgement(state));
            self.ahead = true;
            return false;
        }
        other.acknowledge(settings, segment.direction.reversed(), offset, sink);
        true
    }

    fn take_data(&mut self, settings: &StreamSettings, segment: &Segment<'_>, offset: i64, sink: &mut dyn StreamSink) {
        let half = &mut self.halves[index(segment.direction)];
        if segment.tcp.has(flags::URG) && segment.tcp.urgent > 0 {
            half.mark_urgent(settings.urgent, offset, segment.tcp.urgent);
        }
        let after_end = half.fin.is_some_and(|fin| offset >= i64::try_from(fin).unwrap_or(i64::MAX));
        if !segment.payload.is_empty() && !after_end {
            half.insert(settings, segment.direction, offset, segment.payload, sink);
            self.took_payload = true;
        }
        let half = &mut self.halves[index(segment.direction)];
        if segment.tcp.has(flags::FIN) && half.fin.is_none() {
            let end = offset.saturating_add(i64::try_from(segment.payload.len()).unwrap_or(0));
            half.fin = u64::try_from(end).ok();
            half.tell_end(segment.direction, sink);
        }
    }

    /// Moves the state on by FINs and their acknowledgements.
    fn advance(&mut self, settings: &StreamSettings, direction: Direction, tcp: &Tcp<'_>, sink: &mut dyn StreamSink) {
        let has_fin = tcp.has(flags::FIN);
        let one_sided = self.one_sided;
        let (own, other) = self.pair(direction);
        let acknowledges_fin = other.fin.is_some_and(|fin| other.acknowledged > fin);
        let own_fin = own.fin.is_some();
        if has_fin && self.first_fin.is_none() {
            self.first_fin = Some(direction);
        }
        let by_first = self.first_fin == Some(direction);
        self.state = match (self.state, has_fin) {
            // Nothing tells how much the unseen server has taken.
            (TcpState::Established, true) if direction == Direction::ToServer && one_sided => TcpState::Established,
            (TcpState::Established, true) if direction == Direction::ToServer => TcpState::CloseWait,
            (TcpState::Established, true) => TcpState::FinWait1,
            (TcpState::FinWait1, true) if !by_first => {
                if acknowledges_fin {
                    TcpState::TimeWait
                } else {
                    TcpState::Closing
                }
            }
            (TcpState::FinWait1, false) if !by_first && acknowledges_fin => TcpState::FinWait2,
            (TcpState::FinWait2, true) if !by_first => TcpState::TimeWait,
            (TcpState::CloseWait, true) if !by_first => TcpState::LastAck,
            (TcpState::Closing, false) if acknowledges_fin => TcpState::TimeWait,
            (TcpState::LastAck | TcpState::TimeWait, false) if acknowledges_fin && by_first && own_fin => {
                TcpState::Closed
            }
            (state, _) => state,
        };
        if self.state == TcpState::Closed {
            for direction in [Direction::ToServer, Direction::ToClient] {
                let half = &mut self.halves[index(direction)];
                half.free = true;
                half.drain(settings, direction, sink);
            }
        }
    }

    /// Packets after the end.
    fn closed(&mut self, settings: &StreamSettings, segment: &Segment<'_>, sink: &mut dyn StreamSink) -> bool {
        let tcp = segment.tcp;
        if tcp.is_syn() && segment.direction == Direction::ToServer {
            // The ports are used again.
            let policies = [self.halves[0].policy, self.halves[1].policy];
            *self = Self::default();
            (self.halves[0].policy, self.halves[1].policy) = (policies[0], policies[1]);
            return self.first(settings, segment, sink);
        }
        if tcp.has(flags::SYN) {
            sink.event("stream.shutdown_syn_resend");
            return false;
        }
        let own = &self.halves[index(segment.direction)];
        let continues = own.offset_of(tcp.sequence).is_some_and(|offset| offset >= 0);
        if self.reset_by == Some(segment.direction) && !segment.payload.is_empty() && continues {
            sink.event("stream.suspected_rst_inject");
            // The sender goes on as if it had sent no reset: it was not its own.
            (self.state, self.reset_by) = (TcpState::Established, None);
            return self.running(settings, segment, sink);
        }
        tcp.has(flags::RST) || segment.payload.is_empty()
    }
}

/// The ACK flag without a number in an answer to a SYN, or a number without the flag.
fn has_broken_acknowledgement(tcp: &Tcp<'_>) -> bool {
    match (tcp.has(flags::ACK), tcp.acknowledgement) {
        (true, 0) => tcp.has(flags::SYN),
        (true, _) | (false, 0) => false,
        (false, _) => !tcp.has(flags::RST),
    }
}

fn invalid_acknowledgement(state: TcpState) -> &'static str {
    match state {
        TcpState::FinWait1 => "stream.fin1_invalid_ack",
        TcpState::FinWait2 => "stream.fin2_invalid_ack",
        TcpState::CloseWait => "stream.closewait_invalid_ack",
        TcpState::Closing => "stream.closing_invalid_ack",
        TcpState::LastAck => "stream.lastack_invalid_ack",
        TcpState::TimeWait => "stream.timewait_invalid_ack",
        _ => "stream.est_invalid_ack",
    }
}
