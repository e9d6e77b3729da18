//! Named limits of the engine. What a limit cuts off is reported to the caller, never passed over in silence.

/// Text that is looked at in one go, in bytes; longer texts are cut at a line break, or at a sign where there is none.
pub const PIECE_BYTES: usize = 64 * 1024;

/// Longest run of letters and digits that can be an identifier, in bytes. Longer runs are encoded data.
pub const RUN_BYTES: usize = 64;

/// Most runs of digits that are joined over spaces and dashes into one number.
pub const JOINED_RUNS: usize = 6;

/// Text before a candidate that is read for context, in bytes.
pub const CONTEXT_BEFORE_BYTES: usize = 72;

/// Text after a candidate that is read for context, in bytes.
pub const CONTEXT_AFTER_BYTES: usize = 36;

/// Most matches one scan returns; the rest is counted by type only.
pub const MATCHES: usize = 1_000_000;

/// Masked values that a finding shows per type.
pub const SAMPLES_PER_TYPE: usize = 5;

/// Deepest nesting of JSON inside a cell that is masked leaf by leaf.
pub const JSON_DEPTH: usize = 64;

/// Cells of a column of free text that are remembered with their masked form, so that repeated values are masked once.
pub const REMEMBERED_CELLS: usize = 4096;

/// Most groups of rows that look alike which the measurement of risk keeps.
pub const RISK_GROUPS: usize = 20_000_000;

/// Most different sensitive values counted within such a group.
pub const RISK_VALUES: usize = 64;
