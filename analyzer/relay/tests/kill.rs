//! A process that writes to a spool on the real disk is killed again and again: what it was told is accepted is there,
//! unchanged, once. (That nothing unsynced is called accepted, a kill can't show: see `power_loss.rs`.)
//!
//! `FENGSUI_KILLS` makes the run long.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fengsui_relay::simulation::SplitMix;
use fengsui_relay::{Class, FileDisk, Spool, SpoolSettings};

/// Kills of one run.
const KILLS: u64 = 60;
const FOLDER: &str = "FENGSUI_KILL_FOLDER";
const LIFE: &str = "FENGSUI_KILL_LIFE";

fn open(folder: &Path) -> Spool {
    let settings = SpoolSettings { segment_bytes: 64 << 10, limit_bytes: 1 << 30, ..SpoolSettings::default() };
    Spool::open(Arc::new(FileDisk::open(folder).expect("folder")), settings).expect("spool").0
}

fn payload(number: u64) -> Vec<u8> {
    let mut bytes = number.to_le_bytes().to_vec();
    let length = 8 + usize::try_from(SplitMix(number).next_number() % 400).expect("small");
    bytes.resize(length, u8::try_from(number % 251).expect("small"));
    bytes
}

/// The process that is killed: appends without end and says what was accepted. As a test it does nothing.
#[test]
fn writer() {
    let (Some(folder), Ok(life)) = (std::env::var_os(FOLDER), std::env::var(LIFE)) else { return };
    let life: u64 = life.parse().expect("number");
    let spool = open(Path::new(&folder));
    let (mut random, mut next) = (SplitMix(life), life << 32);
    let mut out = std::io::stdout();
    loop {
        let count = 1 + random.next_number() % 30;
        let payloads = (next..next + count).map(payload).collect();
        let range = spool.append(Class::Alert, payloads).expect("accepted");
        // One write of one line: a line that is cut by the kill has no end and does not count.
        writeln!(out, "accepted {} {} {next}", range.first, range.count).expect("said");
        out.flush().expect("said");
        next += count;
    }
}

/// Lets a writer live for a while; what it said was accepted: number by sequence.
fn live(folder: &Path, life: u64, time: Duration) -> BTreeMap<u64, u64> {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "writer", "--nocapture"])
        .env(FOLDER, folder)
        .env(LIFE, life.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(child.stdout.take().expect("output"));
    let reader = std::thread::spawn(move || {
        let (mut accepted, mut line) = (BTreeMap::new(), String::new());
        while lines.read_line(&mut line).expect("text") > 0 {
            // The test runner's own words stand before the first one.
            let words = line.strip_suffix('\n').and_then(|whole| whole.split("accepted ").nth(1).map(str::to_owned));
            if let Some(words) = words {
                let numbers: Vec<u64> = words.split(' ').map(|word| word.parse().expect("number")).collect();
                accepted.extend((0..numbers[1]).map(|place| (numbers[0] + place, numbers[2] + place)));
            }
            line.clear();
        }
        accepted
    });
    std::thread::sleep(time);
    child.kill().expect("is killed");
    child.wait().expect("ended");
    reader.join().expect("read")
}

/// Reads everything from the acknowledged place on; sequence and payload.
fn visible(folder: &Path, acknowledge: bool) -> BTreeMap<u64, Vec<u8>> {
    let spool = open(folder);
    let mut reader = spool.reader("judge").expect("reader");
    let mut all = BTreeMap::new();
    loop {
        let records = reader.read(1_000, Duration::ZERO).expect("reads");
        let Some(last) = records.last().map(|record| record.sequence) else { break };
        for record in records {
            assert!(all.insert(record.sequence, record.payload).is_none(), "a sequence came twice");
        }
        if acknowledge {
            reader.acknowledge(last).expect("acknowledged");
        }
    }
    all
}

#[test]
fn no_kill_loses_or_doubles_what_was_accepted() {
    let kills = std::env::var("FENGSUI_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let folder = tempfile::tempdir().expect("folder");
    drop(open(folder.path()).reader("judge").expect("reader"));
    let (mut random, mut seen, mut total) = (SplitMix(kills), BTreeSet::new(), 0_u64);
    let mut longest = Duration::ZERO;
    for life in 1..=kills {
        let accepted = live(folder.path(), life, Duration::from_millis(5 + random.next_number() % 120));
        let start = Instant::now();
        let found = visible(folder.path(), true);
        longest = longest.max(start.elapsed());
        for (sequence, number) in &accepted {
            let expected = payload(*number);
            assert_eq!(
                found.get(sequence),
                Some(&expected),
                "kill {life}: accepted record {sequence} is lost or changed"
            );
        }
        for bytes in found.values() {
            let number = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
            assert!(number >> 32 == life, "kill {life}: {number:x} was not issued in this life");
            assert_eq!(*bytes, payload(number), "kill {life}: a record changed");
            assert!(seen.insert(number), "kill {life}: {number:x} is visible twice");
        }
        total += accepted.len() as u64;
    }
    assert!(total > kills, "the writers accepted {total} records in {kills} lives: they hardly lived");
    println!("{kills} kills, {total} records accepted, longest recovery {} ms", longest.as_millis());
}
