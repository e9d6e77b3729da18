//! The console, spoken to over HTTP as a browser would.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

/// An account the program made.
#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    /// Name to log in with.
    pub username: String,
    /// One-time password.
    pub password: String,
}

/// The console, spoken to over HTTP as a browser would.
#[derive(Debug, Clone)]
pub struct ConsoleClient {
    address: String,
    http: reqwest::Client,
}

impl ConsoleClient {
    /// A browser that has not logged in.
    ///
    /// # Errors
    /// When the client can't be made.
    pub fn new(port: u16) -> anyhow::Result<Self> {
        // Clients have no cryptography of their own; somebody else in the process may have set it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().cookie_store(true).timeout(Duration::from_secs(30)).build()?;
        Ok(Self { address: format!("http://127.0.0.1:{port}"), http })
    }

    /// Waits until the console answers.
    ///
    /// # Errors
    /// When it does not within the time.
    pub async fn wait_until_healthy(&self, within: Duration) -> anyhow::Result<()> {
        let end = Instant::now() + within;
        while Instant::now() < end {
            if let Ok(answer) = self.http.get(format!("{}/healthz", self.address)).send().await
                && answer.status().is_success()
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the console did not answer within {} s", within.as_secs())
    }

    /// Reads the accounts file, waiting until it is there.
    ///
    /// # Errors
    /// When it is not there within the time.
    pub async fn accounts(path: &Path, within: Duration) -> anyhow::Result<BTreeMap<String, Account>> {
        let end = Instant::now() + within;
        loop {
            if let Ok(text) = std::fs::read_to_string(path)
                && let Ok(accounts) = serde_json::from_str(&text)
            {
                return Ok(accounts);
            }
            ensure!(Instant::now() < end, "{} was not written within {} s", path.display(), within.as_secs());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Logs in and, at the first log-in, changes the one-time password to `password`.
    ///
    /// # Errors
    /// When the console refuses either.
    pub async fn log_in(&self, account: &Account, password: &str) -> anyhow::Result<Value> {
        let body = json!({"username": account.username, "password": account.password});
        let session = self.post("/session", &body).await?;
        if session["must_change_password"] != json!(true) {
            return Ok(session);
        }
        self.post("/session/password", &json!({"old_password": account.password, "new_password": password})).await
    }

    /// Reads a resource.
    ///
    /// # Errors
    /// When the answer is no success or no JSON.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.json(self.http.get(self.url(path)), path).await
    }

    /// Does something.
    ///
    /// # Errors
    /// When the answer is no success or no JSON.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.http.post(self.url(path)).header("x-fengsui-csrf", "1").header("origin", &self.address);
        self.json(request.json(body), path).await
    }

    /// Reads a list until a condition holds.
    ///
    /// # Errors
    /// When it does not within the time.
    pub async fn wait_for(
        &self,
        path: &str,
        within: Duration,
        holds: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        let end = Instant::now() + within;
        loop {
            let value = self.get(path).await?;
            if holds(&value) {
                return Ok(value);
            }
            ensure!(
                Instant::now() < end,
                "{path} did not become what was waited for within {} s: {value}",
                within.as_secs()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.address)
    }

    async fn json(&self, request: reqwest::RequestBuilder, path: &str) -> anyhow::Result<Value> {
        let answer = request.send().await.with_context(|| format!("{path} got no answer"))?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{path} answered {status}: {text}");
        if text.is_empty() {
            Ok(Value::Null)
        } else {
            serde_json::from_str(&text).with_context(|| format!("{path} is no JSON: {text}"))
        }
    }
}
