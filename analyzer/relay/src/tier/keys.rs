//! Who may sign what: keys of nodes and how nodes stand to each other.

use fengsui_crypto::{CryptoError, KeyId, KeyPair, Signature};

use super::{NodeId, Refusal};

/// Signs digests. An SM2 key pair; the simulation has a cheaper one.
pub trait Signer {
    /// Name of the key.
    fn key(&self) -> KeyId;

    /// Signs a digest.
    ///
    /// # Errors
    /// When the library fails.
    fn sign(&self, digest: &[u8; 32]) -> Result<Signature, CryptoError>;
}

impl Signer for KeyPair {
    fn key(&self) -> KeyId {
        self.public().id()
    }

    fn sign(&self, digest: &[u8; 32]) -> Result<Signature, CryptoError> {
        Self::sign(self, digest)
    }
}

/// How a node stands to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The node above this one, which it dials.
    Parent,
    /// A node directly below.
    Child,
    /// A node further up.
    Ancestor,
    /// A node further down.
    Descendant,
    /// This node.
    Own,
    /// None of them.
    Stranger,
}

/// Whether a key speaks for a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStanding {
    /// It does.
    Active,
    /// It did, until it was revoked.
    Revoked,
    /// It never did.
    Unknown,
}

/// The nodes this one knows and their keys.
pub trait Directory {
    /// How a node stands to this one.
    fn relation(&self, node: &NodeId) -> Relation;

    /// Whether `node` is `ancestor` itself or below it.
    fn is_within(&self, node: &NodeId, ancestor: &NodeId) -> bool;

    /// Whether a key speaks for a node; answered without work, so that strangers cost nothing.
    fn standing(&self, node: &NodeId, key: &KeyId) -> KeyStanding;

    /// Whether a signature of a digest fits a key of a node.
    fn fits(&self, node: &NodeId, key: &KeyId, digest: &[u8; 32], signature: &Signature) -> bool;

    /// Checks a signature; standing first.
    ///
    /// # Errors
    /// Why it is refused.
    fn check(&self, node: &NodeId, key: &KeyId, digest: &[u8; 32], signature: &Signature) -> Result<(), Refusal> {
        match self.standing(node, key) {
            KeyStanding::Unknown => Err(Refusal::UnknownKey),
            KeyStanding::Revoked => Err(Refusal::RevokedKey),
            KeyStanding::Active if self.fits(node, key, digest, signature) => Ok(()),
            KeyStanding::Active => Err(Refusal::Forged),
        }
    }
}

/// Key names as hexadecimal digits.
pub(crate) mod key_text {
    use fengsui_crypto::KeyId;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(key: &KeyId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(key)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<KeyId, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::super::batch::digest_of_text(&text)
            .map(KeyId::from_bytes)
            .ok_or_else(|| D::Error::custom("a key name is 64 hexadecimal digits"))
    }
}
