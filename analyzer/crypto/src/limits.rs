//! Named limits.

/// Longest message that SM2 encrypts; longer ones are sealed under a key that SM2 encrypts.
pub const SM2_MESSAGE_BYTES: usize = 64 * 1024;
/// Longest kind of an envelope, in bytes.
pub const ENVELOPE_KIND_BYTES: usize = 64;
/// Longest payload of an envelope, in bytes.
pub const ENVELOPE_PAYLOAD_BYTES: usize = 64 * 1024 * 1024;
/// Longest key file, in bytes.
pub const KEY_FILE_BYTES: u64 = 16 * 1024;
/// Longest password, in bytes.
pub const PASSWORD_BYTES: usize = 1024;
/// Most rounds that a stored password hash may ask for.
pub const PASSWORD_ROUNDS: u32 = 2_000_000;
