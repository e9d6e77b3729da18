//! The drill: a backup while records come in, more records, the loss of everything, and what is there after the restore.

use std::time::Duration;

use fengsui_harness::{NodeUnderTest, Pace, Producer, Sent, Series, TOKEN};

use crate::judge::{judge, until_fresh_arrives};
use crate::program;

/// Makes a backup while the node runs.
fn back_up(node: &NodeUnderTest, output: &std::path::Path) {
    let (data, output) = (node.data().display().to_string(), output.display().to_string());
    let done = node.command(&["backup", "--data", &data, "--output", &output]).expect("runs");
    assert_eq!(done.code, 0, "{}", done.err);
}

/// Loses the data folder and puts a backup in its place.
fn lose_and_restore(node: &mut NodeUnderTest, input: &std::path::Path) {
    node.kill().expect("is killed");
    std::fs::remove_dir_all(node.data()).expect("is lost");
    let (data, input) = (node.data().display().to_string(), input.display().to_string());
    let settings = node.settings().display().to_string();
    let arguments = ["restore", "--input", &input, "--data", &data, "-C", &settings];
    let done = node.command(&arguments).expect("runs");
    assert_eq!(done.code, 0, "{}", done.err);
    let audit = node.command(&["audit", "verify", "--data", &data]).expect("runs");
    assert_eq!(audit.code, 0, "the audit chain does not hold across the restore: {}{}", audit.out, audit.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_before_a_backup_is_there_after_the_loss_of_everything() {
    let folder = tempfile::tempdir().expect("folder");
    let mut node = NodeUnderTest::lay_out(program(), folder.path(), "").expect("laid out");
    node.start().expect("starts");
    node.until_up().await.expect("is up");
    let client = node.set_up().await.expect("is set up");
    let series = Series::new(11, 9);
    let address = (node.ingest_port, TOKEN);
    let pause = Pace::Pause(Duration::from_millis(20));
    let mut sent = Sent::default();
    let backups = [folder.path().join("backup-1"), folder.path().join("backup-2")];
    let mut before = Vec::new();
    for backup in &backups {
        let producer = Producer::start(series, address, pause, sent).expect("sends");
        tokio::time::sleep(Duration::from_secs(1)).await;
        // Everything accepted until here has to be in the backup; what comes meanwhile may be.
        let until_here = producer.stop().await.expect("has sent");
        before.push(until_here.clone());
        let producer = Producer::start(series, address, pause, until_here).expect("sends");
        back_up(&node, backup);
        tokio::time::sleep(Duration::from_millis(300)).await;
        sent = producer.stop().await.expect("has sent");
    }
    drop(client);

    for (backup, before) in [(&backups[1], &before[1]), (&backups[0], &before[0])] {
        lose_and_restore(&mut node, backup);
        node.start().expect("starts");
        node.until_up().await.expect("is up after the restore");
        let client = node.analyst().await.expect("the analyst's account is there");
        let fresh = Sent { issued: sent.issued, accepted: before.accepted.clone(), ..Sent::default() };
        sent = until_fresh_arrives(&node, &client, series, fresh).await;
        let verdict = judge(&client, &series, &sent).await;
        assert!(verdict.faults.is_empty(), "{}\n{}", verdict.faults.join("\n"), node.last_words());
        println!("{} accepted before the backup, {} visible", before.accepted.len(), verdict.visible);
        let auditor = node.person("aud").await.expect("logs in");
        let entries = auditor.get("/audit?action=backup.restore").await.expect("entries");
        let detail = entries["items"][0]["detail"].as_str().expect("the restore is in the audit log");
        assert!(detail.contains("made at"), "{detail}");
    }
    assert_eq!(node.interrupt().expect("stops"), 0);
}
