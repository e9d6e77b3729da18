//! Measures the audit log through the database: how fast entries are on disk, and how fast the chain is checked.
//!
//! `cargo run --release -p fengsui-api --example audit_bench -- [ENTRIES] [WRITERS] [BYTES]`: 200,000 entries by 4,000 acts
//! at once with details of 300 bytes unless told. Every act waits until its entry is committed.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that can't set itself up fails by panicking"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fengsui_api::{Console, ConsoleSettings};
use support::processor_ms;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc; // the program's own

async fn open(folder: &std::path::Path) -> Console {
    let settings = ConsoleSettings {
        database: folder.join("console.db").display().to_string(),
        key_file: folder.join("console.key"),
        ..ConsoleSettings::default()
    };
    support::open(folder, settings).await
}

/// Every writer notes one act after another until there are enough; the times from asking to the answer.
async fn write(console: &Console, entries: usize, writers: usize, detail: &str) -> Vec<Duration> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut working = Vec::new();
    for _ in 0..writers {
        let (console, next, detail) = (console.clone(), Arc::clone(&next), detail.to_owned());
        working.push(tokio::spawn(async move {
            let mut times = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= entries {
                    return times;
                }
                let begun = Instant::now();
                let object = format!("alert/{number:032x}");
                console.note("alert.act.close", &object, false, &detail).await.expect("is written");
                times.push(begun.elapsed());
            }
        }));
    }
    let mut times = Vec::new();
    for one in working {
        times.extend(one.await.expect("works"));
    }
    times
}

#[tokio::main]
async fn main() {
    let arguments: Vec<usize> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let argument = |at: usize, default| arguments.get(at).copied().unwrap_or(default);
    let (entries, writers, bytes) = (argument(0, 200_000), argument(1, 4_000), argument(2, 300));
    let folder = match std::env::var_os("FENGSUI_BENCH_FOLDER") {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let folder = folder.expect("makes a folder");
    let console = open(folder.path()).await;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load {}", load.trim());
    let (begun, used) = (Instant::now(), processor_ms());
    let mut times = write(&console, entries, writers, &"d".repeat(bytes)).await;
    let (seconds, cpu) = (begun.elapsed().as_secs_f64(), (processor_ms() - used) / 1000.0);
    times.sort();
    let at = |share: usize| times[(times.len() * share / 1000).min(times.len() - 1)].as_secs_f64() * 1000.0;
    println!(
        "{entries} entries by {writers} acts at once: {:.0} entries/s, p50 {:.1} ms, p99 {:.1} ms, {:.1} µs of processor each",
        entries as f64 / seconds,
        at(500),
        at(990),
        cpu * 1e6 / entries as f64
    );
    let (begun, used) = (Instant::now(), processor_ms());
    let verdict = console.verify_audit().await.expect("reads");
    assert!(verdict.ok && verdict.checked >= i64::try_from(entries).expect("small"), "{verdict:?}");
    let (seconds, cpu) = (begun.elapsed().as_secs_f64(), (processor_ms() - used) / 1000.0);
    println!(
        "checked: {:.0} entries/s, {:.1} µs of processor each",
        verdict.checked as f64 / seconds,
        cpu * 1e6 / verdict.checked as f64
    );
}
