//! Channels of notifications against real servers of the test: a robot, a gateway, a mail server.

use std::collections::BTreeMap;
use std::sync::Arc;

use fengsui_api::Role;
use fengsui_schema::Clock as _;
use parking_lot::Mutex;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::beside::Beside;
use crate::support::{Browser, Running, alert, deliver, hours_later, start};

/// One request that a server of the test got.
#[derive(Debug, Clone)]
struct Got {
    line: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// A server that answers every request with what the test sets, and keeps what it got.
struct Server {
    port: u16,
    got: Arc<Mutex<Vec<Got>>>,
    answer: Arc<Mutex<String>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let port = listener.local_addr().expect("has an address").port();
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let answer = Arc::new(Mutex::new(plain("200 OK", "{\"errcode\":0,\"code\":0}")));
        let own = (Arc::clone(&got), Arc::clone(&answer));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("accepts");
                let (got, answer) = (Arc::clone(&own.0), Arc::clone(&own.1));
                tokio::spawn(async move { exchange(stream, &got, &answer).await });
            }
        });
        Self { port, got, answer }
    }

    fn answers(&self, whole: String) {
        *self.answer.lock() = whole;
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().clone()
    }
}

fn plain(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

async fn exchange(stream: TcpStream, got: &Mutex<Vec<Got>>, answer: &Mutex<String>) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await.expect("reads");
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.expect("reads");
        let Some((name, value)) = header.trim().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.expect("reads");
    got.lock().push(Got { line: line.trim().to_owned(), headers, body: String::from_utf8(body).expect("is text") });
    let answer = answer.lock().clone();
    // Whoever asks may have left.
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// A mail server: takes mail for every reader but those of `refused.example`; what it was told.
async fn mail_server() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = listener.local_addr().expect("has an address").port();
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let own = Arc::clone(&told);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("accepts");
            let told = Arc::clone(&own);
            tokio::spawn(async move { speak_smtp(stream, &told).await });
        }
    });
    (port, told)
}

/// RFC 5321, as far as a mail with one text needs it.
async fn speak_smtp(stream: TcpStream, told: &Mutex<Vec<String>>) {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.test ESMTP\r\n").await.expect("writes");
    let mut in_mail = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        told.lock().push(line.clone());
        let verb = line.to_uppercase();
        let answer = match () {
            () if in_mail && line == "." => {
                in_mail = false;
                "250 2.0.0 queued as 42\r\n"
            }
            () if in_mail => continue,
            () if verb.starts_with("EHLO") => "250-mail.test\r\n250 8BITMIME\r\n",
            () if verb.starts_with("RCPT") && verb.contains("REFUSED.EXAMPLE") => "550 5.1.1 no such user\r\n",
            () if verb.starts_with("DATA") => {
                in_mail = true;
                "354 go on\r\n"
            }
            () if verb.starts_with("QUIT") => "221 bye\r\n",
            () => "250 ok\r\n",
        };
        stream.write_all(answer.as_bytes()).await.expect("writes");
    }
}

struct People {
    system: Browser,
    security: Browser,
    analyst: Browser,
    coordinator: Browser,
}

async fn people(running: &Running) -> People {
    People {
        system: running.person("sys", Role::Sysadmin, "620000").await,
        security: running.person("sec", Role::Secadmin, "620000").await,
        analyst: running.person("analyst", Role::Analyst, "620000").await,
        coordinator: running.person("coordinator", Role::Coordinator, "620100").await,
    }
}

impl People {
    /// A setting in force, by two administrators.
    async fn agree(&self, name: &str, value: &str) {
        let view = self.system.post("/settings", json!({"changes": {name: value}, "reason": "测试"})).await;
        let versions = view["versions"].as_array().expect("a list");
        let version = versions.iter().find(|version| version["name"] == name).expect("is proposed");
        assert_eq!(version["state"], "proposed", "where messages go needs two administrators");
        let path = format!("/settings/versions/{}/decide", version["id"].as_str().expect("has an id"));
        self.security.post(&path, json!({"approve": true, "reason": "同意"})).await;
    }

