//! Accept rate of the spool on a real disk: `spool_bench FOLDER [THREADS] [RECORDS_PER_CALL] [SECONDS]`.

#![allow(clippy::print_stdout, reason = "a command line program")]

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use fengsui_relay::{Class, FileDisk, Spool, SpoolError, SpoolSettings};

const RECORD_BYTES: usize = 500;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().ok_or("usage: spool_bench FOLDER [THREADS] [RECORDS_PER_CALL] [SECONDS]")?;
    let number = |index: usize, default| arguments.get(index).map_or(Ok(default), |text| text.parse::<usize>());
    let (threads, per_call, seconds) = (number(1, 16)?, number(2, 100)?, number(3, 5)?);
    let disk = Arc::new(FileDisk::open(folder)?);
    let (spool, report) = Spool::open(disk, SpoolSettings { limit_bytes: 1 << 40, ..SpoolSettings::default() })?;
    println!("recovered {} records in {} bytes", report.records, report.bytes);
    let start = Instant::now();
    let until = start + Duration::from_secs(seconds as u64);
    let workers: Vec<_> = (0..threads).map(|_| thread::spawn(worker(spool.clone(), per_call, until))).collect();
    let mut waits = Vec::new();
    for worker in workers {
        waits.extend(worker.join().map_err(|_| "a writer failed")??);
    }
    waits.sort_unstable();
    let accepted = waits.len() * per_call;
    let rate = accepted as f64 / start.elapsed().as_secs_f64();
    let p99 = waits.get(waits.len() * 99 / 100).copied().unwrap_or_default();
    println!("{accepted} records, {rate:.0} records/s, append p99 {p99:?}, {} commits", spool.statistics().commits);
    Ok(())
}

fn worker(spool: Spool, per_call: usize, until: Instant) -> impl FnOnce() -> Result<Vec<Duration>, SpoolError> {
    move || {
        let mut waits = Vec::new();
        while Instant::now() < until {
            let begun = Instant::now();
            spool.append(Class::Protocol, vec![vec![0x61; RECORD_BYTES]; per_call])?;
            waits.push(begun.elapsed());
        }
        Ok(waits)
    }
}
