//! Owns identification, hashing and YARA scanning of files seen on the wire.
//!
//! Does not reassemble streams or decide what is sensitive.
//!
//! [`identify`] names the type of a file by its first bytes, [`FileHasher`] digests it while it streams by,
//! [`HashList`] looks its digests up, [`YaraRules`] scan it once it is whole: on the threads of a [`YaraPool`], each of which
//! has a [`ScanClient`] that hands files to a process of its own.

#![forbid(unsafe_code)]

mod containers;
mod error;
mod hash_list;
mod hashes;
mod kind;
pub mod limits;
mod pool;
mod scan;
mod text;
mod yara;

pub use error::FilesError;
pub use hash_list::HashList;
pub use hashes::{Digest, FileHasher, FileHashes};
pub use kind::{FileKind, FileSignature, SIGNATURES, identify};
pub use pool::{Pool, Scanned, Ticket, Work, YaraPool};
pub use scan::{Job, KeeperLink, Keepers, RuleTexts, ScanClient, Scanner, keep, pause, serve};
pub use yara::{ScanOutcome, Unscanned, YaraMatch, YaraRules};
