//! Counters that span flows: thresholds, xbits and hostbits.

/// Counters that span flows (thresholds, xbits, hostbits); shared by all workers, outlives a reload of the rules.
#[derive(Debug, Default)]
pub struct Tracking {}

/// What the tables of [`Tracking`] have had to refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrackingStatistics {
    /// Entries in the threshold table.
    pub threshold_entries: usize,
    /// Entries in the table of xbits and hostbits.
    pub bit_entries: usize,
    /// Counts lost because a table was full.
    pub shed: u64,
}
