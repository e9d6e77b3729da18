//! The story: an alert becomes an incident, a task of a county, is done, verified and closed; all of it is audited.

use crate::support::{alert, deliver, start};
use fengsui_api::Role;
use fengsui_schema::{Clock, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn an_alert_becomes_a_task_that_is_done() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let officer = running.person("officer", Role::CountyOfficer, "620123").await;
    let neighbour = running.person("neighbour", Role::CountyOfficer, "620122").await;
    let auditor = running.person("auditor", Role::Auditor, "620000").await;
    let hostile = "<img src=x onerror=alert(1)>\u{202e}=cmd|' /C calc'!A0";
    deliver(&running, vec![alert(1, "620123", hostile), alert(2, "620123", "第二次")]).await;
    deliver(&running, vec![alert(1, "620123", hostile)]).await;

    let queue = analyst.get("/alerts").await;
    assert_eq!(queue["total"], 2, "repeated delivery changes nothing");
    let grouped = analyst.get("/alerts?grouped=true").await;
    assert_eq!((&grouped["total"], &grouped["items"][0]["count"]), (&json!(1), &json!(2)));
    let id = format!("{:032x}", 1);
    let detail = analyst.get(&format!("/alerts/{id}")).await;
    assert_eq!(detail["row"]["title_zh"], hostile);
    assert_eq!(detail["alert"]["conditions"][0]["value"], "' OR 1=1");

    let folder = running.folder.path().join("evidence/sensor-1");
    std::fs::create_dir_all(&folder).expect("makes a folder");
    std::fs::write(folder.join("1.pcap"), b"\xd4\xc3\xb2\xa1").expect("writes");
    assert_eq!(analyst.status(Method::GET, &format!("/alerts/{id}/evidence.pcap"), None).await, StatusCode::OK);

    let new = json!({"title": "政务门户遭受注入攻击", "grade": "larger", "alert_ids": [id, format!("{:032x}", 2)]});
    let incident = analyst.post("/incidents", new).await;
    assert_eq!(incident["clocks"][0]["kind"], "report_province");
    assert_eq!(incident["clocks"][0]["seconds_left"], 4 * 3600);
    assert_eq!(incident["suggested_units"][0]["code"], "620123");
    let list = analyst.get("/incidents").await;
    assert_eq!(list["items"][0]["clock"]["kind"], "report_province", "the row shows the clock that runs out first");
    running.clock.advance_minutes(10);
    let clock = incident["clocks"][0]["id"].as_str().expect("has an id");
    let done = format!("/incidents/{}/clocks/{clock}/done", incident["row"]["id"].as_str().expect("has an id"));
    let told = |at: i64, to: &str| {
        let at = Timestamp::from_millis(running.clock.now().as_millis() + at * 60_000).to_string();
        json!({"channel": "hotline", "recipient": to, "done_at": at, "note": "回执 7"})
    };
    for wrong in [told(1, "省委网信办"), told(-11, "省委网信办"), told(-5, " ")] {
        let (status, answer) = analyst.send(Method::POST, &done, Some(wrong)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    }
    let kept = analyst.post(&done, told(-5, "省委网信办")).await["clocks"][0].clone();
    assert_eq!((&kept["state"], &kept["seconds_left"]), (&json!("done"), &json!(4 * 3600 - 5 * 60)));
    let record = &kept["record"];
    assert_eq!((&record["channel"], &record["recorded_by"]), (&json!("hotline"), &json!("analyst 测试")), "{record}");
    assert_eq!(analyst.status(Method::POST, &done, Some(told(-5, "x"))).await, StatusCode::NOT_FOUND, "said once");
    assert_eq!(analyst.get("/incidents").await["items"][0]["clock"], json!(null));
    let incident_id = incident["row"]["id"].as_str().expect("has an id").to_owned();
    let dispatch =
        json!({"units": ["620123"], "title": "核查并封堵", "instructions": "核查主机", "steps": ["断网", "取证"]});
    let tasks = analyst.post(&format!("/incidents/{incident_id}/tasks"), dispatch).await;
    let task = format!("/tasks/{}", tasks["tasks"][0]["id"].as_str().expect("has an id"));

    assert_eq!(neighbour.status(Method::GET, &task, None).await, StatusCode::NOT_FOUND);
    assert_eq!(neighbour.status(Method::POST, &format!("{task}/sign"), None).await, StatusCode::NOT_FOUND);
    assert_eq!(officer.get("/tasks?state=to_sign").await["total"], 1);
    assert_eq!(officer.status(Method::GET, "/alerts", None).await, StatusCode::FORBIDDEN);
    let early = officer.status(Method::POST, &format!("{task}/submit"), Some(json!({"text": "done"}))).await;
    assert_eq!(early, StatusCode::CONFLICT);
    officer.ok(Method::POST, &format!("{task}/sign"), None).await;
    officer.post(&format!("{task}/steps"), json!({"index": 0, "done": true})).await;
    officer.post(&format!("{task}/progress"), json!({"text": "已断网"})).await;
    let submitted = officer.post(&format!("{task}/submit"), json!({"text": "已处置"})).await;
    assert_eq!(submitted["row"]["state"], "submitted");
    assert_eq!(submitted["row"]["steps_done"], 1);
    assert_eq!(officer.status(Method::POST, &format!("{task}/verify"), Some(json!({}))).await, StatusCode::FORBIDDEN);

    analyst.post(&format!("{task}/verify"), json!({"text": "同意"})).await;
    let closed = analyst.ok(Method::POST, &format!("{task}/close"), None).await;
    assert_eq!(closed["row"]["state"], "closed");
    let closed = analyst.post(&format!("/incidents/{incident_id}/close"), json!({"reason": "处置完毕"})).await;
    assert_eq!(closed["row"]["state"], "closed");
    assert_eq!(analyst.get("/alerts").await["total"], 0, "alerts are closed with their incident");

    assert_eq!(auditor.ok(Method::POST, "/audit/verify", None).await["ok"], true);
    let audit = auditor.get("/audit?limit=200").await.to_string();
    for action in [
        "session.login",
        "incident.write.create",
        "task.issue.dispatch",
        "task.work.sign",
        "task.work.step",
        "task.work.progress",
        "task.work.submit",
        "task.issue.verify",
        "task.issue.close",
        "incident.write.close",
    ] {
        assert!(audit.contains(action), "{action} is not in the audit log");
    }
    assert!(!audit.contains("Qilian-Shan"), "no password in the audit log");
}

#[tokio::test]
async fn many_alerts_close_at_once_and_come_back() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let alerts =
        (1..=60).map(|number| alert(number, if number % 2 == 0 { "620123" } else { "620102" }, "扫描")).collect();
    deliver(&running, alerts).await;
    let head = &analyst.get("/alerts?grouped=true").await["items"][0]["id"];
    let close = json!({"ids": [head], "action": "close", "disposition": "false_positive", "whole_groups": true});
    let closed = analyst.post("/alerts/actions", close).await;
    assert_eq!(closed["changed"], 30);
    assert_eq!(analyst.get("/overview").await["alerts_open_by_severity"]["high"], 30);
    let undone = analyst.post("/alerts/undo", json!({"undo_token": closed["undo_token"]})).await;
    assert_eq!(undone["changed"], 30);
    assert_eq!(analyst.get("/overview").await["alerts_open_by_severity"]["high"], 60);
    let (status, _) =
        analyst.send(Method::POST, "/alerts/undo", Some(json!({"undo_token": closed["undo_token"]}))).await;
    assert_eq!(status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_prefecture_divides_urges_and_judges_what_its_counties_do() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let coordinator = running.person("coordinator", Role::Coordinator, "620100").await;
    let stranger = running.person("stranger", Role::Coordinator, "620900").await;
    let officer = running.person("officer", Role::CountyOfficer, "620123").await;
    deliver(&running, vec![alert(1, "620123", "注入")]).await;
    let new = json!({"title": "注入", "grade": "larger", "alert_ids": [format!("{:032x}", 1)]});
    let incident = analyst.post("/incidents", new).await["row"]["id"].as_str().expect("has an id").to_owned();
    let dispatch = json!({"units": ["620100"], "title": "核查", "instructions": "核查", "steps": ["断网"]});
    let made = analyst.post(&format!("/incidents/{incident}/tasks"), dispatch).await;
    let task = format!("/tasks/{}", made["tasks"][0]["id"].as_str().expect("has an id"));
    let divide = |units: serde_json::Value| Some(json!({"units": units, "instructions": "今晚完成"}));
    let path = format!("{task}/divide");
    assert_eq!(stranger.status(Method::POST, &path, divide(json!(["620123"]))).await, StatusCode::NOT_FOUND);
    for wrong in [json!([]), json!(["620900"]), json!(["620100"]), json!(["620922"])] {
        assert_eq!(coordinator.status(Method::POST, &path, divide(wrong)).await, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let divided = coordinator.ok(Method::POST, &path, divide(json!(["620123", "620122"]))).await;
    assert_eq!(divided["children"].as_array().map(Vec::len), Some(2));
    assert_eq!(divided["row"]["state"], "signed", "dividing signs for it");
    assert_eq!(
        coordinator
            .status(Method::POST, &format!("{task}/forward"), Some(json!({"unit": "620123", "reason": "x"})))
            .await,
        StatusCode::CONFLICT
    );

    let own = officer.get("/tasks?state=to_sign").await["items"][0]["id"].as_str().expect("has an id").to_owned();
    let part = format!("/tasks/{own}");
    let urge = Some(json!({"text": "请尽快签收"}));
    let urged = coordinator.ok(Method::POST, &format!("{part}/urge"), urge.clone()).await;
    assert_eq!(urged["urged_times"], 1);
    assert_eq!(coordinator.status(Method::POST, &format!("{part}/urge"), urge).await, StatusCode::TOO_MANY_REQUESTS);
    officer.ok(Method::POST, &format!("{part}/sign"), None).await;
    officer.post(&format!("{part}/submit"), json!({"text": "已处置"})).await;
    assert_eq!(
        analyst.status(Method::POST, &format!("{part}/verify"), Some(json!({}))).await,
        StatusCode::FORBIDDEN,
        "who issued judges"
    );
    coordinator.post(&format!("{part}/verify"), json!({})).await;
    coordinator.post(&format!("{task}/submit"), json!({"text": "辖区已完成"})).await;
    analyst.post(&format!("{task}/verify"), json!({})).await;
}

#[tokio::test]
async fn units_of_other_regions_take_part_in_a_joint_case() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620100").await;
    let guest = running.person("guest", Role::Coordinator, "620900").await;
    let stranger = running.person("stranger", Role::Coordinator, "621000").await;
    let officer = running.person("officer", Role::CountyOfficer, "620902").await;
    deliver(&running, vec![alert(1, "620123", "注入")]).await;
    let new = json!({"title": "跨地区攻击", "grade": "major", "alert_ids": [format!("{:032x}", 1)]});
    let id = analyst.post("/incidents", new).await["row"]["id"].as_str().expect("has an id").to_owned();
    let (path, units) = (format!("/incidents/{id}"), format!("/incidents/{id}/participants"));
    assert_eq!(guest.status(Method::GET, &path, None).await, StatusCode::NOT_FOUND);
    let asked = |unit: &str, role: &str| Some(json!({"unit": unit, "role": role}));
    for (wrong, status) in [
        (asked("620123", "assist"), StatusCode::UNPROCESSABLE_ENTITY),
        (asked("6209", "assist"), StatusCode::UNPROCESSABLE_ENTITY),
        (asked("629999", "assist"), StatusCode::NOT_FOUND),
        (asked("620900", "boss"), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        assert_eq!(analyst.status(Method::POST, &units, wrong.clone()).await, status, "{wrong:?}");
    }
    analyst.ok(Method::POST, &units, asked("620900", "lead")).await;
    let joint = analyst.ok(Method::POST, &units, asked("620200", "lead")).await;
    let roles: Vec<(&str, &str)> = joint["participants"]
        .as_array()
        .expect("is a list")
        .iter()
        .map(|one| (one["unit"]["code"].as_str().expect("text"), one["role"].as_str().expect("text")))
        .collect();
    assert_eq!(roles, [("620200", "lead"), ("620900", "assist")], "one leads");

    let seen = guest.get(&path).await;
    assert_eq!(
        (&seen["row"]["id"], &seen["alerts"]),
        (&json!(id), &json!([])),
        "alerts stay with those whose they are"
    );
    assert_eq!(guest.get("/incidents").await["total"], 1);
    let comment = Some(json!({"text": "酒泉侧已封堵同一来源"}));
    guest.ok(Method::POST, &format!("{path}/comments"), comment.clone()).await;
    assert!(analyst.get(&path).await["comments"].to_string().contains("酒泉侧已封堵"));
    assert_eq!(stranger.status(Method::GET, &path, None).await, StatusCode::NOT_FOUND);
    assert_eq!(
        stranger.status(Method::POST, &format!("{path}/comments"), comment.clone()).await,
        StatusCode::NOT_FOUND
    );
    assert_eq!(officer.status(Method::GET, &path, None).await, StatusCode::FORBIDDEN);
    let close = Some(json!({"reason": "完毕"}));
    assert_eq!(guest.status(Method::POST, &format!("{path}/close"), close).await, StatusCode::FORBIDDEN);

    analyst.ok(Method::POST, &format!("{units}/remove"), Some(json!({"unit": "620900"}))).await;
    assert_eq!(guest.status(Method::GET, &path, None).await, StatusCode::NOT_FOUND, "and is out again");
    assert_eq!(guest.status(Method::POST, &format!("{path}/comments"), comment).await, StatusCode::NOT_FOUND);
    assert_eq!(
        analyst.status(Method::POST, &format!("{units}/remove"), Some(json!({"unit": "620900"}))).await,
        StatusCode::NOT_FOUND
    );
}
