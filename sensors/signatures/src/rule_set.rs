//! The immutable rule set and how it is asked.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fengsui_protocols::{AppProtocol, Buffer, Direction, Transaction};

use crate::compile::{Choice, Compiled};
use crate::evaluate::{Context, Counters, Evaluation, Phase};
use crate::flow_state::{Fired, Place};
use crate::keywords::packet::PacketCheck;
use crate::keywords::transaction::TransactionCheck;
use crate::prefilter::{Matcher, Pattern, PrefixIndex, Seen};
use crate::rule::{Rule, Source};
use crate::transform::{Transform, apply_all};
use crate::{Action, Completion, FileView, FlowState, Match, PacketView, RuleInfo, Tracking, limits};

/// Compiled rules. Immutable, shared by all workers in an `Arc`; a reload makes a new one.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    version: String,
    /// Rules that look at addresses only.
    addresses: PrefixIndex,
    /// Rules of packets that no pattern chooses.
    packets: PrefixIndex,
    /// Rules by decoder and stream event.
    packet_events: HashMap<String, Vec<u32>>,
    /// Rules of the application protocol alone.
    protocols: Vec<u32>,
    tcp_payload: Matcher,
    other_payload: Matcher,
    stream_payload: Matcher,
    /// Rules of streams that no pattern chooses.
    streams: Vec<u32>,
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
    tcp_payload: Vec<(Pattern, u32)>,
    other_payload: Vec<(Pattern, u32)>,
    stream_payload: Vec<(Pattern, u32)>,
    buffers: BTreeMap<(Buffer, String), BufferPatterns>,
}

