//! Made-up networks in which every alert is labelled: a background of days, and one attack.
//!
//! The generator knows nothing of the scoring. Everything that could become a habit is drawn anew for each seed: size,
//! detectors, wording of rules, meaning of severities, which fields are there, clocks, kinds of noise and their rates.

use std::fmt::Write as _;

use super::{attack, noise};

/// A sequence of numbers that looks random and is the same for the same seed (Steele et al., SplitMix64).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % (bound.max(1) as u64)) as usize
    }

    /// Between 0 and 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// The pause to the next of events that come independently at a mean distance.
    pub(crate) fn pause(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Who raised an alert.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Detector {
    Host,
    Network,
    Anomaly,
}

/// Who raises an alert, what the rule is called, and what an honest severity would say, from 0 to 1.
pub(crate) type Rule<'a> = (Detector, &'a str, f64);

/// Where an alert happened.
#[derive(Clone, Default)]
pub(crate) struct Ends {
    pub(crate) host: Option<usize>,
    pub(crate) source: Option<String>,
    pub(crate) destination: Option<String>,
    pub(crate) user: Option<String>,
}

impl Ends {
    pub(crate) fn on(host: usize) -> Self {
        Self { host: Some(host), ..Self::default() }
    }

    pub(crate) fn between(source: &str, destination: &str) -> Self {
        Self { source: Some(source.to_owned()), destination: Some(destination.to_owned()), ..Self::default() }
    }

    pub(crate) fn from(self, source: &str) -> Self {
        Self { source: Some(source.to_owned()), ..self }
    }

    pub(crate) fn by(self, user: &str) -> Self {
        Self { user: Some(user.to_owned()), ..self }
    }
}

/// How rules are worded.
#[derive(Clone, Copy, Debug)]
enum Wording {
    Plain,
    Opaque,
    Mixed,
}

/// How a detector names hosts.
#[derive(Clone, Copy)]
enum Naming {
    Short,
    Full,
    Capitals,
}

impl Naming {
    fn of(self, name: &str) -> String {
        match self {
            Self::Short => name.to_owned(),
            Self::Full => format!("{name}.corp.example"),
            Self::Capitals => name.to_uppercase(),
        }
    }
}

/// What is drawn once for a network.
pub(crate) struct Network {
    pub(crate) numbers: Numbers,
    pub(crate) seconds: f64,
    pub(crate) hosts: Vec<(String, String)>,
    pub(crate) users: Vec<String>,
    /// Multiplies the frequent noise.
    pub(crate) volume: f64,
    wording: Wording,
    /// Share of rules whose severity says something.
    honest: f64,
    offsets: [f64; 3],
    naming: [Naming; 3],
    /// Share of alerts that name the account where there is one.
    accounts: f64,
    sensor: Option<usize>,
    anomaly_by_name: bool,
    host_address: bool,
    prefix: String,
    alerts: Vec<(i64, String, Option<u8>)>,
    pub(crate) stages: Vec<&'static str>,
}

/// A finished network.
pub(crate) struct Labelled {
    pub(crate) lines: Vec<String>,
    /// The stage of the attack of each line.
    pub(crate) labels: Vec<Option<u8>>,
    pub(crate) stages: Vec<&'static str>,
    pub(crate) traits: String,
}

const START: i64 = 1_795_000_000;

impl Network {
    /// The network of a seed; `volume` multiplies its frequent noise.
    pub(crate) fn generate(seed: u64, volume: f64) -> Labelled {
        let mut network = Self::draw(seed, volume);
        noise::add(&mut network);
        let attack = attack::add(&mut network);
        let traits = format!(
            "{:.1} d, {} hosts, {:?}, honest {:.1}, {attack}",
            network.seconds / 86_400.0,
            network.hosts.len(),
            network.wording,
            network.honest
        );
        network.alerts.sort_by_key(|(time, ..)| *time);
        let (mut lines, mut labels) = (Vec::new(), Vec::new());
        for (_, line, label) in network.alerts {
            lines.push(line);
            labels.push(label);
        }
        Labelled { lines, labels, stages: network.stages, traits }
    }

