//! The sensor's side: what is sent next and what a receipt means. Pure: no I/O, no clock.

use fengsui_crypto::CryptoError;

use super::{Account, Draft, Header, Parcel, Receipt, Verdict};
use crate::tier::{NodeId, Refusal, Signer};
use crate::{Record, limits};

/// The sensor's side of an uplink.
#[derive(Debug, Clone)]
pub struct Sender {
    sensor: NodeId,
    epoch: u64,
    /// First sequence that no receipt covers.
    next: u64,
    issued: i64,
    measurement: Option<String>,
}

/// What goes into a parcel.
#[derive(Debug, Clone, Copy)]
pub struct Load<'a> {
    /// Records in order, read from [`Sender::next`] on. What is missing between them can't be sent any more.
    pub records: &'a [Record],
    /// Sequence after the last one that was read.
    pub to: u64,
    /// First sequence that the spool still has.
    pub floor: u64,
    /// The sensor's books.
    pub account: Account,
}

/// What a receipt asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Records up to and with this one may be forgotten; go on.
    Acknowledge(u64),
    /// Go on from this sequence: the analyzer has less than was thought.
    Rewind(u64),
    /// Send the same again after so many milliseconds.
    Wait(u64),
    /// The analyzer does not take anything from this sensor, or not this. Keep everything and try now and then.
    Refused(Refusal),
}

impl Sender {
    /// A sender whose spool has this epoch and whose receipts reach up to `next`.
    #[must_use]
    pub const fn new(sensor: NodeId, epoch: u64, next: u64) -> Self {
        Self { sensor, epoch, next, issued: 0, measurement: None }
    }

    /// Says from now on what the sensor measured of itself: SM3 in hexadecimal digits.
    pub fn measured(&mut self, digest: String) {
        self.measurement = Some(digest);
    }

    /// First sequence that no receipt covers.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// How many of some records, which were read from [`Sender::next`] on, fit one parcel.
    #[must_use]
    pub fn fitting(records: &[Record]) -> usize {
        let mut bytes = 0;
        let fits = |record: &&Record| {
            bytes += record.payload.len();
            bytes <= limits::PARCEL_FULL_BYTES
        };
        let fitting = records.iter().take(limits::PARCEL_RECORDS).take_while(fits).count();
        fitting.max(1).min(records.len())
    }

    /// Signs a parcel.
    ///
    /// # Errors
    /// When the library fails.
    pub fn parcel(&mut self, load: Load<'_>, now: i64, signer: &impl Signer) -> Result<Parcel, CryptoError> {
        self.issued = now.max(self.issued.saturating_add(1));
        let draft = Draft {
            sensor: self.sensor.clone(),
            epoch: self.epoch,
            from: self.next.max(load.floor),
            to: load.to,
            floor: load.floor,
            issued: self.issued,
            account: load.account,
            measurement: self.measurement.clone(),
        };
        Parcel::pack(draft, load.records, signer)
    }

    /// Takes a receipt that was checked with [`Receipt::answers`].
    pub fn receipt(&mut self, sent: &Header, receipt: &Receipt) -> Step {
        match receipt.verdict {
            // Whoever knows more of this spool than it ever held heard it from somebody else, or before it was put back
            // from a backup: nothing of it may be forgotten.
            Verdict::Taken if receipt.next > sent.account.written.max(sent.to) => Step::Refused(Refusal::Forked),
            Verdict::Taken if receipt.next >= sent.to => {
                self.next = sent.to;
                Step::Acknowledge(sent.to - 1)
            }
            Verdict::Taken | Verdict::Refused(Refusal::Reordered) => {
                self.next = receipt.next;
                Step::Rewind(receipt.next)
            }
            Verdict::Wait => Step::Wait(receipt.wait_ms.clamp(1, limits::WAIT_MILLIS)),
            Verdict::Refused(refusal) => Step::Refused(refusal),
        }
    }
}
