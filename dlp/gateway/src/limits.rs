//! Named limits of extraction and jobs. What a limit cuts off is a finding of type `unreadable` that names it.

/// Largest file that is read into memory, in bytes.
pub const FILE_BYTES: u64 = 512 * 1024 * 1024;

/// Most bytes that all members of one archive may unpack to.
pub const UNPACKED_BYTES: u64 = 1024 * 1024 * 1024;

/// Largest ratio of unpacked to packed bytes of one member, above a floor of [`RATIO_FLOOR_BYTES`].
pub const UNPACK_RATIO: u64 = 200;

/// Most memory a decoder of an archive may ask for, in KiB.
pub const UNPACK_MEMORY_KIB: usize = 256 * 1024;

/// Members smaller than this may have any ratio.
pub const RATIO_FLOOR_BYTES: u64 = 8 * 1024 * 1024;

/// Deepest nesting of archives and attachments.
pub const DEPTH: usize = 6;

/// Most members of one archive that are read.
pub const MEMBERS: usize = 20_000;

/// Longest time one top-level file may take, in seconds.
pub const FILE_SECONDS: u64 = 300;

/// Most bytes that content on the wire may unpack to: what takes it apart has little memory.
pub const WIRE_UNPACKED_BYTES: u64 = 64 * 1024 * 1024;

/// Longest time content on the wire may take by the clock, in seconds.
pub const WIRE_SECONDS: u64 = 10;

/// Deepest nesting of JSON values and XML elements that is followed.
pub const STRUCTURE_DEPTH: usize = 128;

/// Most pages of a PDF that are read.
pub const PDF_PAGES: usize = 20_000;

/// Deepest nesting of forms that a page of a PDF draws.
pub const PDF_FORMS: usize = 16;

/// Most bytes one PDF stream may decompress to.
pub const PDF_STREAM_BYTES: usize = 64 * 1024 * 1024;

/// Most findings listed one by one for a file; the rest is counted in the summary.
pub const LISTED_FINDINGS: usize = 100_000;

/// Longest line of a records file, in bytes.
pub const RECORD_BYTES: usize = 16 * 1024 * 1024;

/// Most recipients that the report of a trace lists for a dataset; all are compared.
pub const SUSPECTS: usize = 20;

/// Text of one file that is compared with known documents, in bytes.
pub const FINGERPRINTED_BYTES: usize = 64 * 1024 * 1024;

/// Share of a known document from which another is said to hold it.
pub const DOCUMENT_SHARE: f64 = 0.15;

/// Most columns of a table.
pub const COLUMNS: usize = 4096;

/// Most rows of a table with a column that is shuffled: they are kept in memory until the last is read.
pub const SHUFFLED_ROWS: usize = 2_000_000;

/// Rows from the beginning of a table by which the types of its columns are found.
pub const SAMPLED_ROWS: usize = 16_384;

/// Longest wait for a database to answer a connection, in seconds.
pub const CONNECT_SECONDS: u64 = 10;

/// Most rows of a leak that are traced.
pub const LEAKED_ROWS: usize = 5_000_000;

/// A value that so many rows of a dataset have says where a row of a leak belongs.
pub const RARE_ROWS: usize = 256;

/// A value that more rows have is not looked up, only compared.
pub const COMMON_ROWS: usize = 20_000;

/// Longest line of the standard input that is screened as one, in bytes; what follows is screened as a line of its own.
pub const SCREENED_LINE_BYTES: u64 = 1024 * 1024;
