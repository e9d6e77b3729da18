//! A console on loopback with a clock the test owns, and browsers that talk to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use fengsui_api::{AccountRequest, Console, ConsoleSettings, Dependencies, IndicatorFiles, Role};
use fengsui_schema::{Clock, Timestamp};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A clock that stands still until it is moved.
pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

impl TestClock {
    /// Lets time pass.
    pub fn advance_minutes(&self, minutes: i64) {
        self.0.fetch_add(minutes * 60_000, Ordering::SeqCst);
    }
}

/// A time some hours after the test's clock.
pub fn hours_later(running: &Running, hours: i64) -> String {
    Timestamp::from_millis(running.clock.now().as_millis() + hours * 3_600_000).to_string()
}

/// What the clock says in the beginning, in milliseconds since the epoch.
const BEGINNING: i64 = 1_795_000_000_000;

/// A running console.
pub struct Running {
    pub console: Console,
    pub clock: Arc<TestClock>,
    pub address: String,
    pub folder: tempfile::TempDir,
    /// Where the database is.
    pub database: String,
    /// Ends it.
    stop: tokio::sync::oneshot::Sender<()>,
    serving: tokio::task::JoinHandle<()>,
}

/// The password people of tests set themselves.
pub const PASSWORD: &str = "Qilian-Shan-2026";

/// Starts a console on a free port.
pub async fn start() -> Running {
    start_with(ConsoleSettings::default()).await
}

/// Starts a console with settings of its own; database, key file and rounds are the test's.
pub async fn start_with(settings: ConsoleSettings) -> Running {
    start_beside(settings, None).await
}

/// Starts a console beside an event index.
pub async fn start_beside(settings: ConsoleSettings, store: Option<Arc<fengsui_store::Store>>) -> Running {
    // Clients have no cryptography of their own; another test of this process may have set it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("makes a folder");
    let clock = Arc::new(TestClock(AtomicI64::new(BEGINNING)));
    let database = match crate::postgres::fresh_database().await {
        Some(of_server) => of_server,
        None => folder.path().join("console.db").to_string_lossy().into_owned(),
    };
    run(settings, (folder, database), store, clock).await
}

