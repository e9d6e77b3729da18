//! Files that go down and are put in force or refused, with receipts that come up; indicators upward; and what nodes measure
//! of themselves.

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fengsui_harness::{free_port, run};
use serde_json::{Value, json};

use super::node::Node;
use super::{World, until, world};

/// Whoever makes bundles.
struct Signer {
    folder: PathBuf,
}

impl Signer {
    fn new(folder: PathBuf) -> Self {
        std::fs::create_dir_all(&folder).expect("folder");
        let signer = Self { folder };
        let key = signer.fengsui(&["crypto", "keygen", "--output", "signer.key"]);
        std::fs::write(signer.folder.join("signer.pub"), key).expect("written");
        signer
    }

    fn fengsui(&self, arguments: &[&str]) -> String {
        let done = run(Path::new(env!("CARGO_BIN_EXE_fengsui")), arguments, &self.folder).expect("runs");
        assert_eq!(done.code, 0, "{arguments:?}: {}", done.err);
        done.out
    }

    /// A bundle of one file.
    fn bundle(&self, purpose: &str, number: u32, file: &str, content: &str) -> String {
        let (source, output) = (format!("{purpose}-{number}"), format!("{purpose}-{number}.bundle"));
        let path = self.folder.join(&source).join(file);
        std::fs::create_dir_all(path.parent().expect("has one")).expect("made");
        std::fs::write(path, content).expect("written");
        let number = number.to_string();
        let words = ["bundle", "create", "--key", "signer.key", "--purpose", purpose, "--number", &number];
        self.fengsui(&words.iter().copied().chain(["--output", &output, &source]).collect::<Vec<_>>());
        self.folder.join(output).display().to_string()
    }
}

/// A rule that finds nothing.
fn sigma(title: &str) -> String {
    let id = format!("7b1f2c54-0000-4000-8000-{:012x}", title.len());
    format!(
        "title: {title}\nid: {id}\nstatus: test\nlevel: low\nlogsource:\n  category: webserver\ndetection:\n  sel:\n    c-uri|contains: '/nowhere'\n  condition: sel\n"
    )
}

/// The newest receipt of a node for a file.
fn receipt(province: &Node, node: &str, name: &str) -> Value {
    let all = rows(&province.command(&["receipts"]));
    let found =
        all.into_iter().find(|row| row["node"] == node && row["name"].as_str().is_some_and(|of| of.ends_with(name)));
    found.unwrap_or(Value::Null)
}

/// What the analyzer counts. Rules are exchanged before the next record, so that one is sent.
async fn becomes_number(node: &Node, syslog: u16, metric: &str, number: f64) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("binds");
    until(&format!("{metric} is {number}"), Duration::from_secs(30), || {
        socket.send_to(b"<13>Nov 26 10:00:00 host app: a record", ("127.0.0.1", syslog)).expect("sends");
        node.metric(metric) == number
    })
    .await;
}

async fn becomes(world: &World, node: &str, name: &str, state: &str) -> Value {
    until(&format!("{name} is {state} at {node}"), Duration::from_secs(60), || {
        receipt(&world.province, node, name)["state"] == state
    })
    .await;
    receipt(&world.province, node, name)
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect()
}

