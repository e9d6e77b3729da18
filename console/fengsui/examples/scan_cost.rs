//! What it costs to have documents classified by a scan worker: the same documents through the same threads, looked at in
//! this process and by a confined worker of the program beside this example, by turns in the same run.
//!
//! `cargo run --release -p fengsui --example scan_cost [-- MIB ROUNDS]` after `cargo build --release -p fengsui`.

#![allow(clippy::print_stdout, reason = "it is what an example is for")]

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use fengsui_dlp_engine::{ContentHint, Engine};
use fengsui_files::{
    BuildClassifier, Classifier, ContentOutcome, ContentRules, FilePool, FileTask, LiveScanRules, ScanClient,
    ScanRules, Scanner, scanners_in_process,
};

/// As the program has it: what is compared is the way, not the allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Sizes of the documents, in KiB.
const SIZES: &[usize] = &[64, 256, 1_024, 4_096];
/// What a worker may cost more, in percent.
const GOAL_PERCENT: f64 = 15.0;

fn main() -> anyhow::Result<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let (mib, rounds) = (numbers.next().transpose()?.unwrap_or(32), numbers.next().transpose()?.unwrap_or(7));
    ensure!(mib > 0 && rounds > 0, "MIB and ROUNDS are at least 1");
    let rules = LiveScanRules::new(ScanRules { yara: Vec::new(), content: Some(ContentRules::default()) })?;
    let mut here = FilePool::start(scanners_in_process(&rules, 1, classifier())?)?;
    let mut there = FilePool::start(vec![Box::new(ScanClient::start(keeper()?, &rules, 0)?) as Box<dyn Scanner>])?;
    println!("{mib} MiB of documents of each size, {rounds} rounds; median seconds, and what the worker costs more");
    for size in SIZES {
        let documents = documents(size << 10, mib << 20);
        let (mut own, mut worker) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            own.push(time(&mut here, &documents)?);
            worker.push(time(&mut there, &documents)?);
        }
        let (own, worker) = (median(own), median(worker));
        let more = (worker.as_secs_f64() / own.as_secs_f64() - 1.0) * 100.0;
        let verdict = if more <= GOAL_PERCENT { "" } else { "  over the goal" };
        println!(
            "{size:>5} KiB: in process {:.3} s ({:.1} MiB/s), worker {:.3} s, {more:+.1} % (goal {GOAL_PERCENT} %){verdict}",
            own.as_secs_f64(),
            mib as f64 / own.as_secs_f64(),
            worker.as_secs_f64(),
        );
    }
    Ok(())
}

fn classifier() -> Arc<BuildClassifier> {
    Arc::new(|rules: &ContentRules| {
        let engine = Engine::new(rules.settings.clone(), &rules.rules).map_err(|error| error.to_string())?;
        let classify: Classifier = Box::new(move |bytes, hint| fengsui_dlp_gateway::classify(&engine, bytes, hint));
        Ok(classify)
    })
}

/// Starts keepers of the program that stands beside this example.
fn keeper() -> anyhow::Result<impl FnMut() -> Command + Send + 'static> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(|folder| folder.parent()).context("an example lies in a folder of its own")?;
    let program: PathBuf = folder.join("fengsui");
    ensure!(program.is_file(), "{} is not there; build it first: cargo build --release -p fengsui", program.display());
    Ok(move || {
        let mut command = Command::new(&program);
        command.arg("scan-worker");
        command
    })
}

/// Documents of one size, so many bytes in all: rows with and without what is looked for.
fn documents(size: usize, all: usize) -> Vec<Arc<Vec<u8>>> {
    let document = |number: usize| {
        let mut text = Vec::with_capacity(size + 256);
        let mut row = number * 100_000;
        while text.len() < size {
            let line = format!(
                "{row},城关区第{}季度困难群众救助台账,2026-{:02}-{:02},{}.{:02},王建国,1{}{:09},正常\n",
                row % 4 + 1,
                row % 12 + 1,
                row % 28 + 1,
                row % 9_973,
                row % 100,
                3 + row % 6,
                row * 7_919 % 1_000_000_000
            );
            text.extend_from_slice(line.as_bytes());
            row += 1;
        }
        text.truncate(size);
        Arc::new(text)
    };
    (0..all.div_ceil(size)).map(document).collect()
}

/// Has all of them looked at, as many at once as the queue takes.
fn time(pool: &mut FilePool, documents: &[Arc<Vec<u8>>]) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let task = |bytes: &Arc<Vec<u8>>| FileTask {
        bytes: Arc::clone(bytes),
        yara: false,
        content: Some(ContentHint { name: Some("台账.csv".to_owned()), ..ContentHint::default() }),
    };
    let tickets: Vec<_> = documents.iter().map(|bytes| pool.submit(task(bytes))).collect();
    for ticket in tickets {
        let report = ticket.and_then(|ticket| ticket.wait()).context("a document was not answered")?;
        let found = matches!(&report.content, Some(ContentOutcome::Read(read)) if read.classification.is_some());
        ensure!(found, "what a document holds was not found: {report:?}");
    }
    Ok(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
