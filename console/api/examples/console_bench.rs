//! Measures the console's interface over a database of many alerts: the queue, closing in bulk, the roll-ups.
//!
//! `cargo run --release -p fengsui-api --example console_bench -- [ALERTS]` (one million unless told). A few thousand alerts
//! come in as the pipeline delivers them; SQL multiplies them, so that rows are as long as real ones.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that can't set itself up fails by panicking"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use fengsui_api::{AccountRequest, Console, ConsoleSettings, Dependencies, Role};
use fengsui_schema::{Clock, Output, Timestamp};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, Executor};

const SEEDS: i64 = 2_000;
const CONNECTIONS: usize = 16;
const REQUESTS: usize = 2_000;

struct Wall;

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

fn alert(number: i64, now: i64) -> Output {
    let units = ["620123", "620102", "620171", "621022", "620902", "622901", "623001", "620421", "620521", "620000"];
    let unit = units[usize::try_from(number).unwrap_or(0) % units.len()];
    let severity = ["info", "low", "medium", "high", "critical"][usize::try_from(number / 7).unwrap_or(0) % 5];
    let time = Timestamp::from_millis(now - number * 40_000).to_string();
    let (source, target) = (format!("203.0.113.{}", number % 250), format!("10.62.{}.{}", number % 16, number % 200));
    let body = json!({
        "id": format!("{number:032x}"), "time": time, "source": "signature",
        "rule": {"id": format!("suricata:{}", 9_000_000 + number % 300), "title": "SQL injection: union query", "title_zh": "SQL 注入：联合查询探测",
                 "text": "alert http any any -> any any (msg:\"x\"; http.uri; content:\"UNION\"; sid:1;)"},
        "severity": severity, "summary_zh": "对政务网站的注入探测", "summary_en": "injection probe",
        "conditions": [{"condition": "content", "field": "http.uri", "value": "UNION SELECT"}],
        "entities": [{"kind": "address", "value": source, "role": "source"}, {"kind": "address", "value": target, "role": "target", "asset": "政务服务网"}],
        "techniques": [{"id": "T1190"}], "observer": "sensor-1", "unit": unit, "domain": "application",
        "flow": {"source_ip": source, "source_port": 40_001, "destination_ip": target, "destination_port": 80},
        "evidence": {"payload_base64": "R0VUIC8/aWQ9MSBVTklPTiBTRUxFQ1QgSFRUUC8xLjENCg=="}, "events": [format!("{number:032x}")],
        "group_key": format!("suricata:{}|{source}|{unit}", 9_000_000 + number % 300)
    });
    Output::Alert(Box::new(serde_json::from_value(body).expect("is an alert")))
}

/// Copies the alerts until there are so many, shifted in time, with roll-ups in line.
async fn multiply(path: &std::path::Path, wanted: i64) {
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(path)).await.expect("opens");
    let copies = wanted / SEEDS - 1;
    let columns = "severity, title_zh, title_en, rule_id, source, source_ip, source_port, destination_ip, destination_port, \
                   source_asset, destination_asset, domain, techniques, group_key, disposition, assignee_id, incident_id, \
                   search_text, pcap, body, revision, province, prefecture, county, unit_code";
    let steps = [
        "CREATE TABLE copies (n INTEGER)".to_owned(),
        format!("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {copies}) INSERT INTO copies SELECT n FROM c"),
        format!(
            "INSERT INTO alert (id, time, state, {columns})
             SELECT printf('%08x', c.n) || substr(a.id, 9), a.time - c.n * 80000, CASE WHEN c.n % 10 < 7 THEN 'closed' ELSE 'new' END, {columns}
             FROM copies c CROSS JOIN alert a"
        ),
        "DELETE FROM alert_open".to_owned(),
        "INSERT INTO alert_open SELECT unit_code, severity, domain, COUNT(*), province, prefecture, county FROM alert
         WHERE state <> 'closed' GROUP BY unit_code, severity, domain".to_owned(),
        "DELETE FROM alert_hour".to_owned(),
        "INSERT INTO alert_hour SELECT time / 3600000 * 3600000, unit_code, severity, domain, COUNT(*), province, prefecture, county
         FROM alert GROUP BY 1, 2, 3, 4".to_owned(),
        "UPDATE alert_group SET open_count = (SELECT COUNT(*) FROM alert a WHERE a.unit_code = alert_group.unit_code
             AND a.group_key = alert_group.group_key AND a.state <> 'closed'), total = total * 500".to_owned(),
        "DROP TABLE copies".to_owned(),
        "ANALYZE".to_owned(),
        "PRAGMA wal_checkpoint(TRUNCATE)".to_owned(),
    ];
    for step in steps {
        pool.execute(AssertSqlSafe(step)).await.expect("multiplies");
    }
    pool.close().await;
}

#[derive(Clone)]
struct Person {
    client: Client,
    base: String,
}

impl Person {
    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request =
            self.client.request(method, format!("{}/api/v1{path}", self.base)).header("x-fengsui-csrf", "1");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("answers");
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.json().await.expect("is JSON")
    }
}

