//! What rules remember of one flow.

use std::sync::Arc;

use fengsui_protocols::Direction;

use crate::header::Endpoints;
use crate::rule_set::Group;
use crate::tracking::Window;
use crate::{Completion, limits};

/// What rules remember of one flow: flowbits, flowints, what has fired. Names are kept as digests, so that the
/// state survives a reload of the rules.
#[derive(Debug, Clone, Default)]
pub struct FlowState {
    bits: Vec<u64>,
    ints: Vec<(u64, u32)>,
    /// Counts of rates by flow, by rule and place of the rate in it.
    rates: Vec<(u64, u8, Window)>,
    fired: Vec<Fired>,
    addresses_inspected: [bool; 2],
    passed: bool,
    shed: u64,
    /// The last entropy of each buffer a rule measured.
    entropies: Vec<(&'static str, f64)>,
    /// Parts that expressions captured, by name.
    texts: Vec<(Arc<str>, Vec<u8>)>,
    /// What was shown of live transactions.
    shown: Vec<Shown>,
    /// What was shown of files on their way.
    files: Vec<FileShown>,
    /// Rules that patterns have chosen in the current window of the stream, each way.
    streams: [StreamCandidates; 2],
    /// What applies each way.
    ways: [Option<WayGroup>; 2],
    /// Counts up with whatever may turn a rule's answer without new bytes.
    changes: u32,
}

/// What applies to one way of the flow, and what that was found for.
#[derive(Debug, Clone)]
pub(crate) struct WayGroup {
    /// Which rule set it was.
    pub(crate) rules: u64,
    pub(crate) endpoints: Endpoints,
    pub(crate) protocol: u8,
    pub(crate) direction: Option<Direction>,
    pub(crate) group: Arc<Group>,
}

/// What the rules have seen of one direction of a transaction, so that only what is new is looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    pub(crate) transaction: u64,
    pub(crate) to_client: bool,
    /// Which rule set it was.
    pub(crate) rules: u64,
    /// Length and version of each value.
    pub(crate) values: Vec<(usize, u32)>,
    pub(crate) events: usize,
    /// Facts and fields of the record.
    pub(crate) facts: usize,
    pub(crate) completion: Completion,
    pub(crate) established: bool,
    pub(crate) changes: u32,
    /// Rules that patterns have chosen.
    pub(crate) candidates: Vec<u32>,
}

/// What the rules have seen of a file, so that only what is new is looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct FileShown {
    pub(crate) file: u32,
    /// Which rule set it was.
    pub(crate) rules: u64,
    /// Place in the file up to which patterns were looked for.
    pub(crate) until: u64,
    /// Rules that patterns have chosen.
    pub(crate) candidates: Vec<u32>,
}

/// Rules that patterns have chosen in a window of a stream.
#[derive(Debug, Clone, Default)]
pub(crate) struct StreamCandidates {
    pub(crate) rules: u64,
    pub(crate) candidates: Vec<u32>,
}

/// A rule that has fired on something of the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fired {
    /// Digest of gid and sid.
    pub(crate) rule: u64,
    /// Where: a transaction, a file, or the payload.
    pub(crate) place: Place,
}

/// Where a rule fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a transaction.
    Transaction(u64),
    /// In one direction of a transaction.
    Direction(u64, Direction),
    /// In a file of the flow.
    File(u32),
    /// The payload part of a rule that also looks at transactions.
    Payload,
    /// Once per flow.
    Flow,
}

impl FlowState {
    /// Names and numbers dropped because the flow holds too many of them.
    #[must_use]
    pub const fn shed(&self) -> u64 {
        self.shed
    }

    /// Whether a `pass` rule has taken the whole flow out of inspection.
    #[must_use]
    pub const fn passed(&self) -> bool {
        self.passed
    }

