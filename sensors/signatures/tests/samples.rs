//! Rules against samples written as data: the language in `tests/language`, the starter rules in `rules/suricata`.
//!
//! A sample is one line, `SID + FIELDS` when the rule has to fire and `SID - FIELDS` when it must not. Fields are
//! separated by ` ;; `; bytes stand in hexadecimal between bars. A field is a sticky buffer, or one of: `payload`,
//! `stream`, `file` (content), `filename`, `proto` (tcp, udp, icmp, a number), `src`, `dst`, `sport`, `dport`,
//! `flags` (TCP flag letters), `itype`, `icode`, `ttl`, `app` (application protocol), `eve` (JSON of the transaction),
//! `fact` (numbers of a transaction: `ldap.responses.operation:5,4`), `event`, `way` (to_server, to_client), `incomplete`, `repeat`, `every` (seconds), `vary` (sport, dport, dst).
//! Samples of one line share tracking; a `|>` between fields starts a further step on the same flow.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that can not go on has failed

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fengsui_protocols::{AppProtocol, Buffer, Buffers, Direction, Transaction};
use fengsui_schema::Timestamp;
use fengsui_signatures::{
    Completion, FileView, FlowState, IcmpView, Match, PacketView, RuleData, RuleSet, RuleSource, Scratch, TcpView,
    Tracking, Variables, load,
};

/// One step of a sample.
#[derive(Debug, Clone)]
struct Step {
    fields: Vec<(String, Vec<u8>)>,
}

#[derive(Debug)]
struct Sample {
    sid: u32,
    fires: bool,
    steps: Vec<Step>,
    line: String,
}

fn bytes_of(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, part) in text.split('|').enumerate() {
        if index % 2 == 0 {
            bytes.extend_from_slice(part.as_bytes());
        } else {
            bytes.extend(hex::decode(part.replace(' ', "")).unwrap_or_else(|_| panic!("hexadecimal in {text}")));
        }
    }
    bytes
}

fn parse_sample(line: &str) -> Sample {
    let mut words = line.splitn(3, ' ');
    let sid = words.next().and_then(|sid| sid.parse().ok()).unwrap_or_else(|| panic!("no sid in {line}"));
    let fires = match words.next() {
        Some("+") => true,
        Some("-") => false,
        _ => panic!("neither + nor - in {line}"),
    };
    let parse_field = |field: &str| {
        let (key, value) = field.split_once('=').unwrap_or((field, ""));
        (key.trim().to_owned(), if key.trim() == "eve" { value.as_bytes().to_vec() } else { bytes_of(value) })
    };
    let steps = words.next().unwrap_or("").split(" |> ");
    let steps = steps.map(|step| Step { fields: step.split(" ;; ").map(parse_field).collect() }).collect();
    Sample { sid, fires, steps, line: line.to_owned() }
}

/// The number of a DNS record type the samples name.
fn record_type(name: &serde_json::Value) -> u16 {
    match name.as_str() {
        Some("A") => 1,
        Some("SOA") => 6,
        Some("NULL") => 10,
        Some("TXT") => 16,
        Some("AAAA") => 28,
        Some("AXFR") => 252,
        other => panic!("record type {other:?}"),
    }
}

impl Step {
    fn get(&self, key: &str) -> Option<&[u8]> {
        self.fields.iter().find(|field| field.0 == key).map(|field| field.1.as_slice())
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.get(key).map(|value| std::str::from_utf8(value).expect("text"))
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.text(key).map(|text| text.parse().unwrap_or_else(|_| panic!("number in {key}={text}")))
    }

    fn buffers(&self) -> Vec<(Buffer, &[u8])> {
        let buffer = |field: &'_ (String, Vec<u8>)| Buffer::from_keyword(&field.0);
        self.fields.iter().filter_map(|field| buffer(field).map(|buffer| (buffer, field.1.as_slice()))).collect()
    }

    fn way(&self) -> Direction {
        match self.text("way") {
            Some("to_client") => Direction::ToClient,
            Some(_) => Direction::ToServer,
            None if self.buffers().iter().any(|entry| !entry.0.spec().to_server) => Direction::ToClient,
            None => Direction::ToServer,
        }
    }

    fn application(&self) -> Option<AppProtocol> {
        let named = self.text("app").map(|name| AppProtocol::from_name(name).expect("application protocol"));
        named.or_else(|| self.buffers().iter().find_map(|entry| entry.0.spec().protocol))
    }

