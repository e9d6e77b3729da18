//! Suppressions, saved views, handovers, entities, rules, exports.

use crate::support::{alert, deliver, start};
use fengsui_api::Role;
use reqwest::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn suppressed_alerts_are_kept_and_stay_out_of_the_queue() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let county = running.person("county", Role::Analyst, "620123").await;
    deliver(&running, (1..=4).map(|number| alert(number, "620123", "扫描")).collect()).await;
    deliver(&running, vec![alert(5, "620102", "扫描")]).await;
    let matches = json!({"rule_id": "suricata:9000001", "source_ip": "203.0.113.9", "unit": "620123"});
    assert_eq!(
        county.status(Method::POST, "/suppressions/preview", Some(json!({"unit": "620000", "rule_id": "x"}))).await,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        county.status(Method::POST, "/suppressions/preview", Some(json!({}))).await,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let preview = analyst.post("/suppressions/preview", matches.clone()).await;
    assert_eq!((&preview["matching"], &preview["open"], &preview["serious"]), (&json!(4), &json!(4), &json!(0)));
    let new = |until: &str| json!({"title": "巡检", "matches": matches, "reason": "登记的巡检", "expires_at": until, "close_open": true});
    assert_eq!(
        analyst.status(Method::POST, "/suppressions", Some(new("2020-01-01T00:00:00Z"))).await,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        analyst.status(Method::POST, "/suppressions", Some(new("2036-01-01T00:00:00Z"))).await,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let made = analyst.post("/suppressions", new("2026-11-30T00:00:00Z")).await;
    assert_eq!(made["closed"], 4);
    deliver(&running, vec![alert(6, "620123", "扫描"), alert(7, "620102", "扫描")]).await;
    let queue = analyst.get("/alerts").await;
    assert_eq!(queue["total"], 2, "only the other county's: {queue}");
    assert_eq!(analyst.get("/alerts?grouped=true").await["total"], 1);
    assert_eq!(analyst.get("/overview").await["alerts_open_by_severity"]["high"], 2);
    let kept = analyst.get(&format!("/alerts/{:032x}", 6)).await;
    assert_eq!((&kept["row"]["state"], &kept["row"]["disposition"]), (&json!("closed"), &json!("benign")));
    let row = &analyst.get("/suppressions").await["items"][0];
    assert_eq!((&row["matched"], &row["state"]), (&json!(1), &json!("running")));
    let rule = &analyst.get("/rules").await["items"][0];
    assert_eq!((&rule["count"], &rule["suppressed"]), (&json!(7), &json!(1)));

    analyst.post("/alerts/undo", json!({"undo_token": made["undo_token"]})).await;
    assert_eq!(analyst.get("/alerts").await["total"], 6, "closing can be taken back");
    let path = format!("/suppressions/{}/end", row["id"].as_str().expect("has an id"));
    analyst.ok(Method::POST, &path, None).await;
    deliver(&running, vec![alert(8, "620123", "扫描")]).await;
    assert_eq!(analyst.get("/alerts").await["total"], 7, "an ended suppression catches nothing");
}

#[tokio::test]
async fn a_suppression_ends_by_itself() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let new = json!({"title": "一小时", "matches": {"rule_id": "suricata:9000001"}, "reason": "演练", "expires_at": "2026-11-18T12:00:00Z"});
    let now = analyst.get("/session").await["server_time"].as_str().expect("is text").to_owned();
    let mut new = new;
    let soon: fengsui_schema::Timestamp = now.parse().expect("is a time");
    new["expires_at"] = json!(fengsui_schema::Timestamp::from_millis(soon.as_millis() + 600_000).to_string());
    analyst.post("/suppressions", new).await;
    deliver(&running, vec![alert(1, "620123", "扫描")]).await;
    running.clock.advance_minutes(11);
    deliver(&running, vec![alert(2, "620123", "扫描")]).await;
    assert_eq!(analyst.get("/alerts").await["total"], 1);
    assert_eq!(analyst.get("/suppressions").await["items"][0]["state"], "expired");
}

