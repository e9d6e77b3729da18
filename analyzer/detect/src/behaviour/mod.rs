//! Detectors over many events: one file per detector, one line each in [`DETECTORS`].
//!
//! All of them count sets of values in windows of event time, and name an alert by rule, key and window. So neither the
//! order of arrival (within the allowed lateness) nor a repeated record changes what they find.

mod beaconing;
mod brief;
mod brute_force;
mod dga_domains;
mod dns_tunnel;
mod essence;
mod exfiltration;
mod first_seen;
mod firsts;
mod impossible_login;
mod lateral_movement;
mod new_service;
mod port_scan;
mod windows;
mod zone_crossing;

use std::net::IpAddr;

use fengsui_schema::{Alert, Event, Timestamp};
use serde_json::Value;

/// A detector over many events.
pub trait Behaviour: Send {
    /// Takes in an event; alerts it completes are added.
    fn observe(&mut self, event: &Event, alerts: &mut Vec<Alert>);

    /// Learns that no event older than the watermark will count; alerts that only then are certain are added.
    fn settle(&mut self, _watermark: Timestamp, _alerts: &mut Vec<Alert>) {}

    /// Drops what no event can change any more.
    fn advance(&mut self, watermark: Timestamp);

    /// How many keys were given up at the limit.
    fn evicted(&self) -> u64;

    /// The state, for the snapshot. To take it costs a reference a shard of its tables; it is written as JSON elsewhere.
    fn save(&self) -> SavedBehaviour;

    /// Takes a saved state; false when it is not understood, and nothing changes then.
    fn restore(&mut self, state: Value) -> bool;
}

/// A state of a detector that shares what does not change with it; the call writes it as JSON.
pub(crate) type SavedBehaviour = Box<dyn FnOnce(&mut dyn std::io::Write) -> serde_json::Result<()> + Send>;

/// A detector of the registry.
pub struct BehaviourDefinition {
    /// Its name in rule ids: `behaviour:<name>`.
    pub name: &'static str,
    /// What it finds, in one sentence.
    pub meaning: &'static str,
    /// Makes one with empty state.
    pub create: fn() -> Box<dyn Behaviour>,
}

/// Every detector.
pub static DETECTORS: &[BehaviourDefinition] = &[
    BehaviourDefinition {
        name: "port_scan",
        meaning: "one source that asks many ports of one host, or one port of many hosts",
        create: || Box::new(port_scan::PortScan::default()),
    },
    BehaviourDefinition {
        name: "brute_force",
        meaning: "many failed logins from one source, and the success that follows them",
        create: || Box::new(brute_force::BruteForce::default()),
    },
    BehaviourDefinition {
        name: "dns_tunnel",
        meaning: "many long, distinct names asked for below one domain",
        create: || Box::new(dns_tunnel::DnsTunnel::default()),
    },
    BehaviourDefinition {
        name: "exfiltration",
        meaning: "one host that sends far more than it receives to an address outside",
        create: || Box::new(exfiltration::Exfiltration::default()),
    },
    BehaviourDefinition {
        name: "zone_crossing",
        meaning: "a flow between security zones that the declared policy does not allow",
        create: || Box::new(zone_crossing::ZoneCrossing::default()),
    },
    BehaviourDefinition {
        name: "beaconing",
        meaning: "connections to one place outside at regular intervals",
        create: || Box::new(beaconing::Beaconing::default()),
    },
    BehaviourDefinition {
        name: "dga_domains",
        meaning: "names made by a machine that are asked for in numbers and do not exist",
        create: || Box::new(dga_domains::DgaDomains::default()),
    },
    BehaviourDefinition {
        name: "lateral_movement",
        meaning: "one host or account that reaches many hosts inside by ways of remote administration",
        create: || Box::new(lateral_movement::LateralMovement::default()),
    },
    BehaviourDefinition {
        name: "new_service",
        meaning: "a port of a host inside that begins to answer, after three days of learning",
        create: || Box::new(new_service::NewService::default()),
    },
    BehaviourDefinition {
        name: "first_seen",
        meaning: "an account on a host, a service, a new account or a cloud action never seen, after seven days of learning",
        create: || Box::new(first_seen::FirstSeen::default()),
    },
    BehaviourDefinition {
        name: "impossible_login",
        meaning: "one account that logs in from places nobody can travel between, or from many networks outside at once",
        create: || Box::new(impossible_login::ImpossibleLogin::default()),
    },
];

/// Whether a record stands for a connection or the attempt of one. Answers of servers and transactions within a flow
/// don't.
fn is_connection(event: &Event) -> bool {
    let dataset = event.fields.text("event.dataset").unwrap_or_default();
    let flows =
        ["fengsui.flow", "suricata.flow", "zeek.conn", "netflow.flow", "syslog.kernel", "cef.event", "leef.event"];
    flows.contains(&dataset)
        || dataset.starts_with("firewall.") && event.fields.text("event.category") == Some("network")
        || dataset == "windows.event" && event.fields.text("event.action") == Some("connection")
}

/// Whether an end of an event is inside: by its zone when zones are declared, else by its address.
fn is_inside(event: &Event, side: &str, address: &str) -> bool {
    let zone = if side == "source" { "fengsui.source_zone" } else { "fengsui.zone" };
    match event.fields.text(zone) {
        Some(zone) => zone != "outside",
        None => is_private(address),
    }
}

/// Whether a flow goes from inside to outside.
fn leaves(event: &Event, source: &str, target: &str) -> bool {
    is_inside(event, "source", source) && !is_inside(event, "destination", target)
}

fn is_private(address: &str) -> bool {
    match address.parse() {
        Ok(IpAddr::V4(four)) => four.is_private() || four.is_loopback() || four.is_link_local() || four.is_multicast(),
        Ok(IpAddr::V6(six)) => {
            six.is_unique_local() || six.is_loopback() || six.is_unicast_link_local() || six.is_multicast()
        }
        Err(_) => false,
    }
}
