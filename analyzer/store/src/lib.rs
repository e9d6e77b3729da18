//! Owns the event index: tantivy, the search language, retention and the replay offset.
//!
//! Is a cache of the spool: everything in it can be rebuilt.
