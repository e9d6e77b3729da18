//! The flow table of one worker: by key, by quiet time, by age.

use std::collections::{BTreeMap, HashMap};

use super::key::{FlowKey, KeyHashing};
use super::record::Flow;
use crate::settings::FlowSettings;

/// Place of a flow in the table.
pub(crate) type Slot = usize;

const NONE: usize = usize::MAX;

struct Entry {
    flow: Option<Box<Flow>>,
    key: FlowKey,
    /// Number of the flow's first packet, to tell it from the next one in this place.
    serial: u64,
    held: usize,
    /// Whether it is entered for the shorter wait of a flow that has closed.
    closing: bool,
    older: usize,
    newer: usize,
}

/// The flows of one worker. A flow is taken out while a packet is worked on and put back afterwards.
pub(crate) struct FlowTable {
    settings: FlowSettings,
    entries: Vec<Entry>,
    free: Vec<Slot>,
    places: HashMap<FlowKey, Slot, KeyHashing>,
    /// By the second at which a flow may have ended; looked at again when it has not.
    deadlines: BTreeMap<i64, Vec<(Slot, u64)>>,
    oldest: usize,
    newest: usize,
    held: usize,
}

impl FlowTable {
    pub(crate) fn new(settings: FlowSettings) -> Self {
        Self {
            settings,
            entries: Vec::new(),
            free: Vec::new(),
            places: HashMap::default(),
            deadlines: BTreeMap::new(),
            oldest: NONE,
            newest: NONE,
            held: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn find(&self, key: &FlowKey) -> Option<Slot> {
        self.places.get(key).copied()
    }

    /// Whether a flow has to end before another one may begin, or before more is held.
    pub(crate) fn is_full(&self) -> bool {
        self.places.len() >= self.settings.max_flows
    }

    pub(crate) fn is_over_memory(&self) -> bool {
        self.held > self.settings.max_bytes
    }

    /// What flows hold, in percent of what they may.
    pub(crate) fn pressure(&self) -> u64 {
        (self.held.saturating_mul(100) / self.settings.max_bytes.max(1)) as u64
    }

    /// The flow that was quiet longest.
    pub(crate) fn quietest(&self) -> Option<Slot> {
        (self.oldest != NONE).then_some(self.oldest)
    }

    /// Adds a flow.
    pub(crate) fn insert(&mut self, flow: Box<Flow>) -> Slot {
        let (key, serial, deadline) = (flow.key, flow.first_packet, flow.deadline(&self.settings));
        let entry = Entry { flow: Some(flow), key, serial, held: 0, closing: false, older: NONE, newer: NONE };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.entries[slot] = entry;
                slot
            }
            None => {
                self.entries.push(entry);
                self.entries.len() - 1
            }
        };
        self.places.insert(key, slot);
        self.deadlines.entry(deadline).or_default().push((slot, serial));
        self.append(slot);
        slot
    }

    /// A flow that nobody works on.
    pub(crate) fn get(&self, key: &FlowKey) -> Option<&Flow> {
        self.entries.get(self.find(key)?)?.flow.as_deref()
    }

    /// The same, to note something on it that changes neither what it holds nor when it ends.
    pub(crate) fn get_mut(&mut self, key: &FlowKey) -> Option<&mut Flow> {
        let slot = self.find(key)?;
        self.entries.get_mut(slot)?.flow.as_deref_mut()
    }

    /// Takes a flow out to work on it.
    pub(crate) fn take(&mut self, slot: Slot) -> Option<Box<Flow>> {
        self.entries.get_mut(slot)?.flow.take()
    }

    /// Puts a flow back that was taken out, as the one seen last.
    pub(crate) fn put_back(&mut self, slot: Slot, flow: Box<Flow>) {
        let closed = flow.is_closing().then(|| (flow.deadline(&self.settings), flow.first_packet));
        let Some(entry) = self.entries.get_mut(slot) else { return };
        let held = flow.held_bytes();
        self.held = self.held - entry.held + held;
        entry.held = held;
        entry.flow = Some(flow);
        if self.newest != slot {
            self.unlink(slot);
            self.append(slot);
        }
        // Closing shortens the wait, so the flow is also due earlier than it was entered for.
        if let (Some((deadline, serial)), Some(entry)) = (closed, self.entries.get_mut(slot))
            && !std::mem::replace(&mut entry.closing, true)
        {
            self.deadlines.entry(deadline).or_default().push((slot, serial));
        }
    }

    /// Removes a flow for good.
    pub(crate) fn remove(&mut self, slot: Slot) -> Option<Box<Flow>> {
        let entry = self.entries.get_mut(slot)?;
        let flow = entry.flow.take()?;
        let key = entry.key;
        self.held -= std::mem::take(&mut entry.held);
        self.places.remove(&key);
        self.unlink(slot);
        self.free.push(slot);
        Some(flow)
    }

    /// Flows that have ended by this second, in the order in which they began.
    pub(crate) fn expired(&mut self, second: i64) -> Vec<Slot> {
        let later = self.deadlines.split_off(&second.saturating_add(1));
        let due = std::mem::replace(&mut self.deadlines, later);
        let mut expired = Vec::new();
        for (slot, serial) in due.into_values().flatten() {
            let Some(entry) = self.entries.get(slot) else { continue };
            let Some(flow) = entry.flow.as_ref().filter(|_| entry.serial == serial) else { continue };
            let deadline = flow.deadline(&self.settings);
            if deadline <= second {
                expired.push((serial, slot));
            } else {
                self.deadlines.entry(deadline).or_default().push((slot, serial));
            }
        }
        in_order(expired)
    }

    /// Every flow, in the order in which they began.
    pub(crate) fn all(&self) -> Vec<Slot> {
        let alive = self.entries.iter().enumerate().filter(|(_, entry)| entry.flow.is_some());
        in_order(alive.map(|(slot, entry)| (entry.serial, slot)).collect())
    }

    /// Frees the places of flows that were taken out and never came back.
    pub(crate) fn forget_broken(&mut self) {
        let broken: Vec<Slot> =
            self.places.values().copied().filter(|slot| self.entries[*slot].flow.is_none()).collect();
        for slot in broken {
            let key = self.entries[slot].key;
            self.held -= std::mem::take(&mut self.entries[slot].held);
            self.places.remove(&key);
            self.unlink(slot);
            self.free.push(slot);
        }
    }

    fn append(&mut self, slot: Slot) {
        let newest = self.newest;
        self.entries[slot].older = newest;
        self.entries[slot].newer = NONE;
        match self.entries.get_mut(newest) {
            Some(entry) => entry.newer = slot,
            None => self.oldest = slot,
        }
        self.newest = slot;
    }

    fn unlink(&mut self, slot: Slot) {
        let (older, newer) = (self.entries[slot].older, self.entries[slot].newer);
        match self.entries.get_mut(older) {
            Some(entry) => entry.newer = newer,
            None => self.oldest = newer,
        }
        match self.entries.get_mut(newer) {
            Some(entry) => entry.older = older,
            None => self.newest = older,
        }
    }
}

fn in_order(mut flows: Vec<(u64, Slot)>) -> Vec<Slot> {
    flows.sort_unstable();
    flows.dedup();
    flows.into_iter().map(|(_, slot)| slot).collect()
}
