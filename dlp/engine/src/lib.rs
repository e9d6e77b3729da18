//! Owns classification, grading, masking, watermarking and lexicon screening of data.
//!
//! Does no I/O and never calls a network.

#![forbid(unsafe_code)]

pub mod cells;
pub mod classify;
mod content;
mod error;
pub mod known;
pub mod lexicon;
pub mod limits;
pub mod mask;
mod normalize;
mod places;
pub mod policy;
pub mod risk;
mod settings;
pub mod watermark;

pub use classify::{
    Classification, ColumnProfile, ContentReport, Engine, IDENTIFIERS, Identifier, Match, Template, UnreadParts,
    add_sample, masked_sample,
};
pub use content::{ContentHint, decode};
pub use error::EngineError;
pub use places::Places;
pub use settings::{EngineSettings, Rules};
