//! Secret keys of masks, and what is prepared from them once for a whole column.

use fengsui_crypto::HmacKey;

use super::ff1::Ff1;

/// Secret key of a policy, 32 bytes. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct MaskKey([u8; 32]);

impl MaskKey {
    /// A key of 32 random bytes, made by the caller.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// HMAC-SM3 of parts under a key that belongs to one purpose.
    #[must_use]
    pub fn derive(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let own = fengsui_crypto::hmac_sm3(&self.0, purpose.as_bytes());
        fengsui_crypto::hmac_sm3(&own, &fengsui_crypto::sm3_of_parts(parts))
    }

    /// A prepared key of HMAC-SM3 for one purpose and context.
    pub(crate) fn prepared(&self, purpose: &str, context: &[u8]) -> HmacKey {
        HmacKey::new(&self.derive(purpose, &[context]))
    }
}

impl std::fmt::Debug for MaskKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MaskKey(…)")
    }
}

/// A key prepared for one domain, named by its tweak: values of different domains never join.
#[derive(Debug)]
pub struct MaskKeys {
    hash: HmacKey,
    draw: HmacKey,
    pub(super) ff1: Ff1,
}

impl MaskKeys {
    /// Prepares a key. Columns that must not join have different tweaks, recipients too.
    #[must_use]
    pub fn new(key: &MaskKey, tweak: &[u8]) -> Self {
        Self {
            hash: key.prepared("hash", tweak),
            draw: key.prepared("draw", tweak),
            ff1: Ff1::new(&key.derive("ff1", &[tweak])),
        }
    }

    /// HMAC-SM3 of a value for one function.
    pub(super) fn digest(&self, function: &str, value: &str) -> [u8; 32] {
        self.hash.tag(&[function.as_bytes(), &[0], value.as_bytes()])
    }

    /// A number drawn for a value and one function.
    pub(super) fn number(&self, function: &str, value: &[u8]) -> u64 {
        let digest = self.draw.tag(&[function.as_bytes(), &[0], value]);
        digest[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}
