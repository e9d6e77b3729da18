//! Owns the tasks and queues of ingest, normalise, enrich, detect, correlate and store.
//!
//! Contains no detection logic of its own.