    /// Messages may go to some ports of this machine.
    async fn allow(&self, ports: &[u16]) {
        let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        self.agree("egress_hosts", &hosts.join(" ")).await;
        self.agree("egress_local", "allowed").await;
    }

    async fn channel(&self, body: Value) -> String {
        text(&self.system.post("/channels", body).await["id"])
    }

    async fn subscribe(&self, channel: &str, body: Value) {
        self.system.post(&format!("/channels/{channel}/subscriptions"), body).await;
    }

    /// A task of 榆中县.
    async fn task(&self, running: &Running, title: &str) -> String {
        let number: u32 = title.chars().map(u32::from).sum();
        deliver(running, vec![alert(number, "620123", "注入")]).await;
        let incident = json!({"title": title, "grade": "larger", "alert_ids": [format!("{number:032x}")]});
        let incident = text(&self.analyst.post("/incidents", incident).await["row"]["id"]);
        let order = json!({"title": title, "instructions": "断网", "units": ["620123"], "steps": ["断网"]});
        text(&self.analyst.post(&format!("/incidents/{incident}/tasks"), order).await["tasks"][0]["id"])
    }

    async fn log(&self) -> Vec<Value> {
        self.system.get("/messages").await["items"].as_array().expect("a list").clone()
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("is text").to_owned()
}

/// Looks at the log before a test gives up; a message under way takes a few.
const ROUNDS: usize = 2_000;

/// Looks and sends until a message has got somewhere: the console that serves looks by itself too, and may hold it.
async fn settled(running: &Running, people: &People, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    for _ in 1..ROUNDS {
        running.console.send_notifications().await.expect("looks");
        let log = people.log().await;
        if wanted(&log) {
            return log;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let log = people.log().await;
    assert!(wanted(&log), "no message got there: {log:?}");
    log
}

fn gateway(port: u16) -> Value {
    json!({"name": "短信网关", "kind": "http", "url": format!("http://127.0.0.1:{port}/sms?app=7"), "secret": "gateway-key",
           "header_value": "Bearer token-of-the-gateway", "enabled": true,
           "options": {"template": "{\"to\":\"{{phone}}\",\"msg\":\"{{text}}\",\"no\":\"{{id}}\"}", "header_name": "Authorization"}})
}

const HOSTILE: &str = "<at user_id=\"all\"></at>[中奖](http://evil.example)\",\"to\":\"1";

#[tokio::test]
pub(crate) async fn a_task_reaches_the_telephone_and_its_deputy_when_nobody_signs() {
    let running = start().await;
    let people = people(&running).await;
    let server = Server::start().await;
    let (begins, ends) = (hours_later(&running, -1), hours_later(&running, 8));
    let shift =
        json!({"unit": "620123", "begins_at": begins, "ends_at": ends, "name": "值班王", "phone": "0931-5221110"});
    people.coordinator.post("/duty/shifts", shift).await;
    let deputy =
        json!({"unit": "620123", "duty": "backup", "name": "副职李", "post": "副主任", "phone": "13909310000"});
    people.coordinator.post("/duty/people", deputy).await;
    people.allow(&[server.port]).await;
    let before = people.task(&running, "在规则之前").await;
    running.clock.advance_minutes(1);
    let channel = people.channel(gateway(server.port)).await;
    people.subscribe(&channel, json!({"event": "task_new", "unit": "620100", "targets": ["on_duty"]})).await;
    people.subscribe(&channel, json!({"event": "task_unsigned", "minutes": 20, "targets": ["backup"]})).await;
    let task = people.task(&running, HOSTILE).await;
    let log = settled(&running, &people, |log| log.iter().any(|one| one["state"] == "sent")).await;
    assert_eq!(log.len(), 1, "what was there before is not told: {log:?}");
    let expected = (json!(format!("task/{task}")), json!("值班王"), json!("620123"));
    assert_eq!((log[0]["object"].clone(), log[0]["names"].clone(), log[0]["about"]["code"].clone()), expected);
    let got = server.got();
    let sent: Value = serde_json::from_str(&got[0].body).expect("is JSON whatever the title says");
    assert_eq!(
        (got.len(), sent["to"].as_str(), got[0].line.as_str()),
        (1, Some("09315221110"), "POST /sms?app=7 HTTP/1.1")
    );
    let message = sent["msg"].as_str().expect("is text");
    assert!(
        message.contains("新任务待签收") && message.contains("榆中县") && !message.contains("http://"),
        "{message}"
    );
    assert_eq!(got[0].headers["authorization"], "Bearer token-of-the-gateway");
    assert_eq!(got[0].headers["x-fengsui-signature"].len(), 64);

    // Twenty minutes later nobody signed either of them: the deputy is told of each, once.
    running.clock.advance_minutes(20);
    settled(&running, &people, |log| log.iter().filter(|one| one["state"] == "sent").count() == 3).await;
    running.console.send_notifications().await.expect("looks");
    let bodies: Vec<Value> = server.got().iter().map(|one| serde_json::from_str(&one.body).expect("is JSON")).collect();
    assert_eq!(bodies.len(), 3, "{bodies:?}");
    for body in &bodies[1..] {
        assert_eq!(body["to"], "13909310000");
        assert!(body["msg"].as_str().expect("is text").contains("超时未签收"), "{body}");
    }
    let log = people.log().await;
    for id in [before, task] {
        let object = format!("task/{id}");
        assert!(log.iter().any(|one| one["object"] == object.as_str() && one["event"] == "task_unsigned"), "{log:?}");
    }
}

#[tokio::test]
async fn a_robot_that_refuses_is_tried_again_and_then_given_up_in_the_open() {
    let running = start().await;
    let people = people(&running).await;
    let server = Server::start().await;
    people.allow(&[server.port]).await;
    let body = json!({"name": "网关", "kind": "http", "url": format!("http://127.0.0.1:{}/", server.port), "enabled": true,
                      "options": {"content": "text", "template": "{{text}}"}});
    let channel = people.channel(body).await;
    people.subscribe(&channel, json!({"event": "task_new"})).await;
    server.answers(plain("503 Busy", "later"));
    people.task(&running, "处置一").await;
    let log =
        settled(&running, &people, |log| log.iter().any(|one| one["attempts"] == 1 && one["fault"] == "status")).await;
    assert_eq!((&log[0]["state"], &log[0]["detail"]), (&json!("waiting"), &json!("503 later")));
    // Not before its time.
    running.console.send_notifications().await.expect("looks");
    assert_eq!(server.got().len(), 1);
    server.answers(plain("200 OK", "receipt 17"));
    running.clock.advance_minutes(1);
    let log = settled(&running, &people, |log| log[0]["state"] == "sent").await;
    assert_eq!(
        (&log[0]["attempts"], &log[0]["detail"], &log[0]["fault"]),
        (&json!(2), &json!("receipt 17"), &Value::Null)
    );

    // An answer that leads elsewhere is not followed, and one that says "never" is final.
    let elsewhere = Server::start().await;
    let away =
        format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{}/\r\ncontent-length: 0\r\n\r\n", elsewhere.port);
    server.answers(away);
    people.task(&running, "处置二").await;
    let log = settled(&running, &people, |log| log[0]["state"] == "failed").await;
    assert_eq!((&log[0]["fault"], elsewhere.got().len()), (&json!("redirect"), 0));
    let auditor = running.person("auditor", Role::Auditor, "620000").await;
    assert!(auditor.get("/audit?action=channel.send").await.to_string().contains("redirect"));
    // Somebody lets it go again.
    server.answers(plain("200 OK", "ok"));
    people.system.ok(Method::POST, &format!("/messages/{}/retry", text(&log[0]["id"])), None).await;
    settled(&running, &people, |log| log[0]["state"] == "sent").await;
    // A long answer is not read to its end.
    server.answers(plain("200 OK", &"x".repeat(70_000)));
    let tested = people.system.post(&format!("/channels/{channel}/test"), json!({})).await;
    assert_eq!((&tested["sent"], &tested["fault"]), (&json!(false), &json!("large")), "{tested}");
}

#[tokio::test]
async fn nothing_goes_where_two_administrators_did_not_agree() {
    let running = start().await;
    let people = people(&running).await;
    let server = Server::start().await;
    let channel = people.channel(gateway(server.port)).await;
    let test = format!("/channels/{channel}/test");
    let tested = people.system.post(&test, json!({"phone": "13909310000"})).await;
    assert_eq!((&tested["sent"], &tested["fault"]), (&json!(false), &json!("host")));
    let shown = people.system.get("/channels").await;
    assert_eq!((&shown["items"][0]["host_allowed"], &shown["items"][0]["plain"]), (&json!(false), &json!(true)));
    people.agree("egress_hosts", &format!("127.0.0.1:{0} localhost:{0}", server.port)).await;
    let tested = people.system.post(&test, json!({"phone": "13909310000"})).await;
    assert_eq!(tested["fault"], "local", "this machine is not spoken to");
    let mut body = gateway(server.port);
    body["url"] = json!(format!("http://localhost:{}/", server.port));
    let by_name = people.channel(body).await;
    let tested = people.system.post(&format!("/channels/{by_name}/test"), json!({"phone": "13909310000"})).await;
    assert_eq!(tested["fault"], "local", "nor by a name that leads here");
    assert_eq!(server.got().len(), 0);
    people.agree("egress_local", "allowed").await;
    let tested = people.system.post(&test, json!({"phone": "13909310000"})).await;
    assert_eq!((&tested["sent"], server.got().len()), (&json!(true), 1), "{tested}");
    for wrong in ["http://127.0.0.1", "*", "Host.CN", "a/b"] {
        let body = json!({"changes": {"egress_hosts": wrong}, "reason": "测试"});
        assert_eq!(
            people.system.status(Method::POST, "/settings", Some(body)).await,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn secrets_are_sealed_and_do_not_follow_a_channel_to_another_host() {
    let running = start().await;
    let people = people(&running).await;
    let robot = json!({"name": "群机器人", "kind": "dingtalk", "enabled": true, "secret": "SEC-of-the-robot",
                       "url": "https://oapi.dingtalk.com/robot/send?access_token=token-of-the-robot"});
    let id = people.channel(robot).await;
    let shown = people.system.get("/channels").await.to_string();
    let mut database = Beside::open(&running.database).await;
    let kept = format!("{:?}", database.texts("SELECT name, host, config, secrets FROM notify_channel").await);
    for secret in ["SEC-of-the-robot", "token-of-the-robot"] {
        assert!(!shown.contains(secret) && !kept.contains(secret), "{secret} in {shown} {kept}");
    }
    let path = format!("/channels/{id}");
    let elsewhere = json!({"name": "群机器人", "kind": "dingtalk", "enabled": true, "url": "https://evil.example/"});
    assert_eq!(people.system.status(Method::POST, &path, Some(elsewhere)).await, StatusCode::UNPROCESSABLE_ENTITY);
    let renamed = json!({"name": "值班群", "kind": "dingtalk", "enabled": false});
    let row = people.system.post(&path, renamed).await;
    assert_eq!(
        (&row["name"], &row["has_secret"], &row["host"]),
        (&json!("值班群"), &json!(true), &json!("oapi.dingtalk.com:443"))
    );
    let plain = json!({"name": "x", "kind": "dingtalk", "enabled": true, "url": "http://oapi.dingtalk.com/"});
    assert_eq!(people.system.status(Method::POST, "/channels", Some(plain)).await, StatusCode::UNPROCESSABLE_ENTITY);
    // Who looks after the ways reads no business: neither by the log nor in the database.
    people.subscribe(&id, json!({"event": "task_new"})).await;
    people.system.post(&path, json!({"name": "值班群", "kind": "dingtalk", "enabled": true})).await;
    people.task(&running, "涉密标题一号").await;
    let log = settled(&running, &people, |log| !log.is_empty()).await;
    let kept = format!("{:?}", database.texts("SELECT object, names, body, detail FROM notify_message").await);
    assert!(!kept.contains("涉密标题一号") && !format!("{log:?}").contains("涉密标题一号"), "{kept}");
    assert_eq!((&log[0]["state"], &log[0]["fault"]), (&json!("failed"), &json!("host")), "{log:?}");
    // Another unit's administrator sees and changes nothing of it.
    let stranger = running.person("stranger", Role::Sysadmin, "620900").await;
    assert_eq!(stranger.get("/channels").await["items"], json!([]));
    assert_eq!(stranger.get("/messages").await["items"], json!([]));
    assert_eq!(stranger.status(Method::POST, &format!("{path}/test"), Some(json!({}))).await, StatusCode::NOT_FOUND);
    let outside = json!({"event": "task_new", "unit": "620100"});
    let own = text(&stranger.post("/channels", gateway(9)).await["id"]);
    let asked = stranger.status(Method::POST, &format!("/channels/{own}/subscriptions"), Some(outside)).await;
    assert_eq!(asked, StatusCode::NOT_FOUND, "nobody is told of what is not theirs");
}

#[tokio::test]
async fn mail_goes_out_and_a_refused_reader_is_told() {
    let running = start().await;
    let people = people(&running).await;
    let (port, told) = mail_server().await;
    people.allow(&[port]).await;
    let mail = |reader: &str| {
        json!({"name": "邮件", "kind": "mail", "url": format!("smtp://127.0.0.1:{port}"), "enabled": true,
               "options": {"sender": "fengsui@gansu.example", "recipients": [reader]}})
    };
    let channel = people.channel(mail("duty@lanzhou.example")).await;
    people.subscribe(&channel, json!({"event": "incident_major"})).await;
    deliver(&running, vec![alert(7, "620123", "注入")]).await;
    let incident =
        json!({"title": "泄露\r\nBcc: x@evil.example", "grade": "major", "alert_ids": [format!("{:032x}", 7)]});
    assert_eq!(people.analyst.status(Method::POST, "/incidents", Some(incident)).await, StatusCode::OK);
    let log = settled(&running, &people, |log| log.iter().any(|one| one["state"] == "sent")).await;
    assert!(log[0]["detail"].as_str().expect("is text").contains("queued as 42"), "{log:?}");
    let heard = told.lock().clone();
    assert!(heard.iter().any(|line| line.starts_with("RCPT TO:<duty@lanzhou.example>")), "{heard:?}");
    assert!(!heard.iter().any(|line| line.to_lowercase().starts_with("bcc")), "{heard:?}");
    assert!(heard.iter().any(|line| line.starts_with("Subject: =?utf-8?b?")), "{heard:?}");
    let refused = people.channel(mail("nobody@refused.example")).await;
    let tested = people.system.post(&format!("/channels/{refused}/test"), json!({})).await;
    assert_eq!((&tested["sent"], &tested["fault"]), (&json!(false), &json!("answer")), "{tested}");
    let wrong = json!({"name": "邮件", "kind": "mail", "url": format!("smtp://127.0.0.1:{port}"), "enabled": true, "secret": "word",
                       "options": {"sender": "a@b.example", "recipients": ["c@d.example"], "username": "a"}});
    let asked = people.system.status(Method::POST, "/channels", Some(wrong)).await;
    assert_eq!(asked, StatusCode::UNPROCESSABLE_ENTITY, "no password without encryption");
}

#[tokio::test]
async fn quiet_hours_hold_what_is_not_urgent_and_a_pace_holds_a_flood() {
    let running = start().await;
    let people = people(&running).await;
    let server = Server::start().await;
    people.allow(&[server.port]).await;
    // The test's clock begins at 2026-11-18 19:06 in Beijing.
    let channel = |name: &str, options: Value| {
        json!({"name": name, "kind": "http", "enabled": true, "options": options,
                                                      "url": format!("http://127.0.0.1:{}/{name}", server.port)})
    };
    let quiet = json!({"content": "text", "template": "{{title}}", "quiet_from": "00:00", "quiet_to": "23:59"});
    let quiet = people.channel(channel("quiet", quiet)).await;
    people.subscribe(&quiet, json!({"event": "task_new"})).await;
    people.subscribe(&quiet, json!({"event": "task_overdue", "urgent": true})).await;
    let slow = json!({"content": "text", "template": "{{title}}", "per_minute": 1});
    let slow = people.channel(channel("slow", slow)).await;
    people.subscribe(&slow, json!({"event": "task_new"})).await;
    people.task(&running, "甲").await;
    people.task(&running, "乙").await;
    let of = |log: &[Value], channel: &str, state: &str| {
        log.iter().filter(|one| one["channel_id"] == channel && one["state"] == state).count()
    };
    let log = settled(&running, &people, |log| log.len() == 4 && of(log, &slow, "sent") == 1).await;
    assert_eq!((of(&log, &quiet, "waiting"), of(&log, &slow, "waiting")), (2, 1), "{log:?}");
    running.clock.advance_minutes(2);
    settled(&running, &people, |log| of(log, &slow, "sent") == 2).await;
    // Switched off: what waited does not go later.
    let off = json!({"name": "quiet", "kind": "http", "enabled": false, "options": {"content": "text", "template": "{{title}}"}});
    people.system.post(&format!("/channels/{quiet}"), off).await;
    let log = people.log().await;
    assert_eq!(of(&log, &quiet, "dropped"), 2, "{log:?}");
    assert!(server.got().iter().all(|one| one.line.contains("/slow")));
}

/// Every event there is comes up and is told once.
#[tokio::test]
async fn every_event_is_told() {
    let running = start().await;
    let people = people(&running).await;
    let server = Server::start().await;
    people.allow(&[server.port]).await;
    let options = json!({"content": "text", "template": "{{event}}: {{title}}", "per_minute": 600});
    let body = json!({"name": "网关", "kind": "http", "url": format!("http://127.0.0.1:{}/", server.port),
                      "enabled": true, "options": options});
    let channel = people.channel(body).await;
    let events = [
        "task_new",
        "task_unsigned",
        "task_overdue",
        "clock_warning",
        "clock_over",
        "incident_major",
        "node_silent",
        "warning_issued",
        "approval_waiting",
    ];
    for event in events {
        let minutes = if matches!(event, "task_unsigned" | "node_silent") { 5 } else { 0 };
        people.subscribe(&channel, json!({"event": event, "minutes": minutes})).await;
    }
    people.task(&running, "处置").await;
    deliver(&running, vec![alert(9, "620123", "注入")]).await;
    let incident = json!({"title": "泄露", "grade": "major", "alert_ids": [format!("{:032x}", 9)]});
    people.analyst.post("/incidents", incident).await;
    let warning = json!({"level": "yellow", "title": "注入增多", "reason": "有单位被攻击", "measures": "加固",
                         "units": ["620123"], "valid_until": hours_later(&running, 72)});
    people.analyst.post("/warnings", warning).await;
    people.system.post("/settings", json!({"changes": {"idle_minutes": "20"}, "reason": "测试"})).await;
    let mut database = Beside::open(&running.database).await;
    let heard = running.clock.now().as_millis();
    let sql = format!(
        "INSERT INTO tier_node (id, relation, role, public_key, fingerprint, state, enrolled_at, last_contact, counter,
             measurement, trusted_measurement, province, prefecture, county, unit_code)
         VALUES ('620900', 'child', 'console', '', '', 'active', 1, {heard}, 0, '', '', '620000', '620900', '', '620900')"
    );
    database.run(&sql).await.expect("writes");
    // Sessions end meanwhile; the console goes on.
    let mut told = Vec::new();
    for minutes in [6, 40, 150, 24 * 60, 24 * 60] {
        running.clock.advance_minutes(minutes);
        running.console.send_notifications().await.expect("looks");
        told = database.texts("SELECT DISTINCT event FROM notify_message ORDER BY event").await;
    }
    let mut wanted: Vec<Vec<String>> = events.iter().map(|event| vec![(*event).to_owned()]).collect();
    wanted.sort();
    assert_eq!(told, wanted);
    let twice = "SELECT object FROM notify_message GROUP BY subscription_id, object HAVING COUNT(*) > 1";
    assert_eq!(database.texts(twice).await, Vec::<Vec<String>>::new());
    assert!(server.got().iter().any(|one| one.body.contains("网络安全预警: 注入增多")), "{:?}", server.got());
}