fn trust(node: &Node, of: &str) -> String {
    let nodes = node.nodes();
    let found = nodes.iter().find(|found| found["id"] == of).expect("is listed");
    found["trust"].as_str().expect("a word").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_down_and_what_became_of_them_comes_up() {
    let mut world = world().await;
    let signer = Signer::new(world.province.folder.join("signer"));
    let stranger = Signer::new(world.province.folder.join("stranger"));
    let syslog = free_port().expect("port");
    let trusted = format!(
        "[rules]\nsigners = [\"{}\"]\n[analyzer.receivers]\nsyslog_udp = [\"127.0.0.1:{syslog}\"]\n",
        signer.folder.join("signer.pub").display()
    );
    world.county.kill();
    world.county.analyzer = true;
    world.county.add_setting(&trusted);
    world.county.start().await;
    let publish = |kind: &str, name: &str, file: &str| {
        world.province.command(&["publish", "--kind", kind, "--name", name, file]);
    };

    // Rules: in force while the node runs; an older bundle, a stranger's and one that was altered are refused.
    let before = world.county.metric("fengsui_pipeline_sigma_rules");
    publish("rules", "base", &signer.bundle("rules", 4, "sigma/a.yml", &sigma("published")));
    let done = becomes(&world, "620123", "base", "in_force").await;
    assert!(done["version"] == 4 && done["sm3"].as_str().is_some_and(|text| text.len() == 64), "{done}");
    becomes_number(&world.county, syslog, "fengsui_pipeline_sigma_rules", before + 1.0).await;
    let none = becomes(&world, "620100", "base", "refused").await;
    assert!(none["reason"].as_str().expect("has one").contains("rules.signers"), "{none}");
    for (name, file, reason) in [
        ("older", signer.bundle("rules", 3, "sigma/a.yml", &sigma("older")), "not above version 4"),
        ("strange", stranger.bundle("rules", 9, "sigma/a.yml", &sigma("strange")), "not trusted"),
        ("swapped", signer.bundle("masking", 9, "policies/a.toml", "id = \"a\""), "signature does not fit"),
    ] {
        publish("rules", name, &file);
        let done = becomes(&world, "620123", name, "refused").await;
        assert!(done["reason"].as_str().expect("has one").contains(reason), "{done}");
    }
    let mut altered = std::fs::read(signer.folder.join("rules-4.bundle")).expect("reads");
    *altered.last_mut().expect("has bytes") ^= 1;
    let path = signer.folder.join("altered.bundle");
    std::fs::write(&path, altered).expect("writes");
    publish("rules", "altered", &path.display().to_string());
    becomes(&world, "620123", "altered", "refused").await;
    assert_eq!(world.county.metric("fengsui_pipeline_sigma_rules"), before + 1.0, "a refused bundle changed something");

    // Indicators for those below, and a bulletin.
    let found = world.county.metric("fengsui_pipeline_indicators");
    let list = signer.folder.join("iocs.csv");
    std::fs::write(
        &list,
        "type,value,severity,expires,description,description_zh,reference\ndomain,evil.example,high,,test,,\n",
    )
    .expect("writes");
    world.province.command(&["publish", "--kind", "indicator", "--down", &list.display().to_string()]);
    becomes(&world, "620123", "iocs.csv", "in_force").await;
    becomes_number(&world.county, syslog, "fengsui_pipeline_indicators", found + 1.0).await;
    let bulletin = signer.folder.join("b1.md");
    std::fs::write(&bulletin, "注意").expect("writes");
    publish("bulletin", "b1.md", &bulletin.display().to_string());
    becomes(&world, "620123", "b1.md", "in_force").await;
    assert_eq!(world.county.command(&["fetch", "--kind", "bulletin", "620000/b1.md"]), "注意");
    assert_ne!(world.county.try_command(&["fetch", "--kind", "rules", "620000/other"]).code, 0);

    // It holds over a restart.
    world.county.kill();
    world.county.start().await;
    becomes_number(&world.county, syslog, "fengsui_pipeline_sigma_rules", before + 1.0).await;
    becomes_number(&world.county, syslog, "fengsui_pipeline_indicators", found + 1.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_masking_policy_from_above_waits_for_a_person() {
    let mut world = world().await;
    let signer = Signer::new(world.province.folder.join("signer"));
    world.county.kill();
    world.county.add_setting(&format!("[rules]\nsigners = [\"{}\"]\n", signer.folder.join("signer.pub").display()));
    world.county.start().await;
    let policy = include_str!("../../../../rules/masking/share-standard.toml");
    let secadmin = world.county.security_administrator().await;
    for (number, approve, state) in [(1, true, "in_force"), (2, false, "refused")] {
        let name = format!("masking-{number}");
        let file = signer.bundle(
            "masking",
            number,
            "policies/share.toml",
            &policy.replace("share-standard", &format!("from-above-{number}")),
        );
        world.province.command(&["publish", "--kind", "masking_policy", "--name", &name, &file]);
        let waits = becomes(&world, "620123", &name, "waiting").await;
        assert_eq!(waits["version"], number);
        let listed = secadmin.get("/masking/policies").await.expect("lists");
        let offered = listed["items"]
            .as_array()
            .expect("items")
            .iter()
            .find(|one| one["state"] == "submitted")
            .expect("is offered")
            .clone();
        assert!(offered["author"] == "620000" && offered["may_decide"] == true, "{offered}");
        let id = offered["id"].as_str().expect("id");
        let decision = json!({"approve": approve, "reason": "looked at"});
        secadmin.post(&format!("/masking/policies/{id}/decide"), &decision).await.expect("decides");
        let done = becomes(&world, "620123", &name, state).await;
        assert_eq!(done["reason"], "looked at");
    }
    let text = signer.bundle("masking", 3, "policies/share.toml", "this is no policy");
    world.province.command(&["publish", "--kind", "masking_policy", "--name", "masking-3", &text]);
    becomes(&world, "620123", "masking-3", "refused").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn indicators_go_up_and_changed_nodes_show() {
    let mut world = world().await;
    std::fs::write(world.county.folder.join("iocs.csv"), "type,value\n").expect("writes");
    let path = world.county.folder.join("iocs.csv").display().to_string();
    world.county.command(&["publish", "--kind", "indicator", &path]);
    until("indicators arrive at the top", Duration::from_secs(60), || {
        world.province.try_command(&["fetch", "--kind", "indicator", "620123/iocs.csv"]).code == 0
    })
    .await;

    // Measurements: unknown until a person says so, changed when the settings are others.
    until("the county has measured itself", Duration::from_secs(120), || {
        world.prefecture.try_command(&["trust", "620123"]).code == 0
    })
    .await;
    assert_eq!(trust(&world.prefecture, "620123"), "trusted");
    world.county.kill();
    world.county.add_setting("[log]\nfilter = \"warn\"\n");
    world.county.start().await;
    until("the county shows as changed", Duration::from_secs(120), || trust(&world.prefecture, "620123") == "changed")
        .await;
}
