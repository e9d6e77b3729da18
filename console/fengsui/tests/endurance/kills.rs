//! The program is killed at random moments, in its start as well as at work, while somebody sends records over HTTP.
//!
//! `FENGSUI_PROGRAM_KILLS` makes the run long, `FENGSUI_KILL_SEED` repeats one (its moments, not its scheduling). What
//! was not synced a kill can't show, because the page cache survives it: see `analyzer/relay/tests/power_loss.rs`.

use std::time::{Duration, Instant};

use fengsui_harness::{NodeUnderTest, Pace, Producer, Sent, Series, TOKEN, mixed};

use crate::judge::{judge, until_fresh_arrives};
use crate::{number_of, program};

/// Kills of one run.
const KILLS: u64 = 50;
/// Of so many records one is an alert.
const ALERT_EVERY: u64 = 9;
/// Kills between two looks at everything.
const ROUND: u64 = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_kill_loses_doubles_or_changes_what_was_accepted() {
    let (kills, seed) = (number_of("FENGSUI_PROGRAM_KILLS", KILLS), number_of("FENGSUI_KILL_SEED", 20_261_126));
    let folder = tempfile::tempdir().expect("folder");
    let mut node = NodeUnderTest::lay_out(program(), folder.path(), "").expect("laid out");
    let started = Instant::now();
    node.start().expect("starts");
    node.until_up().await.expect("is up");
    let start = started.elapsed();
    node.set_up().await.expect("is set up");
    let series = Series::new(seed, ALERT_EVERY);
    let (mut sent, mut done) = (Sent::default(), 0);
    while done < kills {
        let producer = Producer::start(series, (node.ingest_port, TOKEN), Pace::Pause(Duration::from_millis(40)), sent)
            .expect("sends");
        for life in done..(done + ROUND).min(kills) {
            // Up to a second and a half past the time a start takes: some lives end before they have listened.
            let most = u64::try_from(start.as_millis()).unwrap_or(u64::MAX) + 1_500;
            tokio::time::sleep(Duration::from_millis(mixed(seed ^ (life << 20)) % most)).await;
            node.kill().expect("is killed");
            node.start().expect("starts");
        }
        done = (done + ROUND).min(kills);
        node.until_up().await.expect("is up after a kill");
        sent = producer.stop().await.expect("has sent");
        let client = node.analyst().await.expect("the analyst's account is there");
        sent = until_fresh_arrives(&node, &client, series, sent).await;
        let verdict = judge(&client, &series, &sent).await;
        assert!(
            verdict.faults.is_empty(),
            "after {done} kills with seed {seed}: {}\n{}",
            verdict.faults.join("\n"),
            node.last_words()
        );
        println!(
            "{done} kills: {} accepted, {} visible, {} alerts",
            sent.accepted.len(),
            verdict.visible,
            verdict.alerts
        );
    }
    assert!(sent.accepted.len() as u64 > kills, "hardly anything was accepted: {}", sent.accepted.len());
    assert_eq!(node.interrupt().expect("stops"), 0, "{}", node.last_words());
    let data = node.data().display().to_string();
    let audit = node.command(&["audit", "verify", "--data", &data]).expect("runs");
    assert_eq!(audit.code, 0, "seed {seed}: {}{}", audit.out, audit.err);
}
