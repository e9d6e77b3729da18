//! How many files the store will have mapped, and whether Linux lets it: beyond `vm.max_map_count` no segment can be opened.

use std::fs;
use std::path::Path;

use crate::Store;

/// Where Linux says how many places of memory one process may map.
const BOUND: &str = "/proc/sys/vm/max_map_count";

/// Files of one segment that are mapped.
const FILES_PER_SEGMENT: u64 = 6;

/// Segments of a day of ten thousand events a second, which is expected of a store that has no day of its own yet.
const SEGMENTS_OF_A_BUSY_DAY: u64 = 60;

/// Mappings of the program itself: libraries, memory, threads.
const OTHERS: u64 = 2_000;

/// The lowest bound that is proposed: twice the kernel's default.
const LEAST_BOUND: u64 = 131_072;

/// Mappings that a store comes to need when its retention is full, and how many Linux allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mappings {
    days: u64,
    segments_per_day: u64,
    allowed: u64,
}

impl Mappings {
    /// Of an open store; `None` where the system names no bound.
    pub(crate) fn of(store: &Store) -> Option<Self> {
        let allowed = fs::read_to_string(Path::new(BOUND)).ok()?.trim().parse().ok()?;
        let mut segments: Vec<u64> =
            store.all_days().iter().map(|day| day.searcher().segment_readers().len() as u64).collect();
        // The newest day is still being merged.
        if segments.len() > 1 {
            segments.pop();
        }
        let segments_per_day = segments.into_iter().max().unwrap_or(SEGMENTS_OF_A_BUSY_DAY);
        Some(Self { days: u64::from(store.retention_days()), segments_per_day, allowed })
    }

    fn expected(self) -> u64 {
        let of_segments = self.days.saturating_mul(self.segments_per_day).saturating_mul(FILES_PER_SEGMENT);
        of_segments.saturating_add(OTHERS)
    }

    /// What to set the bound to when it is too low: with room for twice as much.
    pub(crate) fn remedy(self) -> Option<u64> {
        let expected = self.expected();
        (expected > self.allowed).then(|| expected.saturating_mul(2).max(LEAST_BOUND).next_power_of_two())
    }

    /// Warns when the bound is too low.
    pub(crate) fn warn(self) {
        if let Some(remedy) = self.remedy() {
            let (days, segments) = (self.days, self.segments_per_day);
            tracing::warn!(
                allowed = self.allowed,
                expected = self.expected(),
                "vm.max_map_count is too low for {days} days of {segments} segments each: the event index could not be \
                 opened any more; run `sysctl -w vm.max_map_count={remedy}` and keep it in /etc/sysctl.d"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_compared_with_the_full_retention() {
        let of = |days, segments_per_day, allowed| Mappings { days, segments_per_day, allowed }.remedy();
        assert_eq!(of(180, 12, 65_530), None);
        assert_eq!(of(180, 60, 65_530), Some(262_144), "64,800 files and the program's own");
        assert_eq!(of(180, 60, 262_144), None);
        assert_eq!(of(365, 60, 65_530), Some(524_288));
        assert_eq!(of(1, 1, 1_000), Some(131_072));
    }
}
