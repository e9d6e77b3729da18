//! Named limits of this crate.

use std::time::Duration;

/// Bytes from the start of a file that identification looks at.
pub const IDENTIFY_BYTES: usize = 64 << 10;
/// Members of a zip container whose names identification looks at.
pub const CONTAINER_MEMBERS: usize = 64;
/// Entries of all hash lists together.
pub const HASH_LIST_ENTRIES: usize = 10_000_000;
/// Bytes of one YARA rule file.
pub const YARA_SOURCE_BYTES: usize = 8 << 20;
/// Bytes of a file that YARA scans.
pub const YARA_SCAN_BYTES: usize = 32 << 20;
/// How long YARA may work on one file.
pub const YARA_TIMEOUT: Duration = Duration::from_secs(5);
/// Matches of one pattern that YARA keeps.
pub const YARA_PATTERN_MATCHES: usize = 16;
/// Rules reported for one file.
pub const YARA_RULES_PER_FILE: usize = 32;
/// Files waiting for a scan thread; more are shed and counted.
pub const YARA_QUEUE_FILES: usize = 64;
/// Scan threads of one pool.
pub const YARA_THREADS: usize = 8;
