//! Named limits of the engine. What a limit cuts off is reported to the caller, never passed over in silence.

/// Text that is looked at in one go, in bytes; longer texts are cut at a line break, or at a sign where there is none.
pub const PIECE_BYTES: usize = 256 * 1024;

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
