//! A sensor and an analyzer on disks that lose power, over a link that loses, repeats and reorders: every record the
//! sensor accepted is in the analyzer's spool once and in order. Everything but the spools' epochs follows from a seed.
//! The mutants break one rule each and have to be caught. `FENGSUI_UPLINK_SEEDS` makes the run long.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fengsui_crypto::{CryptoError, KeyId, KeyPair, Signature, hmac_sm3, sm3};
use fengsui_relay::simulation::{Faults, SimDisk, SplitMix};
use fengsui_relay::tier::{Directory, KeyStanding, NodeId, Refusal, Relation, Signer};
use fengsui_relay::uplink::{Account, Intake, Load, NotTaken, Parcel, Receipt, Sender, Step, Verdict};
use fengsui_relay::{Class, Reader, Spool, SpoolError, SpoolSettings};
use fengsui_schema::{RawRecord, RecordOrigin, Timestamp};

/// Seeds of one run.
const SEEDS: u64 = 1_500;

/// One rule broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mutant {
    None,
    /// Receipts go out before the records are on the disk.
    AnswerBeforeSync,
    /// The analyzer's disk never syncs.
    NoSync,
    /// What came before is taken again.
    SkipDedupe,
    /// After a crash the places are those of the snapshot, without what the spool holds beyond it.
    SnapshotAlone,
    /// The sensor forgets a record when it has sent it.
    ForgetWhenSent,
}

/// Keys are made from names: the simulation is about order and loss, not about curves.
struct CheapKey(&'static str);

impl Signer for CheapKey {
    fn key(&self) -> KeyId {
        KeyId::from_bytes(sm3(self.0.as_bytes()))
    }

    fn sign(&self, digest: &[u8; 32]) -> Result<Signature, CryptoError> {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&hmac_sm3(self.0.as_bytes(), digest));
        Ok(Signature::from_bytes(bytes))
    }
}

fn settings() -> SpoolSettings {
    SpoolSettings { segment_bytes: 600, limit_bytes: 1 << 20, ..SpoolSettings::default() }
}

struct Sensor {
    disk: SimDisk,
    spool: Spool,
    reader: Reader,
    sender: Sender,
}

impl Sensor {
    fn open(disk: &SimDisk) -> Result<Self, SpoolError> {
        let (spool, _) = Spool::open(Arc::new(disk.clone()), settings())?;
        let reader = spool.reader("uplink")?;
        let sender = Sender::new("s1".parse().expect("name"), spool.epoch(), reader.next_sequence());
        Ok(Self { disk: disk.clone(), spool, reader, sender })
    }
}

struct Analyzer {
    disk: SimDisk,
    places: SimDisk,
    spool: Spool,
    intake: Intake,
    judge: Reader,
}

impl Analyzer {
    fn open(disk: &SimDisk, places: &SimDisk, mutant: Mutant) -> Result<Self, SpoolError> {
        if mutant == Mutant::NoSync {
            disk.set_faults(Faults { lie_about_sync: true, ..Faults::default() });
        }
        let (spool, _) = Spool::open(Arc::new(disk.clone()), settings())?;
        let judge = spool.reader("judge")?;
        if mutant == Mutant::SnapshotAlone {
            let reader = spool.reader("uplink")?;
            if let Some(last) = spool.statistics().next_sequence.checked_sub(1) {
                reader.acknowledge(last)?;
            }
        }
        let intake = Intake::open(spool.clone(), Arc::new(places.clone()), "fengsui_eve", 0, 0)?;
        Ok(Self { disk: disk.clone(), places: places.clone(), spool, intake, judge })
    }
}

struct World {
    random: SplitMix,
    mutant: Mutant,
    sensor: Sensor,
    analyzer: Analyzer,
    now: i64,
    /// Parcels and receipts under way.
    up: Vec<Parcel>,
    down: Vec<Receipt>,
    outstanding: Option<Parcel>,
    /// Parcels that were answered and not yet taken, of the node that answers too early.
    owed: Vec<Parcel>,
    /// Payload by (epoch, sequence): what the sensor was told is accepted.
    accepted: BTreeMap<(u64, u64), Vec<u8>>,
    offered: u64,
    /// What is visible at the analyzer, by its place in the analyzer's spool.
    visible: BTreeMap<u64, (RecordOrigin, Vec<u8>)>,
    crashes: u64,
    repeats: u64,
}

