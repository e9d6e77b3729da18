//! Drives the real binary in tests: starts it, waits for it, speaks to it, stops it.
//!
//! Contains no product code.
