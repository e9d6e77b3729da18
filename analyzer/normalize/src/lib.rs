//! Owns turning a raw record of any source into an Event.
//!
//! Does no I/O and keeps no state between records.
