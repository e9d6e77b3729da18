//! Owns SM2, SM3 and SM4, the hash chain, signed envelopes, sealed letters and key files.
//!
//! Does not decide who may do what.

#![forbid(unsafe_code)]

mod chain;
mod digest;
mod envelope;
mod error;
mod letter;
pub mod limits;
mod password;
mod random;
mod seal;
mod secret;
mod self_test;
mod sm2_key;
mod sm4_blocks;

pub use chain::{BadReason, Checkpoint, FirstBad, HashChain, Link};
pub use digest::{HmacKey, Sm3, hmac_sm3, sm3, sm3_of_parts};
pub use envelope::Envelope;
pub use error::CryptoError;
pub use letter::{open_letter, seal_for};
pub use password::{
    DEFAULT_PASSWORD_ROUNDS, hash_password, hash_password_with, password_needs_rehash, verify_password,
};
pub use random::{RandomnessError, random_bytes};
pub use seal::{SealingKey, sm4_encrypt_block};
pub use secret::{Secret, equal_in_constant_time};
pub use self_test::self_test;
pub use sm2_key::{KeyId, KeyPair, PublicKey, Signature};
pub use sm4_blocks::Sm4Blocks;
