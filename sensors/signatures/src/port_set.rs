//! Sets of ports, for rates that count distinct ones (`unique_on`): a bit per port, so that no scan outgrows them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::limits;

/// Words of a bit per port.
const WORDS: usize = (1 << 16) / 64;

/// How many sets there are; shared by all workers.
#[derive(Debug, Default)]
pub(crate) struct PortSets {
    held: AtomicUsize,
    refused: AtomicU64,
}

/// Ports that were seen.
#[derive(Debug)]
pub(crate) struct PortSet {
    seen: Box<[u64; WORDS]>,
    all: Arc<PortSets>,
}

impl PortSets {
    /// An empty set, unless there are as many as may be.
    pub(crate) fn take(all: &Arc<Self>) -> Option<PortSet> {
        let more = |held: usize| (held < limits::PORT_SETS).then_some(held + 1);
        if all.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
            all.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(PortSet { seen: Box::new([0; WORDS]), all: Arc::clone(all) })
    }

    /// Bytes of all sets.
    pub(crate) fn bytes(&self) -> usize {
        self.held.load(Ordering::Relaxed) * size_of::<[u64; WORDS]>()
    }

    /// Sets that were asked for and not made.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

impl PortSet {
    /// Adds a port; whether it is new.
    pub(crate) fn insert(&mut self, port: u16) -> bool {
        let (word, bit) = (&mut self.seen[usize::from(port >> 6)], 1 << (port & 63));
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// The same set without its ports.
    pub(crate) fn emptied(mut self) -> Self {
        self.seen.fill(0);
        self
    }
}

impl Clone for PortSet {
    fn clone(&self) -> Self {
        // A copy of what is there already is made whatever the bound says, and counted.
        self.all.held.fetch_add(1, Ordering::Relaxed);
        Self { seen: self.seen.clone(), all: Arc::clone(&self.all) }
    }
}

impl Drop for PortSet {
    fn drop(&mut self) {
        self.all.held.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_port_counts_once_and_sets_give_their_room_back() {
        let all = Arc::new(PortSets::default());
        let mut set = PortSets::take(&all).expect("there is room");
        assert_eq!((0..=u16::MAX).filter(|port| set.insert(*port)).count(), 1 << 16);
        assert!(!set.insert(7));
        assert_eq!(all.bytes(), 8_192);
        assert!(set.emptied().insert(7));
        assert_eq!(all.bytes(), 0);
    }

    #[test]
    fn no_more_sets_are_made_than_may_be() {
        let all = Arc::new(PortSets::default());
        let sets: Vec<PortSet> = (0..limits::PORT_SETS).filter_map(|_| PortSets::take(&all)).collect();
        assert_eq!(sets.len(), limits::PORT_SETS);
        assert!(PortSets::take(&all).is_none());
        assert_eq!(all.refused(), 1);
        drop(sets);
        assert!(PortSets::take(&all).is_some());
    }
}
