//! The background: what detectors report all day although nobody attacks.

use super::network::{Detector, Ends, Network};

use Detector::{Anomaly, Host};

/// Adds noise of a kind.
type Kind = fn(&mut Network);

/// Kinds of noise, and how probable each is.
const KINDS: &[(Kind, f64)] = &[
    (logins, 1.0),
    (jobs, 1.0),
    (stuck, 0.7),
    (updates, 0.9),
    (rotations, 0.8),
    (internet_scanners, 0.8),
    (internet_guessing, 0.6),
    (policy, 0.9),
    (new_values, 0.8),
    (warm_up, 0.6),
    (maintenance, 0.8),
    (reboots, 0.8),
    (own_scanner, 0.3),
    (long_tail, 1.0),
    (forgotten_passwords, 0.8),
    (long_exfiltration, 0.15),
];

pub(crate) fn add(network: &mut Network) {
    for (kind, probability) in KINDS {
        if network.numbers.chance(*probability) {
            kind(network);
        }
    }
}

/// Calls with every moment of a process of a mean pause that follows the rhythm of the day.
fn through(network: &mut Network, mean: f64, rhythm: bool, mut each: impl FnMut(&mut Network, f64)) {
    let mut second = network.numbers.pause(mean);
    while second < network.seconds {
        let awake = network.awake(second);
        if !rhythm || network.numbers.chance(awake) {
            each(network, second);
        }
        second += network.numbers.pause(mean);
    }
}

fn logins(network: &mut Network) {
    let mean = network.numbers.between(200.0, 1_500.0) / network.volume;
    for host in 0..network.hosts.len().min(40) {
        through(network, mean, true, |network, second| {
            let (user, from) = (network.any_user(), network.any_host());
            let ends = Ends::on(host).from(&network.address(from)).by(&user);
            network.alert(second, (Host, "login session opened", 0.2), &ends, None);
            network.alert(second + 40.0, (Host, "login session closed", 0.2), &Ends::on(host).by(&user), None);
        });
    }
}

/// Jobs that run every hour or every day on a part of the hosts.
fn jobs(network: &mut Network) {
    for job in 0..2 + network.numbers.below(8) {
        let period = *network.numbers.pick(&[600.0, 3_600.0, 3_600.0, 86_400.0, 86_400.0]);
        let hosts = 1 + network.numbers.below(network.hosts.len().min(30));
        let phase = network.numbers.between(0.0, period);
        let burst = *network.numbers.pick(&[1, 1, 3, 40]);
        for host in 0..hosts {
            let mut second = phase + network.numbers.between(0.0, 60.0);
            while second < network.seconds {
                for step in 0..burst {
                    let rule = format!("scheduled job {job} reported a warning");
                    network.alert(second + f64::from(step), (Host, &rule, 0.3), &Ends::on(host).by("root"), None);
                }
                second += period + network.numbers.between(-20.0, 20.0);
            }
        }
    }
}

/// A misconfigured host that repeats one rule all the time, or from some moment on.
fn stuck(network: &mut Network) {
    let rules = ["service failed to start", "disk is full", "certificate expired", "authentication failure"];
    for _ in 0..1 + network.numbers.below(3) {
        let (host, rule) = (network.any_host(), *network.numbers.pick(&rules));
        let mean = network.numbers.between(4.0, 60.0) / network.volume;
        let begin = if network.numbers.chance(0.5) { 0.0 } else { network.numbers.between(0.0, network.seconds) };
        let end = begin + network.numbers.between(0.2, 1.0) * network.seconds;
        through(network, mean, false, |network, second| {
            if (begin..end).contains(&second) {
                network.alert(second, (Host, rule, 0.5), &Ends::on(host), None);
            }
        });
    }
}

fn updates(network: &mut Network) {
    let hour = network.numbers.between(0.0, 86_400.0);
    let spread = *network.numbers.pick(&[600.0, 7_200.0, 40_000.0]);
    for host in 0..network.hosts.len() {
        let mut day = hour + network.numbers.between(0.0, spread);
        while day < network.seconds {
            for _ in 0..network.numbers.below(4) {
                network.alert(day, (Host, "new package installed", 0.5), &Ends::on(host).by("root"), None);
                network.alert(day + 9.0, (Host, "service restarted", 0.3), &Ends::on(host), None);
                network.alert(day + 12.0, (Host, "checksum of a file changed", 0.5), &Ends::on(host), None);
                day += network.numbers.between(1.0, 90.0);
            }
            let mirror = network.address(host);
            let ends = Ends::between(&mirror, "151.101.2.132");
            network.alert(day, (Detector::Network, "package manager went out", 0.2), &ends, None);
            day += 86_400.0;
        }
    }
}

