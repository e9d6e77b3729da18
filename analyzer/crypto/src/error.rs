//! What can go wrong with keys, signatures and sealed data.

use std::path::PathBuf;

/// What can go wrong with keys, signatures and sealed data. Never says which part of a secret was wrong.
#[derive(Debug, thiserror::Error)]
pub enum CryptoError {
    /// No randomness.
    #[error(transparent)]
    Randomness(#[from] crate::RandomnessError),
    /// Bytes or text that are no key of the curve.
    #[error("{0} is no valid SM2 key; use a PEM file that this program wrote")]
    Key(&'static str),
    /// A key file could not be read or written.
    #[error("{action} key file {}: {source}; check that it exists and may be accessed", .path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system answered.
        source: std::io::Error,
    },
    /// A private key that others can read.
    #[error("key file {} has mode {mode:o}; run chmod 600 on it, and replace the key if others may have read it", .path.display())]
    FileMode {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A signature that does not fit key and bytes.
    #[error("the signature does not fit; the data was changed or signed by another key")]
    Signature,
    /// Data that was changed, cut, or sealed under another key.
    #[error("the sealed data was changed, cut, or sealed under another key")]
    Unseal,
    /// An envelope that is cut or of another version.
    #[error("envelope {0}")]
    Envelope(&'static str),
    /// A message that can't be encrypted or signed.
    #[error("{0}")]
    Message(&'static str),
    /// A stored password hash that can't be understood.
    #[error("stored password hash is not of the form $pbkdf2-hmac-sm3$i=ROUNDS$SALT$HASH; set the password again")]
    PasswordHash,
    /// The second implementation disagrees, or a published example comes out wrong.
    #[error("self-test of {0} failed; this program must not be used for cryptography")]
    SelfTest(&'static str),
}
