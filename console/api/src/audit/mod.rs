//! The audit log: every entry carries SM3 over itself and everything before it.
//!
//! leaf = SM3(0x00 ‖ entry), hash = SM3(0x01 ‖ hash before ‖ leaf); the separation of the two is RFC 9162's. An entry is
//! written in the transaction of the act it tells of, so an act without an entry can't be kept. Entries of what changed
//! nothing (a refusal, an export) share transactions (`group.rs`, docs/adr/0017).

mod chain;
mod group;

use fengsui_schema::UnitCode;

use crate::db::storable;
use crate::scope::Place;

pub(crate) use chain::{Anchors, verify, write};
pub(crate) use group::Group;

/// Who did something.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    /// Name of the account.
    pub(crate) name: String,
    /// Where the account belongs.
    pub(crate) place: Place,
    /// Address of the client.
    pub(crate) address: String,
}

impl Actor {
    /// An account of a unit at an address.
    pub(crate) fn new(name: &str, unit: &UnitCode, address: &str) -> Self {
        Self { name: name.to_owned(), place: Place::of(unit), address: address.to_owned() }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done.
    Success,
    /// Not allowed.
    Denied,
    /// Tried without success.
    Failed,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// What was done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// Action of the matrix with a detail: `alert.act.close`.
    pub(crate) action: &'a str,
    /// `alert/…`, `task/…`.
    pub(crate) object: &'a str,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// With what words.
    pub(crate) detail: &'a str,
}

const DETAIL_CHARACTERS: usize = 2_000;
const OBJECT_CHARACTERS: usize = 200;

/// An entry that waits for its place in the chain, with its texts as the database keeps them.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    time: i64,
    actor: String,
    place: Place,
    action: String,
    object: String,
    outcome: Outcome,
    detail: String,
    address: String,
}

impl Pending {
    /// What somebody did, at a time in milliseconds.
    pub(crate) fn new(actor: &Actor, time: i64, entry: Entry<'_>) -> Self {
        let cut = |text: &str, characters| storable(text).chars().take(characters).collect();
        Self {
            time,
            actor: storable(&actor.name).into_owned(),
            place: actor.place.clone(),
            action: storable(entry.action).into_owned(),
            object: cut(entry.object, OBJECT_CHARACTERS),
            outcome: entry.outcome,
            detail: cut(entry.detail, DETAIL_CHARACTERS),
            address: storable(&actor.address).into_owned(),
        }
    }
}
