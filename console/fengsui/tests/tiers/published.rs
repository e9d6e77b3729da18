//! Files that go down with receipts that come up, indicators upward, and what nodes measure of themselves.

use std::time::Duration;

use serde_json::Value;

use super::node::Node;
use super::{until, world};

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect()
}

fn trust(node: &Node, of: &str) -> String {
    let nodes = node.nodes();
    let found = nodes.iter().find(|found| found["id"] == of).expect("is listed");
    found["trust"].as_str().expect("a word").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_down_receipts_come_up_and_changed_nodes_show() {
    let mut world = world().await;
    let base = world.province.folder.clone();
    for (kind, name, content) in [
        ("rules", "baseline.rules", "alert tcp"),
        ("masking_policy", "share.toml", "id"),
        ("bulletin", "b1.md", "注意"),
    ] {
        std::fs::write(base.join(name), content).expect("writes");
        world.province.command(&["publish", "--kind", kind, &base.join(name).display().to_string()]);
    }
    until("every node below has given receipts", Duration::from_secs(60), || {
        rows(&world.province.command(&["receipts"])).len() == 6
    })
    .await;
    let receipts = rows(&world.province.command(&["receipts"]));
    assert!(
        receipts.iter().all(|receipt| receipt["sm3"].as_str().is_some_and(|text| text.len() == 64)),
        "{receipts:?}"
    );
    let fetched = world.county.command(&["fetch", "--kind", "rules", "620000/baseline.rules"]);
    assert_eq!(fetched, "alert tcp");
    assert_ne!(world.county.try_command(&["fetch", "--kind", "rules", "620000/other"]).code, 0);

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
