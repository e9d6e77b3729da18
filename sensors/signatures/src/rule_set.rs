//! The immutable rule set and how it is asked.

mod apply;
mod build;
mod gate;
mod group;
mod news;
mod tables;

use std::collections::HashMap;
use std::sync::Arc;

use fengsui_protocols::{AppProtocol, Direction, Frame, Interest, Transaction};

use self::apply::blank;
use self::gate::{Gate, Sight};
pub(crate) use self::group::Group;
use self::group::{Groups, HeaderClasses};
use self::news::News;
use self::tables::{OTHER_PAYLOAD, STREAM_PAYLOAD, TCP_PAYLOAD, TCP_START, Tables};
use crate::evaluate::{Context, Counters, Phase};
use crate::prefilter::{HeadIndex, PortIndex, PrefixIndex, Seen};
use crate::rule::Rule;
use crate::tracking::RateVerdict;
use crate::{Action, Completion, FlowState, Match, PacketView, RuleInfo, Settled, Tracking, limits};

/// Compiled rules. Immutable, shared by all workers in an `Arc`; a reload makes a new one.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    version: String,
    /// Tells this set from every other one of the process.
    id: u64,
    /// What turns most candidates away, rule by rule.
    gates: Vec<Gate>,
    /// Buffers whose patterns choose rules that look at files too.
    file_buffers: Vec<bool>,
    /// Names of bits and numbers of flows.
    names: HashMap<u64, String>,
    /// Rules that look at addresses only.
    addresses: PrefixIndex,
    /// Rules of packets that no pattern chooses.
    packets: PrefixIndex,
    /// Rules by decoder and stream event.
    packet_events: HashMap<String, Vec<u32>>,
    /// Rules of the application protocol alone.
    protocols: Vec<u32>,
    /// What tells classes of traffic apart.
    classes: HeaderClasses,
    /// Patterns that choose rules.
    tables: Tables,
    /// Rules chosen by the first byte of TCP payloads.
    heads: Heads,
    /// Rules of streams that no pattern chooses.
    streams: PortIndex,
    /// Rules of transactions that no pattern chooses, by protocol.
    transactions: HashMap<AppProtocol, Vec<u32>>,
    /// Rules of transactions of any protocol that no pattern chooses.
    any_transactions: Vec<u32>,
    transaction_events: HashMap<String, Vec<u32>>,
    /// Rules of files that no pattern chooses.
    files: Vec<u32>,
    files_are_looked_at: bool,
    file_kinds_are_looked_at: bool,
    /// Rules of frames.
    frames: Vec<u32>,
    interest: Interest,
}

/// Rules by the byte that what they look at has to start with.
#[derive(Debug, Default)]
struct Heads {
    packets: Vec<(u8, u32)>,
    streams: Vec<(u8, u32)>,
    of_packets: HeadIndex,
    of_streams: HeadIndex,
}

impl Heads {
    fn index(&mut self) {
        self.of_packets = HeadIndex::new(self.packets.clone());
        self.of_streams = HeadIndex::new(self.streams.clone());
    }
}

/// Working memory of one worker.
#[derive(Debug)]
pub struct Scratch {
    tracking: Arc<Tracking>,
    seen: Seen,
    candidates: Vec<u32>,
    groups: Groups,
    counters: Counters,
    /// Whether rules look at every byte of a body as it comes.
    at_once: bool,
}

impl Scratch {
    /// Working memory that counts thresholds in these tables.
    #[must_use]
    pub fn new(tracking: Arc<Tracking>) -> Self {
        Self {
            tracking,
            seen: Seen::default(),
            candidates: Vec::new(),
            groups: Groups::default(),
            counters: Counters::default(),
            at_once: false,
        }
    }

    /// Lets rules look at bodies whenever they have grown, as what fires may still stop the packet that brought the bytes.
    /// Otherwise they look when as much has come as they have seen, or 16 KiB, and at the end.
    #[must_use]
    pub const fn at_once(mut self, at_once: bool) -> Self {
        self.at_once = at_once;
        self
    }

    fn sort_candidates(&mut self) {
        self.candidates.sort_unstable();
        self.candidates.dedup();
    }

