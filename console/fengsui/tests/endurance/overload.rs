//! More records than can be analysed: senders are asked to wait, nothing that was accepted is lost, memory stays bounded,
//! and soon after the storm everything has been caught up with.
//!
//! `FENGSUI_OVERLOAD_SECONDS` makes the storm long.

use std::time::{Duration, Instant};

use fengsui_harness::{NodeUnderTest, Producer, Sent, Series, TOKEN};

use crate::judge::{judge, until_fresh_arrives};
use crate::{number_of, program};

/// Seconds of the storm.
const SECONDS: u64 = 10;
/// Memory the process may have had at most, in bytes.
const MEMORY_BYTES: u64 = 1_536 << 20;
/// A spool that fills up within the storm.
const SMALL_SPOOL: &str = "[spool]\nsegment_bytes = 262144\nlimit_bytes = 2097152\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_is_weathered_without_losing_what_was_accepted() {
    let folder = tempfile::tempdir().expect("folder");
    let mut node = NodeUnderTest::lay_out(program(), folder.path(), SMALL_SPOOL).expect("laid out");
    node.start().expect("starts");
    node.until_up().await.expect("is up");
    let client = node.set_up().await.expect("is set up");
    // Groups so large and so close that the analysis can't keep up: then the spool fills and senders are put off.
    let series = Series::new(13, 50).with_groups_up_to(500);
    let address = (node.ingest_port, TOKEN);
    let storm = Duration::from_secs(number_of("FENGSUI_OVERLOAD_SECONDS", SECONDS));
    let producer = Producer::start(series, address, Duration::ZERO, Sent::default()).expect("sends");
    tokio::time::sleep(storm).await;
    let sent = producer.stop().await.expect("has sent");
    assert!(sent.deferred > 0, "{} records in {storm:?} were no storm", sent.accepted.len());
    let over = Instant::now();
    let sent = until_fresh_arrives(&node, &client, series, sent).await;
    println!("caught up {:.1} s after the storm", over.elapsed().as_secs_f64());
    let verdict = judge(&client, &series, &sent).await;
    assert!(verdict.faults.is_empty(), "{}\n{}", verdict.faults.join("\n"), node.last_words());
    let peak = most_memory(node.process().expect("runs"));
    println!(
        "{} accepted, {} put off {} times, {} alerts, at most {} MiB",
        sent.accepted.len(),
        sent.issued - sent.accepted.len() as u64,
        sent.deferred,
        verdict.alerts,
        peak >> 20
    );
    assert!(peak > 0 && peak <= MEMORY_BYTES, "{peak} bytes");
    assert_eq!(node.interrupt().expect("stops"), 0);
}

/// The most memory a process has had at once, in bytes.
fn most_memory(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).expect("is alive");
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("is told");
    line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).expect("a number") * 1024
}
