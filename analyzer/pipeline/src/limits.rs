//! Every bound of this crate, and what happens at it.

/// Records that may wait between the spool's reader and the analysis. At the bound the reader waits, and the
/// spool keeps what was not read.
pub const QUEUED_RECORDS: usize = 8_192;

/// Payload bytes that may wait between the spool's reader and the analysis; same remedy.
pub const QUEUED_BYTES: usize = 64 * 1024 * 1024;

/// Records taken from the spool in one read.
pub const READ_RECORDS: usize = 1_024;

/// Outputs handed to the sink in one call.
pub const DELIVERED_OUTPUTS: usize = 512;

/// Longest line a receiver or an offline file may hold, in bytes. The rest of a longer line is dropped and counted.
pub const LINE_BYTES: usize = 1024 * 1024;

/// Largest UDP datagram taken as one syslog message, in bytes (RFC 5426 asks for 2,048 at least).
pub const DATAGRAM_BYTES: usize = 65_535;

/// Open TCP connections of one syslog listener. Further connections are closed at once and counted.
pub const SYSLOG_CONNECTIONS: usize = 256;

/// Messages of one receiver that are appended to the spool in one group.
pub const RECEIVED_GROUP: usize = 512;

/// Messages that may wait for the spool in front of one UDP listener. Further datagrams are dropped and counted,
/// as UDP has no way to slow its sender.
pub const UDP_WAITING: usize = 16_384;

/// Size of the quarantine file, in bytes. When it is reached the file is closed under a new name and the
/// oldest closed one is deleted and counted.
pub const QUARANTINE_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Closed quarantine files that are kept.
pub const QUARANTINE_FILES: usize = 8;

/// Binary Windows event logs that are followed in one folder, the first by name; further ones are not read, which is told once.
pub const EVENT_LOGS: usize = 4_096;

/// Largest rule, indicator or inventory file that is read, in bytes.
pub const RULE_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Depth of folders that rules are looked for in.
pub const RULE_FOLDER_DEPTH: usize = 16;

/// Tries to deliver one batch to the sink before the wait between tries stops growing.
pub const DELIVERY_BACKOFF_STEPS: u32 = 6;

/// Bytes of standard input that are read as one file, where a format can't be read in pieces; the rest is not read.
pub const OFFLINE_WHOLE_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Datagrams of one UDP listener that are appended to the spool in one group.
pub const UDP_GROUP: usize = 4_096;

/// Open connections of one HTTP listener. Further connections are closed at once and counted.
pub const HTTP_CONNECTIONS: usize = 256;

/// Longest head of an HTTP request, in bytes; a longer one is refused.
pub const HTTP_HEAD_BYTES: usize = 16 * 1024;

/// Longest body of an HTTP request, in bytes; a longer one is refused.
pub const HTTP_BODY_BYTES: usize = 16 * 1024 * 1024;

/// Bodies that one HTTP listener takes at once, in bytes; above it the answer is 429 and counted.
pub const HTTP_BODIES_BYTES: usize = 128 * 1024 * 1024;

/// Records of one HTTP request that are appended to the spool in one group.
pub const HTTP_GROUP: usize = 8_192;

/// Shortest token of an HTTP listener, in characters.
pub const TOKEN_BYTES: usize = 16;

/// Senders whose silence is watched; of more the one that was heard first is given up.
pub const WATCHED_SENDERS: usize = 10_000;

/// Reasons that a list of the quarantine tells apart; further ones are counted together.
pub const QUARANTINE_REASONS: usize = 1_000;

/// Largest file that is one JSON list, in bytes; a larger one is refused, as it has to be read whole.
pub const OFFLINE_LIST_BYTES: u64 = 512 * 1024 * 1024;

/// Kinds of ready-made alerts that are remembered while files are read; at the bound they are understood anew.
pub const ALERT_SHAPES: usize = 500_000;

/// Hits that a hunt over the past lists; further ones are counted.
pub const RETRO_HITS: usize = 1_000;

/// Hosts, accounts and addresses, and rules, that a hunt over the past counts each; the mentions of further ones are counted
/// together.
pub const RETRO_COUNTED: usize = 10_000;

/// Events between two reports of progress of a hunt over the past.
pub const RETRO_PROGRESS_EVENTS: u64 = 1_000;
