//! Readiness: the register of who answers, the roster, drills of calls, trainings, plans that are activated, appeals and
//! talks.

use fengsui_api::Role;
use fengsui_schema::{Clock as _, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Browser, Running, alert, deliver, hours_later, start};

fn person(unit: &str, duty: &str, name: &str, phone: &str) -> Value {
    json!({"unit": unit, "duty": duty, "name": name, "post": "网信办主任", "phone": phone})
}

async fn status(person: &Browser, path: &str, body: Value) -> StatusCode {
    person.status(Method::POST, path, Some(body)).await
}

/// A time some minutes after the test's clock: a session that rests for half an hour is over.
fn minutes_later(running: &Running, minutes: i64) -> String {
    Timestamp::from_millis(running.clock.now().as_millis() + minutes * 60_000).to_string()
}

fn id(value: &Value) -> String {
    value.as_str().expect("has an id").to_owned()
}

#[tokio::test]
pub(crate) async fn every_unit_resolves_to_somebody_who_can_be_called() {
    let running = start().await;
    let coordinator = running.person("coordinator", Role::Coordinator, "620100").await;
    let stranger = running.person("stranger", Role::Coordinator, "620900").await;
    let empty = coordinator.get("/duty/people?unit=620123").await;
    assert_eq!((&empty["contact"], &empty["units"]), (&Value::Null, &json!(1)), "{empty}");
    assert_eq!(empty["gaps"][0]["duties"], json!(["leader", "responsible", "liaison"]));

    coordinator.post("/duty/people", person("620100", "responsible", "马主任", "0931-8460001")).await;
    let above = coordinator.get("/duty/people?unit=620123").await;
    assert_eq!((&above["contact"]["name"], &above["contact"]["unit"]["code"]), (&json!("马主任"), &json!("620100")));
    coordinator.post("/duty/people", person("620123", "liaison", "李联络", "+86 139 0931 0000")).await;
    let own = coordinator.get("/duty/people?unit=620123").await;
    assert_eq!(
        (&own["contact"]["phone"], &own["contact"]["duty"]),
        (&json!("+86 139 0931 0000"), &json!("liaison")),
        "{own}"
    );
    let shift = json!({"unit": "620123", "begins_at": hours_later(&running, -1), "ends_at": minutes_later(&running, 20),
                       "name": "值班王", "phone": "0931-5221110"});
    let roster = coordinator.post("/duty/shifts", shift.clone()).await;
    assert_eq!((&roster["items"][0]["is_now"], &roster["empty"]), (&json!(true), &json!([])));
    let on_duty = coordinator.get("/duty/people?unit=620123").await;
    assert_eq!((&on_duty["contact"]["name"], &on_duty["contact"]["duty"]), (&json!("值班王"), &Value::Null));
    running.clock.advance_minutes(21);
    let roster = coordinator.get("/duty/shifts").await;
    assert_eq!((&roster["items"], &roster["empty"][0]["code"]), (&json!([]), &json!("620123")), "nobody took over");

    for wrong in [
        person("620123", "liaison", "", "0931-8460001"),
        person("620123", "liaison", "李", "=cmd"),
        person("620123", "boss", "李", "0931-8460001"),
        person("6201", "liaison", "李", "0931-8460001"),
    ] {
        assert_eq!(status(&coordinator, "/duty/people", wrong).await, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let foreign = person("620900", "liaison", "李", "0931-8460001");
    assert_eq!(status(&coordinator, "/duty/people", foreign).await, StatusCode::NOT_FOUND);
    assert_eq!(stranger.get("/duty/people").await["items"], json!([]), "numbers stay within reach");
    let of_person =
        id(&own["items"].as_array().expect("is a list").iter().find(|one| one["name"] == "李联络").expect("is there")
            ["id"]);
    let end = format!("/duty/people/{of_person}/end");
    assert_eq!(status(&stranger, &end, json!({})).await, StatusCode::NOT_FOUND);
    coordinator.ok(Method::POST, &end, None).await;
    let after = coordinator.get("/duty/people?unit=620123").await;
    assert_eq!(after["contact"]["name"], "马主任");

    let kept = running.console.verify_audit().await.expect("reads the log");
    assert!(kept.ok);
    // Telephone numbers are sealed where they lie.
    if !running.database.contains("://") {
        let bytes = std::fs::read(format!("{}-wal", running.database)).unwrap_or_default();
        let found = bytes.windows(11).any(|part| part == b"139 0931 00");
        assert!(!bytes.is_empty() && !found, "a telephone number lies open in the database");
    }
}

#[tokio::test]
pub(crate) async fn a_drill_of_calls_names_who_cannot_be_reached_and_counts_in_the_score() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let leader = running.person("leader", Role::Leader, "620000").await;
    let county = running.person("county", Role::Coordinator, "620123").await;
    let drill = json!({"title": "国庆前联络演练", "duties": ["liaison"]});
    assert_eq!(status(&analyst, "/duty/drills", drill.clone()).await, StatusCode::CONFLICT, "nobody to call");
    for (unit, name) in [("620123", "甲"), ("620122", "乙"), ("620902", "丙")] {
        analyst.post("/duty/people", person(unit, "liaison", name, "0931-8460001")).await;
    }
    assert_eq!(status(&leader, "/duty/drills", drill.clone()).await, StatusCode::FORBIDDEN);
    let begun = analyst.post("/duty/drills", drill).await;
    assert_eq!((&begun["row"]["people"], &begun["row"]["called"]), (&json!(3), &json!(0)));
    let path = format!("/duty/drills/{}", id(&begun["row"]["id"]));
    for (call, reached) in begun["calls"].as_array().expect("is a list").iter().zip([true, false]) {
        let outcome = json!({"person": call["person"]["id"], "reached": reached, "note": "第一次呼叫"});
        analyst.post(&format!("{path}/calls"), outcome).await;
    }
    assert_eq!(county.status(Method::GET, &path, None).await, StatusCode::NOT_FOUND, "a drill of the province");
    let told = analyst.get(&path).await;
    assert_eq!((&told["row"]["called"], &told["row"]["reached"]), (&json!(2), &json!(1)));
    assert_eq!(told["calls"][0]["reached"], false, "who could not be reached stands first: {told}");
    analyst.ok(Method::POST, &format!("{path}/end"), None).await;
    assert_eq!(status(&analyst, &format!("{path}/end"), json!({})).await, StatusCode::CONFLICT);

    let course = json!({"unit": "620123", "kind": "exam", "title": "网络安全意识考试", "held_at": hours_later(&running, -24),
                        "expected": 40, "attended": 30, "passed": 28});
    for (field, value) in
        [("attended", json!(41)), ("passed", json!(31)), ("passed", Value::Null), ("kind", json!("course"))]
    {
        let mut wrong = course.clone();
        wrong[field] = value;
        assert_eq!(status(&analyst, "/trainings", wrong).await, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
    }
    let kept = analyst.post("/trainings", course).await;
    assert_eq!(county.get("/trainings").await["items"], kept["items"]);
    running.clock.advance_minutes(1);
    let cards = analyst.get("/scorecards").await;
    let card = |code: &str| {
        let rows = cards["items"].as_array().expect("is a list");
        rows.iter().find(|row| row["unit"]["code"] == code).cloned().expect("has a card")
    };
    let yuzhong = card("620123");
    let counted =
        ["training_expected", "training_attended", "calls"].map(|name| yuzhong[name].as_i64().expect("counts"));
    assert_eq!(counted, [40, 30, 1], "{yuzhong}");
    assert!(yuzhong["score"].as_f64().is_some_and(|score| score < 90.0), "{yuzhong}");
    assert_eq!(card("620902")["calls"], 0, "who was not called is not judged");
    let remove = format!("/trainings/{}/remove", id(&kept["items"][0]["id"]));
    assert_eq!(analyst.ok(Method::POST, &remove, None).await["items"], json!([]));
}

#[tokio::test]
pub(crate) async fn a_plan_is_drilled_and_then_activated_for_an_incident() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let county = running.person("county", Role::Coordinator, "620123").await;
    let neighbour = running.person("neighbour", Role::Coordinator, "620122").await;
    let given = analyst.get("/plans").await;
    let template = given["templates"][0].clone();
    assert!(given["templates"].as_array().is_some_and(|all| all.len() >= 5), "{given}");
    let plan = analyst.post("/plans", template.clone()).await;
    assert_eq!((&plan["version"], &plan["allowed"]), (&json!(1), &json!(["revise", "activate"])));
    let path = format!("/plans/{}", id(&plan["id"]));
    let seen = county.get("/plans").await["items"][0].clone();
    assert_eq!((&seen["id"], &seen["allowed"]), (&plan["id"], &json!(["activate"])), "plans of above are seen below");
    assert_eq!(status(&county, &path, template.clone()).await, StatusCode::NOT_FOUND, "and revised above");
    let mut empty = template.clone();
    empty["steps"] = json!([]);
    assert_eq!(status(&analyst, &path, empty).await, StatusCode::UNPROCESSABLE_ENTITY);

    let begin = format!("{path}/activations");
    let drill = json!({"kind": "drill", "level": "iii", "reason": "季度演练"});
    let drilled = county.post(&begin, drill).await;
    let own = format!("/activations/{}", id(&drilled["id"]));
    let steps = drilled["steps"].as_array().map(Vec::len).expect("is a list");
    assert_eq!(template["steps"].as_array().map(Vec::len), Some(steps));
    assert_eq!(neighbour.status(Method::GET, &own, None).await, StatusCode::NOT_FOUND);
    let tick = json!({"step": 0, "done": true, "note": "已断网"});
    assert_eq!(status(&neighbour, &format!("{own}/steps"), tick.clone()).await, StatusCode::NOT_FOUND);
    let ticked = county.post(&format!("{own}/steps"), tick).await;
    assert_eq!(
        (&ticked["steps"][0]["done_by"], &ticked["steps"][0]["note"]),
        (&json!("county 测试"), &json!("已断网"))
    );
    assert_eq!(
        status(&county, &format!("{own}/steps"), json!({"step": 99, "done": true})).await,
        StatusCode::NOT_FOUND
    );
    // A revision of the plan changes no activation that runs.
    let mut shorter = template.clone();
    shorter["steps"] = json!([template["steps"][0]]);
    assert_eq!(analyst.post(&path, shorter).await["version"], 2);
    assert_eq!(county.get(&own).await["steps"].as_array().map(Vec::len), Some(steps));
    county.post(&format!("{own}/end"), json!({"text": "用时40分钟，备份核查超时"})).await;
    assert_eq!(status(&county, &format!("{own}/steps"), json!({"step": 1, "done": true})).await, StatusCode::CONFLICT);
    assert!(county.get("/plans").await["items"][0]["drilled_at"].is_string());

    deliver(&running, vec![alert(1, "620123", "勒索")]).await;
    let new = json!({"title": "勒索", "grade": "major", "alert_ids": [format!("{:032x}", 1)]});
    let incident = id(&analyst.post("/incidents", new).await["row"]["id"]);
    let real = json!({"kind": "real", "level": "ii", "reason": "多台主机被加密", "incident_id": incident});
    let foreign = neighbour.send(Method::POST, &begin, Some(real.clone())).await;
    assert_eq!(foreign.0, StatusCode::NOT_FOUND, "an incident out of reach: {}", foreign.1);
    let activated = analyst.post(&begin, real).await;
    assert_eq!((&activated["version"], &activated["kind"]), (&json!(2), &json!("real")));
    let timeline = analyst.get(&format!("/incidents/{incident}")).await["timeline"].to_string();
    assert!(timeline.contains("II级响应"), "{timeline}");
    analyst.post(&format!("{path}/retire"), json!({"reason": "由新预案代替"})).await;
    assert_eq!(
        status(&analyst, &begin, json!({"kind": "drill", "level": "iv", "reason": "x"})).await,
        StatusCode::NOT_FOUND
    );
    let auditor = running.person("auditor", Role::Auditor, "620000").await;
    let log = auditor.get("/audit?limit=200").await.to_string();
    for action in
        ["plan.write.create", "plan.activate.begin", "plan.activate.step", "plan.activate.end", "plan.write.retire"]
    {
        assert!(log.contains(action), "{action} is not in the audit log");
    }
}

#[tokio::test]
pub(crate) async fn an_appeal_is_decided_above_and_a_talk_is_closed_above() {
    let running = start().await;
    let province = running.person("province", Role::Leader, "620000").await;
    let county = running.person("county", Role::Coordinator, "620123").await;
    let colleague = running.person("colleague", Role::Coordinator, "620123").await;
    let neighbour = running.person("neighbour", Role::Coordinator, "620122").await;
    let appeal =
        json!({"from": hours_later(&running, -720), "to": hours_later(&running, 0), "text": "断网期间任务未送达"});
    assert_eq!(status(&province, "/appeals", appeal.clone()).await, StatusCode::FORBIDDEN);
    let made = county.post("/appeals", appeal.clone()).await["items"][0].clone();
    assert_eq!((&made["unit"]["code"], &made["may_decide"]), (&json!("620123"), &json!(false)));
    assert_eq!(status(&county, "/appeals", appeal).await, StatusCode::CONFLICT, "one at a time");
    let decide = format!("/appeals/{}/decide", id(&made["id"]));
    let yes = json!({"approve": true, "reason": "链路记录属实"});
    assert_eq!(status(&neighbour, &decide, yes.clone()).await, StatusCode::NOT_FOUND);
    assert_eq!(status(&colleague, &decide, yes.clone()).await, StatusCode::CONFLICT, "not by the own unit");
    assert_eq!(province.get("/appeals").await["items"][0]["may_decide"], true);
    assert_eq!(province.post(&decide, yes.clone()).await["items"][0]["state"], "accepted");
    assert_eq!(status(&province, &decide, yes).await, StatusCode::CONFLICT);
    assert_eq!(county.get("/appeals").await["items"][0]["decision"], "链路记录属实");
    assert_eq!(neighbour.get("/appeals").await["items"], json!([]));

    let talk = json!({"unit": "620123", "person": "分管副县长", "reason": "连续两季度末位", "basis": "网络安全工作责任制实施办法",
                      "measures": "补齐值班，限期整改", "held_at": hours_later(&running, -2), "due_at": minutes_later(&running, 20)});
    assert_eq!(status(&neighbour, "/talks", talk.clone()).await, StatusCode::NOT_FOUND);
    assert_eq!(status(&county, "/talks", talk.clone()).await, StatusCode::UNPROCESSABLE_ENTITY, "not with oneself");
    let kept = province.post("/talks", talk).await["items"][0].clone();
    let close = format!("/talks/{}/close", id(&kept["id"]));
    assert_eq!(county.get("/talks").await["items"][0]["may_close"], false);
    assert_eq!(status(&county, &close, json!({"text": "已整改"})).await, StatusCode::CONFLICT);
    running.clock.advance_minutes(21);
    assert_eq!(province.get("/talks").await["items"][0]["overdue"], true);
    let closed = province.post(&close, json!({"text": "复核通过"})).await["items"][0].clone();
    assert_eq!((&closed["outcome"], &closed["overdue"]), (&json!("复核通过"), &json!(false)));
}
