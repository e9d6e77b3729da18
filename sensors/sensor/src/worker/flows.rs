//! Flows: found, begun, fed and ended.

use fengsui_protocols::app::{ParserSpec, Probe};
use fengsui_protocols::{
    AppEvent, AppLayer, Decoded, Direction, PARSERS, Reading, Segment, TcpSession, TcpState, Transport, TransportKind,
    flags,
};
use fengsui_schema::LossCause;
use fengsui_signatures::PacketView;

use super::packet::{icmp_kind, view_of};
use super::stream::ToApp;
use super::{Verdict, Worker};
use crate::account::{Counter, Fate};
use crate::eve::{PacketInfo, flow_record, netflow_records};
use crate::evidence::KeptPacket;
use crate::flow::{Flow, FlowEnd, FlowKey, Side, Slot};
use crate::settings::ExceptionPolicy;

/// What a packet brought to its flow.
#[derive(Default)]
pub(super) struct News {
    pub(super) app_events: Vec<AppEvent>,
    /// Anomalies of the TCP session.
    pub(super) events: Vec<&'static str>,
    /// Whether the payload went into the stream.
    pub(super) in_stream: bool,
    /// Whether the session took the packet.
    pub(super) accepted: bool,
}

impl Worker {
    /// A packet with its flow.
    pub(super) fn flow_packet(&mut self, info: &PacketInfo<'_>, decoded: &Decoded<'_>, keyed: (FlowKey, Side, Side)) {
        let slot = self.find_or_begin(info, decoded, keyed);
        let Some(mut flow) = self.table.take(slot) else { return self.decide(Fate::Lost(LossCause::MemoryLimit)) };
        self.at_work = flow.unsettled.iter().sum();
        let direction = flow.direction_of(keyed.1, keyed.2);
        self.count_packet(&mut flow, info, decoded, direction);
        self.keep_packet(&mut flow, info);
        self.judge_checksum(decoded);
        let verdict = self.treat(info, decoded, &mut flow, direction);
        self.count_verdict(verdict);
        if flow.is_closing() {
            flow.give_room_back();
        }
        self.table.put_back(slot, flow);
        self.at_work = 0;
        self.make_room(info.number);
    }

    /// A packet as its flow is treated: blocked, left alone, or worked on.
    fn treat(
        &mut self,
        info: &PacketInfo<'_>,
        decoded: &Decoded<'_>,
        flow: &mut Flow,
        direction: Direction,
    ) -> Verdict {
        let way = usize::from(direction == Direction::ToClient);
        if flow.dropped && self.shared.inline {
            let first = !std::mem::replace(&mut flow.drop_told[way], true);
            let reason = if flow.dropped_by_policy { "exception policy flow drop" } else { "flow drop" };
            if first || self.shared.settings.eve.drop.all_of_flow {
                self.tell_drop(info, Some(flow), Some(direction), (None, reason));
            }
            return Verdict::Dropped(reason);
        }
        if flow.bypassed {
            flow.bypassed_packets[way] += 1;
            flow.bypassed_bytes[way] += info.length as u64;
            return Verdict::Accepted;
        }
        if let Some(verdict) = self.midstream(info, decoded, flow, direction) {
            return verdict;
        }
        let verdict = self.work(info, decoded, flow, direction);
        self.tell_tagged(info, flow);
        verdict
    }

