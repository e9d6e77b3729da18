//! Every bound of this crate, and what happens at it.

/// Largest record that is parsed, in bytes; a larger one goes to quarantine.
pub const RECORD_BYTES: usize = 1024 * 1024;

/// Longest value of a normalised field, in bytes; the rest is cut. The original record keeps the whole.
pub const FIELD_BYTES: usize = 32 * 1024;

/// Columns of a table (Zeek, CSV) or pairs of a key-value record that are read; further ones are ignored.
pub const COLUMNS: usize = 1_024;

/// Entries that are read of a list such as the answers of a DNS response.
pub const LIST_ENTRIES: usize = 64;

/// Longest header of a table that is carried with every row, in bytes; a longer one is cut at a column.
pub const HEADER_BYTES: usize = 16 * 1024;

/// Lines that are looked at to recognise a format.
pub const SAMPLE_LINES: usize = 16;

/// Exporters of flows whose templates are kept; of more the one that came first is given up and counted.
pub const FLOW_EXPORTERS: usize = 1_024;

/// Templates that are kept of one exporter of flows; of more the one with the lowest number goes and is counted.
pub const FLOW_TEMPLATES: usize = 256;

/// Sets of flow records that wait for their template, for each exporter; of more the oldest goes and is counted.
pub const FLOW_SETS_WAITING: usize = 64;

/// Flows that are taken of one datagram.
pub const FLOW_RECORDS: usize = 4_096;
