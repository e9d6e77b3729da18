//! Owns classification, grading, masking, watermarking and lexicon screening of data.
//!
//! Does no I/O and never calls a network.
