//! The delivery guarantee under power loss: accepted ⊆ recovered, nothing invented, nothing twice, order kept.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use fengsui_relay::simulation::{Faults, SimDisk, SplitMix};
use fengsui_relay::{Class, Disk, DiskFile, Reader, RecoveryReport, Spool, SpoolError, SpoolSettings};

/// Seeds of one run; each is several lives of a spool.
const SEEDS: u64 = 5_000;

/// What the callers know: the only truth the spool is judged by.
#[derive(Default)]
struct Judge {
    /// Payload of every sequence that was returned by `append`.
    accepted: BTreeMap<u64, Vec<u8>>,
    /// Every payload ever offered, by its number.
    offered: BTreeMap<u64, Vec<u8>>,
    /// First sequence that is not acknowledged.
    acknowledged: u64,
    /// An acknowledgement failed half-way: it may or may not hold after a crash.
    doubtful_acknowledgement: u64,
}

impl Judge {
    fn offer(&mut self, random: &mut SplitMix) -> Vec<u8> {
        let number = self.offered.len() as u64;
        let mut payload = number.to_le_bytes().to_vec();
        payload.resize(8 + random.below(200), 0xab);
        self.offered.insert(number, payload.clone());
        payload
    }

    /// After a crash the place of the reader is known again.
    fn settle_acknowledgement(&mut self, found: u64) -> Result<(), String> {
        if found < self.acknowledged {
            return Err(format!("acknowledgement of {} was forgotten: {found}", self.acknowledged));
        }
        if found > self.acknowledged.max(self.doubtful_acknowledgement) {
            return Err(format!("acknowledgement of {found} was invented"));
        }
        (self.acknowledged, self.doubtful_acknowledgement) = (found, found);
        Ok(())
    }

    /// Reads everything and compares. Says what is wrong.
    /// What a reader has seen counts as accepted from then on.
    fn check(&mut self, reader: &mut Reader) -> Result<(), String> {
        let mut seen = BTreeMap::new();
        let mut last = None;
        loop {
            let records = reader.read(7, Duration::ZERO).map_err(|error| error.to_string())?;
            if records.is_empty() {
                break;
            }
            for record in records {
                if last.is_some_and(|last| record.sequence <= last) {
                    return Err(format!("sequence {} after {last:?}", record.sequence));
                }
                last = Some(record.sequence);
                seen.insert(record.sequence, record.payload);
            }
        }
        self.compare(&seen)?;
        self.accepted.extend(seen);
        Ok(())
    }

    fn compare(&self, seen: &BTreeMap<u64, Vec<u8>>) -> Result<(), String> {
        for (sequence, payload) in self.accepted.range(self.acknowledged..) {
            match seen.get(sequence) {
                None => return Err(format!("accepted record {sequence} is lost")),
                Some(found) if found != payload => return Err(format!("record {sequence} changed")),
                Some(_) => {}
            }
        }
        let mut numbers: Vec<_> = seen.values().map(|payload| payload.get(..8).map(<[u8]>::to_vec)).collect();
        if seen.values().any(|payload| !self.offered.values().any(|offered| offered == payload)) {
            return Err("a record was invented".to_owned());
        }
        numbers.sort();
        let before = numbers.len();
        numbers.dedup();
        if numbers.len() < before { Err("a record came twice".to_owned()) } else { Ok(()) }
    }
}

fn settings() -> SpoolSettings {
    SpoolSettings { segment_bytes: 600, limit_bytes: 1 << 20, ..SpoolSettings::default() }
}

/// How the disk syncs: one way is right, and the checks must notice the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Syncs {
    /// As it is asked to.
    Honest,
    /// Never, as for a spool without fdatasync.
    Never,
    /// Before the next write, as for a spool that answers and then syncs.
    Late,
}

/// A disk that makes up for a sync when it is written to again.
#[derive(Debug)]
struct LateDisk(SimDisk);

#[derive(Debug)]
struct LateFile(Box<dyn DiskFile>);

impl Disk for LateDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        self.0.list()
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(LateFile(self.0.create(name)?)))
    }

    fn read_at(&self, name: &str, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        self.0.read_at(name, offset, length)
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        self.0.size(name)
    }

    fn truncate(&self, name: &str, size: u64) -> io::Result<()> {
        self.0.truncate(name, size)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.remove(name)
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.0.sync_directory()
    }
}

