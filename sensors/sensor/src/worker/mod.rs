//! A worker: everything that happens to a packet, on one thread.

mod alerts;
mod content;
mod expected;
mod fates;
mod files;
mod flows;
mod inspect;
mod packet;
mod scans;
mod stream;
mod tags;

pub(crate) use alerts::Verdict;
pub(crate) use tags::Tagged;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use fengsui_files::{Digest, FilePool, HashList, LiveScanRules};
use fengsui_protocols::Defragmenter;
use fengsui_schema::{Timestamp, UnitCode};
use fengsui_signatures::{Scratch, Tracking};

use crate::account::{Account, Counter, Fate};
use crate::eve::{EveEvent, EventOrder, Fields as _, Record, class_of};
use crate::evidence::{EvidenceWriter, PacketRing};
use crate::file_store::FileStore;
use crate::flow::{FlowTable, HostPolicies};
use crate::rules::{LiveRules, LoadedRules};
use crate::settings::SensorSettings;

/// What all workers of a sensor share.
pub(crate) struct Shared {
    pub(crate) settings: SensorSettings,
    pub(crate) rules: LiveRules,
    pub(crate) tracking: Arc<Tracking>,
    pub(crate) unit: UnitCode,
    /// Threads that look at files, and with what.
    pub(crate) scanning: Option<(FilePool, LiveScanRules)>,
    pub(crate) hashes: HashList,
    /// Digests that are computed of every file.
    pub(crate) digests: Vec<Digest>,
    pub(crate) evidence: Option<EvidenceWriter>,
    pub(crate) file_store: Option<FileStore>,
    /// Whether packets come from an interface: then nothing waits and what is too much is shed.
    pub(crate) live: bool,
    /// Whether rules that drop act on the rest of the flow, as in front of a network.
    pub(crate) inline: bool,
}

impl Shared {
    /// Whether anybody asks for the content of files that have ended.
    pub(crate) fn keeps_content(&self) -> bool {
        self.scanning.is_some() || self.file_store.is_some()
    }
}

/// Follows traffic on one thread.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    rules: Arc<LoadedRules>,
    scratch: Scratch,
    table: FlowTable,
    hosts: HostPolicies,
    defragmenter: Defragmenter,
    pub(crate) account: Account,
    ring: PacketRing,
    scans: scans::Pending,
    content_held: usize,
    /// Empty buffers of files that have ended.
    rooms: Vec<Vec<u8>>,
    expected: expected::Expected,
    events: Vec<EveEvent>,
    order: EventOrder,
    now: Timestamp,
    alerts_of_packet: usize,
    /// What became of the packet at work, as far as is known.
    fate: Fate,
    /// Packets that are held for the flow at work.
    at_work: u32,
    /// Fragments that were given up, as far as they are in the account.
    fragments_lost: (u64, u64),
    /// What fired on the packet at work.
    waiting: Vec<alerts::Waiting>,
    tagged_hosts: HashMap<IpAddr, Tagged>,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let settings = &shared.settings;
        let ring_bytes = if shared.evidence.is_some() { settings.evidence.ring_bytes } else { 0 };
        Self {
            rules: shared.rules.current(),
            scratch: Scratch::new(Arc::clone(&shared.tracking)).at_once(shared.inline),
            table: FlowTable::new(settings.flow.clone()),
            hosts: HostPolicies::new(&settings.host_policies),
            defragmenter: Defragmenter::new(settings.defrag.clone()),
            account: Account::default(),
            ring: PacketRing::new(ring_bytes),
            scans: scans::Pending::default(),
            content_held: 0,
            rooms: Vec::new(),
            expected: expected::Expected::default(),
            events: Vec::new(),
            order: (0, 0, 0),
            now: Timestamp::EPOCH,
            alerts_of_packet: 0,
            fate: Fate::default(),
            at_work: 0,
            fragments_lost: (0, 0),
            waiting: Vec::new(),
            tagged_hosts: HashMap::new(),
            shared,
        }
    }

    /// Takes the rules in force; called between batches.
    pub(crate) fn refresh_rules(&mut self) {
        self.rules = self.shared.rules.current();
    }

    /// Lets time pass: flows end that were quiet for too long. `number` is that of the packet that brought the time.
    pub(crate) fn tick(&mut self, now: Timestamp, number: u64) {
        self.now = now;
        self.defragmenter.expire(now);
        self.settle_fragments();
        for slot in self.table.expired(now.as_seconds()) {
            self.end_flow(slot, number, crate::flow::FlowEnd::Timeout, Counter::FlowEndTimeout);
        }
        self.collect_answers(false);
        self.account.flows = self.table.len() as u64;
        self.account.pressure = self.table.pressure();
        self.account.pressure_max = self.account.pressure_max.max(self.account.pressure);
    }

    /// Ends all flows, in the order in which they began; `now` is the time of the last packet any worker had.
    pub(crate) fn finish(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        for slot in self.table.all() {
            self.end_flow(slot, u64::MAX, crate::flow::FlowEnd::Shutdown, Counter::FlowEndShutdown);
        }
        self.defragmenter.finish();
        self.settle_fragments();
        self.collect_answers(true);
        self.count_evidence();
        self.account.flows = 0;
    }

    /// Tells what became of files that have ended; for a capture file it waits for all of them.
    pub(crate) fn collect(&mut self) {
        self.collect_answers(false);
        self.account.flows = self.table.len() as u64;
    }

    /// Takes over what the thread that writes alert captures could not write.
    fn count_evidence(&mut self) {
        let failed = self.shared.evidence.as_ref().map_or(0, EvidenceWriter::take_failed);
        self.account.add(Counter::EvidenceFailed, failed);
        let failed = self.shared.file_store.as_ref().map_or(0, FileStore::take_failed);
        self.account.add(Counter::FilesNotKept, failed);
        self.account.add(Counter::FileStoreErrors, failed);
    }

    /// Flows that were being worked on when a panic came are gone.
    pub(crate) fn forget_broken_flows(&mut self) {
        self.waiting.clear();
        self.table.forget_broken();
    }

    /// The events made since the last call, in order.
    pub(crate) fn take_events(&mut self) -> Vec<EveEvent> {
        std::mem::take(&mut self.events)
    }

    /// Whether so many events wait.
    pub(crate) fn has_events(&self, count: usize) -> bool {
        self.events.len() >= count
    }

    fn emit(&mut self, event_type: &str, record: impl Into<Record>) {
        let order = self.order;
        self.order.2 = self.order.2.saturating_add(1);
        self.emit_at(order, event_type, record);
    }

    fn emit_at(&mut self, order: EventOrder, event_type: &str, record: impl Into<Record>) {
        let mut record = record.into();
        if let Some(name) = &self.shared.settings.eve.capture_name {
            record.text("pcap_filename", name);
        }
        if let Some(name) = &self.shared.settings.eve.sensor_name {
            record.text("host", name);
        }
        self.account.events += 1;
        self.events.push(EveEvent { time: self.now, order, class: class_of(event_type), json: record.finish() });
    }

    /// Emits what belongs to an earlier place among the records.
    fn emit_late(&mut self, (time, order): (Timestamp, EventOrder), event_type: &str, record: impl Into<Record>) {
        let now = std::mem::replace(&mut self.now, time);
        self.emit_at(order, event_type, record);
        self.now = now;
    }

    fn writes(&self, event_type: &str) -> bool {
        self.shared.settings.eve.writes(event_type)
    }

    fn number_to_tell(&self, number: u64) -> Option<u64> {
        (self.shared.settings.eve.packet_number && number > 0).then_some(number)
    }
}
