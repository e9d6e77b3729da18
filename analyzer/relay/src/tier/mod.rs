//! The protocol between nodes: county, prefecture and province, and sensors below them.
//!
//! Everything here is sans-I/O: rows, bytes and the time come in, verdicts and rows go out. Who drives it (the
//! console's database and HTTPS, files carried by hand, the simulation of the tests) keeps four rules:
//!
//! 1. A message is sent only after its row and the row of its stream are durable.
//! 2. A batch is answered only after what it brought, and the place of its stream, are durable together.
//! 3. What was seen before (`origin`, `epoch`, `oseq`) is never acted upon again.
//! 4. A refusal is written to the audit log.
//!
//! A **stream** is one direction of one link in one lane. Its messages are numbered without gaps, each carries the
//! digest of the one before, and batches of them are signed with SM2 over the root of their Merkle tree.

mod batch;
mod envelope;
pub mod invariants;
mod judge;
mod keys;
mod policy;
mod receiving;
mod reconcile;
mod refusal;
mod schedule;
mod sending;

pub(crate) use batch::hex_text;
pub use batch::{Answer, Batch, Header, Stream, merkle_root};
pub use envelope::{Destination, Envelope, Labels, Lane, MessageId, NodeId, NodeIdError, Tlp};
pub use judge::{Act, Arrival, Judge, Known};
pub(crate) use keys::key_text;
pub use keys::{Directory, KeyStanding, Relation, Signer};
pub use policy::{Direction, Egress, KindRule, Owner, Policy, PolicyError, Withheld};
pub use receiving::{Admission, Receiving};
pub use reconcile::{BucketDigest, buckets, differing};
pub use refusal::Refusal;
pub use schedule::{BackOff, Quotas, Scheduler};
pub use sending::{OutRow, Sending};
