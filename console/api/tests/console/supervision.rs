//! Supervision: a campaign is answered, its findings become tasks and are put right; controls, scorecards, bulletins.

use crate::support::{alert, deliver, hours_later, start};
use fengsui_api::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test]
async fn a_campaign_ends_when_every_finding_is_put_right() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let officer = running.person("officer", Role::CountyOfficer, "620123").await;
    let neighbour = running.person("neighbour", Role::CountyOfficer, "620122").await;
    let stranger = running.person("stranger", Role::CountyOfficer, "620402").await;
    let new = json!({
        "title": "重要时期网络安全督查", "basis": "责任制实施办法", "units": ["620123", "620122"],
        "controls": ["mlps3/8.1.4.1", "mlps3/8.1.10.13"], "items": ["值班电话24小时畅通"],
        "due_at": hours_later(&running, 48)
    });
    let campaign = analyst.post("/campaigns", new).await;
    assert_eq!((&campaign["row"]["units"], &campaign["row"]["answered"]), (&json!(2), &json!(0)));
    let path = format!("/campaigns/{}", campaign["row"]["id"].as_str().expect("has an id"));

    assert_eq!(stranger.status(Method::GET, &path, None).await, StatusCode::NOT_FOUND);
    assert_eq!(stranger.get("/campaigns").await["items"], json!([]));
    let seen = officer.get(&path).await;
    assert_eq!(seen["inspections"].as_array().map(Vec::len), Some(1), "a county sees its own part only");
    assert_eq!(seen["allowed"], json!(["answer"]));

    let answer = |first: Value| json!({"answers": [first, {"item": 1, "result": "met"}, {"item": 2, "result": "not_applicable"}]});
    let wordless = answer(json!({"item": 0, "result": "gap"}));
    let (status, _) = officer.send(Method::POST, &format!("{path}/answers"), Some(wordless)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "a gap says what is wrong");
    let gap = answer(json!({"item": 0, "result": "gap", "note": "两台主机口令未定期更换"}));
    officer.post(&format!("{path}/answers"), gap.clone()).await;
    let again = officer.post(&format!("{path}/answers"), gap).await;
    assert_eq!(again["findings"].as_array().map(Vec::len), Some(1), "answering again replaces the findings");
    neighbour.post(&format!("{path}/answers"), answer(json!({"item": 0, "result": "met"}))).await;
    assert_eq!(officer.status(Method::POST, &format!("{path}/close"), None).await, StatusCode::FORBIDDEN);
    let finding = json!({"unit": "620122", "item": 1, "text": "预案未演练"});
    analyst.post(&format!("{path}/findings"), finding).await;
    assert_eq!(analyst.status(Method::POST, &format!("{path}/close"), None).await, StatusCode::CONFLICT);

    let order = json!({"due_at": hours_later(&running, 72), "instructions": "限期整改"});
    let ordered = analyst.post(&format!("{path}/orders"), order.clone()).await;
    assert!(ordered["findings"].as_array().expect("is a list").iter().all(|finding| finding["state"] == "ordered"));
    let (status, _) = analyst.send(Method::POST, &format!("{path}/orders"), Some(order)).await;
    assert_eq!(status, StatusCode::CONFLICT, "nothing is left to order");
    for (finding, person) in ordered["findings"].as_array().expect("is a list").iter().zip([&neighbour, &officer]) {
        let task = format!("/tasks/{}", finding["task_id"].as_str().expect("has a task"));
        let detail = person.ok(Method::POST, &format!("{task}/sign"), None).await;
        assert!(detail["instructions"].as_str().is_some_and(|text| text.contains("限期整改")));
        person.post(&format!("{task}/submit"), json!({"text": "已整改，证据见附件"})).await;
        analyst.post(&format!("{task}/verify"), json!({"text": "属实"})).await;
    }
    assert_eq!(analyst.get(&path).await["row"]["rectified"], 2);
    let closed = analyst.ok(Method::POST, &format!("{path}/close"), None).await;
    assert!(closed["row"]["closed_at"].is_string());
    let late = json!({"unit": "620122", "item": 1, "text": "又一个"});
    assert_eq!(analyst.status(Method::POST, &format!("{path}/findings"), Some(late)).await, StatusCode::CONFLICT);
}

