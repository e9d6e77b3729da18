//! Incidents of the analyzer come, grow, take others in and are withdrawn; what people have in hand stays as it is.

use fengsui_api::Role;
use fengsui_schema::{Alert, FoldId, Incident, IncidentEnd, IncidentId, Output};
use serde_json::{Value, json};

use crate::support::{Browser, Running, alert, deliver, start};

/// A revision of an incident that alerts of these numbers make up.
fn incident(number: u32, revision: u32, members: &[u32]) -> Incident {
    let member = |number: &u32| json!({"alert": format!("{number:032x}"), "time": "2026-11-18T10:00:00Z", "risk": 100});
    let body = json!({
        "id": format!("{number:032x}"), "revision": revision, "title_zh": format!("事件{number}"), "title_en": format!("incident {number}"),
        "risk": 500, "proposed_grade": "general", "grade_basis": "", "start": "2026-11-18T10:00:00Z",
        "end": "2026-11-18T10:05:00Z", "entities": [], "techniques": [], "explanation": [],
        "members": members.iter().map(member).collect::<Vec<_>>(), "unit": "620123", "domain": "network",
    });
    serde_json::from_value(body).expect("is an incident")
}

fn ended(number: u32, revision: u32, end: IncidentEnd) -> Incident {
    Incident { ended: Some(end), risk: 0, unit: Default::default(), ..incident(number, revision, &[]) }
}

fn id(number: u32) -> IncidentId {
    incident(number, 1, &[]).id
}

async fn tell(running: &Running, incidents: Vec<Incident>) {
    let batch = incidents.into_iter().map(|incident| Output::Incident(Box::new(incident))).collect();
    running.console.sink().deliver(batch).await.expect("delivers");
}

/// State of an incident, how many alerts it has, and what took it in.
async fn shown(analyst: &Browser, number: u32) -> (Value, Value, Value) {
    let detail = analyst.get(&format!("/incidents/{number:032x}")).await;
    let row = &detail["row"];
    (row["state"].clone(), row["alert_count"].clone(), row["taken_in_by"].clone())
}

async fn started() -> (Running, Browser) {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    deliver(&running, (1..=6).map(|number| alert(number, "620123", "SQL 注入")).collect()).await;
    tell(&running, vec![incident(100, 1, &[1, 2]), incident(200, 1, &[3, 4])]).await;
    assert_eq!(shown(&analyst, 200).await, (json!("open"), json!(2), Value::Null));
    (running, analyst)
}

#[tokio::test]
pub(crate) async fn one_that_is_taken_in_brings_its_alerts_and_may_come_again() {
    let (running, analyst) = started().await;
    let taken_in = ended(200, 2, IncidentEnd::TakenInBy(id(100)));
    tell(&running, vec![incident(100, 2, &[1, 2, 3, 4, 5]), taken_in]).await;
    assert_eq!(shown(&analyst, 100).await, (json!("open"), json!(5), Value::Null));
    assert_eq!(shown(&analyst, 200).await, (json!("closed"), json!(0), json!(id(100).to_string())));
    let open = analyst.get("/incidents?state=open").await;
    assert_eq!(open["items"].as_array().expect("is a list").len(), 1, "{open}");
    let timeline = analyst.get(&format!("/incidents/{}", id(200))).await["timeline"].to_string();
    assert!(timeline.contains("同属一次攻击"), "{timeline}");

    tell(&running, vec![incident(200, 3, &[3, 4]), incident(100, 3, &[1, 2, 5])]).await;
    assert_eq!(shown(&analyst, 200).await, (json!("open"), json!(2), Value::Null));
    assert_eq!(shown(&analyst, 100).await, (json!("open"), json!(3), Value::Null));

    tell(&running, vec![ended(200, 4, IncidentEnd::Withdrawn)]).await;
    assert_eq!(shown(&analyst, 200).await, (json!("closed"), json!(0), Value::Null));
    let plain = analyst.get(&format!("/alerts/{:032x}", 3)).await;
    assert_eq!(plain["row"]["incident_id"], Value::Null, "{plain}");
    // An older revision that comes late, and the end of one that nobody knows, change nothing.
    tell(&running, vec![incident(200, 2, &[3, 4]), ended(300, 2, IncidentEnd::Withdrawn)]).await;
    assert_eq!(shown(&analyst, 200).await, (json!("closed"), json!(0), Value::Null));
}

