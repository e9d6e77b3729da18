//! Two consoles, one below the other: what is asked for comes up, and nothing else; what comes down is put in force.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fengsui_api::{ConsoleSettings, Enforced, Enforcer, Offered, Role, TierSettings, enrol_with_parent};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::beside::Beside;
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

pub(crate) async fn until<T>(what: &str, mut find: impl AsyncFnMut() -> Option<T>) -> T {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn warnings_go_down_and_receipts_come_up() {
    let pair = apart().await;
    let analyst = pair.province.person("analyst", Role::Analyst, "620000").await;
    let below = pair.county.person("below", Role::Analyst, "620123").await;
    let officer = pair.county.person("officer", Role::CountyOfficer, "620123").await;
    let warning = |level: &str, unit: &str| {
        json!({
            "level": level, "title": "公文系统漏洞被利用", "reason": "国家通报", "measures": "排查并加固",
            "units": [unit], "valid_until": crate::support::hours_later(&pair.province, 48)
        })
    };
    // One from before the county was let in, for the whole prefecture; one that is not for the county.
    let made = analyst.post("/warnings", warning("yellow", "620100")).await;
    analyst.post("/warnings", warning("blue", "620200")).await;
    pair.join().await;
    let seen = async |level: &str, state: &str| {
        until(&format!("the county sees {level} {state}"), async || {
            let items = below.get("/warnings").await["items"].clone();
            let items = items.as_array().expect("a list").clone();
            items.into_iter().find(|row| row["level"] == level && row["state"] == state)
        })
        .await
    };
    let row = seen("yellow", "in_force").await;
    let above = made["number"].as_str().expect("a number");
    assert_eq!(row["number"], format!("{above}@620000"), "{row}");
    assert_eq!(
        (&row["unit"]["code"], &row["is_for_me"], &row["allowed"]),
        (&json!("620000"), &json!(true), &json!([]))
    );
    let path = format!("/warnings/{}", row["id"].as_str().expect("id"));
    let lift = json!({"level": null, "reason": "不归本级"});
    let denied = below.status(reqwest::Method::POST, &format!("{path}/change"), Some(lift)).await;
    assert_eq!(denied, StatusCode::NOT_FOUND, "who did not issue it does not lift it");

    // The county's own: it gives its receipt, and another level is other news.
    let made = analyst.post("/warnings", warning("blue", "620123")).await;
    let change = format!("/warnings/{}/change", made["id"].as_str().expect("id"));
    let own = seen("blue", "in_force").await;
    assert_eq!(
        below.get("/warnings").await["items"].as_array().map(Vec::len),
        Some(2),
        "only what concerns the county"
    );
    let kinds = officer.get("/notifications").await["items"].to_string();
    assert!(kinds.contains("\"warning\""), "{kinds}");
    let receipt = format!("/warnings/{}/receipt", own["id"].as_str().expect("id"));
    officer.ok(reqwest::Method::POST, &receipt, None).await;
    let path = format!("/warnings/{}", made["id"].as_str().expect("id"));
    let given = until("the receipt is known above", async || {
        let row = analyst.get(&path).await;
        (row["receipts"] == 1).then_some(row)
    })
    .await;
    assert_eq!(given["units"][0]["received_by"], "officer 测试@620123", "{given}");
    analyst.post(&change, json!({"level": "yellow", "reason": "扩散"})).await;
    let again = until("the level is known below", async || {
        let row = below.get(&format!("/warnings/{}", own["id"].as_str().expect("id"))).await;
        (row["level"] == "yellow").then_some(row)
    })
    .await;
    assert_eq!((&again["receipts"], &analyst.get(&path).await["receipts"]), (&json!(0), &json!(0)));
    analyst.post(&change, json!({"level": null, "reason": "风险消除"})).await;
    seen("yellow", "lifted").await;
    let (status, answer) = officer.send(reqwest::Method::POST, &receipt, None).await;
    assert_eq!(status, StatusCode::CONFLICT, "{answer}");
    for running in [&pair.province, &pair.county] {
        assert!(running.console.verify_audit().await.expect("reads").ok);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies_go_down_and_signatures_come_up() {
    let pair = apart().await;
    let analyst = pair.province.person("analyst", Role::Analyst, "620000").await;
    let officer = pair.county.person("officer", Role::CountyOfficer, "620123").await;
    let below = pair.county.person("below", Role::Analyst, "620123").await;
    // One from before the county was let in; one that the county has nothing to do with.
    let policy = crate::regulations::policy(&pair.province, &["620100", "620123"]);
    let made = analyst.post("/regulations", policy).await;
    analyst.post("/regulations", crate::regulations::policy(&pair.province, &["620200"])).await;
    let above = format!("/regulations/{}", made["row"]["id"].as_str().expect("id"));
    pair.join().await;
    let came = until("the policy came down", async || {
        officer.get("/regulations?to_sign=true").await["items"].as_array().and_then(|rows| rows.first().cloned())
    })
    .await;
    let number = made["row"]["number"].as_str().expect("a number");
    assert_eq!((&came["number"], &came["unit"]["code"]), (&json!(format!("{number}@620000")), &json!("620000")));
    assert_eq!((&came["coverage"]["due"], &came["allowed"]), (&json!(1), &json!(["sign"])));
    let path = format!("/regulations/{}", came["id"].as_str().expect("id"));
    let file = format!("{path}/versions/1/file");
    assert_eq!(officer.bytes(&file).await, crate::regulations::FILE);
    let withdraw = below.status(reqwest::Method::POST, &format!("{path}/withdraw"), Some(json!({"reason": "x"}))).await;
    assert_eq!(withdraw, StatusCode::NOT_FOUND, "who did not issue it does not withdraw it");

    analyst.ok(reqwest::Method::POST, &format!("{above}/urge"), None).await;
    until("the county is urged", async || below.get(&path).await["units"][0]["urged_at"].as_str().map(drop)).await;
    officer.post(&format!("{path}/sign"), json!({"version": 1})).await;
    let signed = until("the signature is known above", async || {
        let seen = analyst.get(&above).await;
        (seen["row"]["coverage"]["signed"] == 1).then_some(seen)
    })
    .await;
    let unit = signed["units"].as_array().expect("a list").iter().find(|one| one["signed_at"].is_string());
    let unit = unit.expect("one has signed");
    assert_eq!((&unit["unit"]["code"], &unit["signed_by"]), (&json!("620123"), &json!("officer 测试@620123")));

    // Another version is signed anew, and the end is known below too.
    let revised = crate::regulations::version(&pair.province, "第二版", &["620123"]);
    analyst.post(&format!("{above}/versions"), revised).await;
    let again = until("the new version is known below", async || {
        let seen = officer.get(&path).await;
        (seen["row"]["version"] == 2).then_some(seen)
    })
    .await;
    assert_eq!(
        (&again["row"]["coverage"]["signed"], &again["versions"][1]["coverage"]["signed"]),
        (&json!(0), &json!(1))
    );
    officer.post(&format!("{path}/sign"), json!({"version": 2})).await;
    until("the second signature is known above", async || {
        (analyst.get(&above).await["row"]["coverage"]["signed"] == 1).then_some(())
    })
    .await;
    analyst.post(&format!("{above}/withdraw"), json!({"reason": "并入总则"})).await;
    until("it is withdrawn below", async || officer.get(&path).await["row"]["withdrawn_at"].as_str().map(drop)).await;
    for running in [&pair.province, &pair.county] {
        assert!(running.console.verify_audit().await.expect("reads").ok);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fleet_shows_whether_a_sensor_is_what_it_should_be() {
    let running = start_with(ConsoleSettings::default()).await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let seen = json!({
        "observer": "sensor-7", "interface": "eth0", "time": "2026-11-18T10:00:00Z", "packets_seen": 1,
        "packets_inspected": 1, "losses": [], "bytes_seen": 1, "bytes_missing": 0, "rules_version": "1", "rules_loaded": 1, "rules_failed": 0, "events_emitted": 0,
        "events_shed": 0
    });
    let seen = serde_json::from_value(seen).expect("is an account");
    running.console.sink().deliver(vec![fengsui_schema::Output::Visibility(seen)]).await.expect("delivers");
    let trust = async || analyst.get("/sensors").await["items"][0]["trust"].clone();
    assert_eq!(trust().await, "unknown", "one that does not send over the uplink is not measured");
    let mut database = Beside::open(&running.database).await;
    let sql = "INSERT INTO tier_node (id, relation, role, public_key, fingerprint, state, enrolled_at, province, prefecture, county,
                   unit_code, counter, measurement, trusted_measurement)
               VALUES ('sensor-7', 'child', 'sensor', '', '', 'active', 0, '620000', '', '', '620000', 0, 'a', 'a')";
    database.run(sql).await.expect("writes");
    assert_eq!(trust().await, "trusted");
    database.run("UPDATE tier_node SET measurement = 'b'").await.expect("writes");
    assert_eq!(trust().await, "changed");
}
