//! The policy library (制度库): who sees, publishes and signs what, and how much of it is signed.

use crate::support::{Browser, Running, hours_later, start};
use fengsui_api::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// The file that goes with the policies of tests.
pub const FILE: &[u8] = b"%PDF-1.7 policy";

/// A version to publish.
pub fn version(running: &Running, title: &str, units: &[&str]) -> Value {
    json!({
        "title": title, "text": "第一条 <b>专人</b>负责。\n第二条 每季度演练。", "changes": "", "units": units,
        "effective_at": hours_later(running, 24), "sign_by": hours_later(running, 48),
        // FILE in base64.
        "file": {"name": "../制度.pdf", "content_base64": "JVBERi0xLjcgcG9saWN5"}
    })
}

/// A policy to publish.
pub fn policy(running: &Running, units: &[&str]) -> Value {
    json!({"category": "emergency", "kind": "regime", "content": version(running, "应急处置制度", units)})
}

fn path(made: &Value) -> String {
    format!("/regulations/{}", made["row"]["id"].as_str().expect("has an id"))
}

fn numbers(coverage: &Value) -> [i64; 3] {
    ["due", "signed", "overdue"].map(|name| coverage[name].as_i64().expect("is a number"))
}

async fn sign(person: &Browser, path: &str, version: i64) -> StatusCode {
    person.status(Method::POST, &format!("{path}/sign"), Some(json!({"version": version}))).await
}

#[tokio::test]
async fn a_policy_is_published_read_and_signed_once() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let officer = running.person("officer", Role::CountyOfficer, "620123").await;
    let neighbour = running.person("neighbour", Role::CountyOfficer, "620122").await;
    let prefecture = running.person("prefecture", Role::Coordinator, "620100").await;
    let elsewhere = running.person("elsewhere", Role::Coordinator, "620200").await;
    let auditor = running.person("auditor", Role::Auditor, "620000").await;
    let made = analyst.post("/regulations", policy(&running, &["620100", "620123", "620123"])).await;
    let policy = path(&made);
    assert_eq!(numbers(&made["row"]["coverage"]), [2, 0, 0], "{made}");
    assert_eq!(made["row"]["allowed"], json!(["revise", "withdraw", "urge"]));
    for (person, sees) in [(&officer, true), (&prefecture, true), (&neighbour, false), (&elsewhere, false)] {
        for part in ["", "/versions/1", "/versions/1/file"] {
            let status = person.status(Method::GET, &format!("{policy}{part}"), None).await;
            assert_eq!(status, if sees { StatusCode::OK } else { StatusCode::NOT_FOUND }, "{part}");
        }
        let listed = person.get("/regulations").await["items"].as_array().map(Vec::len);
        assert_eq!(listed, Some(usize::from(sees)));
    }
    let seen = officer.get(&policy).await;
    assert_eq!(seen["text"]["text"], "第一条 <b>专人</b>负责。\n第二条 每季度演练。", "nothing in it is markup");
    assert_eq!(seen["text"]["file"], json!({"name": "制度.pdf", "bytes": FILE.len()}));
    assert_eq!(officer.bytes(&format!("{policy}/versions/1/file")).await, FILE);
    assert_eq!(numbers(&seen["row"]["coverage"]), [1, 0, 0], "signatures are counted within reach");
    assert_eq!(seen["units"].as_array().map(Vec::len), Some(1));

    assert_eq!(sign(&analyst, &policy, 1).await, StatusCode::FORBIDDEN);
    assert_eq!(sign(&neighbour, &policy, 1).await, StatusCode::NOT_FOUND);
    assert_eq!(sign(&officer, &policy, 2).await, StatusCode::CONFLICT, "a version that there is not");
    assert_eq!(sign(&officer, &policy, 1).await, StatusCode::OK);
    assert_eq!(sign(&officer, &policy, 1).await, StatusCode::CONFLICT, "a unit signs a version once");
    let seen = officer.get(&policy).await;
    assert_eq!((&seen["units"][0]["signed_by"], &seen["row"]["allowed"]), (&json!("officer 测试"), &json!([])));
    assert_eq!(numbers(&analyst.get(&policy).await["row"]["coverage"]), [2, 1, 0]);
    assert_eq!(numbers(&prefecture.get("/regulations/coverage").await["total"]), [2, 1, 0]);
    let log = auditor.get("/audit?action=regulation").await["items"].to_string();
    assert!(log.contains("regulation.create") && log.contains("regulation.sign"), "{log}");
}

