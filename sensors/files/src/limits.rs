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
pub const YARA_TIMEOUT: Duration = Duration::from_secs(2);
/// Matches of one pattern that YARA keeps.
pub const YARA_PATTERN_MATCHES: usize = 16;
/// Rules reported for one file.
pub const YARA_RULES_PER_FILE: usize = 32;
/// Files waiting for a scan thread; more are shed and counted.
pub const SCAN_QUEUE_FILES: usize = 256;
/// Scan threads of one sensor, each with a worker.
pub const SCAN_THREADS: usize = 8;
/// Files that go to a worker in one request, while they are small.
pub const SCAN_BATCH_FILES: usize = 32;
/// Bytes of files from which on no further one is added to a request.
pub const SCAN_BATCH_BYTES: usize = 256 << 10;
/// Requests of a scan thread that are under way: the next one is on its way while a worker works on the one before.
pub const SCAN_IN_FLIGHT: usize = 2;
/// Bytes of one request to a scan worker: all rules, or some files.
pub const SCAN_REQUEST_BYTES: usize = 64 << 20;
/// Bytes of the files of one request; the rest is for what is asked about them.
pub const SCAN_FILES_BYTES: usize = 60 << 20;
/// Bytes of one answer of a scan worker.
pub const SCAN_ANSWER_BYTES: usize = 1 << 20;
/// Memory a scan worker may take, in bytes. A worker that takes more dies, and the file is told as unscanned.
pub const SCAN_MEMORY_BYTES: u64 = 512 << 20;
/// Seconds of processor time that a scan worker may use to scan one file with YARA. The limit is one of whole seconds, so
/// it comes between this and one second less.
pub const SCAN_CPU_SECONDS: u64 = 2;
/// Seconds of processor time that it may use to take one file apart and look for sensitive data in it.
pub const CONTENT_CPU_SECONDS: u64 = 5;
/// Seconds of processor time that a scan worker may use to load all rules.
pub const SCAN_LOAD_CPU_SECONDS: u64 = 60;
/// How long a scan worker may take for one request by the clock, on a machine that is busy with other things.
pub const SCAN_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a scan worker may take to load all rules by the clock.
pub const SCAN_LOAD_TIMEOUT: Duration = Duration::from_secs(180);
/// Pause before a scan worker that died is started again; it doubles with every one that dies in a row.
pub const SCAN_RESTART_PAUSE: Duration = Duration::from_millis(20);
/// Longest such pause.
pub const SCAN_RESTART_PAUSE_MOST: Duration = Duration::from_millis(500);
/// How long a scan worker that closed its pipe may take to end, before it is counted as crashed without a reason.
pub const SCAN_FAREWELL: Duration = Duration::from_millis(500);