impl DiskFile for LateFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.sync_data()?;
        self.0.append(bytes)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn open(disk: &SimDisk, syncs: Syncs) -> Result<(Spool, RecoveryReport), SpoolError> {
    match syncs {
        Syncs::Late => Spool::open(Arc::new(LateDisk(disk.clone())), settings()),
        Syncs::Honest | Syncs::Never => Spool::open(Arc::new(disk.clone()), settings()),
    }
}

/// One life: appends, reads and acknowledges until the disk fails or enough was done.
fn live(disk: &SimDisk, syncs: Syncs, judge: &mut Judge, random: &mut SplitMix) -> Result<(), SpoolError> {
    let (spool, _) = open(disk, syncs)?;
    let mut reader = spool.reader("analyzer")?;
    for _ in 0..12 + random.below(20) {
        let payloads: Vec<_> = (0..1 + random.below(4)).map(|_| judge.offer(random)).collect();
        // A failed append is forgotten by its caller: that its records may turn up after a crash is no loss.
        let Ok(range) = spool.append(Class::Alert, payloads.clone()) else { continue };
        judge.accepted.extend((range.first..).zip(payloads));
        if random.below(3) == 0 {
            let Ok(records) = reader.read(1 + random.below(9), Duration::ZERO) else { continue };
            if let Some(last) = records.last() {
                judge.doubtful_acknowledgement = last.sequence + 1;
                reader.acknowledge(last.sequence)?;
                judge.acknowledged = last.sequence + 1;
            }
        }
    }
    Ok(())
}

fn faults(random: &mut SplitMix) -> Faults {
    let call = Some(1 + random.next_number() % 160);
    match random.below(4) {
        0 => Faults { error_at_call: call, ..Faults::default() },
        1 => Faults { capacity_bytes: Some(600 + random.next_number() % 6_000), ..Faults::default() },
        _ => Faults { power_off_at_call: call, ..Faults::default() },
    }
}

/// Several lives that end with the power or only with the process; after each the judge looks at everything.
/// Returns what went wrong.
fn run(seed: u64, syncs: Syncs) -> Result<(), String> {
    let mut random = SplitMix(seed);
    let disk = SimDisk::new(random.next_number());
    let mut judge = Judge::default();
    for _ in 0..3 {
        disk.set_faults(Faults { lie_about_sync: syncs == Syncs::Never, ..faults(&mut random) });
        let _ = live(&disk, syncs, &mut judge, &mut random);
        if random.below(2) == 0 {
            // kill -9: the page cache survives, and must be synced before anybody relies on it.
            inspect(&disk, syncs, &mut judge)?;
        }
        disk.crash();
        inspect(&disk, syncs, &mut judge)?;
    }
    Ok(())
}

/// Opens the spool on a sound disk and judges what is there.
fn inspect(disk: &SimDisk, syncs: Syncs, judge: &mut Judge) -> Result<(), String> {
    disk.set_faults(Faults { lie_about_sync: syncs == Syncs::Never, ..Faults::default() });
    let (spool, report) = open(disk, syncs).map_err(|error| error.to_string())?;
    if !report.lost.is_empty() || !report.damaged_files.is_empty() || !report.damaged_readers.is_empty() {
        return Err(format!("recovery reports {report:?}"));
    }
    let mut reader = spool.reader("analyzer").map_err(|error| error.to_string())?;
    judge.settle_acknowledgement(reader.next_sequence())?;
    judge.check(&mut reader)?;
    judge.accepted = judge.accepted.split_off(&judge.acknowledged);
    Ok(())
}

#[test]
fn accepted_records_survive_every_power_loss() {
    for seed in 0..SEEDS {
        if let Err(error) = run(seed, Syncs::Honest) {
            panic!("seed {seed}: {error}");
        }
    }
}

/// The proof that the test above bites: without fdatasync it fails.
#[test]
fn a_disk_that_does_not_sync_is_found_out() {
    let found = (0..200).filter(|&seed| run(seed, Syncs::Never).is_err()).count();
    assert!(found > 150, "only {found} of 200 seeds noticed");
}

