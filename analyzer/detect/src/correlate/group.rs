//! Alerts of one rule between the same ends in the same ten minutes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use fengsui_schema::{
    Alert, AlertId, AlertSource, BusinessDomain, Entity, EntityKind, FoldId, Severity, Technique, Timestamp, UnitCode,
    fnv,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::alerting::window;
use crate::limits;
use crate::shards::Sharded;

/// Length of the window that repeats are folded in, in seconds. An hour is a whole number of windows.
const WINDOW_S: i64 = 600;

/// Windows of an hour.
const WINDOWS_PER_HOUR: i64 = 3_600 / WINDOW_S;

/// What alerts are folded by: window and shape. Ordered by window first, so that the oldest are given up first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct GroupKey(i64, [u8; 16]);

impl GroupKey {
    pub(super) fn of(shape: &Shape, time: Timestamp) -> Self {
        Self(window(time, WINDOW_S), shape.id)
    }

    /// What the outside knows it by.
    pub(super) fn fold(&self) -> FoldId {
        FoldId::from_digest(&fengsui_crypto::sm3_of_parts(&[b"fold", &self.0.to_le_bytes(), &self.1]))
    }

    pub(super) fn hour(&self) -> i64 {
        self.0.div_euclid(WINDOWS_PER_HOUR)
    }

    pub(super) fn window(&self) -> i64 {
        self.0
    }
}

/// By window and the first byte of the shape, so that the order of shards is that of keys.
impl Sharded for GroupKey {
    type Shard = (i64, u8);

    fn shard(&self) -> (i64, u8) {
        (self.0, self.1[0])
    }
}

/// What alerts that differ only in their moment have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shape {
    /// Digest of all the rest.
    pub(crate) id: [u8; 16],
    pub(crate) rule: String,
    pub(crate) title: String,
    pub(crate) title_zh: Option<String>,
    pub(crate) source: AlertSource,
    /// Kind of detector: the product of an external alert, else the kind of detection.
    pub(crate) detector: String,
    pub(crate) severity: Severity,
    pub(crate) techniques: Vec<Technique>,
    /// Ends, hosts and accounts, sorted.
    pub(crate) entities: Vec<Entity>,
    pub(crate) unit: UnitCode,
    pub(crate) domain: BusinessDomain,
}

/// Whether a kind of entity is so varied that it does not tell shapes apart.
fn is_varied(kind: EntityKind) -> bool {
    matches!(kind, EntityKind::Domain | EntityKind::Url | EntityKind::File | EntityKind::DataAsset)
}

impl Shape {
    pub(super) fn of(alert: &Alert) -> Self {
        let mut entities: Vec<Entity> =
            alert.entities.iter().filter(|entity| !is_varied(entity.kind)).cloned().collect();
        entities.sort();
        entities.dedup();
        let product = alert.rule.id.strip_prefix("external:").and_then(|rest| rest.split('/').next());
        let mut shape = Self {
            id: [0; 16],
            rule: alert.rule.id.clone(),
            title: alert.rule.title.clone(),
            title_zh: alert.rule.title_zh.clone(),
            source: alert.source,
            detector: product.map_or_else(|| format!("{:?}", alert.source), str::to_owned),
            severity: alert.severity,
            techniques: alert.techniques.clone(),
            entities,
            unit: alert.unit.clone(),
            domain: alert.domain,
        };
        shape.id = shape.digest();
        shape
    }

    fn digest(&self) -> [u8; 16] {
        let mut text = format!(
            "{}\u{1f}{}\u{1f}{:?}\u{1f}{:?}\u{1f}{}\u{1f}{:?}",
            self.rule, self.title, self.source, self.severity, self.unit, self.domain
        );
        for entity in &self.entities {
            let asset = entity.asset.as_deref().unwrap_or_default();
            let _ = write!(text, "\u{1f}{:?}\u{1e}{}\u{1e}{}\u{1e}{asset}", entity.kind, entity.role, entity.value);
        }
        for technique in &self.techniques {
            let _ = write!(text, "\u{1f}{}\u{1e}{}", technique.id, technique.tactic.as_deref().unwrap_or_default());
        }
        let digest = fengsui_crypto::sm3_of_parts(&[b"shape", text.as_bytes()]);
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        id
    }