async fn run(
    settings: ConsoleSettings,
    (folder, database): (tempfile::TempDir, String),
    store: Option<Arc<fengsui_store::Store>>,
    clock: Arc<TestClock>,
) -> Running {
    let console = open(ConsoleSettings { database: database.clone(), ..settings }, folder.path(), store, &clock).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = format!("http://{}", listener.local_addr().expect("has an address"));
    let (own, (stop, stopped)) = (console.clone(), tokio::sync::oneshot::channel());
    let until = async move {
        // Whoever forgets the test's console does not end it.
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let serving = tokio::spawn(async move { own.serve(listener, until).await.expect("serves") });
    Running { console, clock, address, folder, database, stop, serving }
}

/// Stops a console and starts it again over the same data, with its clock set to what it was in the beginning.
pub async fn restarted(before: Running, settings: ConsoleSettings) -> Running {
    let Running { stop, serving, folder, database, console, .. } = before;
    stop.send(()).expect("runs");
    serving.await.expect("ends");
    drop(console);
    run(settings, (folder, database), None, Arc::new(TestClock(AtomicI64::new(BEGINNING)))).await
}

/// Another console at the database and with the keys of one that runs; its address.
pub async fn another_at(running: &Running) -> String {
    let settings = ConsoleSettings { database: running.database.clone(), ..ConsoleSettings::default() };
    let console = open(settings, running.folder.path(), None, &running.clock).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = format!("http://{}", listener.local_addr().expect("has an address"));
    tokio::spawn(async move { console.serve(listener, std::future::pending()).await });
    address
}

/// A console at a database, which does not serve.
pub async fn open_at(database: String) -> Console {
    let folder = tempfile::tempdir().expect("makes a folder");
    let clock = Arc::new(TestClock(AtomicI64::new(0)));
    open(ConsoleSettings { database, ..ConsoleSettings::default() }, folder.path(), None, &clock).await
}

async fn open(
    settings: ConsoleSettings,
    folder: &std::path::Path,
    store: Option<Arc<fengsui_store::Store>>,
    clock: &Arc<TestClock>,
) -> Console {
    let settings = ConsoleSettings { key_file: folder.join("console.key"), password_rounds: 10, ..settings };
    let engine = fengsui_dlp_engine::Engine::new(Default::default(), &Default::default()).expect("makes an engine");
    let indicators = IndicatorFiles { directory: folder.join("indicators"), given: Vec::new(), reload: None };
    let dependencies = Dependencies {
        store,
        dlp: Arc::new(engine),
        dlp_settings: Default::default(),
        sharing_directory: folder.join("sharing"),
        evidence_directory: folder.join("evidence"),
        indicators: Some(indicators),
        recordings: None,
        statistics: None,
        books: None,
        clock: clock.clone(),
    };
    Console::open(settings, dependencies).await.expect("opens")
}

const BOUNDARY: &str = "----fengsui-test-boundary";

/// A form with a file (RFC 7578).
#[derive(Default)]
pub struct Form(Vec<u8>);

impl Form {
    /// With a file.
    pub fn file(mut self, name: &str, content: &[u8]) -> Self {
        let head =
            format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
        self.0.extend_from_slice(head.as_bytes());
        self.0.extend_from_slice(content);
        self.0.extend_from_slice(b"\r\n");
        self
    }

    /// With a text.
    pub fn text(mut self, name: &str, value: &str) -> Self {
        let part = format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        self.0.extend_from_slice(part.as_bytes());
        self
    }

    fn done(mut self) -> Vec<u8> {
        self.0.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.0
    }
}

/// Somebody at a browser.
pub struct Browser {
    client: Client,
    base: String,
}

impl Running {
    /// A browser without a session.
    pub fn browser(&self) -> Browser {
        let client = Client::builder().cookie_store(true).build().expect("makes a client");
        Browser { client, base: self.address.clone() }
    }

    /// An account that has changed its one-time password, logged in.
    pub async fn person(&self, username: &str, role: Role, unit: &str) -> Browser {
        self.person_with(username, role, unit, PASSWORD).await
    }

    /// The same with a password of its own.
    pub async fn person_with(&self, username: &str, role: Role, unit: &str, own: &str) -> Browser {
        let request = AccountRequest {
            username: username.to_owned(),
            display_name: format!("{username} 测试"),
            role,
            unit: unit.parse().expect("is a unit code"),
        };
        let password = self.console.create_account(request).await.expect("makes the account");
        let browser = self.browser();
        let login = json!({"username": username, "password": password});
        let session = browser.ok(Method::POST, "/session", Some(login)).await;
        assert_eq!(session["must_change_password"], true);
        assert_eq!(browser.status(Method::GET, "/units", None).await, StatusCode::LOCKED);
        let change = json!({"old_password": password, "new_password": own});
        let session = browser.ok(Method::POST, "/session/password", Some(change)).await;
        assert_eq!(session["must_change_password"], false);
        browser
    }
}

impl Browser {
    /// The same browser at another address of this machine; sessions go with it.
    pub fn at(&self, address: &str) -> Self {
        Self { client: self.client.clone(), base: address.to_owned() }
    }

    /// Sends a request the way the console's own pages do.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request =
            self.client.request(method, format!("{}/api/v1{path}", self.base)).header("x-fengsui-csrf", "1");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("answers");
        let status = response.status();
        let text = response.text().await.expect("has a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Only the status of the answer.
    pub async fn status(&self, method: Method, path: &str, body: Option<Value>) -> StatusCode {
        self.send(method, path, body).await.0
    }

    /// The body of an answer that has to be 2xx.
    pub async fn ok(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, value) = self.send(method.clone(), path, body).await;
        assert!(status.is_success(), "{method} {path}: {status} {value}");
        value
    }

    /// Reads something.
    pub async fn get(&self, path: &str) -> Value {
        self.ok(Method::GET, path, None).await
    }

    /// The bytes of a download that has to be 2xx.
    pub async fn bytes(&self, path: &str) -> Vec<u8> {
        let response = self.client.get(format!("{}/api/v1{path}", self.base)).send().await.expect("answers");
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.bytes().await.expect("has a body").to_vec()
    }

    /// Sends a form that has to be taken.
    pub async fn upload(&self, path: &str, form: Form) -> Value {
        let (status, answer) = self.try_upload(path, form).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    /// Sends a form.
    pub async fn try_upload(&self, path: &str, form: Form) -> (StatusCode, Value) {
        let request = self.client.post(format!("{}/api/v1{path}", self.base)).header("x-fengsui-csrf", "1");
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let response = request.header("content-type", kind).body(form.done()).send().await.expect("answers");
        (response.status(), response.json().await.expect("is JSON"))
    }

    /// Changes something.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.ok(Method::POST, path, Some(body)).await
    }
}

/// An alert of a unit, as the analyzer makes it.
pub fn alert(number: u32, unit: &str, title: &str) -> fengsui_schema::Alert {
    let body = json!({
        "id": format!("{number:032x}"), "time": "2026-11-18T10:00:00Z", "source": "signature",
        "rule": {"id": "suricata:9000001", "title": title, "text": "alert http any any -> any any"},
        "severity": "high", "summary_zh": title, "summary_en": title,
        "conditions": [{"condition": "content", "field": "http.uri", "value": "' OR 1=1"}],
        "entities": [{"kind": "address", "value": "10.8.0.2", "role": "target", "asset": "政务门户"}],
        "techniques": [{"id": "T1190"}], "observer": "sensor-1", "unit": unit, "domain": "application",
        "flow": {"source_ip": "203.0.113.9", "source_port": 40001, "destination_ip": "10.8.0.2", "destination_port": 80},
        "evidence": {"pcap": format!("sensor-1/{number}.pcap")}, "events": [format!("{number:032x}")],
        "group_key": format!("suricata:9000001|203.0.113.9|{unit}")
    });
    serde_json::from_value(body).expect("is an alert")
}

/// Hands alerts to the console as the pipeline does.
pub async fn deliver(running: &Running, alerts: Vec<fengsui_schema::Alert>) {
    let batch = alerts.into_iter().map(|alert| fengsui_schema::Output::Alert(Box::new(alert))).collect();
    running.console.sink().deliver(batch).await.expect("delivers");
}
