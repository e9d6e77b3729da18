//! Named limits of the spool.

/// Longest payload of one record, in bytes.
pub const RECORD_BYTES: usize = 16 * 1024 * 1024;
/// Most payload bytes that wait for the next group commit; further appends wait.
pub const PENDING_BYTES: usize = 8 * 1024 * 1024;
/// Most readers of one spool.
pub const READERS: usize = 16;
/// Longest name of a reader, in characters.
pub const READER_NAME: usize = 64;
/// Bytes that a reader fetches from the disk at once.
pub const READ_CHUNK_BYTES: usize = 1024 * 1024;
/// Most segments that one spool may have on disk.
pub const SEGMENTS: usize = 100_000;
/// Smallest segment that settings may ask for, in bytes.
pub const SEGMENT_BYTES_FLOOR: u64 = 512;
/// Payload bytes past which one read returns.
pub const READ_BYTES: usize = 32 * 1024 * 1024;
