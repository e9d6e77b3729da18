//! A hash chain that makes every change of a log visible: leaf = SM3(0x00 ‖ entry), link = SM3(0x01 ‖ link before ‖
//! leaf), with the separation of leaves and nodes of RFC 9162 section 2.1. A signed checkpoint fixes its length, so
//! that the end can't be cut off unseen either.

use fengsui_schema::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CryptoError, KeyPair, PublicKey, Signature, Sm3, equal_in_constant_time, sm3_of_parts};

/// The head of a chain: all that is needed to append to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HashChain {
    length: u64,
    head: [u8; 32],
}

/// What is stored beside an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Number of the entry, from 0.
    pub sequence: u64,
    /// Digest of the entry and of everything before it.
    pub digest: [u8; 32],
}

/// The first entry of a chain that is not as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("entry {sequence} {reason}")]
pub struct FirstBad {
    /// Number of the entry, from 0.
    pub sequence: u64,
    /// What is wrong with it.
    pub reason: BadReason,
}

/// What is wrong with an entry of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadReason {
    /// Another number stands there.
    #[error("is missing or out of order")]
    Sequence,
    /// The entry or one before it was changed.
    #[error("was changed")]
    Digest,
    /// The log ends before the checkpoint.
    #[error("was cut off")]
    CutOff,
}

impl HashChain {
    /// A chain without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The chain that has `length` entries and ends in `head`.
    #[must_use]
    pub const fn resume(length: u64, head: [u8; 32]) -> Self {
        Self { length, head }
    }

    /// How many entries there are.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The digest of the last link; zeros when there is none.
    #[must_use]
    pub const fn head(&self) -> &[u8; 32] {
        &self.head
    }

    /// Appends an entry.
    pub fn append(&mut self, entry: &[u8]) -> Link {
        let mut leaf = Sm3::new();
        leaf.update(&[0]);
        leaf.update(entry);
        let mut node = Sm3::new();
        node.update(&[1]);
        node.update(&self.head);
        node.update(&leaf.finish());
        self.head = node.finish();
        let link = Link { sequence: self.length, digest: self.head };
        self.length += 1;
        link
    }

    /// Checks entries with their links from here on, and returns the chain after them.
    ///
    /// # Errors
    /// The first entry that is not as it was written.
    pub fn verify<E: AsRef<[u8]>>(mut self, entries: impl IntoIterator<Item = (E, Link)>) -> Result<Self, FirstBad> {
        for (entry, link) in entries {
            let expected = self.append(entry.as_ref());
            if link.sequence != expected.sequence {
                return Err(FirstBad { sequence: expected.sequence, reason: BadReason::Sequence });
            }
            if !equal_in_constant_time(&link.digest, &expected.digest) {
                return Err(FirstBad { sequence: expected.sequence, reason: BadReason::Digest });
            }
        }
        Ok(self)
    }
}

/// A signed statement of how long a chain is and what it ends in. Kept elsewhere, it anchors the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Entries of the chain.
    pub length: u64,
    /// Digest of the last link, in hexadecimal digits.
    pub head: String,
    /// When it was signed.
    pub time: Timestamp,
    /// Signature over the above.
    pub signature: Signature,
}

impl Checkpoint {
    /// Signs the present state of a chain.
    ///
    /// # Errors
    /// When the library fails.
    pub fn sign(chain: &HashChain, time: Timestamp, signer: &KeyPair) -> Result<Self, CryptoError> {
        let head = hex::encode(chain.head);
        let signature = signer.sign(&checkpoint_digest(chain.length, &head, time))?;
        Ok(Self { length: chain.length, head, time, signature })
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn verify(&self, signer: &PublicKey) -> Result<(), CryptoError> {
        signer.verify(&checkpoint_digest(self.length, &self.head, self.time), &self.signature)
    }

    /// Checks that a verified chain, cut to the checkpoint's length, ends as the checkpoint says.
    ///
    /// # Errors
    /// The entry that is missing, or the last one when it differs.
    pub fn anchors(&self, chain: &HashChain) -> Result<(), FirstBad> {
        if chain.length < self.length {
            return Err(FirstBad { sequence: chain.length, reason: BadReason::CutOff });
        }
        let same = chain.length == self.length && self.head == hex::encode(chain.head);
        let sequence = self.length.saturating_sub(1);
        if same { Ok(()) } else { Err(FirstBad { sequence, reason: BadReason::Digest }) }
    }
}

fn checkpoint_digest(length: u64, head: &str, time: Timestamp) -> [u8; 32] {
    sm3_of_parts(&[b"fengsui checkpoint v1", &length.to_be_bytes(), head.as_bytes(), &time.as_nanos().to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn log(entries: usize) -> (Vec<(Vec<u8>, Link)>, HashChain) {
        let mut chain = HashChain::new();
        let entries = (0..entries).map(|number| {
            let entry = format!("entry {number}").into_bytes();
            let link = chain.append(&entry);
            (entry, link)
        });
        (entries.collect(), chain)
    }

    #[test]
    fn links_are_as_documented() {
        let mut chain = HashChain::new();
        let link = chain.append(b"a");
        let leaf = crate::sm3(b"\0a");
        assert_eq!(link.digest, crate::sm3(&[&[1][..], &[0; 32], &leaf].concat()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn every_change_is_found_where_it_is(kind in 0..4, at in 0_usize..20, bit in 0_usize..56) {
            let (mut entries, chain) = log(20);
            match kind {
                0 => entries[at].0[bit / 8] ^= 1 << (bit % 8),
                1 => entries[at].1.digest[bit / 8] ^= 1 << (bit % 8),
                2 => drop(entries.remove(at.min(18))),
                _ => entries.swap(at.min(18), at.min(18) + 1),
            }
            let expected = if kind < 2 { at } else { at.min(18) };
            let found = HashChain::new().verify(entries.clone()).expect_err("is found");
            prop_assert_eq!(found.sequence, expected as u64);
            // What follows a change can't be linked to it again without changing the head.
            let mut forged = HashChain::new();
            for (entry, _) in &entries {
                forged.append(entry);
            }
            prop_assert!(kind == 1 || forged.head() != chain.head());
        }
    }

    #[test]
    fn checkpoints_find_a_cut_end_and_a_rewritten_log() {
        let key = KeyPair::generate().expect("key");
        let (entries, chain) = log(10);
        let checkpoint = Checkpoint::sign(&chain, Timestamp::EPOCH, &key).expect("signs");
        checkpoint.verify(&key.public()).expect("fits");
        checkpoint.anchors(&HashChain::new().verify(entries.clone()).expect("sound")).expect("anchors");
        let cut = HashChain::new().verify(entries[..8].to_vec()).expect("sound");
        assert_eq!(checkpoint.anchors(&cut), Err(FirstBad { sequence: 8, reason: BadReason::CutOff }));
        let mut rewritten = HashChain::new();
        for _ in 0..10 {
            rewritten.append(b"nothing happened");
        }
        assert!(checkpoint.anchors(&rewritten).is_err());
        let forged = Checkpoint { length: 8, ..checkpoint };
        assert!(forged.verify(&key.public()).is_err());
    }

    #[test]
    fn a_chain_resumes() {
        let (entries, chain) = log(10);
        let half = HashChain::new().verify(entries[..5].to_vec()).expect("sound");
        let resumed = HashChain::resume(half.length(), *half.head());
        assert_eq!(resumed.verify(entries[5..].to_vec()), Ok(chain));
    }
}
