//! Owns identification, hashing and YARA scanning of files seen on the wire.
//!
//! Does not reassemble streams or decide what is sensitive.