async fn analyst(console: &Console, base: &str) -> Person {
    let request = AccountRequest {
        username: "analyst".to_owned(),
        display_name: "分析员".to_owned(),
        role: Role::Analyst,
        unit: "620000".parse().expect("is a code"),
    };
    let password = console.create_account(request).await.expect("makes the account");
    let client = Client::builder().cookie_store(true).build().expect("makes a client");
    let person = Person { client, base: base.to_owned() };
    person.send(Method::POST, "/session", Some(json!({"username": "analyst", "password": password}))).await;
    let change = json!({"old_password": password, "new_password": "Qilian-Shan-2026"});
    person.send(Method::POST, "/session/password", Some(change)).await;
    person
}

fn tell(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times[(times.len() * share / 1000).min(times.len() - 1)].as_secs_f64() * 1000.0;
    println!("{what:44} n {:5}  p50 {:8.2} ms  p90 {:8.2} ms  p99 {:8.2} ms", times.len(), at(500), at(900), at(990));
}

/// The queue as people page through it, at so many connections.
async fn queue(person: &Person) {
    let paths = [
        "/alerts?grouped=true",
        "/alerts",
        "/alerts?severity_min=high",
        "/alerts?unit=620100",
        "/alerts?state=all",
        "/alerts?state=closed&unit=620123",
    ];
    let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let mut workers = Vec::new();
    let started = Instant::now();
    for _ in 0..CONNECTIONS {
        let (person, next) = (person.clone(), Arc::clone(&next));
        workers.push(tokio::spawn(async move {
            let mut times = Vec::new();
            loop {
                let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if number >= REQUESTS {
                    return times;
                }
                let path = paths[number % paths.len()];
                let begun = Instant::now();
                person.send(Method::GET, path, None).await;
                times.push((path, begun.elapsed()));
            }
        }));
    }
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.expect("works"));
    }
    let rate = all.len() as f64 / started.elapsed().as_secs_f64();
    for path in paths {
        tell(&format!("GET {path}"), all.iter().filter(|(of, _)| *of == path).map(|(_, time)| *time).collect());
    }
    tell(&format!("queue, {CONNECTIONS} connections, {rate:.0}/s"), all.into_iter().map(|(_, time)| time).collect());
}

async fn timed(person: &Person, what: &str, method: Method, path: &str, rounds: usize) {
    let mut times = Vec::new();
    for _ in 0..rounds {
        let begun = Instant::now();
        person.send(method.clone(), path, None).await;
        times.push(begun.elapsed());
    }
    tell(what, times);
}

async fn bulk_close(person: &Person) {
    let mut times = Vec::new();
    for _ in 0..10 {
        let page = person.send(Method::GET, "/alerts?grouped=false&limit=500", None).await;
        let ids: Vec<&Value> = page["items"].as_array().expect("is a list").iter().map(|row| &row["id"]).collect();
        let body = json!({"ids": ids, "action": "close", "disposition": "false_positive", "reason": "测量"});
        let begun = Instant::now();
        let done = person.send(Method::POST, "/alerts/actions", Some(body)).await;
        times.push(begun.elapsed());
        assert_eq!(done["changed"], 500);
    }
    tell("close 500 in bulk", times);
}

#[tokio::main]
async fn main() {
    let wanted: i64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("makes a folder");
    let database = folder.path().join("console.db");
    let settings = ConsoleSettings {
        database: database.display().to_string(),
        key_file: folder.path().join("console.key"),
        password_rounds: 10,
        readers: 8,
        ..ConsoleSettings::default()
    };
    let dependencies = Dependencies {
        store: None,
        dlp: Arc::new(
            fengsui_dlp_engine::Engine::new(Default::default(), &Default::default()).expect("makes an engine"),
        ),
        dlp_settings: Default::default(),
        sharing_directory: folder.path().join("sharing"),
        evidence_directory: folder.path().join("evidence"),
        statistics: None,
        books: None,
        clock: Arc::new(Wall),
    };
    let console = Console::open(settings, dependencies).await.expect("opens");
    let now = Wall.now().as_millis();
    let begun = Instant::now();
    for start in (0..SEEDS).step_by(100) {
        let batch = (start..start + 100).map(|number| alert(number + 1, now)).collect();
        console.sink().deliver(batch).await.expect("delivers");
    }
    println!("ingest {SEEDS} alerts, 100 a batch: {:.0} alerts/s", SEEDS as f64 / begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    multiply(&database, wanted).await;
    let size = std::fs::metadata(&database).map(|of| of.len() / 1_000_000).unwrap_or(0);
    println!("{wanted} alerts, {size} MB, multiplied in {:.0} s", begun.elapsed().as_secs_f64());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let base = format!("http://{}", listener.local_addr().expect("has an address"));
    let serving = console.clone();
    tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
    let person = analyst(&console, &base).await;
    timed(&person, "GET /posture (roll-ups of the screen)", Method::GET, "/posture", 100).await;
    timed(&person, "GET /overview (workbench)", Method::GET, "/overview", 100).await;
    timed(&person, "GET /entities (7-day strip)", Method::GET, "/entities?kind=address&value=203.0.113.7", 50).await;
    queue(&person).await;
    bulk_close(&person).await;
}
