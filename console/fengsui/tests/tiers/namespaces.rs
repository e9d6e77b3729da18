//! Three nodes in network namespaces of their own, joined by veth pairs that go down, with programs that are killed. Needs
//! root and `ip`; without them the test says so and does nothing. `FENGSUI_TIER_MESSAGES` and `FENGSUI_TIER_FAULTS` make
//! the run long.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::node::Node;
use super::{check, join, next, number_of, until};

/// Namespaces that are removed at the end.
struct Networks {
    names: [String; 3],
}

/// Ends of the two pairs: upper at the province and the prefecture, lower at the prefecture and the county.
const UPPER: (&str, &str) = ("up0", "up1");
const LOWER: (&str, &str) = ("low0", "low1");

fn ip(arguments: &[&str]) -> bool {
    let status = Command::new("ip").args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

impl Networks {
    /// `None` where namespaces can't be made.
    fn make() -> Option<Self> {
        let names = ["province", "prefecture", "county"].map(|tier| format!("fengsui-{}-{tier}", std::process::id()));
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
}

impl Drop for Networks {
    fn drop(&mut self) {
        for name in &self.names {
            ip(&["netns", "del", name]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_between_namespaces_whatever_fails() {
    let Some(networks) = Networks::make() else {
        return eprintln!("skipped: no network namespaces here; run as root, with ip and veth");
    };
    let base = tempfile::tempdir().expect("folder");
    let prefixes = networks.names.each_ref().map(|name| ["ip", "netns", "exec", name]);
    let mut province = Node::new(base.path(), "620000", 8460, None, &prefixes[0]);
    let mut prefecture = Node::new(base.path(), "620100", 8460, Some("http://10.77.1.1:8460"), &prefixes[1]);
    let mut county = Node::new(base.path(), "620123", 8460, Some("http://10.77.2.1:8460"), &prefixes[2]);
    province.start().await;
    prefecture.start().await;
    county.start().await;
    join([(&province, &prefecture, "620100"), (&prefecture, &county, "620123")]);

    let (messages, faults) = (number_of("FENGSUI_TIER_MESSAGES", 800), number_of("FENGSUI_TIER_FAULTS", 4));
    let share = messages / (faults + 1) / 2;
    let mut random = number_of("FENGSUI_TIER_SEED", 3);
    for _ in 0..=faults {
        county.command(&["probe", "--lane", "P2", "--count", &share.to_string()]);
        province.command(&["probe", "--lane", "P2", "--down", "--count", &share.to_string()]);
        let pause = Duration::from_millis(200 + next(&mut random) % 1_500);
        match next(&mut random) % 5 {
            0 => {
                prefecture.kill();
                tokio::time::sleep(pause).await;
                prefecture.start().await;
            }
            1 => {
                county.kill();
                county.start().await;
            }
            2 => {
                province.kill();
                province.start().await;
            }
            // The wire is dead: packets vanish and nobody is told.
            3 => {
                let upper = next(&mut random).is_multiple_of(2);
                networks.set(upper, "down");
                tokio::time::sleep(pause).await;
                networks.set(upper, "up");
            }
            // A bad wire: up and down a few times within a second.
            _ => {
                for _ in 0..4 {
                    networks.set(false, "down");
                    tokio::time::sleep(Duration::from_millis(60)).await;
                    networks.set(false, "up");
                    tokio::time::sleep(Duration::from_millis(150)).await;
                }
            }
        }
    }
    let sent = share * (faults + 1);
    until("the links become empty", Duration::from_secs(120 + messages / 50), || {
        county.waiting() + prefecture.waiting() + province.waiting() == 0
    })
    .await;
    check(&province.received(), "620123", sent);
    check(&prefecture.received(), "620123", sent);
    check(&county.received(), "620000", sent);
    check(&prefecture.received(), "620000", sent);
}
