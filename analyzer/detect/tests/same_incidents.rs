//! The same events lead to the same incidents: in any order within the allowed lateness, and across a restart anywhere.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fengsui_detect::{Analysis, AnalysisSettings, Detection, DetectionBuilder, ShownIncident};
use fengsui_schema::{Event, Incident, RawRecord, Timestamp};
use proptest::prelude::*;

const RULE: &str = "title: script called\nid: 9f1c7f5a-3f0a-4f7e-9a55-0d6a3c0d3f01\ntags:\n  - attack.persistence\n  - attack.t1505.003\nlogsource:\n  category: webserver\ndetection:\n  s:\n    cs-uri-stem|endswith: '.php'\n  condition: s\nlevel: high\n";

fn detection() -> Arc<Detection> {
    let mut builder = DetectionBuilder::new();
    builder.add_sigma("rule.yml", RULE);
    builder.add_indicators("list.csv", "ip,203.0.113.66,critical\n");
    let (detection, report) = builder.finish();
    assert_eq!(report.failures, []);
    Arc::new(detection)
}

fn event(number: usize, source: &str, text: &str) -> Event {
    let received = "2026-11-22T12:10:00Z".parse().expect("time");
    let record = RawRecord { source: source.into(), instance: "s1".into(), received, payload: text.into() };
    fengsui_normalize::normalize(&record, number as u64).expect("record")
}