    /// The entities in a role.
    pub(crate) fn in_role<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a Entity> {
        self.entities.iter().filter(move |entity| entity.role == role)
    }

    /// Who did it, as far as the alert says.
    pub(crate) fn source(&self) -> Option<&str> {
        self.in_role("source").next().map(|entity| entity.value.as_str())
    }

    /// Digest of the source, as it is saved with the state.
    pub(crate) fn source_digest(&self) -> Option<u64> {
        Some(fnv(self.source()?.as_bytes()).finish())
    }

    /// What the rule is counted for: the host it fired on, else the target's address, else the source.
    pub(crate) fn subject(&self) -> &str {
        let host = self.in_role("target").find(|entity| entity.kind == EntityKind::Host);
        let best = host.or_else(|| self.in_role("target").next()).or_else(|| self.in_role("source").next());
        best.map(|entity| entity.value.as_str()).unwrap_or_default()
    }
}

/// Alerts of one rule between the same ends in the same ten minutes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AlertGroup {
    #[serde(serialize_with = "write_shape", deserialize_with = "read_shape")]
    pub(crate) shape: Arc<Shape>,
    /// Names, files and addresses of the web the alerts are about besides.
    pub(crate) related: BTreeSet<Entity>,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    /// The earliest alerts.
    pub(crate) members: BTreeSet<(Timestamp, AlertId)>,
    /// All alerts, named or not.
    pub(crate) count: u64,
}

fn write_shape<S: Serializer>(shape: &Arc<Shape>, serializer: S) -> Result<S::Ok, S::Error> {
    shape.as_ref().serialize(serializer)
}

fn read_shape<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Shape>, D::Error> {
    Shape::deserialize(deserializer).map(Arc::new)
}

impl AlertGroup {
    pub(super) fn new(shape: &Arc<Shape>, time: Timestamp) -> Self {
        Self {
            shape: Arc::clone(shape),
            related: BTreeSet::new(),
            first: time,
            last: time,
            members: BTreeSet::new(),
            count: 0,
        }
    }

    /// Adds an alert; false when it is known. Takes the least of what can differ, so that the order does not matter.
    pub(super) fn add(&mut self, time: Timestamp, alert: AlertId, related: &[Entity], members: usize) -> bool {
        if !self.members.insert((time, alert)) {
            return false;
        }
        while self.members.len() > members {
            self.members.pop_last();
        }
        self.count += 1;
        self.first = self.first.min(time);
        self.last = self.last.max(time);
        self.related.extend(related.iter().filter(|entity| is_varied(entity.kind)).cloned());
        while self.related.len() > limits::GROUP_ENTITIES {
            self.related.pop_last();
        }
        true
    }

    /// Takes an alert out; true when none is left.
    pub(super) fn take_back(&mut self, time: Timestamp, alert: AlertId) -> bool {
        if self.members.remove(&(time, alert)) {
            self.count -= 1;
        }
        if let (Some((first, _)), Some((last, _))) = (self.members.first(), self.members.last()) {
            (self.first, self.last) = (*first, *last);
        }
        self.count == 0
    }

    /// What is in it besides what was in it before; `None` when there is nothing.
    pub(super) fn beyond(&self, before: &Self) -> Option<Self> {
        let members: BTreeSet<(Timestamp, AlertId)> = self.members.difference(&before.members).copied().collect();
        let (first, last) = (members.first()?.0, members.last()?.0);
        let count = self.count.saturating_sub(before.count).max(members.len() as u64);
        Some(Self { shape: Arc::clone(&self.shape), related: self.related.clone(), first, last, members, count })
    }

    /// Everything and everybody it is about.
    pub(crate) fn entities(&self) -> impl Iterator<Item = &Entity> {
        self.shape.entities.iter().chain(&self.related)
    }
}