fn rotations(network: &mut Network) {
    for host in 0..network.hosts.len() {
        let mut second = 22_000.0 + network.numbers.between(0.0, 300.0);
        while second < network.seconds {
            network.alert(second, (Host, "log file rotated", 0.4), &Ends::on(host), None);
            network.alert(second + 2.0, (Host, "log file became smaller", 0.7), &Ends::on(host), None);
            second += 86_400.0;
        }
    }
}

fn outside(network: &mut Network) -> String {
    let numbers = &mut network.numbers;
    let first = *numbers.pick(&[45, 80, 91, 103, 185, 203]);
    format!("{first}.{}.{}.{}", numbers.below(250), numbers.below(250), 1 + numbers.below(250))
}

fn internet_scanners(network: &mut Network) {
    let mean = network.numbers.between(600.0, 7_200.0) / network.volume.min(3.0);
    let name = format!("{} error 404", network.name(0));
    through(network, mean, false, |network, second| {
        let (source, target) = (outside(network), network.address(0));
        for step in 0..1 + network.numbers.below(30) {
            let at = second + step as f64;
            network.alert(at, (Host, "web server error 404", 0.3), &Ends::on(0).from(&source), None);
        }
        let ends = Ends::between(&source, &target);
        let rules = ["scanner user agent", "port scan", "request for an administration page", "known bad reputation"];
        let rule = *network.numbers.pick(&rules);
        network.alert(second, (Detector::Network, rule, 0.5), &ends, None);
        if network.numbers.chance(0.1) {
            network.alert(second + 5.0, (Anomaly, &name, 0.5), &Ends::on(0).from(&source), None);
        }
    });
}

fn internet_guessing(network: &mut Network) {
    let host = network.any_host();
    through(network, 4_000.0, false, |network, second| {
        let source = outside(network);
        for step in 0..network.numbers.below(60) {
            let ends = Ends::on(host).from(&source).by("root");
            network.alert(second + step as f64 * 3.0, (Host, "login failed", 0.4), &ends, None);
        }
        if network.numbers.chance(0.4) {
            network.alert(second + 60.0, (Host, "many failed logins", 0.8), &Ends::on(host).from(&source), None);
        }
    });
}

fn policy(network: &mut Network) {
    let rules = [
        "query for a rare domain",
        "protocol detected in one direction only",
        "invalid checksum",
        "file sharing program",
        "address lookup of the own address",
        "plain text password",
        "old version of TLS",
    ];
    for rule in rules {
        if network.numbers.chance(0.6) {
            let mean = *network.numbers.pick(&[20.0, 120.0, 900.0, 8_000.0]) / network.volume;
            let rhythm = network.numbers.chance(0.7);
            through(network, mean, rhythm, |network, second| {
                let (from, to) = (network.any_host(), network.any_host());
                let server = if network.numbers.chance(0.7) { network.address(0) } else { network.address(to) };
                let ends = Ends::between(&network.address(from), &server);
                network.alert(second, (Detector::Network, rule, 0.3), &ends, None);
            });
        }
    }
}

/// An anomaly detector on logs keeps finding values it never saw.
fn new_values(network: &mut Network) {
    let mean = network.numbers.between(300.0, 6_000.0) / network.volume.min(2.0);
    through(network, mean, true, |network, second| {
        let kind = network.numbers.below(12);
        let rule = format!("new value in field {kind}");
        let host = network.any_host();
        network.alert(second, (Anomaly, &rule, 0.4), &Ends::on(host), None);
    });
}

/// While detectors learn, or agents start, everything is new.
fn warm_up(network: &mut Network) {
    for host in 0..network.hosts.len() {
        let start = network.numbers.between(0.0, 1_800.0);
        for check in 0..20 {
            if network.numbers.chance(0.7) {
                let rule = format!("first sight of event type {check}");
                let at = start + network.numbers.pause(3_000.0);
                network.alert(at, (Anomaly, &rule, 0.5), &Ends::on(host), None);
            }
            if network.numbers.chance(0.5) {
                let rule = format!("configuration check {check} failed");
                network.alert(start + f64::from(check), (Host, &rule, 0.6), &Ends::on(host), None);
            }
        }
    }
}

