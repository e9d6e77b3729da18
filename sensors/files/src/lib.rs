//! Owns identification, hashing and YARA scanning of files seen on the wire.
//!
//! Does not reassemble streams, take documents apart or decide what is sensitive: whoever starts a worker gives it a
//! [`Classifier`].
//!
//! [`identify`] names the type of a file by its first bytes, [`FileHasher`] digests it while it streams by,
//! [`HashList`] looks its digests up. Once it is whole the threads of a [`FilePool`] have it scanned with [`YaraRules`] and
//! taken apart for sensitive data: each has a [`ScanClient`] that hands files to a process of its own.

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
pub use pool::{FilePool, Ticket};
pub use scan::{
    BuildClassifier, Classifier, ContentOutcome, ContentRules, FileReport, FileTask, HelperCounts, Helpers, Job,
    KeeperLink, Keepers, LiveScanRules, RuleTexts, ScanClient, ScanRules, Scanner, Work, keep, pause,
    scanners_in_process, serve,
};
pub use yara::{ScanOutcome, Unscanned, YaraMatch, YaraRules};
