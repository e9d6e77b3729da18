//! Indicators: taken in, found, retired, and the files the analyzer reads.

use crate::support::{alert, deliver, start};
use fengsui_api::Role;
use reqwest::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn a_list_is_taken_in_counted_and_retired_line_by_line() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let county = running.person("county", Role::Analyst, "620123").await;
    let import = |list: &str, text: &str| json!({"list": list, "text": text, "expires_days": 30});
    let text = "ip,203.0.113.66,critical,,\"a, b\",甲\ndomain,bad.example,high,2020-01-01\ncidr,x\nhash,44d88612fea8a8f36de82e1278abb02f";
    assert_eq!(
        county.status(Method::POST, "/indicators/import", Some(import("feed", text))).await,
        StatusCode::FORBIDDEN,
        "the analyzer is the province's"
    );
    for wrong in ["../x", "allow-all", "", "Ä"] {
        let status = analyst.status(Method::POST, "/indicators/import", Some(import(wrong, text))).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    assert_eq!(
        analyst.status(Method::POST, "/indicators/import", Some(import("feed", "{}"))).await,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let done = analyst.post("/indicators/import", import("feed", text)).await;
    assert_eq!((&done["taken"], &done["refused"], &done["in_force"]), (&json!(3), &json!(1), &json!(false)));
    analyst.post("/indicators/import", import("feed", text)).await;
    assert_eq!(analyst.get("/indicators?state=all").await["total"], 3, "the same lines are the same lines");

    let mut hit = alert(1, "620123", "命中情报清单 feed");
    hit.rule.id = "indicator:feed/203.0.113.66".to_owned();
    deliver(&running, vec![hit]).await;
    let page = analyst.get("/indicators?hit=true").await;
    assert_eq!((&page["total"], &page["items"][0]["hits"]), (&json!(1), &json!(1)));
    assert_eq!(analyst.get("/indicators").await["total"], 2, "one has expired");
    assert_eq!(analyst.get("/indicators?state=expired&kind=domain&q=BAD").await["total"], 1);
    let list = &analyst.get("/indicators/lists").await["items"][0];
    assert_eq!((&list["name"], &list["total"], &list["active"]), (&json!("feed"), &json!(3), &json!(2)));

    let file = running.folder.path().join("indicators/feed.csv");
    let kept = std::fs::read_to_string(&file).expect("is written");
    assert!(kept.contains("203.0.113.66") && !kept.contains("bad.example"), "{kept}");
    let id = page["items"][0]["id"].clone();
    let retired = analyst.post("/indicators/retire", json!({"ids": [id], "reason": "自有出口"})).await;
    assert_eq!(retired["changed"], 1);
    let kept = std::fs::read_to_string(&file).expect("is written");
    assert!(!kept.contains("203.0.113.66"), "{kept}");
    let row = &analyst.get("/indicators?state=retired").await["items"][0];
    assert_eq!((&row["retired_for"], &row["state"]), (&json!("自有出口"), &json!("retired")));
    analyst.post("/indicators/import", import("feed", text)).await;
    assert_eq!(analyst.get("/indicators?state=retired").await["total"], 1, "what a person retired stays retired");
}
