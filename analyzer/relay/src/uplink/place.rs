//! How far a sensor is at the analyzer. Pure: no I/O, no clock.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Header;
use crate::limits;
use crate::tier::Refusal;

/// How far one spool of a sensor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochPlace {
    /// First sequence that was not taken.
    pub next: u64,
    /// When the last parcel of it was signed, in milliseconds since the epoch.
    pub issued: i64,
    /// Sequences that the sensor could not send: gone or unreadable there.
    pub missing: u64,
}

/// How far a sensor is, in every spool it ever had.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// By the epoch of its spool, which is drawn at random: they have no order of their own.
    pub epochs: BTreeMap<u64, EpochPlace>,
    /// Epochs that were given up ended at this time; what was signed before it under an unknown epoch is old.
    pub retired: i64,
    /// Key that brought it here, in hexadecimal digits; absent before its first parcel since places remember it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What of a parcel is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// Records before this sequence were taken before.
    pub fresh_from: u64,
    /// Sequences that never came and that the sensor no longer has.
    pub missing: u64,
}

impl Place {
    /// Notes whose key speaks for the sensor. What came under another key is no longer believed to say where the sensor is:
    /// a thief of that key may have said anything. The sensor knows by the receipts it has; what it sends from there is
    /// taken, and at most what was under way comes twice.
    pub fn spoken_for(&mut self, header: &Header) {
        let key = header.key.to_string();
        if self.key.as_ref().is_some_and(|known| *known != key) {
            let kept = self.epochs.remove(&header.epoch);
            self.epochs = kept
                .map(|at| (header.epoch, EpochPlace { next: at.next.min(header.from), ..at }))
                .into_iter()
                .collect();
            self.retired = 0;
        }
        self.key = Some(key);
    }

    /// Where a parcel stands. Nothing changes.
    ///
    /// # Errors
    /// [`Refusal::Reordered`] when something before it has not come and the sender still has it;
    /// [`Refusal::Replayed`] when it is of a spool that was given up.
    pub fn admit(&self, header: &Header) -> Result<Admission, Refusal> {
        let Some(known) = self.epochs.get(&header.epoch) else {
            // A spool that was never heard of begins wherever the sender still has it.
            return match header.issued > self.retired && header.floor >= header.from {
                true => Ok(Admission { fresh_from: header.from, missing: 0 }),
                false if header.issued <= self.retired => Err(Refusal::Replayed),
                false => Err(Refusal::Reordered),
            };
        };
        if header.from <= known.next {
            return Ok(Admission { fresh_from: known.next, missing: 0 });
        }
        if header.floor < header.from {
            return Err(Refusal::Reordered);
        }
        Ok(Admission { fresh_from: known.next, missing: header.from - known.next })
    }

    /// First sequence of an epoch that was not taken.
    #[must_use]
    pub fn next(&self, epoch: u64) -> u64 {
        self.epochs.get(&epoch).map_or(0, |place| place.next)
    }

    /// Notes a parcel that was taken. `missing`: sequences it covers or skips that never came.
    pub fn taken(&mut self, header: &Header, missing: u64) {
        let place = self.epochs.entry(header.epoch).or_default();
        if header.to > place.next {
            (place.next, place.missing) = (header.to, place.missing.saturating_add(missing));
        }
        place.issued = place.issued.max(header.issued);
        self.retire(header.epoch);
    }

    /// Notes a record that is found in the spool after a restart.
    pub fn found(&mut self, epoch: u64, sequence: u64) {
        let place = self.epochs.entry(epoch).or_default();
        place.next = place.next.max(sequence.saturating_add(1));
        self.retire(epoch);
    }

    /// Gives up the oldest epochs past the limit.
    fn retire(&mut self, keep: u64) {
        while self.epochs.len() > limits::EPOCHS {
            let others = self.epochs.iter().filter(|(epoch, _)| **epoch != keep);
            let Some((epoch, issued)) = others.map(|(epoch, place)| (*epoch, place.issued)).min_by_key(|(_, at)| *at)
            else {
                return;
            };
            self.epochs.remove(&epoch);
            self.retired = self.retired.max(issued);
        }
    }
}

