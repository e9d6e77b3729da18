//! Flows that other flows have announced: data connections of FTP.

use std::collections::VecDeque;
use std::net::IpAddr;

use fengsui_protocols::Expectation;
use fengsui_schema::Timestamp;

use crate::flow::{Flow, Side};
use crate::limits::{EXPECTATION_SECONDS, EXPECTATIONS};

/// Flows that are expected, oldest first, at most [`EXPECTATIONS`].
#[derive(Default)]
pub(super) struct Expected(VecDeque<Awaited>);

struct Awaited {
    opener: IpAddr,
    target: Side,
    time: Timestamp,
    expectation: Expectation,
}

impl Expected {
    /// Remembers what a flow has announced; false when an older announcement was dropped for it.
    pub(super) fn add(&mut self, flow: &Flow, time: Timestamp, expectation: Expectation) -> bool {
        let (client, server) = (flow.client.0, flow.server.0);
        let (opener, target) = if expectation.from_server { (server, client) } else { (client, server) };
        let has_room = self.0.len() < EXPECTATIONS;
        if !has_room {
            self.0.pop_front();
        }
        self.0.push_back(Awaited { opener, target: (target, expectation.port), time, expectation });
        has_room
    }

    /// Takes what was announced of a new flow.
    pub(super) fn take(&mut self, client: Side, server: Side, now: Timestamp) -> Option<Expectation> {
        if self.0.is_empty() {
            return None;
        }
        self.0.retain(|awaited| now.as_seconds() - awaited.time.as_seconds() <= EXPECTATION_SECONDS);
        let place = self.0.iter().position(|awaited| awaited.opener == client.0 && awaited.target == server)?;
        self.0.remove(place).map(|awaited| awaited.expectation)
    }
}
