//! The real program under kills, loss of its data and too much load: what it accepted is there, once, unchanged.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]
#![allow(missing_docs, reason = "nobody links against tests")]

mod backup;
mod judge;
mod kills;
mod overload;

use std::path::Path;

/// The program under test.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_fengsui"))
}

/// A number from the environment, which makes a run long or repeats one.
fn number_of(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
