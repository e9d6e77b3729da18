//! Whether one rule matches in one place, what a match changes, and why it matched.

use std::borrow::Cow;

use fengsui_protocols::{Buffer, Direction, Frame, Transaction};
use fengsui_schema::Condition;
use serde_json::{Map, Value};

use crate::flow_state::{Fired, Place};
use crate::header::{Arrow, Endpoints};
use crate::inspect::{Values, inspect};
use crate::keywords::bits::{Change, Effect, Holder, IntOperation, IntStep, IntValue, StateCheck};
use crate::keywords::transaction::TransactionCheck;
use crate::rule::{Absent, List, Rule, Source, digest};
use crate::transform::apply_all;
use crate::{Completion, FileView, FlowState, PacketView, Tracking, limits};

/// What is being inspected.
#[derive(Clone, Copy)]
pub(crate) struct Context<'c> {
    pub(crate) packet: &'c PacketView<'c>,
    /// Where the packet comes from and goes to, as rules compare it.
    pub(crate) endpoints: Option<Endpoints>,
    pub(crate) phase: Phase,
    /// Packet payload or stream window.
    pub(crate) payload: &'c [u8],
    pub(crate) direction: Option<Direction>,
    pub(crate) transaction: Option<&'c Transaction>,
    pub(crate) completion: Completion,
    pub(crate) file: Option<&'c FileView<'c>>,
    pub(crate) frame: Option<&'c Frame>,
    /// An application-layer event outside of transactions.
    pub(crate) event: Option<&'c str>,
}

/// What kind of thing is being inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Packet,
    Stream,
    Transaction,
    File,
    Frame,
    Event,
}

/// Counters of one worker.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Inspections cut short by a limit.
    pub(crate) exhausted: u64,
    /// Matches past the limit of one call.
    pub(crate) shed: u64,
}

impl<'c> Context<'c> {
    /// Gives the values of a source to `take`, one after the other, until it has had enough.
    fn each_value(&self, source: Source, arrow: Arrow, take: &mut dyn FnMut(&'c [u8]) -> bool) {
        let mut some = |bytes: &'c [u8]| {
            if !bytes.is_empty() {
                take(bytes);
            }
        };
        match source {
            Source::Payload => some(self.payload),
            Source::NetworkHeader => some(self.packet.network_header),
            Source::TransportHeader => some(self.packet.transport_header),
            Source::EthernetHeader => some(self.packet.ethernet_header),
            Source::SctpData => {
                let chunks = self.packet.sctp.into_iter().flat_map(|sctp| sctp.chunks());
                let data = chunks.filter_map(|chunk| (chunk.kind == 0).then(|| chunk.value.get(12..))?);
                until(data, take);
            }
            Source::Frame(kind) => {
                if let Some(frame) = self.frame.filter(|frame| frame.kind == kind) {
                    some(&frame.data);
                }
            }
            Source::SenderAddress | Source::ReceiverAddress => {}
            Source::Buffer(buffer) => self.each_of_buffer(buffer, arrow, take),
        }
    }