impl RuleSet {
    /// Builds the set from rules in the order they are applied.
    pub(crate) fn build(compiled: Vec<Compiled>, version: String) -> Self {
        let mut set = Self { version, ..Self::default() };
        let mut patterns = Patterns::default();
        for (number, Compiled { rule, choices, .. }) in (0_u32..).zip(compiled) {
            set.register_packet(number, &rule, &choices, &mut patterns);
            set.register_transaction(number, &rule, &choices, &mut patterns);
            set.rules.push(rule);
        }
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
        let pattern = || choice.map(|choice| choice.pattern.clone());
        if phases.stream {
            match pattern() {
                Some(pattern) => patterns.stream_payload.push((pattern, number)),
                None => self.streams.push(number),
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
                if numbers.is_empty() || numbers.contains(&6) {
                    patterns.tcp_payload.push((pattern.clone(), number));
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
        if let Some((buffer, choice)) = choice {
            let key = choice.transforms.iter().map(Transform::key).collect::<Vec<_>>().join(";");
            let group = patterns.buffers.entry((buffer, key)).or_insert_with(|| (choice.transforms.clone(), vec![]));
            group.1.push((choice.pattern.clone(), number));
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

    /// Every rule, in the order they are applied.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<RuleInfo>> {
        self.rules.iter().map(|rule| &rule.info)
    }

    /// Inspects one packet: address-only rules (once per flow and direction), header rules, decoder and stream events,
    /// and payload rules of everything that is not taken by a TCP stream.
    pub fn inspect_packet(
        &self,
        scratch: &mut Scratch,
        packet: &PacketView<'_>,
        mut flow: Option<&mut FlowState>,
    ) -> Vec<Match> {
        if self.rules.is_empty() || flow.as_ref().is_some_and(|flow| flow.passed()) {
            return Vec::new();
        }
        let candidates = &mut scratch.candidates;
        candidates.clear();
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
        let context = Context { payload: packet.payload, ..blank(packet, Phase::Packet) };
        self.apply(scratch, &context, flow)
    }

    fn payload_candidates(&self, packet: &PacketView<'_>, seen: &mut Seen, candidates: &mut Vec<u32>) {
        if packet.payload.is_empty() {
            return;
        }
        if packet.protocol != 6 {
            self.other_payload.candidates(packet.payload, seen, candidates);
            return;
        }
        self.tcp_payload.candidates(packet.payload, seen, candidates);
        if !packet.in_stream {
            self.stream_payload.candidates(packet.payload, seen, candidates);
            candidates.extend_from_slice(&self.streams);
        }
    }

    /// Inspects a reassembled window of a TCP stream that goes the packet's way.
    pub fn inspect_stream(
        &self,
        scratch: &mut Scratch,
        packet: &PacketView<'_>,
        flow: &mut FlowState,
        window: &[u8],
    ) -> Vec<Match> {
        if self.rules.is_empty() || flow.passed() || window.is_empty() {
            return Vec::new();
        }
        scratch.candidates.clear();
        self.stream_payload.candidates(window, &mut scratch.seen, &mut scratch.candidates);
        scratch.candidates.extend_from_slice(&self.streams);
        let context = Context { payload: window, ..blank(packet, Phase::Stream) };
        self.apply(scratch, &context, Some(flow))
    }

    /// Inspects what one direction of a transaction holds so far. `packet` is the packet that brought the news.
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
        scratch.candidates.clear();
        for (buffer, value) in transaction.buffers.of(direction) {
            self.buffer_candidates(buffer, value, scratch);
        }
        for event in &transaction.events {
            scratch.candidates.extend(self.transaction_events.get(*event).into_iter().flatten());
        }
        let unchosen = self.transactions.get(&transaction.protocol).into_iter().flatten();
        scratch.candidates.extend(unchosen.chain(&self.any_transactions));
        let transaction_id = transaction.id;
        let (payload, direction, transaction) = (packet.payload, Some(direction), Some(transaction));
        let packet = &PacketView { app_protocol: transaction.map(|t| t.protocol), direction, ..*packet };
        let context = Context { payload, direction, transaction, completion, ..blank(packet, Phase::Transaction) };
        let matches = self.apply(scratch, &context, Some(flow));
        if completion.transaction {
            flow.forget_before(transaction_id);
        }
        matches
    }

    fn buffer_candidates(&self, buffer: Buffer, value: &[u8], scratch: &mut Scratch) {
        for group in &self.buffers[buffer as usize] {
            if group.transforms.is_empty() {
                group.matcher.candidates(value, &mut scratch.seen, &mut scratch.candidates);
            } else {
                let transformed = apply_all(&group.transforms, value);
                group.matcher.candidates(&transformed, &mut scratch.seen, &mut scratch.candidates);
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
        scratch.candidates.clear();
        self.buffer_candidates(Buffer::FileData, file.data, scratch);
        self.buffer_candidates(Buffer::FileName, file.name.unwrap_or_default(), scratch);
        self.buffer_candidates(Buffer::FileMagic, file.magic.unwrap_or_default().as_bytes(), scratch);
        for (buffer, value) in transaction.into_iter().flat_map(|transaction| transaction.buffers.of(direction)) {
            if buffer != Buffer::FileData {
                self.buffer_candidates(buffer, value, scratch);
            }
        }
        scratch.candidates.extend_from_slice(&self.files);
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
        self.apply(scratch, &context, Some(flow))
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
        self.apply(scratch, &context, Some(flow))
    }

    /// Evaluates the candidates in the order of the rules.
    fn apply(&self, scratch: &mut Scratch, context: &Context<'_>, mut flow: Option<&mut FlowState>) -> Vec<Match> {
        let Scratch { tracking, candidates, counters, .. } = scratch;
        candidates.sort_unstable();
        candidates.dedup();
        let mut matches = Vec::new();
        for number in candidates.iter() {
            let rule = &self.rules[*number as usize];
            let once = once(rule, context).map(|place| Fired { rule: rule.key, place });
            if !takes_part(rule, context.phase)
                || once.is_some_and(|fired| flow.as_ref().is_some_and(|flow| flow.has_fired(fired)))
            {
                continue;
            }
            let mut evaluation = Evaluation { context, flow: flow.as_deref_mut(), tracking, counters };
            if !evaluation.matches(rule) {
                continue;
            }
            let alerts = evaluation.settle(rule);
            if alerts && !rule.noalert && rule.info.action != Action::Pass {
                if matches.len() < limits::MATCHES_PER_CALL {
                    matches.push(matched(rule, context, evaluation.conditions(rule)));
                } else {
                    evaluation.counters.shed += 1;
                }
            }
            if let (Some(flow), Some(fired)) = (flow.as_deref_mut(), once) {
                flow.remember(fired);
            }
            if rule.info.action == Action::Pass {
                pass(rule, flow);
                break;
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
fn takes_part(rule: &Rule, phase: Phase) -> bool {
    let phases = rule.phases;
    match phase {
        Phase::Packet => !phases.only_stream,
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

fn matched(rule: &Rule, context: &Context<'_>, conditions: Vec<fengsui_schema::Condition>) -> Match {
    Match {
        rule: Arc::clone(&rule.info),
        action: rule.info.action,
        conditions,
        transaction: context.transaction.map(|transaction| transaction.id),
        on_stream: context.phase == Phase::Stream,
    }
}

/// A pass rule that looks at more than one packet takes the flow out of inspection.
fn pass(rule: &Rule, flow: Option<&mut FlowState>) {
    let phases = rule.phases;
    if let Some(flow) = flow
        && (phases.addresses || phases.stream || phases.transaction || phases.file)
    {
        flow.pass();
    }
}
