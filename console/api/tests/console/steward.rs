//! Data protection: regrading, the catalogue, masking policies of two people, shares and traces.

use crate::support::{Form, Running, start};
use fengsui_api::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const POLICY: &str = "id='quiet'\ntitle='静默'\nversion='1'\n[[rule]]\ntypes=['cn_mobile']\nmask='redact'\n";

async fn deliver_finding(running: &Running) -> String {
    let id = format!("{:032x}", 77);
    let body = json!({
        "id": id, "time": "2026-11-18T10:00:00Z", "observer": "sensor-1", "unit": "620123", "grade": "level3",
        "grade_basis": "测试", "place": {"kind": "file", "name": "居民.csv"},
        "samples": [{"data_type": "cn_resident_id", "count": 12, "confidence": 98, "masked": ["620***"], "explanation": "校验码符合"}],
    });
    let finding = serde_json::from_value(body).expect("is a finding");
    running.console.sink().deliver(vec![fengsui_schema::Output::Finding(Box::new(finding))]).await.expect("delivers");
    id
}

#[tokio::test]
async fn a_steward_regrades_and_enters_an_asset() {
    let running = start().await;
    let steward = running.person("steward", Role::Steward, "620000").await;
    let county = running.person("county", Role::Steward, "620102").await;
    let id = deliver_finding(&running).await;
    let path = format!("/findings/{id}/review");
    assert_eq!(
        steward.status(Method::POST, &path, Some(json!({"decision": "regrade", "reason": "公开数据"}))).await,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let judged = steward.post(&path, json!({"decision": "regrade", "grade": "level1", "reason": "公开数据"})).await;
    assert_eq!((&judged["row"]["grade"], &judged["row"]["engine_grade"]), (&json!("level1"), &json!("level3")));
    assert_eq!(judged["row"]["state"], "confirmed");
    let asset = json!({"name": "居民表", "kind": "file", "location": "居民.csv", "custodian": "王", "grade": "level3",
                       "types": ["cn_resident_id"], "unit": "620123", "finding_id": id});
    assert_eq!(
        county.status(Method::POST, "/assets", Some(asset.clone())).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "another unit's"
    );
    let list = steward.post("/assets", asset).await;
    assert_eq!(list["items"][0]["types_zh"].as_array().map(Vec::len), Some(1));
    assert_eq!(county.get("/assets").await["items"], json!([]));
    let retire = format!("/assets/{}/retire", list["items"][0]["id"].as_str().expect("has an id"));
    assert_eq!(county.status(Method::POST, &retire, None).await, StatusCode::NOT_FOUND);
    assert_eq!(steward.ok(Method::POST, &retire, None).await["items"], json!([]));
}

#[tokio::test]
async fn a_policy_needs_two_people_and_the_preview_uses_it() {
    let running = start().await;
    let steward = running.person("steward", Role::Steward, "620000").await;
    let secadmin = running.person("sec", Role::Secadmin, "620000").await;
    let text = "电话13800138000";
    let with = |policy: &str| json!({"text": text, "policy": policy});
    let standard = steward.post("/masking/preview", with("share-standard")).await;
    let statistics = steward.post("/masking/preview", with("statistics")).await;
    assert_ne!(standard["after"], statistics["after"], "the chosen policy decides");
    assert_eq!(
        steward.status(Method::POST, "/masking/preview", Some(with("quiet"))).await,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let draft = steward.post("/masking/preview", json!({"text": text, "draft": POLICY})).await;
    assert!(!draft["after"].as_str().expect("is text").contains("138"), "{draft}");
    let named = format!("{POLICY}\n[[rule]]\ncolumns = ['内部代号']\nmask = 'redact'\n");
    let rows =
        json!([{"内部代号": "ab-77", "说明": "ab-77", "数量": 12}, {"内部代号": null, "说明": text, "数量": 13}]);
    let table = steward.post("/masking/preview", json!({"rows": rows, "draft": named})).await;
    let after = &table["after"];
    assert!(
        after[0]["内部代号"] != "ab-77" && after[0]["说明"] == "ab-77",
        "a column that is named, as a whole: {table}"
    );
    let whole = table["functions"].as_array().into_iter().flatten().find(|used| used["data_type"] == "column");
    assert_eq!(whole.map(|used| (&used["data_type_zh"], &used["count"])), Some((&json!("整列"), &json!(1))), "{table}");
    assert_eq!((&after[1]["内部代号"], &after[0]["数量"], &table["before"]), (&Value::Null, &json!(12), &rows));
    let broken = json!({"text": text, "draft": "id='x'\ntitle='t'\nversion='1'\n[[rule]]\nmask='nothing'"});
    assert_eq!(steward.status(Method::POST, "/masking/preview", Some(broken)).await, StatusCode::UNPROCESSABLE_ENTITY);

    let list = steward.post("/masking/policies", json!({"body": POLICY})).await;
    let id = list["items"][0]["id"].as_str().expect("has an id").to_owned();
    let (submit, decide) = (format!("/masking/policies/{id}/submit"), format!("/masking/policies/{id}/decide"));
    let yes = Some(json!({"approve": true, "reason": "符合要求"}));
    assert_eq!(
        secadmin.status(Method::POST, &decide, yes.clone()).await,
        StatusCode::CONFLICT,
        "a draft is not decided"
    );
    steward.ok(Method::POST, &submit, None).await;
    assert_eq!(steward.status(Method::POST, &decide, yes.clone()).await, StatusCode::FORBIDDEN);
    secadmin.ok(Method::POST, &decide, yes).await;
    let after = steward.post("/masking/preview", with("quiet")).await;
    assert_eq!(after["after"], draft["after"], "approved and in force");
}

/// A table whose copies can be marked: made-up rows with valid check characters (GB 11643).
fn people() -> Vec<u8> {
    let mut text = "证件号,邮箱,住址\n".to_owned();
    for row in 0..900_u32 {
        let body = format!("62010219900101{row:03}");
        let weights = [7_u32, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        let check = char::from(b"10X98765432"[(sum % 11) as usize]);
        text.push_str(&format!("{body}{check},person{row:05}@example.com,甘肃省兰州市城关区东岗西路{row}号3栋501室\n"));
    }
    text.into_bytes()
}

fn share(recipient: &str, policy: &str) -> Form {
    Form::default()
        .file("居民.csv", &people())
        .text("title", "低保核查")
        .text("purpose", "核查")
        .text("legal_basis", "共享协议")
        .text("recipient", recipient)
        .text("policy", policy)
}

#[tokio::test]
async fn a_share_is_approved_released_downloaded_and_traced() {
    let running = start().await;
    let steward = running.person("steward", Role::Steward, "620000").await;
    let leader = running.person("leader", Role::Leader, "620000").await;
    let mut copies = Vec::new();
    for recipient in ["省民政厅", "省人社厅", "省卫健委"] {
        let list = steward.upload("/shares", share(recipient, "share-standard")).await;
        let path = format!("/shares/{}", list["items"][0]["id"].as_str().expect("has an id"));
        let yes = Some(json!({"approve": true, "reason": "用途合规"}));
        assert_eq!(
            steward.status(Method::POST, &format!("{path}/decide"), yes.clone()).await,
            StatusCode::CONFLICT,
            "not one's own"
        );
        assert_eq!(
            steward.status(Method::POST, &format!("{path}/release"), None).await,
            StatusCode::CONFLICT,
            "not approved"
        );
        leader.ok(Method::POST, &format!("{path}/decide"), yes).await;
        let released = steward.ok(Method::POST, &format!("{path}/release"), None).await;
        assert_eq!(
            (&released["items"][0]["state"], &released["items"][0]["copy_rows"]),
            (&json!("released"), &json!(900))
        );
        assert_eq!(steward.status(Method::POST, &format!("{path}/release"), None).await, StatusCode::CONFLICT, "once");
        copies.push(steward.bytes(&format!("{path}/copy")).await);
        assert_eq!(leader.status(Method::GET, &format!("{path}/copy"), None).await, StatusCode::FORBIDDEN);
    }
    assert_ne!(copies[0], copies[1], "every copy carries its recipient");
    assert!(!String::from_utf8_lossy(&copies[0]).contains("person00001@example.com"), "masked");
    let flows = steward.get("/flows").await;
    assert_eq!(flows["items"].as_array().map(Vec::len), Some(3));
    let leak = Form::default().file("泄露.csv", &copies[1]);
    let traces = steward.upload("/traces", leak).await;
    assert_eq!(traces["items"][0]["named"], json!(["省人社厅"]), "{traces}");
    let report = format!("/traces/{}/report.docx", traces["items"][0]["id"].as_str().expect("has an id"));
    assert!(steward.bytes(&report).await.starts_with(b"PK"));
    let scratch = running.folder.path().join("sharing/scratch");
    assert_eq!(std::fs::read_dir(scratch).expect("is there").count(), 0, "nothing of the leak is kept");
    let innocent = Form::default().file("original.csv", &people());
    assert_eq!(steward.upload("/traces", innocent).await["items"][0]["named"], json!([]));
}
