//! Two consoles, one below the other: what is asked for comes up, and nothing else; what comes down is put in force.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fengsui_api::{ConsoleSettings, Enforced, Enforcer, Offered, Role, TierSettings, enrol_with_parent};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Browser, Running, alert, deliver, start_with};

struct Pair {
    province: Running,
    county: Running,
    tier: TierSettings,
}

async fn apart() -> Pair {
    let province = start_with(ConsoleSettings::default()).await;
    let tier = TierSettings { parent: Some(province.address.clone()), plain: true, ..TierSettings::default() };
    let county =
        start_with(ConsoleSettings { unit: "620123".to_owned(), tier: tier.clone(), ..ConsoleSettings::default() })
            .await;
    Pair { province, county, tier }
}

impl Pair {
    /// Lets the lower one in.
    async fn join(&self) {
        let code = self.province.console.node_code("620123", "console").await.expect("is made");
        let fingerprint = enrol_with_parent(&self.county.console, &self.tier, &code.code).await.expect("asks");
        self.province.console.approve_node("620123", &fingerprint).await.expect("is let in");
    }
}

async fn pair() -> Pair {
    let pair = apart().await;
    pair.join().await;
    pair
}

async fn until<T>(what: &str, mut find: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = find().await {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not within a minute");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn request(browser: &Browser, state: &str) -> Value {
    until(&format!("a request is {state}"), async || {
        let all = browser.get("/evidence-requests").await;
        all["items"].as_array().expect("a list").iter().find(|one| one["state"] == state).cloned()
    })
    .await
}

/// A capture that needs more than one message.
fn capture() -> Vec<u8> {
    let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1];
    bytes.extend((0..1_300_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8));
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evidence_goes_up_on_an_approved_request_and_never_without() {
    let pair = pair().await;
    let mut found = alert(1, "620123", "注入");
    found.evidence.payload_base64 = Some("U0VDUkVU".to_owned());
    let id = found.id.to_string();
    let folder = pair.county.folder.path().join("evidence/sensor-1");
    std::fs::create_dir_all(&folder).expect("folder");
    std::fs::write(folder.join("1.pcap"), capture()).expect("writes");
    deliver(&pair.county, vec![found]).await;

    let analyst = pair.province.person("analyst", Role::Analyst, "620000").await;
    let path = format!("/alerts/{id}");
    until("the alert is known above", async || {
        (analyst.status(reqwest::Method::GET, &path, None).await == StatusCode::OK).then_some(())
    })
    .await;
    let summary = analyst.get(&path).await;
    assert!(!summary.to_string().contains("U0VDUkVU") && summary["has_capture"] == false, "{summary}");
    assert_eq!(
        analyst.status(reqwest::Method::GET, &format!("{path}/evidence.pcap"), None).await,
        StatusCode::NOT_FOUND
    );

    // Refused: nothing comes.
    let ask = format!("{path}/evidence-requests");
    analyst.post(&ask, json!({"reason": "案件需要"})).await;
    let twice = analyst.status(reqwest::Method::POST, &ask, Some(json!({"reason": "案件需要"}))).await;
    assert_eq!(twice, StatusCode::CONFLICT);
    let leader = pair.county.person("leader", Role::Leader, "620123").await;
    let officer = pair.county.person("officer", Role::CountyOfficer, "620123").await;
    let owed = request(&leader, "open").await;
    assert!(owed["side"] == "owed" && owed["alert_id"] == id.as_str() && owed["asked_by"] == "analyst", "{owed}");
    let decide = format!("/evidence-requests/{}/decide", owed["id"].as_str().expect("id"));
    let no = json!({"approve": false, "reason": "涉及个人信息"});
    assert_eq!(officer.status(reqwest::Method::POST, &decide, Some(no.clone())).await, StatusCode::FORBIDDEN);
    leader.post(&decide, no.clone()).await;
    assert_eq!(leader.status(reqwest::Method::POST, &decide, Some(no)).await, StatusCode::CONFLICT);
    let refused = request(&analyst, "refused").await;
    assert!(refused["decision"] == "涉及个人信息" && refused["decided_by"] == "leader", "{refused}");
    assert!(!analyst.get(&path).await.to_string().contains("U0VDUkVU"));

    // Approved: alert and capture come whole.
    analyst.post(&ask, json!({"reason": "重大事件"})).await;
    let owed = request(&leader, "open").await;
    let decide = format!("/evidence-requests/{}/decide", owed["id"].as_str().expect("id"));
    leader.post(&decide, json!({"approve": true, "reason": "同意"})).await;
    let delivered = request(&analyst, "delivered").await;
    assert_eq!(delivered["bytes"], capture().len());
    let whole = analyst.get(&path).await;
    assert!(whole.to_string().contains("U0VDUkVU") && whole["has_capture"] == true, "{whole}");
    assert!(analyst.bytes(&format!("{path}/evidence.pcap")).await == capture(), "the capture is another one");

    // Both audit logs tell it.
    for (running, unit, words) in [
        (&pair.province, "620000", ["evidence.request", "evidence.refused", "evidence.delivered"]),
        (&pair.county, "620123", ["evidence.asked", "evidence.refuse", "evidence.approve"]),
    ] {
        let log = running.person("auditor", Role::Auditor, unit).await.get("/audit?limit=200").await;
        let actions: Vec<&str> =
            log["items"].as_array().expect("rows").iter().filter_map(|row| row["action"].as_str()).collect();
        assert!(words.iter().all(|word| actions.contains(word)), "{actions:?}");
        assert!(running.console.verify_audit().await.expect("reads").ok);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evidence_of_this_node_is_not_asked_for() {
    let pair = pair().await;
    deliver(&pair.province, vec![alert(7, "620000", "本级")]).await;
    let analyst = pair.province.person("analyst", Role::Analyst, "620000").await;
    let path = format!("/alerts/{:032x}/evidence-requests", 7);
    let status = analyst.status(reqwest::Method::POST, &path, Some(json!({"reason": "x"}))).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let missing = format!("/alerts/{:032x}/evidence-requests", 8);
    assert_eq!(
        analyst.status(reqwest::Method::POST, &missing, Some(json!({"reason": "x"}))).await,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scorecards_that_a_node_below_counted_are_shown_above() {
    let pair = apart().await;
    // What the county judged of itself, of which the province knows nothing.
    let analyst = pair.county.person("analyst", Role::Analyst, "620123").await;
    analyst.post("/compliance/mlps3/8.1.4.1", json!({"state": "met", "evidence": "制度文件"})).await;
    pair.join().await;
    let above = pair.province.person("above", Role::Analyst, "620000").await;
    let rows = until("the scorecard is there", async || {
        let rows = above.get("/scorecards/reported").await;
        (!rows["items"].as_array().expect("a list").is_empty()).then_some(rows)
    })
    .await;
    let first = &rows["items"][0];
    assert!(
        first["node"] == "620123" && first["row"]["unit"]["code"] == "620123" && first["row"]["controls_met"] == 1,
        "{rows}"
    );
    let elsewhere = pair.province.person("elsewhere", Role::Analyst, "620200").await;
    assert!(elsewhere.get("/scorecards/reported").await["items"].as_array().expect("a list").is_empty());
}

/// Takes every bundle that begins with its version.
struct Believing;

impl Enforcer for Believing {
    fn rules(&self, bundle: &[u8]) -> Result<Enforced, String> {
        let text = String::from_utf8_lossy(bundle);
        match text.parse() {
            Ok(version) => Ok(Enforced { version, note: "1 rules did not load".to_owned() }),
            Err(_) => Err(format!("it is no bundle: {text}")),
        }
    }

    fn masking(&self, bundle: &[u8]) -> Result<Offered, String> {
        Ok(Offered { version: 3, policies: vec![String::from_utf8_lossy(bundle).into_owned()] })
    }
}

async fn receipt(pair: &Pair, kind: &str, state: &str) -> fengsui_api::ReceiptRow {
    until(&format!("{kind} is {state}"), async || {
        let receipts = pair.province.console.receipts().await.expect("reads");
        receipts.into_iter().find(|row| row.kind == kind && row.state == state)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_down_is_put_in_force_or_refused_and_told() {
    let pair = pair().await;
    let publish = async |kind: &str, name: &str, content: &str| {
        pair.province.console.publish(kind, name, content.as_bytes(), true).await.expect("is published");
    };
    publish("rules", "base", "5").await;
    // Nobody here knows bundles: it is kept, and nothing more is claimed.
    receipt(&pair, "rules", "kept").await;
    pair.county.console.enforce_with(Arc::new(Believing));
    let row = receipt(&pair, "rules", "in_force").await;
    assert_eq!((row.version, row.reason.as_str()), (5, "1 rules did not load"));
    publish("rules", "base", "\u{1b}[31mbad").await;
    let row = receipt(&pair, "rules", "refused").await;
    assert!(row.reason.contains("it is no bundle") && !row.reason.contains('\u{1b}'), "{}", row.reason);

    publish("indicator", "iocs.csv", "type,value\nip,203.0.113.77\n").await;
    receipt(&pair, "indicator", "in_force").await;
    let file = pair.county.folder.path().join("indicators/620000-iocs.csv");
    assert!(std::fs::read_to_string(file).expect("is written").contains("203.0.113.77"));

    let policy = include_str!("../../../../rules/masking/share-standard.toml").replace("share-standard", "from-above");
    publish("masking_policy", "share", &policy).await;
    receipt(&pair, "masking_policy", "waiting").await;
    let steward = pair.county.person("steward", Role::Steward, "620123").await;
    let secadmin = pair.county.person("secadmin", Role::Secadmin, "620123").await;
    let listed = secadmin.get("/masking/policies").await;
    let offered =
        listed["items"].as_array().expect("rows").iter().find(|one| one["name"] == "from-above").expect("is there");
    assert!(offered["state"] == "submitted" && offered["may_decide"] == true, "{offered}");
    let preview = json!({"policy": "from-above", "columns": ["a"], "rows": [["1"]]});
    let before = steward.status(reqwest::Method::POST, "/masking/preview", Some(preview)).await;
    assert_eq!(before, StatusCode::UNPROCESSABLE_ENTITY, "a policy that nobody approved is in force");
    let decide = format!("/masking/policies/{}/decide", offered["id"].as_str().expect("id"));
    secadmin.post(&decide, json!({"approve": true, "reason": "looked at"})).await;
    let row = receipt(&pair, "masking_policy", "in_force").await;
    assert_eq!((row.version, row.reason.as_str()), (3, "looked at"));
    let users = secadmin.get("/users?limit=100").await;
    assert!(!users.to_string().contains("node-620000"), "the account of a node is listed: {users}");
    assert!(pair.county.console.verify_audit().await.expect("reads").ok);
}