    /// The tables it counts in.
    #[must_use]
    pub fn tracking(&self) -> &Arc<Tracking> {
        &self.tracking
    }

    /// Inspections that were cut short by a limit and matches that were shed, since the start.
    #[must_use]
    pub const fn limited(&self) -> u64 {
        self.counters.exhausted + self.counters.shed
    }
}

impl RuleSet {
    /// Number of rules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Digest of the loaded rules; the same as [`crate::LoadReport::version`].
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether rules look at MD5, SHA-1 and SHA-256 of files.
    #[must_use]
    pub fn file_digests(&self) -> [bool; 3] {
        let mut needed = [false; 3];
        for check in self.rules.iter().flat_map(|rule| &rule.file_checks) {
            if let Some(place) = check.digest() {
                needed[place] = true;
            }
        }
        needed
    }

    /// Whether any rule looks at files; without one nothing needs to be kept for [`RuleSet::inspect_file_data`].
    #[must_use]
    pub const fn looks_at_files(&self) -> bool {
        self.files_are_looked_at
    }

    /// Whether any rule looks at the type of files ([`crate::FileView::magic`]).
    #[must_use]
    pub const fn looks_at_file_kinds(&self) -> bool {
        self.file_kinds_are_looked_at
    }

    /// The name of a bit or number of a flow, by the digest that stands for it.
    #[must_use]
    pub fn name(&self, digest: u64) -> Option<&str> {
        self.names.get(&digest).map(String::as_str)
    }

