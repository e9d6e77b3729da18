//! From a sensor to the analyzer: signed parcels of spool records up, signed receipts down.
//!
//! The sensor reads its own spool and keeps every record until a receipt covers it. The analyzer gives a receipt only
//! after the records are synced in its own spool, each with its place (sensor, epoch, sequence) beside it. Where every
//! sensor stands is therefore written twice: in a snapshot that is replaced now and then, and in the spool's records
//! after it, which hold back deletion until the next snapshot. After a crash the two together say what has come, so that
//! nothing is taken twice and no sync is needed beside the spool's own.
//!
//! Authentication is mutual and does not lean on the transport: a parcel's header carries the SM2 signature of the
//! sensor and is checked before a byte of its body is read; a receipt carries the signature of the analyzer over the
//! header it answers, so that nobody on the way can make a sensor forget what did not arrive.

mod intake;
mod parcel;
mod place;
mod quota;
mod receipt;
mod sender;

pub use intake::{Intake, NotTaken, SensorPlace, Taken};
pub use parcel::{Account, Draft, Header, Parcel, SignedHeader};
pub use place::{Admission, EpochPlace, Place};
pub use quota::Quota;
pub use receipt::{Receipt, Verdict};
pub use sender::{Load, Sender, Step};
