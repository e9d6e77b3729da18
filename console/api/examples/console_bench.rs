//! Measures the console's interface over a database of many alerts: the queue, closing in bulk, the roll-ups.
//!
//! `cargo run --release -p fengsui-api --example console_bench -- [ALERTS] [--browser] [--folder=PATH]` (one million unless
//! told). A few thousand alerts of every unit come in as the pipeline delivers them; SQL multiplies them over a month and
//! into tens of thousands of groups, so that rows are as long as real ones. With `--browser`, a Chromium with an empty
//! cache opens the queue at the end and says when its first rows stand. With `--folder`, the database is made in that
//! folder and stays; the next run measures on it.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that can't set itself up fails by panicking"
)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use fengsui_api::{AccountRequest, Console, ConsoleSettings, Role};
use fengsui_schema::{Clock, Output, Timestamp};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, Executor};
use support::{Wall, processor_ms};

const SEEDS: i64 = 2_000;
/// A group of one seed is divided into so many when alerts are multiplied.
const GROUPS_PER_SEED: i64 = 50;
/// TheHive's users report lists that stand still with so many tasks.
const TASKS: i64 = 12_000;
const CONNECTIONS: usize = 16;
const REQUESTS: usize = 2_000;

fn alert(number: i64, now: i64) -> Output {
    let units: Vec<&str> =
        include_str!("../data/units.toml").split("code = \"").skip(1).map(|rest| &rest[..6]).collect();
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
    let shift = 29 * 86_400_000 / copies.max(1);
    let columns = "severity, title_zh, title_en, rule_id, source, source_ip, source_port, destination_ip, destination_port, \
                   source_asset, destination_asset, domain, techniques, disposition, assignee_id, incident_id, \
                   search_text, pcap, body, revision, province, prefecture, county, unit_code";
    let numbers = |name: &str, count: i64| {
        format!(
            "CREATE TABLE {name} AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) SELECT n FROM c"
        )
    };
    let steps = [
        numbers("copies", copies),
        format!(
            "INSERT INTO alert (id, time, state, group_key, {columns})
             SELECT printf('%08x', c.n) || substr(a.id, 9), a.time - c.n * {shift},
                 CASE WHEN c.n % 10 < 7 THEN 'closed' ELSE 'new' END, a.group_key || '#' || (c.n % {GROUPS_PER_SEED}), {columns}
             FROM copies c CROSS JOIN alert a"
        ),
        format!(
            "INSERT INTO alert_entity (kind, value, alert_id, time, severity, role, asset, province, prefecture, county, unit_code)
             SELECT e.kind, e.value, printf('%08x', c.n) || substr(e.alert_id, 9), e.time - c.n * {shift}, e.severity, e.role,
                 e.asset, e.province, e.prefecture, e.county, e.unit_code
             FROM copies c CROSS JOIN alert_entity e"
        ),
        "DELETE FROM alert_standing".to_owned(),
        "INSERT INTO alert_standing (unit_code, severity, domain, source, state, count, province, prefecture, county)
         SELECT unit_code, severity, domain, source, state, COUNT(*), province, prefecture, county FROM alert GROUP BY 1, 2, 3, 4, 5".to_owned(),
        "DELETE FROM alert_hour".to_owned(),
        "INSERT INTO alert_hour SELECT time / 3600000 * 3600000, unit_code, severity, domain, COUNT(*), province, prefecture, county
         FROM alert GROUP BY 1, 2, 3, 4".to_owned(),
        "DELETE FROM alert_group".to_owned(),
        "INSERT INTO alert_group (unit_code, group_key, open_count, total, first_time, head_time, province, prefecture, county)
         SELECT unit_code, group_key, SUM(state <> 'closed'), COUNT(*), MIN(time), MAX(time), province, prefecture, county
         FROM alert GROUP BY 1, 2".to_owned(),
        "UPDATE alert_group SET (head_id, head_time, severity, domain, source) =
             (SELECT a.id, a.time, a.severity, a.domain, a.source FROM alert a WHERE a.unit_code = alert_group.unit_code
              AND a.group_key = alert_group.group_key AND a.state <> 'closed' ORDER BY a.time DESC, a.id DESC LIMIT 1)
         WHERE open_count > 0".to_owned(),
        numbers("numbers", TASKS),
        "INSERT INTO task (id, number, title, instructions, steps, state, priority, issuer_id, issuer_unit, created_at, due_at,
             sign_by, signed_at, revision, province, prefecture, county, unit_code)
         SELECT 1000000 + n, 'T' || n, '处置：政务网站注入', '按步骤处置', '[]',
             CASE n % 6 WHEN 0 THEN 'new' WHEN 1 THEN 'signed' WHEN 2 THEN 'working' ELSE 'closed' END, 'normal', p.id, '620000',
             a.time, a.time + 86400000, a.time + 3600000, CASE WHEN n % 6 > 0 THEN a.time + 1800000 END, 1,
             a.province, a.prefecture, a.county, a.unit_code
         FROM numbers JOIN alert a ON a.rowid = 1 + n % 2000 CROSS JOIN (SELECT MIN(id) AS id FROM account) p".to_owned(),
        "DROP TABLE copies".to_owned(),
        "DROP TABLE numbers".to_owned(),
        "DELETE FROM alert_filter".to_owned(),
        "INSERT INTO alert_filter_gap (id, after_province, after_time, after_id) VALUES (1, '', 0, '')".to_owned(),
        "PRAGMA wal_checkpoint(TRUNCATE)".to_owned(),
    ];
    for step in steps {
        pool.execute(AssertSqlSafe(step)).await.expect("multiplies");
    }
    let count = |sql: &'static str| sqlx::query_scalar::<_, i64>(sql).fetch_one(&pool);
    let groups = count("SELECT COUNT(*) FROM alert_group WHERE open_count > 0").await.expect("counts");
    let hours = count("SELECT COUNT(*) FROM alert_hour").await.expect("counts");
    println!("{groups} groups with open alerts, {hours} rows of hours, {TASKS} tasks");
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

    /// Reads an answer without looking at it: what the reader does with it is not the server's time.
    async fn read(&self, path: &str) {
        let response = self.client.get(format!("{}/api/v1{path}", self.base)).send().await.expect("answers");
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.bytes().await.expect("has a body");
    }
}