    fn each_of_buffer(&self, buffer: Buffer, arrow: Arrow, take: &mut dyn FnMut(&'c [u8]) -> bool) {
        if let Some(file) = self.file {
            match buffer {
                Buffer::FileData => return until((!file.data.is_empty()).then_some(file.data), take),
                Buffer::FileName => return until(file.name, take),
                Buffer::FileMagic => return until(file.magic.map(str::as_bytes), take),
                _ => {}
            }
        }
        let (Some(transaction), Some(direction)) = (self.transaction, self.direction) else { return };
        let other = (arrow == Arrow::Transaction).then(|| transaction.buffers.get(direction.reversed(), buffer));
        until(transaction.buffers.get(direction, buffer).chain(other.into_iter().flatten()), take);
    }

    /// Whether growing buffers have all their bytes.
    fn has_all(&self) -> bool {
        match self.phase {
            Phase::File => self.file.is_some_and(|file| file.complete),
            _ => self.completion.direction,
        }
    }

    /// Where a match is remembered, if it may only fire once.
    /// What a rule asks of a transaction it asks of each direction.
    pub(crate) fn place(&self, rule: &Rule) -> Option<Place> {
        match (self.phase, self.transaction, self.file) {
            (Phase::Transaction, Some(transaction), _) if rule.each_direction => {
                self.direction.map(|direction| Place::Direction(transaction.id, direction))
            }
            (Phase::Transaction | Phase::File, Some(transaction), _) => Some(Place::Transaction(transaction.id)),
            (Phase::File, None, Some(file)) => Some(Place::File(file.id)),
            _ => None,
        }
    }
}

/// The bytes of an address that is looked at as a buffer, and how many there are.
fn address(source: Source, packet: &PacketView<'_>) -> Option<([u8; 16], usize)> {
    let address = match source {
        Source::SenderAddress => packet.source?,
        Source::ReceiverAddress => packet.destination?,
        _ => return None,
    };
    let mut bytes = [0; 16];
    let length = if address.is_ipv4() { 4 } else { 16 };
    match address {
        std::net::IpAddr::V4(address) => bytes[..4].copy_from_slice(&address.octets()),
        std::net::IpAddr::V6(address) => bytes.copy_from_slice(&address.octets()),
    }
    Some((bytes, length))
}

/// Gives values to `take` until it has had enough.
fn until<'c>(values: impl IntoIterator<Item = &'c [u8]>, take: &mut dyn FnMut(&'c [u8]) -> bool) {
    for value in values {
        if take(value) {
            return;
        }
    }
}

/// Why a rule fired, and what it captured on the way.
#[derive(Default)]
pub(crate) struct Why {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) context: Map<String, Value>,
    pub(crate) captures: Vec<(std::sync::Arc<str>, Vec<u8>)>,
}

/// The working state around one rule.
pub(crate) struct Evaluation<'e> {
    pub(crate) context: &'e Context<'e>,
    pub(crate) flow: Option<&'e mut FlowState>,
    pub(crate) tracking: &'e Tracking,
    pub(crate) counters: &'e mut Counters,
}