#[tokio::test]
pub(crate) async fn what_somebody_works_on_stays() {
    let (running, analyst) = started().await;
    analyst.post(&format!("/incidents/{}/comments", id(200)), json!({"text": "正在联系单位"})).await;
    let taken_in = ended(200, 2, IncidentEnd::TakenInBy(id(100)));
    tell(&running, vec![incident(100, 2, &[1, 2, 3, 4, 5]), taken_in]).await;
    assert_eq!(shown(&analyst, 200).await, (json!("open"), json!(2), json!(id(100).to_string())));
    assert_eq!(shown(&analyst, 100).await, (json!("open"), json!(3), Value::Null));
    // One that was closed by hand is not opened again by what comes later.
    analyst.post(&format!("/incidents/{}/close", id(200)), json!({"reason": "误报"})).await;
    tell(&running, vec![incident(200, 3, &[3, 4])]).await;
    assert_eq!(shown(&analyst, 200).await.0, json!("closed"));
}

fn fold(number: u32) -> FoldId {
    format!("{number:032x}").parse().expect("is an identifier")
}

fn naming(folds: &[u32], incident: Incident) -> Incident {
    Incident { folds: folds.iter().map(|number| fold(*number)).collect(), ..incident }
}

fn folded(number: u32, into: u32) -> Alert {
    Alert { fold: Some(fold(into)), ..alert(number, "620123", "SQL 注入") }
}

#[tokio::test]
pub(crate) async fn alerts_of_a_fold_follow_it_whenever_they_come() {
    let (running, analyst) = started().await;
    deliver(&running, (10..1_700).map(|number| folded(number, 1)).chain([folded(1_700, 2)]).collect()).await;
    tell(&running, vec![naming(&[1, 2], incident(100, 2, &[1, 2, 10]))]).await;
    assert_eq!(shown(&analyst, 100).await.1, json!(2 + 1_691), "those that no list of members names too");
    deliver(&running, vec![folded(1_701, 2), folded(1_702, 3)]).await;
    assert_eq!(shown(&analyst, 100).await.1, json!(2 + 1_692), "and those that come later");
    let page = analyst.get(&format!("/alerts?state=all&grouped=true&limit=500&incident={}", id(100))).await;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(500));
    assert_eq!((&page["total"], &page["total_is_least"]), (&json!(1_694), &json!(false)), "each on a row of its own");

    // The attack is seen to be two.
    tell(&running, vec![naming(&[1], incident(100, 3, &[1, 2])), naming(&[2, 3], incident(200, 2, &[3, 4]))]).await;
    assert_eq!(shown(&analyst, 100).await.1, json!(2 + 1_690));
    assert_eq!(shown(&analyst, 200).await.1, json!(2 + 3));

    // What is no part of any is a plain alert again; what somebody put into one stays in it.
    let put = json!({"alert_ids": [format!("{:032x}", 1_701)]});
    let answer = analyst.post(&format!("/incidents/{}/alerts", id(200)), put).await;
    tell(&running, vec![naming(&[2], incident(200, 3, &[3, 4]))]).await;
    assert_eq!(shown(&analyst, 200).await.1, json!(2 + 3), "somebody works on it: {answer}");
    tell(&running, vec![naming(&[], incident(100, 4, &[1, 2]))]).await;
    assert_eq!(shown(&analyst, 100).await.1, json!(2));
}

#[tokio::test]
pub(crate) async fn an_alert_that_is_told_again_changes_its_fold() {
    let (running, analyst) = started().await;
    deliver(&running, vec![folded(10, 1)]).await;
    tell(&running, vec![naming(&[2], incident(100, 2, &[1, 2]))]).await;
    assert_eq!(shown(&analyst, 100).await.1, json!(2));
    deliver(&running, vec![folded(10, 2)]).await;
    assert_eq!(shown(&analyst, 100).await.1, json!(3));
    tell(&running, vec![ended(100, 3, IncidentEnd::TakenInBy(id(200)))]).await;
    deliver(&running, vec![folded(11, 2)]).await;
    assert_eq!(shown(&analyst, 200).await.1, json!(2 + 4), "what a fold's incident was taken in by gets the rest too");
}
