//! The first hours of a busy network: nothing is known of it yet, and attacks are told apart from its daily work all the same.

#![allow(clippy::expect_used, reason = "a test's helpers fail the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fengsui_detect::{Analysis, AnalysisSettings, DetectionBuilder};
use fengsui_schema::{AlertId, Event, Incident, RawRecord, Timestamp};

const HOURS: u64 = 3;
const ATTACKS: u64 = 20;

/// Seconds between two alerts of the background.
const PAUSE_S: u64 = 2;

/// Hosts of the network; the first are attacked, and work as all others do.
const HOSTS: u64 = 300;

struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// An alert: its second, whose attack it is part of, and its record without the time.
type Told = (u64, Option<u64>, String);

fn alert(rule: &str, severity: &str, source: &str, target: &str) -> String {
    format!(
        r#"{{"rule":{{"name":"{rule}"}},"event":{{"severity":"{severity}"}},"source":{{"ip":"{source}"}},"destination":{{"ip":"{target}"}}"#
    )
}

fn host(number: u64) -> String {
    format!("10.1.{}.{}", number / 200, 1 + number % 200)
}

/// What many do to many, many to one, and strangers to one, all day long.
fn background(numbers: &mut Numbers) -> Vec<Told> {
    let one = |numbers: &mut Numbers| {
        let (from, rule) = (host(numbers.below(HOSTS)), numbers.below(24));
        let server = format!("203.0.113.{}", numbers.below(60));
        match numbers.below(10) {
            0..6 => {
                let severity = ["low", "medium", "medium", "high"][usize::try_from(rule % 4).expect("small")];
                alert(&format!("POLICY something common {rule}"), severity, &from, &server)
            }
            6..8 => alert(&format!("DNS question of kind {}", rule % 5), "medium", &from, "10.1.9.53"),
            _ => {
                let stranger = format!("192.0.{}.{}", numbers.below(3), numbers.below(250));
                alert(&format!("SCAN tool {}", rule % 4), "medium", &stranger, "10.1.9.80")
            }
        }
    };
    (0..HOURS * 3_600 / PAUSE_S).map(|step| (step * PAUSE_S, None, one(numbers))).collect()
}

/// An attacker scans, exploits and controls a victim; the rules are of a few kinds that attacks share.
fn attack(number: u64, numbers: &mut Numbers) -> Vec<Told> {
    let begin = 600 + numbers.below((HOURS - 1) * 3_600);
    let (attacker, victim) = (format!("198.51.100.{}", number + 1), host(number));
    let control = format!("198.18.7.{}", number + 1);
    let steps = [
        (0, format!("EXPLOIT of server {}", numbers.below(6)), "high", &attacker, &victim),
        (60, format!("WEB SHELL upload {}", numbers.below(6)), "high", &attacker, &victim),
        (180, format!("SHELL command of the web server {}", numbers.below(4)), "medium", &attacker, &victim),
        (420, format!("TROJAN calls home {}", numbers.below(6)), "high", &victim, &control),
        (900, format!("EXFILTRATION upload {}", numbers.below(6)), "high", &victim, &control),
    ];
    let told = |(after, rule, severity, from, to): (u64, String, &str, &String, &String)| {
        (begin + after, Some(number), alert(&rule, severity, from, to))
    };
    steps.into_iter().map(told).collect()
}

fn event(number: usize, second: u64, text: &str) -> Event {
    let time = Timestamp::from_parts(1_795_348_800 + i64::try_from(second).expect("small"), 0);
    let payload = format!(r#"{text},"@timestamp":"{time}"}}"#).into();
    let record = RawRecord { source: "ecs_alert".into(), instance: "s1".into(), received: time, payload };
    fengsui_normalize::normalize(&record, number as u64).expect("record")
}

/// The incidents that a console has at the end, and the attack of every alert.
fn console(told: &[Told]) -> (Vec<Incident>, BTreeMap<AlertId, u64>) {
    let detection = DetectionBuilder::new().finish().0;
    let mut analysis = Analysis::new(AnalysisSettings::default(), Arc::new(detection));
    let (mut last, mut attacks, mut came_again) = (BTreeMap::new(), BTreeMap::new(), 0);
    for (index, (second, attack, text)) in told.iter().enumerate() {
        let (_, alerts) = analysis.observe(&mut event(index, *second, text));
        attacks.extend(alerts.iter().filter_map(|alert| Some((alert.id, (*attack)?))));
        if index % 600 == 599 || index + 1 == told.len() {
            for incident in analysis.incidents() {
                let (revision, ended) = (incident.revision, incident.ended);
                let before: Option<Incident> = last.insert(incident.id, incident);
                let before = before.map_or((0, None), |before| (before.revision, before.ended));
                assert!(revision > before.0, "a console passes over revision {revision} after {}", before.0);
                came_again += usize::from(before.1.is_some() && ended.is_none());
            }
        }
    }
    assert!(came_again > 0, "no incident that had ended came again: then this test shows nothing of it");
    last.retain(|_, incident| incident.ended.is_none());
    (last.into_values().collect(), attacks)
}

#[test]
fn attacks_of_the_first_hours_are_incidents_of_their_own() {
    let mut numbers = Numbers(11);
    let mut told = background(&mut numbers);
    (0..ATTACKS).for_each(|number| told.extend(attack(number, &mut numbers)));
    told.sort();
    let (incidents, attacks) = console(&told);
    let most = incidents.iter().map(|incident| incident.members.len()).max().unwrap_or(0);
    let mut named = BTreeSet::new();
    for incident in &incidents {
        let marks: Vec<u64> =
            incident.members.iter().filter_map(|member| attacks.get(&member.alert).copied()).collect();
        let own = marks.first().filter(|first| marks.iter().all(|mark| mark == *first));
        if let Some(own) = own
            && marks.len() >= 4
            && incident.members.len() <= marks.len() + 30
        {
            named.insert(*own);
        }
    }
    let summary = format!("{} of {ATTACKS} named, {} incidents, {most} members in one", named.len(), incidents.len());
    assert!(named.len() >= 19 && most <= 40 && incidents.len() <= 30, "{summary}");
}
