//! Owns the durable spool, acknowledgement and transports.
//!
//! Does not look inside what it carries.