#[tokio::test]
async fn a_new_version_is_signed_anew_and_the_old_one_stays() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let officer = running.person("officer", Role::CountyOfficer, "620123").await;
    let policy = path(&analyst.post("/regulations", policy(&running, &["620123"])).await);
    assert_eq!(sign(&officer, &policy, 1).await, StatusCode::OK);
    let mut second = version(&running, "应急处置制度（修订）", &["620122", "620123"]);
    second["text"] = "第一条 双人负责。".into();
    second["changes"] = "双人".into();
    second["file"] = Value::Null;
    let versions = format!("{policy}/versions");
    assert_eq!(officer.status(Method::POST, &versions, Some(second.clone())).await, StatusCode::FORBIDDEN);
    let revised = analyst.post(&versions, second).await;
    assert_eq!((&revised["row"]["version"], &revised["text"]["file"]), (&json!(2), &Value::Null));
    assert_eq!(numbers(&revised["row"]["coverage"]), [2, 0, 0]);
    assert_eq!(revised["versions"][0]["changes"], "双人");
    assert_eq!(numbers(&revised["versions"][1]["coverage"]), [1, 1, 0], "what was signed stays on record");
    let old = officer.get(&format!("{policy}/versions/1")).await;
    assert!(old["text"].as_str().is_some_and(|text| text.contains("专人")), "{old}");
    assert_eq!(sign(&officer, &policy, 1).await, StatusCode::CONFLICT, "an old version is not signed any more");
    let waiting = officer.get("/regulations?to_sign=true").await["items"].clone();
    assert_eq!((&waiting[0]["version"], &waiting[0]["allowed"]), (&json!(2), &json!(["sign"])));
    assert_eq!(sign(&officer, &policy, 2).await, StatusCode::OK);
    assert_eq!(officer.get("/regulations?to_sign=true").await["items"], json!([]));

    let withdraw = format!("{policy}/withdraw");
    let reason = json!({"reason": "并入总则"});
    assert!(analyst.post(&withdraw, reason.clone()).await["row"]["withdrawn_at"].is_string());
    assert_eq!(analyst.status(Method::POST, &withdraw, Some(reason)).await, StatusCode::CONFLICT);
    assert_eq!(analyst.get("/regulations/coverage").await["units"], json!([]), "what holds no longer is not counted");
}

#[tokio::test]
async fn units_behind_are_counted_and_urged() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let prefecture = running.person("prefecture", Role::Coordinator, "620100").await;
    let officer = running.person("officer", Role::CountyOfficer, "620123").await;
    let policies = ["620100", "620122", "620123", "620200"];
    let first = path(&analyst.post("/regulations", policy(&running, &policies)).await);
    let second = path(&analyst.post("/regulations", policy(&running, &["620123"])).await);
    assert_eq!(sign(&officer, &first, 1).await, StatusCode::OK);
    let waiting = officer.get("/notifications").await;
    assert_eq!((&waiting["unread"], &waiting["items"][0]["kind"]), (&json!(1), &json!("regulation")), "{waiting}");
    officer.post("/notifications/read", json!({"names": [waiting["items"][0]["name"]]})).await;
    assert_eq!(officer.get("/notifications").await["unread"], 0);

    // Who is above urges those within reach, and nobody else.
    running.clock.advance_minutes(5);
    assert_eq!(officer.status(Method::POST, &format!("{second}/urge"), None).await, StatusCode::FORBIDDEN);
    let urged = prefecture.ok(Method::POST, &format!("{first}/urge"), None).await;
    assert_eq!(urged["units"], 2, "620100 and 620122");
    let seen = analyst.get(&first).await["units"].clone();
    let of = |code: &str| {
        let units = seen.as_array().expect("is a list");
        units.iter().find(|one| one["unit"]["code"] == code).expect("is there")["urged_at"].is_string()
    };
    assert!(of("620122") && !of("620200") && !of("620123"));
    analyst.ok(Method::POST, &format!("{second}/urge"), None).await;
    assert_eq!(officer.get("/notifications").await["unread"], 1, "who is urged hears of it again");

    running.clock.advance_minutes(48 * 60);
    let again = running.browser();
    let login = json!({"username": "analyst", "password": crate::support::PASSWORD});
    again.ok(Method::POST, "/session", Some(login)).await;
    let coverage = again.get("/regulations/coverage").await;
    assert_eq!(numbers(&coverage["total"]), [5, 1, 4]);
    let county = coverage["units"].as_array().expect("a list").iter().find(|one| one["unit"]["code"] == "620123");
    assert_eq!(numbers(&county.expect("is there")["coverage"]), [2, 1, 1]);
    let late = again.get(&first).await;
    assert_eq!(numbers(&late["row"]["coverage"]), [4, 1, 3]);
    assert!(late["units"].as_array().expect("a list").iter().all(|one| one["overdue"] == one["signed_at"].is_null()));
}

#[tokio::test]
async fn what_is_wrong_is_refused_by_field() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620100").await;
    let wrong = [
        ("title", json!("")),
        ("text", json!("x".repeat(60_001))),
        ("text", json!("\u{1b}[31m")),
        ("units", json!([])),
        ("units", json!(["620200"])),
        ("units", json!(["nowhere"])),
        ("sign_by", json!("2026-01-01T00:00:00Z")),
        ("effective_at", json!("2126-01-01T00:00:00Z")),
        ("file", json!({"name": "a", "content_base64": "%"})),
        ("file", json!({"name": "a.exe", "content_base64": "TVqQAAMA"})),
    ];
    for (field, value) in wrong {
        let mut new = policy(&running, &["620123"]);
        new["content"][field] = value.clone();
        let (status, answer) = analyst.send(Method::POST, "/regulations", Some(new)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{field} {value}: {answer}");
        assert!(answer.to_string().contains(field), "{field}: {answer}");
    }
    assert_eq!(analyst.get("/regulations").await["items"], json!([]));
}
