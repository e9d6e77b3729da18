//! Which data wins when overlapping pieces differ, by operating system.
//!
//! Novak, "Target-Based Fragmentation Reassembly" (2005) and "Target-Based TCP Stream Reassembly" (2007).

use serde::Deserialize;

/// Which data wins when overlapping pieces differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OverlapPolicy {
    /// What came first wins unless the new piece starts before it.
    #[default]
    Bsd,
    /// What came last wins unless it starts before what is there.
    BsdRight,
    /// As BSD, and a piece that starts at the same place and reaches further wins.
    Linux,
    /// What came first wins unless the new piece covers it with room on both sides.
    Windows,
    /// What came first wins unless the new piece covers its beginning and reaches as far or further.
    Solaris,
    /// What came first always wins.
    First,
    /// What came last always wins.
    Last,
}

impl OverlapPolicy {
    /// Whether a new piece `start..end` replaces the bytes it shares with an old one.
    #[must_use]
    pub fn new_wins(self, new: (u64, u64), old: (u64, u64)) -> bool {
        let ((start, end), (old_start, old_end)) = (new, old);
        match self {
            Self::First => false,
            Self::Last => true,
            Self::Bsd => start < old_start,
            Self::BsdRight => start >= old_start,
            Self::Linux => start < old_start || (start == old_start && end > old_end),
            Self::Windows => start < old_start && end > old_end,
            Self::Solaris => start < old_start || (start == old_start && end >= old_end && end != old_end),
        }
    }
}
