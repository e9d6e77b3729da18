//! Settings that administrators change while the console runs: who may, and that each does what it says.

use std::sync::Arc;

use crate::support::{Browser, Form, PASSWORD, Running, alert, deliver, hours_later, start, start_beside, start_with};
use fengsui_api::{ConsoleSettings, Role, TierSettings};
use fengsui_schema::{Clock, Event, EventId, EventKind, Fields, SourceReference, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

struct Administrators {
    system: Browser,
    security: Browser,
}

async fn administrators(running: &Running) -> Administrators {
    Administrators {
        system: running.person("sys", Role::Sysadmin, "620000").await,
        security: running.person("sec", Role::Secadmin, "620000").await,
    }
}

fn setting<'a>(view: &'a Value, name: &str) -> &'a Value {
    let items = view["items"].as_array().expect("a list");
    items.iter().find(|item| item["name"] == name).unwrap_or(&Value::Null)
}

fn version<'a>(view: &'a Value, name: &str) -> &'a Value {
    let versions = view["versions"].as_array().expect("a list");
    versions.iter().find(|version| version["name"] == name).expect("has a version")
}

impl Administrators {
    /// The system administrator writes a value.
    async fn write(&self, name: &str, value: &str) -> Value {
        let body = json!({"changes": {name: value}, "reason": "测试"});
        self.system.post("/settings", body).await
    }

    /// The same, with the security administrator's consent.
    async fn agree(&self, name: &str, value: &str) -> Value {
        let view = self.write(name, value).await;
        let path = format!("/settings/versions/{}/decide", version(&view, name)["id"].as_str().expect("id"));
        let view = self.security.post(&path, json!({"approve": true, "reason": "同意"})).await;
        assert_eq!(setting(&view, name)["value"], value);
        view
    }
}

#[tokio::test]
async fn an_ordinary_setting_takes_effect_and_comes_back() {
    let running = start().await;
    let admins = administrators(&running).await;
    let auditor = running.person("auditor", Role::Auditor, "620000").await;
    let first = running.browser().get("/platform").await;
    let view = admins.write("platform_name", "甘肃省网络安全平台").await;
    assert_eq!(setting(&view, "platform_name")["value"], "甘肃省网络安全平台");
    admins.write("login_notice", "本系统仅限授权人员使用\n违者必究").await;
    let shown = running.browser().get("/platform").await;
    assert_eq!(shown, json!({"name": "甘肃省网络安全平台", "notice": "本系统仅限授权人员使用\n违者必究"}));
    assert_eq!(auditor.get("/session").await["platform"], "甘肃省网络安全平台");

    // A second version, then the first again, then the file's.
    let older = version(&view, "platform_name")["id"].as_str().expect("id").to_owned();
    admins.write("platform_name", "另一个名称").await;
    let path = format!("/settings/versions/{older}/restore");
    let view = admins.system.post(&path, json!({"reason": "改回"})).await;
    let made = version(&view, "platform_name");
    assert!(made["before"] == "另一个名称" && made["restored_from"] == older.as_str(), "{made}");
    assert_eq!(running.browser().get("/platform").await["name"], "甘肃省网络安全平台");
    let nothing: Option<&str> = None;
    admins.system.post("/settings", json!({"changes": {"platform_name": nothing}, "reason": "用文件的"})).await;
    assert_eq!(running.browser().get("/platform").await["name"], first["name"]);
    let log = auditor.get("/audit?action=setting.write").await.to_string();
    assert!(log.contains("甘肃省网络安全平台 -> 另一个名称: 测试"), "{log}");
}

