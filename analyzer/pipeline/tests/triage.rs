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

/// An alert of a made-up product.
fn alert(second: i64, rule: &str, host: &str, source: &str) -> String {
    let time = fengsui_schema::Timestamp::from_parts(1_795_000_000 + second, 0);
    format!(
        r#"{{"@timestamp":"{time}","rule":{{"name":"{rule}"}},"event":{{"severity":"medium"}},"observer":{{"type":"host"}},"host":{{"name":"{host}"}},"source":{{"ip":"{source}"}}}}"#
    )
}

#[test]
fn what_others_do_while_an_attacker_is_loud_stays_out_of_the_incident() {
    let (mut lines, mut labels) = (Vec::new(), Vec::new());
    let mut tell = |line: String, label: Option<u8>| {
        lines.push(line);
        labels.push(label);
    };
    for hour in 0..5 * 24 {
        let busy = if hour == 80 { 6 } else { hour % 5 };
        for user in 1..6 {
            for login in 0..20 + busy {
                tell(alert(hour * 3_600 + login * 120, "login succeeded", "mail", &format!("10.0.0.{user}")), None);
            }
            tell(alert(hour * 3_600 + 1_800, "page not found", "web", &format!("10.0.0.{user}")), None);
        }
        if hour == 80 {
            for second in 0..3_000 {
                tell(alert(hour * 3_600 + second, "page not found", "web", "203.0.113.9"), Some(0));
            }
            tell(alert(hour * 3_600 + 3_100, "web shell", "web", "203.0.113.9"), Some(1));
            tell(alert(hour * 3_600 + 3_200, "first use of root", "web", "203.0.113.9"), Some(2));
        }
    }
    let stages = vec!["search", "shell", "root"];
    let network = network::Labelled { lines, labels, stages, traits: String::new() };
    let folder = tempfile::tempdir().expect("folder");
    let score = score::score(&network, folder.path(), &CorrelationSettings::default()).expect("is analysed");
    assert_eq!((score.rank, score.touched, score.half), (Some(1), 3, 3), "{score:?}");
    assert!((score.purity - 1.0).abs() < f64::EPSILON, "{score:?}");
}
