//! Playbooks, warnings and notifications: who may do what, what a second person has to agree to, who sees what.

use crate::support::{Browser, Running, alert, deliver, hours_later, start};
use fengsui_api::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

fn warning(running: &Running, level: &str, units: &[&str]) -> Value {
    json!({
        "level": level, "title": "公文系统漏洞被利用", "reason": "国家通报", "measures": "排查并加固",
        "units": units, "valid_until": hours_later(running, 48)
    })
}

fn path(warning: &Value) -> String {
    format!("/warnings/{}", warning["id"].as_str().expect("has an id"))
}

async fn kinds(person: &Browser) -> Vec<String> {
    let items = person.get("/notifications").await["items"].clone();
    let items = items.as_array().expect("is a list").clone();
    items.iter().map(|item| item["kind"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn steps_of_a_playbook_are_kept_and_audited() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let leader = running.person("leader", Role::Leader, "620000").await;
    let stranger = running.person("stranger", Role::Analyst, "620200").await;
    let auditor = running.person("auditor", Role::Auditor, "620000").await;
    deliver(&running, vec![alert(1, "620123", "SQL 注入")]).await;
    let alert = format!("/alerts/{:032x}", 1);
    let seen = leader.get(&alert).await;
    assert_eq!((&seen["playbook"]["name"], &seen["evidence_below"]), (&json!("web-intrusion"), &json!(false)));
    let first = seen["playbook"]["steps"][0]["id"].clone();
    let tick = |done: bool| Some(json!({"step": first, "done": done}));
    let steps = format!("{alert}/steps");

    assert_eq!(leader.status(Method::POST, &steps, tick(true)).await, StatusCode::FORBIDDEN);
    assert_eq!(stranger.status(Method::POST, &steps, tick(true)).await, StatusCode::NOT_FOUND);
    let (status, _) = analyst.send(Method::POST, &steps, Some(json!({"step": "nothing", "done": true}))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    for _ in 0..2 {
        let done = analyst.ok(Method::POST, &steps, tick(true)).await;
        assert_eq!(done["playbook"]["steps"][0]["done_by"], "analyst");
        let ticks = done["history"].as_array().expect("is a list").iter().filter(|line| line["action"] == "step_done");
        assert_eq!(ticks.count(), 1, "ticking twice is one line of history");
    }
    let back = analyst.ok(Method::POST, &steps, tick(false)).await;
    assert_eq!(
        (&back["playbook"]["steps"][0]["done_by"], &back["history"][0]["action"]),
        (&Value::Null, &json!("step_undone"))
    );
    let log = auditor.get("/audit?action=alert.step").await["items"].to_string();
    assert!(log.contains("web-intrusion/") && log.contains("taken back"), "{log}");
}

#[tokio::test]
async fn a_grave_warning_needs_two_persons() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let leader = running.person("leader", Role::Leader, "620000").await;
    let officer = running.person("officer", Role::CountyOfficer, "620123").await;
    let auditor = running.person("auditor", Role::Auditor, "620000").await;
    let proposed = analyst.post("/warnings", warning(&running, "red", &["620100", "620123"])).await;
    assert_eq!(
        (&proposed["state"], &proposed["unit_count"]),
        (&json!("proposed"), &json!(1)),
        "a part of a unit is warned with it"
    );
    let red = path(&proposed);
    assert_eq!(officer.get("/warnings").await["items"], json!([]), "nobody is warned before");
    assert_eq!(officer.status(Method::GET, &red, None).await, StatusCode::NOT_FOUND);
    assert_eq!(kinds(&leader).await, ["warning_decide"]);
    let decision = |approve: bool| json!({"approve": approve, "reason": "情况属实"});
    let decide = format!("{red}/decide");
    assert_eq!(analyst.status(Method::POST, &decide, Some(decision(true))).await, StatusCode::FORBIDDEN);
    let issued = leader.post(&decide, decision(true)).await;
    assert_eq!(issued["state"], "in_force");
    assert_eq!(leader.status(Method::POST, &decide, Some(decision(true))).await, StatusCode::CONFLICT);
    assert!(kinds(&leader).await.is_empty());

    let seen = officer.get("/warnings?current=true").await["items"][0].clone();
    assert_eq!(
        (&seen["is_for_me"], &seen["history"]),
        (&json!(true), &json!([])),
        "a county hears of its prefecture's"
    );
    let change = format!("{red}/change");
    let lower = json!({"level": "blue", "reason": "已全部加固"});
    let asked = analyst.post(&change, lower.clone()).await;
    assert_eq!((&asked["level"], &asked["wanted"]["what"]), (&json!("red"), &json!("blue")), "nothing changes yet");
    assert_eq!(analyst.status(Method::POST, &change, Some(lower)).await, StatusCode::CONFLICT, "one change at a time");
    assert_eq!(leader.post(&decide, decision(false)).await["level"], "red");
    analyst.post(&change, json!({"level": null, "reason": "风险消除"})).await;
    assert_eq!(leader.post(&decide, decision(true)).await["state"], "lifted");
    assert_eq!(officer.get("/warnings?current=true").await["items"], json!([]));
    let log = auditor.get("/audit?action=warning").await["items"].to_string();
    for action in ["warning.create", "warning.change", "warning.decide"] {
        assert!(log.contains(action), "{action} is in the audit log");
    }
}

/// Who asked can't agree, whatever roles they have.
#[tokio::test]
async fn nobody_agrees_with_themselves() {
    let running = start().await;
    let secadmin = running.person("sec", Role::Secadmin, "620000").await;
    let both = running.person("both", Role::Analyst, "620000").await;
    let users = running.person("sys", Role::Sysadmin, "620000").await.get("/users").await["items"].clone();
    let id =
        users.as_array().expect("is a list").iter().find(|user| user["username"] == "both").expect("is there")["id"]
            .clone();
    let roles = json!({"roles": ["analyst", "leader"]});
    secadmin.post(&format!("/users/{}/roles", id.as_str().expect("is text")), roles).await;
    drop(both);
    let both = running.browser();
    let login = json!({"username": "both", "password": crate::support::PASSWORD});
    both.ok(Method::POST, "/session", Some(login)).await;
    let proposed = both.post("/warnings", warning(&running, "orange", &["620100"])).await;
    assert_eq!(proposed["allowed"], json!([]));
    let decide = format!("{}/decide", path(&proposed));
    let agree = json!({"approve": true, "reason": "同意"});
    assert_eq!(both.status(Method::POST, &decide, Some(agree)).await, StatusCode::CONFLICT);
}

#[tokio::test]
async fn warned_units_see_it_and_give_receipts() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let warned = running.person("warned", Role::CountyOfficer, "620123").await;
    let neighbour = running.person("neighbour", Role::CountyOfficer, "620122").await;
    let above = running.person("above", Role::Coordinator, "620100").await;
    let elsewhere = running.person("elsewhere", Role::Coordinator, "620200").await;
    for (level, units, hours) in [("blue", vec!["620123"], 0), ("blue", vec![], 5), ("black", vec!["620123"], 5)] {
        let mut wrong = warning(&running, level, &units);
        wrong["valid_until"] = hours_later(&running, hours).into();
        let (status, answer) = analyst.send(Method::POST, "/warnings", Some(wrong)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    }
    let outside = Some(warning(&running, "blue", &["620200"]));
    assert_eq!(above.status(Method::POST, "/warnings", outside).await, StatusCode::UNPROCESSABLE_ENTITY);
    let made = analyst.post("/warnings", warning(&running, "yellow", &["620123"])).await;
    assert_eq!(made["state"], "in_force", "a yellow one is in force at once");
    let yellow = path(&made);
    for (person, sees) in [(&warned, true), (&above, true), (&neighbour, false), (&elsewhere, false)] {
        let status = person.status(Method::GET, &yellow, None).await;
        assert_eq!(status == StatusCode::OK, sees);
        assert_eq!(kinds(person).await.contains(&"warning".to_owned()), sees && std::ptr::eq(person, &warned));
    }
    let receipt = format!("{yellow}/receipt");
    assert_eq!(analyst.status(Method::POST, &receipt, None).await, StatusCode::FORBIDDEN);
    assert_eq!(
        above.status(Method::POST, &receipt, None).await,
        StatusCode::NOT_FOUND,
        "the receipt is the unit's own"
    );
    let given = warned.ok(Method::POST, &receipt, None).await;
    assert_eq!((&given["receipts"], &given["allowed"]), (&json!(1), &json!([])));
    assert!(kinds(&warned).await.is_empty());
    let raised = analyst.post(&format!("{yellow}/change"), json!({"level": "blue", "reason": "缓解"})).await;
    assert_eq!((&raised["level"], &raised["receipts"]), (&json!("blue"), &json!(0)), "another level is other news");
    let screen = analyst.get("/posture").await["warnings"].clone();
    assert_eq!((screen[0]["level"].as_str(), screen.as_array().map(Vec::len)), (Some("blue"), Some(1)));
    running.clock.advance_minutes(49 * 60);
    let over = running.browser();
    over.ok(Method::POST, "/session", Some(json!({"username": "warned", "password": crate::support::PASSWORD}))).await;
    assert_eq!(over.get(&yellow).await["state"], "expired");
    assert_eq!(over.status(Method::POST, &receipt, None).await, StatusCode::CONFLICT);
}

#[tokio::test]
async fn notifications_are_there_until_it_is_done() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let officer = running.person("officer", Role::CountyOfficer, "620123").await;
    let colleague = running.person("colleague", Role::CountyOfficer, "620123").await;
    let stranger = running.person("stranger", Role::CountyOfficer, "620122").await;
    deliver(&running, vec![alert(1, "620123", "SQL 注入")]).await;
    let incident = json!({"title": "注入", "grade": "general", "alert_ids": [format!("{:032x}", 1)]});
    let incident = analyst.post("/incidents", incident).await;
    let tasks =
        json!({"units": ["620123"], "title": "处置", "instructions": "按步骤", "steps": [], "priority": "normal"});
    let made =
        analyst.post(&format!("/incidents/{}/tasks", incident["row"]["id"].as_str().expect("has an id")), tasks).await;
    let task = format!("/tasks/{}", made["tasks"][0]["id"].as_str().expect("has an id"));
    let waiting = officer.get("/notifications").await;
    assert_eq!((&waiting["unread"], &waiting["items"][0]["kind"]), (&json!(1), &json!("task_new")));
    let names = json!({"names": [waiting["items"][0]["name"]]});
    assert_eq!(officer.post("/notifications/read", names).await["unread"], 0);
    assert_eq!(officer.get("/notifications").await["items"][0]["read"], true);
    assert_eq!(colleague.get("/notifications").await["unread"], 1, "everybody reads for themselves");
    assert!(kinds(&stranger).await.is_empty());
    officer.ok(Method::POST, &format!("{task}/sign"), None).await;
    assert!(kinds(&officer).await.is_empty(), "what is done waits no longer");
    officer.post(&format!("{task}/submit"), json!({"text": "已处置"})).await;
    assert_eq!(kinds(&analyst).await, ["task_submitted"]);
    analyst.post(&format!("{task}/verify"), json!({"text": "属实"})).await;
    assert!(kinds(&analyst).await.is_empty());
}