#[tokio::test]
async fn wrong_values_change_nothing_and_say_why() {
    let running = start().await;
    let admins = administrators(&running).await;
    let refused = [
        ("idle_minutes", "4", "5"),
        ("password_length", "8", "12"),
        ("password_days", "120", "90"),
        ("password_profile", "none", "mlps3"),
        ("platform_name", "", "空"),
        ("attachment_mib", "33", "32"),
        ("retention_days", "400", "没有这个设置项"),
        ("database", "x", "没有这个设置项"),
    ];
    for (name, value, words) in refused {
        let changes = json!({"changes": {name: value, "share_mib": "3"}, "reason": "测试"});
        let (status, answer) = admins.system.send(Method::POST, "/settings", Some(changes)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(answer["error"]["message_zh"].as_str().expect("text").contains(words), "{answer}");
    }
    let view = admins.system.get("/settings").await;
    assert_eq!(setting(&view, "share_mib")["value"], "32", "one wrong value stops the others");
    assert_eq!(view["versions"], json!([]));
    let county = running.person("county", Role::Sysadmin, "620123").await;
    assert_eq!(county.status(Method::GET, "/settings", None).await, StatusCode::NOT_FOUND, "of the whole node");
    let fixed = view["fixed"].to_string();
    assert!(fixed.contains("console.database") && fixed.contains("console.tier.parent"), "{fixed}");
}

#[tokio::test]
async fn what_guards_the_login_needs_the_security_administrator() {
    let running = start().await;
    let admins = administrators(&running).await;
    let view = admins.write("lockout_failures", "3").await;
    assert_eq!(setting(&view, "lockout_failures")["value"], "5", "waits");
    let path = format!("/settings/versions/{}/decide", version(&view, "lockout_failures")["id"].as_str().expect("id"));
    let yes = json!({"approve": true, "reason": "同意"});
    assert_eq!(admins.system.status(Method::POST, &path, Some(yes.clone())).await, StatusCode::FORBIDDEN);
    let told = admins.security.get("/notifications").await;
    assert!(told["items"].to_string().contains("lockout_failures"), "{told}");
    admins.security.post(&path, yes.clone()).await;
    assert_eq!(admins.security.status(Method::POST, &path, Some(yes)).await, StatusCode::CONFLICT);

    // Three failures lock now, and the answer names the minutes in force.
    admins.agree("lockout_minutes", "45").await;
    running.person("analyst", Role::Analyst, "620000").await;
    let browser = running.browser();
    for _ in 0..3 {
        let wrong = json!({"username": "analyst", "password": "wrong"});
        assert_eq!(browser.status(Method::POST, "/session", Some(wrong)).await, StatusCode::UNAUTHORIZED);
    }
    let right = json!({"username": "analyst", "password": PASSWORD});
    let (status, answer) = browser.send(Method::POST, "/session", Some(right.clone())).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer["error"]["message_zh"].as_str().expect("text").contains("45分钟"), "{answer}");
    running.clock.advance_minutes(31);
    assert_eq!(browser.status(Method::POST, "/session", Some(right.clone())).await, StatusCode::TOO_MANY_REQUESTS);
    running.clock.advance_minutes(15);
    browser.ok(Method::POST, "/session", Some(right)).await;
}

#[tokio::test]
async fn a_refused_proposal_changes_nothing_and_a_newer_one_takes_its_place() {
    let running = start().await;
    let admins = administrators(&running).await;
    let first = admins.write("session_hours", "4").await;
    let second = admins.write("session_hours", "6").await;
    let states: Vec<&Value> = second["versions"].as_array().expect("a list").iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["proposed", "withdrawn"]);
    let decide =
        |view: &Value| format!("/settings/versions/{}/decide", view["versions"][0]["id"].as_str().expect("id"));
    let no = json!({"approve": false, "reason": "过长"});
    let late = admins.security.status(Method::POST, &decide(&first), Some(no.clone())).await;
    assert_eq!(late, StatusCode::CONFLICT);
    let view = admins.security.post(&decide(&second), no).await;
    assert_eq!((&view["versions"][0]["state"], &view["versions"][0]["decision"]), (&json!("refused"), &json!("过长")));
    assert_eq!(setting(&view, "session_hours")["value"], "8");
    let path = format!("/settings/versions/{}/restore", view["versions"][0]["id"].as_str().expect("id"));
    let restored = admins.system.status(Method::POST, &path, Some(json!({"reason": "再试"}))).await;
    assert_eq!(restored, StatusCode::CONFLICT, "was never in force");
}