/// So does an answer that is given before the sync.
#[test]
fn a_spool_that_answers_before_it_syncs_is_found_out() {
    let found = (0..200).filter(|&seed| run(seed, Syncs::Late).is_err()).count();
    println!("{found} of 200 seeds noticed");
    assert!(found > 100, "only {found} of 200 seeds noticed");
}

/// The last record is torn at every byte; what was before it stays.
#[test]
fn a_record_torn_anywhere_is_cut_off_alone() {
    let whole = SimDisk::new(1);
    let (spool, _) = open(&whole, Syncs::Honest).expect("opens");
    let reader = spool.reader("r").expect("reader");
    spool.append(Class::Audit, vec![b"first".to_vec()]).expect("accepted");
    let before = whole.size("segment-000000000001.spool").expect("size");
    spool.append(Class::Audit, vec![b"second".to_vec()]).expect("accepted");
    let size = whole.size("segment-000000000001.spool").expect("size");
    drop((reader, spool));
    for cut in before..size {
        let disk = SimDisk::new(cut);
        copy(&whole, &disk);
        disk.truncate("segment-000000000001.spool", cut).expect("cut");
        let (spool, report) = open(&disk, Syncs::Honest).expect("recovers");
        let records = spool.reader("r").expect("reader").read(9, Duration::ZERO).expect("reads");
        assert_eq!((records.len(), report.torn_bytes, report.lost.len()), (1, cut - before, 0));
        let range = spool.append(Class::Audit, vec![b"again".to_vec()]).expect("accepted");
        assert_eq!((range.first, records[0].payload.as_slice()), (1, b"first".as_slice()));
    }
}

fn copy(from: &SimDisk, to: &SimDisk) {
    for name in from.list().expect("lists") {
        let mut file = to.create(&name).expect("creates");
        file.append(&from.read_at(&name, 0, usize::MAX / 2).expect("reads")).expect("writes");
        file.sync_data().expect("syncs");
    }
    to.sync_directory().expect("syncs");
}

/// Every call of a fixed run fails once with an input/output error: the caller learns of it or nothing is lost.
#[test]
fn every_call_may_fail_once() {
    let calls = {
        let disk = SimDisk::new(0);
        disk.set_faults(Faults::default());
        let _ = live(&disk, Syncs::Honest, &mut Judge::default(), &mut SplitMix(7));
        disk.calls()
    };
    assert!(calls > 60, "the run is too short to prove anything: {calls} calls");
    for call in 1..=calls {
        let (disk, mut judge) = (SimDisk::new(call), Judge::default());
        disk.set_faults(Faults { error_at_call: Some(call), ..Faults::default() });
        let _ = live(&disk, Syncs::Honest, &mut judge, &mut SplitMix(7));
        disk.crash();
        let (spool, _) = open(&disk, Syncs::Honest).expect("recovers");
        let mut reader = spool.reader("analyzer").expect("reader");
        judge.settle_acknowledgement(reader.next_sequence()).expect("acknowledgement");
        judge.check(&mut reader).unwrap_or_else(|error| panic!("call {call}: {error}"));
    }
}

/// A bit that flips inside a finished segment is reported and costs only that segment's later records.
#[test]
fn a_flipped_bit_is_reported_not_hidden() {
    let disk = SimDisk::new(3);
    let (spool, _) = open(&disk, Syncs::Honest).expect("opens");
    let reader = spool.reader("r").expect("reader");
    for number in 0..40_u64 {
        spool.append(Class::Alert, vec![vec![b'x'; 100], number.to_le_bytes().to_vec()]).expect("accepted");
    }
    drop((reader, spool));
    disk.flip_bit("segment-000000000002.spool", 8 * 300);
    let (spool, report) = open(&disk, Syncs::Honest).expect("opens");
    let &[(first, end)] = report.lost.as_slice() else { panic!("{report:?}") };
    let read = spool.reader("r").expect("reader").read(1000, Duration::ZERO).expect("reads");
    assert_eq!(read.len() as u64, 80 - (end - first));
    assert_eq!(spool.statistics().unreadable_records, end - first);
}
