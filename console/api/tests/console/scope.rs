//! Scopes over a large tree, and the way everything is written.

use std::collections::BTreeMap;
use std::path::Path;

use crate::security::operations;
use crate::support::{Browser, Running, alert, deliver, hours_later, start, start_with};
use fengsui_api::{ConsoleSettings, Role, matrix};
use fengsui_schema::UnitCode;
use reqwest::Method;
use serde_json::{Value, json};

/// A fixed sequence of numbers that look random (splitmix64), so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % below as u64).expect("fits")
    }
}

const UNITS: usize = 15_000;
const VIEWERS: usize = 60;
const ALERTS: usize = 400;

#[tokio::test]
async fn nothing_leaks_in_a_tree_of_fifteen_thousand_units() {
    let divisions: toml::Value = toml::from_str(include_str!("../../data/units.toml")).expect("is TOML");
    let codes: Vec<String> = divisions["units"]
        .as_array()
        .expect("is a list")
        .iter()
        .map(|unit| unit["code"].as_str().expect("is text").to_owned())
        .collect();
    let counties: Vec<&String> = codes.iter().filter(|code| !code.ends_with("00")).collect();
    let mut units = BTreeMap::new();
    for number in 0..UNITS - codes.len() {
        let (county, suffix) = (counties[number % counties.len()], number / counties.len());
        units.insert(format!("{county}-{suffix:02}"), format!("单位{number}"));
    }
    let all: Vec<String> = codes.iter().cloned().chain(units.keys().cloned()).collect();
    assert_eq!(all.len(), UNITS);
    let running = start_with(ConsoleSettings { units, ..ConsoleSettings::default() }).await;

    let mut numbers = Numbers(20_261_126);
    let homes: Vec<&String> = (0..ALERTS).map(|_| &all[numbers.next(all.len())]).collect();
    let alerts = homes.iter().zip(1_u32..).map(|(unit, number)| alert(number, unit, "扫描")).collect();
    deliver(&running, alerts).await;
    let mut pairs = 0;
    for viewer in 0..VIEWERS {
        // Half of the viewers sit high up, where most could leak.
        let unit = if viewer % 2 == 0 { &codes[numbers.next(codes.len())] } else { &all[numbers.next(all.len())] };
        let own: UnitCode = unit.parse().expect("is a code");
        let person = running.person(&format!("viewer{viewer}"), Role::Analyst, unit).await;
        let seen = person.get("/alerts?state=all&grouped=false&limit=500").await["items"].to_string();
        for (home, number) in homes.iter().zip(1_u32..) {
            let home: UnitCode = home.parse().expect("is a code");
            let below = home.path().starts_with(&own.path());
            assert_eq!(seen.contains(&format!("\"{number:032x}\"")), below, "{unit} and {home}");
            pairs += 1;
        }
    }
    assert_eq!(pairs, VIEWERS * ALERTS);
}

/// One account of every role in a unit.
async fn everybody(running: &Running, unit: &str) -> Vec<(Role, Browser)> {
    let mut people = Vec::new();
    for role in Role::ALL {
        let name = format!("{}-{unit}", role.as_str().replace('_', "-"));
        people.push((role, running.person(&name, role, unit).await));
    }
    people
}