    /// What the policy for flows whose opening was not seen makes of a packet; none when it is worked on.
    fn midstream(
        &mut self,
        info: &PacketInfo<'_>,
        decoded: &Decoded<'_>,
        flow: &mut Flow,
        direction: Direction,
    ) -> Option<Verdict> {
        let header = decoded.tcp()?;
        let opened = flow.tcp.as_ref().is_some_and(|tcp| tcp.state() != TcpState::None);
        if opened || header.is_syn() || header.has(flags::RST) {
            return None;
        }
        let policy = self.shared.settings.midstream_policy;
        let entry = ("stream_midstream", policy.as_str());
        if !flow.exceptions.contains(&entry) {
            flow.exceptions.push(entry);
        }
        self.account.exception(policy);
        let reason = "stream midstream";
        let verdict = match policy {
            ExceptionPolicy::Ignore => return None,
            ExceptionPolicy::DropFlow | ExceptionPolicy::DropPacket | ExceptionPolicy::Reject
                if !self.shared.inline =>
            {
                return None;
            }
            ExceptionPolicy::DropPacket => Verdict::Dropped(reason),
            ExceptionPolicy::DropFlow => {
                (flow.dropped, flow.dropped_by_policy) = (true, true);
                Verdict::Dropped(reason)
            }
            ExceptionPolicy::Reject => {
                (flow.dropped, flow.dropped_by_policy) = (true, true);
                Verdict::Rejected(reason)
            }
            ExceptionPolicy::Bypass => {
                flow.bypassed = true;
                Verdict::Passed
            }
            ExceptionPolicy::PassFlow => {
                flow.rules.pass();
                Verdict::Passed
            }
            ExceptionPolicy::PassPacket => Verdict::Passed,
        };
        if verdict.drops().is_some() {
            self.tell_drop(info, Some(flow), Some(direction), (None, reason));
        }
        Some(verdict)
    }

    fn find_or_begin(&mut self, info: &PacketInfo<'_>, decoded: &Decoded<'_>, keyed: (FlowKey, Side, Side)) -> Slot {
        let (key, source, destination) = keyed;
        if let Some(slot) = self.table.find(&key) {
            if !self.is_reused(slot, decoded) {
                return slot;
            }
            self.account.count(Counter::FlowReused);
            self.end_flow(slot, info.number, FlowEnd::Reused, Counter::FlowReused);
        }
        while self.table.is_full() {
            let Some(quietest) = self.table.quietest() else { break };
            self.end_flow(quietest, info.number, FlowEnd::Forced, Counter::FlowEndFull);
        }
        let flow = self.begin_flow(info, decoded, (key, source, destination));
        self.table.insert(Box::new(flow))
    }

    /// Whether a SYN begins a new connection on the addresses and ports of one that is over.
    fn is_reused(&mut self, slot: Slot, decoded: &Decoded<'_>) -> bool {
        if !decoded.tcp().is_some_and(fengsui_protocols::Tcp::is_syn) {
            return false;
        }
        let Some(flow) = self.table.take(slot) else { return false };
        let closed = flow.is_closed();
        self.table.put_back(slot, flow);
        closed
    }

    fn begin_flow(&mut self, info: &PacketInfo<'_>, decoded: &Decoded<'_>, keyed: (FlowKey, Side, Side)) -> Flow {
        let (key, source, destination) = keyed;
        self.account.count(Counter::FlowTotal);
        // A flow that begins with the answer of a handshake was opened by the other side.
        let is_server = |side: Side| PARSERS.iter().any(|parser| parser.ports.contains(&side.1));
        let answered = match (decoded.tcp(), &decoded.transport) {
            (Some(tcp), _) if tcp.has(flags::SYN) => tcp.has(flags::ACK),
            (Some(_), _) => is_server(source) && !is_server(destination),
            (None, Transport::Udp(_)) => is_server(source) && !is_server(destination) && is_answer(decoded),
            _ => false,
        };
        let (client, server) = if answered { (destination, source) } else { (source, destination) };
        let mut flow = Flow::new(key, client, server, info.number, info.time);
        flow.vlans = decoded.vlans.ids().to_vec();
        let expected = self.expected.take(client, server, info.time);
        let app = |kind| {
            let layer = match expected {
                Some(expected) => AppLayer::announced(kind, client.1, server.1, expected),
                None => AppLayer::new(kind, client.1, server.1),
            };
            Some(Box::new(layer.with_interest(self.rules.set.interest())))
        };
        match decoded.transport {
            Transport::Tcp(_) => {
                self.account.count(Counter::FlowTcp);
                let mut session = TcpSession::new();
                session.set_policy(Direction::ToServer, self.hosts.of(server.0));
                session.set_policy(Direction::ToClient, self.hosts.of(client.0));
                flow.tcp = Some(Box::new(session));
                flow.app = app(TransportKind::Tcp);
            }
            Transport::Udp(_) => {
                self.account.count(Counter::FlowUdp);
                flow.app = app(TransportKind::Udp);
            }
            Transport::Icmpv4(_) => self.account.count(Counter::FlowIcmpv4),
            Transport::Icmpv6(_) => self.account.count(Counter::FlowIcmpv6),
            Transport::Sctp(_) | Transport::None => {}
        }
        flow
    }

