//! Detectors over many events: one file per detector, one line each in [`DETECTORS`].
//!
//! All of them count sets of values in windows of event time, and name an alert by rule, key and window. So neither the
//! order of arrival (within the allowed lateness) nor a repeated record changes what they find.

mod brute_force;
mod dns_tunnel;
mod exfiltration;
mod port_scan;
mod windows;
mod zone_crossing;

use fengsui_schema::{Alert, Event, Timestamp};
use serde_json::Value;

/// A detector over many events.
pub trait Behaviour: Send {
    /// Takes in an event; alerts it completes are added.
    fn observe(&mut self, event: &Event, alerts: &mut Vec<Alert>);

    /// Learns that no event older than the watermark will count, so that old windows can go.
    fn advance(&mut self, watermark: Timestamp);

    /// How many keys were given up at the limit.
    fn evicted(&self) -> u64;

    /// The state, for the snapshot.
    fn save(&self) -> Value;

    /// Takes a saved state; false when it is not understood, and nothing changes then.
    fn restore(&mut self, state: Value) -> bool;
}

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
];
