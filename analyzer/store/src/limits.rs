//! Named limits of the event index.

/// Longest query text, in bytes.
pub const QUERY_BYTES: usize = 16 * 1024;
/// Most conditions in one query.
pub const QUERY_CONDITIONS: usize = 256;
/// Deepest nesting of parentheses and NOT in a query.
pub const QUERY_DEPTH: usize = 32;
/// Most hits in one page.
pub const PAGE_HITS: usize = 1_000;
/// Most buckets in one histogram.
pub const HISTOGRAM_BUCKETS: usize = 1_000;
/// Most terms in one list of frequent terms.
pub const TOP_TERMS: usize = 1_000;
/// Most bytes of text that one event adds to the catch-all field; what is past that is found by field only.
pub const CATCH_ALL_BYTES: usize = 32 * 1024;
/// Longest exact term, in bytes; longer values are indexed by their first so many bytes (tantivy's own limit is 65,530).
pub const TERM_BYTES: usize = 1_024;
/// Most values of one field that are indexed.
pub const FIELD_VALUES: usize = 256;
/// Deepest nesting of the original record that the catch-all field looks into.
pub const ORIGINAL_DEPTH: usize = 16;
/// Most day indexes with an open writer; the one idle longest is closed first.
pub const OPEN_WRITERS: usize = 4;
/// Most days that the store keeps.
pub const DAYS: usize = 4_000;
/// Longest stored event after decompression, in bytes.
pub const EVENT_BYTES: usize = 64 * 1024 * 1024;
/// Lowest retention in days (Cybersecurity Law of the PRC, article 21 (3): network logs for at least six months).
pub const RETENTION_FLOOR_DAYS: u32 = 180;
/// Most terms of one event for fields outside the catalogue.
pub const OTHER_TERMS: usize = 1_024;
/// Longest dotted name of a field outside the catalogue, in bytes.
pub const FIELD_NAME_BYTES: usize = 256;
/// Longest word of the full-text index, in characters; longer runs of letters are cut into pieces.
pub const WORD_CHARACTERS: usize = 64;
/// Most wildcards in one pattern.
pub const WILDCARDS: usize = 8;
/// Most events that `offset` may skip.
pub const OFFSET: usize = 10_000;
/// Most distinct values that are counted for a list of frequent terms.
pub const COUNTED_TERMS: usize = 2_000_000;
/// Most shapes of records that one day keeps once; the shape of a further one is stored with its event.
pub const SHAPES: usize = 20_000;
/// Longest shape that is kept once, in bytes; a longer one is stored with its event.
pub const SHAPE_BYTES: usize = 16 * 1024;
/// Most shapes that were met once and are remembered until they come back; at the bound all are forgotten.
pub const SHAPES_MET: usize = 20_000;
/// Deepest nesting of a stored event (the JSON parser itself takes 128).
pub const STORED_DEPTH: usize = 256;
/// Places of events that a scan looks up at once (32 bytes each).
pub const SCANNED_PLACES: usize = 200_000;
/// Terms of a day that clues to one field find, past which every event of that day that has the field is gone over.
pub const CLUE_TERMS: usize = 200_000;
