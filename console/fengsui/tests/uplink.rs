//! A real sensor and a real analyzer on loopback, with a link that is cut and programs that are killed. The test puts a
//! reader of its own into both spools before anything starts, so that nothing is deleted: what the sensor's spool holds is
//! what was accepted, and the analyzer's has to hold the same, once and in order. `FENGSUI_UPLINK_KILLS` makes it long.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, reason = "nobody links against tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fengsui_harness::{ConsoleClient, Finished, LinkProxy, Running, free_port, in_own_network, run, top};
use fengsui_relay::{FileDisk, Record, Spool, SpoolSettings};
use fengsui_schema::RawRecord;

const PROGRAM: &str = env!("CARGO_BIN_EXE_fengsui");
const NAME: &str = "sensor-1";

struct World {
    base: tempfile::TempDir,
    console: u16,
    link: LinkProxy,
    scheme: &'static str,
    analyzer: Option<Running>,
    starts: u32,
}

fn number_of(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn keep_everything(folder: &Path) {
    drop(spool(folder).reader("judge").expect("reader"));
}

fn spool(folder: &Path) -> Spool {
    let settings = SpoolSettings { segment_bytes: 64 << 10, ..SpoolSettings::default() };
    Spool::open(Arc::new(FileDisk::open(folder).expect("is free")), settings).expect("opens").0
}

fn all_records(folder: &Path) -> Vec<Record> {
    let spool = spool(folder);
    let mut reader = spool.reader("judge").expect("reader");
    let mut all = Vec::new();
    loop {
        let records = reader.read(1_000, Duration::ZERO).expect("reads");
        if records.is_empty() {
            return all;
        }
        all.extend(records);
    }
}

impl World {
    async fn new(spool_limit: u64) -> Self {
        Self::with(spool_limit, false).await
    }

    async fn with(spool_limit: u64, encrypted: bool) -> Self {
        let base = tempfile::tempdir().expect("folder");
        let (console, uplink) = (free_port().expect("port"), free_port().expect("port"));
        let link = LinkProxy::start(uplink).await.expect("proxy");
        let folder = |name: &str| base.path().join(name);
        let (analyzer_tls, sensor_tls) = match encrypted {
            true => {
                ("certificate = \"chain.pem\"\nkey = \"leaf.key\"\n", "[sensor.uplink]\ncertificate = \"issuer.pem\"\n")
            }
            false => ("", ""),
        };
        if encrypted {
            certificates(base.path());
        }
        let analyzer = format!(
            "[data]\ndirectory = \"{}\"\n[listen]\nconsole = \"127.0.0.1:{console}\"\n[spool]\nsegment_bytes = 65536\n[[analyzer.receivers.uplink]]\naddress = \"127.0.0.1:{uplink}\"\n{analyzer_tls}",
            folder("analyzer").display()
        );
        std::fs::write(base.path().join("analyzer.toml"), analyzer).expect("settings");
        let sensor = format!(
            "[data]\ndirectory = \"{}\"\n[sensor]\nobserver = \"{NAME}\"\n[spool]\nsegment_bytes = 65536\nlimit_bytes = {spool_limit}\n{sensor_tls}",
            folder("sensor").display()
        );
        std::fs::write(base.path().join("sensor.toml"), sensor).expect("settings");
        keep_everything(&folder("analyzer/spool"));
        keep_everything(&folder("sensor/sensor/spool"));
        let mut world =
            Self { base, console, link, scheme: if encrypted { "https" } else { "http" }, analyzer: None, starts: 0 };
        world.start_analyzer().await;
        world.let_in();
        // The running console looks every two seconds at what the command line decided.
        tokio::time::sleep(Duration::from_secs(3)).await;
        world
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.base.path().join(name)
    }

    async fn start_analyzer(&mut self) {
        self.starts += 1;
        let log = self.base.path().join(format!("analyzer-{}.log", self.starts));
        let arguments = ["console", "-C", "analyzer.toml"];
        self.analyzer = Some(Running::start(Path::new(PROGRAM), &arguments, self.base.path(), &log).expect("starts"));
        let client = ConsoleClient::new(self.console).expect("client");
        client.wait_until_healthy(Duration::from_secs(60)).await.expect("is healthy");
    }

    fn kill_analyzer(&mut self) {
        self.analyzer.take().expect("runs").kill().expect("is killed");
    }

    fn command(&self, arguments: &[&str]) -> String {
        let done = run(Path::new(PROGRAM), arguments, self.base.path()).expect("runs");
        assert_eq!(done.code, 0, "{arguments:?}: {}", done.err);
        done.out.trim().to_owned()
    }

    fn let_in(&self) {
        let code = self.command(&["node", "code", NAME, "--role", "sensor", "-C", "analyzer.toml"]);
        let parent = format!("http://127.0.0.1:{}", self.console);
        let fingerprint =
            self.command(&["node", "enrol", "--sensor", "--parent", &parent, "--code", &code, "-C", "sensor.toml"]);
        self.command(&["node", "approve", NAME, "--fingerprint", &fingerprint, "-C", "analyzer.toml"]);
    }

    fn arguments(&self) -> Vec<String> {
        let capture = top().join("tests/pcaps/port-scan.pcap").display().to_string();
        let url = format!("{}://127.0.0.1:{}", self.scheme, self.link.port());
        ["sensor", "-r", &capture, "-l", "out", "--uplink", &url, "-C", "sensor.toml"].map(str::to_owned).to_vec()
    }

    fn start_sensor(&self, number: u64) -> Running {
        let log = self.base.path().join(format!("sensor-{number}.log"));
        let arguments = self.arguments();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Running::start(Path::new(PROGRAM), &arguments, self.base.path(), &log).expect("starts")
    }

    /// Reads the capture and sends everything that waits.
    fn run_sensor(&self) -> Finished {
        let arguments = self.arguments();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run(Path::new(PROGRAM), &arguments, self.base.path()).expect("runs")
    }

    fn row(&self) -> serde_json::Value {
        let rows = self.command(&["node", "list", "-C", "analyzer.toml"]);
        let rows = rows.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("is JSON"));
        rows.into_iter().find(|row| row["id"] == NAME).expect("is listed")
    }

    fn trust(&self) -> String {
        self.row()["trust"].as_str().expect("a word").to_owned()
    }

    async fn until_measured(&self) {
        let end = Instant::now() + Duration::from_secs(30);
        while self.row()["measurement"] == "" {
            assert!(Instant::now() < end, "the sensor has told nothing");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn metric(&self, name: &str) -> u64 {
        let url = format!("http://127.0.0.1:{}/metrics", self.console);
        let text = text_of(&url).await;
        let line = text.lines().find(|line| line.split(' ').next() == Some(name));
        let line = line.unwrap_or_else(|| panic!("{name} is not in\n{text}"));
        line.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number")
    }

    /// The sensor's spool and the analyzer's hold the same, once and in order.
    fn judge(&self) -> usize {
        let accepted = all_records(&self.folder("sensor/sensor/spool"));
        let accepted: BTreeMap<u64, Vec<u8>> = accepted
            .into_iter()
            .map(|record| (record.sequence, RawRecord::decode(&record.payload).expect("a record").payload))
            .collect();
        let arrived = all_records(&self.folder("analyzer/spool"));
        let mut next = 0;
        for record in &arrived {
            let origin = RawRecord::origin(&record.payload).expect("came from a sensor");
            assert_eq!((origin.node.as_str(), origin.sequence), (NAME, next), "lost, doubled or out of order");
            let raw = RawRecord::decode(&record.payload).expect("a record");
            assert_eq!(Some(&raw.payload), accepted.get(&next), "record {next} changed");
            next += 1;
        }
        assert_eq!(next, accepted.len() as u64, "accepted at the sensor and lost");
        arrived.len()
    }
}

/// A root, an intermediate and the analyzer's certificate; the sensor gets the root alone.
fn certificates(folder: &Path) {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let authority = |name: &str| {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params, KeyPair::generate().expect("key"))
    };
    let (root, root_key) = authority("root");
    std::fs::write(folder.join("issuer.pem"), root.self_signed(&root_key).expect("signs").pem()).expect("writes");
    let root = Issuer::new(root, root_key);
    let (middle, middle_key) = authority("middle");
    let middle_certificate = middle.signed_by(&middle_key, &root).expect("signs");
    let middle = Issuer::new(middle, middle_key);
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
    let leaf_key = KeyPair::generate().expect("key");
    let chain = format!("{}{}", leaf.signed_by(&leaf_key, &middle).expect("signs").pem(), middle_certificate.pem());
    std::fs::write(folder.join("chain.pem"), chain).expect("writes");
    std::fs::write(folder.join("leaf.key"), leaf_key.serialize_pem()).expect("writes");
}

async fn text_of(url: &str) -> String {
    let (host, path) = url.trim_start_matches("http://").split_once('/').expect("a path");
    let mut stream = tokio::net::TcpStream::connect(host).await.expect("connects");
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.expect("sends");
    let mut text = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut text).await.expect("reads");
    text
}

