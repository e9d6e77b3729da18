//! Three real nodes on loopback: county, prefecture and province, with links that are cut and slowed and programs that are
//! killed. `FENGSUI_TIER_MESSAGES` and `FENGSUI_TIER_FAULTS` make the run long.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]
#![allow(missing_docs, unreachable_pub, reason = "nobody links against tests")]

mod carried;
mod namespaces;
mod node;
mod published;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use fengsui_harness::{LinkProxy, free_port};
use node::Node;
use serde_json::Value;

fn number_of(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

struct World {
    _base: tempfile::TempDir,
    province: Node,
    prefecture: Node,
    county: Node,
    upper: LinkProxy,
    lower: LinkProxy,
}

fn local(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Lets every child in.
fn join(pairs: [(&Node, &Node, &str); 2]) {
    for (parent, child, unit) in pairs {
        let code = parent.command(&["code", unit]);
        let fingerprint = child.command(&["enrol", "--code", code.trim()]);
        parent.command(&["approve", unit, "--fingerprint", fingerprint.trim()]);
    }
}

async fn world() -> World {
    let base = tempfile::tempdir().expect("folder");
    let ports = [free_port().expect("port"), free_port().expect("port"), free_port().expect("port")];
    let (upper, lower) =
        (LinkProxy::start(ports[0]).await.expect("proxy"), LinkProxy::start(ports[1]).await.expect("proxy"));
    let mut province = Node::new(base.path(), "620000", ports[0], None, &[]);
    let mut prefecture = Node::new(base.path(), "620100", ports[1], Some(&local(upper.port())), &[]);
    let mut county = Node::new(base.path(), "620123", ports[2], Some(&local(lower.port())), &[]);
    province.start().await;
    prefecture.start().await;
    county.start().await;
    join([(&province, &prefecture, "620100"), (&prefecture, &county, "620123")]);
    World { _base: base, province, prefecture, county, upper, lower }
}

/// Repeatable numbers.
fn next(random: &mut u64) -> u64 {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *random >> 33
}

async fn until(what: &str, within: Duration, mut holds: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < within, "{what}: not within {} s", within.as_secs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    start.elapsed()
}

fn is_probe(message: &Value) -> bool {
    message["kind"].as_str().is_some_and(|kind| kind.starts_with("probe"))
}

/// Every measuring message of `origin` arrived once, in the order it was made within its kind.
fn check(received: &[Value], origin: &str, expected: u64) {
    let mine: Vec<&Value> =
        received.iter().filter(|message| message["origin"] == origin && is_probe(message)).collect();
    let ids: BTreeSet<(i64, i64)> = mine
        .iter()
        .map(|message| (message["epoch"].as_i64().expect("n"), message["oseq"].as_i64().expect("n")))
        .collect();
    assert_eq!(ids.len(), mine.len(), "{origin}: something took effect twice");
    assert_eq!(ids.len() as u64, expected, "{origin}: messages are lost");
    let mut last: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for message in mine {
        let place = (message["epoch"].as_i64().expect("n"), message["oseq"].as_i64().expect("n"));
        let before = last.insert(message["kind"].as_str().expect("kind"), place);
        assert!(before.is_none_or(|before| before < place), "{origin}: {place:?} after {before:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_between_three_tiers_whatever_fails() {
    let (messages, faults) = (number_of("FENGSUI_TIER_MESSAGES", 1_000), number_of("FENGSUI_TIER_FAULTS", 4));
    let mut world = world().await;
    let (mut random, mut up, mut down) = (number_of("FENGSUI_TIER_SEED", 7), 0, 0);
    let share = messages / (faults + 1) / 2;
    for _ in 0..=faults {
        world.county.command(&["probe", "--lane", "P2", "--count", &share.to_string()]);
        world.province.command(&["probe", "--lane", "P2", "--down", "--count", &share.to_string()]);
        (up, down) = (up + share, down + share);
        let pause = Duration::from_millis(200 + next(&mut random) % 1_500);
        match next(&mut random) % 6 {
            0 => {
                world.prefecture.kill();
                tokio::time::sleep(pause).await;
                world.prefecture.start().await;
            }
            1 => {
                world.county.kill();
                world.county.start().await;
            }
            2 => {
                world.province.kill();
                tokio::time::sleep(pause).await;
                world.province.start().await;
            }
            3 => {
                world.upper.set_cut(true);
                tokio::time::sleep(pause).await;
                world.upper.set_cut(false);
            }
            4 => {
                world.lower.set_cut(true);
                world.upper.set_delay(Duration::from_millis(200));
                tokio::time::sleep(pause).await;
                world.lower.set_cut(false);
                world.upper.set_delay(Duration::ZERO);
            }
            _ => world.lower.set_delay(Duration::from_millis(next(&mut random) % 150)),
        }
    }
    world.lower.set_delay(Duration::ZERO);
    let quiet = Duration::from_secs(60 + messages / 50);
    until("the links become empty", quiet, || {
        world.county.waiting() + world.prefecture.waiting() + world.province.waiting() == 0
    })
    .await;
    check(&world.province.received(), "620123", up);
    check(&world.prefecture.received(), "620123", up);
    check(&world.county.received(), "620000", down);
    check(&world.prefecture.received(), "620000", down);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_pass_a_backlog_and_a_revoked_node_is_shut_out() {
    let world = world().await;
    let backlog = number_of("FENGSUI_TIER_MESSAGES", 1_000) * 4;
    world.lower.set_cut(true);
    world.county.command(&["probe", "--lane", "P3", "--count", &backlog.to_string()]);
    world.county.command(&["probe", "--lane", "P0"]);
    world.lower.set_delay(Duration::from_millis(20));
    world.lower.set_cut(false);
    until("the urgent message arrives", Duration::from_secs(60), || {
        world.prefecture.received().iter().any(|message| message["kind"] == "probe_urgent")
    })
    .await;
    let received = world.prefecture.received();
    let place = received.iter().position(|message| message["kind"] == "probe_urgent").expect("arrived");
    assert!((place as u64) < backlog / 2, "the urgent message came after {place} of {backlog}");
    // In the same moment as the first of the backlog, give or take one batch.
    let taken = |message: &Value| message["taken_at"].as_i64().expect("time");
    let waited = taken(&received[place]) - taken(&received[0]);
    assert!(waited <= 2_000, "the urgent message waited {waited} ms behind the backlog");

    world.prefecture.command(&["revoke", "620123", "--reason", "key lost"]);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = world.prefecture.received().len();
    world.county.command(&["probe", "--lane", "P0", "--count", "3"]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.prefecture.received().len(), before, "a revoked node was heard five seconds later");
    let nodes = world.prefecture.nodes();
    let county = nodes.iter().find(|node| node["id"] == "620123").expect("is listed");
    assert!(county["state"] == "revoked" && county["refused"].as_i64().expect("number") > 0, "{county}");
}
