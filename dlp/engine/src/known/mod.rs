//! Data that is known beforehand: exact values of a register, kept as keyed digests only, and documents, kept as fingerprints.

mod exact;
mod fingerprint;

pub use exact::ExactSet;
pub use fingerprint::{Fingerprint, Overlap, PASSAGE};
