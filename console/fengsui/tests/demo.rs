//! The demo: one process, real captures, real console.
#![allow(clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use fengsui_harness::{ConsoleClient, Running, free_port, run, top};

const PASSWORD: &str = "Qilian-4-Shan-测试";
const PATIENCE: Duration = Duration::from_secs(60);

struct Demo {
    folder: tempfile::TempDir,
}

impl Demo {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("folder") }
    }

    fn accounts(&self) -> PathBuf {
        self.folder.path().join("accounts.json")
    }

    fn start(&self, port: u16) -> Running {
        let (data, accounts) = (self.folder.path().join("data"), self.accounts());
        let port = port.to_string();
        let arguments = [
            "demo",
            "--fast",
            "--port",
            &port,
            "--data",
            data.to_str().expect("text"),
            "--accounts",
            accounts.to_str().expect("text"),
        ];
        Running::start(binary(), &arguments, &top(), &self.folder.path().join("log")).expect("starts")
    }
}

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_fengsui"))
}

fn total(list: &serde_json::Value) -> u64 {
    list["total"].as_u64().unwrap_or(0)
}

#[tokio::test]
async fn alerts_arrive_and_are_there_after_a_second_start() {
    let (demo, port) = (Demo::new(), free_port().expect("port"));
    let running = demo.start(port);
    let analyst = ConsoleClient::new(port).expect("client");
    analyst.wait_until_healthy(PATIENCE).await.expect("healthy");
    let mut account = ConsoleClient::accounts(&demo.accounts(), PATIENCE).await.expect("accounts")["analyst"].clone();
    analyst.log_in(&account, PASSWORD).await.expect("logs in");
    analyst.wait_for("/alerts?state=open", PATIENCE, |list| total(list) > 0).await.expect("an alert");
    analyst.wait_for("/findings?state=all", PATIENCE, |list| total(list) > 0).await.expect("a finding");
    let before = total(&analyst.get("/alerts?state=all").await.expect("alerts"));
    assert_eq!(running.interrupt(PATIENCE).expect("stops"), 0, "Ctrl-C is a clean end");

    let port = free_port().expect("port");
    let running = demo.start(port);
    let analyst = ConsoleClient::new(port).expect("client");
    analyst.wait_until_healthy(PATIENCE).await.expect("healthy");
    account.password = PASSWORD.to_owned();
    analyst.log_in(&account, PASSWORD).await.expect("the changed password still holds");
    assert!(total(&analyst.get("/alerts?state=all").await.expect("alerts")) >= before);
    assert_eq!(running.interrupt(PATIENCE).expect("stops"), 0);
}

#[test]
fn a_taken_port_is_a_clear_error() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("bound");
    let port = taken.local_addr().expect("address").port().to_string();
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("data");
    let finished =
        run(binary(), &["demo", "--port", &port, "--data", data.to_str().expect("text")], &top()).expect("runs");
    assert_eq!(finished.code, 2);
    assert!(finished.err.contains(&port) && finished.err.contains("--port"), "{}", finished.err);
}