impl Evaluation<'_> {
    /// Whether the rule, whose gate was open, matches here. The payload part of a rule that also looks at transactions is
    /// only remembered.
    pub(crate) fn matches(&mut self, rule: &Rule) -> bool {
        let context = self.context;
        if self.needs_no_payload(rule) || !self.bits_allow(rule) {
            return false;
        }
        if !rule.packet_checks.iter().all(|check| check.matches(context.packet))
            || !rule.header.fits(context.packet, context.endpoints)
        {
            return false;
        }
        if rule.phases.mixed {
            return self.mixed(rule);
        }
        self.checks(rule) && self.lists(rule, |_| true)
    }

    fn checks(&self, rule: &Rule) -> bool {
        let context = self.context;
        let transaction = rule.transaction_checks.iter().all(|check| match (check, context.transaction) {
            (TransactionCheck::Event(name), _) if context.event == Some(name.as_str()) => true,
            (_, Some(transaction)) => check.matches(transaction, context.direction, context.packet, context.has_all()),
            (_, None) => false,
        });
        let file = rule.file_checks.iter().all(|check| context.file.is_some_and(|file| check.matches(file)));
        transaction && file
    }

    /// Whether the rule looks at payloads for its transactions only, and has found what it looks for in one.
    fn needs_no_payload(&self, rule: &Rule) -> bool {
        rule.phases.mixed && self.is_about_payload() && self.remembers_payload(rule)
    }

    const fn is_about_payload(&self) -> bool {
        matches!(self.context.phase, Phase::Packet | Phase::Stream)
    }

    fn remembers_payload(&self, rule: &Rule) -> bool {
        let fired = Fired { rule: rule.key, place: Place::Payload };
        self.flow.as_ref().is_some_and(|flow| flow.has_fired(fired))
    }

    fn mixed(&mut self, rule: &Rule) -> bool {
        if self.is_about_payload() {
            if self.lists(rule, Source::of_packet)
                && let Some(flow) = &mut self.flow
            {
                flow.remember(Fired { rule: rule.key, place: Place::Payload });
            }
            return false;
        }
        (self.remembers_payload(rule) || self.lists(rule, Source::of_packet))
            && self.checks(rule)
            && self.lists(rule, |source| !source.of_packet())
    }

    fn lists(&mut self, rule: &Rule, wanted: fn(Source) -> bool) -> bool {
        let mut values: Values = [0; limits::RULE_VARIABLES];
        rule.lists.iter().filter(|list| wanted(list.source)).all(|list| self.list(list, rule.header.arrow, &mut values))
    }

    fn list(&mut self, list: &List, arrow: Arrow, variables: &mut Values) -> bool {
        if list.needs_all && !self.context.has_all() {
            return false;
        }
        let context = self.context;
        let (mut present, mut matches) = (false, false);
        let mut take = |value: &[u8]| {
            present = true;
            matches = list.absent == Absent::Required || self.value(list, value, variables);
            matches
        };
        match address(list.source, context.packet) {
            Some((bytes, length)) => _ = take(&bytes[..length]),
            None => context.each_value(list.source, arrow, &mut take),
        }
        match (list.absent, present) {
            (Absent::Required, present) => !present && context.completion.direction,
            (Absent::Allowed, false) => context.completion.direction,
            (Absent::Fails, false) => false,
            (_, true) => matches,
        }
    }

    /// Whether one value of a list matches.
    fn value(&mut self, list: &List, value: &[u8], variables: &mut Values) -> bool {
        let answer = if list.transforms.is_empty() {
            inspect(&list.steps, value, variables, false)
        } else {
            inspect(&list.steps, &apply_all(&list.transforms, value), variables, false)
        };
        self.counters.exhausted += u64::from(answer.exhausted);
        if let (Some(entropy), true, Some(flow)) = (answer.notes.entropy, answer.matches, &mut self.flow) {
            flow.note_entropy(list.source.keyword(), entropy);
        }
        answer.matches
    }

    fn bits_allow(&self, rule: &Rule) -> bool {
        rule.state_checks.iter().all(|check| self.bit(check) == check.set)
    }

    fn bit(&self, check: &StateCheck) -> bool {
        check.names.iter().any(|name| match check.holder {
            Holder::Flow => self.flow.as_ref().is_some_and(|flow| flow.bit(*name)),
            Holder::Transaction => {
                let name = self.of_transaction(*name);
                name.zip(self.flow.as_ref()).is_some_and(|(name, flow)| flow.bit(name))
            }
            holder => self.tracking.bit(*name, holder, self.context.packet),
        })
    }

    /// What stands among the bits of the flow for a bit of the transaction that is being inspected.
    fn of_transaction(&self, name: u64) -> Option<u64> {
        self.context.transaction.map(|transaction| digest((name, transaction.id)))
    }

    /// Applies what a match changes; whether numbers of the flow let it count.
    pub(crate) fn change_state(&mut self, rule: &Rule) -> bool {
        if !rule.ints.iter().all(|step| self.int(step)) {
            return false;
        }
        for effect in &rule.effects {
            self.apply(effect);
        }
        true
    }

    fn int(&mut self, step: &IntStep) -> bool {
        let Some(flow) = &mut self.flow else { return false };
        let current = flow.int(step.name);
        let value = match step.value {
            IntValue::Literal(value) => value,
            IntValue::Name(name) => flow.int(name).unwrap_or(0),
        };
        match step.operation {
            IntOperation::Add => flow.set_int(step.name, current.unwrap_or(0).wrapping_add(value)),
            IntOperation::Subtract => flow.set_int(step.name, current.unwrap_or(0).wrapping_sub(value)),
            IntOperation::Assign => flow.set_int(step.name, value),
            comparison => return compares(comparison, current, value),
        }
        true
    }

    fn apply(&mut self, effect: &Effect) {
        let Effect { holder, name, change, expire } = *effect;
        let name = match holder {
            Holder::Flow => Some(name),
            Holder::Transaction => self.of_transaction(name),
            _ => return self.tracking.change_bit(name, holder, self.context.packet, (change, expire)),
        };
        let Some((name, flow)) = name.zip(self.flow.as_mut()) else { return };
        match change {
            Change::Set => flow.set_bit(name),
            Change::Unset => flow.unset_bit(name),
            Change::Toggle if flow.bit(name) => flow.unset_bit(name),
            Change::Toggle => flow.set_bit(name),
        }
    }

    /// Why a rule that has just matched did so.
    pub(crate) fn why(&mut self, rule: &Rule) -> Why {
        let mut why = Why::default();
        let mut variables: Values = [0; limits::RULE_VARIABLES];
        for list in &rule.lists {
            let field = list.source.keyword();
            let mut found = None;
            let mut take = |value: &[u8]| {
                let answer = inspect(&list.steps, &apply_all_if(list, value), &mut variables, true);
                found = answer.matches.then(|| (shown_hits(field, &answer.hits), answer.notes));
                found.is_some()
            };
            match address(list.source, self.context.packet) {
                Some((bytes, length)) => _ = take(&bytes[..length]),
                None => self.context.each_value(list.source, rule.header.arrow, &mut take),
            }
            let Some((hits, notes)) = found else { continue };
            why.conditions.extend(hits);
            why.context.extend(notes.contexts.into_iter().map(|(name, value)| (name, Value::clone(&value))));
            for capture in notes.captures {
                match (capture.of_flow, &mut self.flow) {
                    (true, Some(flow)) => flow.set_text(capture.name, capture.bytes),
                    _ => why.captures.push((capture.name, capture.bytes)),
                }
            }
        }
        why.conditions.extend(rule.check_texts.iter().map(|text| check_condition(text)));
        if why.conditions.is_empty() {
            why.conditions.extend(self.address_conditions(rule));
        }
        why
    }

    fn address_conditions(&self, rule: &Rule) -> Vec<Condition> {
        let packet = self.context.packet;
        let header = rule.info.text.split('(').next().unwrap_or("").trim().to_owned();
        let shown = |address: Option<std::net::IpAddr>| address.map(|address| address.to_string()).unwrap_or_default();
        vec![
            Condition { condition: header.clone(), field: "src_ip".to_owned(), value: shown(packet.source) },
            Condition { condition: header, field: "dest_ip".to_owned(), value: shown(packet.destination) },
        ]
    }
}

