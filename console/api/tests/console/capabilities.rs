//! Abilities for other applications: who gets in, how often, what they get, and that nothing of it is kept.

use std::path::Path;

use fengsui_api::{Role, matrix};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::beside::Beside;
use crate::security::operations;
use crate::support::{Browser, Running, hours_later, start};

const ABILITIES: [&str; 4] = ["classify", "mask", "indicators", "screen"];
/// A telephone number and words that nobody else writes into a database.
const CANARY: &str = "13993109931";
const PHRASE: &str = "金城关外旧书摊";

/// An application with its key.
struct Application {
    client: Client,
    base: String,
    token: String,
    id: String,
}

impl Application {
    fn with(running: &Running, token: &str) -> Self {
        let (client, base) = (Client::new(), running.address.clone());
        Self { client, base, token: token.to_owned(), id: String::new() }
    }

    /// A request as `curl` sends it: status, body, `Retry-After`.
    async fn send(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value, Option<i64>) {
        let request = self.client.request(method, format!("{}/api/v1{path}", self.base));
        let answer = request.bearer_auth(&self.token).json(body).send().await.expect("answers");
        let (status, wait) = (answer.status(), answer.headers().get("retry-after").cloned());
        let wait = wait.map(|value| value.to_str().expect("is text").parse().expect("is a number"));
        (status, answer.json().await.unwrap_or_default(), wait)
    }

    async fn ask(&self, ability: &str, body: Value) -> (StatusCode, Value, Option<i64>) {
        self.send(Method::POST, &format!("/capabilities/{ability}"), &body).await
    }

    async fn ok(&self, ability: &str, body: Value) -> Value {
        let (status, answer, _) = self.ask(ability, body).await;
        assert_eq!(status, StatusCode::OK, "{ability}: {answer}");
        answer
    }
}

/// What an administrator asks for, with changes.
fn wanted(running: &Running, unit: &str, change: Value) -> Value {
    let mut body = json!({"name": "不动产登记系统", "unit": unit, "abilities": ABILITIES, "per_minute": 60, "per_day": 1000,
                          "expires_at": hours_later(running, 24 * 30)});
    for (name, value) in change.as_object().expect("is an object") {
        body[name] = value.clone();
    }
    body
}

async fn application(running: &Running, security: &Browser, unit: &str, change: Value) -> Application {
    let made = security.post("/capability-keys", wanted(running, unit, change)).await;
    let id = made["key"]["id"].as_str().expect("has an id").to_owned();
    Application { id, ..Application::with(running, made["token"].as_str().expect("has a token")) }
}

fn look() -> Value {
    json!({"texts": ["您好"]})
}

