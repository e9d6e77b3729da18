//! The clocks of senders: how far each has come, and how far all that are not silent have.

use std::collections::BTreeMap;

use fengsui_schema::Timestamp;

use crate::limits;

/// How far a sender may be behind the others before it counts as silent, in seconds. What it sends later still counts by its
/// own clock.
const SILENT_S: i64 = 600;

/// Name of the clock that senders above the limit share.
const SHARED: &str = "";

/// The clocks of senders.
#[derive(Debug, Default)]
pub(crate) struct Clocks {
    /// Newest event time of each sender.
    newest: BTreeMap<String, Timestamp>,
    /// How many senders have come how far.
    order: BTreeMap<Timestamp, usize>,
    /// How far time has gone on by itself since the newest event.
    idle: Option<Timestamp>,
}

impl Clocks {
    /// The clocks of a saved state.
    pub(crate) fn of(newest: BTreeMap<String, Timestamp>) -> Self {
        let mut order: BTreeMap<Timestamp, usize> = BTreeMap::new();
        newest.values().for_each(|time| *order.entry(*time).or_default() += 1);
        Self { newest, order, idle: None }
    }

    /// Newest event time of each sender.
    pub(crate) fn newest(&self) -> &BTreeMap<String, Timestamp> {
        &self.newest
    }

    /// An event of a sender; returns the sender's newest time before or with it.
    pub(crate) fn note(&mut self, sender: &str, time: Timestamp) -> Timestamp {
        let known = self.newest.contains_key(sender) || self.newest.len() < limits::CLOCKS;
        let sender = if known { sender } else { SHARED };
        let Some(newest) = self.newest.get_mut(sender) else {
            self.newest.insert(sender.to_owned(), time);
            *self.order.entry(time).or_default() += 1;
            return time;
        };
        if time <= *newest {
            return *newest;
        }
        let before = std::mem::replace(newest, time);
        if let Some(count) = self.order.get_mut(&before) {
            *count -= 1;
            if *count == 0 {
                self.order.remove(&before);
            }
        }
        *self.order.entry(time).or_default() += 1;
        time
    }

    /// Nothing came for so long after the newest event.
    pub(crate) fn idle(&mut self, nanos: i64) {
        let gone = self.order.last_key_value().map(|(newest, _)| newest.plus_nanos(nanos));
        self.idle = self.idle.max(gone);
    }

    /// How far all senders that are not silent have come.
    pub(crate) fn low(&self) -> Timestamp {
        let Some((newest, _)) = self.order.last_key_value() else { return Timestamp::EPOCH };
        let mut heard = self.order.range(newest.plus_seconds(-SILENT_S)..);
        let low = heard.next().map_or(*newest, |(time, _)| *time);
        low.max(self.idle.unwrap_or(low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_that_is_not_silent_counts() {
        let at = |seconds| Timestamp::from_parts(seconds, 0);
        let mut clocks = Clocks::default();
        assert_eq!(clocks.low(), Timestamp::EPOCH);
        clocks.note("a", at(1_000));
        clocks.note("b", at(900));
        assert_eq!(clocks.low(), at(900));
        assert_eq!(clocks.note("b", at(800)), at(900));
        clocks.note("a", at(1_501));
        assert_eq!(clocks.low(), at(1_501));
        clocks.note("b", at(1_490));
        assert_eq!(clocks.low(), at(1_490));
        clocks.idle(30_000_000_000);
        assert_eq!(clocks.low(), at(1_531));
        assert_eq!(Clocks::of(clocks.newest().clone()).low(), at(1_490));
    }
}
