//! Made-up networks with one attack each: it comes first in a short list, nearly whole, whatever the network is like.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the numbers of the generator are small")]
#![allow(dead_code, reason = "the generator has more to say than a test asks")]

#[path = "../examples/triage/attack.rs"]
mod attack;
#[path = "../examples/triage/network.rs"]
mod network;
#[path = "../examples/triage/noise.rs"]
mod noise;
#[path = "../examples/triage/score.rs"]
mod score;

use fengsui_pipeline::CorrelationSettings;
use network::Network;
use score::Score;

#[test]
fn the_attack_comes_first_in_a_short_list() {
    let folder = tempfile::tempdir().expect("folder");
    let scores: Vec<Score> = (1..13)
        .map(|seed| {
            let network = Network::generate(seed, 0.1);
            score::score(&network, folder.path(), &CorrelationSettings::default()).expect("is analysed")
        })
        .collect();
    let (stages, touched) =
        scores.iter().fold((0, 0), |(stages, touched), score| (stages + score.stages, touched + score.touched));
    let first = scores.iter().filter(|score| score.rank == Some(1)).count();
    assert!(scores.iter().all(|score| score.incidents <= 25), "{scores:#?}");
    assert!(first >= 11, "first in {first} of 12: {scores:#?}");
    assert!(touched * 10 >= stages * 9, "{touched} of {stages} stages: {scores:#?}");
}

#[test]
fn a_network_without_anything_rare_has_no_incident_of_weight() {
    // The same rule every minute of four days on three hosts.
    let lines: Vec<String> = (0..3 * 4 * 1_440)
        .map(|index: i64| {
            let time = fengsui_schema::Timestamp::from_parts(1_795_000_000 + index / 3 * 60, 0);
            format!(r#"{{"@timestamp":"{time}","rule":{{"name":"exploit"}},"event":{{"severity":"critical"}},"host":{{"name":"h{}"}}}}"#, index % 3)
        })
        .collect();
    let labels = vec![None; lines.len()];
    let quiet = network::Labelled { lines, labels, stages: Vec::new(), traits: String::new() };
    let folder = tempfile::tempdir().expect("folder");
    let score = score::score(&quiet, folder.path(), &CorrelationSettings::default()).expect("is analysed");
    assert_eq!(score.incidents, 0, "{score:?}");
}
