//! A live sensor whose helper processes are killed: the worker that scans, and the two that keep it. Each is started again,
//! and files are scanned on.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]
#![allow(missing_docs, reason = "nobody links against tests")]

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use fengsui_harness::{Running, in_own_network, run, top};
use serde_json::Value;

/// The rule that knows what the server sends.
const RULE: &str = "eicar_test_file";
const PROGRAM: &str = env!("CARGO_BIN_EXE_fengsui");
/// How long anything may take that is waited for, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(20);

fn until<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Process, parent and command line of everything that runs.
fn processes() -> Vec<(u32, u32, Vec<String>)> {
    let entries = std::fs::read_dir("/proc").expect("is there").flatten();
    let of = |folder: PathBuf| {
        let number = folder.file_name()?.to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
        let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        let line = std::fs::read_to_string(folder.join("cmdline")).ok()?;
        Some((number, parent, line.split('\0').map(str::to_owned).collect::<Vec<_>>()))
    };
    entries.filter_map(|entry| of(entry.path())).collect()
}

/// The helpers of one sensor, as they are now.
#[derive(Debug, Default)]
struct Helpers {
    keepers: BTreeSet<u32>,
    workers: BTreeSet<u32>,
}

/// Those of the pair that goes by this name.
fn helpers(name: &str) -> Helpers {
    let all = processes();
    let keepers: BTreeSet<u32> =
        all.iter().filter(|process| process.2.iter().any(|word| word == name)).map(|process| process.0).collect();
    let is_worker = |process: &&(u32, u32, Vec<String>)| keepers.contains(&process.1) && !keepers.contains(&process.0);
    let workers = all.iter().filter(is_worker).map(|process| process.0).collect();
    Helpers { keepers, workers }
}

/// The name of a sensor's pair.
fn pair_of(sensor: u32) -> String {
    until("the keepers run", || {
        let (_, _, line) = processes().into_iter().find(|process| process.1 == sensor)?;
        let place = line.iter().position(|word| word == "--pair")?;
        line.get(place + 1).cloned()
    })
}

/// Processes that ended and that nobody has let go of, among the children of these.
fn zombies(parents: &BTreeSet<u32>) -> Vec<u32> {
    let ended = |process: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
    };
    let children = processes().into_iter().filter(|process| parents.contains(&process.1));
    children.map(|process| process.0).filter(|process| ended(*process)).collect()
}

fn kill(processes: &BTreeSet<u32>) {
    signal("-KILL", processes);
}

fn signal(which: &str, processes: &BTreeSet<u32>) {
    assert!(!processes.is_empty(), "there is nothing to kill");
    for process in processes {
        let status = Command::new("kill").args([which, &process.to_string()]).status().expect("runs");
        assert!(status.success(), "{process} is gone already");
    }
}

/// A server that answers every request with a file that a rule knows.
fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
    let port = listener.local_addr().expect("has one").port();
    // In two pieces, so that this file is not what it looks for.
    let content = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EIC", "AR-STANDARD"].concat();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("connects");
            let _ = stream.read(&mut [0; 4_096]);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n", content.len());
            let _ = stream.write_all(format!("{head}Connection: close\r\n\r\n{content}").as_bytes());
        }
    });
    port
}

struct World {
    base: tempfile::TempDir,
    log: PathBuf,
    server: u16,
}

impl World {
    fn records(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.base.path().join("out/eve.json")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// How often a rule has matched; signatures go by their number.
    fn found(&self, rule: &str) -> usize {
        let is_ours = |record: &&Value| record["src_port"] == self.server || record["dest_port"] == self.server;
        let is_it = |record: &&Value| {
            record["yara"]["rule"] == rule
                || record["alert"]["signature_id"].as_u64().map(|sid| sid.to_string()).as_deref() == Some(rule)
        };
        self.records().iter().filter(is_ours).filter(is_it).count()
    }

    /// Sends a file past the sensor.
    fn sends(&self) {
        let mut client = TcpStream::connect(("127.0.0.1", self.server)).expect("connects");
        client.write_all(b"GET /file HTTP/1.1\r\nHost: a\r\n\r\n").expect("asks");
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).expect("is answered");
    }