/// Objects of a unit: made there, or by the tier above for it. Their ids.
async fn objects_of(running: &Running, unit: &str, above: &Browser) -> Vec<String> {
    deliver(running, vec![alert(1, unit, "注入")]).await;
    let alert = format!("{:032x}", 1);
    let analyst = running.person("maker", Role::Analyst, unit).await;
    let steward = running.person("keeper", Role::Steward, unit).await;
    let id = |value: &Value| value.as_str().expect("has an id").to_owned();
    let incident = json!({"title": "注入", "grade": "larger", "alert_ids": [alert]});
    let incident = id(&analyst.post("/incidents", incident).await["row"]["id"]);
    let order = json!({"title": "处置", "instructions": "断网", "units": [unit], "steps": ["断网"]});
    let task = id(&above.post(&format!("/incidents/{incident}/tasks"), order).await["tasks"][0]["id"]);
    let asset = json!({"name": "居民表", "kind": "file", "location": "居民.csv", "custodian": "王", "grade": "level3", "unit": unit});
    let asset = id(&steward.post("/assets", asset).await["items"][0]["id"]);
    let drill = id(&analyst.post("/drills", json!({"title": "演练"})).await["row"]["id"]);
    let handover = json!({"text": "盯住", "incident_ids": [incident]});
    let handover = id(&analyst.post("/handovers", handover).await["items"][0]["id"]);
    let warning = json!({"level": "yellow", "title": "注入增多", "reason": "有单位被攻击", "measures": "加固",
                         "units": [unit], "valid_until": hours_later(running, 24)});
    let warning = id(&above.post("/warnings", warning).await["id"]);
    let policy = crate::regulations::policy(running, &[unit]);
    let policy = id(&above.post("/regulations", policy).await["row"]["id"]);
    let coordinator = running.person("arranger", Role::Coordinator, unit).await;
    let mut prepared = Vec::new();
    let (begin, end) = (hours_later(running, -1), hours_later(running, 8));
    let liaison = json!({"unit": unit, "duty": "liaison", "name": "王", "post": "主任", "phone": "0931-8460001"});
    prepared.push(id(&coordinator.post("/duty/people", liaison).await["items"][0]["id"]));
    let shift = json!({"unit": unit, "begins_at": begin, "ends_at": end, "name": "王", "phone": "0931-8460001"});
    prepared.push(id(&coordinator.post("/duty/shifts", shift).await["items"][0]["id"]));
    prepared.push(id(&coordinator.post("/duty/drills", json!({"title": "联络演练"})).await["row"]["id"]));
    let course =
        json!({"unit": unit, "kind": "course", "title": "培训", "held_at": begin, "expected": 9, "attended": 8});
    prepared.push(id(&coordinator.post("/trainings", course).await["items"][0]["id"]));
    let step = json!({"phase": "先期处置", "text": "断网", "who": "联络员"});
    let plan = json!({"title": "预案", "scenario": "勒索", "steps": [step]});
    prepared.push(id(&coordinator.post("/plans", plan).await["id"]));
    let activate = format!("/plans/{}/activations", prepared[4]);
    let drill_of_plan = json!({"kind": "drill", "level": "iv", "reason": "演练"});
    prepared.push(id(&coordinator.post(&activate, drill_of_plan).await["id"]));
    let appeal = json!({"from": hours_later(running, -99), "to": begin, "text": "有误"});
    prepared.push(id(&coordinator.post("/appeals", appeal).await["items"][0]["id"]));
    let talk = json!({"unit": unit, "person": "主任", "reason": "末位", "basis": "责任制", "measures": "整改",
                      "held_at": begin, "due_at": end});
    prepared.push(id(&above.post("/talks", talk).await["items"][0]["id"]));
    let system = running.person("wirer", Role::Sysadmin, unit).await;
    let way = json!({"name": "网关", "kind": "http", "url": "https://sms.example/", "enabled": false,
                     "options": {"content": "text", "template": "{{text}}"}});
    prepared.push(id(&system.post("/channels", way).await["id"]));
    let told = format!("/channels/{}/subscriptions", prepared[8]);
    let told = system.post(&told, json!({"event": "task_new"})).await;
    prepared.push(id(&told["subscriptions"][0]["id"]));
    // A number may be that of objects of several kinds: every route is asked for each number once.
    let mut ids = vec![alert, incident, task, asset, drill, handover, warning, policy];
    ids.extend(prepared.into_iter().filter(|one| !one.is_empty()));
    ids.sort();
    ids.dedup();
    ids
}

/// What one of the acts on an object carries.
fn bodies() -> [Option<Value>; 10] {
    [
        None,
        Some(json!({})),
        Some(json!({"reason": "测试"})),
        Some(json!({"text": "测试"})),
        Some(json!({"approve": true, "reason": "测试"})),
        Some(json!({"grade": "major", "reason": "测试"})),
        Some(json!({"step": 0, "done": true})),
        Some(json!({"kind": "drill", "level": "iv", "reason": "测试"})),
        Some(json!({"person": "1", "reached": true})),
        Some(json!({"version": 1})),
    ]
}

