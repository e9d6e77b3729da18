//! What must hold of every stream and of the whole, in one place: asserted by drivers while debugging and by the
//! simulation after every step.

use std::collections::{BTreeMap, BTreeSet};

use super::{Admission, Lane, MessageId, NodeId, OutRow, Receiving, Sending};

/// A stream at its sender: what is held is exactly what has a number and was not forgotten, and links up.
///
/// # Errors
/// What does not hold.
pub fn sending_is_sound<'a>(sending: &Sending, held: impl IntoIterator<Item = &'a OutRow>) -> Result<(), String> {
    if sending.acknowledged >= sending.next || sending.floor > sending.next {
        return Err(format!("a place past the end: {sending:?}"));
    }
    let (mut expected, mut before) = (sending.floor, None);
    for row in held {
        if row.seq != expected {
            return Err(format!("message {expected} is not held; found {}", row.seq));
        }
        if before.is_some_and(|before| before != row.before)
            || row.message.link_digest(row.seq, &row.before) != row.link
        {
            return Err(format!("message {expected} does not link up"));
        }
        (expected, before) = (expected + 1, Some(row.link));
    }
    if expected == sending.next { Ok(()) } else { Err(format!("message {expected} is not held")) }
}

/// An admission moves a stream forward only, by exactly what is fresh.
///
/// # Errors
/// What does not hold.
pub fn admission_is_sound(before: &Receiving, admission: &Admission, repair: bool) -> Result<(), String> {
    let next = &admission.next;
    let base = if next.epoch == before.epoch { before.cursor } else { 0 };
    let numbers: Vec<u64> = admission.fresh.iter().map(|(seq, ..)| *seq).collect();
    let steady = numbers.windows(2).all(|pair| pair[1] == pair[0] + 1);
    let first = base + admission.missing + 1;
    let fits = repair || numbers.is_empty() || (numbers[0] == first && numbers.last() == Some(&next.cursor));
    let forward = next.epoch > before.epoch || (next.epoch == before.epoch && next.sending > before.sending);
    if steady && fits && forward && next.cursor >= base {
        Ok(())
    } else {
        Err(format!("from {before:?} to {next:?} by {numbers:?}"))
    }
}

/// What took effect at one node.
#[derive(Debug, Clone, Default)]
pub struct Effects {
    count: BTreeMap<MessageId, u64>,
    last: BTreeMap<(NodeId, Lane), (u64, u64)>,
    /// Lost by damage: they come again out of order.
    damaged: BTreeSet<MessageId>,
}

impl Effects {
    /// Notes that a message took effect.
    ///
    /// # Errors
    /// When it did before, or one that its origin made later in the same lane did.
    pub fn happened(&mut self, id: &MessageId, lane: Lane, repaired: bool) -> Result<(), String> {
        let count = self.count.entry(id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            return Err(format!("{id:?} took effect twice"));
        }
        let place = (id.epoch, id.oseq);
        let last = self.last.entry((id.origin.clone(), lane)).or_default();
        if !repaired && place < *last && !self.damaged.contains(id) {
            return Err(format!("{id:?} took effect after {last:?} of its origin"));
        }
        *last = place.max(*last);
        Ok(())
    }

    /// Forgets one effect: the node lost it.
    pub fn lost(&mut self, id: &MessageId) {
        if self.count.remove(id).is_some() {
            self.damaged.insert(id.clone());
        }
    }

    /// Whether a message took effect.
    #[must_use]
    pub fn contains(&self, id: &MessageId) -> bool {
        self.count.contains_key(id)
    }

    /// Every message that took effect.
    pub fn ids(&self) -> impl Iterator<Item = &MessageId> {
        self.count.keys()
    }
}