    /// The last entropy of each buffer that a rule measured, by keyword.
    #[must_use]
    pub fn entropies(&self) -> &[(&'static str, f64)] {
        &self.entropies
    }

    /// Parts that expressions captured for the flow, by name.
    #[must_use]
    pub fn texts(&self) -> &[(Arc<str>, Vec<u8>)] {
        &self.texts
    }

    pub(crate) fn set_text(&mut self, name: Arc<str>, bytes: Vec<u8>) {
        if let Some(entry) = self.texts.iter_mut().find(|entry| entry.0 == name) {
            entry.1 = bytes;
        } else if self.texts.len() < limits::FLOW_INTS {
            self.texts.push((name, bytes));
        } else {
            self.shed += 1;
        }
    }

    pub(crate) fn note_entropy(&mut self, buffer: &'static str, value: f64) {
        match self.entropies.iter_mut().find(|entry| entry.0 == buffer) {
            Some(entry) => entry.1 = value,
            None => self.entropies.push((buffer, value)),
        }
    }

    /// Digests of the flowbits that are set, in the order they were set; [`crate::RuleSet::name`] knows their names.
    #[must_use]
    pub fn bits(&self) -> &[u64] {
        &self.bits
    }

    /// Digests and values of the flowints.
    #[must_use]
    pub fn ints(&self) -> &[(u64, u32)] {
        &self.ints
    }

    /// Takes the whole flow out of inspection.
    pub fn pass(&mut self) {
        self.passed = true;
    }

    /// Counts up with whatever may turn a rule's answer without new bytes.
    pub(crate) const fn changes(&self) -> u32 {
        self.changes
    }

    /// Takes out what was shown of a direction of a transaction; a fresh account when it was shown to other rules.
    pub(crate) fn take_shown(&mut self, transaction: u64, to_client: bool, rules: u64) -> (Shown, bool) {
        let place =
            self.shown.iter().position(|shown| (shown.transaction, shown.to_client) == (transaction, to_client));
        match place.map(|place| self.shown.swap_remove(place)).filter(|shown| shown.rules == rules) {
            Some(shown) => (shown, false),
            None => (Shown { transaction, to_client, rules, ..Shown::default() }, true),
        }
    }

    pub(crate) fn keep_shown(&mut self, shown: Shown) {
        if self.shown.len() >= limits::FLOW_SHOWN {
            self.shown.swap_remove(0);
        }
        self.shown.push(shown);
    }

    /// Gives back the room of what was shown of transactions, files and streams that are gone. What comes all the same is
    /// looked at anew.
    pub fn give_room_back(&mut self) {
        (self.shown, self.files, self.streams) = Default::default();
    }

    /// What applies to what goes this way.
    pub(crate) fn way(&mut self, to_client: bool) -> &mut Option<WayGroup> {
        &mut self.ways[usize::from(to_client)]
    }

    /// What was shown of a direction of a transaction to these rules.
    pub(crate) fn shown(&self, transaction: u64, to_client: bool, rules: u64) -> Option<&Shown> {
        let is_it =
            |shown: &&Shown| (shown.transaction, shown.to_client, shown.rules) == (transaction, to_client, rules);
        self.shown.iter().find(is_it)
    }

    /// Takes out what was shown of a file; a fresh account when it was shown to other rules.
    pub(crate) fn take_file(&mut self, file: u32, rules: u64) -> FileShown {
        let place = self.files.iter().position(|shown| shown.file == file);
        let known = place.map(|place| self.files.swap_remove(place)).filter(|shown| shown.rules == rules);
        known.unwrap_or(FileShown { file, rules, ..FileShown::default() })
    }

    pub(crate) fn keep_file(&mut self, shown: FileShown) {
        if self.files.len() >= limits::FLOW_FILES {
            self.files.swap_remove(0);
        }
        self.files.push(shown);
    }

    pub(crate) fn stream(&mut self, to_client: bool) -> &mut StreamCandidates {
        &mut self.streams[usize::from(to_client)]
    }

    pub(crate) fn bit(&self, name: u64) -> bool {
        self.bits.contains(&name)
    }

    pub(crate) fn set_bit(&mut self, name: u64) {
        if self.bit(name) {
            return;
        }
        self.changes += 1;
        if self.bits.len() < limits::FLOW_BITS {
            self.bits.push(name);
        } else {
            self.shed += 1;
        }
    }

    pub(crate) fn unset_bit(&mut self, name: u64) {
        self.changes += u32::from(self.bit(name));
        self.bits.retain(|bit| *bit != name);
    }

    pub(crate) fn int(&self, name: u64) -> Option<u32> {
        self.ints.iter().find(|entry| entry.0 == name).map(|entry| entry.1)
    }

    pub(crate) fn set_int(&mut self, name: u64, value: u32) {
        self.changes += 1;
        if let Some(entry) = self.ints.iter_mut().find(|entry| entry.0 == name) {
            entry.1 = value;
        } else if self.ints.len() < limits::FLOW_INTS {
            self.ints.push((name, value));
        } else {
            self.shed += 1;
        }
    }

    /// The window of a rate that is counted by flow; none when the flow holds too many.
    pub(crate) fn rate(&mut self, rule: u64, place: u8, fresh: impl FnOnce() -> Window) -> Option<&mut Window> {
        let known = self.rates.iter().position(|entry| (entry.0, entry.1) == (rule, place));
        let index = match known {
            Some(index) => index,
            None if self.rates.len() >= limits::FLOW_RATES => {
                self.shed += 1;
                return None;
            }
            None => {
                self.rates.push((rule, place, fresh()));
                self.rates.len() - 1
            }
        };
        self.rates.get_mut(index).map(|entry| &mut entry.2)
    }

    pub(crate) fn has_fired(&self, fired: Fired) -> bool {
        self.fired.contains(&fired)
    }

    pub(crate) fn remember(&mut self, fired: Fired) {
        if self.has_fired(fired) {
            return;
        }
        if self.fired.len() >= limits::FLOW_FIRED {
            self.fired.drain(..limits::FLOW_FIRED / 4);
            self.shed += 1;
        }
        self.changes += u32::from(fired.place == Place::Payload);
        self.fired.push(fired);
    }

    /// Forgets transactions well before this one. Not the one itself: it may be shown again while it is logged.
    pub(crate) fn forget_before(&mut self, transaction: u64) {
        let oldest = transaction.saturating_sub(limits::FLOW_TRANSACTIONS_REMEMBERED);
        self.fired
            .retain(|fired| !matches!(fired.place, Place::Transaction(id) | Place::Direction(id, _) if id < oldest));
        self.shown.retain(|shown| shown.transaction >= oldest);
    }

    /// Whether addresses of this direction are still to be inspected; true once per direction.
    pub(crate) fn take_addresses(&mut self, to_client: bool) -> bool {
        !std::mem::replace(&mut self.addresses_inspected[usize::from(to_client)], true)
    }
}
