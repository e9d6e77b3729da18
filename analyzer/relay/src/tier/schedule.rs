//! What is sent next over a link, and when it is tried again.

use super::Lane;

/// Share of a link, in bytes of a round, of the lanes after P0; P0 always goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Bytes of a round by lane; the one of P0 bounds a batch.
    pub bytes: [u64; 5],
}

impl Default for Quotas {
    fn default() -> Self {
        const KIB: u64 = 1024;
        Self { bytes: [256 * KIB, 512 * KIB, 512 * KIB, 128 * KIB, 128 * KIB] }
    }
}

/// Chooses lanes: P0 before everything, the others in rounds by their quotas (deficit round robin, Shreedhar and
/// Varghese, 1995), so that no lane starves and no backlog delays an order by more than one batch.
#[derive(Debug, Clone)]
pub struct Scheduler {
    quotas: Quotas,
    left: [u64; 5],
}

impl Scheduler {
    /// One over quotas.
    #[must_use]
    pub const fn new(quotas: Quotas) -> Self {
        Self { quotas, left: quotas.bytes }
    }

    /// The lane to send from and how many bytes it may send, given how many messages wait in each.
    pub fn next(&mut self, waiting: &[u64; 5]) -> Option<(Lane, u64)> {
        let waits = |lane: &Lane| waiting[usize::from(lane.as_number())] > 0;
        if waits(&Lane::P0) {
            return Some((Lane::P0, self.quotas.bytes[0]));
        }
        let candidates: Vec<Lane> = Lane::ALL.into_iter().filter(waits).collect();
        if candidates.is_empty() {
            return None;
        }
        if candidates.iter().all(|lane| self.left[usize::from(lane.as_number())] == 0) {
            self.left = self.quotas.bytes;
        }
        let lane = candidates.into_iter().find(|lane| self.left[usize::from(lane.as_number())] > 0)?;
        Some((lane, self.left[usize::from(lane.as_number())]))
    }

    /// Counts what a lane has sent.
    pub fn sent(&mut self, lane: Lane, bytes: u64) {
        let left = &mut self.left[usize::from(lane.as_number())];
        *left = left.saturating_sub(bytes);
    }
}

/// When a link is tried again after failures: 0.2 s doubling to 30 s, a random half of it added so that eighty-six
/// counties do not come back in one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BackOff {
    failures: u32,
}

impl BackOff {
    /// First pause, in milliseconds.
    pub const FIRST_MILLIS: u64 = 200;
    /// Longest pause, in milliseconds.
    pub const LONGEST_MILLIS: u64 = 30_000;

    /// Milliseconds to wait after one more failure; `random` is any number.
    pub fn failed(&mut self, random: u64) -> u64 {
        let whole = Self::FIRST_MILLIS.saturating_mul(1 << self.failures.min(20)).min(Self::LONGEST_MILLIS);
        self.failures = self.failures.saturating_add(1);
        whole / 2 + random % (whole / 2 + 1)
    }

    /// The link works.
    pub const fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Failures in a row.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_go_first_and_nobody_starves() {
        let mut scheduler = Scheduler::new(Quotas { bytes: [10, 10, 10, 5, 5] });
        assert_eq!(scheduler.next(&[0; 5]), None);
        assert_eq!(scheduler.next(&[1, 9, 9, 9, 9]).map(|(lane, _)| lane), Some(Lane::P0));
        let mut served = [0_u64; 5];
        for _ in 0..700 {
            let (lane, bytes) = scheduler.next(&[0, 9, 9, 9, 9]).expect("somebody waits");
            served[usize::from(lane.as_number())] += bytes.min(1);
            scheduler.sent(lane, 1);
        }
        assert_eq!(served[0], 0);
        assert!(served[1] > served[3] && served[3] >= 100 && served[4] >= 90, "{served:?}");
        assert_eq!(scheduler.next(&[1, 9, 9, 9, 9]).map(|(lane, _)| lane), Some(Lane::P0));
    }

    #[test]
    fn pauses_grow_to_a_limit_and_differ() {
        let mut back_off = BackOff::default();
        let pauses: Vec<u64> = (0..12).map(|_| back_off.failed(u64::MAX / 3)).collect();
        assert!(pauses[0] <= 200 && pauses[0] >= 100);
        assert!(pauses.iter().all(|pause| *pause <= BackOff::LONGEST_MILLIS));
        assert!(pauses[11] >= BackOff::LONGEST_MILLIS / 2);
        assert_ne!(BackOff::default().failed(1), BackOff::default().failed(2));
        back_off.succeeded();
        assert!(back_off.failed(7) <= 200);
    }
}
