//! The immutable rule set and how it is asked.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fengsui_protocols::{AppProtocol, Buffer, Direction, Transaction};

use crate::compile::{Choice, Compiled};
use crate::evaluate::{Context, Counters, Evaluation, Phase, Why};
use crate::flow_state::{Fired, Place, Shown};
use crate::keywords::packet::PacketCheck;
use crate::keywords::transaction::TransactionCheck;
use crate::prefilter::{Matcher, Pattern, PortIndex, PrefixIndex, Seen};
use crate::rule::{Rule, Source};
use crate::tracking::RateVerdict;
use crate::transform::{Transform, apply_all};
use crate::{Action, Completion, FileView, FlowState, Match, PacketView, RuleInfo, Settled, Tracking, limits};

/// Compiled rules. Immutable, shared by all workers in an `Arc`; a reload makes a new one.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    version: String,
    /// Tells this set from every other one of the process.
    id: u64,
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
    /// Patterns that lie near the start of the payload.
    tcp_start: Matcher,
    tcp_payload: Matcher,
    other_payload: Matcher,
    stream_payload: Matcher,
    /// Rules of streams that no pattern chooses.
    streams: PortIndex,
    /// Matchers of each sticky buffer, one per chain of transformations.
    buffers: Vec<Vec<BufferMatcher>>,
    /// Rules of transactions that no pattern chooses, by protocol.
    transactions: HashMap<AppProtocol, Vec<u32>>,
    /// Rules of transactions of any protocol that no pattern chooses.
    any_transactions: Vec<u32>,
    transaction_events: HashMap<String, Vec<u32>>,
    /// Rules of files that no pattern chooses.
    files: Vec<u32>,
}

/// Bytes a pattern needs to be looked for in payloads and bodies.
const LONG_BUFFER_PATTERN: usize = 4;

#[derive(Debug)]
struct BufferMatcher {
    transforms: Vec<Transform>,
    matcher: Matcher,
}

/// Working memory of one worker.
#[derive(Debug)]
pub struct Scratch {
    tracking: Arc<Tracking>,
    seen: Seen,
    candidates: Vec<u32>,
    counters: Counters,
}