type Checked = Result<(), String>;

impl World {
    fn new(seed: u64, mutant: Mutant) -> Self {
        let sensor = Sensor::open(&SimDisk::new(seed)).expect("a new disk works");
        let (disk, places) = (SimDisk::new(seed ^ 0xaaaa), SimDisk::new(seed ^ 0xbbbb));
        let analyzer = Analyzer::open(&disk, &places, mutant).expect("a new disk works");
        Self {
            random: SplitMix(seed ^ 0x5eed),
            mutant,
            sensor,
            analyzer,
            now: 1_000,
            up: Vec::new(),
            down: Vec::new(),
            outstanding: None,
            owed: Vec::new(),
            accepted: BTreeMap::new(),
            offered: 0,
            visible: BTreeMap::new(),
            crashes: 0,
            repeats: 0,
        }
    }

    fn emit(&mut self) {
        let count = 1 + self.random.below(4);
        let payloads: Vec<Vec<u8>> = (0..count)
            .map(|_| {
                self.offered += 1;
                let mut payload = self.offered.to_le_bytes().to_vec();
                payload.resize(8 + self.random.below(90), 0xcd);
                payload
            })
            .collect();
        let class = Class::ALL[self.random.below(Class::ALL.len())];
        let epoch = self.sensor.spool.epoch();
        match self.sensor.spool.append(class, payloads.clone()) {
            Ok(range) => self.accepted.extend((range.first..).map(|sequence| (epoch, sequence)).zip(payloads)),
            Err(_) => self.crash_sensor(),
        }
    }

    fn send(&mut self) {
        let sensor = &mut self.sensor;
        sensor.reader.rewind(sensor.sender.next());
        let most = 1 + self.random.below(6);
        let Ok(records) = sensor.reader.read(most, Duration::ZERO) else { return self.crash_sensor() };
        let counted = sensor.spool.statistics();
        let floor = counted.first_sequence;
        let account = Account { written: counted.next_sequence, ..Account::default() };
        let Some(last) = records.last() else { return };
        let load = Load { records: &records, to: last.sequence + 1, floor, account };
        let parcel = sensor.sender.parcel(load, self.now, &CheapKey("s1")).expect("signs");
        if self.mutant == Mutant::ForgetWhenSent {
            let _ = sensor.reader.acknowledge(parcel.signed.header.to - 1);
        }
        self.up.push(parcel.clone());
        self.outstanding = Some(parcel);
    }

    fn deliver_up(&mut self) {
        if self.up.is_empty() {
            return;
        }
        let place = self.random.below(self.up.len());
        let parcel = if self.random.below(4) == 0 { self.up[place].clone() } else { self.up.swap_remove(place) };
        let taken = match self.mutant {
            Mutant::AnswerBeforeSync => {
                self.owed.push(parcel.clone());
                let receipt =
                    Receipt::sign(&parcel.signed.header, parcel.signed.header.to, Verdict::Taken, 0, &CheapKey("a"));
                self.down.push(receipt.expect("signs"));
                return;
            }
            Mutant::SkipDedupe => self.take_everything(&parcel),
            _ => self.take(&parcel),
        };
        let Some((next, verdict)) = taken else { return self.crash_analyzer() };
        let receipt = Receipt::sign(&parcel.signed.header, next, verdict, 7, &CheapKey("a"));
        self.down.push(receipt.expect("signs"));
    }

    fn take(&mut self, parcel: &Parcel) -> Option<(u64, Verdict)> {
        let header = &parcel.signed.header;
        match self.analyzer.intake.take(header, &parcel.body, Timestamp::from_millis(self.now)) {
            Ok(taken) => {
                self.repeats += u64::from(taken.fresh < header.count);
                Some((taken.next, Verdict::Taken))
            }
            Err(NotTaken::Refused(refusal, next)) => Some((next, Verdict::Refused(refusal))),
            Err(NotTaken::Full) => Some((0, Verdict::Wait)),
            Err(NotTaken::Failed(_)) => None,
        }
    }

