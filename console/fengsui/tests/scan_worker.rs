//! Files are scanned by a process of its own: what a hostile rule or a kill can do to it, and what it can't do.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]
#![allow(missing_docs, reason = "nobody links against tests")]

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use fengsui_dlp_engine::ContentHint;
use fengsui_files::limits::SCAN_MEMORY_BYTES;
use fengsui_files::{
    ContentOutcome, ContentRules, FileReport, FileTask, FilesError, LiveScanRules, ScanClient, ScanOutcome, ScanRules,
    Scanner, Unscanned,
};

#[path = "hostile/rules.rs"]
mod hostile;

const MARKER: &str = r#"rule marker { strings: $a = "needle" condition: $a }"#;

fn keeper(more: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fengsui"));
    command.arg("scan-worker").args(more);
    command
}

fn client(name: &str, rule: &str, more: &[&str]) -> Result<ScanClient, FilesError> {
    let more: Vec<String> = more.iter().map(|&word| word.to_owned()).collect();
    let yara = vec![(name.to_owned(), rule.to_owned())];
    let rules = LiveScanRules::new(ScanRules { yara, content: Some(ContentRules::default()) })?;
    ScanClient::start(move || keeper(&more), &rules, 0)
}

/// What came of a file about which everything is asked.
fn report(client: &mut ScanClient, file: &[u8]) -> FileReport {
    let task = FileTask { bytes: Arc::new(file.to_vec()), yara: true, content: Some(ContentHint::default()) };
    client.scan(&[task]).pop().expect("a report")
}

fn scan(client: &mut ScanClient, file: &[u8]) -> ScanOutcome {
    let task = FileTask { bytes: Arc::new(file.to_vec()), yara: true, content: None };
    client.scan(&[task]).pop().and_then(|report| report.yara).expect("YARA was asked")
}

/// Processes by the process that started them.
fn children() -> BTreeMap<u32, Vec<u32>> {
    let mut found: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").expect("is there").flatten() {
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // The name stands in brackets and may hold anything; after it come the state and the parent.
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        found.entry(parent.unwrap_or(0)).or_default().push(number);
    }
    found
}

/// The keepers that this test started, and their workers.
fn processes() -> (Vec<u32>, Vec<u32>) {
    let children = children();
    let of = |parent: &u32| children.get(parent).cloned().unwrap_or_default();
    let keepers = of(&std::process::id());
    let workers = keepers.iter().flat_map(of).collect();
    (keepers, workers)
}

fn status(process: u32, name: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).expect("is alive");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).expect("has the line");
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The most memory a process has had at once, in bytes; 0 when it is gone.
fn most_memory(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

#[test]
fn a_worker_finds_what_is_there_and_has_no_privileges() {
    let mut client = client("marker.yar", MARKER, &[]).expect("starts");
    assert_eq!(client.yara_rules(), 1);
    assert_eq!(scan(&mut client, b"a needle").matches()[0].rule, "marker");
    assert_eq!(scan(&mut client, b"hay"), ScanOutcome::Complete(Vec::new()));
    let (keepers, workers) = processes();
    assert_eq!((keepers.len(), workers.len()), (1, 1));
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", workers[0])).expect("is alive");
    for (name, limit) in [("Max data size", SCAN_MEMORY_BYTES), ("Max file size", 0), ("Max open files", 8)] {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).expect("is told");
        assert_eq!(line.split_whitespace().next(), Some(limit.to_string().as_str()), "{name}");
    }
    for process in keepers.into_iter().chain(workers) {
        for (name, expected) in
            [("CapEff", "0000000000000000"), ("CapPrm", "0000000000000000"), ("NoNewPrivs", "1"), ("Seccomp", "2")]
        {
            assert_eq!(status(process, name), expected, "{name} of {process}");
        }
        let users = status(process, "Uid");
        assert!(users.split(' ').all(|user| user != "0"), "{process} is root: {users}");
    }
}