    /// Sends a file past the sensor and waits until its rule has matched.
    fn scans(&self, when: &str) {
        let before = self.found(RULE);
        self.sends();
        until(when, || (self.found(RULE) > before).then_some(()));
    }

    /// Runs the program in the folder of the sensor.
    fn fengsui(&self, arguments: &[&str]) -> String {
        let done = run(Path::new(PROGRAM), arguments, self.base.path()).expect("runs");
        assert_eq!(done.code, 0, "{arguments:?}: {}", done.err);
        done.out
    }

    /// Makes a bundle of these files and installs it in the sensor's data folder.
    fn install(&self, number: &str, files: &[(&str, &str)]) {
        let folder = self.base.path().join(number);
        for (name, content) in files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().expect("has one")).expect("made");
            std::fs::write(path, content).expect("written");
        }
        let output = format!("{number}.bundle");
        self.fengsui(&["bundle", "create", "--key", "signer.key", "--number", number, "--output", &output, number]);
        self.fengsui(&["bundle", "install", "-C", "sensor.toml", &output]);
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn start(environment: &[&str]) -> (Self, Running) {
        let base = tempfile::tempdir().expect("folder");
        let key = run(Path::new(PROGRAM), &["crypto", "keygen", "--output", "signer.key"], base.path()).expect("runs");
        std::fs::write(base.path().join("signer.pub"), key.out).expect("written");
        // Whoever the sensor becomes has to get through the folder.
        let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(base.path(), all).expect("opens the folder");
        let rule = top().join("rules/yara/test.yar");
        // On the loopback interface nobody fills in checksums.
        let settings = format!(
            "[data]\ndirectory = \"data\"\n[rules]\nsigners = [\"signer.pub\"]\n[sensor]\nyara = [\"{}\"]\n[sensor.decode]\nverify_checksums = false\n",
            rule.display()
        );
        std::fs::write(base.path().join("sensor.toml"), settings).expect("settings");
        let log = base.path().join("sensor.log");
        let command = [PROGRAM, "sensor", "-i", "lo", "-l", "out", "-C", "sensor.toml"];
        let arguments: Vec<&str> = environment.iter().copied().chain(command).collect();
        let sensor = Running::start(Path::new("/usr/bin/env"), &arguments, base.path(), &log).expect("starts");
        let world = Self { base, log, server: serve() };
        until("the sensor is confined", || world.said().contains("onfine").then_some(()));
        (world, sensor)
    }
}

#[test]
fn a_sensor_whose_keepers_are_both_killed_says_so_and_ends_for_its_supervisor() {
    if !in_own_network("a_sensor_whose_keepers_are_both_killed_says_so_and_ends_for_its_supervisor").expect("passes") {
        return;
    }
    // What systemd sets for every service.
    let (world, mut sensor) = World::start(&["INVOCATION_ID=0123456789abcdef0123456789abcdef"]);
    let name = pair_of(sensor.number());
    world.scans("a file is scanned");
    let keepers = helpers(&name).keepers;
    // Stopped first, so that neither can bring the other one back in between.
    signal("-STOP", &keepers);
    signal("-KILL", &keepers);
    let code = until("the sensor ends", || sensor.ended().expect("is asked"));
    assert_eq!(code, 2, "{}", world.said());
    assert!(world.said().contains("both keepers of scan workers were killed"), "{}", world.said());
    let last = world.records().into_iter().rfind(|record| record["event_type"] == "stats");
    let last = last.expect("the last account is given");
    assert_eq!(last["stats"]["file_store"]["scan_helpers_gone"], 1, "{last}");
}