fn apply_all_if<'v>(list: &List, value: &'v [u8]) -> Cow<'v, [u8]> {
    if list.transforms.is_empty() { Cow::Borrowed(value) } else { Cow::Owned(apply_all(&list.transforms, value)) }
}

fn shown_hits(field: &str, hits: &[crate::inspect::Hit<'_>]) -> Vec<Condition> {
    let condition = |hit: &crate::inspect::Hit<'_>| Condition {
        condition: hit.text.to_owned(),
        field: field.to_owned(),
        value: shown_bytes(&hit.bytes),
    };
    hits.iter().map(condition).collect()
}

fn check_condition(text: &str) -> Condition {
    let field = text.split(':').next().unwrap_or(text).trim().to_owned();
    let value = text.split_once(':').map_or("", |parts| parts.1).trim().to_owned();
    Condition { condition: text.to_owned(), field, value }
}

/// Bytes as text: what is no printable text stands as `\xHH`.
fn shown_bytes(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\n' | '\r' | '\t' => text.extend(character.escape_default()),
                c if c.is_control() => text.push_str(&format!("\\x{:02x}", u32::from(c))),
                c => text.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
        if text.chars().count() > limits::CONDITION_CHARACTERS {
            break;
        }
    }
    text.chars().take(limits::CONDITION_CHARACTERS).collect()
}

/// A number that is not there compares to nothing.
fn compares(operation: IntOperation, current: Option<u32>, value: u32) -> bool {
    match operation {
        IntOperation::IsSet => current.is_some(),
        IntOperation::IsNotSet => current.is_none(),
        _ => current.is_some_and(|current| match operation {
            IntOperation::Less => current < value,
            IntOperation::AtMost => current <= value,
            IntOperation::Equal => current == value,
            IntOperation::Different => current != value,
            IntOperation::AtLeast => current >= value,
            _ => current > value,
        }),
    }
}