impl Scratch {
    /// Working memory that counts thresholds in these tables.
    #[must_use]
    pub fn new(tracking: Arc<Tracking>) -> Self {
        Self { tracking, seen: Seen::default(), candidates: Vec::new(), counters: Counters::default() }
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

/// Patterns of one buffer under one chain of transformations.
type BufferPatterns = (Vec<Transform>, Vec<(Pattern, u32)>);

/// Patterns on their way into matchers.
#[derive(Default)]
struct Patterns {
    tcp_start: Vec<(Pattern, u32)>,
    tcp_payload: Vec<(Pattern, u32)>,
    other_payload: Vec<(Pattern, u32)>,
    stream_payload: Vec<(Pattern, u32)>,
    buffers: BTreeMap<(Buffer, String), BufferPatterns>,
}

impl RuleSet {
    /// Builds the set from rules in the order they are applied.
    pub(crate) fn build(compiled: Vec<Compiled>, version: String) -> Self {
        static SETS: AtomicU64 = AtomicU64::new(1);
        let file_buffers = vec![false; Buffer::ALL.len()];
        let mut set = Self { version, file_buffers, id: SETS.fetch_add(1, Ordering::Relaxed), ..Self::default() };
        let mut patterns = Patterns::default();
        for (number, Compiled { rule, choices, names, .. }) in (0_u32..).zip(compiled) {
            set.names.extend(names);
            set.register_packet(number, &rule, &choices, &mut patterns);
            set.register_transaction(number, &rule, &choices, &mut patterns);
            set.rules.push(rule);
        }
        set.tcp_start = Matcher::new(patterns.tcp_start);
        set.tcp_payload = Matcher::new(patterns.tcp_payload);
        set.other_payload = Matcher::new(patterns.other_payload);
        set.stream_payload = Matcher::new(patterns.stream_payload);
        set.buffers.resize_with(Buffer::ALL.len(), Vec::new);
        for ((buffer, _), (transforms, patterns)) in patterns.buffers {
            set.buffers[buffer as usize].push(BufferMatcher { transforms, matcher: Matcher::new(patterns) });
        }
        set
    }

    fn register_packet(&mut self, number: u32, rule: &Rule, choices: &[Choice], patterns: &mut Patterns) {
        let phases = rule.phases;
        if phases.addresses {
            self.addresses.insert(number, &rule.header);
        }
        if phases.protocol {
            self.protocols.push(number);
        }
        let choice = choices.iter().find(|choice| choice.source == Source::Payload);
        // Short patterns are in every larger buffer: rules chosen by them are better told apart by their ports.
        let chooses = |choice: &&Choice| choice.pattern.bytes.len() >= LONG_BUFFER_PATTERN || rule.is_udp();
        let pattern = || choice.filter(chooses).map(|choice| choice.pattern.clone());
        if phases.stream {
            match pattern() {
                Some(pattern) => patterns.stream_payload.push((pattern, number)),
                None => self.streams.insert(number, &rule.header),
            }
        }
        if !phases.packet {
            return;
        }
        let event = rule.packet_checks.iter().find_map(|check| match check {
            PacketCheck::Event(name) => Some(name),
            _ => None,
        });
        match (event, pattern()) {
            (Some(name), _) => self.packet_events.entry(name.clone()).or_default().push(number),
            (None, None) => self.packets.insert(number, &rule.header),
            (None, Some(pattern)) => {
                let numbers = rule.header.protocol.numbers;
                if (numbers.is_empty() || numbers.contains(&6)) && (phases.placed || !phases.stream) {
                    let start = choices.iter().find(|choice| choice.source == Source::Payload && choice.near);
                    match start {
                        Some(start) => patterns.tcp_start.push((start.pattern.clone(), number)),
                        None => patterns.tcp_payload.push((pattern.clone(), number)),
                    }
                }
                if numbers != [6] {
                    patterns.other_payload.push((pattern, number));
                }
            }
        }
    }

    fn register_transaction(&mut self, number: u32, rule: &Rule, choices: &[Choice], patterns: &mut Patterns) {
        if !rule.phases.transaction && !rule.phases.file {
            return;
        }
        let event = rule.transaction_checks.iter().find_map(|check| match check {
            TransactionCheck::Event(name) => Some(name),
            _ => None,
        });
        if let Some(name) = event {
            self.transaction_events.entry(name.clone()).or_default().push(number);
            return;
        }
        let choice = choices.iter().find_map(|choice| match choice.source {
            Source::Buffer(buffer) => Some((buffer, choice)),
            _ => None,
        });
        let choice = choice.filter(|(buffer, choice)| {
            choice.pattern.bytes.len() >= LONG_BUFFER_PATTERN || !Source::Buffer(*buffer).grows()
        });
        if let Some((buffer, choice)) = choice {
            let key = choice.transforms.iter().map(Transform::key).collect::<Vec<_>>().join(";");
            let group = patterns.buffers.entry((buffer, key)).or_insert_with(|| (choice.transforms.clone(), vec![]));
            group.1.push((choice.pattern.clone(), number));
            self.file_buffers[buffer as usize] |= rule.phases.file;
            return;
        }
        if rule.phases.file {
            self.files.push(number);
        }
        if rule.phases.transaction {
            self.register_unchosen(number, rule);
        }
    }

    /// A rule no pattern chooses is looked at for every transaction of its protocol.
    fn register_unchosen(&mut self, number: u32, rule: &Rule) {
        let of_lists = rule.lists.iter().filter_map(|list| match list.source {
            Source::Buffer(buffer) => buffer.spec().protocol,
            _ => None,
        });
        let of_checks = rule.transaction_checks.iter().filter_map(TransactionCheck::protocol);
        let mut protocols = rule.header.protocol.applications.clone();
        if protocols.is_empty() {
            let first = of_lists.chain(of_checks).next();
            protocols = first
                .map(|protocol| crate::header::applications(protocol.as_str()).unwrap_or_default())
                .unwrap_or_default();
        }
        if protocols.is_empty() {
            self.any_transactions.push(number);
        }
        for protocol in protocols {
            self.transactions.entry(protocol).or_default().push(number);
        }
    }

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
        let candidates = &mut scratch.candidates;
        candidates.clear();
        if packet.of_packet {
            self.packet_candidates(scratch, packet, flow.as_deref_mut());
        }
        let window = stream.map_or(&[][..], |stream| stream.0);
        if let (Some(stream), Some(flow)) = (stream, flow.as_deref_mut()) {
            self.stream_candidates(scratch, packet, flow, stream);
        }
        if scratch.candidates.is_empty() {
            return Vec::new();
        }
        let of_packet = Context { payload: packet.payload, ..blank(packet, Phase::Packet) };
        let of_stream = Context { payload: window, ..blank(packet, Phase::Stream) };
        self.apply(scratch, [&of_stream, &of_packet], flow)
    }

    fn packet_candidates(&self, scratch: &mut Scratch, packet: &PacketView<'_>, mut flow: Option<&mut FlowState>) {
        let candidates = &mut scratch.candidates;
        let first = flow.as_mut().is_none_or(|flow| flow.take_addresses(packet.direction == Some(Direction::ToClient)));
        if first && packet.source.is_some() {
            self.addresses.candidates(packet, candidates);
        }
        self.packets.candidates(packet, candidates);
        for event in packet.events {
            let name = event.strip_prefix("decoder.").unwrap_or(event);
            candidates.extend(self.packet_events.get(name).into_iter().flatten());
        }
        if packet.app_protocol_decided && flow.is_some() {
            candidates.extend_from_slice(&self.protocols);
        }
        self.payload_candidates(packet, &mut scratch.seen, candidates);
        candidates.iter_mut().for_each(|candidate| *candidate = *candidate << 1 | 1);
    }

    /// Rules that patterns choose in the window of a stream, those of earlier parts of it included.
    fn stream_candidates(
        &self,
        scratch: &mut Scratch,
        packet: &PacketView<'_>,
        flow: &mut FlowState,
        (window, seen): (&[u8], usize),
    ) {
        let known = flow.stream(packet.direction == Some(Direction::ToClient));
        let anew = seen == 0 || known.rules != self.id;
        if anew {
            known.candidates.clear();
            known.rules = self.id;
        }
        let from = if anew { 0 } else { seen.saturating_sub(self.stream_payload.reach()) };
        let before = known.candidates.len();
        let fresh = window.get(from..).unwrap_or_default();
        self.stream_payload.candidates(fresh, &mut scratch.seen, &mut known.candidates);
        if known.candidates.len() != before {
            known.candidates.sort_unstable();
            known.candidates.dedup();
        }
        let unchosen = self.streams.of(packet);
        scratch.candidates.extend(known.candidates.iter().copied().chain(unchosen).map(|number| number << 1));
    }

    fn payload_candidates(&self, packet: &PacketView<'_>, seen: &mut Seen, candidates: &mut Vec<u32>) {
        if packet.payload.is_empty() || packet.payload_hidden {
            return;
        }
        if packet.protocol != 6 {
            self.other_payload.candidates(packet.payload, seen, candidates);
            return;
        }
        let start = &packet.payload[..packet.payload.len().min(limits::NEAR_BYTES)];
        self.tcp_start.candidates(start, seen, candidates);
        self.tcp_payload.candidates(packet.payload, seen, candidates);
        if !packet.in_stream {
            self.stream_payload.candidates(packet.payload, seen, candidates);
            candidates.extend(self.streams.of(packet));
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
        let news = self.look_for_news(scratch, flow, (transaction, direction, completion), &mut shown);
        let mut matches = Vec::new();
        if first || news {
            scratch.candidates.clear();
            scratch.candidates.extend_from_slice(&shown.candidates);
            let unchosen = self.transactions.get(&transaction.protocol).into_iter().flatten();
            scratch.candidates.extend(unchosen.chain(&self.any_transactions));
            let (payload, direction, transaction) = (packet.payload, Some(direction), Some(transaction));
            let packet = &PacketView { app_protocol: transaction.map(|t| t.protocol), direction, ..*packet };
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

    /// Looks for patterns in what is new of a transaction; whether anything is.
    fn look_for_news(
        &self,
        scratch: &mut Scratch,
        flow: &FlowState,
        (transaction, direction, completion): (&Transaction, Direction, Completion),
        shown: &mut Shown,
    ) -> bool {
        let facts = transaction.facts.len() + transaction.eve.len();
        let mut news = shown.completion != completion || shown.changes != flow.changes() || shown.facts != facts;
        (shown.completion, shown.facts) = (completion, facts);
        let known = shown.candidates.len();
        for (place, filled) in transaction.buffers.values(direction).enumerate() {
            let (length, version) = shown.values.get(place).copied().unwrap_or((0, u32::MAX));
            if (length, version) == (filled.value.len(), filled.version) {
                continue;
            }
            news = true;
            let grown = version == filled.version && filled.value.len() > length;
            self.buffer_candidates(
                filled.buffer,
                (filled.value, if grown { length } else { 0 }),
                scratch,
                &mut shown.candidates,
            );
            let entry = (filled.value.len(), filled.version);
            match shown.values.get_mut(place) {
                Some(value) => *value = entry,
                None => shown.values.push(entry),
            }
        }
        if transaction.events.len() != shown.events {
            news = true;
            shown.events = transaction.events.len();
            for event in &transaction.events {
                shown.candidates.extend(self.transaction_events.get(*event).into_iter().flatten());
            }
        }
        if shown.candidates.len() != known {
            shown.candidates.sort_unstable();
            shown.candidates.dedup();
        }
        news
    }

    /// Rules whose pattern is in a value; its first `seen` bytes were looked at before.
    fn buffer_candidates(
        &self,
        buffer: Buffer,
        (value, seen): (&[u8], usize),
        scratch: &mut Scratch,
        candidates: &mut Vec<u32>,
    ) {
        for group in &self.buffers[buffer as usize] {
            if group.transforms.is_empty() {
                let fresh = &value[seen.saturating_sub(group.matcher.reach()).min(value.len())..];
                group.matcher.candidates(fresh, &mut scratch.seen, candidates);
            } else {
                let transformed = apply_all(&group.transforms, value);
                group.matcher.candidates(&transformed, &mut scratch.seen, candidates);
            }
        }
    }

    /// Inspects a file that goes over the wire, with the transaction that carries it.
    pub fn inspect_file_data(
        &self,
        scratch: &mut Scratch,
        packet: &PacketView<'_>,
        flow: &mut FlowState,
        direction: Direction,
        (file, transaction): (&FileView<'_>, Option<&Transaction>),
    ) -> Vec<Match> {
        if self.rules.is_empty() || flow.passed() {
            return Vec::new();
        }
        let mut candidates = std::mem::take(&mut scratch.candidates);
        candidates.clear();
        let of_file = [
            (Buffer::FileData, file.data),
            (Buffer::FileName, file.name.unwrap_or_default()),
            (Buffer::FileMagic, file.magic.unwrap_or_default().as_bytes()),
        ];
        for (buffer, value) in of_file {
            self.buffer_candidates(buffer, (value, 0), scratch, &mut candidates);
        }
        for (buffer, value) in transaction.into_iter().flat_map(|transaction| transaction.buffers.of(direction)) {
            if self.file_buffers[buffer as usize] && buffer != Buffer::FileData {
                self.buffer_candidates(buffer, (value, 0), scratch, &mut candidates);
            }
        }
        candidates.extend_from_slice(&self.files);
        scratch.candidates = candidates;
        let app_protocol = transaction.map(|transaction| transaction.protocol).or(packet.app_protocol);
        let packet = &PacketView { app_protocol, direction: Some(direction), ..*packet };
        let context = Context {
            payload: packet.payload,
            direction: Some(direction),
            transaction,
            completion: Completion { direction: file.complete, transaction: false },
            file: Some(file),
            ..blank(packet, Phase::File)
        };
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

    /// Evaluates candidates that all look at the same thing.
    fn apply_one(&self, scratch: &mut Scratch, context: &Context<'_>, flow: Option<&mut FlowState>) -> Vec<Match> {
        scratch.candidates.iter_mut().for_each(|candidate| *candidate <<= 1);
        self.apply(scratch, [context, context], flow)
    }

    /// Evaluates the candidates in the order of the rules. The last bit of a candidate says which context it is about; a
    /// rule fires in one of them only.
    fn apply(
        &self,
        scratch: &mut Scratch,
        contexts: [&Context<'_>; 2],
        mut flow: Option<&mut FlowState>,
    ) -> Vec<Match> {
        scratch.sort_candidates();
        let Scratch { tracking, candidates, counters, .. } = scratch;
        let mut matches: Vec<Match> = Vec::new();
        let mut fired_last = None;
        for candidate in candidates.iter() {
            let (number, context) = (&(candidate >> 1), contexts[(candidate & 1) as usize]);
            if fired_last == Some(*number) {
                continue;
            }
            let rule = &self.rules[*number as usize];
            let once = once(rule, context).map(|place| Fired { rule: rule.key, place });
            if !takes_part(rule, context.phase, context.packet)
                || once.is_some_and(|fired| flow.as_ref().is_some_and(|flow| flow.has_fired(fired)))
            {
                continue;
            }
            let mut evaluation = Evaluation { context, flow: flow.as_deref_mut(), tracking, counters };
            if !evaluation.matches(rule) {
                continue;
            }
            if !evaluation.change_state(rule) {
                continue;
            }
            fired_last = Some(*number);
            if matches.len() < limits::MATCHES_PER_CALL {
                let why = if rule.noalert && !rule.captures { Why::default() } else { evaluation.why(rule) };
                matches.push(matched(*number, rule, context, why));
            } else {
                evaluation.counters.shed += 1;
            }
            if let (Some(flow), Some(fired)) = (flow.as_deref_mut(), once) {
                flow.remember(fired);
            }
        }
        matches
    }
}

fn blank<'c>(packet: &'c PacketView<'c>, phase: Phase) -> Context<'c> {
    Context {
        packet,
        phase,
        payload: &[],
        direction: packet.direction,
        transaction: None,
        completion: Completion::default(),
        file: None,
        event: None,
    }
}

/// Candidates come from shared matchers; a rule only takes part where it belongs.
fn takes_part(rule: &Rule, phase: Phase, packet: &PacketView<'_>) -> bool {
    let phases = rule.phases;
    match phase {
        Phase::Packet => !(phases.only_stream || packet.in_stream && phases.stream && !phases.placed),
        Phase::Stream => phases.stream,
        Phase::Transaction => phases.transaction,
        Phase::File => phases.file,
        Phase::Event => phases.transaction && rule.lists.is_empty(),
    }
}

/// Where the rule may fire only once.
fn once(rule: &Rule, context: &Context<'_>) -> Option<Place> {
    if rule.phases.protocol { Some(Place::Flow) } else { context.place(rule) }
}

fn matched(number: u32, rule: &Rule, context: &Context<'_>, why: Why) -> Match {
    Match {
        rule: Arc::clone(&rule.info),
        action: rule.info.action,
        conditions: why.conditions,
        context: why.context,
        captures: why.captures,
        token: 0,
        transaction: context.transaction.map(|transaction| transaction.id),
        on_stream: context.phase == Phase::Stream,
        alerts: !rule.noalert,
        of_flow: acts_on_flow(rule, context.phase),
        by_rate: false,
        order: number,
        key: rule.key,
    }
}

/// What fires on more than one packet acts on the flow, what fires on a single one acts on that.
fn acts_on_flow(rule: &Rule, phase: Phase) -> bool {
    let phases = rule.phases;
    let of_application = !rule.header.protocol.applications.is_empty() && rule.packet_checks.is_empty();
    phases.addresses || phases.protocol || phase != Phase::Packet || (of_application && rule.lists.is_empty())
}
