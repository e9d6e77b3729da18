//! Owns classification, grading, masking, watermarking and lexicon screening of data.
//!
//! Does no I/O and never calls a network.

#![forbid(unsafe_code)]

pub mod classify;
mod content;
mod error;
pub mod limits;
mod normalize;
mod settings;

pub use classify::{
    Classification, Engine, IDENTIFIERS, Identifier, Match, Template, add_sample, masked_sample, samples,
};
pub use content::{ContentHint, decode};
pub use error::EngineError;
pub use settings::{EngineSettings, Rules};