/// Everything that some people may ask for about some objects; how often they got it: read, listed, changed.
async fn got(people: &[(Role, Browser)], ids: &[String], unit: &str) -> [usize; 3] {
    let (mut read, mut listed, mut changed) = (0, 0, 0);
    for (method, path) in operations() {
        let action = matrix().action(&format!("{method} {path}")).expect("has a row").to_owned();
        let asked = path
            .trim_start_matches("/api/v1")
            .replace("{clock_id}", "1")
            .replace("{attachment_id}", "1")
            .replace("{version}", "1");
        if asked.ends_with("/stream") {
            continue;
        }
        for (_, person) in people.iter().filter(|(role, _)| matrix().grant(&[*role], &action).is_some()) {
            if method == Method::GET && !asked.contains('{') {
                let (status, answer) = person.send(Method::GET, &asked, None).await;
                assert!(status.as_u16() < 500 || status.as_u16() == 503, "{asked}: {status}");
                listed += usize::from(answer.to_string().contains(unit));
            }
            for id in ids.iter().filter(|_| asked.contains("{id}")) {
                let asked = asked.replace("{id}", id);
                let bodies = if method == Method::GET { vec![None] } else { bodies().to_vec() };
                for body in bodies {
                    let status = person.status(method.clone(), &asked, body).await;
                    assert!(status.as_u16() != 500, "{method} {asked}: {status}");
                    let counted = if method == Method::GET { &mut read } else { &mut changed };
                    *counted += usize::from(status.is_success());
                }
            }
        }
    }
    [read, listed, changed]
}

/// Every role × route × scope: neighbours get nothing of a unit's objects by any route, whoever is above gets to see them,
/// and the unit itself works on them.
#[tokio::test]
async fn no_role_reaches_a_neighbour_by_any_route() {
    let running = start().await;
    let above = running.person("above", Role::Analyst, "620100").await;
    let ids = objects_of(&running, "620102", &above).await;
    let neighbours = everybody(&running, "620123").await;
    assert_eq!(got(&neighbours, &ids, "620102").await, [0, 0, 0], "read, listed, changed by neighbours");
    let own = everybody(&running, "620102").await;
    let [_, _, changed] = got(&own, &ids, "620102").await;
    assert!(changed >= 3, "the unit itself changed {changed}");
    let prefecture = everybody(&running, "620100").await;
    let [read, listed, _] = got(&prefecture[..5], &ids, "620102").await;
    assert!(read >= 15 && listed >= 15, "the tier above read {read} and listed {listed}");
}

/// Source files of the crate with their text.
fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("is a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push((path.display().to_string(), std::fs::read_to_string(&path).expect("is text")));
        }
    }
}

/// A transaction outside of `Change` could write without an entry of the audit log.
#[test]
fn everything_people_change_goes_through_the_audited_transaction() {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    // The transaction itself, what the analyzer and other nodes deliver, the filters of older alerts, when a session was last used, the schema, the
    // first start, the lists that came with the program.
    let known = [
        "src/state.rs",
        "src/ingest/mod.rs",
        "src/search/fill.rs",
        "src/access/session.rs",
        "src/db/",
        "src/console.rs",
        "src/indicators.rs",
        "src/offline.rs",
        "src/tier",
    ];
    for (path, text) in &found {
        let tested = text.split("#[cfg(test)]").next().unwrap_or_default();
        let opens = tested.contains(".begin().await") || tested.contains("begin_with(");
        assert!(!opens || known.iter().any(|known| path.contains(known)), "{path} opens a transaction of its own");
    }
}

/// Every handler of a mutating route begins an audited change, itself or in a function of its file.
#[test]
fn every_mutating_route_begins_an_audited_change() {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/routes"), &mut found);
    let mut checked = 0;
    for (path, text) in &found {
        let functions: Vec<&str> = text.split("async fn ").skip(1).collect();
        let name = |function: &str| function.split(['(', '<']).next().unwrap_or_default().trim().to_owned();
        let audited: Vec<String> = functions
            .iter()
            .filter(|body| body.contains("Change::of(") || body.contains("Change::begin("))
            .map(|body| format!("{}(", name(body)))
            .collect();
        for block in text.split("#[utoipa::path(").skip(1) {
            if !(block.starts_with("post") || block.starts_with("delete") || block.starts_with("put")) {
                continue;
            }
            if block.contains("path = \"/relay/") {
                // What other nodes send is signed and numbered; their inbox keeps it.
                continue;
            }
            if block.contains("path = \"/capabilities/") {
                // What applications ask for changes nothing; that they asked is written before the request is read.
                continue;
            }
            let body = block.split("async fn ").nth(1).unwrap_or_default();
            let begins = body.contains("Change::") || audited.iter().any(|call| body.contains(call.as_str()));
            assert!(begins, "{path}: {} changes something without an audited change", name(body));
            checked += 1;
        }
    }
    assert!(checked > 60, "only {checked} mutating routes were found");
}