/// Two minutes of two attacks that have nothing in common, and of noise.
fn events() -> Vec<Event> {
    let at = |second: usize| format!("2026-11-22T12:{:02}:{:02}Z", second / 60, second % 60);
    let mut texts: Vec<(&str, String)> = Vec::new();
    for second in 0..25 {
        texts.push(("fengsui_eve", format!(r#"{{"timestamp":"{}","event_type":"flow","src_ip":"198.51.100.9","dest_ip":"10.1.1.5","dest_port":{},"flow":{{"bytes_toserver":1}}}}"#, at(second), 1000 + second)));
    }
    texts.push(("fengsui_eve", format!(r#"{{"timestamp":"{}","event_type":"http","src_ip":"198.51.100.9","dest_ip":"10.1.1.5","dest_port":80,"http":{{"url":"/a.php","http_method":"POST"}}}}"#, at(40))));
    texts.push(("fengsui_eve", format!(r#"{{"timestamp":"{}","event_type":"flow","src_ip":"10.1.1.5","dest_ip":"203.0.113.66","dest_port":443,"flow":{{"bytes_toserver":1}}}}"#, at(60))));
    for second in 0..12 {
        texts.push((
            "syslog",
            format!("{} gate sshd[{second}]: Failed password for root from 192.0.2.77 port 22 ssh2", at(second * 3)),
        ));
    }
    texts
        .push(("syslog", format!("{} gate sshd[99]: Accepted password for root from 192.0.2.77 port 22 ssh2", at(90))));
    texts.iter().enumerate().map(|(number, (source, text))| event(number, source, text)).collect()
}

fn saved(analysis: &Analysis) -> Vec<u8> {
    analysis.snapshot().expect("no round is out").into_bytes().expect("saves")
}

/// The last state of every incident that was not taken in by another.
fn incidents(events: &[Event], rounds: &[usize], restart: Option<usize>) -> BTreeMap<String, Incident> {
    let mut analysis = Analysis::new(AnalysisSettings::default(), detection());
    let mut last = BTreeMap::new();
    let mut keep = |incidents: Vec<Incident>| {
        for mut incident in incidents {
            incident.revision = 0;
            last.insert(incident.id.to_string(), incident);
        }
    };
    for (index, event) in events.iter().enumerate() {
        if restart == Some(index) {
            let state = saved(&analysis);
            analysis = Analysis::new(AnalysisSettings::default(), detection());
            analysis.restore(&state).expect("restores");
        }
        analysis.observe(&mut event.clone());
        if rounds.contains(&index) {
            keep(analysis.incidents());
        }
    }
    keep(analysis.incidents());
    last.retain(|_, incident| !incident.members.is_empty());
    last
}

#[test]
fn two_attacks_are_two_incidents() {
    let found = incidents(&events(), &[], None);
    assert_eq!(found.len(), 2, "{found:#?}");
    let web = found
        .values()
        .find(|incident| incident.entities.iter().any(|entity| entity.value == "203.0.113.66"))
        .expect("the web attack");
    let tactics: Vec<&str> = web.techniques.iter().filter_map(|technique| technique.tactic.as_deref()).collect();
    assert_eq!(tactics, ["persistence", "discovery", "command-and-control"]);
    assert!(web.explanation.iter().all(|line| !line.zh.is_empty() && !line.en.is_empty()));
}

#[test]
fn a_repeated_event_changes_nothing() {
    let events = events();
    let twice: Vec<Event> = events.iter().flat_map(|event| [event.clone(), event.clone()]).collect();
    let members = |found: BTreeMap<String, Incident>| {
        found.into_iter().map(|(id, incident)| (id, incident.members)).collect::<Vec<_>>()
    };
    assert_eq!(members(incidents(&twice, &[], None)), members(incidents(&events, &[], None)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_restart(
        order in Just((0..40_usize).collect::<Vec<_>>()).prop_shuffle(),
        rounds in prop::collection::vec(0..40_usize, 0..6),
        restart in 0..40_usize,
    ) {
        let sorted = events();
        prop_assert_eq!(sorted.len(), order.len());
        let shuffled: Vec<Event> = order.iter().map(|index| sorted[*index].clone()).collect();
        let expected = incidents(&sorted, &[], None);
        prop_assert_eq!(incidents(&shuffled, &rounds, Some(restart)), expected);
    }
}

/// Half a day of three attacks, noise and counted logins: what closes, becomes history and is judged by the watermark.
fn long_events() -> Vec<(u64, Event)> {
    let mut numbers = 7_u64;
    let mut next = |below: u64| {
        numbers = numbers.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (numbers >> 33) % below
    };
    let mut texts: Vec<(u64, String)> = Vec::new();
    let alert = |at: u64, rule: &str, source: &str, target: &str| {
        (
            at,
            format!(
                r#"{{"rule":{{"name":"{rule}"}},"event":{{"severity":"high"}},"source":{{"ip":"{source}"}},"destination":{{"ip":"{target}"}}"#
            ),
        )
    };
    for index in 0..260 {
        let at = index * 160 + next(60);
        let rule = ["common a", "common b", "odd c"][next(3) as usize];
        texts.push(alert(at, rule, &format!("10.9.0.{}", next(6)), &format!("10.1.1.{}", next(4))));
    }
    for (attack, start) in [3_000, 17_000, 36_000].into_iter().enumerate() {
        for step in 0..12 {
            let rule = format!("attack {attack} step {}", step / 3);
            texts.push(alert(start + step * 100 + next(50), &rule, &format!("198.51.100.{attack}"), "10.1.1.2"));
        }
    }
    for index in 0..60 {
        let user = ["a", "b"][next(2) as usize];
        let outcome = if next(4) == 0 { "success" } else { "failure" };
        texts.push((
            index * 700 + next(500),
            format!(r#"{{"event":{{"outcome":"{outcome}"}},"user":{{"name":"{user}"}},"bytes":{}"#, next(90)),
        ));
    }
    texts.sort();
    texts
        .into_iter()
        .enumerate()
        .map(|(number, (at, text))| {
            let time = Timestamp::from_parts(1_795_348_800 + i64::try_from(at).expect("small"), 0);
            let source = if text.contains("rule") { "ecs_alert" } else { "json" };
            let record = RawRecord {
                source: source.into(),
                instance: "s1".into(),
                received: time,
                payload: format!(r#"{text},"@timestamp":"{time}"}}"#).into(),
            };
            (at, fengsui_normalize::normalize(&record, number as u64).expect("record"))
        })
        .collect()
}

/// Correlations of every type, a chain, and one about what stays away.
const CORRELATIONS: &str = "title: failed\nid: failed\nlogsource:\n  product: x\ndetection:\n  s:\n    event.outcome: failure\n  condition: s\n---\ntitle: good\nid: good\nname: good\nlogsource:\n  product: x\ndetection:\n  s:\n    event.outcome: success\n  condition: s\n";

fn long_detection() -> Arc<Detection> {
    let correlation = |id: &str, body: &str| {
        format!(
            "---\ntitle: {id}\nid: {id}\nlevel: high\ncorrelation:\n  group-by: [user.name]\n  timespan: 30m\n{body}"
        )
    };
    let rules = "  rules: [failed]\n";
    let over =
        |kind: &str, condition: &str| correlation(kind, &format!("  type: {kind}\n{rules}  condition:\n{condition}"));
    let text = [
        CORRELATIONS.to_owned(),
        over("event_count", "    gte: 3\n"),
        over("value_count", "    field: bytes\n    gte: 3\n"),
        over("value_sum", "    field: bytes\n    gte: 150\n"),
        over("value_avg", "    field: bytes\n    lt: 40\n"),
        over("value_percentile", "    field: bytes\n    percentile: 90\n    gte: 70\n"),
        over("value_median", "    field: bytes\n    gte: 60\n"),
        correlation("temporal", "  type: temporal\n  rules: [failed, good]\n"),
        correlation("ordered", "  type: temporal_ordered\n  rules: [failed, good]\n"),
        correlation("chain", "  type: temporal_ordered\n  rules: [event_count, good]\n"),
        correlation("silent", "  type: event_count\n  rules: [good]\n  condition:\n    eq: 0\n"),
    ]
    .concat();
    let mut builder = DetectionBuilder::new();
    builder.add_sigma("rules.yml", &text);
    let (detection, report) = builder.finish();
    assert_eq!((report.failures, report.sigma_correlations), (vec![], 10));
    Arc::new(detection)
}

/// When incidents are handed out and the process dies.
#[derive(Debug, Default)]
struct Course {
    /// Places after which a round begins.
    rounds: BTreeSet<usize>,
    /// How many events come while a round is worked out.
    lag: usize,
    /// Places after which the process dies.
    kills: BTreeSet<usize>,
}

/// What a console would have at the end: the last revision of every incident that was not taken in by another, and the ids
/// of all alerts. A process that died goes on from the last state that was saved, with what it had handed out since.
fn console(
    detection: &Arc<Detection>,
    events: &[Event],
    course: &Course,
) -> (BTreeMap<String, Incident>, BTreeSet<String>) {
    let fresh = || Analysis::new(AnalysisSettings::default(), Arc::clone(detection));
    let (mut analysis, mut state, mut at) = (fresh(), (saved(&fresh()), 0), 0);
    let (mut last, mut alerts) = (BTreeMap::new(), BTreeSet::new());
    let (mut left, mut shown, mut reached, mut out) = (course.kills.clone(), Vec::new(), 0, None);
    let mut revisions: BTreeMap<String, u32> = BTreeMap::new();
    let mut keep = |incidents: Vec<Incident>, shown: &mut Vec<ShownIncident>| {
        for mut incident in incidents {
            let before = revisions.insert(incident.id.to_string(), incident.revision).unwrap_or(0);
            assert!(incident.revision > before, "revision {} after {before}: {incident:?}", incident.revision);
            assert_eq!(incident.ended.is_some(), incident.members.is_empty());
            shown.push(ShownIncident::of(&incident));
            incident.revision = 0;
            last.insert(incident.id.to_string(), incident);
        }
    };
    while at < events.len() {
        let (_, found) = analysis.observe(&mut events[at].clone());
        alerts.extend(found.iter().map(|alert| alert.id.to_string()));
        at += 1;
        if at >= reached && out.is_none() && course.rounds.contains(&at) {
            if at == reached {
                analysis.recall(shown.clone());
            }
            out = analysis.begin_round().map(|round| (at, round));
        }
        if let Some((begun, round)) = out.take_if(|(begun, _)| at >= *begun + course.lag) {
            keep(analysis.end_round(round.run()), &mut shown);
            reached = begun;
            if at.is_multiple_of(2) {
                (state, shown) = ((saved(&analysis), at), Vec::new());
            }
        }
        if left.remove(&at) {
            (analysis, out) = (fresh(), None);
            analysis.restore(&state.0).expect("restores");
            at = state.1;
        }
    }
    if let Some((_, round)) = out {
        keep(analysis.end_round(round.run()), &mut shown);
    }
    for _ in 0..64 {
        let found = analysis.idle(24 * 3_600 * 1_000_000_000);
        alerts.extend(found.iter().map(|alert| alert.id.to_string()));
    }
    keep(analysis.incidents(), &mut shown);
    last.retain(|_, incident| !incident.members.is_empty());
    (last, alerts)
}

/// A number below a bound out of a seed.
fn draw(seed: &mut u64, below: usize) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*seed >> 33).expect("small") % below
}

fn some(seed: &mut u64, count: usize, below: usize) -> BTreeSet<usize> {
    (0..count).map(|_| 1 + draw(seed, below)).collect()
}

#[test]
fn a_hundred_orders_within_the_allowed_lateness_are_one() {
    let (events, detection) = (long_events(), long_detection());
    let sorted: Vec<Event> = events.iter().map(|(_, event)| event.clone()).collect();
    let expected = console(&detection, &sorted, &Course::default());
    assert!(expected.0.len() >= 3 && expected.1.len() > 300, "{} {}", expected.0.len(), expected.1.len());
    for case in 0..100 {
        let mut seed = case;
        let mut order: Vec<(u64, usize)> =
            events.iter().enumerate().map(|(index, (at, _))| (at + draw(&mut seed, 115) as u64, index)).collect();
        order.sort_unstable();
        let arrived: Vec<Event> = order.into_iter().map(|(_, index)| sorted[index].clone()).collect();
        let rounds = some(&mut seed, 12, arrived.len());
        let course = Course { rounds, lag: draw(&mut seed, 40), ..Course::default() };
        let found = console(&detection, &arrived, &course);
        assert_eq!(found.1, expected.1, "alerts of order {case}");
        assert_eq!(found.0, expected.0, "incidents of order {case}");
    }
}

#[test]
fn a_hundred_kills_change_nothing() {
    let (events, detection) = (long_events(), long_detection());
    let sorted: Vec<Event> = events.into_iter().map(|(_, event)| event).collect();
    let expected = console(&detection, &sorted, &Course::default());
    for case in 0..25 {
        let mut seed = 1_000 + case;
        let (rounds, kills) = (some(&mut seed, 40, sorted.len()), some(&mut seed, 4, sorted.len()));
        let course = Course { rounds, lag: draw(&mut seed, 20), kills };
        let found = console(&detection, &sorted, &course);
        assert_eq!(found, expected, "run {case}: {course:?}");
    }
}

/// A ready-made alert, some seconds into a day.
fn alert_of(number: u64, at: i64, (source, target): (&str, &str)) -> Event {
    let time = Timestamp::from_parts(1_795_348_800 + at, 0);
    let text = format!(
        r#"{{"rule":{{"name":"exploit"}},"event":{{"severity":"critical"}},"source":{{"ip":"{source}"}},"destination":{{"ip":"{target}"}},"n":{number},"@timestamp":"{time}"}}"#
    );
    let record = RawRecord { source: "ecs_alert".into(), instance: "s1".into(), received: time, payload: text.into() };
    fengsui_normalize::normalize(&record, number).expect("record")
}

/// A list of members is cut; the folds say of every alert which incident it is of.
#[test]
fn a_flood_is_named_whole() {
    let mut analysis = Analysis::new(AnalysisSettings::default(), long_detection());
    let mut folds = Vec::new();
    for number in 0..6_000_u64 {
        let target = format!("10.1.{}.{}", number % 7, number % 31);
        let mut event = alert_of(number, i64::try_from(number).expect("small") / 20, ("198.51.100.7", &target));
        let (_, alerts) = analysis.observe(&mut event);
        folds.extend(alerts.iter().map(|alert| alert.fold.expect("was folded")));
    }
    let incidents = analysis.incidents();
    let [incident] = incidents.as_slice() else { panic!("{} incidents", incidents.len()) };
    assert!(folds.len() >= 6_000 && incident.members.len() == 1_000, "{} {}", folds.len(), incident.members.len());
    assert_eq!(incident.alerts, folds.len() as u64);
    let named: BTreeSet<_> = incident.folds.iter().copied().collect();
    assert!(named.len() == incident.folds.len() && folds.into_iter().all(|fold| named.contains(&fold)));
}

/// An alert of an attack that comes so late that its hour is closed, while the round that closes it is out.
#[test]
fn what_comes_while_its_group_is_closed_begins_anew() {
    let detection = long_detection();
    let alert = |number: u64, at: i64, source: &str| alert_of(number, at, (source, "10.1.1.2"));
    let play = |is_slow: bool| {
        let mut analysis = Analysis::new(AnalysisSettings::default(), Arc::clone(&detection));
        [alert(1, 0, "198.51.100.7"), alert(2, 5, "198.51.100.7"), alert(3, 90_000, "203.0.113.9")]
            .iter_mut()
            .for_each(|event| drop(analysis.observe(event)));
        let round = analysis.begin_round().expect("something changed");
        assert!(analysis.begin_round().is_none() && analysis.snapshot().is_none());
        let late = &mut alert(4, 9, "198.51.100.7");
        let mut found = Vec::new();
        if is_slow {
            analysis.observe(late);
            found.extend(analysis.end_round(round.run()));
        } else {
            found.extend(analysis.end_round(round.run()));
            analysis.observe(late);
        }
        found.extend(analysis.incidents());
        assert_eq!(analysis.incidents(), []);
        found
    };
    let found = play(true);
    assert_eq!(found, play(false));
    let of_the_attack = |incident: &&Incident| incident.entities.iter().any(|entity| entity.value == "198.51.100.7");
    let members: Vec<usize> = found.iter().filter(of_the_attack).map(|incident| incident.members.len()).collect();
    assert_eq!(members, [2, 1], "{found:#?}");
}