#[test]
fn a_live_sensor_gets_every_helper_back_that_is_killed() {
    if !in_own_network("a_live_sensor_gets_every_helper_back_that_is_killed").expect("passes") {
        return;
    }
    let (world, sensor) = World::start(&[]);
    let name = pair_of(sensor.number());
    world.scans("a file is scanned");
    let first = helpers(&name);
    assert_eq!((first.keepers.len(), first.workers.len()), (2, 1), "{first:?}");

    kill(&first.workers);
    world.scans("a file is scanned after the worker was killed");

    // Whichever it is: the one that keeps a worker, then the one that has started it again, and both by turns.
    let (mut killed, mut slowest) = (0, Duration::ZERO);
    for place in [0, 1, 0, 1, 1, 0] {
        let before = helpers(&name).keepers;
        kill(&before.iter().nth(place).copied().into_iter().collect());
        let start = Instant::now();
        killed += 1;
        world.scans("a file is scanned after a keeper was killed");
        slowest = slowest.max(start.elapsed());
        until("the keeper is started again", || (helpers(&name).keepers.len() == 2).then_some(()));
    }
    assert_ne!(helpers(&name).keepers, first.keepers);
    // Each scan lets go of whoever was killed.
    world.scans("a file is scanned at the end");
    let parents = helpers(&name).keepers.into_iter().chain([sensor.number()]).collect();
    until("nobody is left behind", || zombies(&parents).is_empty().then_some(()));

    let took = Instant::now();
    assert_eq!(sensor.interrupt(Duration::from_secs(20)).expect("ends"), 0, "{}", world.said());
    println!(
        "{killed} keepers killed, a file found {slowest:?} later at most; the sensor ended within {:?}",
        took.elapsed()
    );
    let records = world.records();
    let last = records.iter().rfind(|record| record["event_type"] == "stats").expect("statistics are told");
    assert_eq!(last["stats"]["file_store"]["scan_helpers_restarted"], killed, "{last}");
    until("the helpers end with their sensor", || helpers(&name).keepers.is_empty().then_some(()));
}

#[test]
fn a_bundle_that_is_installed_while_a_sensor_runs_is_in_force_without_a_restart() {
    if !in_own_network("a_bundle_that_is_installed_while_a_sensor_runs_is_in_force_without_a_restart").expect("passes")
    {
        return;
    }
    let (world, mut sensor) = World::start(&[]);
    world.scans("a file is scanned");
    let workers = helpers(&pair_of(sensor.number())).workers;
    let signature = |sid: u32| {
        format!("alert http any any -> any any (msg:\"of a bundle\"; http.uri; content:\"/file\"; sid:{sid};)\n")
    };
    let yara = |name: &str| format!("rule {name} {{ strings: $a = \"STANDARD\" condition: $a }}\n");

    world.install("1", &[("yara/a.yar", &yara("first")), ("suricata/a.rules", &signature(9_300_001))]);
    let start = Instant::now();
    until("the first bundle is in force", || {
        world.sends();
        (world.found("first") > 0 && world.found("9300001") > 0).then_some(())
    });
    println!("in force {:?} after it was installed", start.elapsed());
    assert_ne!(helpers(&pair_of(sensor.number())).workers, workers, "rules are loaded by a worker of their own");

    // The next one takes its place; what it no longer has is no longer found.
    world.install("2", &[("yara/a.yar", &yara("second"))]);
    until("the second bundle is in force", || {
        world.sends();
        (world.found("second") > 0).then_some(())
    });
    // What was under way when the rules were exchanged may still be told.
    until("what the first bundle had is no longer found", || {
        let before = (world.found("first"), world.found("9300001"));
        world.scans("a file is scanned");
        ((world.found("first"), world.found("9300001")) == before).then_some(())
    });

    // One whose YARA rules no worker takes leaves those before in force, and says so.
    world.install("3", &[("yara/a.yar", "rule broken {"), ("suricata/a.rules", &signature(9_300_003))]);
    until("the signatures of the third bundle are in force", || {
        world.sends();
        (world.found("9300003") > 0).then_some(())
    });
    let before = world.found("second");
    until("the rules before are in force", || {
        world.sends();
        (world.found("second") > before && world.said().contains("are refused; the ones before stay")).then_some(())
    });
    // A stranger's bundle that somebody put there past the installation is not taken.
    let shelf = world.base.path().join("data/bundles/rules.bundle");
    std::fs::write(&shelf, b"a stranger's").expect("written");
    let floor = world.base.path().join("data/bundles/rules.version.json");
    std::fs::write(&floor, format!("{{\"version\": 9, \"sm3\": \"{}\"}}", "0".repeat(64))).expect("written");
    until("it is refused", || world.said().contains("another bundle of rules is not taken").then_some(()));
    world.scans("a file is scanned at the end");
    assert_eq!(sensor.ended().expect("is asked"), None, "{}", world.said());
}
