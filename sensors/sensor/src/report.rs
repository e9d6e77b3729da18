//! Accounts of all workers as records.

use std::sync::Arc;

use fengsui_relay::Class;
use fengsui_schema::{Timestamp, Visibility};
use serde_json::{Map, Value};

use crate::EveEvent;
use crate::account::{Account, RuleCounts, VisibilityContext, add_helpers, add_tracking};
use crate::eve::{EventOrder, Record};
use crate::worker::Shared;

/// Turns the sum of all accounts into visibility and statistics records.
pub(crate) struct Reporter {
    shared: Arc<Shared>,
    interface: String,
    begun: Option<Timestamp>,
    next: Option<Timestamp>,
    /// Events that the output has shed.
    pub(crate) shed: u64,
}

impl Reporter {
    pub(crate) fn new(shared: Arc<Shared>, interface: String) -> Self {
        Self { shared, interface, begun: None, next: None, shed: 0 }
    }

    /// Whether a report is due at this time; the first one is due a full period after the first packet.
    pub(crate) fn is_due(&mut self, now: Timestamp) -> bool {
        let period = i64::from(self.shared.settings.visibility_seconds);
        self.begun.get_or_insert(now);
        let next = *self.next.get_or_insert(now.plus_seconds(period));
        if now < next {
            return false;
        }
        self.next = Some(now.plus_seconds(period));
        true
    }

    /// The records of a report; statistics are left out of those that a run over a capture file makes on its way.
    pub(crate) fn records(
        &self,
        (now, order): (Timestamp, EventOrder),
        (account, ring_drops): (&Account, u64),
        with_statistics: bool,
    ) -> Vec<EveEvent> {
        let eve = &self.shared.settings.eve;
        let mut events = Vec::new();
        let mut push = |name: &str, value: Value| {
            let place = u32::try_from(events.len()).unwrap_or(u32::MAX);
            let mut record = Map::new();
            record.insert("timestamp".to_owned(), now.to_eve().into());
            record.insert("event_type".to_owned(), name.into());
            record.insert(name.to_owned(), value);
            let order = (order.0, order.1, order.2.saturating_add(place));
            let json = Record::from(&record).finish();
            events.push(EveEvent { time: now, order, class: Class::Statistics, json });
        };
        if with_statistics && eve.statistics && eve.writes("stats") {
            let uptime = self.begun.map_or(0, |begun| now.as_seconds() - begun.as_seconds());
            let mut stats = account.statistics(uptime, self.rules(), eve.zero_counters);
            add_tracking(&mut stats, self.shared.tracking.statistics());
            if let Some((_, scanning)) = &self.shared.scanning {
                add_helpers(&mut stats, scanning.helpers(), eve.zero_counters);
            }
            push("stats", Value::Object(stats));
        }
        if eve.visibility && eve.writes("visibility") {
            let record = self.visibility(now, account, ring_drops);
            let percent = f64::from(record.inspected_basis_points()) / 100.0;
            let mut record = serde_json::to_value(record).unwrap_or(Value::Null);
            if let Value::Object(fields) = &mut record {
                fields.insert("inspected_percent".to_owned(), percent.into());
            }
            push("visibility", record);
        }
        events
    }

    /// Rules in force and rules that did not load.
    fn rules(&self) -> RuleCounts {
        let rules = self.shared.rules.current();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let report = &rules.report;
        RuleCounts {
            loaded: count(report.loaded),
            failed: count(report.failures.len()),
            skipped: count(report.skipped.len()),
        }
    }

    /// The account as the analyzer wants it.
    pub(crate) fn visibility(&self, now: Timestamp, account: &Account, ring_drops: u64) -> Visibility {
        let RuleCounts { loaded: rules_loaded, failed: rules_failed, .. } = self.rules();
        let context = VisibilityContext {
            observer: &self.shared.settings.observer,
            interface: &self.interface,
            rules_version: &self.shared.rules.current().report.version,
            rules_loaded,
            rules_failed,
            events_shed: self.shed,
        };
        account.visibility(now, ring_drops, &context)
    }
}
