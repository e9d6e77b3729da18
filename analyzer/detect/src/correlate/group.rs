//! Alerts of one rule between the same ends in the same ten minutes.

use std::collections::BTreeSet;

use fengsui_schema::{Alert, AlertId, AlertSource, BusinessDomain, Entity, Severity, Technique, Timestamp, UnitCode};
use serde::{Deserialize, Serialize};

use crate::alerting::window;
use crate::limits;

/// Length of the window that repeats are folded in, in seconds.
const WINDOW_S: i64 = 600;

/// What alerts are folded by. Ordered by window first, so that the oldest are given up first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct GroupKey(i64, String);

impl GroupKey {
    pub(super) fn of(alert: &Alert) -> Self {
        Self(window(alert.time, WINDOW_S), alert.group_key.clone())
    }

    pub(super) fn window(&self) -> i64 {
        self.0
    }
}

/// Alerts of one rule between the same ends in the same ten minutes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AlertGroup {
    pub(crate) rule: String,
    pub(crate) title: String,
    pub(crate) title_zh: Option<String>,
    pub(crate) source: AlertSource,
    pub(crate) severity: Severity,
    pub(crate) techniques: BTreeSet<Technique>,
    pub(crate) entities: BTreeSet<Entity>,
    pub(crate) unit: UnitCode,
    pub(crate) domain: BusinessDomain,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    /// The earliest alerts.
    pub(crate) members: BTreeSet<(Timestamp, AlertId)>,
    /// All alerts, named or not.
    pub(crate) count: u64,
}

impl AlertGroup {
    pub(super) fn of(alert: &Alert) -> Self {
        let mut entities: BTreeSet<Entity> = alert.entities.iter().cloned().collect();
        trim(&mut entities);
        Self {
            rule: alert.rule.id.clone(),
            title: alert.rule.title.clone(),
            title_zh: alert.rule.title_zh.clone(),
            source: alert.source,
            severity: alert.severity,
            techniques: alert.techniques.iter().cloned().collect(),
            entities,
            unit: alert.unit.clone(),
            domain: alert.domain,
            first: alert.time,
            last: alert.time,
            members: BTreeSet::from([(alert.time, alert.id)]),
            count: 1,
        }
    }

    /// Adds an alert; false when it is known. Takes the least of what can differ, so that the order does not matter.
    pub(super) fn add(&mut self, alert: &Alert, members: usize) -> bool {
        if !self.members.insert((alert.time, alert.id)) {
            return false;
        }
        while self.members.len() > members {
            self.members.pop_last();
        }
        self.count += 1;
        self.first = self.first.min(alert.time);
        self.last = self.last.max(alert.time);
        self.severity = self.severity.max(alert.severity);
        self.techniques.extend(alert.techniques.iter().cloned());
        self.entities.extend(alert.entities.iter().cloned());
        trim(&mut self.entities);
        if alert.unit < self.unit {
            self.unit = alert.unit.clone();
        }
        self.domain = self.domain.min(alert.domain);
        true
    }
}

fn trim(entities: &mut BTreeSet<Entity>) {
    while entities.len() > limits::GROUP_ENTITIES {
        entities.pop_last();
    }
}
