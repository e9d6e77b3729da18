//! Owns SM2, SM3 and SM4, the hash chain, signed envelopes and key files.
//!
//! Does not decide who may do what.

#![forbid(unsafe_code)]

mod digest;
mod random;

pub use digest::{Sm3, hmac_sm3, sm3, sm3_of_parts};
pub use random::{RandomnessError, random_bytes};