    fn take_everything(&mut self, parcel: &Parcel) -> Option<(u64, Verdict)> {
        let header = &parcel.signed.header;
        let wrap = |record: fengsui_relay::Record| {
            let origin =
                RecordOrigin { node: header.sensor.to_string(), epoch: header.epoch, sequence: record.sequence };
            let (source, instance) = (String::new(), String::new());
            let raw = RawRecord { source, instance, received: Timestamp::EPOCH, payload: record.payload };
            (record.class, raw.encode_from(&origin))
        };
        let records = Parcel::unpack(header, &parcel.body).expect("fits").into_iter().map(wrap).collect();
        self.analyzer.spool.append_all(records).ok()?;
        Some((header.to, Verdict::Taken))
    }

    fn deliver_down(&mut self) {
        if self.down.is_empty() {
            return;
        }
        let place = self.random.below(self.down.len());
        let receipt = self.down.swap_remove(place);
        let Some(sent) = self.outstanding.take_if(|sent| receipt.is_about(&sent.signed.header)) else { return };
        match self.sensor.sender.receipt(&sent.signed.header, &receipt) {
            Step::Acknowledge(last) => {
                if self.sensor.reader.acknowledge(last).is_err() {
                    self.crash_sensor();
                }
            }
            Step::Rewind(_) | Step::Wait(_) | Step::Refused(_) => {}
        }
    }

    /// Looks at what is visible and lets the spool forget it.
    fn look(&mut self) -> Checked {
        loop {
            let Ok(records) = self.analyzer.judge.read(16, Duration::ZERO) else {
                self.crash_analyzer();
                return Ok(());
            };
            let Some(last) = records.last().map(|record| record.sequence) else { break };
            for record in records {
                let origin = RawRecord::origin(&record.payload).ok_or("a record without an origin")?;
                let raw = RawRecord::decode(&record.payload).map_err(|error| error.to_string())?;
                self.visible.insert(record.sequence, (origin, raw.payload));
            }
            if self.analyzer.judge.acknowledge(last).is_err() {
                self.crash_analyzer();
                return Ok(());
            }
        }
        Ok(())
    }

    fn crash_sensor(&mut self) {
        self.crashes += 1;
        self.outstanding = None;
        let disk = self.sensor.disk.clone();
        loop {
            disk.crash();
            if self.random.below(3) == 0 {
                disk.set_faults(fault(&mut self.random));
            }
            if let Ok(sensor) = Sensor::open(&disk) {
                self.sensor = sensor;
                return;
            }
        }
    }

    fn crash_analyzer(&mut self) {
        self.crashes += 1;
        self.owed.clear();
        let (disk, places) = (self.analyzer.disk.clone(), self.analyzer.places.clone());
        loop {
            disk.crash();
            places.crash();
            match self.random.below(4) {
                0 => disk.set_faults(fault(&mut self.random)),
                1 => places.set_faults(fault(&mut self.random)),
                _ => {}
            }
            if let Ok(analyzer) = Analyzer::open(&disk, &places, self.mutant) {
                self.analyzer = analyzer;
                return;
            }
        }
    }

    fn step(&mut self) -> Checked {
        self.now += 1 + i64::try_from(self.random.below(50)).expect("small");
        match self.random.below(24) {
            0..=4 => self.emit(),
            5..=9 => self.send(),
            10..=14 => self.deliver_up(),
            15..=18 => self.deliver_down(),
            19 => drop(self.up.pop()),
            20 => drop(self.down.pop()),
            21 => return self.look(),
            22 => {
                if self.analyzer.intake.checkpoint().is_err() {
                    self.crash_analyzer();
                }
            }
            _ if self.random.below(3) == 0 => self.crash_sensor(),
            _ if self.random.below(3) == 0 => self.crash_analyzer(),
            _ => {
                for parcel in std::mem::take(&mut self.owed) {
                    if self.take(&parcel).is_none() {
                        self.crash_analyzer();
                    }
                }
            }
        }
        Ok(())
    }