/// An administrator works on a few hosts.
fn maintenance(network: &mut Network) {
    let rules = [
        "first use of sudo by a user",
        "sudo to root",
        "new user added",
        "checksum of a file changed",
        "service stopped",
        "new port opened",
        "configuration changed",
        "kernel module loaded",
        "account changed to root",
        "firewall rule changed",
    ];
    for _ in 0..1 + network.numbers.below(5) {
        let (start, from) = (network.numbers.between(0.0, network.seconds), network.any_host());
        let mut second = start;
        for _ in 0..1 + network.numbers.below(3) {
            let host = network.any_host();
            let login = Ends::on(host).from(&network.address(from)).by("admin");
            network.alert(second, (Host, "login session opened", 0.2), &login, None);
            for _ in 0..1 + network.numbers.below(7) {
                second += network.numbers.between(10.0, 300.0);
                let rule = *network.numbers.pick(&rules);
                network.alert(second, (Host, rule, 0.5), &Ends::on(host).by("root"), None);
            }
            if network.numbers.chance(0.4) {
                network.alert(second, (Anomaly, "unusual program in the log", 0.5), &Ends::on(host), None);
            }
        }
    }
}

fn reboots(network: &mut Network) {
    for _ in 0..1 + network.numbers.below(6) {
        let (host, second) = (network.any_host(), network.numbers.between(0.0, network.seconds));
        for message in 0..4 + network.numbers.below(14) {
            let at = second + network.numbers.between(0.0, 60.0);
            network.alert(at, (Host, &format!("start message {message}"), 0.4), &Ends::on(host), None);
        }
        network.alert(second, (Host, "agent started", 0.2), &Ends::on(host), None);
    }
}

/// The organisation's own vulnerability scanner.
fn own_scanner(network: &mut Network) {
    let scanner = network.any_host();
    let source = network.address(scanner);
    let period = *network.numbers.pick(&[86_400.0, 86_400.0, 200_000.0]);
    let mut start = network.numbers.between(0.0, period);
    while start < network.seconds {
        for host in 0..network.hosts.len().min(30) {
            let (at, target) = (start + host as f64 * 60.0, network.address(host));
            for (rule, count) in [("port scan", 8), ("scanner user agent", 4), ("SQL injection attempt", 2)] {
                for step in 0..count {
                    let ends = Ends::between(&source, &target);
                    network.alert(at + f64::from(step), (Detector::Network, rule, 0.7), &ends, None);
                }
            }
            network.alert(at + 20.0, (Host, "login failed", 0.4), &Ends::on(host).from(&source), None);
        }
        start += period;
    }
}

/// Many rules of which each fires once or a few times.
fn long_tail(network: &mut Network) {
    let mean = network.numbers.between(1_500.0, 20_000.0);
    let rules = 20 + network.numbers.below(120);
    through(network, mean, network.hosts.len() > 15, |network, second| {
        let place = network.numbers.unit();
        let rule = format!("unclassified message {}", (place * place * rules as f64) as usize);
        let host = network.any_host();
        for step in 0..1 + network.numbers.below(3) {
            network.alert(second + step as f64, (Host, &rule, 0.5), &Ends::on(host), None);
        }
    });
}

fn forgotten_passwords(network: &mut Network) {
    through(network, 15_000.0, true, |network, second| {
        let (host, from, user) = (network.any_host(), network.any_host(), network.any_user());
        for attempt in 0..1 + network.numbers.below(5) {
            let ends = Ends::on(host).from(&network.address(from)).by(&user);
            network.alert(second + attempt as f64 * 8.0, (Host, "login failed", 0.4), &ends, None);
        }
    });
}

/// Something that already leaves the network all the time before the attack; nobody has noticed.
fn long_exfiltration(network: &mut Network) {
    let host = network.any_host();
    let end = network.numbers.between(0.4, 0.9) * network.seconds;
    through(network, 60.0, false, |network, second| {
        if second < end {
            let ends = Ends::between(&network.address(host), "198.18.4.53");
            network.alert(second, (Detector::Network, "long names in DNS questions", 0.7), &ends, None);
        }
    });
}
