//! Finds sensitive values in text, says why, and grades the whole.

mod engine;
mod matches;

pub use engine::Engine;
pub use matches::{Classification, Match};
