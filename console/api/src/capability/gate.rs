//! How much the keys of applications ask for: the minute of each key, refusals that are not written yet, counters.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::limits::{CAPABILITIES_AT_ONCE, CAPABILITY_REFUSALS_EVERY};
use crate::wire::Ability;

const MINUTE: i64 = 60_000;

/// Why a request of a key was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no key, or none that anybody made.
    Unknown,
    /// It is over or was taken back.
    Ended,
    /// It is not for the address that it comes from.
    Address,
    /// It does not have the ability.
    Ability,
    /// Too many in this minute.
    Minute,
    /// Too many on this day.
    Day,
}

impl Refusal {
    const ALL: [Self; 6] = [Self::Unknown, Self::Ended, Self::Address, Self::Ability, Self::Minute, Self::Day];

    /// A word for logs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ended => "ended",
            Self::Address => "address",
            Self::Ability => "ability",
            Self::Minute => "minute",
            Self::Day => "day",
        }
    }
}

/// What is remembered of a key since the program started. There are as many as keys that were shown and asked for something.
#[derive(Debug, Default)]
struct Kept {
    minute: i64,
    requests: i64,
    refused: BTreeMap<Ability, i64>,
    written_at: Option<i64>,
}

/// Lets keys through at their rate and counts.
pub(crate) struct Gate {
    keys: Mutex<HashMap<i64, Kept>>,
    served: AtomicU64,
    refused: [AtomicU64; 6],
    /// Whoever works on an answer holds a permit, so that applications do not take every processor from people.
    pub(crate) work: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            keys: Mutex::default(),
            served: AtomicU64::default(),
            refused: Default::default(),
            work: Semaphore::new(CAPABILITIES_AT_ONCE),
        }
    }
}

impl Gate {
    /// Whether a key has a request left in this minute; takes it.
    pub(crate) fn passes(&self, key: i64, per_minute: i64, now: i64) -> bool {
        let mut keys = self.keys.lock();
        let kept = keys.entry(key).or_default();
        if kept.minute != now.div_euclid(MINUTE) {
            (kept.minute, kept.requests) = (now.div_euclid(MINUTE), 0);
        }
        let passes = kept.requests < per_minute;
        kept.requests += i64::from(passes);
        passes
    }

    /// Seconds until the next minute.
    pub(crate) fn next_minute(now: i64) -> i64 {
        (MINUTE - now.rem_euclid(MINUTE) + 999) / 1000
    }

    /// Counts a request that was let in.
    pub(crate) fn serve(&self) {
        self.served.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one that was not.
    pub(crate) fn refuse(&self, reason: Refusal) {
        self.refused[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Remembers a refusal of a key; how many are to be written now, none when some were a moment ago.
    pub(crate) fn hold(&self, key: i64, ability: Ability, now: i64) -> Option<i64> {
        let mut keys = self.keys.lock();
        let kept = keys.entry(key).or_default();
        *kept.refused.entry(ability).or_default() += 1;
        if kept.written_at.is_some_and(|at| (0..CAPABILITY_REFUSALS_EVERY).contains(&(now - at))) {
            return None;
        }
        kept.written_at = Some(now);
        kept.refused.remove(&ability)
    }

    /// Takes the refusals of a key and ability that are not written, for whoever writes anyway.
    pub(crate) fn take(&self, key: i64, ability: Ability) -> i64 {
        self.keys.lock().get_mut(&key).and_then(|kept| kept.refused.remove(&ability)).unwrap_or(0)
    }

    /// Refusals of a key that are not written yet.
    pub(crate) fn held(&self, key: i64) -> Vec<(Ability, i64)> {
        let keys = self.keys.lock();
        keys.get(&key).map(|kept| kept.refused.iter().map(|(ability, n)| (*ability, *n)).collect()).unwrap_or_default()
    }

    /// The counters as Prometheus text.
    pub(crate) fn metrics(&self) -> String {
        let served = self.served.load(Ordering::Relaxed);
        let mut text = format!(
            "# TYPE fengsui_console_capability_served counter\nfengsui_console_capability_served {served}\n\
             # TYPE fengsui_console_capability_refused counter\n"
        );
        for reason in Refusal::ALL {
            let number = self.refused[reason as usize].load(Ordering::Relaxed);
            let line = format!("fengsui_console_capability_refused{{reason=\"{}\"}} {number}\n", reason.as_str());
            text.push_str(&line);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_so_many_requests_and_the_next_as_many() {
        let gate = Gate::default();
        assert_eq!((0..5).filter(|_| gate.passes(1, 3, 119_999)).count(), 3);
        assert!(gate.passes(2, 3, 119_999), "every key has its own");
        assert_eq!((Gate::next_minute(119_999), Gate::next_minute(60_000)), (1, 60));
        assert_eq!((0..5).filter(|_| gate.passes(1, 3, 120_000)).count(), 3);
    }

    #[test]
    fn refusals_are_written_together() {
        let gate = Gate::default();
        assert_eq!(gate.hold(1, Ability::Mask, 0), Some(1));
        assert_eq!((1..=4).map(|now| gate.hold(1, Ability::Mask, now)).max(), Some(None));
        assert_eq!(gate.held(1), [(Ability::Mask, 4)]);
        assert_eq!(gate.hold(1, Ability::Mask, CAPABILITY_REFUSALS_EVERY), Some(5));
        assert_eq!((gate.take(1, Ability::Mask), gate.held(1)), (0, vec![]));
    }

    #[test]
    fn every_reason_has_a_line() {
        let gate = Gate::default();
        Refusal::ALL.into_iter().for_each(|reason| gate.refuse(reason));
        assert_eq!(gate.metrics().matches("\"} 1\n").count(), Refusal::ALL.len());
    }
}