#[tokio::test]
async fn an_application_classifies_masks_looks_up_and_screens() {
    let running = start().await;
    let security = running.person("sec", Role::Secadmin, "620000").await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let list = "ip,203.0.113.66,critical\ncidr,203.0.113.0/24,low\ndomain,evil.example,high,2027-06-01\ndomain,old.example,high,2020-01-01";
    analyst.post("/indicators/import", json!({"list": "feed", "text": list})).await;
    let county = application(&running, &security, "620123", json!({})).await;

    let found = county.ok("classify", json!({"texts": ["没有什么", format!("联系电话{CANARY}，谢谢")]})).await;
    let first = &found["findings"][0];
    let place = (&first["index"], &first["start"], &first["end"], &first["data_type"]);
    assert_eq!(place, (&json!(1), &json!(4), &json!(15), &json!("cn_mobile")), "{found}");
    assert!(first["masked"].as_str().expect("is text").starts_with("139***") && !found.to_string().contains(CANARY));
    assert!(first["confidence"].as_i64().expect("is a number") >= 80 && first["grade"].is_string(), "{found}");
    assert!(found["grade"].is_string() && found["grade_basis"].is_string(), "{found}");
    let found = county.ok("classify", json!({"records": [{"序号": 1, "手机号": CANARY, "空": null}]})).await;
    assert_eq!((&found["findings"][0]["column"], &found["findings"][0]["start"]), (&json!("手机号"), &json!(0)));

    let records = json!([{"序号": 1, "手机号": CANARY, "备注": "无"}, {"序号": 2, "手机号": CANARY, "备注": null}]);
    let masked = county.ok("mask", json!({"policy": "share-standard", "records": records})).await;
    let phone = masked["records"][0]["手机号"].as_str().expect("is text");
    assert!(phone != CANARY && phone.len() == 11, "{masked}");
    assert_eq!(masked["records"][1]["手机号"], phone, "equal values stay equal");
    assert_eq!((&masked["records"][0]["序号"], &masked["records"][1]["备注"]), (&json!(1), &Value::Null));
    let other = application(&running, &security, "621000", json!({})).await;
    let elsewhere = other.ok("mask", json!({"policy": "share-standard", "records": records})).await;
    assert_ne!(elsewhere["records"][0]["手机号"], phone, "values of different units don't join");

    let values = ["203.0.113.66", "203.0.113.7", "https://www.EVIL.example/a?b", "old.example", "198.51.100.1"];
    let known = county.ok("indicators", json!({"values": values})).await;
    let told = |index: usize| -> Vec<(String, String)> {
        let known = known["items"][index]["known"].as_array().expect("a list").iter();
        known.map(|one| (one["value"].to_string(), one["severity"].to_string())).collect()
    };
    let pair = |value: &str, severity: &str| (format!("\"{value}\""), format!("\"{severity}\""));
    assert_eq!(told(0), [pair("203.0.113.66", "critical"), pair("203.0.113.0/24", "low")]);
    assert_eq!((told(1), told(2)), (vec![pair("203.0.113.0/24", "low")], vec![pair("evil.example", "high")]));
    assert_eq!((told(3), told(4)), (vec![], vec![]), "one has expired, one is unknown");
    let evil = &known["items"][2]["known"][0];
    assert!(evil["list"] == "feed" && evil["expires_at"].as_str().expect("is told").starts_with("2027-06-01"));

    let hits = county.ok("screen", json!({"texts": ["打击网络赌博", "参与网*络 赌博的"]})).await;
    let hit = &hits["hits"][0];
    let place = (&hit["index"], &hit["category"], &hit["start"], &hit["end"], &hit["variant"]);
    assert_eq!(place, (&json!(1), &json!("gambling"), &json!(2), &json!(8), &json!(true)), "{hits}");
    assert_eq!(hits["hits"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_key_opens_nothing_else_and_people_have_no_keys() {
    let running = start().await;
    let security = running.person("sec", Role::Secadmin, "620000").await;
    let application = application(&running, &security, "620000", json!({})).await;
    let mut refused = 0;
    for (method, path) in operations() {
        let action = matrix().action(&format!("{method} {path}")).expect("has a row");
        if action.starts_with("key.") {
            continue;
        }
        let asked = path.trim_start_matches("/api/v1").replace("{id}", "1");
        let url = format!("{}/api/v1{asked}", running.address);
        let request = application.client.request(method.clone(), url).header("x-fengsui-csrf", "1").json(&json!({}));
        let cookie = format!("fengsui_session={}", application.token);
        let answer = request.bearer_auth(&application.token).header("cookie", cookie).send().await.expect("answers");
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
        refused += 1;
    }
    assert!(refused > 100, "{refused} routes");
    // Whoever is logged in is nobody here, whatever their role.
    for role in Role::ALL {
        let person = running.person(&role.as_str().replace('_', "-"), role, "620000").await;
        for ability in ABILITIES {
            let path = format!("/capabilities/{ability}");
            assert_eq!(person.status(Method::POST, &path, Some(look())).await, StatusCode::UNAUTHORIZED, "{role:?}");
        }
    }
    application.ok("classify", look()).await;
}

#[tokio::test]
async fn keys_that_ended_look_like_keys_that_never_were() {
    let running = start().await;
    let security = running.person("sec", Role::Secadmin, "620000").await;
    let good = application(&running, &security, "620000", json!({"networks": ["127.0.0.0/8", "::1"]})).await;
    good.ok("screen", look()).await;
    let revoked = application(&running, &security, "620000", json!({})).await;
    let path = format!("/capability-keys/{}/revoke", revoked.id);
    let without = security.status(Method::POST, &path, Some(json!({"reason": " "}))).await;
    assert_eq!(without, StatusCode::UNPROCESSABLE_ENTITY, "why has to be told");
    let row = security.post(&path, json!({"reason": "系统下线"})).await;
    assert_eq!((&row["state"], &row["revoked_for"]), (&json!("revoked"), &json!("系统下线")));
    assert_eq!(security.status(Method::POST, &path, Some(json!({"reason": "再"}))).await, StatusCode::CONFLICT);
    let foreign = application(&running, &security, "620000", json!({"networks": ["10.8.0.0/16"]})).await;
    let narrow = application(&running, &security, "620000", json!({"abilities": ["screen"]})).await;
    assert_eq!(narrow.ask("classify", look()).await.0, StatusCode::FORBIDDEN);
    let short = application(&running, &security, "620000", json!({"expires_at": hours_later(&running, 1)})).await;
    short.ok("screen", look()).await;
    running.clock.advance_minutes(60);

    let id = |id: &str| format!("fsk_{id}_{}", "A".repeat(43));
    let mut answers = vec![revoked.ask("screen", look()).await, foreign.ask("screen", look()).await];
    answers.push(short.ask("screen", look()).await);
    for wrong in [&id(&good.id), &id("99999"), &good.token[..good.token.len() - 1], "fsk_", "x"] {
        answers.push(Application::with(&running, wrong).ask("screen", look()).await);
    }
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    assert_eq!(answers[0].0, StatusCode::UNAUTHORIZED);
    good.ok("screen", look()).await;
}

#[tokio::test]
async fn an_administrator_makes_keys_for_its_own_units_and_within_bounds() {
    let running = start().await;
    let province = running.person("sec", Role::Secadmin, "620000").await;
    let lanzhou = running.person("lanzhou", Role::Secadmin, "620100").await;
    let auditor = running.person("auditor", Role::Auditor, "620000").await;
    let other = application(&running, &province, "621000", json!({})).await;
    let own = application(&running, &lanzhou, "620123", json!({})).await;
    let seen = lanzhou.get("/capability-keys").await;
    assert_eq!((seen["items"].as_array().map(Vec::len), &seen["items"][0]["id"]), (Some(1), &json!(own.id)));
    assert!(!auditor.get("/capability-keys").await.to_string().contains("fsk_"), "the token is shown once");
    assert_eq!(auditor.get("/capability-keys").await["items"][0]["may_change"], false);
    let path = format!("/capability-keys/{}/revoke", other.id);
    let reason = Some(json!({"reason": "试"}));
    assert_eq!(lanzhou.status(Method::POST, &path, reason).await, StatusCode::NOT_FOUND, "another unit's");
    for wrong in [
        json!({"unit": "621000"}),
        json!({"unit": "999999"}),
        json!({"abilities": []}),
        json!({"abilities": ["alerts"]}),
        json!({"per_minute": 0}),
        json!({"per_minute": 601}),
        json!({"per_day": 500_001}),
        json!({"name": " "}),
        json!({"networks": ["10.0.0.0/33"]}),
        json!({"networks": vec!["10.0.0.1"; 33]}),
        json!({"expires_at": hours_later(&running, -1)}),
        json!({"expires_at": hours_later(&running, 24 * 367)}),
        json!({"token": "mine"}),
    ] {
        let body = wanted(&running, "620123", wrong.clone());
        let status = lanzhou.status(Method::POST, "/capability-keys", Some(body)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    for _ in 1..20 {
        application(&running, &lanzhou, "620123", json!({})).await;
    }
    let one_more = Some(wanted(&running, "620123", json!({})));
    assert_eq!(lanzhou.status(Method::POST, "/capability-keys", one_more).await, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_key_has_so_many_requests_a_minute_and_a_day() {
    let running = start().await;
    let security = running.person("sec", Role::Secadmin, "620000").await;
    let application = application(&running, &security, "620000", json!({"per_minute": 2, "per_day": 4})).await;
    application.ok("classify", look()).await;
    // What is wrong in it counts too: the request was let in before it was read.
    for wrong in [json!({"texts": [], "more": 1}), json!({"texts": ["x".repeat(600 << 10)]})] {
        assert_eq!(application.ask("screen", wrong).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        running.clock.advance_minutes(1);
    }
    application.ok("classify", look()).await;
    let mut waits = Vec::new();
    for minutes in [0, 1, 0] {
        running.clock.advance_minutes(minutes);
        let (status, _, wait) = application.ask("classify", look()).await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "the day is used up");
        waits.push(wait.expect("says when"));
    }
    assert!(waits.iter().all(|wait| *wait > 60 && *wait <= 86_400), "{waits:?}");
    let seen = security.get("/capability-keys").await;
    let used =
        json!([{"ability": "classify", "served": 2, "refused": 3}, {"ability": "screen", "served": 2, "refused": 0}]);
    assert_eq!(seen["items"][0]["used"], used);
    running.clock.advance_minutes(24 * 60);
    application.ok("screen", look()).await;
    application.ok("screen", look()).await;
    let (status, _, wait) = application.ask("screen", look()).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "the minute is used up");
    assert!(wait.is_some_and(|wait| (1..=60).contains(&wait)), "{wait:?}");

    let auditor = running.person("auditor", Role::Auditor, "620000").await;
    let log = auditor.get("/audit?limit=500").await;
    let of = |action: &str, outcome: &str| {
        let rows = log["items"].as_array().expect("a list").iter();
        rows.filter(|row| row["action"] == action && row["outcome"] == outcome).count()
    };
    assert_eq!((of("capability.write.create", "success"), of("capability.use", "success")), (1, 2), "once a day");
    assert!((1..=3).contains(&of("capability.use", "denied")), "once a day and ability");
    let metrics = application.client.get(format!("{}/metrics", running.address)).send().await.expect("answers");
    let metrics = metrics.text().await.expect("is text");
    for line in ["capability_served 6\n", "refused{reason=\"day\"} 3\n", "refused{reason=\"minute\"} 1\n"] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

#[tokio::test]
async fn a_policy_holds_in_its_unit_and_along_its_branch() {
    let running = start().await;
    let security = running.person("sec", Role::Secadmin, "620000").await;
    let lanzhou = running.person("lanzhou", Role::Secadmin, "620100").await;
    let steward = running.person("steward", Role::Steward, "620100").await;
    let policy = "id='quiet'\ntitle='静默'\nversion='7'\n[[column]]\nnames=['工号']\ntype='cn_mobile'\n[[rule]]\ntypes=['cn_mobile']\nmask='redact'\n[[rule]]\ncolumns=['密语']\nmask='redact'\n";
    let asked = json!({"policy": "quiet", "records": [{"电话": CANARY, "密语": PHRASE, "工号": "A7", "其他": "甲"}]});
    let county = application(&running, &security, "620123", json!({})).await;
    let list = steward.post("/masking/policies", json!({"body": policy})).await;
    let path = format!("/masking/policies/{}", list["items"][0]["id"].as_str().expect("has an id"));
    assert_eq!(county.ask("mask", asked.clone()).await.0, StatusCode::UNPROCESSABLE_ENTITY, "a draft");
    steward.ok(Method::POST, &format!("{path}/submit"), None).await;
    assert_eq!(county.ask("mask", asked.clone()).await.0, StatusCode::UNPROCESSABLE_ENTITY, "not approved");
    lanzhou.post(&format!("{path}/decide"), json!({"approve": true, "reason": "符合要求"})).await;
    for unit in ["620123", "620100", "620000"] {
        let reached = application(&running, &security, unit, json!({})).await;
        let masked = reached.ok("mask", asked.clone()).await;
        let told = masked["records"].to_string();
        assert!(!told.contains(CANARY) && !told.contains(PHRASE) && !told.contains("A7"), "{unit}: {told}");
        assert_eq!((&masked["version"], &masked["records"][0]["其他"]), (&json!("7"), &json!("甲")));
    }
    for unit in ["621000", "620171"] {
        let neighbour = application(&running, &security, unit, json!({})).await;
        let refused = neighbour.ask("mask", asked.clone()).await;
        let missing = neighbour.ask("mask", json!({"policy": "nothing", "records": asked["records"]})).await;
        assert_eq!((refused.0, &refused), (StatusCode::UNPROCESSABLE_ENTITY, &missing), "{unit}");
    }
    let nested = json!({"policy": "share-standard", "records": [{"a": {"手机": CANARY}}]});
    assert_eq!(county.ask("mask", nested).await.0, StatusCode::UNPROCESSABLE_ENTITY, "nothing goes by unmasked");
}

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("is a folder").flatten() {
        match entry.path() {
            path if path.is_dir() => files(&path, found),
            path => found.push(std::fs::read(path).expect("is read")),
        }
    }
}

/// Everything that a console keeps.
async fn kept(running: &Running) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    files(running.folder.path(), &mut found);
    if running.database.contains("://") {
        let mut database = Beside::open(&running.database).await;
        let tables = "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = 'public'";
        for table in database.texts(tables).await {
            let rows = database.texts(&format!("SELECT CAST(t AS TEXT) FROM \"{}\" t", table[0])).await;
            found.extend(rows.into_iter().flatten().map(String::into_bytes));
        }
    }
    found
}

#[tokio::test]
async fn nothing_of_what_is_asked_is_kept() {
    let running = start().await;
    let security = running.person("sec", Role::Secadmin, "620000").await;
    let application = application(&running, &security, "620000", json!({})).await;
    application.ok("classify", json!({"texts": [format!("{PHRASE}{CANARY}")]})).await;
    application.ok("mask", json!({"policy": "test-data", "records": [{"电话": CANARY, "备注": PHRASE}]})).await;
    application.ok("indicators", json!({"values": ["qilian-canary.example"]})).await;
    application.ok("screen", json!({"texts": [PHRASE]})).await;
    let broken = json!({"texts": PHRASE});
    assert_eq!(application.ask("screen", broken).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    security.post(&format!("/capability-keys/{}/revoke", application.id), json!({"reason": "轮换"})).await;
    assert_eq!(application.ask("screen", json!({"texts": [PHRASE]})).await.0, StatusCode::UNAUTHORIZED);
    let all = kept(&running).await;
    let holds = |text: &str| all.iter().any(|part| part.windows(text.len()).any(|piece| piece == text.as_bytes()));
    assert!(holds("不动产登记系统") && holds("轮换"), "what is kept is looked at");
    let secret = application.token.splitn(3, '_').nth(2).expect("has a secret");
    for text in [CANARY, PHRASE, "qilian-canary", &application.token, &secret[secret.len() - 20..]] {
        assert!(!holds(text), "{text} is kept");
    }
}
