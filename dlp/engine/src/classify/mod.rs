//! Finds sensitive values in text, says why, and grades the whole.

mod addresses;
pub(crate) mod checksum;
mod column;
pub(crate) mod context;
mod engine;
mod grading;
mod identifiers;
mod matches;
mod names;
mod regions;
mod resolve;
mod sample;
mod survey;
mod tokens;

pub use column::{COLUMN_SAMPLE, ColumnProfile};
pub use engine::Engine;
use fengsui_schema::FindingSample;
pub use grading::Template;
pub use identifiers::{IDENTIFIERS, Identifier};
pub use matches::{Classification, ContentReport, Match, UnreadParts, Why};
pub(crate) use regions::{is_day, number};
pub use sample::masked_sample;

use crate::limits::SAMPLES_PER_TYPE;

/// Counts one match into samples that are collected over several texts.
pub fn add_sample(all: &mut Vec<FindingSample>, found: &Match, value: &str) {
    let at = all.iter().position(|sample| sample.data_type == found.data_type).unwrap_or_else(|| {
        all.push(FindingSample {
            data_type: found.data_type.to_owned(),
            count: 0,
            confidence: 0,
            masked: Vec::new(),
            explanation: String::new(),
        });
        all.len() - 1
    });
    let sample = &mut all[at];
    sample.count += 1;
    if found.confidence > sample.confidence {
        sample.confidence = found.confidence;
        sample.explanation = found.why.to_string();
    }
    if sample.masked.len() < SAMPLES_PER_TYPE {
        let masked = masked_sample(found.data_type, value);
        if !sample.masked.contains(&masked) {
            sample.masked.push(masked);
        }
    }
}
