//! A binary Windows event log is read record by record, damaged ones included.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

use std::io::Cursor;
use std::path::Path;

use fengsui_normalize::{NormalizeError, WindowsLog, WindowsRecord, normalize};
use fengsui_schema::{Event, RawRecord, Timestamp};
use proptest::prelude::*;

fn sample() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/logs/windows.evtx")).expect("sample")
}

fn records(bytes: Vec<u8>) -> Vec<Result<WindowsRecord, NormalizeError>> {
    let mut found = Vec::new();
    if let Ok(mut log) = WindowsLog::open(Cursor::new(bytes)) {
        let all: Result<(), ()> = log.each(|record| {
            found.push(record);
            Ok(())
        });
        all.expect("nothing ends it");
    }
    found
}

fn events(bytes: Vec<u8>) -> Vec<(u64, Event)> {
    let event = |record: WindowsRecord| {
        let raw =
            RawRecord { source: "evtx".into(), instance: "f".into(), received: Timestamp::EPOCH, payload: record.json };
        (record.number, normalize(&raw, record.number).expect("is an event"))
    };
    records(bytes).into_iter().map(|record| event(record.expect("is whole"))).collect()
}

#[test]
fn every_record_is_an_event_with_sigmas_names() {
    let events = events(sample());
    assert_eq!(events.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    let (_, created) = &events[0];
    assert_eq!(created.original["EventID"].to_string().trim_matches('"'), "1");
    assert_eq!(created.original["Provider_Name"], "Microsoft-Windows-Sysmon");
    assert_eq!(created.original["Computer"], "PC-0117");
    assert_eq!(created.fields.text("file.pe.imphash"), Some("0123456789abcdef0123456789abcdef"));
    assert_eq!(created.time, "2026-11-22T12:00:00Z".parse().expect("time"));
    let (_, failed) = &events[1];
    assert_eq!(
        (failed.fields.text("event.outcome"), failed.fields.text("source.ip")),
        (Some("failure"), Some("192.0.2.77"))
    );
    let (_, service) = &events[3];
    assert_eq!(service.fields.text("service.name"), Some("UpdaterSvc"));
    let (_, cleared) = &events[5];
    assert_eq!(cleared.fields.text("user.name"), Some("管理员"));
}

#[test]
fn what_is_no_log_is_an_error() {
    assert!(WindowsLog::open(Cursor::new(b"MZ".to_vec())).is_err());
    assert!(WindowsLog::open(Cursor::new(b"ElfFile\0".to_vec())).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_damaged_log_is_an_answer_not_a_panic(damage in prop::collection::vec((0_usize..8_192, any::<u8>()), 1..24), cut in 0_usize..70_000) {
        let mut bytes = sample();
        for (place, byte) in damage {
            // Header of the file, of the chunk, and the records.
            let place = place % 12_000;
            bytes[place] = byte;
        }
        bytes.truncate(cut.max(64));
        let _ = records(bytes);
    }
}
