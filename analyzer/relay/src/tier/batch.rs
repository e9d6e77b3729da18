//! Batches: up to [`limits::BATCH_MESSAGES`] messages of one stream under one SM2 signature.
//!
//! The signature covers the header, and the header the root of the messages' Merkle tree (leaves and nodes separated as
//! in RFC 9162 section 2.1, with SM3). One signature for five hundred messages keeps verification far from being a limit.

use fengsui_crypto::{CryptoError, KeyId, Signature, Sm3, sm3_of_parts};
use serde::{Deserialize, Serialize};

use super::{Directory, Envelope, Lane, NodeId, Refusal, Signer};
use crate::limits;

/// One direction of a link in one lane.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream {
    /// Who sends.
    pub src: NodeId,
    /// Who receives: the next node, not the last.
    pub dst: NodeId,
    /// The lane.
    pub lane: Lane,
}

/// What a batch says of itself; all of it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Version of the form: 1.
    pub v: u8,
    /// Who sends.
    pub src: NodeId,
    /// Who receives.
    pub dst: NodeId,
    /// Lane of the stream.
    pub lane: Lane,
    /// Epoch of the stream at its sender: grows when the sender's state was lost or restored.
    pub epoch: u64,
    /// Number of this sending, ever growing within an epoch; a batch that is sent again gets a new one.
    pub sending: u64,
    /// Number of the first message.
    pub first: u64,
    /// First message the sender still holds; those before can't be sent any more.
    pub floor: u64,
    /// How many messages.
    pub count: u64,
    /// Digest of the message before the first, in hexadecimal digits.
    pub before: String,
    /// Set when the batch repairs what the receiver lost: every number in it was taken before.
    #[serde(default)]
    pub repair: bool,
    /// When it was signed, in milliseconds since the epoch.
    pub issued: i64,
    /// Key of the sender.
    #[serde(with = "super::keys::key_text")]
    pub key: KeyId,
    /// Root of the Merkle tree over the messages, in hexadecimal digits.
    pub root: String,
}

/// Signed messages of one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// What is signed.
    pub header: Header,
    /// The sender's signature.
    pub sig: Signature,
    /// The messages, in order.
    pub messages: Vec<Envelope>,
}

/// What a receiver says to a batch, after everything it took is durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Lane of the stream.
    pub lane: Lane,
    /// Epoch of the stream as the receiver knows it.
    pub epoch: u64,
    /// Number of the last message that was taken; 0 for none.
    pub cursor: u64,
    /// Highest number of a sending that was taken.
    pub sending: u64,
    /// Why the batch was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refusal>,
}

impl Batch {
    /// The batch with the signature of its header.
    ///
    /// # Errors
    /// When the library fails.
    pub fn sign(mut header: Header, messages: Vec<Envelope>, signer: &impl Signer) -> Result<Self, CryptoError> {
        header.key = signer.key();
        header.count = messages.len() as u64;
        header.root = hex_text(&root_of(&header, &messages).unwrap_or_default());
        let sig = signer.sign(&header.digest())?;
        Ok(Self { header, sig, messages })
    }

    /// Checks form, signature and root, in the order of their cost.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn verify(&self, directory: &impl Directory) -> Result<(), Refusal> {
        let header = &self.header;
        let many = self.messages.len();
        let in_range = header.first > 0
            && header.epoch > 0
            && [header.epoch, header.sending, header.first, header.count]
                .iter()
                .all(|number| *number <= limits::NUMBER);
        if header.v != 1 || many == 0 || many > limits::BATCH_MESSAGES || many as u64 != header.count || !in_range {
            return Err(Refusal::Malformed);
        }
        directory.check(&header.src, &header.key, &header.digest(), &self.sig)?;
        if !self.messages.iter().all(Envelope::within_limits) {
            return Err(Refusal::Malformed);
        }
        let root = root_of(header, &self.messages).ok_or(Refusal::Malformed)?;
        if hex_text(&root) == header.root { Ok(()) } else { Err(Refusal::Forged) }
    }

    /// Digest of every message as a link of the stream.
    #[must_use]
    pub fn links(&self) -> Vec<[u8; 32]> {
        links_of(&self.header, &self.messages).unwrap_or_default()
    }
}

impl Header {
    fn digest(&self) -> [u8; 32] {
        let numbers = [self.epoch, self.sending, self.first, self.floor, self.count].map(u64::to_be_bytes);
        let [epoch, sending, first, floor, count] = &numbers;
        sm3_of_parts(&[
            b"fengsui batch v1",
            &[self.v, self.lane.as_number(), u8::from(self.repair)],
            self.src.as_str().as_bytes(),
            self.dst.as_str().as_bytes(),
            epoch,
            sending,
            first,
            floor,
            count,
            self.before.as_bytes(),
            &self.issued.to_be_bytes(),
            self.key.as_bytes(),
            self.root.as_bytes(),
        ])
    }
}

fn links_of(header: &Header, messages: &[Envelope]) -> Option<Vec<[u8; 32]>> {
    let mut before = digest_of_text(&header.before)?;
    let mut links = Vec::with_capacity(messages.len());
    for (message, seq) in messages.iter().zip(header.first..) {
        before = message.link_digest(seq, &before);
        links.push(before);
    }
    Some(links)
}

fn root_of(header: &Header, messages: &[Envelope]) -> Option<[u8; 32]> {
    links_of(header, messages).map(|links| merkle_root(&links))
}

/// Root of the Merkle tree over digests: leaf = SM3(0x00 ‖ digest), node = SM3(0x01 ‖ left ‖ right); an odd node
/// moves up as it is. Zeros for no digests.
#[must_use]
pub fn merkle_root(digests: &[[u8; 32]]) -> [u8; 32] {
    let mut level: Vec<[u8; 32]> = digests.iter().map(|digest| tagged(0, &[digest])).collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => tagged(1, &[left, right]),
                [odd, ..] => *odd,
                [] => [0; 32],
            })
            .collect();
    }
    level.first().copied().unwrap_or_default()
}

fn tagged(tag: u8, parts: &[&[u8; 32]]) -> [u8; 32] {
    let mut digest = Sm3::new();
    digest.update(&[tag]);
    parts.iter().for_each(|part| digest.update(*part));
    digest.finish()
}

/// A digest as hexadecimal digits.
pub(crate) fn hex_text(digest: &[u8; 32]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// A digest of 64 hexadecimal digits.
pub(crate) fn digest_of_text(text: &str) -> Option<[u8; 32]> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok())).collect();
    let bytes: Vec<u8> = digits?.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    if text.len() == 64 { bytes.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_depend_on_every_leaf_and_their_order() {
        let leaves: Vec<[u8; 32]> = (0..7_u8).map(|number| [number; 32]).collect();
        let root = merkle_root(&leaves);
        for place in 0..7 {
            let mut other = leaves.clone();
            other[place][0] ^= 1;
            assert_ne!(merkle_root(&other), root);
        }
        let mut swapped = leaves.clone();
        swapped.swap(0, 1);
        assert_ne!(merkle_root(&swapped), root);
        assert_ne!(merkle_root(&leaves[..6]), root);
    }

    #[test]
    fn digests_are_read_and_written() {
        let digest: [u8; 32] = std::array::from_fn(|place| u8::try_from(place * 7 % 256).expect("small"));
        assert_eq!(digest_of_text(&hex_text(&digest)), Some(digest));
        for bad in ["", "0", &"g".repeat(64), &"0".repeat(63), &"0".repeat(66)] {
            assert_eq!(digest_of_text(bad), None);
        }
    }
}