const DATABASE: &str = "console.db";
const PASSWORD: &str = "Qilian-Shan-2026";

async fn log_in(base: &str, password: &str) -> Person {
    let client = Client::builder().cookie_store(true).build().expect("makes a client");
    let person = Person { client, base: base.to_owned() };
    person.send(Method::POST, "/session", Some(json!({"username": "analyst", "password": password}))).await;
    person
}

async fn analyst(console: &Console, base: &str) -> Person {
    let request = AccountRequest {
        username: "analyst".to_owned(),
        display_name: "分析员".to_owned(),
        role: Role::Analyst,
        unit: "620000".parse().expect("is a code"),
    };
    let password = console.create_account(request).await.expect("makes the account");
    let person = log_in(base, &password).await;
    let change = json!({"old_password": password, "new_password": PASSWORD});
    person.send(Method::POST, "/session/password", Some(change)).await;
    person
}

fn tell(what: &str, begun: f64, mut times: Vec<Duration>) {
    let each = (processor_ms() - begun) / times.len() as f64;
    times.sort();
    let at = |share: usize| times[(times.len() * share / 1000).min(times.len() - 1)].as_secs_f64() * 1000.0;
    println!(
        "{what:44} n {:5}  p50 {:8.2} ms  p90 {:8.2} ms  p99 {:8.2} ms  cpu {each:7.2} ms",
        times.len(),
        at(500),
        at(900),
        at(990)
    );
}

/// The queue as people page through it, at so many connections.
async fn queue(person: &Person) {
    let paths = [
        "/alerts?grouped=true",
        "/alerts?grouped=true&severity_min=critical",
        "/alerts?grouped=true&unit=620123",
        "/alerts",
        "/alerts?severity_min=high",
        "/alerts?unit=620100",
        "/alerts?state=all",
        "/alerts?state=closed&unit=620123",
    ];
    let used = processor_ms();
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
                person.read(path).await;
                times.push((path, begun.elapsed()));
            }
        }));
    }
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.expect("works"));
    }
    let rate = all.len() as f64 / started.elapsed().as_secs_f64();
    tell(&format!("queue, {CONNECTIONS} connections, {rate:.0}/s"), used, all.iter().map(|(_, time)| *time).collect());
    for path in paths {
        tell(
            &format!("GET {path}"),
            processor_ms(),
            all.iter().filter(|(of, _)| *of == path).map(|(_, time)| *time).collect(),
        );
    }
}

async fn timed(person: &Person, what: &str, path: &str, rounds: usize) {
    let (mut times, used) = (Vec::new(), processor_ms());
    for _ in 0..rounds {
        let begun = Instant::now();
        person.read(path).await;
        times.push(begun.elapsed());
    }
    tell(what, used, times);
}