    fn protocol(&self) -> u8 {
        match self.text("proto") {
            Some("udp") => 17,
            Some("icmp") => 1,
            None | Some("tcp") => 6,
            Some(number) => number.parse().expect("protocol"),
        }
    }

    fn view(&self, round: u64) -> PacketView<'_> {
        let varied = |key: &str| if self.text("vary") == Some(key) { round } else { 0 };
        let address = |key: &str, default: &str| -> IpAddr {
            let address: IpAddr = self.text(key).unwrap_or(default).parse().expect("address");
            match address {
                IpAddr::V4(v4) => (u32::from(v4) + u32::try_from(varied(key)).unwrap()).to_be_bytes().into(),
                v6 @ IpAddr::V6(_) => v6,
            }
        };
        let port = |key: &str, default: u64| u16::try_from(self.number(key).unwrap_or(default) + varied(key)).unwrap();
        let client = SocketAddr::new(address("src", "10.1.1.10"), port("sport", 40_000));
        let server = SocketAddr::new(address("dst", "192.168.5.5"), port("dport", 80));
        let way = self.way();
        let (from, to) = if way == Direction::ToServer { (client, server) } else { (server, client) };
        let mut view = PacketView::new(from, to, self.protocol(), self.get("payload").unwrap_or(b""));
        view.time = Timestamp::EPOCH.plus_seconds(i64::try_from(round * self.number("every").unwrap_or(1)).unwrap());
        view.direction = Some(way);
        view.established = self.get("new").is_none();
        view.app_protocol = self.application();
        view.app_protocol_decided = view.app_protocol.is_some();
        view.in_stream = self.get("stream").is_some();
        view.network.ttl = u8::try_from(self.number("ttl").unwrap_or(64)).unwrap();
        let flags = self.text("flags").unwrap_or("A").chars().map(|letter| 1 << "FSRPAUEC".find(letter).unwrap());
        view.tcp = (view.protocol == 6).then(|| TcpView { flags: flags.sum(), window: 1024, ..TcpView::default() });
        let icmp = |kind| IcmpView {
            kind,
            code: u8::try_from(self.number("icode").unwrap_or(0)).unwrap(),
            ..IcmpView::default()
        };
        view.icmp = self.number("itype").map(|kind| icmp(u8::try_from(kind).unwrap()));
        view
    }

    fn transaction(&self) -> Option<Transaction> {
        let protocol = self.application()?;
        let mut buffers = Buffers::default();
        for (buffer, value) in self.buffers() {
            let spec = buffer.spec();
            let way = match self.way() {
                Direction::ToServer if !spec.to_server => Direction::ToClient,
                Direction::ToClient if !spec.to_client => Direction::ToServer,
                way => way,
            };
            buffers.set(way, buffer, value);
        }
        let eve: serde_json::Map<String, serde_json::Value> =
            self.text("eve").map(|text| serde_json::from_str(text).expect("JSON")).unwrap_or_default();
        let events = self.text("event").map(|name| &*Box::leak(name.to_owned().into_boxed_str())).into_iter().collect();
        let mut transaction = Transaction::new(0, protocol, Timestamp::EPOCH);
        let complete = self.get("incomplete").is_none();
        (transaction.request_complete, transaction.response_complete) = (complete, complete);
        for query in eve.get("queries").and_then(serde_json::Value::as_array).into_iter().flatten() {
            transaction.facts.item("dns.rrtype", record_type(&query["rrtype"]));
        }
        for field in self.fields.iter().filter(|field| field.0 == "fact") {
            let (name, numbers) = std::str::from_utf8(&field.1).unwrap().split_once(':').expect("fact");
            let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
            numbers.split(',').for_each(|number| transaction.facts.item(name, number.parse::<u64>().expect("number")));
        }
        (transaction.buffers, transaction.eve, transaction.events) = (buffers, eve, events);
        Some(transaction)
    }

    fn inspect(&self, rules: &RuleSet, scratch: &mut Scratch, flow: &mut FlowState, round: u64) -> Vec<Match> {
        let view = self.view(round);
        let window = self.get("stream").map(|window| (window, 0));
        let mut matches = rules.inspect_packet(scratch, &view, Some(flow), window);
        let complete = self.get("incomplete").is_none();
        let transaction = self.transaction();
        if let Some(transaction) = &transaction {
            let completion = Completion { direction: complete, transaction: false };
            matches.extend(rules.inspect_transaction(scratch, &view, flow, self.way(), (transaction, completion)));
        }
        if let Some(data) = self.get("file") {
            let size = data.len() as u64;
            let file = FileView { data, size, complete, name: self.get("filename"), ..FileView::default() };
            matches.extend(rules.inspect_file_data(scratch, &view, flow, self.way(), (&file, transaction.as_ref())));
        }
        let settled = rules.settle(scratch, &view, Some(flow), matches);
        settled.matches.into_iter().filter(|found| found.alerts).collect()
    }
}

