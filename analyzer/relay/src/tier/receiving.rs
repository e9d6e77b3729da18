//! The receiving end of a stream: what is new in a batch, and what does not fit.

use super::batch::digest_of_text;
use super::{Answer, Batch, Directory, Envelope, Lane, NodeId, Refusal, Relation};

/// The receiving end of a stream. One durable row; it is written together with what a batch brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receiving {
    /// Epoch of the stream; 0 before the first batch.
    pub epoch: u64,
    /// Number of the last message taken.
    pub cursor: u64,
    /// Its digest.
    pub head: [u8; 32],
    /// Highest number of a sending.
    pub sending: u64,
}

/// What is new in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Messages not taken before, with their numbers and digests; in order.
    pub fresh: Vec<(u64, [u8; 32], Envelope)>,
    /// The stream after them.
    pub next: Receiving,
    /// Messages of the batch that were taken before.
    pub repeated: u64,
    /// Messages that the sender no longer holds and that never came: a loss, to be written to the audit log.
    pub missing: u64,
}

impl Receiving {
    /// Checks a batch: form, neighbour, signature, then its place in the stream. Nothing changes until the caller writes
    /// the admission.
    ///
    /// # Errors
    /// Why it is refused as a whole.
    pub fn admit(&self, batch: &Batch, own: &NodeId, directory: &impl Directory) -> Result<Admission, Refusal> {
        let header = &batch.header;
        let neighbour = matches!(directory.relation(&header.src), Relation::Parent | Relation::Child);
        if header.dst != *own {
            return Err(Refusal::WrongTier);
        }
        batch.verify(directory)?;
        if !neighbour {
            return Err(Refusal::WrongTier);
        }
        if header.epoch < self.epoch || (header.epoch == self.epoch && header.sending <= self.sending) {
            return Err(Refusal::Replayed);
        }
        let stream =
            if header.epoch > self.epoch { Self { epoch: header.epoch, ..Self::default() } } else { self.clone() };
        if header.repair { stream.repaired(batch) } else { stream.continued(batch) }
    }

    fn continued(&self, batch: &Batch) -> Result<Admission, Refusal> {
        let header = &batch.header;
        let last = header.first + header.count - 1;
        let gap = header.first > self.cursor + 1;
        if gap && header.floor < header.first {
            return Err(Refusal::Reordered);
        }
        let missing = if gap { header.first - self.cursor - 1 } else { 0 };
        let repeated = (self.cursor + 1).saturating_sub(header.first).min(header.count);
        if !gap && !self.joins(batch, repeated) {
            return Err(Refusal::Forked);
        }
        let skip = usize::try_from(repeated).unwrap_or(usize::MAX);
        let links = batch.links();
        let head = links.last().copied().unwrap_or(self.head);
        let numbered = (header.first..).zip(links).zip(&batch.messages);
        let fresh: Vec<_> = numbered.skip(skip).map(|((seq, link), message)| (seq, link, message.clone())).collect();
        let next = if last > self.cursor {
            Self { epoch: self.epoch, cursor: last, head, sending: header.sending }
        } else {
            Self { sending: header.sending, ..self.clone() }
        };
        Ok(Admission { fresh, next, repeated, missing })
    }

    /// Whether the batch continues what was taken: the digest before its first new message is the one we hold.
    fn joins(&self, batch: &Batch, repeated: u64) -> bool {
        let header = &batch.header;
        let last = header.first + header.count - 1;
        if last < self.cursor {
            return true;
        }
        let joint = match usize::try_from(repeated).ok().and_then(|many| many.checked_sub(1)) {
            None => digest_of_text(&header.before),
            Some(place) => batch.links().get(place).copied(),
        };
        joint == Some(self.head)
    }

    /// A repair brings messages again whose numbers were all taken; which of them were lost the caller knows.
    fn repaired(&self, batch: &Batch) -> Result<Admission, Refusal> {
        let header = &batch.header;
        if header.first + header.count - 1 > self.cursor {
            return Err(Refusal::Reordered);
        }
        let numbered = (header.first..).zip(batch.links()).zip(&batch.messages);
        let fresh = numbered.map(|((seq, link), message)| (seq, link, message.clone())).collect();
        let next = Self { sending: header.sending, ..self.clone() };
        Ok(Admission { fresh, next, repeated: 0, missing: 0 })
    }

    /// What is said to the sender; only after everything is durable.
    #[must_use]
    pub const fn answer(&self, lane: Lane, refused: Option<Refusal>) -> Answer {
        Answer { lane, epoch: self.epoch, cursor: self.cursor, sending: self.sending, refused }
    }
}
