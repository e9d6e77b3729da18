//! What inspecting hands out.

use std::sync::Arc;

use fengsui_schema::Condition;

use crate::{Action, RuleInfo};
use serde_json::{Map, Value};

/// A rule that fired.
#[derive(Debug, Clone)]
pub struct Match {
    /// The rule.
    pub rule: Arc<RuleInfo>,
    /// What it asks for.
    pub action: Action,
    /// Why it fired: each condition as the rule writes it, the buffer it looked at, the bytes it matched.
    pub conditions: Vec<Condition>,
    /// Transaction it fired on.
    pub transaction: Option<u64>,
    /// Whether it fired on reassembled stream content rather than on the packet's own payload.
    pub on_stream: bool,
    /// Whether its header names an application protocol.
    pub of_application: bool,
    /// Whether it asks for an alert record; a rule with `noalert` still drops, passes and counts.
    pub alerts: bool,
    /// Whether `drop`, `reject` and `pass` act on the rest of the flow rather than on this packet alone.
    pub of_flow: bool,
    /// Whether a rate filter has put another action in the place of the rule's.
    pub by_rate: bool,
    /// What JSON datasets tell of the values that were found, by the names the rule gives them.
    pub context: Map<String, Value>,
    /// Parts that expressions of the rule captured for this packet, by name.
    pub captures: Vec<(Arc<str>, Vec<u8>)>,
    /// The caller's own number; [`crate::RuleSet::settle`] keeps it.
    pub token: usize,
    /// Place of the rule in the order of the rules.
    pub(crate) order: u32,
    /// Digest of gid and sid.
    pub(crate) key: u64,
}

/// What the keyword `config` keeps from being logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Silence {
    /// The transaction that matched.
    Transaction,
    /// Everything of the flow.
    Flow,
}

/// What all matches of one packet come to.
#[derive(Debug, Clone, Default)]
pub struct Settled {
    /// Matches that count, in the order of their rules. A `pass` ends the list.
    pub matches: Vec<Match>,
    /// Matches that a rate or a suppression held back.
    pub suppressed: u64,
}

/// What keyword `tag` asks to record after a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag {
    /// Packets of the host rather than of the flow.
    pub host: bool,
    /// With `host`: the packet's destination rather than its source.
    pub destination: bool,
    /// How many of [`Tag::metric`].
    pub count: u32,
    /// What is counted.
    pub metric: TagMetric,
}

/// What a tag counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TagMetric {
    /// Packets.
    Packets,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}
