//! The attack: a chain of steps of one of several kinds, of any speed and loudness.

use super::network::{Detector, Ends, Network};

use Detector::{Anomaly, Host, Network as Net};

/// Where a step is seen.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// From the attacker to the victim, on the wire or in the victim's log with the attacker's address.
    Across,
    /// On the victim, without any address.
    Inside,
    /// From the victim to another host, which becomes the victim.
    Onward,
    /// From the victim to the attacker's server.
    Out,
    /// From the attacker to many hosts.
    Wide,
}

use Place::{Across, Inside, Onward, Out, Wide};

type Rule = (Detector, &'static str);
/// Name, place, rules, alerts, duration in seconds, probability.
type Step = (&'static str, Place, &'static [Rule], f64, f64, f64);

const WEB: &[Step] = &[
    (
        "scan",
        Wide,
        &[(Net, "port scan"), (Net, "scan for open services"), (Anomaly, "unusual rate of connections")],
        60.0,
        120.0,
        0.9,
    ),
    (
        "service scan",
        Across,
        &[(Net, "scanner user agent"), (Net, "service version probe"), (Host, "connection ended before login")],
        20.0,
        200.0,
        0.8,
    ),
    (
        "directory scan",
        Across,
        &[(Host, "web server error 404"), (Host, "many errors of one address"), (Net, "directory search tool")],
        900.0,
        400.0,
        0.9,
    ),
    (
        "web scan",
        Across,
        &[
            (Net, "SQL injection attempt"),
            (Net, "cross-site scripting attempt"),
            (Host, "web attack in the access log"),
        ],
        60.0,
        200.0,
        0.6,
    ),
    (
        "upload",
        Across,
        &[(Net, "web shell upload"), (Host, "POST to an upload page"), (Anomaly, "new path in the access log")],
        3.0,
        30.0,
        0.9,
    ),
    (
        "commands",
        Across,
        &[
            (Host, "web server runs a shell"),
            (Net, "output of id in an answer"),
            (Anomaly, "unusual parameter in the access log"),
        ],
        15.0,
        900.0,
        0.95,
    ),
    (
        "cracking",
        Inside,
        &[(Host, "password hashes read"), (Host, "processor under load"), (Anomaly, "unusual processor load")],
        4.0,
        900.0,
        0.6,
    ),
    (
        "privileges",
        Inside,
        &[
            (Host, "account changed to root"),
            (Host, "sudo to root"),
            (Host, "first use of sudo by a user"),
            (Anomaly, "new user in the log of logins"),
        ],
        4.0,
        120.0,
        0.9,
    ),
    ("lateral", Onward, &[(Host, "login session opened"), (Host, "login from a new address")], 6.0, 300.0, 0.5),
    (
        "exfiltration",
        Out,
        &[(Net, "data in DNS questions"), (Net, "query for a rare domain"), (Anomaly, "high entropy of a domain name")],
        150.0,
        900.0,
        0.7,
    ),
];

const CREDENTIALS: &[Step] = &[
    (
        "guessing",
        Across,
        &[(Host, "login failed"), (Host, "many failed logins"), (Net, "many connections to SSH")],
        300.0,
        600.0,
        1.0,
    ),
    (
        "login",
        Across,
        &[(Host, "login session opened"), (Host, "login from a new country"), (Anomaly, "new address of a user")],
        3.0,
        20.0,
        1.0,
    ),
    (
        "discovery",
        Inside,
        &[
            (Host, "list of accounts read"),
            (Host, "network configuration read"),
            (Anomaly, "unusual sequence of commands"),
        ],
        8.0,
        300.0,
        0.7,
    ),
    ("inner scan", Onward, &[(Net, "scan from inside"), (Anomaly, "unusual rate of connections")], 40.0, 120.0, 0.8),
    (
        "lateral",
        Onward,
        &[(Host, "login session opened"), (Host, "remote execution"), (Net, "administration share opened")],
        6.0,
        300.0,
        0.8,
    ),
    (
        "privileges",
        Inside,
        &[(Host, "sudo to root"), (Host, "exploit of the kernel"), (Host, "new administrator")],
        4.0,
        120.0,
        0.8,
    ),
    ("collection", Inside, &[(Host, "archive of many files made"), (Host, "database dumped")], 3.0, 300.0, 0.7),
    ("exfiltration", Out, &[(Net, "large upload over HTTP"), (Net, "upload to a file sharing site")], 8.0, 600.0, 0.8),
];

const MALWARE: &[Step] = &[
    (
        "delivery",
        Inside,
        &[(Host, "office document starts a program"), (Net, "executable from an unknown site")],
        2.0,
        20.0,
        1.0,
    ),
    (
        "control",
        Out,
        &[(Net, "beacon of a trojan"), (Net, "certificate signed by itself"), (Anomaly, "regular connections")],
        40.0,
        6_000.0,
        0.9,
    ),
    ("discovery", Inside, &[(Host, "domain accounts listed"), (Host, "security products listed")], 6.0, 300.0, 0.8),
    (
        "credentials",
        Inside,
        &[(Host, "memory of the logon process read"), (Host, "registry hive saved")],
        2.0,
        60.0,
        0.8,
    ),
    (
        "lateral",
        Onward,
        &[(Host, "service installed from remote"), (Net, "program copied to a share"), (Host, "remote execution")],
        8.0,
        600.0,
        1.0,
    ),
    ("evasion", Inside, &[(Host, "event log cleared"), (Host, "protection switched off")], 2.0, 60.0, 0.7),
    (
        "impact",
        Inside,
        &[(Host, "shadow copies deleted"), (Host, "many files renamed"), (Host, "service stopped")],
        60.0,
        300.0,
        0.8,
    ),
];

const INSIDER: &[Step] = &[
    ("login", Inside, &[(Host, "login at an unusual hour"), (Anomaly, "unusual hour of a user")], 2.0, 30.0, 1.0),
    ("discovery", Onward, &[(Net, "scan from inside"), (Host, "shares listed")], 20.0, 200.0, 0.7),
    (
        "access",
        Onward,
        &[(Host, "access to a protected share denied"), (Host, "login failed"), (Host, "first access to a database")],
        25.0,
        600.0,
        1.0,
    ),
    (
        "collection",
        Inside,
        &[(Host, "archive of many files made"), (Host, "database dumped"), (Anomaly, "unusual amount read")],
        4.0,
        400.0,
        0.9,
    ),
    ("exfiltration", Out, &[(Net, "large upload over HTTP"), (Net, "data in DNS questions")], 40.0, 900.0, 1.0),
    ("cleanup", Inside, &[(Host, "log file became smaller"), (Host, "event log cleared")], 2.0, 60.0, 0.6),
];

/// Adds one attack; returns what it is like in words.
pub(crate) fn add(network: &mut Network) -> String {
    let (kind, steps) = *network.numbers.pick(&[
        ("web", WEB),
        ("web", WEB),
        ("web", WEB),
        ("credentials", CREDENTIALS),
        ("malware", MALWARE),
        ("insider", INSIDER),
    ]);
    false_positives(network, steps);
    let loud = *network.numbers.pick(&[0.1, 0.4, 1.0, 1.0, 2.0]);
    let slow = *network.numbers.pick(&[0.4, 1.0, 1.0, 2.0, 10.0]);
    let inside = kind == "insider" || network.numbers.chance(0.2);
    let attacker = if inside {
        let host = network.any_host();
        network.address(host)
    } else {
        format!("172.30.{}.{}", network.numbers.below(9), 2 + network.numbers.below(200))
    };
    let victim = if kind == "web" { 0 } else { network.any_host() };
    let mut scene = Scene { attacker, victim, server: "198.51.100.77".to_owned(), loud, slow };
    let mut second = network.numbers.between(0.25, 0.8) * network.seconds;
    let begin = second;
    for step in steps {
        if network.numbers.chance(step.5) {
            second = scene.play(network, step, second);
        }
    }
    format!("{kind}, loud {loud}, {:.1} h{}", (second - begin) / 3_600.0, if inside { ", from inside" } else { "" })
}

/// Rules of the attack's kind that fire for other reasons too, here and there.
fn false_positives(network: &mut Network, steps: &[Step]) {
    let rules: Vec<(Place, Rule)> =
        steps.iter().flat_map(|(_, place, rules, ..)| rules.iter().map(|rule| (*place, *rule))).collect();
    for (place, (by, rule)) in rules {
        if !network.numbers.chance(0.4) {
            continue;
        }
        for _ in 0..1 + network.numbers.below(6) {
            let (from, host) = (network.any_host(), network.any_host());
            let scene = Scene {
                attacker: network.address(from),
                victim: host,
                server: "203.0.113.9".to_owned(),
                loud: 1.0,
                slow: 1.0,
            };
            let ends = scene.ends(network, by, place, from);
            let second = network.numbers.between(0.0, network.seconds);
            for repeat in 0..1 + network.numbers.below(3) {
                network.alert(second + 20.0 * repeat as f64, (by, rule, 0.8), &ends, None);
            }
        }
    }
}

struct Scene {
    attacker: String,
    victim: usize,
    server: String,
    loud: f64,
    slow: f64,
}

impl Scene {
    /// Plays a step; returns when the next one may begin.
    fn play(&mut self, network: &mut Network, step: &Step, begin: f64) -> f64 {
        let (name, place, rules, alerts, seconds, _) = *step;
        let stage = u8::try_from(network.stages.len()).unwrap_or(u8::MAX);
        let duration = seconds * self.slow;
        let from = self.victim;
        if place == Onward {
            self.victim = network.any_host();
        }
        let mut any = false;
        for (index, (by, rule)) in rules.iter().enumerate() {
            // A detector may be blind to a step.
            if index > 0 && network.numbers.chance(0.35) {
                continue;
            }
            any = true;
            let mean = if index == 0 { alerts } else { alerts / 6.0 };
            let count = (mean * self.loud * network.numbers.between(0.5, 1.5)).ceil() as usize;
            for _ in 0..count.max(1) {
                let second = begin + network.numbers.between(0.0, duration);
                let ends = self.ends(network, *by, place, from);
                network.alert(second, (*by, rule, 0.8), &ends, Some(stage));
            }
        }
        if any {
            network.stages.push(name);
        }
        begin + duration + network.numbers.pause(240.0 * self.slow)
    }

    fn ends(&self, network: &mut Network, by: Detector, place: Place, from: usize) -> Ends {
        let victim = network.address(self.victim);
        let on_wire = by == Net;
        match place {
            Across if on_wire => Ends::between(&self.attacker, &victim),
            // The log of a host often names no address.
            Across if network.numbers.chance(0.3) => Ends::on(self.victim),
            Across => Ends::on(self.victim).from(&self.attacker),
            Inside if on_wire => Ends::between(&self.server, &victim),
            Inside => Ends::on(self.victim).by("www-data"),
            Onward if on_wire => Ends::between(&network.address(from), &victim),
            Onward => Ends::on(self.victim).from(&network.address(from)).by("admin"),
            Out if on_wire => Ends::between(&victim, &self.server),
            Out => Ends::on(self.victim),
            Wide => {
                let host = network.any_host().min(12);
                if on_wire { Ends::between(&self.attacker, &network.address(host)) } else { Ends::on(self.victim) }
            }
        }
    }
}
