//! A whole node under test: its settings, its folder, its ports, and the people who use it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::{Account, ConsoleClient, Finished, Running, free_port, run};

/// Token of the listener for records.
pub const TOKEN: &str = "token-of-the-test-producer";
/// What the people of tests change their password to.
pub const PASSWORD: &str = "Qilian-4-Shan-测试";
/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Console and analyzer in one process, with a listener for records, in a folder of its own.
#[derive(Debug)]
pub struct NodeUnderTest {
    program: PathBuf,
    folder: PathBuf,
    /// Port of the console.
    pub console_port: u16,
    /// Port that takes records.
    pub ingest_port: u16,
    starts: u32,
    running: Option<Running>,
}

impl NodeUnderTest {
    /// Lays a node out below a folder. `more` is added to the settings, which keep the times between commits short so that
    /// there is something to lose between them. No rules are loaded: alerts come with the records.
    ///
    /// # Errors
    /// When the folder can't be written or there is no free port.
    pub fn lay_out(program: &Path, folder: &Path, more: &str) -> anyhow::Result<Self> {
        let (console_port, ingest_port) = (free_port()?, free_port()?);
        let node = Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            console_port,
            ingest_port,
            starts: 0,
            running: None,
        };
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("tokens"), TOKEN)?;
        let text = format!(
            "[data]\ndirectory = \"{data}\"\n[listen]\nconsole = \"127.0.0.1:{console_port}\"\n[rules]\nstarter = false\n\
             [console]\npassword_rounds = 1000\n\
             [analyzer]\nflush_interval_ms = 100\ncommit_interval_ms = 200\nsnapshot_interval_ms = 300\n\
             [[analyzer.receivers.http]]\naddress = \"127.0.0.1:{ingest_port}\"\ntoken_file = \"{tokens}\"\n{more}\n",
            data = node.data().display(),
            tokens = folder.join("tokens").display(),
        );
        std::fs::write(node.settings(), text)?;
        Ok(node)
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Its settings file.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.folder.join("fengsui.toml")
    }

    /// The log of its last life.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.join(format!("log-{}", self.starts))
    }

    /// Starts it; it is not waited for.
    ///
    /// # Errors
    /// When the program can't be started.
    pub fn start(&mut self) -> anyhow::Result<()> {
        self.starts += 1;
        let settings = self.settings().display().to_string();
        self.running = Some(Running::start(&self.program, &["console", "-C", &settings], &self.folder, &self.log())?);
        Ok(())
    }

    /// Waits until the console answers.
    ///
    /// # Errors
    /// When it ended, or does not answer in time; the log's last lines are in the error.
    pub async fn until_up(&mut self) -> anyhow::Result<()> {
        let console = ConsoleClient::new(self.console_port)?;
        let end = Instant::now() + PATIENCE;
        while console.wait_until_healthy(Duration::from_millis(100)).await.is_err() {
            let ended = self.running.as_mut().context("the node was not started")?.ended()?;
            ensure!(ended.is_none() && Instant::now() < end, "the node is not up ({ended:?}): {}", self.last_words());
        }
        Ok(())
    }

    /// Kills it as a crash would.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.running.take().context("the node was not started")?.kill()
    }

    /// Stops it as Ctrl-C does; its exit code.
    ///
    /// # Errors
    /// When it does not end.
    pub fn interrupt(&mut self) -> anyhow::Result<i32> {
        self.running.take().context("the node was not started")?.interrupt(PATIENCE)
    }

    /// How often it was started.
    #[must_use]
    pub const fn starts(&self) -> u32 {
        self.starts
    }

    /// Number of its process.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.running.as_ref().map(Running::number)
    }

    /// Runs another subcommand of the program.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<Finished> {
        run(&self.program, arguments, &self.folder)
    }

    /// The end of the log of its last life.
    #[must_use]
    pub fn last_words(&self) -> String {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// Goes through the first-run set-up and lets an analyst in; the analyst, logged in.
    ///
    /// # Errors
    /// When a step is refused.
    pub async fn set_up(&self) -> anyhow::Result<ConsoleClient> {
        let people: BTreeMap<&str, Value> = [("sysadmin", "sys"), ("secadmin", "sec"), ("auditor", "aud")]
            .map(|(role, name)| (role, json!({"username": name, "display_name": role})))
            .into();
        let code = self.setup_code()?;
        let body = json!({"setup_code": code, "sysadmin": people["sysadmin"], "secadmin": people["secadmin"], "auditor": people["auditor"]});
        let made = ConsoleClient::new(self.console_port)?.post("/setup", &body).await?;
        let mut administrators = Vec::new();
        for one in made["accounts"].as_array().context("accounts")?.iter() {
            administrators.push(self.enter(one).await?);
        }
        let [sysadmin, secadmin, _] = administrators.as_slice() else { anyhow::bail!("three administrators") };
        let analyst = json!({"username": "analyst", "display_name": "分析员", "role": "analyst", "unit": "620000"});
        let made = sysadmin.post("/users", &analyst).await?;
        let id = made["user"]["id"].as_str().context("id")?;
        secadmin.post(&format!("/users/{id}/enable"), &json!({})).await?;
        self.enter(&made).await
    }

    /// The analyst of [`NodeUnderTest::set_up`] in a new browser.
    ///
    /// # Errors
    /// When the console refuses.
    pub async fn analyst(&self) -> anyhow::Result<ConsoleClient> {
        self.person("analyst").await
    }

    /// Somebody of [`NodeUnderTest::set_up`] in a new browser: `sys`, `sec`, `aud` or `analyst`.
    ///
    /// # Errors
    /// When the console refuses.
    pub async fn person(&self, username: &str) -> anyhow::Result<ConsoleClient> {
        let client = ConsoleClient::new(self.console_port)?;
        client.log_in(&Account { username: username.to_owned(), password: PASSWORD.to_owned() }, PASSWORD).await?;
        Ok(client)
    }

    async fn enter(&self, made: &Value) -> anyhow::Result<ConsoleClient> {
        let text = |value: &Value| value.as_str().map(str::to_owned).context("text");
        let account =
            Account { username: text(&made["user"]["username"])?, password: text(&made["one_time_password"])? };
        let client = ConsoleClient::new(self.console_port)?;
        client.log_in(&account, PASSWORD).await?;
        Ok(client)
    }

    fn setup_code(&self) -> anyhow::Result<String> {
        let text = std::fs::read_to_string(self.log())?;
        let code = text.split("set-up code ").nth(1).and_then(|rest| rest.split_whitespace().next());
        code.map(str::to_owned).context("the program printed no set-up code")
    }
}

/// Everything of a list, page by page.
///
/// # Errors
/// When a page is refused.
pub async fn whole_list(client: &ConsoleClient, path: &str) -> anyhow::Result<Vec<Value>> {
    let (mut all, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let next = cursor.as_ref().map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
        let page = client.get(&format!("{path}{joint}limit=500{next}")).await?;
        all.extend(page["items"].as_array().context("items")?.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Ok(all),
        }
    }
}
