//! The spool on a real disk: threads, classes, readers, the conservation law.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use fengsui_relay::simulation::{Faults, SimDisk};
use fengsui_relay::{Class, FileDisk, Spool, SpoolError, SpoolSettings};

const SOON: Duration = Duration::from_secs(20);

fn real(folder: &tempfile::TempDir, settings: SpoolSettings) -> Spool {
    Spool::open(Arc::new(FileDisk::open(folder.path()).expect("disk")), settings).expect("opens").0
}

fn small(limit_bytes: u64) -> SpoolSettings {
    SpoolSettings { segment_bytes: 1_000, limit_bytes, ..SpoolSettings::default() }
}

#[test]
fn many_threads_lose_nothing_and_share_commits() {
    let folder = tempfile::tempdir().expect("folder");
    let spool = real(&folder, SpoolSettings { segment_bytes: 20_000, ..SpoolSettings::default() });
    let mut reader = spool.reader("r").expect("reader");
    let writers: Vec<_> = (0..8_u8)
        .map(|writer| {
            let spool = spool.clone();
            thread::spawn(move || {
                for number in 0..50_u8 {
                    let range = spool.append(Class::Protocol, vec![vec![writer, number], vec![writer, number, 1]]);
                    assert_eq!(range.expect("accepted").count, 2);
                }
            })
        })
        .collect();
    let mut records = Vec::new();
    while records.len() < 800 {
        let more = reader.read(64, SOON).expect("reads");
        assert!(!more.is_empty(), "only {} records came", records.len());
        records.extend(more);
    }
    for writer in writers {
        writer.join().expect("writer");
    }
    assert!(records.iter().zip(0..).all(|(record, sequence)| record.sequence == sequence));
    for writer in 0..8 {
        let own: Vec<_> = records.iter().filter(|record| record.payload[0] == writer).map(|r| r.payload[1]).collect();
        assert!(own.is_sorted(), "records of one writer keep their order");
    }
    assert!(spool.statistics().commits <= 400);
}

#[test]
fn readers_continue_and_segments_go() {
    let folder = tempfile::tempdir().expect("folder");
    let spool = real(&folder, small(100_000));
    let (mut fast, slow) = (spool.reader("fast").expect("reader"), spool.reader("slow").expect("reader"));
    for _ in 0..60 {
        spool.append(Class::Alert, vec![vec![7; 100]]).expect("accepted");
    }
    assert_eq!(fast.read(100, Duration::ZERO).expect("reads").len(), 60);
    fast.acknowledge(59).expect("acknowledges");
    let kept = spool.statistics();
    assert_eq!((kept.first_sequence, kept.readers[1].in_flight_records), (0, 60));
    slow.acknowledge(29).expect("acknowledges");
    let left = spool.statistics();
    assert!(left.first_sequence > 15 && left.first_sequence <= 30 && left.used_bytes < kept.used_bytes);
    drop((fast, slow, spool));

    let spool = real(&folder, small(100_000));
    let mut slow = spool.reader("slow").expect("reader");
    assert_eq!(slow.read(1, Duration::ZERO).expect("reads")[0].sequence, 30);
    slow.rewind(0);
    assert_eq!(slow.next_sequence(), left.first_sequence);
    assert_eq!(spool.reader("fast").expect("reader").next_sequence(), 60);
}

#[test]
fn fills_up_by_class_and_accounts_for_everything() {
    let spool = Spool::open(Arc::new(SimDisk::new(1)), small(10_000)).expect("opens").0;
    let reader = spool.reader("r").expect("reader");
    let mut refused = 0;
    for _ in 0..100 {
        for class in Class::ALL {
            match spool.append(class, vec![vec![1; 50]]) {
                Ok(range) => assert!(range.shed == 0 || class.may_be_shed()),
                Err(SpoolError::Full { .. }) => refused += u64::from(!class.may_be_shed()),
                Err(error) => panic!("{error}"),
            }
        }
    }
    let statistics = spool.statistics();
    assert!(statistics.used_bytes <= 10_000 && refused > 0);
    let of = |class: Class| statistics.classes.iter().find(|c| c.class == class.as_str()).expect("counted").clone();
    assert!(of(Class::Flow).shed_share.records > of(Class::Protocol).shed_share.records);
    for counts in &statistics.classes {
        let all = counts.accepted.records + counts.shed_share.records + counts.refused_full.records;
        assert_eq!(all, 100, "{counts:?}");
    }
    let accepted: u64 = statistics.classes.iter().map(|counts| counts.accepted.records).sum();
    assert_eq!(accepted, statistics.next_sequence);
    assert_eq!(statistics.readers[0].in_flight_records, accepted);

    reader.acknowledge(accepted - 1).expect("acknowledges");
    assert_eq!(spool.append(Class::Flow, vec![vec![1; 50]]).expect("room again").count, 1);
}

#[test]
fn a_full_disk_sheds_what_may_be_shed_and_recovers() {
    let disk = SimDisk::new(1);
    let spool = Spool::open(Arc::new(disk.clone()), small(1_000_000)).expect("opens").0;
    disk.set_faults(Faults { capacity_bytes: Some(500), ..Faults::default() });
    assert_eq!(spool.append(Class::Flow, vec![vec![1; 600]]).expect("shed").shed, 1);
    let error = spool.append(Class::Alert, vec![vec![1; 600]]).expect_err("refused");
    assert!(matches!(error, SpoolError::Disk { no_space: true, .. }), "{error}");
    disk.set_faults(Faults::default());
    assert_eq!(spool.append(Class::Alert, vec![vec![1; 600]]).expect("accepted").first, 0);
    assert!(spool.statistics().failed_segments >= 2);
}

#[test]
fn misuse_is_an_error_with_a_remedy() {
    let spool = Spool::open(Arc::new(SimDisk::new(1)), small(100_000)).expect("opens").0;
    assert!(matches!(spool.reader("../etc"), Err(SpoolError::ReaderName(_))));
    let reader = spool.reader("r").expect("reader");
    assert!(matches!(spool.reader("r"), Err(SpoolError::ReaderBusy(_))));
    assert!(matches!(spool.forget_reader("r"), Err(SpoolError::ReaderBusy(_))));
    assert!(matches!(reader.acknowledge(0), Err(SpoolError::NotAccepted { sequence: 0, next: 0 })));
    let long = vec![0; fengsui_relay::limits::RECORD_BYTES + 1];
    assert!(matches!(spool.append(Class::Alert, vec![long]), Err(SpoolError::RecordTooLong { .. })));
    drop(reader);
    spool.forget_reader("r").expect("forgets");
    let wrong = SpoolSettings { segment_bytes: 1, ..SpoolSettings::default() };
    assert!(matches!(Spool::open(Arc::new(SimDisk::new(1)), wrong), Err(SpoolError::Setting { .. })));
}