    /// Every rule, in the order they are applied.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<RuleInfo>> {
        self.rules.iter().map(|rule| &rule.info)
    }

    /// Inspects one packet: address-only rules (once per flow and direction), header rules, decoder and stream events,
    /// payload rules of everything that is not taken by a TCP stream, and the reassembled window of the stream that goes
    /// the packet's way, when there is something new in it. The first bytes of the window, as many as the number beside
    /// it says, were part of the window at the last call.
    pub fn inspect_packet(
        &self,
        scratch: &mut Scratch,
        packet: &PacketView<'_>,
        mut flow: Option<&mut FlowState>,
        stream: Option<(&[u8], usize)>,
    ) -> Vec<Match> {
        if self.rules.is_empty() || flow.as_ref().is_some_and(|flow| flow.passed()) {
            return Vec::new();
        }
        scratch.candidates.clear();
        let group = flow.as_deref_mut().and_then(|flow| self.group_of(&mut scratch.groups, packet, flow));
        if packet.of_packet {
            self.packet_candidates(scratch, packet, (flow.as_deref_mut(), group.as_deref()));
        }
        let window = stream.map_or(&[][..], |stream| stream.0);
        if let (Some(stream), Some(flow)) = (stream, flow.as_deref_mut()) {
            self.stream_candidates(scratch, packet, (flow, group.as_deref()), stream);
        }
        if scratch.candidates.is_empty() {
            return Vec::new();
        }
        let of_packet = Context { payload: packet.payload, ..blank(packet, Phase::Packet) };
        let of_stream = Context { payload: window, ..blank(packet, Phase::Stream) };
        self.apply(scratch, [&of_stream, &of_packet], flow)
    }

    fn packet_candidates(
        &self,
        scratch: &mut Scratch,
        packet: &PacketView<'_>,
        (mut flow, group): (Option<&mut FlowState>, Option<&Group>),
    ) {
        let Scratch { candidates, seen, .. } = scratch;
        let first = flow.as_mut().is_none_or(|flow| flow.take_addresses(packet.direction == Some(Direction::ToClient)));
        if first && packet.source.is_some() {
            self.addresses.candidates(packet, candidates);
        }
        for event in packet.events {
            let name = event.strip_prefix("decoder.").unwrap_or(event);
            candidates.extend(self.packet_events.get(name).into_iter().flatten());
        }
        let of_tcp = packet.protocol == 6 && has_payload(packet);
        let alone = of_tcp && !packet.in_stream;
        if of_tcp {
            let heads = group.map_or(&self.heads.of_packets, |group| &group.packet_heads);
            candidates.extend_from_slice(heads.of(packet.payload));
        }
        if alone {
            let heads = group.map_or(&self.heads.of_streams, |group| &group.stream_heads);
            candidates.extend_from_slice(heads.of(packet.payload));
        }
        match group {
            Some(group) => {
                candidates.extend_from_slice(&group.packets);
                candidates.extend_from_slice(if packet.app_protocol_decided { &group.protocols } else { &[] });
                candidates.extend_from_slice(if alone { &group.streams } else { &[] });
            }
            None => {
                self.packets.candidates(packet, candidates);
                candidates.extend_from_slice(if packet.app_protocol_decided && flow.is_some() {
                    &self.protocols
                } else {
                    &[]
                });
                candidates.extend(self.streams.of(packet).filter(|_| alone));
            }
        }
        self.payload_candidates(packet, group, seen, candidates);
        self.mark(candidates, 0, (&Sight::of_payload(Phase::Packet, packet, packet.payload), 1));
    }

    /// Rules that patterns choose in the window of a stream, those of earlier parts of it included.
    fn stream_candidates(
        &self,
        scratch: &mut Scratch,
        packet: &PacketView<'_>,
        (flow, group): (&mut FlowState, Option<&Group>),
        (window, seen): (&[u8], usize),
    ) {
        let Scratch { candidates, seen: patterns, .. } = scratch;
        let of_packet = candidates.len();
        match group {
            Some(group) => candidates.extend_from_slice(&group.streams),
            None => candidates.extend(self.streams.of(packet)),
        }
        let heads = group.map_or(&self.heads.of_streams, |group| &group.stream_heads);
        candidates.extend_from_slice(heads.of(window));
        let known = flow.stream(packet.direction == Some(Direction::ToClient));
        let anew = seen == 0 || known.rules != self.id;
        if anew {
            known.candidates.clear();
            known.rules = self.id;
        }
        let matcher = self.matcher(group, STREAM_PAYLOAD);
        let from = if anew { 0 } else { seen.saturating_sub(matcher.reach()) };
        let before = known.candidates.len();
        let fresh = window.get(from..).unwrap_or_default();
        matcher.candidates(fresh, patterns, &mut known.candidates);
        // The matcher of a group knows fitting rules only.
        if group.is_none() {
            self.keep_fitting(packet, None, &mut known.candidates, before);
        }
        if known.candidates.len() != before {
            known.candidates.sort_unstable();
            known.candidates.dedup();
        }
        candidates.extend_from_slice(&known.candidates);
        self.mark(candidates, of_packet, (&Sight::of_payload(Phase::Stream, packet, window), 0));
    }

    fn payload_candidates(
        &self,
        packet: &PacketView<'_>,
        group: Option<&Group>,
        seen: &mut Seen,
        candidates: &mut Vec<u32>,
    ) {
        if !has_payload(packet) {
            return;
        }
        let mut look = |table: usize, bytes: &[u8]| self.matcher(group, table).candidates(bytes, seen, candidates);
        if packet.protocol != 6 {
            return look(OTHER_PAYLOAD, packet.payload);
        }
        look(TCP_START, &packet.payload[..packet.payload.len().min(limits::NEAR_BYTES)]);
        look(TCP_PAYLOAD, packet.payload);
        if !packet.in_stream {
            look(STREAM_PAYLOAD, packet.payload);
        }
    }

    /// Inspects what one direction of a transaction holds so far. `packet` is the packet that brought the news. What
    /// was shown before and has not changed costs next to nothing.
    pub fn inspect_transaction(
        &self,
        scratch: &mut Scratch,
        packet: &PacketView<'_>,
        flow: &mut FlowState,
        direction: Direction,
        (transaction, completion): (&Transaction, Completion),
    ) -> Vec<Match> {
        if self.rules.is_empty() || flow.passed() {
            return Vec::new();
        }
        let (mut shown, first) = flow.take_shown(transaction.id, direction == Direction::ToClient, self.id);
        let protocol = transaction.protocol;
        let packet = &PacketView { app_protocol: Some(protocol), direction: Some(direction), ..*packet };
        let group = self.group_of(&mut scratch.groups, packet, flow);
        let seen_by = (packet, group.as_deref(), flow.changes());
        let news = self.look_for_news(scratch, seen_by, (transaction, direction, completion), &mut shown);
        let mut matches = Vec::new();
        if first || news != News::None {
            let candidates = &mut scratch.candidates;
            candidates.clear();
            candidates.extend_from_slice(&shown.candidates);
            self.unchosen_of_transaction(group.as_deref(), protocol, candidates);
            if !first && news == News::Growth {
                candidates.retain(|number| !self.gates.get(*number as usize).is_some_and(|gate| gate.settled));
            }
            let (payload, direction, transaction) = (packet.payload, Some(direction), Some(transaction));
            let context = Context { payload, direction, transaction, completion, ..blank(packet, Phase::Transaction) };
            matches = self.apply_one(scratch, &context, Some(flow));
        }
        shown.changes = flow.changes();
        flow.keep_shown(shown);
        if completion.transaction {
            flow.forget_before(transaction.id);
        }
        matches
    }

    /// What rules look at, of what parsers make only when somebody does.
    #[must_use]
    pub const fn interest(&self) -> Interest {
        self.interest
    }

    /// Inspects a frame, with the transaction it belongs to.
    pub fn inspect_frame(
        &self,
        scratch: &mut Scratch,
        packet: &PacketView<'_>,
        flow: &mut FlowState,
        (frame, transaction): (&Frame, Option<&Transaction>),
    ) -> Vec<Match> {
        if self.frames.is_empty() || flow.passed() {
            return Vec::new();
        }
        scratch.candidates.clear();
        scratch.candidates.extend_from_slice(&self.frames);
        let direction = Some(frame.direction);
        let packet = &PacketView { app_protocol: Some(frame.kind.protocol), direction, ..*packet };
        let blank = blank(packet, Phase::Frame);
        let context = Context { payload: packet.payload, direction, transaction, frame: Some(frame), ..blank };
        self.apply_one(scratch, &context, Some(flow))
    }

    /// Inspects an application-layer event that belongs to no transaction, by its full name
    /// (`applayer_proto_detection_skipped`, `tls.invalid_record_type`).
    pub fn inspect_event(
        &self,
        scratch: &mut Scratch,
        packet: &PacketView<'_>,
        flow: &mut FlowState,
        (protocol, name): (Option<AppProtocol>, &str),
    ) -> Vec<Match> {
        if flow.passed() {
            return Vec::new();
        }
        let Some(rules) = self.transaction_events.get(name) else { return Vec::new() };
        scratch.candidates.clear();
        scratch.candidates.extend_from_slice(rules);
        let packet = &PacketView { app_protocol: protocol.or(packet.app_protocol), ..*packet };
        let context = Context { event: Some(name), direction: packet.direction, ..blank(packet, Phase::Event) };
        self.apply_one(scratch, &context, Some(flow))
    }

    /// Puts what fired on one packet in the order of the rules and lets suppressions, rates and `pass` decide what counts.
    pub fn settle(
        &self,
        scratch: &mut Scratch,
        packet: &PacketView<'_>,
        mut flow: Option<&mut FlowState>,
        mut found: Vec<Match>,
    ) -> Settled {
        found.sort_by_key(|found| (found.order, found.transaction));
        let mut settled = Settled::default();
        let mut dropped = false;
        for mut found in found {
            let Some(rule) = self.rules.get(found.order as usize).filter(|rule| rule.key == found.key) else {
                continue;
            };
            match scratch.tracking.rate(rule, packet, flow.as_deref_mut()) {
                RateVerdict::Alert => {}
                RateVerdict::Silent => {
                    found.alerts = false;
                    settled.suppressed += 1;
                }
                RateVerdict::Nothing => {
                    settled.suppressed += 1;
                    continue;
                }
                RateVerdict::Act(action) => (found.action, found.by_rate) = (action, true),
            }
            dropped |= matches!(found.action, Action::Drop | Action::Reject);
            let passes = found.action == Action::Pass;
            if let (true, false, true, Some(flow)) = (passes, dropped, found.of_flow, flow.as_deref_mut()) {
                flow.pass();
            }
            settled.matches.push(found);
            if passes {
                break;
            }
        }
        settled
    }
}

/// Whether there is a payload that rules look at.
const fn has_payload(packet: &PacketView<'_>) -> bool {
    !packet.payload.is_empty() && !packet.payload_hidden
}