    /// The faults end: everything has to arrive.
    fn settle(&mut self) -> Checked {
        for disk in [&self.sensor.disk, &self.analyzer.disk, &self.analyzer.places] {
            let lie_about_sync = self.mutant == Mutant::NoSync;
            disk.set_faults(Faults { lie_about_sync, ..Faults::default() });
        }
        self.crash_sensor();
        self.crash_analyzer();
        for disk in [&self.sensor.disk, &self.analyzer.disk, &self.analyzer.places] {
            disk.set_faults(Faults::default());
        }
        for _ in 0..20_000 {
            if self.sensor.sender.next() >= self.sensor.spool.statistics().next_sequence {
                break;
            }
            (self.outstanding, self.up, self.down) = (None, Vec::new(), Vec::new());
            self.send();
            self.deliver_up();
            self.deliver_down();
            self.now += 1;
        }
        for parcel in std::mem::take(&mut self.owed) {
            self.take(&parcel);
        }
        self.look()
    }

    fn verdict(&self) -> Checked {
        let mut seen = BTreeMap::new();
        let mut last: BTreeMap<u64, u64> = BTreeMap::new();
        for (origin, payload) in self.visible.values() {
            let id = (origin.epoch, origin.sequence);
            if seen.insert(id, payload).is_some() {
                return Err(format!("{id:?} is visible twice"));
            }
            if last.insert(id.0, id.1).is_some_and(|before| before >= id.1) {
                return Err(format!("{id:?} is out of order"));
            }
        }
        for (id, payload) in &self.accepted {
            match seen.get(id) {
                None => return Err(format!("{id:?} was accepted and is lost")),
                Some(found) if *found != payload => return Err(format!("{id:?} changed")),
                Some(_) => {}
            }
        }
        Ok(())
    }
}

fn fault(random: &mut SplitMix) -> Faults {
    let call = Some(1 + random.next_number() % 120);
    match random.below(2) {
        0 => Faults { error_at_call: call, ..Faults::default() },
        _ => Faults { power_off_at_call: call, ..Faults::default() },
    }
}

fn run(seed: u64, mutant: Mutant) -> Result<(u64, u64, u64), String> {
    let mut world = World::new(seed, mutant);
    for _ in 0..160 {
        world.step()?;
    }
    world.settle()?;
    world.verdict()?;
    Ok((world.accepted.len() as u64, world.crashes, world.repeats))
}

fn caught(mutant: Mutant) -> bool {
    (0..400).any(|seed| run(seed, mutant).is_err())
}