#[tokio::test]
async fn passwords_follow_their_settings() {
    let running = start().await;
    let admins = administrators(&running).await;
    admins.agree("password_length", "18").await;
    let person = running.person_with("wang", Role::Analyst, "620000", "Qilian-Shan-2026-Gao").await;
    let change = |old: &str, new: &str| json!({"old_password": old, "new_password": new});
    let short = change("Qilian-Shan-2026-Gao", "Gaolan-Xian-2026");
    let (status, answer) = person.send(Method::POST, "/session/password", Some(short)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer["error"]["message_zh"].as_str().expect("text").contains("18"), "{answer}");

    // One class of characters is enough for ASVS and not for level three.
    let plain = "mountainriverdesertcamelwheat";
    let status = person.status(Method::POST, "/session/password", Some(change("Qilian-Shan-2026-Gao", plain))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    admins.agree("password_profile", "asvs").await;
    person.ok(Method::POST, "/session/password", Some(change("Qilian-Shan-2026-Gao", plain))).await;
    // ASVS remembers the present password alone.
    person.ok(Method::POST, "/session/password", Some(change(plain, "Qilian-Shan-2026-Gao"))).await;

    admins.agree("password_profile", "mlps3").await;
    admins.agree("password_history", "6").await;
    let (old, new) = ("Qilian-Shan-2026-Gao", "Maiji-Shan-2027-Tian");
    running.clock.advance_minutes(1);
    person.ok(Method::POST, "/session/password", Some(change(old, new))).await;
    let (status, answer) = person.send(Method::POST, "/session/password", Some(change(new, old))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer["error"]["message_zh"].as_str().expect("text").contains("最近用过"), "{answer}");
    admins.agree("password_days", "30").await;
    running.clock.advance_minutes(31 * 24 * 60);
    let browser = running.browser();
    let login = json!({"username": "wang", "password": "Maiji-Shan-2027-Tian"});
    assert_eq!(browser.ok(Method::POST, "/session", Some(login)).await["must_change_password"], true);
}

#[tokio::test]
async fn sessions_follow_their_settings() {
    let running = start().await;
    let admins = administrators(&running).await;
    let person = running.person("analyst", Role::Analyst, "620000").await;
    admins.agree("idle_minutes", "10").await;
    assert_eq!(person.get("/session").await["idle_timeout_seconds"], 600);
    running.clock.advance_minutes(11);
    assert_eq!(person.status(Method::GET, "/overview", None).await, StatusCode::UNAUTHORIZED);

    let login = |name: &str| json!({"username": name, "password": PASSWORD});
    admins.system.ok(Method::POST, "/session", Some(login("sys"))).await;
    admins.security.ok(Method::POST, "/session", Some(login("sec"))).await;
    person.ok(Method::POST, "/session", Some(login("analyst"))).await;
    admins.agree("session_hours", "1").await;
    for _ in 0..7 {
        running.clock.advance_minutes(9);
        person.status(Method::GET, "/overview", None).await;
    }
    assert_eq!(person.status(Method::GET, "/overview", None).await, StatusCode::UNAUTHORIZED, "63 minutes old");

    admins.system.ok(Method::POST, "/session", Some(login("sys"))).await;
    admins.security.ok(Method::POST, "/session", Some(login("sec"))).await;
    person.ok(Method::POST, "/session", Some(login("analyst"))).await;
    admins.agree("second_factor", "required").await;
    assert_eq!(person.status(Method::GET, "/overview", None).await, StatusCode::LOCKED);
}

/// An alert that became an incident with a task for a county.
async fn task_of(running: &Running, analyst: &Browser) {
    deliver(running, vec![alert(1, "620123", "注入")]).await;
    let made = json!({"title": "注入", "grade": "general", "alert_ids": [format!("{:032x}", 1)]});
    let incident = analyst.post("/incidents", made).await["row"]["id"].as_str().expect("id").to_owned();
    let order = json!({"title": "处置", "instructions": "断网", "units": ["620123"], "priority": "normal",
                       "due_at": hours_later(running, 10), "steps": []});
    let tasks = analyst.post(&format!("/incidents/{incident}/tasks"), order).await;
    assert_eq!(tasks["tasks"].as_array().map(Vec::len), Some(1), "{tasks}");
}

fn kinds(told: &Value) -> Vec<String> {
    let items = told["items"].as_array().expect("a list");
    items.iter().map(|item| item["kind"].as_str().expect("text").to_owned()).collect()
}

#[tokio::test]
async fn notifications_follow_their_settings() {
    let running = start_with(ConsoleSettings { idle_minutes: 6_000, session_hours: 100, ..Default::default() }).await;
    let admins = administrators(&running).await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let officer = running.person("officer", Role::CountyOfficer, "620123").await;
    task_of(&running, &analyst).await;
    let id = officer.get("/tasks?state=to_sign").await["items"][0]["id"].as_str().expect("id").to_owned();
    officer.ok(Method::POST, &format!("/tasks/{id}/sign"), None).await;
    let has =
        async |person: &Browser, kind: &str| kinds(&person.get("/notifications").await).contains(&kind.to_owned());
    running.clock.advance_minutes(6 * 60);
    assert!(!has(&officer, "task_due").await, "four of ten hours are left");
    admins.write("due_soon_percent", "50").await;
    assert!(has(&officer, "task_due").await);

    running.clock.advance_minutes(5 * 60);
    assert!(has(&analyst, "task_overdue").await);
    admins.write("overdue_hours", "2").await;
    assert!(!has(&analyst, "task_overdue").await, "an hour over");
    running.clock.advance_minutes(60);
    assert!(has(&analyst, "task_overdue").await);

    // A state organ has two hours for a larger incident, others four.
    admins.agree("operator", "state_organ").await;
    deliver(&running, vec![alert(2, "620123", "中断")]).await;
    let made = json!({"title": "中断", "grade": "larger", "alert_ids": [format!("{:032x}", 2)]});
    let detail = analyst.post("/incidents", made).await;
    let clock = &detail["clocks"][0];
    assert_eq!(clock["seconds_left"], 7_200, "{clock}");
    running.clock.advance_minutes(70);
    assert!(!has(&analyst, "clock").await, "58 of a hundred have passed");
    admins.write("clock_percent", "55").await;
    assert!(has(&analyst, "clock").await);
}

#[tokio::test]
async fn uploads_follow_their_settings() {
    let running = start().await;
    let admins = administrators(&running).await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let officer = running.person("officer", Role::CountyOfficer, "620123").await;
    let steward = running.person("steward", Role::Steward, "620000").await;
    task_of(&running, &analyst).await;
    let id = officer.get("/tasks?state=to_sign").await["items"][0]["id"].as_str().expect("id").to_owned();
    officer.ok(Method::POST, &format!("/tasks/{id}/sign"), None).await;
    admins.write("attachment_mib", "1").await;
    admins.write("share_mib", "1").await;
    let text = |bytes: usize| Form::default().file("日志.txt", &vec![b'a'; bytes]);
    let path = format!("/tasks/{id}/attachments");
    officer.upload(&path, text(1 << 20)).await;
    let (status, answer) = officer.try_upload(&path, text((1 << 20) + 1)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.to_string().contains("1 MiB"), "{answer}");
    let table = Form::default().file("表.csv", &vec![b'a'; (1 << 20) + 1]);
    assert_eq!(steward.try_upload("/traces", table).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    admins.write("attachment_mib", "2").await;
    officer.upload(&path, text((1 << 20) + 1)).await;
}

/// An index with an event on each of some days before the test's clock.
fn index(folder: &std::path::Path, days: &[i64], now: Timestamp) -> Arc<fengsui_store::Store> {
    let settings = fengsui_store::StoreSettings { directory: folder.join("events"), ..Default::default() };
    let store = fengsui_store::Store::open(settings).expect("opens");
    for (number, day) in (1_u64..).zip(days) {
        let time = now.plus_seconds(-day * 86_400);
        let source = SourceReference { source: "test".into(), instance: "a".into(), sequence: number };
        let id = EventId::from_bytes([u8::try_from(number).expect("fits"); 16]);
        let (kind, original) = (EventKind::Event, json!("line"));
        let event = Event { id, time, received: time, kind, source, fields: Fields::new(), original };
        store.add(&event, number).expect("adds");
    }
    store.commit().expect("commits");
    Arc::new(store)
}

#[tokio::test]
async fn events_are_kept_as_long_as_the_retention_says() {
    let folder = tempfile::tempdir().expect("folder");
    let now = Timestamp::from_millis(1_795_000_000_000);
    let store = index(folder.path(), &[0, 20, 100, 200, 400], now);
    let running = start_beside(ConsoleSettings::default(), Some(Arc::clone(&store))).await;
    assert_eq!(running.clock.now(), now);
    let admins = administrators(&running).await;
    let auditor = running.person("auditor", Role::Auditor, "620000").await;
    assert_eq!(setting(&admins.system.get("/settings").await, "retention_days")["value"], "180");

    admins.write("retention_days", "365").await;
    assert_eq!(running.console.apply_retention().await.expect("applies").len(), 1);
    admins.write("retention_days", "180").await;
    assert_eq!(running.console.apply_retention().await.expect("applies").len(), 1);

    // Less than the law asks waits for the security administrator.
    admins.write("retention_days", "30").await;
    assert_eq!(running.console.apply_retention().await.expect("applies"), Vec::<String>::new());
    assert_eq!(store.days().len(), 3);
    admins.agree("retention_days", "30").await;
    assert_eq!(running.console.apply_retention().await.expect("applies").len(), 1);
    assert_eq!(store.days().len(), 2);
    let log = auditor.get("/audit?action=retention.drop").await;
    let entry = log["items"][0]["detail"].as_str().expect("text");
    assert!(entry.contains("older than 30 days") && entry.contains("agreed to by sec 测试: 测试; 同意"), "{entry}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_stay_on_the_node_when_they_are_withheld() {
    let province = start().await;
    let tier = TierSettings { parent: Some(province.address.clone()), plain: true, ..TierSettings::default() };
    let below = ConsoleSettings { unit: "620123".to_owned(), tier: tier.clone(), ..ConsoleSettings::default() };
    let county = start_with(below).await;
    let code = province.console.node_code("620123", "console").await.expect("is made");
    let asked = fengsui_api::enrol_with_parent(&county.console, &tier, &code.code).await.expect("asks");
    province.console.approve_node("620123", &asked).await.expect("is let in");
    let admins = Administrators {
        system: county.person("sys", Role::Sysadmin, "620123").await,
        security: county.person("sec", Role::Secadmin, "620123").await,
    };
    deliver(&county, vec![alert(1, "620123", "来自203.0.113.9的注入")]).await;
    admins.agree("egress_addresses", "withheld").await;
    deliver(&county, vec![alert(2, "620123", "来自203.0.113.9的注入")]).await;
    let analyst = province.person("analyst", Role::Analyst, "620000").await;
    let path = |number: u32| format!("/alerts/{number:032x}");
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while analyst.status(Method::GET, &path(2), None).await != StatusCode::OK {
        assert!(std::time::Instant::now() < end, "the alert did not arrive");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(analyst.get(&path(1)).await.to_string().contains("203.0.113.9"));
    let withheld = analyst.get(&path(2)).await;
    let text = withheld.to_string();
    assert!(!text.contains("203.0.113.9") && !text.contains("10.8.0.2") && text.contains("来自*的注入"), "{text}");
    let setting_above = setting(&running_settings(&province).await, "egress_addresses").clone();
    assert_eq!(setting_above, Value::Null, "nothing goes up from the top");
}

async fn running_settings(running: &Running) -> Value {
    running.person("top", Role::Sysadmin, "620000").await.get("/settings").await
}