    fn count_packet(&mut self, flow: &mut Flow, info: &PacketInfo<'_>, decoded: &Decoded<'_>, direction: Direction) {
        let way = usize::from(direction == Direction::ToClient);
        flow.last = flow.last.max(info.time);
        flow.packets[way] += 1;
        flow.bytes[way] += info.length as u64;
        let settings = &self.shared.settings.flow;
        if settings.elephant_bytes > 0 && !flow.elephant[way] {
            let rate = flow.rate.get_or_insert_default();
            flow.elephant[way] = rate.count(way, info.time.as_seconds(), info.length as u64, settings);
        }
        flow.icmp[way] = flow.icmp[way].or(icmp_kind(decoded));
        if let Some(ip) = &decoded.ip {
            flow.ttl[way] = (flow.ttl[way].0.min(ip.ttl), flow.ttl[way].1.max(ip.ttl));
        }
        if let Some((source, destination)) = info.macs {
            let (client, server) = if way == 0 { (source, destination) } else { (destination, source) };
            flow.macs = [flow.macs[0].or(Some(client)), flow.macs[1].or(Some(server))];
        }
        if let Some(tcp) = decoded.tcp() {
            let account = &mut self.account;
            account.add(Counter::TcpSyn, u64::from(tcp.is_syn()));
            account.add(Counter::TcpSynAck, u64::from(tcp.is_syn_ack()));
            account.add(Counter::TcpRst, u64::from(tcp.has(flags::RST)));
        }
    }

    fn keep_packet(&mut self, flow: &mut Flow, info: &PacketInfo<'_>) {
        let (Some(evidence), Some(packet)) = (&self.shared.evidence, info.packet) else { return };
        let kept = KeptPacket::new(flow.id, packet);
        if !flow.capturing {
            return self.ring.push(kept);
        }
        if flow.captured_bytes + kept.len() > self.shared.settings.evidence.flow_bytes {
            return;
        }
        flow.captured_bytes += kept.len();
        if !evidence.append(flow.id, vec![kept]) {
            self.account.count(Counter::EvidenceShed);
        }
    }

    /// Feeds the packet to the flow and shows the rules what came of it.
    fn work(&mut self, info: &PacketInfo<'_>, decoded: &Decoded<'_>, flow: &mut Flow, direction: Direction) -> Verdict {
        // The packet that completes the handshake is part of it.
        let established = flow.tcp.as_ref().map(|tcp| tcp.was_established());
        let news = self.feed(info, decoded, flow, direction);
        for event in &news.events {
            self.account.stream_event(event);
            self.tell_stream_event(info, flow, event);
        }
        let mut view = view_of(info, decoded);
        if flow.encrypted {
            view.payload_hidden = true;
        }
        let both;
        view.events = if news.events.is_empty() {
            &decoded.events
        } else {
            both = [decoded.events.as_slice(), news.events.as_slice()].concat();
            &both
        };
        view.in_stream = news.in_stream;
        add_flow_view(&mut view, flow, direction);
        view.established = established.unwrap_or(view.established);
        self.inspect_news(info, &view, flow, direction, news)
    }

    fn tell_stream_event(&mut self, info: &PacketInfo<'_>, flow: &Flow, event: &str) {
        if self.shared.settings.eve.anomaly.stream && self.writes("anomaly") {
            let number = self.number_to_tell(info.number);
            let record = crate::eve::packet_anomaly(&self.shared.settings, info, Some(flow.id), number, event);
            self.emit("anomaly", &record);
        }
    }

