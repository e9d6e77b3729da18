//! What rules remember of one flow.

use fengsui_protocols::Direction;

use crate::limits;

/// What rules remember of one flow: flowbits, flowints, what has fired. Names are kept as digests, so that the
/// state survives a reload of the rules.
#[derive(Debug, Clone, Default)]
pub struct FlowState {
    bits: Vec<u64>,
    ints: Vec<(u64, u32)>,
    fired: Vec<Fired>,
    addresses_inspected: [bool; 2],
    passed: bool,
    shed: u64,
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

    pub(crate) fn pass(&mut self) {
        self.passed = true;
    }

    pub(crate) fn bit(&self, name: u64) -> bool {
        self.bits.contains(&name)
    }

    pub(crate) fn set_bit(&mut self, name: u64) {
        if self.bit(name) {
            return;
        }
        if self.bits.len() < limits::FLOW_BITS {
            self.bits.push(name);
        } else {
            self.shed += 1;
        }
    }

    pub(crate) fn unset_bit(&mut self, name: u64) {
        self.bits.retain(|bit| *bit != name);
    }

    pub(crate) fn int(&self, name: u64) -> Option<u32> {
        self.ints.iter().find(|entry| entry.0 == name).map(|entry| entry.1)
    }

    pub(crate) fn set_int(&mut self, name: u64, value: u32) {
        if let Some(entry) = self.ints.iter_mut().find(|entry| entry.0 == name) {
            entry.1 = value;
        } else if self.ints.len() < limits::FLOW_INTS {
            self.ints.push((name, value));
        } else {
            self.shed += 1;
        }
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
        self.fired.push(fired);
    }

    /// Forgets transactions well before this one. Not the one itself: it may be shown again while it is logged.
    pub(crate) fn forget_before(&mut self, transaction: u64) {
        let oldest = transaction.saturating_sub(limits::FLOW_TRANSACTIONS_REMEMBERED);
        self.fired
            .retain(|fired| !matches!(fired.place, Place::Transaction(id) | Place::Direction(id, _) if id < oldest));
    }

    /// Whether addresses of this direction are still to be inspected; true once per direction.
    pub(crate) fn take_addresses(&mut self, to_client: bool) -> bool {
        !std::mem::replace(&mut self.addresses_inspected[usize::from(to_client)], true)
    }
}
