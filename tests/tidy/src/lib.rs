//! Owns the checks of the house: dependency edges, owners of heavy libraries, sizes, words, documentation, licences.
//!
//! Does not check behaviour; that is what the crates' own tests do.

#![forbid(unsafe_code)]

pub mod edges;
pub mod functions;
pub mod sources;
pub mod supply;
pub mod words;

use std::fmt;
use std::path::{Path, PathBuf};

/// Something that is not as the house wants it.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// File or crate.
    pub place: String,
    /// What is wrong and what to do.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

/// A problem at a place.
pub fn problem(place: impl Into<String>, text: impl Into<String>) -> Problem {
    Problem { place: place.into(), text: text.into() }
}

/// The top folder of the repository.
#[must_use]
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
