//! What inspecting hands out.

use std::sync::Arc;

use fengsui_schema::Condition;

use crate::{Action, RuleInfo};

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
