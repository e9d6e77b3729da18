//! Reconciliation: both ends of a stream compare digests of [`limits::BUCKET_MESSAGES`] messages at a time, and what
//! one of them has lost since is sent again. Acknowledgement says that a message arrived once; this finds that it is no
//! longer there.

use fengsui_crypto::Sm3;
use serde::{Deserialize, Serialize};

use super::batch::hex_text;
use crate::limits;

/// Digest of the messages of one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketDigest {
    /// Number of the bucket: messages `n * 1000 + 1` to `(n + 1) * 1000`.
    pub bucket: u64,
    /// How many of them there are.
    pub count: u64,
    /// SM3 over their numbers and digests, in hexadecimal digits.
    pub digest: String,
}

impl BucketDigest {
    /// The last number that can be in the bucket.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.bucket.saturating_add(1).saturating_mul(limits::BUCKET_MESSAGES)
    }
}

/// Bucket of a message.
const fn bucket_of(seq: u64) -> u64 {
    seq.saturating_sub(1) / limits::BUCKET_MESSAGES
}

/// Digests of the buckets of some messages (number and digest), which come in order.
#[must_use]
pub fn buckets(messages: impl IntoIterator<Item = (u64, [u8; 32])>) -> Vec<BucketDigest> {
    let mut done = Vec::new();
    let mut open: Option<(u64, u64, Sm3)> = None;
    for (seq, link) in messages {
        let bucket = bucket_of(seq);
        let (_, mut count, mut digest) = match open.take() {
            Some(open) if open.0 == bucket => open,
            other => {
                done.extend(other.map(close));
                (bucket, 0, Sm3::new())
            }
        };
        digest.update(&seq.to_be_bytes());
        digest.update(&link);
        count += 1;
        open = Some((bucket, count, digest));
    }
    done.extend(open.map(close));
    done
}

fn close((bucket, count, digest): (u64, u64, Sm3)) -> BucketDigest {
    BucketDigest { bucket, count, digest: hex_text(&digest.finish()) }
}

/// Numbers (first and last) of the buckets of `theirs`, the sender's, that the receiver does not hold the same way.
#[must_use]
pub fn differing(ours: &[BucketDigest], theirs: &[BucketDigest]) -> Vec<(u64, u64)> {
    let missing = theirs.iter().filter(|bucket| !ours.contains(bucket));
    let range = |bucket: &BucketDigest| {
        let first = bucket.bucket.saturating_mul(limits::BUCKET_MESSAGES);
        (first.saturating_add(1), first.saturating_add(limits::BUCKET_MESSAGES))
    };
    missing.map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(count: u64) -> Vec<(u64, [u8; 32])> {
        (1..=count).map(|seq| (seq, [u8::try_from(seq % 251).expect("small"); 32])).collect()
    }

    #[test]
    fn a_lost_message_shows_in_its_bucket_alone() {
        let whole = buckets(stream(2_500));
        assert_eq!(whole.iter().map(|bucket| bucket.count).collect::<Vec<_>>(), [1_000, 1_000, 500]);
        let mut damaged = stream(2_500);
        damaged.remove(1_000);
        assert_eq!(differing(&buckets(damaged), &whole), [(1_001, 2_000)]);
        assert!(differing(&whole, &whole).is_empty());
        assert_eq!(differing(&[], &whole).len(), 3);
    }
}
