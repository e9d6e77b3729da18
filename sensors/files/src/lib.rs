//! Owns identification, hashing and YARA scanning of files seen on the wire.
//!
//! Does not reassemble streams or decide what is sensitive.
//!
//! [`identify`] names the type of a file by its first bytes, [`FileHasher`] digests it while it streams by,
//! [`HashList`] looks its digests up, [`YaraRules`] and [`YaraPool`] scan it once it is whole.

#![forbid(unsafe_code)]

mod containers;
mod error;
mod hash_list;
mod hashes;
mod kind;
pub mod limits;
mod pool;
mod text;
mod yara;

pub use error::FilesError;
pub use hash_list::HashList;
pub use hashes::{Digest, FileHasher, FileHashes};
pub use kind::{FileKind, FileSignature, SIGNATURES, identify};
pub use pool::{PoolStatistics, ScanTicket, YaraPool};
pub use yara::{ScanOutcome, YaraMatch, YaraRules};
