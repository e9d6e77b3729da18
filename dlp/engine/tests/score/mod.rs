//! Counts of values that were looked for in texts.

/// How many of the values were found.
#[derive(Default, Clone, Copy)]
pub(crate) struct Score {
    /// Found where one is.
    pub(crate) hits: usize,
    /// Found at all.
    pub(crate) found: usize,
    /// There.
    pub(crate) expected: usize,
}

impl Score {
    /// The harmonic mean of precision and recall.
    pub(crate) fn f1(self) -> f64 {
        2.0 * self.hits as f64 / (self.found + self.expected).max(1) as f64
    }
}