#[test]
fn hostile_rules_are_refused_or_stopped() {
    let rules = hostile::rules();
    assert!(rules.len() >= 50, "only {} rules", rules.len());
    let (mut ends, mut peak): (BTreeMap<&str, Vec<String>>, u64) = (BTreeMap::new(), 0);
    for (name, rule) in &rules {
        let before = processor_time();
        let end = match client(name, rule, &["--load-seconds", "2"]) {
            Err(FilesError::Refused(_)) => "refused",
            Err(error) => panic!("{name}: {error}"),
            Ok(mut client) => {
                let outcome = scan(&mut client, &hostile::file());
                peak = peak.max(processes().1.into_iter().map(most_memory).max().unwrap_or(0));
                match outcome {
                    ScanOutcome::Unscanned(Unscanned::TimedOut) => "timed out",
                    ScanOutcome::Unscanned(_) => "stopped",
                    ScanOutcome::Complete(_) | ScanOutcome::Partial(_) => "harmless",
                }
            }
        };
        ends.entry(end).or_default().push(format!("{name} {:.1} s", processor_time() - before));
    }
    println!("{ends:#?}");
    println!("the largest worker that lived on had {} MiB", peak >> 20);
    assert!(peak <= SCAN_MEMORY_BYTES, "{peak} bytes");
    assert!(ends.contains_key("refused") && ends.len() > 1, "the rules are of one kind: {ends:?}");
}

/// Seconds of processor time of all processes of this test that have ended: hundredths in `proc(5)`'s `stat`.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("is there");
    let fields: Vec<f64> = stat
        .rsplit_once(')')
        .expect("has a name")
        .1
        .split_whitespace()
        .map(|field| field.parse().unwrap_or(0.0))
        .collect();
    (fields[13] + fields[14]) / 100.0
}

#[test]
fn a_worker_that_is_killed_again_and_again_answers_for_every_file() {
    const KILLS: u64 = 40;
    let mut client = client("marker.yar", MARKER, &[]).expect("starts");
    let (killed, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let killer = std::thread::spawn({
        let (killed, done) = (Arc::clone(&killed), Arc::clone(&done));
        move || {
            let mut random = 7_u64;
            while !done.load(Ordering::Relaxed) {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // Often enough to come in between, and seldom enough for a worker to load its rules now and then.
                std::thread::sleep(Duration::from_millis(random >> 55));
                for worker in processes().1 {
                    let status = Command::new("kill").args(["-9", &worker.to_string()]).status().expect("kills");
                    killed.fetch_add(u64::from(status.success()), Ordering::Relaxed);
                }
            }
        }
    });
    let (mut found, mut told) = (0_u64, 0_u64);
    let file = [vec![b'x'; 1 << 20], b" needle, telephone 13800138000".to_vec()].concat();
    while killed.load(Ordering::Relaxed) < KILLS {
        let FileReport { yara, content } = report(&mut client, &file);
        let lost = |reason: &Unscanned| matches!(reason, Unscanned::Killed | Unscanned::Crashed);
        match (yara.expect("was asked"), content.expect("was asked")) {
            (ScanOutcome::Complete(matches), ContentOutcome::Read(content)) => {
                assert_eq!(matches.len(), 1, "a file was scanned and its content not seen");
                assert!(content.classification.is_some(), "a file was read and its content not seen");
                found += 1;
            }
            (yara, content) if yara.unscanned().or(content.unfinished()).is_some_and(lost) => told += 1,
            other => panic!("{other:?}"),
        }
    }
    done.store(true, Ordering::Relaxed);
    killer.join().expect("ends");
    assert_eq!(scan(&mut client, &file).matches().len(), 1, "after the last kill it scans again");
    assert!(found > 0, "no file was scanned between {} kills", killed.load(Ordering::Relaxed));
    println!("{} kills: {found} files scanned, {told} told as unscanned", killed.load(Ordering::Relaxed));
}