/// Closes a page of alerts and takes it back, newest and then deep in the list.
async fn bulk_close(person: &Person) {
    let (mut closed, mut undone, mut used) = (Vec::new(), Vec::new(), 0.0);
    for round in 0..10 {
        let page = person.send(Method::GET, "/alerts?grouped=false&limit=500", None).await;
        let ids: Vec<&Value> = page["items"].as_array().expect("is a list").iter().map(|row| &row["id"]).collect();
        let body = json!({"ids": ids, "action": "close", "disposition": "false_positive", "reason": "测量"});
        let (begun, before) = (Instant::now(), processor_ms());
        let done = person.send(Method::POST, "/alerts/actions", Some(body)).await;
        closed.push(begun.elapsed());
        used += processor_ms() - before;
        assert_eq!(done["changed"], 500);
        if round % 2 == 1 {
            let begun = Instant::now();
            let undo = json!({"undo_token": done["undo_token"]});
            assert_eq!(person.send(Method::POST, "/alerts/undo", Some(undo)).await["changed"], 500);
            undone.push(begun.elapsed());
        }
    }
    tell("close 500 in bulk", processor_ms() - used, closed);
    tell("take 500 back", processor_ms(), undone);
}

/// A browser with an empty cache opens the queue.
fn browse(base: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/scripts/first-rows.mjs");
    let done = std::process::Command::new("node").args([script, base, "analyst", PASSWORD]).status();
    assert!(done.expect("node runs").success(), "the browser shows rows");
}

async fn open(folder: &std::path::Path) -> Console {
    let settings = ConsoleSettings {
        database: folder.join(DATABASE).display().to_string(),
        key_file: folder.join("console.key"),
        password_rounds: 10,
        ..ConsoleSettings::default()
    };
    support::open(folder, settings).await
}

/// Alerts as the pipeline delivers them.
async fn ingest(console: &Console) {
    let (now, begun, used) = (Wall.now().as_millis(), Instant::now(), processor_ms());
    for start in (0..SEEDS).step_by(100) {
        let batch = (start..start + 100).map(|number| alert(number + 1, now)).collect();
        console.sink().deliver(batch).await.expect("delivers");
    }
    let (rate, each) = (SEEDS as f64 / begun.elapsed().as_secs_f64(), (processor_ms() - used) / SEEDS as f64);
    println!("ingest {SEEDS} alerts, 100 a batch: {rate:.0} alerts/s, cpu {each:.2} ms each");
}

/// A console with so many alerts, made anew unless the folder holds one, and somebody who works with it.
async fn fill(console: &Console, folder: &std::path::Path, base: &str, wanted: i64) -> Person {
    if console.has_accounts().await.expect("reads") {
        return log_in(base, PASSWORD).await;
    }
    ingest(console).await;
    let person = analyst(console, base).await;
    let (begun, database) = (Instant::now(), folder.join(DATABASE));
    multiply(&database, wanted).await;
    let (filling, used) = (Instant::now(), processor_ms());
    let filled = console.fill_search().await.expect("fills");
    let each = (processor_ms() - used) / 1000.0;
    println!("{filled} alerts into the search in {:.0} s, cpu {each:.0} s", filling.elapsed().as_secs_f64());
    let size = std::fs::metadata(&database).map(|of| of.len() / 1_000_000).unwrap_or(0);
    println!("{wanted} alerts, {size} MB, multiplied in {:.0} s", begun.elapsed().as_secs_f64());
    person
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wanted: i64 = arguments.iter().find_map(|text| text.parse().ok()).unwrap_or(1_000_000);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load {}", load.trim());
    let fleeting = tempfile::tempdir().expect("makes a folder");
    let kept = arguments.iter().find_map(|text| text.strip_prefix("--folder=")).map(std::path::PathBuf::from);
    let folder = kept.unwrap_or_else(|| fleeting.path().to_owned());
    std::fs::create_dir_all(&folder).expect("makes the folder");
    let console = open(&folder).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let base = format!("http://{}", listener.local_addr().expect("has an address"));
    let serving = console.clone();
    tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
    let person = fill(&console, &folder, &base, wanted).await;
    for (what, path, rounds) in [
        ("GET /posture (roll-ups of the screen)", "/posture", 100),
        ("GET /overview (workbench)", "/overview", 100),
        ("GET /tasks", "/tasks", 50),
        ("GET /entities (7-day strip)", "/entities?kind=address&value=203.0.113.7", 50),
        ("GET /alerts?q= of an address", "/alerts?q=203.0.113.77", 20),
        ("GET /alerts?q= that nothing holds", "/alerts?q=gibtesnicht", 20),
        ("GET /alerts?q= that all hold", "/alerts?q=%E6%B3%A8%E5%85%A5", 20),
        ("GET /alerts?q= of a rule", "/alerts?q=suricata:9000123", 20),
        ("GET /alerts?grouped=true&q= of a rule", "/alerts?grouped=true&q=suricata:9000123", 20),
    ] {
        timed(&person, what, path, rounds).await;
    }
    queue(&person).await;
    bulk_close(&person).await;
    if arguments.iter().any(|text| text == "--browser") {
        tokio::task::spawn_blocking(move || browse(&base)).await.expect("browses");
    }
}
