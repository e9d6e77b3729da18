//! Hunts over the past: who sees what, what is refused, and how one ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fengsui_api::{ConsoleSettings, Role};
use fengsui_schema::{Event, EventId, EventKind, Fields, SourceReference, Timestamp};
use fengsui_store::{Store, StoreSettings};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Browser, Running, another_at, hours_later, start, start_beside};

const SIGMA: &str = "title: shell in a path\nid: 7c3f0001-0000-4000-8000-000000000001\nlevel: high\nlogsource:\n  category: webserver\ndetection:\n  selection:\n    cs-uri-stem|contains: '/shell'\n  condition: selection\n";

const PATH: &str = "/events/retro-hunts";

/// The test clock's time.
const NOW: i64 = 1_795_000_000;

/// A request of a unit so many hours ago, of five days; every third one asks for a shell.
fn event(number: u16, unit: &str) -> Event {
    let mut fields = Fields::new();
    fields.set("event.dataset", "fengsui.http");
    fields.set("event.category", "web");
    fields.set("source.ip", format!("203.0.113.{}", number % 5));
    fields.set("destination.ip", "10.62.1.12");
    fields.set("url.path", if number.is_multiple_of(3) { "/up/shell.jsp" } else { "/index.html" });
    fields.set("organization.id", unit);
    let mut id = [7; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    let time = Timestamp::from_parts(NOW - i64::from(number % 120) * 3_600, 0);
    let source = SourceReference { source: "test".into(), instance: "a".into(), sequence: u64::from(number) };
    Event {
        id: EventId::from_bytes(id),
        time,
        received: time,
        kind: EventKind::Event,
        source,
        fields,
        original: json!({"event_type": "http"}),
    }
}

const COUNTIES: [&str; 2] = ["620123", "620102"];

/// Sixty events of each of two counties over five days.
async fn scene() -> (Running, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("folder");
    let settings = StoreSettings { directory: folder.path().join("events"), ..StoreSettings::default() };
    let store = Store::open(settings).expect("opens");
    for number in 0..120 {
        let unit = COUNTIES[usize::from(number % 2)];
        store.add(&event(number, unit), u64::from(number)).expect("adds");
    }
    store.commit().expect("commits");
    (start_beside(ConsoleSettings::default(), Some(Arc::new(store))).await, folder)
}

/// Begins a hunt and waits for its end.
async fn hunted(person: &Browser, asked: Value) -> Value {
    let begun = person.post(PATH, asked).await;
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let own = person.get(PATH).await["items"][0].clone();
        assert_eq!(own["id"], begun["id"]);
        if own["state"] != "running" {
            return own;
        }
        assert!(Instant::now() < end, "the hunt does not end: {own}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn refused(person: &Browser, asked: Value) -> (StatusCode, String, String) {
    let (status, answer) = person.send(Method::POST, PATH, Some(asked)).await;
    let text = |name: &str| answer["error"][name].as_str().unwrap_or_default().to_owned();
    (status, text("field"), text("message_en"))
}

#[tokio::test]
pub(crate) async fn a_hunt_says_what_it_looked_at_and_what_it_found() {
    let (running, _folder) = scene().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    assert_eq!(analyst.get(PATH).await["items"], json!([]));
    let done = hunted(&analyst, json!({"sigma": SIGMA})).await;
    let (report, coverage) = (&done["report"], &done["report"]["coverage"]);
    assert_eq!(
        (&done["state"], &done["sigma_rules"], &report["hits"]),
        (&json!("done"), &json!(1), &json!(40)),
        "{done}"
    );
    assert_eq!(
        (&coverage["stored"], &coverage["events"], &coverage["narrowed"]),
        (&json!(120), &json!(120), &json!(false))
    );
    assert_eq!(report["rules"][0]["hits"], 40);
    let hours = report["hours"].as_array().expect("is a list");
    assert_eq!(hours.iter().map(|hour| hour["count"].as_i64().expect("counts")).sum::<i64>(), 40);
    let listed = report["listed"].as_array().expect("is a list");
    assert_eq!(listed.len(), 40);
    // A hit opens as an event.
    let id = listed[0]["event"].as_str().expect("has an id");
    let found = analyst.get(&format!("/events?q=id:{id}")).await;
    assert_eq!((&found["items"][0]["fields"]["url.path"], &found["total"]), (&json!("/up/shell.jsp"), &json!(1)));

    let asked =
        json!({"indicators": "203.0.113.4\nnothing", "from": Timestamp::from_parts(NOW - 24 * 3_600, 0).to_string()});
    let done = hunted(&analyst, asked).await;
    let (report, coverage) = (&done["report"], &done["report"]["coverage"]);
    assert_eq!(
        (&report["hits"], &coverage["stored"], &coverage["candidates"]),
        (&json!(5), &json!(25), &json!(5)),
        "{done}"
    );
    assert_eq!((&coverage["narrowed"], &report["refused"][0]["kind"]), (&json!(true), &json!("not_loaded")));
    assert_eq!(report["rules"][0]["id"], "indicator:indicators/203.0.113.4");

    let auditor = running.person("auditor", Role::Auditor, "620000").await;
    let log = auditor.get("/audit?action=event.search.retro_hunt").await;
    assert_eq!(log["items"].as_array().expect("is a list").len(), 2);
    assert!(
        log["items"][1]["detail"].as_str().expect("text").starts_with("1 Sigma rules, 0 indicators, sm3 "),
        "{log}"
    );
}

#[tokio::test]
pub(crate) async fn a_county_hunts_through_its_own_events_only() {
    let (running, _folder) = scene().await;
    for (unit, numbers) in [(COUNTIES[0], [0, 6]), (COUNTIES[1], [3, 9])] {
        let person = running.person(&format!("of-{unit}"), Role::Analyst, unit).await;
        let done = hunted(&person, json!({"sigma": SIGMA, "indicators": "203.0.113.0/24"})).await;
        let (report, coverage) = (&done["report"], &done["report"]["coverage"]);
        assert_eq!((&coverage["stored"], &coverage["events"]), (&json!(60), &json!(60)), "{unit}");
        assert_eq!(report["hits"], 80, "{unit}: 20 of the rule, 60 of the range");
        for hit in report["listed"].as_array().expect("is a list") {
            let id = hit["event"].as_str().expect("has an id");
            let number = u16::from_str_radix(&id[..4], 16).expect("begins with the number");
            assert_eq!(COUNTIES[usize::from(number % 2)], unit, "{hit}");
        }
        let text = report["listed"].to_string();
        for number in numbers {
            assert!(text.contains(&event(number, unit).id.to_string()), "{unit} {number}");
        }
    }
    let outside = running.person("outside", Role::Analyst, "620200").await;
    let done = hunted(&outside, json!({"indicators": "203.0.113.0/24"})).await;
    assert_eq!((&done["report"]["hits"], &done["report"]["coverage"]["stored"]), (&json!(0), &json!(0)));
    for role in [Role::CountyOfficer, Role::Auditor, Role::Sysadmin, Role::Leader] {
        let person = running.person(&format!("x-{}", role.as_str().replace('_', "-")), role, "620123").await;
        assert_eq!(person.status(Method::POST, PATH, Some(json!({"sigma": SIGMA}))).await, StatusCode::FORBIDDEN);
        assert_eq!(person.status(Method::GET, PATH, None).await, StatusCode::FORBIDDEN);
    }
    // Nobody sees or ends another's hunt.
    let other = running.person("other", Role::Analyst, COUNTIES[0]).await;
    assert_eq!(other.get(PATH).await["items"], json!([]));
    for id in ["1", "2", "3", "x"] {
        assert_eq!(other.status(Method::POST, &format!("{PATH}/{id}/cancel"), None).await, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
pub(crate) async fn what_can_not_be_hunted_for_is_refused_with_its_place() {
    let (running, _folder) = scene().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let broken = SIGMA.replace("  condition", "   condition");
    let (status, field, reason) = refused(&analyst, json!({"sigma": broken})).await;
    assert_eq!((status, field.as_str()), (unprocessable, "sigma"));
    assert!(reason.contains("line 9"), "{reason}");
    let correlation = "title: many\nid: 7c3f0001-0000-4000-8000-000000000002\ncorrelation:\n  type: event_count\n  rules:\n    - 7c3f0001-0000-4000-8000-000000000001\n  group-by:\n    - source.ip\n  timespan: 5m\n  condition:\n    gte: 2\n";
    let both = hunted(&analyst, json!({"sigma": format!("{SIGMA}---\n{correlation}")})).await;
    assert_eq!(
        (&both["report"]["hits"], &both["report"]["refused"][0]["kind"]),
        (&json!(40), &json!("correlation")),
        "{both}"
    );
    for (asked, expected) in [
        (json!({}), "sigma"),
        (json!({"sigma": "  \n", "indicators": ""}), "sigma"),
        (json!({"sigma": correlation}), "sigma"),
        (json!({"indicators": "not an indicator"}), "indicators"),
        (json!({"sigma": SIGMA, "indicators": "nothing"}), "indicators"),
        (json!({"lists": ["no-such-list"]}), "lists"),
        (json!({"lists": vec!["a"; 21]}), "lists"),
        (json!({"sigma": SIGMA, "from": "yesterday"}), "from"),
        (json!({"sigma": SIGMA, "from": "2026-11-20T00:00:00Z", "to": "2026-11-20T00:00:00Z"}), "to"),
        (json!({"sigma": SIGMA, "unknown": 1}), "body"),
        (
            json!({"indicators": (0..20_001).map(|n| format!("10.{}.{}.{}\n", n >> 16, n >> 8 & 255, n & 255)).collect::<String>()}),
            "indicators",
        ),
    ] {
        let (status, field, reason) = refused(&analyst, asked).await;
        assert_eq!((status, field.as_str()), (unprocessable, expected), "{reason}");
    }
    let large = "#".repeat((512 << 10) + 1);
    assert_eq!(refused(&analyst, json!({"sigma": large})).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let larger = "#".repeat((4 << 20) + 1);
    assert_eq!(refused(&analyst, json!({"indicators": larger})).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let without = start().await;
    let person = without.person("analyst", Role::Analyst, "620000").await;
    assert_eq!(refused(&person, json!({"sigma": SIGMA})).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
pub(crate) async fn lists_of_the_console_are_hunted_for() {
    let (running, _folder) = scene().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let text = "ip,203.0.113.1\nip,203.0.113.2,high,2020-01-01\ndomain,bad.example";
    analyst.post("/indicators/import", json!({"list": "feed", "text": text})).await;
    let done = hunted(&analyst, json!({"lists": ["feed"]})).await;
    let rules = &done["report"]["rules"];
    assert_eq!((&done["indicators"], &rules[0]["id"]), (&json!(2), &json!("indicator:feed/203.0.113.1")), "{done}");
    assert_eq!((&done["report"]["hits"], &rules[1]), (&json!(24), &Value::Null));
}

/// Rules enough to keep a hunt busy: none of them hits.
fn slow() -> Value {
    let rule = |number: usize| {
        SIGMA
            .replace("0001-0000-4000-8000-000000000001", &format!("{number:04}-0000-4000-8000-000000000001"))
            .replace("'/shell'", &format!("'/{number}/never'"))
            .replace("cs-uri-stem|contains", "cs-uri-stem|re")
    };
    json!({"sigma": (1_000..1_400).map(rule).collect::<Vec<_>>().join("---\n")})
}

#[tokio::test]
pub(crate) async fn one_at_a_time_and_a_few_at_once() {
    let folder = tempfile::tempdir().expect("folder");
    let settings = StoreSettings { directory: folder.path().join("events"), ..StoreSettings::default() };
    let store = Store::open(settings).expect("opens");
    for number in 0..60_000_u16 {
        // Of one day: the index keeps few days open for writing.
        let mut event = event(number, COUNTIES[0]);
        event.time = Timestamp::from_parts(NOW, 0).plus_nanos(i64::from(number));
        store.add(&event, u64::from(number)).expect("adds");
    }
    store.commit().expect("commits");
    let running = start_beside(ConsoleSettings::default(), Some(Arc::new(store))).await;
    // Before the hunts begin: making an account takes longer than a hunt should have to run.
    let one = running.person("one", Role::Analyst, "620000").await;
    let two = running.person("two", Role::Analyst, "620000").await;
    let three = running.person("three", Role::Analyst, "620000").await;
    let begun = one.post(PATH, slow()).await;
    assert_eq!((&begun["state"], &begun["report"]), (&json!("running"), &Value::Null));
    assert_eq!(refused(&one, json!({"sigma": SIGMA})).await.0, StatusCode::CONFLICT);
    let second = two.post(PATH, slow()).await;
    assert_eq!(refused(&three, json!({"sigma": SIGMA})).await.0, StatusCode::TOO_MANY_REQUESTS);
    let cancel = |hunt: &Value| format!("{PATH}/{}/cancel", hunt["id"].as_str().expect("has an id"));
    one.ok(Method::POST, &cancel(&begun), None).await;
    let end = Instant::now() + Duration::from_secs(30);
    let cancelled = loop {
        let own = one.get(PATH).await["items"][0].clone();
        if own["state"] != "running" {
            break own;
        }
        assert!(Instant::now() < end, "is not cancelled: {own}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(cancelled["state"], "cancelled");
    let (looked, stored) = (&cancelled["report"]["coverage"]["events"], &cancelled["report"]["coverage"]["stored"]);
    assert!(looked.as_i64() < stored.as_i64(), "{cancelled}");
    assert_eq!(hunted(&three, json!({"indicators": "203.0.113.0/24"})).await["state"], "done");
    assert_eq!(hunted(&one, json!({"indicators": "198.51.100.1"})).await["report"]["hits"], 0);
    two.ok(Method::POST, &cancel(&second), None).await;
}

#[tokio::test]
pub(crate) async fn suppressed_hits_are_counted_apart() {
    let (running, _folder) = scene().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let rule = "sigma:7c3f0001-0000-4000-8000-000000000001";
    let quiet = json!({"title": "巡检", "reason": "例行巡检", "close_open": false, "expires_at": hours_later(&running, 24),
                       "matches": {"rule_id": rule, "source_ip": "203.0.113.0", "unit": "620123"}});
    analyst.post("/suppressions", quiet).await;
    let done = hunted(&analyst, json!({"sigma": SIGMA})).await;
    // Every thirtieth event: a shell, of that source, of that county.
    let report = &done["report"];
    assert_eq!((&report["hits"], &report["suppressed"]), (&json!(36), &json!(4)), "{done}");
    let listed = report["listed"].as_array().expect("is a list");
    assert_eq!(listed.len(), 36, "what is suppressed is not listed");
}

#[tokio::test]
pub(crate) async fn what_was_found_outlives_the_console() {
    let (running, _folder) = scene().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let other = running.person("other", Role::Analyst, "620000").await;
    let first = hunted(&analyst, json!({"sigma": SIGMA})).await;
    let second = hunted(&analyst, json!({"indicators": "203.0.113.4"})).await;
    let kept = analyst.get(PATH).await;
    let ids: Vec<&Value> = kept["items"].as_array().expect("is a list").iter().map(|hunt| &hunt["id"]).collect();
    assert_eq!(ids, [&second["id"], &first["id"]]);
    assert_eq!((&kept["items"][0]["report"]["hits"], &kept["items"][1]["report"]), (&json!(24), &Value::Null));
    let path = format!("{PATH}/{}", first["id"].as_str().expect("has an id"));
    assert_eq!(analyst.get(&path).await, first, "an older one is read by its number");
    assert_eq!(other.status(Method::GET, &path, None).await, StatusCode::NOT_FOUND);
    assert_eq!(other.status(Method::POST, &format!("{path}/cancel"), None).await, StatusCode::NOT_FOUND);
    let ended = analyst.ok(Method::POST, &format!("{path}/cancel"), None).await;
    assert_eq!(ended, first, "one that has ended stays as it ended");
    // Another console at the same database.
    let again = another_at(&running).await;
    assert_eq!(analyst.at(&again).get(PATH).await, kept);
    for _ in 0..10 {
        hunted(&analyst, json!({"indicators": "203.0.113.4"})).await;
    }
    assert_eq!(analyst.get(PATH).await["items"].as_array().map(Vec::len), Some(10));
    assert_eq!(analyst.status(Method::GET, &path, None).await, StatusCode::NOT_FOUND, "the oldest are forgotten");
}