    fn feed(&mut self, info: &PacketInfo<'_>, decoded: &Decoded<'_>, flow: &mut Flow, direction: Direction) -> News {
        let mut news = News { accepted: true, ..News::default() };
        self.meet_expectation(info, decoded, flow);
        let settings = &self.shared.settings;
        match (&decoded.transport, &mut flow.tcp, &mut flow.app) {
            (Transport::Tcp(header), Some(tcp), Some(app)) => {
                let was_established = tcp.was_established();
                let segment = Segment { time: info.time, direction, tcp: header, payload: decoded.payload };
                let mut sink = ToApp {
                    app,
                    settings: &settings.app,
                    time: info.time,
                    windows: &mut flow.windows,
                    app_events: &mut news.app_events,
                    events: &mut news.events,
                    unseen: flow.encrypted || self.rules.set.is_empty(),
                    gap_bytes: 0,
                    unread: Default::default(),
                };
                news.accepted = tcp.segment(&settings.stream, &segment, &mut sink);
                let (gap_bytes, unread) = (sink.gap_bytes, sink.unread);
                news.in_stream = tcp.took_payload();
                let begun = !was_established && tcp.was_established();
                self.account.add(Counter::TcpSessions, u64::from(begun));
                self.account.add(Counter::TcpMidstream, u64::from(begun && tcp.is_midstream()));
                self.account.add(Counter::TcpRejected, u64::from(!news.accepted));
                self.account.add(Counter::TcpGapBytes, gap_bytes);
                self.account.add(Counter::TcpGaps, u64::from(gap_bytes > 0));
                flow.has_gap |= gap_bytes > 0;
                self.judge_segment(flow, &segment, news.accepted);
                self.settle_stream(flow, unread);
            }
            (Transport::Udp(_), _, Some(app)) if !decoded.payload.is_empty() => {
                app.data(&settings.app, info.time, direction, decoded.payload, &mut news.app_events);
                let unknown = app.reading(direction) == Reading::Unknown;
                self.account.count(Counter::PayloadPackets);
                self.account.add(Counter::PayloadUnknown, u64::from(unknown));
            }
            _ => {}
        }
        news
    }

    /// A flow may be announced after it was opened: the announcement waits for its acknowledgement.
    fn meet_expectation(&mut self, info: &PacketInfo<'_>, decoded: &Decoded<'_>, flow: &mut Flow) {
        let waits = flow.tcp.is_some() && flow.app.as_ref().is_some_and(|app| app.is_untouched());
        if !waits || decoded.payload.is_empty() {
            return;
        }
        if let Some(expected) = self.expected.take(flow.client, flow.server, info.time) {
            let layer = AppLayer::announced(TransportKind::Tcp, flow.client.1, flow.server.1, expected);
            flow.app = Some(Box::new(layer.with_interest(self.rules.set.interest())));
        }
    }

    /// Ends flows until what they hold is below the limit.
    fn make_room(&mut self, number: u64) {
        while self.table.is_over_memory() {
            let Some(quietest) = self.table.quietest() else { return };
            self.end_flow(quietest, number, FlowEnd::Forced, Counter::FlowEndMemory);
        }
    }

    /// Ends a flow: what is held is delivered, inspected and told.
    pub(super) fn end_flow(&mut self, slot: Slot, number: u64, end: FlowEnd, counter: Counter) {
        let Some(mut flow) = self.table.remove(slot) else { return };
        self.account.count(counter);
        self.count_one_sided(&flow);
        self.at_work = flow.unsettled.iter().sum();
        let order = std::mem::replace(&mut self.order, (number, flow.first_packet + 1, 0));
        let info = PacketInfo {
            time: self.now,
            // No packet of the capture stands for the end of a flow.
            number: 0,
            packet: None,
            source: "stream (flow timeout)",
            sides: None,
            protocol: Some(flow.protocol),
            icmp: flow.icmp[0],
            length: 0,
            payload: &[],
            tunnel: None,
            macs: None,
            bytes: &[],
            link: 0,
            headers: None,
        };
        self.finish_app(&info, &mut flow);
        self.tell_flow(&flow, end);
        if flow.capturing && self.shared.evidence.as_ref().is_some_and(|evidence| !evidence.end(flow.id)) {
            self.account.count(Counter::EvidenceShed);
        }
        self.order = order;
    }