#[tokio::test]
async fn views_are_the_own_or_shared_within_the_unit() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let colleague = running.person("colleague", Role::Analyst, "620000").await;
    let county = running.person("county", Role::Analyst, "620123").await;
    analyst.post("/views", json!({"kind": "alerts", "name": "高危", "search": "severity_min=high"})).await;
    analyst.post("/views", json!({"kind": "alerts", "name": "共享", "search": "state=all", "shared": true})).await;
    let again = json!({"kind": "alerts", "name": "高危", "search": "severity_min=critical"});
    let views = analyst.post("/views", again).await;
    assert_eq!(views["items"].as_array().map(Vec::len), Some(2), "one of the same name is replaced");
    let seen = colleague.get("/views?kind=alerts").await;
    assert_eq!((seen["items"].as_array().map(Vec::len), &seen["items"][0]["name"]), (Some(1), &json!("共享")));
    assert_eq!(county.get("/views?kind=alerts").await["items"], json!([]));
    let path = format!("/views/{}/remove", seen["items"][0]["id"].as_str().expect("has an id"));
    assert_eq!(colleague.status(Method::POST, &path, None).await, StatusCode::NOT_FOUND, "not one's own");
    assert_eq!(analyst.status(Method::POST, &path, None).await, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_shift_hands_over_to_somebody_else() {
    let running = start().await;
    let night = running.person("night", Role::Analyst, "620000").await;
    let day = running.person("day", Role::Analyst, "620000").await;
    deliver(&running, vec![alert(1, "620123", "注入")]).await;
    let new = json!({"title": "注入", "grade": "larger", "alert_ids": [format!("{:032x}", 1)]});
    let incident = night.post("/incidents", new).await["row"]["id"].clone();
    let list = night.post("/handovers", json!({"text": "盯住榆中", "incident_ids": [incident]})).await;
    let row = &list["items"][0];
    assert_eq!((&row["numbers"]["incidents_open"], &row["may_take"]), (&json!(1), &json!(false)));
    let path = format!("/handovers/{}/take", row["id"].as_str().expect("has an id"));
    assert_eq!(
        night.status(Method::POST, &path, None).await,
        StatusCode::CONFLICT,
        "nobody takes over from themselves"
    );
    let taken = day.ok(Method::POST, &path, None).await;
    assert_eq!(taken["items"][0]["taken_by"], "day 测试");
    assert_eq!(day.status(Method::POST, &path, None).await, StatusCode::CONFLICT);
}

#[tokio::test]
async fn an_entity_shows_what_the_scope_allows() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let county = running.person("county", Role::Analyst, "620102").await;
    deliver(&running, vec![alert(1, "620123", "扫描"), alert(2, "620102", "扫描")]).await;
    let page = analyst.get("/entities?kind=address&value=10.8.0.2").await;
    assert_eq!((&page["total"], &page["asset"]), (&json!(2), &json!("政务门户")));
    assert_eq!(county.get("/entities?kind=address&value=10.8.0.2").await["total"], 1);
    assert_eq!(analyst.get("/entities?kind=address&value=10.8.0.3").await["total"], 0);
}

#[tokio::test]
async fn exports_hold_no_formulas_and_are_on_record() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let auditor = running.person("auditor", Role::Auditor, "620000").await;
    deliver(&running, vec![alert(1, "620123", "=cmd|' /C calc'!A0")]).await;
    let book = analyst.bytes("/alerts/export.xlsx").await;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(book)).expect("is a workbook");
    let read = |archive: &mut zip::ZipArchive<_>, name: &str| {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_name(name).expect("is inside"), &mut text).expect("is text");
        text
    };
    let sheet = read(&mut archive, "xl/worksheets/sheet1.xml");
    assert!(!sheet.contains("<f>"), "no cell is a formula");
    assert!(read(&mut archive, "xl/sharedStrings.xml").contains("'=cmd"));
    let new = json!({"title": "注入<w:p>\u{202e}", "grade": "larger", "alert_ids": [format!("{:032x}", 1)]});
    let incident = analyst.post("/incidents", new).await["row"]["id"].as_str().expect("has an id").to_owned();
    let report = analyst.bytes(&format!("/incidents/{incident}/report.docx")).await;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(report)).expect("is a document");
    let text = read(&mut archive, "word/document.xml");
    assert!(text.contains("网络安全事件报告") && text.contains("&lt;w:p&gt;") && !text.contains('\u{202e}'));
    let log = auditor.get("/audit?limit=100").await.to_string();
    assert!(log.contains("\"export\"") && log.contains("incident.report"));
}

#[tokio::test]
async fn a_drill_is_scored_by_technique() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    deliver(&running, vec![alert(1, "620123", "注入")]).await;
    let drill = analyst.post("/drills", json!({"title": "秋季演练"})).await;
    assert_eq!(drill["detected_percent"], json!(null));
    let path = format!("/drills/{}", drill["row"]["id"].as_str().expect("has an id"));
    let act = |technique: &str, at: &str, target: &str| json!({"at": at, "technique": technique, "target": target});
    let wrong = json!({"actions": [act("'; --", "2026-11-18T09:58:00Z", "")]});
    assert_eq!(
        analyst.status(Method::POST, &format!("{path}/actions"), Some(wrong)).await,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let acts = json!({"actions": [
        act("T1190", "2026-11-18T09:58:00Z", "10.8.0.2"),
        act("T1190", "2026-11-18T09:58:00Z", "10.8.0.99"),
        act("T1486", "2026-11-18T09:58:00Z", ""),
        act("T1190", "2026-11-18T03:00:00Z", ""),
    ]});
    let scored = analyst.post(&format!("{path}/actions"), acts).await;
    assert_eq!(scored["detected_percent"], 25, "{scored}");
    assert_eq!(scored["scores"][0]["technique"], "T1486", "the worst first");
    let web = &scored["scores"][1];
    assert_eq!((&web["acts"], &web["detected"], &web["median_delay_seconds"]), (&json!(3), &json!(1), &json!(120)));
    analyst.ok(Method::POST, &format!("{path}/end"), None).await;
    assert_eq!(analyst.status(Method::POST, &format!("{path}/end"), None).await, StatusCode::CONFLICT);
}
