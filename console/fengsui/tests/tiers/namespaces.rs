//! Three nodes in network namespaces of their own, joined by veth pairs that go down or are slow, with programs that are
//! killed. Needs root, `ip` and `tc`; without them the tests say so and do nothing. `FENGSUI_TIER_MESSAGES` and
//! `FENGSUI_TIER_FAULTS` make the runs long.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::node::Node;
use super::{check, is_probe, join, next, number_of, until};

/// Namespaces that are removed at the end.
struct Networks {
    names: [String; 3],
}

/// Ends of the two pairs: upper at the province and the prefecture, lower at the prefecture and the county.
const UPPER: (&str, &str) = ("up0", "up1");
const LOWER: (&str, &str) = ("low0", "low1");

/// What the slow link carries: a batch of telemetry of 128 KiB takes it a second.
const SLOW: &str = "1mbit";
/// How long an urgent message may take, in milliseconds.
const URGENT_WITHIN: i64 = 2_000;

fn ip(arguments: &[&str]) -> bool {
    let status = Command::new("ip").args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

impl Networks {
    /// `None` where namespaces can't be made; `test` tells those of one test from those of another.
    fn make(test: &str) -> Option<Self> {
        let names =
            ["province", "prefecture", "county"].map(|tier| format!("fengsui-{}-{test}-{tier}", std::process::id()));
        let made = Self { names };
        let [province, prefecture, county] = made.names.each_ref().map(String::as_str);
        let all =
            made.names.iter().all(|name| ip(&["netns", "add", name]) && ip(&["-n", name, "link", "set", "lo", "up"]))
                && Self::pair(province, UPPER.0, "10.77.1.1/24", prefecture, UPPER.1, "10.77.1.2/24")
                && Self::pair(prefecture, LOWER.0, "10.77.2.1/24", county, LOWER.1, "10.77.2.2/24");
        all.then_some(made)
    }

    fn pair(one: &str, end: &str, address: &str, other: &str, far: &str, opposite: &str) -> bool {
        ip(&["-n", one, "link", "add", end, "type", "veth", "peer", "name", far, "netns", other])
            && ip(&["-n", one, "addr", "add", address, "dev", end])
            && ip(&["-n", other, "addr", "add", opposite, "dev", far])
            && ip(&["-n", one, "link", "set", end, "up"])
            && ip(&["-n", other, "link", "set", far, "up"])
    }

    fn set(&self, upper: bool, state: &str) {
        let (name, end) = if upper { (&self.names[0], UPPER.0) } else { (&self.names[1], LOWER.0) };
        assert!(ip(&["-n", name, "link", "set", end, state]), "{end} does not go {state}");
    }

    /// Lets the county send no faster than this (token bucket, tc-tbf(8)); false where the kernel can't.
    fn slow_county(&self, rate: &str) -> bool {
        let tail = format!("dev {} root tbf rate {rate} burst 16kb latency 400ms", LOWER.1);
        let words = ["netns", "exec", &self.names[2], "tc", "qdisc", "add"].into_iter().chain(tail.split(' '));
        ip(&words.collect::<Vec<_>>())
    }
}

impl Drop for Networks {
    fn drop(&mut self) {
        for name in &self.names {
            ip(&["netns", "del", name]);
        }
    }
}

/// The nodes of the namespaces, started and let in: province, prefecture and county.
async fn nodes(base: &std::path::Path, networks: &Networks) -> [Node; 3] {
    let prefixes = networks.names.each_ref().map(|name| ["ip", "netns", "exec", name]);
    let mut province = Node::new(base, "620000", 8460, None, &prefixes[0]);
    let mut prefecture = Node::new(base, "620100", 8460, Some("http://10.77.1.1:8460"), &prefixes[1]);
    let mut county = Node::new(base, "620123", 8460, Some("http://10.77.2.1:8460"), &prefixes[2]);
    province.start().await;
    prefecture.start().await;
    county.start().await;
    join([(&province, &prefecture, "620100"), (&prefecture, &county, "620123")]);
    [province, prefecture, county]
}

/// Lets one thing fail, by a random number; its name.
async fn fault(random: &mut u64, networks: &Networks, [province, prefecture, county]: &mut [Node; 3]) -> &'static str {
    let pause = Duration::from_millis(200 + next(random) % 1_500);
    match next(random) % 5 {
        0 => {
            prefecture.kill();
            tokio::time::sleep(pause).await;
            prefecture.start().await;
            "prefecture killed"
        }
        1 => {
            county.kill();
            county.start().await;
            "county killed"
        }
        2 => {
            province.kill();
            province.start().await;
            "province killed"
        }
        // The wire is dead: packets vanish and nobody is told.
        3 => {
            let upper = next(random).is_multiple_of(2);
            networks.set(upper, "down");
            tokio::time::sleep(pause).await;
            networks.set(upper, "up");
            "wire dead"
        }
        // A bad wire: up and down a few times within a second.
        _ => {
            for _ in 0..4 {
                networks.set(false, "down");
                tokio::time::sleep(Duration::from_millis(60)).await;
                networks.set(false, "up");
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
            "wire up and down"
        }
    }
}

/// How often measuring messages of an origin took effect, and how many of them did.
fn applied(received: &[Value], origin: &str) -> (usize, usize) {
    let mine = received.iter().filter(|message| message["origin"] == origin && is_probe(message));
    let places = mine.map(|message| (message["epoch"].as_i64(), message["oseq"].as_i64()));
    let all: Vec<_> = places.collect();
    (all.len(), all.iter().collect::<BTreeSet<_>>().len())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_between_namespaces_whatever_fails() {
    let Some(networks) = Networks::make("faults") else {
        return eprintln!("skipped: no network namespaces here; run as root, with ip and veth");
    };
    let base = tempfile::tempdir().expect("folder");
    let mut all = nodes(base.path(), &networks).await;
    let (messages, count) = (number_of("FENGSUI_TIER_MESSAGES", 800), number_of("FENGSUI_TIER_FAULTS", 4));
    let share = messages / (count + 1) / 2;
    let mut random = number_of("FENGSUI_TIER_SEED", 3);
    let mut faults: BTreeMap<&str, u64> = BTreeMap::new();
    for round in 0..=count {
        all[2].command(&["probe", "--lane", "P2", "--count", &share.to_string()]);
        all[0].command(&["probe", "--lane", "P2", "--down", "--count", &share.to_string()]);
        if round < count {
            *faults.entry(fault(&mut random, &networks, &mut all).await).or_default() += 1;
        }
    }
    let sent = share * (count + 1);
    until("the links become empty", Duration::from_secs(120 + messages / 50), || {
        all.iter().map(Node::waiting).sum::<i64>() == 0
    })
    .await;
    let [province, prefecture, county] = all.each_ref().map(Node::received);
    // Each message is for two nodes.
    let arrivals = [(&province, "620123"), (&prefecture, "620123"), (&county, "620000"), (&prefecture, "620000")];
    let (effects, distinct) = arrivals
        .iter()
        .map(|(received, origin)| applied(received, origin))
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    println!(
        "accepted {} messages for two nodes each; applied {distinct} of {}; duplicates {}; faults {faults:?}",
        sent * 2,
        sent * 4,
        effects - distinct
    );
    for (received, origin) in arrivals {
        check(received, origin, sent);
    }
}

/// Milliseconds from making each urgent message to its effect; every process here has the same clock.
fn delays(received: &[Value]) -> Vec<i64> {
    let urgent = received.iter().filter(|message| message["kind"] == "probe_urgent");
    let made = |message: &Value| message["obj"].as_str()?.split('/').nth(1)?.parse::<i64>().ok();
    let mut delays: Vec<i64> = urgent
        .map(|message| message["taken_at"].as_i64().expect("time") - made(message).expect("its object says when"))
        .collect();
    delays.sort_unstable();
    delays
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_passes_a_backlog_on_a_slow_link_within_two_seconds() {
    let Some(networks) = Networks::make("slow") else {
        return eprintln!("skipped: no network namespaces here; run as root, with ip and veth");
    };
    let base = tempfile::tempdir().expect("folder");
    let [province, prefecture, county] = nodes(base.path(), &networks).await;
    if !networks.slow_county(SLOW) {
        return eprintln!("skipped: no token bucket (tc-tbf) here");
    }
    let backlog = number_of("FENGSUI_TIER_MESSAGES", 800) * 10;
    networks.set(false, "down");
    county.command(&["probe", "--lane", "P3", "--count", &backlog.to_string()]);
    networks.set(false, "up");
    let bulk = |node: &Node| node.received().iter().filter(|message| message["kind"] == "probe_bulk").count();
    until("the backlog begins to move", Duration::from_secs(60), || bulk(&prefecture) > 0).await;
    let orders = 5;
    for _ in 0..orders {
        county.command(&["probe", "--lane", "P0"]);
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    until("the orders arrive", Duration::from_secs(30), || delays(&province.received()).len() >= orders).await;
    let (behind, below, above) = (bulk(&prefecture), delays(&prefecture.received()), delays(&province.received()));
    let median = |delays: &[i64]| delays[delays.len() / 2];
    println!(
        "{orders} urgent messages past {backlog} of P3 at {SLOW}/s, {behind} of which had arrived: p50 {} ms, at most {} ms to the \
         prefecture; p50 {} ms, at most {} ms to the province",
        median(&below),
        below[orders - 1],
        median(&above),
        above[orders - 1]
    );
    assert_eq!((below.len(), above.len()), (orders, orders), "an order took effect twice");
    assert!((behind as u64) < backlog, "the backlog was gone before the orders: nothing was measured");
    assert!(above[orders - 1] <= URGENT_WITHIN, "an order took {} ms", above[orders - 1]);
}