/// Every match of a sample.
fn run(rules: &RuleSet, sample: &Sample) -> Vec<Match> {
    let mut scratch = Scratch::new(Arc::new(Tracking::default()));
    let mut matches = Vec::new();
    let rounds = sample.steps[0].number("repeat").unwrap_or(1);
    for round in 0..rounds {
        let mut flow = FlowState::default();
        for step in &sample.steps {
            matches.extend(step.inspect(rules, &mut scratch, &mut flow, round));
        }
    }
    matches
}

fn check(rules: &RuleSet, sample: &Sample) -> Option<String> {
    let fired: Vec<u32> = run(rules, sample).iter().map(|found| found.rule.sid).collect();
    (fired.contains(&sample.sid) != sample.fires).then(|| format!("fired {fired:?}: {}", sample.line))
}

/// Files of a folder with an ending, in order.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == ending));
    paths.sort();
    paths
}

fn load_strictly(file: &str, text: &str) -> RuleSet {
    let sources = [RuleSource { file, text: text.as_bytes() }];
    let (rules, report) = load(&sources, &Variables::default(), &RuleData::default());
    assert_eq!(report.failures, [], "{file}");
    assert_eq!(report.warnings, [], "{file}");
    rules
}

fn is_rule(line: &str) -> bool {
    ["alert ", "pass ", "drop ", "reject "].iter().any(|action| line.starts_with(action))
}

#[test]
fn the_language_means_what_its_samples_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language");
    let mut wrong = Vec::new();
    for path in files(&folder, "txt") {
        let text = fs::read_to_string(&path).unwrap();
        let rules: Vec<&str> = text.lines().filter(|line| is_rule(line)).collect();
        let rules = load_strictly(&path.display().to_string(), &rules.join("\n"));
        let samples = text.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
        wrong.extend(samples.filter_map(|line| check(&rules, &parse_sample(line))));
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn each_starter_rule_fires_on_its_samples_only() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/suricata");
    let mut wrong = Vec::new();
    for path in files(&folder, "rules") {
        let rules = load_strictly(&path.display().to_string(), &fs::read_to_string(&path).unwrap());
        let samples = fs::read_to_string(path.with_extension("samples")).unwrap();
        let lines = samples.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
        let samples: Vec<Sample> = lines.map(parse_sample).collect();
        wrong.extend(samples.iter().filter_map(|sample| check(&rules, sample)));
        for info in rules.rules() {
            for fires in [true, false] {
                if !samples.iter().any(|sample| sample.sid == info.sid && sample.fires == fires) {
                    wrong.push(format!("{} has no sample that {}", info.sid, if fires { "fires" } else { "does not" }));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn starter_rules_carry_what_an_alert_shows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/suricata");
    let mut sids = std::collections::HashSet::new();
    for path in files(&folder, "rules") {
        let rules = load_strictly(&path.display().to_string(), &fs::read_to_string(&path).unwrap());
        for info in rules.rules() {
            assert!(sids.insert(info.sid) && info.sid >= 9_000_001, "{}", info.sid);
            let title = info.title_zh().unwrap_or_default();
            assert!(title.chars().any(|c| c > '\u{4e00}') && !title.contains('%'), "{}", info.sid);
            assert!(!info.classtype.is_empty() && !info.msg.is_empty() && info.rev > 0, "{}", info.sid);
            let techniques = info.techniques();
            assert!(techniques.iter().all(|t| t.id.starts_with('T') && t.tactic.is_some()), "{}", info.sid);
        }
    }
    assert!(sids.len() >= 60, "{} rules", sids.len());
}
