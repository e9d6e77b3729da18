//! Failed logins per client address and per unknown name, in memory and bounded.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::limits::{ADDRESSES_REMEMBERED, FAILURES_PER_ADDRESS};

const WINDOW_MILLIS: i64 = 10 * 60 * 1000;

/// Counts failures of the last ten minutes by key.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<HashMap<String, (i64, u32)>>);

impl Failures {
    /// Whether a client address has failed too often.
    pub(crate) fn too_many(&self, address: &str, now: i64) -> bool {
        let map = self.0.lock();
        map.get(address).is_some_and(|(since, count)| now - since < WINDOW_MILLIS && *count >= FAILURES_PER_ADDRESS)
    }

    /// Notes a failure.
    pub(crate) fn note(&self, address: &str, now: i64) {
        let mut map = self.0.lock();
        if map.len() >= ADDRESSES_REMEMBERED {
            map.retain(|_, (since, _)| now - *since < WINDOW_MILLIS);
        }
        if map.len() >= ADDRESSES_REMEMBERED {
            // Every slot is a fresh attacker: forgetting all of them is better than growing.
            map.clear();
        }
        let entry = map.entry(address.to_owned()).or_insert((now, 0));
        if now - entry.0 >= WINDOW_MILLIS {
            *entry = (now, 0);
        }
        entry.1 = entry.1.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_stopped_and_forgiven() {
        let failures = Failures::default();
        (0..FAILURES_PER_ADDRESS).for_each(|_| failures.note("a", 0));
        assert!(failures.too_many("a", 1) && !failures.too_many("b", 1));
        assert!(!failures.too_many("a", WINDOW_MILLIS));
    }
}
