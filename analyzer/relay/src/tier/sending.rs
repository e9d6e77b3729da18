//! The sending end of a stream: what has which number, how far the receiver is, what is sent next.

use fengsui_crypto::{CryptoError, KeyId};

use super::batch::hex_text;
use super::{Answer, Batch, Envelope, Header, Refusal, Signer, Stream};
use crate::limits;

/// The sending end of a stream. One durable row; it is written together with the messages it numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// Epoch of the stream: grows when this node's state was lost or restored.
    pub epoch: u64,
    /// Number that the next message gets, from 1.
    pub next: u64,
    /// Digest of the last message; zeros before the first.
    pub head: [u8; 32],
    /// Number of the last message the receiver has taken.
    pub acknowledged: u64,
    /// First message that is still held.
    pub floor: u64,
    /// Number of the last sending. Not durable: after a restart [`Sending::reserve`] moves past what may have been used.
    pub sending: u64,
}

/// A message of a stream as it is kept until the receiver has it, and for a while after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutRow {
    /// Its number.
    pub seq: u64,
    /// Digest of the message before it.
    pub before: [u8; 32],
    /// Its own digest as a link.
    pub link: [u8; 32],
    /// The message.
    pub message: Envelope,
}

impl Sending {
    /// A stream without messages.
    #[must_use]
    pub const fn new(epoch: u64) -> Self {
        Self { epoch, next: 1, head: [0; 32], acknowledged: 0, floor: 1, sending: 0 }
    }

    /// Gives a message its number. Write both, together, before it is sent.
    pub fn append(&mut self, message: Envelope) -> OutRow {
        let (seq, before) = (self.next, self.head);
        let link = message.link_digest(seq, &before);
        (self.next, self.head) = (seq + 1, link);
        OutRow { seq, before, link, message }
    }

    /// Messages the receiver has not taken.
    #[must_use]
    pub const fn waiting(&self) -> u64 {
        self.next - 1 - self.acknowledged
    }

    /// The first number to send: what follows the receiver's place and is still held.
    #[must_use]
    pub fn first_to_send(&self) -> u64 {
        (self.acknowledged + 1).max(self.floor)
    }

    /// Signs a batch of rows that begin at [`Sending::first_to_send`]. `None` when there are none, or they are not in order.
    ///
    /// # Errors
    /// When the library fails.
    pub fn batch(
        &mut self,
        stream: &Stream,
        rows: Vec<OutRow>,
        now: i64,
        signer: &impl Signer,
    ) -> Result<Option<Batch>, CryptoError> {
        self.signed(stream, rows, now, false, signer)
    }

    /// Signs a batch that repairs what the receiver lost: rows of any place that it took before.
    ///
    /// # Errors
    /// When the library fails.
    pub fn repair(
        &mut self,
        stream: &Stream,
        rows: Vec<OutRow>,
        now: i64,
        signer: &impl Signer,
    ) -> Result<Option<Batch>, CryptoError> {
        self.signed(stream, rows, now, true, signer)
    }

    fn signed(
        &mut self,
        stream: &Stream,
        mut rows: Vec<OutRow>,
        now: i64,
        repair: bool,
        signer: &impl Signer,
    ) -> Result<Option<Batch>, CryptoError> {
        rows.truncate(limits::BATCH_MESSAGES);
        let Some((first, before)) = rows.first().map(|row| (row.seq, row.before)) else { return Ok(None) };
        if !rows.iter().zip(first..).all(|(row, seq)| row.seq == seq) {
            return Ok(None);
        }
        self.sending = self.sending.saturating_add(1);
        let header = Header {
            v: 1,
            src: stream.src.clone(),
            dst: stream.dst.clone(),
            lane: stream.lane,
            epoch: self.epoch,
            sending: self.sending,
            first,
            floor: self.floor,
            count: 0,
            before: hex_text(&before),
            repair,
            issued: now,
            key: KeyId::from_bytes([0; 32]),
            root: String::new(),
        };
        Batch::sign(header, rows.into_iter().map(|row| row.message).collect(), signer).map(Some)
    }

    /// Takes the answer to the last sending. The receiver's place may go back: it was restored from a backup and
    /// is fed again from what is still held. Returns true when the place changed and the row is to be written.
    pub fn answered(&mut self, answer: &Answer) -> bool {
        if answer.epoch > self.epoch {
            // The receiver knows a later life of this node: begin one after it. The driver renumbers.
            return false;
        }
        self.sending = self.sending.max(answer.sending.min(limits::NUMBER));
        if answer.epoch < self.epoch {
            // It has not heard of this epoch yet: everything is new to it.
            return std::mem::replace(&mut self.acknowledged, 0) != 0;
        }
        let place = answer.cursor.min(self.next - 1);
        std::mem::replace(&mut self.acknowledged, place) != place
    }

    /// The epoch to begin when an answer shows that this one is too old.
    #[must_use]
    pub fn outgrown_by(&self, answer: &Answer) -> Option<u64> {
        let old = answer.epoch > self.epoch || (answer.refused == Some(Refusal::Forked) && answer.epoch == self.epoch);
        old.then(|| answer.epoch.saturating_add(1)).filter(|epoch| *epoch <= limits::NUMBER)
    }

    /// Begins a new epoch over the messages that are still held, numbered from 1 again.
    #[must_use]
    pub fn begin_epoch(epoch: u64, held: impl IntoIterator<Item = Envelope>) -> (Self, Vec<OutRow>) {
        let mut sending = Self::new(epoch);
        let rows = held.into_iter().map(|message| sending.append(message)).collect();
        (sending, rows)
    }

    /// Moves past every number of a sending that may have been used before a restart.
    pub fn reserve(&mut self, now: i64) {
        self.sending = self.sending.max(u64::try_from(now).unwrap_or(0));
    }

    /// Forgets messages up to a number; those not acknowledged are never forgotten.
    pub fn forget_up_to(&mut self, seq: u64) {
        self.floor = self.floor.max(seq.min(self.acknowledged) + 1);
    }
}