/// Repeatable numbers.
fn next(random: &mut u64) -> u64 {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *random >> 33
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sensor_accepted_arrives_once_whatever_is_killed() {
    let mut world = World::new(1 << 30).await;
    let mut random = number_of("FENGSUI_UPLINK_SEED", 11);
    for number in 0..number_of("FENGSUI_UPLINK_KILLS", 9) {
        let mut sensor = Some(world.start_sensor(number));
        let pause = Duration::from_millis(100 + next(&mut random) % 1_200);
        match next(&mut random) % 3 {
            0 => tokio::time::sleep(pause).await,
            1 => {
                tokio::time::sleep(pause).await;
                world.kill_analyzer();
                world.start_analyzer().await;
            }
            _ => {
                world.link.set_cut(true);
                tokio::time::sleep(pause).await;
                world.link.set_cut(false);
                tokio::time::sleep(Duration::from_millis(next(&mut random) % 400)).await;
            }
        }
        sensor.take().expect("runs").kill().expect("is killed");
    }
    let done = world.run_sensor();
    assert_eq!(done.code, 0, "{}", done.err);
    // The books, while the analyzer is still up: what arrived is indexed, in quarantine or in flight.
    let end = Instant::now() + Duration::from_secs(60);
    while world.metric("fengsui_books_in_flight").await > 0 {
        assert!(Instant::now() < end, "the analyzer does not catch up");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(world.metric("fengsui_books_balanced").await, 1);
    let sent = world.metric(&format!("fengsui_sensor_written{{sensor=\"{NAME}\"}}")).await;
    let taken = world.metric(&format!("fengsui_sensor_taken{{sensor=\"{NAME}\"}}")).await;
    assert_eq!(sent, taken, "written at the sensor and taken at the analyzer");
    world.kill_analyzer();
    let arrived = world.judge();
    // How many there are depends on how far the lives came before they were killed; the last one reads to the end.
    assert!(arrived as u64 == sent && arrived > 100, "{arrived} of {sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_spool_sheds_by_class_and_a_revoked_sensor_is_shut_out() {
    let mut world = World::new(400_000).await;
    world.link.set_cut(true);
    // An outage: the first life fills the spool, the second one finds it full.
    for number in 0..3 {
        let sensor = world.start_sensor(number);
        tokio::time::sleep(Duration::from_secs(3)).await;
        sensor.kill().expect("is killed");
    }
    world.link.set_cut(false);
    let done = world.run_sensor();
    assert_eq!(done.code, 0, "{}", done.err);
    let of = |name: &str| format!("fengsui_sensor_{name}{{sensor=\"{NAME}\"}}");
    let (emitted, spooled, shed) =
        (world.metric(&of("emitted")).await, world.metric(&of("spooled")).await, world.metric(&of("shed")).await);
    assert_eq!(emitted, spooled + shed, "the sensor's books");
    assert!(shed > 0, "the spool was never full: {emitted} {spooled}");

    world.command(&["node", "revoke", NAME, "--reason", "key lost", "-C", "analyzer.toml"]);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let refused = world.metric("fengsui_pipeline_parcels_refused").await;
    let before = world.metric(&of("taken")).await;
    let done = world.run_sensor();
    assert!(done.code != 0 && done.err.contains("revoked_key"), "{}: {}", done.code, done.err);
    assert_eq!(world.metric(&of("taken")).await, before, "a revoked sensor was heard");
    assert!(world.metric("fengsui_pipeline_parcels_refused").await > refused);
    world.kill_analyzer();
    let log = world.command(&["audit", "verify", "--data", "analyzer"]);
    assert!(!log.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_only_a_chain_to_the_named_issuer_is_trusted() {
    let mut world = World::with(1 << 30, true).await;
    let done = world.run_sensor();
    assert_eq!(done.code, 0, "{}", done.err);
    let taken = world.metric(&format!("fengsui_sensor_taken{{sensor=\"{NAME}\"}}")).await;
    assert!(taken > 100, "{taken}");
    // Another issuer of the same name: the analyzer's certificate does not lead to it.
    std::fs::create_dir(world.folder("other")).expect("folder");
    certificates(&world.folder("other"));
    std::fs::copy(world.folder("other/issuer.pem"), world.folder("issuer.pem")).expect("copies");
    let failures = world.metric("fengsui_pipeline_handshakes_failed").await;
    let sensor = world.start_sensor(0);
    tokio::time::sleep(Duration::from_secs(4)).await;
    sensor.kill().expect("is killed");
    assert_eq!(world.metric(&format!("fengsui_sensor_taken{{sensor=\"{NAME}\"}}")).await, taken);
    assert!(world.metric("fengsui_pipeline_handshakes_failed").await > failures, "it never tried");
    world.kill_analyzer();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sensor_tells_what_it_runs_and_a_changed_one_shows() {
    let mut world = World::new(1 << 30).await;
    assert_eq!(world.trust(), "unknown");
    assert_eq!(world.run_sensor().code, 0);
    world.until_measured().await;
    world.command(&["node", "trust", NAME, "-C", "analyzer.toml"]);
    assert_eq!(world.run_sensor().code, 0);
    assert_eq!(world.trust(), "trusted");
    let settings = world.folder("sensor.toml");
    let text = std::fs::read_to_string(&settings).expect("reads");
    std::fs::write(&settings, format!("{text}[log]\nfilter = \"warn\"\n")).expect("writes");
    assert_eq!(world.run_sensor().code, 0);
    let end = Instant::now() + Duration::from_secs(30);
    while world.trust() != "changed" {
        assert!(Instant::now() < end, "a sensor with other settings shows as {}", world.trust());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    world.kill_analyzer();
}

/// The lines of `proc(5)` that tell what a thread may do, of every thread of a process.
fn privileges(process: u32) -> Vec<BTreeMap<String, String>> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("runs");
    let status = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("status")).ok());
    let line = |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    status.map(|status| status.lines().filter_map(line).collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_sensor_sends_and_no_thread_of_it_is_root() {
    if !in_own_network("a_live_sensor_sends_and_no_thread_of_it_is_root").expect("passes") {
        return;
    }
    let mut world = World::new(1 << 30).await;
    // The folder of the test is root's alone, and whoever the sensor becomes has to get through it.
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(world.base.path(), all).expect("opens the folder");
    let url = format!("http://127.0.0.1:{}", world.link.port());
    for life in 0..2 {
        let log = world.base.path().join(format!("live-{life}.log"));
        let arguments = ["sensor", "-i", "lo", "-l", "out", "--uplink", &url, "-C", "sensor.toml"];
        let mut sensor = Running::start(Path::new(PROGRAM), &arguments, world.base.path(), &log).expect("starts");
        let said = || std::fs::read_to_string(&log).unwrap_or_default();
        let of = format!("fengsui_sensor_taken{{sensor=\"{NAME}\"}}");
        let before = if life == 0 { 0 } else { world.metric(&of).await };
        let end = Instant::now() + Duration::from_secs(40);
        loop {
            assert_eq!(sensor.ended().expect("is known"), None, "{}", said());
            assert!(Instant::now() < end, "nothing arrives: {}", said());
            let url = format!("http://127.0.0.1:{}/metrics", world.console);
            let text = text_of(&url).await;
            let taken = text.lines().find_map(|line| line.strip_prefix(&of)?.trim().parse::<u64>().ok());
            if taken.is_some_and(|taken| taken > before) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let threads = privileges(sensor.number());
        assert!(threads.len() > 2, "{threads:?}");
        for thread in threads {
            let users = thread["Uid"].split_whitespace().chain(thread["Gid"].split_whitespace());
            assert!(users.clone().all(|id| id != "0"), "{thread:?}");
            assert_eq!(thread["CapEff"].trim_matches('0'), "", "{thread:?}");
            assert_eq!((&*thread["NoNewPrivs"], &*thread["Seccomp"]), ("1", "2"), "{thread:?}");
        }
        assert_eq!(sensor.interrupt(Duration::from_secs(20)).expect("ends"), 0, "{}", said());
    }
    world.kill_analyzer();
}
