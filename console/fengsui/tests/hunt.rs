//! `fengsui hunt` beside a running console that goes on taking records.
#![allow(clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fengsui_harness::{Finished, NodeUnderTest, Pace, Producer, Sent, Series, TOKEN};
use serde_json::Value;

/// Every record of the series that asks for a path whose number ends in 7.
const SIGMA: &str = "title: ends in seven\nid: 7c3f0001-0000-4000-8000-000000000001\nlevel: medium\nlogsource:\n  category: webserver\ndetection:\n  selection:\n    cs-uri-stem|re: '^/\\d*7/'\n  condition: selection\n";

struct Scene {
    node: NodeUnderTest,
    folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let program = Path::new(env!("CARGO_BIN_EXE_fengsui"));
        let mut node = NodeUnderTest::lay_out(program, &folder.path().join("node"), "").expect("laid out");
        node.start().expect("starts");
        node.until_up().await.expect("is up");
        Self { node, folder }
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    }

    fn hunt(&self, arguments: &[&str]) -> Finished {
        let settings = self.node.settings().display().to_string();
        let all: Vec<&str> = ["hunt", "-C", &settings].into_iter().chain(arguments.iter().copied()).collect();
        self.node.command(&all).expect("runs")
    }

    /// Hits as pairs of event and rule, and the report.
    fn lines(finished: &Finished) -> (Vec<(String, String)>, Value) {
        let lines: Vec<Value> = finished.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let hits = lines.iter().filter(|line| line["kind"] == "hit");
        let hits = hits.map(|hit| (text(&hit["event"]), text(&hit["rule"]))).collect();
        (hits, lines.last().expect("has lines").clone())
    }
}

/// Files below a folder with their sizes.
fn files(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("reads").map(|entry| entry.expect("entry")) {
        if entry.file_type().expect("kind").is_dir() {
            all.extend(files(&entry.path()));
        } else {
            all.insert(entry.path(), entry.metadata().expect("size").len());
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hunt_beside_a_running_console_finds_what_is_stored_and_changes_nothing() {
    let scene = Scene::new().await;
    let rule = scene.file("seven.yml", SIGMA);
    let empty = scene.hunt(&["--sigma", &rule]);
    assert_eq!(empty.code, 0, "{}{}", empty.out, empty.err);
    assert!(empty.out.contains("there are no events in this range"), "{}", empty.out);

    let series = Series::new(7, 1_000_000);
    let begin = || {
        let to = (scene.node.ingest_port, TOKEN);
        Producer::start(series, to, Pace::Pause(Duration::from_millis(2)), Sent::default()).expect("begins")
    };
    let producer = begin();
    // While records come and are committed, every hunt is sound, and finds no less than the one before.
    let (mut found, end) = (0, Instant::now() + Duration::from_secs(120));
    while found < 30 {
        assert!(Instant::now() < end, "only {found} hits");
        let finished = scene.hunt(&["--sigma", &rule, "--format", "jsonl"]);
        assert!(finished.code <= 1, "{}", finished.err);
        let (hits, report) = Scene::lines(&finished);
        assert!(hits.len() >= found && report["coverage"]["unread"] == serde_json::json!([]), "{report}");
        assert_eq!(report["coverage"]["events"], report["coverage"]["stored"], "{report}");
        found = hits.len();
    }
    let sent = producer.stop().await.expect("stops");
    let expected = sent.accepted.iter().filter(|number| *number % 10 == 7).count();
    let mut report = Value::Null;
    while report["hits"].as_u64() != Some(expected as u64) {
        assert!(Instant::now() < end, "{expected} records of {} should be hit: {report}", sent.accepted.len());
        let finished = scene.hunt(&["--sigma", &rule, "--format", "jsonl"]);
        assert_eq!(finished.code, 1, "{}", finished.err);
        report = Scene::lines(&finished).1;
    }
    assert_eq!(report["coverage"]["stored"], sent.accepted.len());

    // Nothing is written any more but by a hunt that would.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = files(&scene.node.data().join("events"));
    let indicators = scene.file("iocs.txt", "records.example\n");
    let table = scene.hunt(&["--sigma", &rule, "--indicators", &indicators, "--limit", "3"]);
    assert_eq!(table.code, 1, "{}", table.err);
    let all = sent.accepted.len();
    for told in [
        format!("looked at {all} of {all} events"),
        format!("{all}  indicator:iocs.txt/records.example"),
        format!("… and {} more hits", all + expected - 3),
        format!("{} hits on {all} events", all + expected),
    ] {
        assert!(table.out.contains(&told), "{told}: {}", table.out);
    }
    assert_eq!(files(&scene.node.data().join("events")), before, "a file of the index changed");
    let mut node = scene.node;
    assert_eq!(node.interrupt().expect("stops"), 0, "{}", node.last_words());
}

#[tokio::test]
async fn what_can_not_be_hunted_for_is_told() {
    let scene = Scene::new().await;
    let rule = scene.file("seven.yml", SIGMA);
    let broken = scene.file("broken.yml", &SIGMA.replace("  condition", "   condition"));
    let none = scene.hunt(&[]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("--sigma"), "{}", none.err);
    let wrong = scene.hunt(&["--sigma", &broken]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("broken.yml") && wrong.err.contains("line 9"), "{}", wrong.err);
    // Nothing is found, but not everything was hunted for.
    let part = scene.hunt(&["--sigma", &broken, &rule]);
    assert_eq!(part.code, 2, "{}", part.err);
    assert!(part.out.contains("not hunted for: ") && part.out.contains("line 9"), "{}", part.out);
    let empty = scene.hunt(&["--sigma", &rule, "--from", "2026-02-01", "--to", "2026-02-01"]);
    assert_eq!(empty.code, 2);
    assert!(empty.err.contains("--to"), "{}", empty.err);
    let time = scene.hunt(&["--sigma", &rule, "--from", "yesterday"]);
    assert!(time.code == 2 && time.err.contains("2026-01-31"), "{}", time.err);
    std::fs::write(scene.node.settings(), "[data]\ndirectory = \"nowhere\"\n").expect("written");
    let nowhere = scene.hunt(&["--sigma", &rule]);
    assert_eq!(nowhere.code, 2);
    assert!(nowhere.err.contains("nowhere/events") && nowhere.err.contains("-C"), "{}", nowhere.err);
}