#[tokio::test]
async fn work_is_scored_and_told() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let officer = running.person("officer", Role::CountyOfficer, "620123").await;
    deliver(&running, vec![alert(1, "620123", "=HYPERLINK(\"http://x\")"), alert(2, "620122", "扫描")]).await;
    let met = json!({"state": "met", "evidence": "口令策略截图"});
    let view = officer.post("/compliance/mlps3/8.1.4.1", met).await;
    assert_eq!(view["catalogues"][0]["counts"]["met"], 1);
    let bare = json!({"state": "met"});
    assert_eq!(
        officer.status(Method::POST, "/compliance/mlps3/8.1.4.2", Some(bare.clone())).await,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(officer.status(Method::POST, "/compliance/mlps3/9.9", Some(bare)).await, StatusCode::NOT_FOUND);
    assert_eq!(officer.status(Method::GET, "/compliance?unit=620122", None).await, StatusCode::NOT_FOUND);
    assert_eq!(analyst.get("/compliance?unit=620123").await["units"]["mlps3"][0]["counts"]["met"], 1);

    let new = json!({"title": "=cmd|' /C calc'!A0", "grade": "larger", "alert_ids": [format!("{:032x}", 1)]});
    let incident = analyst.post("/incidents", new).await;
    let tasks = json!({"units": ["620123", "620122"], "title": "核查", "instructions": "核查", "steps": []});
    let id = incident["row"]["id"].as_str().expect("has an id");
    let made = analyst.post(&format!("/incidents/{id}/tasks"), tasks).await;
    let own = made["tasks"].as_array().expect("is a list").iter().find(|task| task["unit"]["code"] == "620123");
    let task = format!("/tasks/{}", own.expect("has its task")["id"].as_str().expect("has an id"));
    running.clock.advance_minutes(10);
    officer.ok(Method::POST, &format!("{task}/sign"), None).await;
    officer.post(&format!("{task}/submit"), json!({"text": "完成"})).await;

    let cards = analyst.get("/scorecards").await;
    let first = &cards["items"][0];
    assert_eq!((&first["unit"]["code"], &first["rank"], &first["score"]), (&json!("620123"), &json!(1), &json!(100.0)));
    assert_eq!(first["median_sign_minutes"], 10);
    assert_eq!(cards["items"].as_array().map(Vec::len), Some(86), "every county has its line");
    let prefectures = analyst.get("/scorecards?tier=prefecture").await;
    assert_eq!(prefectures["items"].as_array().map(Vec::len), Some(15));
    let bulletin = analyst.get("/bulletin?period=weekly").await;
    let figure = |name: &str| -> Value {
        let figures = bulletin["figures"].as_array().expect("is a list");
        figures.iter().find(|figure| figure["name"] == name).expect("is there")["value"].clone()
    };
    assert_eq!((figure("incidents"), figure("tasks_issued"), figure("tasks_finished")), (json!(1), json!(2), json!(1)));
    assert_eq!(analyst.status(Method::GET, "/bulletin?period=yearly", None).await, StatusCode::UNPROCESSABLE_ENTITY);
    for (path, part) in [("/bulletin.docx", "word/document.xml"), ("/scorecards.xlsx", "xl/workbook.xml")] {
        let bytes = analyst.bytes(path).await;
        assert!(bytes.starts_with(b"PK"), "{path} is no document");
        assert!(bytes.windows(part.len()).any(|window| window == part.as_bytes()), "{path} lacks {part}");
    }
}

#[tokio::test]
async fn the_register_of_systems_tells_what_is_due() {
    let running = start().await;
    let county = running.person("county", Role::Coordinator, "620123").await;
    let province = running.person("province", Role::Analyst, "620000").await;
    let neighbour = running.person("neighbour", Role::Coordinator, "620122").await;
    let body = json!({"unit": "620123", "name": "政务服务网", "domain": "application", "level": 3, "owner": "信息中心 马工",
                      "filing": "62012399001-00001", "filed_at": hours_later(&running, -24 * 900),
                      "assessed_at": hours_later(&running, -24 * 320), "crypto_at": hours_later(&running, -24 * 400)});
    for (field, wrong) in [
        ("level", json!(5)),
        ("name", json!(" ")),
        ("domain", json!("sea")),
        ("assessed_at", json!(hours_later(&running, 24))),
        ("unit", json!("6201")),
    ] {
        let mut body = body.clone();
        body[field] = wrong;
        assert_eq!(
            county.status(Method::POST, "/systems", Some(body)).await,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{field}"
        );
    }
    assert_eq!(neighbour.status(Method::POST, "/systems", Some(body.clone())).await, StatusCode::NOT_FOUND);
    let row = county.post("/systems", body.clone()).await["items"][0].clone();
    let states =
        ["filing_state", "assessment_state", "crypto_state"].map(|name| row[name].as_str().expect("has a state"));
    assert_eq!(states, ["good", "soon", "overdue"], "{row}");
    assert_eq!(province.get("/systems").await["items"][0]["id"], row["id"]);
    assert_eq!(neighbour.get("/systems").await["items"], json!([]));
    let path = format!("/systems/{}", row["id"].as_str().expect("has an id"));
    let mut lower = body;
    lower["level"] = json!(1);
    assert_eq!(neighbour.status(Method::POST, &path, Some(lower.clone())).await, StatusCode::NOT_FOUND);
    let changed = county.post(&path, lower).await["items"][0].clone();
    assert_eq!((&changed["assessment_state"], &changed["crypto_due"]), (&json!("not_needed"), &json!(null)));
    county.post(&format!("{path}/retire"), json!({"reason": "已下线"})).await;
    assert_eq!(county.get("/systems").await["items"], json!([]));
    assert_eq!(
        county.status(Method::POST, &format!("{path}/retire"), Some(json!({"reason": "x"}))).await,
        StatusCode::NOT_FOUND
    );
}
