//! Twice as many records as can be analysed: senders are asked to wait, nothing that was accepted is lost, memory stays
//! bounded, and soon after the storm everything has been caught up with. What can be analysed is measured first.
//!
//! `FENGSUI_OVERLOAD_SECONDS` makes the storm long.

use std::time::{Duration, Instant};

use fengsui_harness::{NodeUnderTest, Pace, Producer, Sent, Series, TOKEN};

use crate::judge::{judge, until_fresh_arrives};
use crate::{number_of, program};

/// Seconds of the storm; `make long` has ten minutes.
const SECONDS: u64 = 60;
/// How many times the sustainable rate is offered.
const TIMES: u64 = 2;
/// Memory the process may have had at most, in bytes.
const MEMORY_BYTES: u64 = 1_536 << 20;
/// Everything has been caught up with so long after the storm.
const CALM_WITHIN: Duration = Duration::from_secs(60);
/// A spool that fills up within the storm.
const SMALL_SPOOL: &str = "[spool]\nsegment_bytes = 262144\nlimit_bytes = 2097152\n";
/// How long a polite sender waits when it was put off.
const POLITE: Duration = Duration::from_millis(5);
/// How long rates are measured for.
const WINDOW: Duration = Duration::from_secs(2);

/// What came of sending for some seconds.
#[derive(Debug, Clone, Copy, Default)]
struct Slice {
    /// Records a second that were sent.
    offered: u64,
    /// Those of them that were accepted.
    taken: u64,
}

/// Sends for some time, and says what has been sent then.
async fn send(node: &NodeUnderTest, series: Series, pace: Pace, sent: &mut Sent) -> Slice {
    let (issued, accepted, start) = (sent.issued, sent.accepted.len(), Instant::now());
    let address = (node.ingest_port, TOKEN);
    let producer = Producer::start(series, address, pace, std::mem::take(sent)).expect("sends");
    tokio::time::sleep(WINDOW).await;
    *sent = producer.stop().await.expect("has sent");
    let per_second = |count: u64| (count as f64 / start.elapsed().as_secs_f64()) as u64;
    Slice { offered: per_second(sent.issued - issued), taken: per_second((sent.accepted.len() - accepted) as u64) }
}

/// Records a second that are taken from somebody who has more and waits when put off: with a full spool, as many as are
/// analysed. Measured until it does not grow any more.
async fn sustainable(node: &NodeUnderTest, series: Series, sent: &mut Sent) -> u64 {
    let end = Instant::now() + Duration::from_secs(60);
    while sent.deferred == 0 {
        assert!(Instant::now() < end, "the spool does not fill: this sender is no faster than the node");
        send(node, series, Pace::Taken(POLITE), sent).await;
    }
    let mut best = 0;
    loop {
        let taken = send(node, series, Pace::Taken(POLITE), sent).await.taken;
        if taken <= best + best / 10 {
            return best.max(taken);
        }
        best = taken;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_is_weathered_without_losing_what_was_accepted() {
    let folder = tempfile::tempdir().expect("folder");
    let mut node = NodeUnderTest::lay_out(program(), folder.path(), SMALL_SPOOL).expect("laid out");
    node.start().expect("starts");
    node.until_up().await.expect("is up");
    let client = node.set_up().await.expect("is set up");
    let series = Series::new(13, 50).with_groups_up_to(1_000);
    let storm = Duration::from_secs(number_of("FENGSUI_OVERLOAD_SECONDS", SECONDS));
    let mut sent = Sent::default();
    let mut best = sustainable(&node, series, &mut sent).await;
    println!("sustainable: {best} records/s");

    let (before, start, mut slices) = (sent.deferred, Instant::now(), Vec::new());
    while WINDOW * u32::try_from(slices.len()).expect("few") < storm {
        let slice = send(&node, series, Pace::PerSecond(best * TIMES), &mut sent).await;
        if slice.taken > best {
            // The machine has become less busy than it was: twice as much is more, and this was less.
            assert!(start.elapsed() < storm * 3 + Duration::from_secs(60), "what is taken grows and grows: {slice:?}");
            best = slice.taken;
        } else {
            slices.push(slice);
        }
    }
    let (seconds, over) = (start.elapsed().as_secs(), Instant::now());
    let mean = |of: fn(&Slice) -> u64| slices.iter().map(of).sum::<u64>() / slices.len() as u64;
    let (offered, taken) = (mean(|slice| slice.offered), mean(|slice| slice.taken));
    println!(
        "offered {offered}/s for {seconds} s, accepted {taken}/s; put off {} times; sustainable at best {best}/s",
        sent.deferred - before
    );
    assert!(offered >= taken * TIMES * 9 / 10, "this sender can't offer {TIMES} times what is taken: {slices:?}");
    assert!(offered <= best * TIMES * 11 / 10, "{offered}/s is more than {TIMES} times the sustainable {best}/s");
    assert!(sent.deferred > before, "{slices:?} was no storm");
    let sent = until_fresh_arrives(&node, &client, series, sent).await;
    let calm = over.elapsed();
    println!("caught up {:.1} s after the storm", calm.as_secs_f64());
    assert!(calm <= CALM_WITHIN, "{calm:?}");
    let verdict = judge(&client, &series, &sent).await;
    assert!(verdict.faults.is_empty(), "{}\n{}", verdict.faults.join("\n"), node.last_words());
    let peak = most_memory(node.process().expect("runs"));
    println!("{} accepted, {} alerts, none lost; at most {} MiB", sent.accepted.len(), verdict.alerts, peak >> 20);
    assert!(peak > 0 && peak <= MEMORY_BYTES, "{peak} bytes");
    assert_eq!(node.interrupt().expect("stops"), 0);
}

/// The most memory a process has had at once, in bytes.
fn most_memory(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).expect("is alive");
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("is told");
    line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).expect("a number") * 1024
}