#[test]
fn every_record_arrives_once_and_in_order() {
    let seeds = std::env::var("FENGSUI_UPLINK_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS);
    let (mut records, mut crashes, mut repeats) = (0, 0, 0);
    for seed in 0..seeds {
        let done = run(seed, Mutant::None).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        (records, crashes, repeats) = (records + done.0, crashes + done.1, repeats + done.2);
    }
    // The world is as bad as it claims to be.
    assert!(records > seeds * 10 && crashes > seeds * 2 && repeats > seeds / 2, "{records} {crashes} {repeats}");
}

#[test]
fn an_analyzer_that_answers_before_it_syncs_is_caught() {
    assert!(caught(Mutant::AnswerBeforeSync));
}

#[test]
fn an_analyzer_that_never_syncs_is_caught() {
    assert!(caught(Mutant::NoSync));
}

#[test]
fn an_analyzer_that_takes_what_it_has_is_caught() {
    assert!(caught(Mutant::SkipDedupe));
}

#[test]
fn an_analyzer_that_trusts_the_snapshot_alone_is_caught() {
    assert!(caught(Mutant::SnapshotAlone));
}

#[test]
fn a_sensor_that_forgets_what_it_has_only_sent_is_caught() {
    assert!(caught(Mutant::ForgetWhenSent));
}

/// One sensor that was let in.
struct OneSensor {
    key: fengsui_crypto::PublicKey,
    standing: KeyStanding,
}

impl Directory for OneSensor {
    fn relation(&self, _: &NodeId) -> Relation {
        Relation::Child
    }

    fn is_within(&self, node: &NodeId, ancestor: &NodeId) -> bool {
        node == ancestor
    }

    fn standing(&self, node: &NodeId, key: &KeyId) -> KeyStanding {
        if node.as_str() == "s1" && *key == self.key.id() { self.standing } else { KeyStanding::Unknown }
    }

    fn fits(&self, _: &NodeId, _: &KeyId, digest: &[u8; 32], signature: &Signature) -> bool {
        self.key.verify(digest, signature).is_ok()
    }
}

#[test]
fn forged_headers_and_receipts_are_refused() {
    let (key, other, analyzer) =
        (KeyPair::generate().expect("key"), KeyPair::generate().expect("key"), KeyPair::generate().expect("key"));
    let records = vec![fengsui_relay::Record { sequence: 0, class: Class::Alert, payload: b"{}".to_vec() }];
    let mut sender = Sender::new("s1".parse().expect("name"), 5, 0);
    let load = Load { records: &records, to: 1, floor: 0, account: Account::default() };
    let parcel = sender.parcel(load, 9, &key).expect("signs");
    let mut directory = OneSensor { key: key.public(), standing: KeyStanding::Active };
    assert_eq!(parcel.signed.verify(&directory), Ok(()));
    let mut changed = parcel.signed.clone();
    changed.header.to += 1;
    assert_eq!(changed.verify(&directory), Err(Refusal::Forged));
    let foreign = sender.parcel(load, 10, &other).expect("signs");
    assert_eq!(foreign.signed.verify(&directory), Err(Refusal::UnknownKey));
    directory.standing = KeyStanding::Revoked;
    assert_eq!(parcel.signed.verify(&directory), Err(Refusal::RevokedKey));

    let header = &parcel.signed.header;
    let receipt = Receipt::sign(header, 1, Verdict::Taken, 0, &analyzer).expect("signs");
    assert!(receipt.answers(header, &analyzer.public()));
    assert!(!receipt.answers(&foreign.signed.header, &analyzer.public()), "a receipt is for one parcel");
    assert!(!receipt.answers(header, &other.public()), "another node's receipt");
    let mut changed = receipt.clone();
    changed.next = 2;
    assert!(!changed.answers(header, &analyzer.public()));
}

fn record(sequence: u64) -> fengsui_relay::Record {
    fengsui_relay::Record { sequence, class: Class::Alert, payload: b"{}".to_vec() }
}

#[test]
fn a_sensor_forgets_nothing_when_the_analyzer_knows_more_than_it_ever_wrote() {
    let mut sender = Sender::new("s1".parse().expect("name"), 5, 3);
    let records = [record(3), record(4)];
    let account = Account { written: 9, ..Account::default() };
    let load = Load { records: &records, to: 5, floor: 0, account };
    let parcel = sender.parcel(load, 1, &CheapKey("s1")).expect("signs");
    let header = &parcel.signed.header;
    let receipt = |next| Receipt::sign(header, next, Verdict::Taken, 0, &CheapKey("a")).expect("signs");
    // A thief of the key has claimed that records up to a hundred were sent.
    assert_eq!(sender.receipt(header, &receipt(100)), Step::Refused(Refusal::Forked));
    assert_eq!(sender.next(), 3, "it stands where it stood");
    // What came before a restart is known there and was written here.
    assert_eq!(sender.receipt(header, &receipt(9)), Step::Acknowledge(4));
}

#[test]
fn a_clock_that_was_ahead_does_not_silence_a_sensor() {
    let (disk, places) = (SimDisk::new(1), SimDisk::new(2));
    let analyzer = Analyzer::open(&disk, &places, Mutant::None).expect("a new disk works");
    let mut sent = Sender::new("s1".parse().expect("name"), 5, 0);
    let mut take = |sequence: u64, clock: i64, restarted: bool| {
        if restarted {
            sent = Sender::new("s1".parse().expect("name"), 5, sequence);
        }
        let records = [record(sequence)];
        let account = Account { emitted: sequence + 1, written: sequence + 1, ..Account::default() };
        let load = Load { records: &records, to: sequence + 1, floor: 0, account };
        let parcel = sent.parcel(load, clock, &CheapKey("s1")).expect("signs");
        let now = Timestamp::from_millis(1_000 + i64::try_from(sequence).expect("small"));
        analyzer.intake.take(&parcel.signed.header, &parcel.body, now).expect("is taken");
        let place = analyzer.intake.sensors().remove(0);
        (place.account.emitted, place.heard, place.skew)
    };
    // Ten years ahead, or as far as a number goes; then set right, and the sensor started again.
    assert_eq!(take(0, 315_360_000_000, false), (1, 1_000, 315_359_999_000));
    assert_eq!(take(1, 1_001, true), (2, 1_001, 0));
    assert_eq!(take(2, i64::MIN, true).0, 3);
    assert_eq!(take(3, i64::MAX, true).0, 4);
}
