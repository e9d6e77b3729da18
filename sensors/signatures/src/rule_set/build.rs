//! From rules to the tables that choose them.

use std::sync::atomic::{AtomicU64, Ordering};

use fengsui_protocols::Buffer;

use super::RuleSet;
use super::gate::Gate;
use super::group::HeaderClasses;
use super::tables::{OTHER_PAYLOAD, STREAM_PAYLOAD, TCP_PAYLOAD, TCP_START, Tables};
use crate::compile::{Choice, Compiled};
use crate::keywords::file::FileCheck;
use crate::keywords::packet::PacketCheck;
use crate::keywords::transaction::TransactionCheck;
use crate::limits::LONG_BUFFER_PATTERN;
use crate::rule::{Rule, Source};

impl RuleSet {
    /// Builds the set from rules in the order they are applied.
    pub(crate) fn build(compiled: Vec<Compiled>, version: String) -> Self {
        static SETS: AtomicU64 = AtomicU64::new(1);
        let file_buffers = vec![false; Buffer::ALL.len()];
        let (id, tables) = (SETS.fetch_add(1, Ordering::Relaxed), Tables::new());
        let mut set = Self { version, file_buffers, id, tables, ..Self::default() };
        for (number, Compiled { rule, choices, names, .. }) in (0_u32..).zip(compiled) {
            set.names.extend(names);
            let gate = Gate::new(&rule);
            set.register_packet(number, (&rule, &gate), &choices);
            set.register_transaction(number, &rule, &choices);
            set.note_interest(&rule);
            set.gates.push(gate);
            set.rules.push(rule);
        }
        set.heads.index();
        set.classes = HeaderClasses::new(&set.rules);
        set
    }

    fn register_packet(&mut self, number: u32, (rule, gate): (&Rule, &Gate), choices: &[Choice]) {
        let phases = rule.phases;
        if phases.frame {
            self.frames.push(number);
        }
        if phases.addresses {
            self.addresses.insert(number, &rule.header);
        }
        if phases.protocol {
            self.protocols.push(number);
        }
        let choice = choices.iter().find(|choice| choice.source == Source::Payload);
        // Short patterns are in every larger buffer: rules chosen by them are better told apart by their ports.
        let chooses = |choice: &&Choice| choice.pattern.bytes.len() >= LONG_BUFFER_PATTERN || rule.is_udp();
        let pattern = || choice.filter(chooses).map(|choice| &choice.pattern);
        let head = gate.payload_byte(choice.map(|choice| &*choice.pattern.bytes));
        if phases.stream {
            match (head, pattern()) {
                (Some(head), _) => self.heads.streams.push((head, number)),
                (None, Some(pattern)) => self.tables.push(STREAM_PAYLOAD, pattern, number),
                (None, None) => self.streams.insert(number, &rule.header),
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
            (None, None) => match head.filter(|_| rule.header.protocol.numbers == [6]) {
                Some(head) => self.heads.packets.push((head, number)),
                None => self.packets.insert(number, &rule.header),
            },
            (None, Some(pattern)) => {
                let numbers = rule.header.protocol.numbers;
                let of_tcp = (numbers.is_empty() || numbers.contains(&6)) && (phases.placed || !phases.stream);
                if let (true, Some(head)) = (of_tcp, head) {
                    self.heads.packets.push((head, number));
                } else if of_tcp {
                    let is_near = |choice: &&Choice| choice.source == Source::Payload && choice.near;
                    let start = choices.iter().find(|choice| is_near(choice) && chooses(choice));
                    match start {
                        Some(start) => self.tables.push(TCP_START, &start.pattern, number),
                        None => self.tables.push(TCP_PAYLOAD, pattern, number),
                    }
                }
                if numbers != [6] {
                    self.tables.push(OTHER_PAYLOAD, pattern, number);
                }
            }
        }
    }

    fn register_transaction(&mut self, number: u32, rule: &Rule, choices: &[Choice]) {
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
            let home = if choice.transforms.is_empty() { kin(buffer) } else { buffer };
            self.tables.push_buffer(home, &choice.transforms, &choice.pattern, number);
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

    fn note_interest(&mut self, rule: &Rule) {
        self.interest.frames |= rule.phases.frame;
        self.interest.states |= rule.transaction_checks.iter().any(|check| matches!(check, TransactionCheck::State(_)));
        self.interest.mail_digests |= rule.lists.iter().any(|list| list.source == Source::Buffer(Buffer::EmailBodyMd5));
        self.files_are_looked_at |= rule.phases.file;
        let by_list = rule.lists.iter().any(|list| list.source == Source::Buffer(Buffer::FileMagic));
        self.file_kinds_are_looked_at |= by_list || rule.file_checks.iter().any(FileCheck::is_about_kind);
    }
}

/// Bodies are files most of the time, so they share a matcher with files: then the same bytes are looked at once.
pub(super) const fn kin(buffer: Buffer) -> Buffer {
    match buffer {
        Buffer::HttpRequestBody | Buffer::HttpResponseBody => Buffer::FileData,
        other => other,
    }
}
