//! Named limits of the spool and of the protocol between nodes.

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
/// Longest name of a node, in bytes.
pub const NODE_NAME: usize = 48;
/// Highest epoch, number or revision between nodes: nobody can bring a stream to where no number follows.
pub const NUMBER: u64 = 1 << 62;
/// Longest kind of a message, in bytes.
pub const KIND_BYTES: usize = 64;
/// Longest name of an object, in bytes.
pub const OBJECT_BYTES: usize = 200;
/// Longest content of a message, in bytes: a piece of evidence of 1 MiB in base64 with its frame.
pub const BODY_BYTES: usize = 1_500_000;
/// Most messages of a batch.
pub const BATCH_MESSAGES: usize = 500;
/// Most bytes of an encoded batch.
pub const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Messages of one bucket of reconciliation.
pub const BUCKET_MESSAGES: u64 = 1_000;
/// Most records of a parcel of a sensor.
pub const PARCEL_RECORDS: usize = 8_192;
/// Bytes of records at which a parcel is full; one record may be longer.
pub const PARCEL_FULL_BYTES: usize = 4 * 1024 * 1024;
/// Longest record that is sent. A longer one can't be, and is counted at the analyzer as missing.
pub const PARCEL_RECORD_BYTES: usize = RECORD_BYTES - 64 * 1024;
/// Most bytes of a parcel's body.
pub const PARCEL_BYTES: usize = RECORD_BYTES;
/// Most spools of one sensor whose place is known; the one that was silent longest is given up.
pub const EPOCHS: usize = 64;
/// Most sensors whose place is known; parcels of further ones are refused.
pub const SENSORS: usize = 2_000;
/// Longest pause that a receipt may ask for, in milliseconds.
pub const WAIT_MILLIS: u64 = 30_000;
