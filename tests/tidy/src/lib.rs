//! Checks the house: dependency edges, sizes, forbidden words, fresh generated files.
//!
//! Checks no behaviour.