    fn finish_app(&mut self, info: &PacketInfo<'_>, flow: &mut Flow) {
        let mut news = News { accepted: true, in_stream: true, ..News::default() };
        let settings = &self.shared.settings;
        if let Some(app) = &mut flow.app {
            let mut sink = ToApp {
                app,
                settings: &settings.app,
                time: info.time,
                windows: &mut flow.windows,
                app_events: &mut news.app_events,
                events: &mut news.events,
                unseen: flow.encrypted || self.rules.set.is_empty(),
                gap_bytes: 0,
                unread: Default::default(),
            };
            match &mut flow.tcp {
                Some(tcp) => tcp.finish(&settings.stream, &mut sink),
                None => {
                    for direction in [Direction::ToServer, Direction::ToClient] {
                        fengsui_protocols::StreamSink::end(&mut sink, direction);
                    }
                }
            }
            let (gap_bytes, unread) = (sink.gap_bytes, sink.unread);
            self.account.add(Counter::TcpGapBytes, gap_bytes);
            self.settle_stream(flow, unread);
        }
        self.inspect_end(info, flow, news);
    }

    fn tell_flow(&mut self, flow: &Flow, end: FlowEnd) {
        if self.writes("flow") {
            let record = flow_record(&self.shared.settings, &self.rules.set, flow, (self.now, end));
            self.emit("flow", record);
        }
        if self.shared.settings.eve.netflow && self.writes("netflow") {
            for record in netflow_records(&self.shared.settings, &self.rules.set, flow, self.now) {
                self.emit("netflow", &record);
            }
        }
    }
}

/// Whether a datagram is what the server of its source port says.
fn is_answer(decoded: &Decoded<'_>) -> bool {
    let Some((source, destination)) = decoded.ports() else { return false };
    let probe = Probe {
        data: decoded.payload,
        direction: Direction::ToClient,
        transport: TransportKind::Udp,
        port_matches: true,
        server_port: source,
    };
    let fits = |parser: &&ParserSpec| {
        parser.transports.contains(&TransportKind::Udp)
            && parser.ports.contains(&source)
            && !parser.ports.contains(&destination)
    };
    PARSERS.iter().filter(fits).any(|parser| (parser.probe)(&probe) == fengsui_protocols::app::Verdict::Yes)
}

/// What rules see of the flow.
pub(super) fn add_flow_view(view: &mut PacketView<'_>, flow: &Flow, direction: Direction) {
    view.direction = Some(direction);
    view.established = flow.is_established();
    view.app_protocol = flow.app.as_ref().and_then(|app| app.protocol());
    view.app_original = flow.app.as_ref().and_then(|app| app.previous_protocol());
    view.app_protocol_decided = flow.app.as_ref().is_none_or(|app| app.protocol().is_some() || app.has_failed());
    view.client_bytes = flow.windows[0].total;
    view.server_bytes = flow.windows[1].total;
    view.flow_age_seconds = u64::try_from(flow.last.as_seconds() - flow.started.as_seconds()).unwrap_or(0);
    view.flow_packets = flow.packets;
    view.flow_bytes = flow.bytes;
    view.flow_elephant = flow.elephant;
}

/// A view without a packet, for what is inspected when a flow ends or for the direction the packet does not go.
pub(super) fn flow_view<'a>(info: &PacketInfo<'_>, flow: &Flow, direction: Direction) -> PacketView<'a> {
    let (source, destination) = flow.sides(direction);
    let mut view =
        PacketView::new((source.0, source.1).into(), (destination.0, destination.1).into(), flow.protocol, &[]);
    view.time = info.time;
    view.in_stream = true;
    view.of_packet = false;
    add_flow_view(&mut view, flow, direction);
    view
}
