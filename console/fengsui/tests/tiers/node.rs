//! A real node: a folder, settings, a program that is started and killed; in a network namespace of its own when told so.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fengsui_harness::{Account, ConsoleClient, Finished, PASSWORD, Running, run};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_fengsui");

pub struct Node {
    pub folder: PathBuf,
    settings: PathBuf,
    port: u16,
    /// What every command of the node begins with.
    prefix: Vec<String>,
    running: Option<Running>,
    starts: u32,
    /// Whether an analyzer runs in the console's process.
    pub analyzer: bool,
}

impl Node {
    /// `parent` is the address of the node above.
    pub fn new(base: &Path, unit: &str, port: u16, parent: Option<&str>, prefix: &[&str]) -> Self {
        let folder = base.join(unit);
        std::fs::create_dir_all(&folder).expect("folder");
        let settings = folder.join("fengsui.toml");
        let parent = parent.map_or_else(String::new, |parent| format!("parent = \"{parent}\"\nplain = true"));
        let address = if prefix.is_empty() { "127.0.0.1" } else { "0.0.0.0" };
        let text = format!(
            "[data]\ndirectory = \"{}\"\n[listen]\nconsole = \"{address}:{port}\"\n[console]\nunit = \"{unit}\"\n[console.tier]\n{parent}\n",
            folder.join("data").display()
        );
        std::fs::write(&settings, text).expect("settings");
        let prefix = prefix.iter().map(|&word| word.to_owned()).collect();
        Self { folder, settings, port, prefix, running: None, starts: 0, analyzer: false }
    }

    /// More settings, for the next start.
    pub fn add_setting(&self, text: &str) {
        let before = std::fs::read_to_string(&self.settings).expect("reads");
        std::fs::write(&self.settings, format!("{before}{text}")).expect("writes");
    }

    /// Program and arguments, after what stands before them.
    fn line<'a>(&'a self, arguments: &[&'a str]) -> (&'a str, Vec<&'a str>) {
        let mut words: Vec<&str> = self.prefix.iter().map(String::as_str).collect();
        words.push(PROGRAM);
        words.extend(arguments);
        let program = words.remove(0);
        (program, words)
    }

    pub async fn start(&mut self) {
        self.starts += 1;
        let log = self.log();
        let settings = self.settings.display().to_string();
        let role: &[&str] = if self.analyzer { &["console"] } else { &["console", "--without-analyzer"] };
        let words: Vec<&str> = role.iter().copied().chain(["-C", &settings]).collect();
        let (program, arguments) = self.line(&words);
        let running = Running::start(Path::new(program), &arguments, &self.folder, &log).expect("starts");
        self.running = Some(running);
        let end = Instant::now() + Duration::from_secs(60);
        while !self.answers() {
            assert!(Instant::now() < end, "the node does not answer; see {}", log.display());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.join(format!("log-{}", self.starts))
    }

    /// A number of its metrics page.
    pub fn metric(&self, name: &str) -> f64 {
        let page = format!("http://127.0.0.1:{}/metrics", self.port);
        let done = run(Path::new("curl"), &["-s", &page], &self.folder).expect("runs");
        let line = done.out.lines().find(|line| line.split(' ').next() == Some(name));
        line.and_then(|line| line.split(' ').nth(1)?.parse().ok())
            .unwrap_or_else(|| panic!("no {name} in {}", done.out))
    }

    /// The first-run set-up; the security administrator, logged in.
    pub async fn security_administrator(&self) -> ConsoleClient {
        let log = std::fs::read_to_string(self.log()).expect("has a log");
        let code = log.split("set-up code ").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("is told");
        let account = |name: &str| json!({"username": name, "display_name": name});
        let body = json!({"setup_code": code, "sysadmin": account("sys"), "secadmin": account("sec"), "auditor": account("aud")});
        let client = ConsoleClient::new(self.port).expect("client");
        let made = client.post("/setup", &body).await.expect("is set up");
        let made = made["accounts"].as_array().expect("accounts").iter().find(|one| one["user"]["username"] == "sec");
        let password = made.expect("is made")["one_time_password"].as_str().expect("has one").to_owned();
        client.log_in(&Account { username: "sec".to_owned(), password }, PASSWORD).await.expect("logs in");
        client
    }

    /// Whether it answers and its database is ready, seen from where it runs.
    fn answers(&self) -> bool {
        let probe = format!(
            "exec 3<>/dev/tcp/127.0.0.1/{}; printf 'GET /healthz HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n' >&3; timeout 5 grep -q '200 OK' <&3",
            self.port
        );
        let mut words: Vec<&str> = self.prefix.iter().map(String::as_str).collect();
        words.extend(["bash", "-c", &probe]);
        let program = words.remove(0);
        run(Path::new(program), &words, &self.folder).is_ok_and(|done| done.code == 0)
    }

    pub fn kill(&mut self) {
        self.running.take().expect("runs").kill().expect("is killed");
    }

    pub fn try_command(&self, arguments: &[&str]) -> Finished {
        let settings = self.settings.display().to_string();
        let all: Vec<&str> = ["node"].iter().chain(arguments).copied().chain(["-C", &settings]).collect();
        let (program, words) = self.line(&all);
        run(Path::new(program), &words, &self.folder).expect("runs")
    }

    pub fn command(&self, arguments: &[&str]) -> String {
        let done = self.try_command(arguments);
        assert_eq!(done.code, 0, "{arguments:?}: {}", done.err);
        done.out
    }

    pub fn received(&self) -> Vec<Value> {
        self.command(&["received"]).lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect()
    }

    pub fn waiting(&self) -> i64 {
        self.nodes().iter().map(|node| node["waiting"].as_i64().expect("number")).sum()
    }

    pub fn nodes(&self) -> Vec<Value> {
        self.command(&["list"]).lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect()
    }

    /// What this node has refused of another one.
    pub fn refused(&self, node: &str) -> i64 {
        let nodes = self.nodes();
        let found = nodes.iter().find(|found| found["id"] == node).expect("is listed");
        found["refused"].as_i64().expect("number")
    }
}
