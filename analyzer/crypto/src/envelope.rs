//! A signed message: what kind it is, who signed it, and the payload.
//!
//! Form: version (1 byte), length of the kind (1), kind, key id (32), signature (64), payload. The signature covers
//! all of it but itself, so that a task can't be passed off as a rule bundle.

use crate::{CryptoError, KeyId, KeyPair, PublicKey, Signature, limits, sm3_of_parts};

const VERSION: u8 = 1;

/// A signed message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What it is, such as `task` or `rules`.
    pub kind: String,
    /// The signer's key.
    pub key: KeyId,
    /// Signature over kind, key and payload.
    pub signature: Signature,
    payload: Vec<u8>,
}

impl Envelope {
    /// Signs a message.
    ///
    /// # Errors
    /// When kind or payload are too long, or the library fails.
    pub fn sign(signer: &KeyPair, kind: &str, payload: Vec<u8>) -> Result<Self, CryptoError> {
        if kind.len() > limits::ENVELOPE_KIND_BYTES || payload.len() > limits::ENVELOPE_PAYLOAD_BYTES {
            return Err(CryptoError::Message("kind or payload is too long for an envelope"));
        }
        let key = signer.public().id();
        let signature = signer.sign(&covered(kind, key, &payload))?;
        Ok(Self { kind: kind.to_owned(), key, signature, payload })
    }

    /// The payload, when the envelope is of the kind expected and its signature fits the key.
    ///
    /// # Errors
    /// When it is of another kind, names another key, or the signature does not fit.
    pub fn open(&self, kind: &str, signer: &PublicKey) -> Result<&[u8], CryptoError> {
        if self.kind != kind {
            return Err(CryptoError::Envelope("is of another kind"));
        }
        if self.key != signer.id() {
            return Err(CryptoError::Signature);
        }
        signer.verify(&covered(&self.kind, self.key, &self.payload), &self.signature)?;
        Ok(&self.payload)
    }

    /// The envelope as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let length = u8::try_from(self.kind.len()).unwrap_or(u8::MAX);
        let mut bytes = vec![VERSION, length];
        bytes.extend_from_slice(&self.kind.as_bytes()[..usize::from(length)]);
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.extend_from_slice(self.signature.as_bytes());
        bytes.extend_from_slice(&self.payload);
        bytes
    }

    /// Reads bytes that [`Envelope::encode`] made. Nothing is trusted before [`Envelope::open`].
    ///
    /// # Errors
    /// When the bytes are cut, too long, or of another version.
    pub fn decode(bytes: &[u8]) -> Result<Self, CryptoError> {
        const CUT: CryptoError = CryptoError::Envelope("is cut");
        let (&[version, length], rest) = bytes.split_first_chunk::<2>().ok_or(CUT)?;
        if version != VERSION {
            return Err(CryptoError::Envelope("is of another version"));
        }
        let (kind, rest) = rest.split_at_checked(usize::from(length)).ok_or(CUT)?;
        let (key, rest) = rest.split_first_chunk::<32>().ok_or(CUT)?;
        let (signature, payload) = rest.split_first_chunk::<64>().ok_or(CUT)?;
        let kind = std::str::from_utf8(kind).map_err(|_| CryptoError::Envelope("has a kind that is no UTF-8"))?;
        if kind.len() > limits::ENVELOPE_KIND_BYTES || payload.len() > limits::ENVELOPE_PAYLOAD_BYTES {
            return Err(CryptoError::Envelope("is too long"));
        }
        Ok(Self {
            kind: kind.to_owned(),
            key: KeyId::from_bytes(*key),
            signature: Signature::from_bytes(*signature),
            payload: payload.to_vec(),
        })
    }
}

fn covered(kind: &str, key: KeyId, payload: &[u8]) -> [u8; 32] {
    sm3_of_parts(&[b"fengsui envelope v1", kind.as_bytes(), key.as_bytes(), payload])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_for_its_kind_and_signer_only() {
        let (signer, other) = (KeyPair::generate().expect("key"), KeyPair::generate().expect("key"));
        let envelope = Envelope::sign(&signer, "task", b"block".to_vec()).expect("signs");
        let bytes = envelope.encode();
        let read = Envelope::decode(&bytes).expect("reads");
        assert_eq!(read, envelope);
        assert_eq!(read.open("task", &signer.public()).expect("opens"), b"block");
        assert!(read.open("rules", &signer.public()).is_err());
        assert!(read.open("task", &other.public()).is_err());
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let opened = Envelope::decode(&changed).and_then(|e| e.open("task", &signer.public()).map(<[u8]>::to_vec));
            assert!(opened.is_err(), "byte {place}");
        }
        assert!((0..bytes.len() - 5).all(|length| Envelope::decode(&bytes[..length]).is_err()));
    }
}