    fn draw(seed: u64, volume: f64) -> Self {
        let mut numbers = Numbers::new(seed);
        let numbers_ref = &mut numbers;
        let count = *numbers_ref.pick(&[6, 10, 14, 20, 40, 90]);
        let net = numbers_ref.below(200);
        let names =
            ["web", "mail", "file", "proxy", "db", "app", "vpn", "desk", "hr", "dev", "test", "print", "backup", "ci"];
        let hosts = (0..count)
            .map(|index| {
                let name = names.get(index).map_or_else(|| format!("desk{index}"), |name| (*name).to_owned());
                (name, format!("10.{net}.{}.{}", index / 5, 10 + index))
            })
            .collect();
        let users = ["zhang", "li", "wang", "chen", "liu", "zhao", "root", "www-data", "backup", "admin"];
        let offset = |numbers: &mut Numbers| match numbers.below(10) {
            0..5 => 0.0,
            5..9 => numbers.between(-120.0, 120.0),
            _ => *numbers.pick(&[-3_600.0, 3_600.0]),
        };
        let offsets = [offset(numbers_ref), offset(numbers_ref), offset(numbers_ref)];
        let naming =
            |numbers: &mut Numbers| *numbers.pick(&[Naming::Short, Naming::Short, Naming::Full, Naming::Capitals]);
        let naming = [naming(numbers_ref), naming(numbers_ref), naming(numbers_ref)];
        Self {
            seconds: numbers_ref.between(2.5, 7.0) * 86_400.0,
            hosts,
            users: users.iter().map(|name| (*name).to_owned()).collect(),
            volume: volume * *numbers_ref.pick(&[0.3, 1.0, 1.0, 2.0]),
            wording: *numbers_ref.pick(&[Wording::Plain, Wording::Plain, Wording::Mixed, Wording::Opaque]),
            honest: *numbers_ref.pick(&[0.0, 0.5, 0.9]),
            offsets,
            naming,
            accounts: *numbers_ref.pick(&[1.0, 0.5, 0.0]),
            sensor: numbers_ref.chance(0.6).then(|| numbers_ref.below(count)),
            anomaly_by_name: numbers_ref.chance(0.5),
            host_address: numbers_ref.chance(0.8),
            prefix: format!("{}", numbers_ref.below(90_000) + 10_000),
            numbers,
            alerts: Vec::new(),
            stages: Vec::new(),
        }
    }

    pub(crate) fn name(&self, host: usize) -> &str {
        &self.hosts[host].0
    }

    pub(crate) fn address(&self, host: usize) -> String {
        self.hosts[host].1.clone()
    }

    pub(crate) fn any_host(&mut self) -> usize {
        self.numbers.below(self.hosts.len())
    }

    pub(crate) fn any_user(&mut self) -> String {
        let index = self.numbers.below(6);
        self.users[index].clone()
    }

    /// Activity of people: 1 at work, little at night.
    pub(crate) fn awake(&self, second: f64) -> f64 {
        let hour = (START as f64 + second).rem_euclid(86_400.0) / 3_600.0;
        if (8.0..18.0).contains(&hour) { 1.0 } else { 0.12 }
    }

    /// An alert of a rule.
    pub(crate) fn alert(&mut self, second: f64, rule: Rule<'_>, ends: &Ends, stage: Option<u8>) {
        let (by, rule, grave) = rule;
        if second < 0.0 || second > self.seconds {
            return;
        }
        let digest = digest(&self.prefix, rule);
        let number = 1_000 + digest % 90_000;
        let name = match self.wording {
            Wording::Opaque => format!("rule {number}"),
            Wording::Mixed if digest.is_multiple_of(2) => format!("rule {number}"),
            _ => rule.to_owned(),
        };
        let honest = (digest / 7 % 100) as f64 / 100.0 < self.honest;
        let grave = if honest { grave } else { (digest / 701 % 100) as f64 / 100.0 };
        let (observer, severity) = match by {
            Detector::Host => ("hids", 1 + (grave * 14.0) as u64),
            Detector::Network => ("nids", 3 - (grave * 2.99) as u64),
            Detector::Anomaly => ("anomaly", 5),
        };
        let time = second + self.offsets[by as usize];
        let nanos = (time * 1e9) as i64;
        let stamp = fengsui_schema::Timestamp::from_parts(START, 0).plus_nanos(nanos - nanos % 1_000);
        let mut line = format!(
            r#"{{"@timestamp":"{stamp}","rule":{{"name":"{name}","id":"{number}"}},"event":{{"severity":{severity}}},"observer":{{"type":"{observer}"}}"#
        );
        self.places(&mut line, by, ends);
        line.push('}');
        self.alerts.push((nanos, line, stage));
    }

    fn places(&mut self, line: &mut String, by: Detector, ends: &Ends) {
        let host = if by == Detector::Network { self.sensor } else { ends.host };
        if let Some((name, address)) = host.map(|host| &self.hosts[host]) {
            let name = self.naming[by as usize].of(name);
            let _ = match (by, self.anomaly_by_name, self.host_address) {
                (Detector::Anomaly, false, _) => write!(line, r#","host":{{"ip":"{address}"}}"#),
                (Detector::Anomaly, true, _) | (_, _, false) => write!(line, r#","host":{{"name":"{name}"}}"#),
                _ => write!(line, r#","host":{{"name":"{name}","ip":"{address}"}}"#),
            };
        }
        if let Some(source) = &ends.source {
            let _ = write!(line, r#","source":{{"ip":"{source}"}}"#);
        }
        if let Some(destination) = &ends.destination {
            let _ = write!(line, r#","destination":{{"ip":"{destination}"}}"#);
        }
        if let Some(user) = ends.user.as_ref().filter(|_| self.numbers.chance(self.accounts)) {
            let _ = write!(line, r#","user":{{"name":"{user}"}}"#);
        }
    }
}

fn digest(prefix: &str, rule: &str) -> u64 {
    let mut sum = fengsui_schema::fnv(prefix.as_bytes());
    sum.add(rule.as_bytes());
    let sum = sum.finish();
    (sum ^ (sum >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 20
}