#[cfg(test)]
mod tests {
    use fengsui_crypto::KeyId;

    use super::super::Account;
    use super::*;

    fn header(epoch: u64, from: u64, to: u64, floor: u64, issued: i64) -> Header {
        Header {
            v: 1,
            sensor: "s1".parse().expect("name"),
            key: KeyId::from_bytes([0; 32]),
            epoch,
            from,
            to,
            floor,
            count: 0,
            bytes: 0,
            body: String::new(),
            issued,
            account: Account::default(),
            measurement: None,
        }
    }

    #[test]
    fn repeats_gaps_and_losses_are_told_apart() {
        let mut place = Place::default();
        assert_eq!(place.admit(&header(7, 4, 9, 4, 1)).map(|new| (new.fresh_from, new.missing)), Ok((4, 0)));
        place.taken(&header(7, 4, 9, 4, 1), 0);
        let judged = |from, to, floor| place.admit(&header(7, from, to, floor, 2));
        assert_eq!(judged(4, 9, 4), Ok(Admission { fresh_from: 9, missing: 0 }));
        assert_eq!(judged(6, 12, 4), Ok(Admission { fresh_from: 9, missing: 0 }));
        assert_eq!(judged(11, 12, 4), Err(Refusal::Reordered));
        assert_eq!(judged(11, 12, 11), Ok(Admission { fresh_from: 9, missing: 2 }));
        place.taken(&header(7, 11, 12, 11, 2), 2);
        assert_eq!((place.next(7), place.epochs[&7].missing), (12, 2));
        // What came before changes nothing.
        let before = place.clone();
        place.taken(&header(7, 4, 9, 4, 1), 0);
        assert_eq!(place, before);
    }

    #[test]
    fn what_a_thief_said_under_a_revoked_key_holds_no_record_back() {
        let mut place = Place::default();
        let honest = header(7, 0, 5, 0, 1);
        place.spoken_for(&honest);
        place.taken(&honest, 0);
        // The thief of the key claims that everything was sent, and that many other spools were.
        place.taken(&header(7, 5, u64::MAX, 5, 2), u64::MAX);
        place.taken(&header(7, 6, u64::MAX, 5, 2), u64::MAX);
        place.taken(&header(8, 0, 9, 0, i64::MAX), 0);
        let renewed = Header { key: KeyId::from_bytes([9; 32]), ..header(7, 5, 6, 0, 3) };
        assert_eq!(place.admit(&renewed), Ok(Admission { fresh_from: u64::MAX, missing: 0 }), "under the same key");
        place.spoken_for(&renewed);
        assert_eq!(place.admit(&renewed), Ok(Admission { fresh_from: 5, missing: 0 }));
        assert_eq!(place.epochs.len(), 1);
        // The key stays: nothing goes back any more.
        place.taken(&renewed, 0);
        let again = Header { key: KeyId::from_bytes([9; 32]), ..header(7, 2, 6, 0, 4) };
        place.spoken_for(&again);
        assert_eq!(place.admit(&again), Ok(Admission { fresh_from: 6, missing: 0 }));
    }

    #[test]
    fn an_unknown_spool_begins_where_its_sensor_has_it() {
        let place = Place::default();
        assert_eq!(place.admit(&header(7, 5, 6, 5, 1)), Ok(Admission { fresh_from: 5, missing: 0 }));
        assert_eq!(place.admit(&header(7, 5, 6, 2, 1)), Err(Refusal::Reordered));
    }

    #[test]
    fn epochs_are_bounded_and_an_old_one_does_not_come_back() {
        let mut place = Place::default();
        let many = limits::EPOCHS as u64 + 3;
        for epoch in 1..=many {
            let time = i64::try_from(epoch).expect("small");
            place.taken(&header(epoch, 0, 5, 0, time), 0);
        }
        assert_eq!(place.epochs.len(), limits::EPOCHS);
        assert_eq!(place.admit(&header(1, 0, 5, 0, 1)), Err(Refusal::Replayed));
        assert!(place.admit(&header(many + 1, 0, 5, 0, 1_000)).is_ok());
    }
}
