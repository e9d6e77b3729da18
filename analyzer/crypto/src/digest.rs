//! SM3 (GB/T 32905-2016) and HMAC-SM3.

use hmac::{KeyInit, Mac};
use sm3::Digest;

/// SM3 over bytes that come in pieces.
#[derive(Debug, Clone, Default)]
pub struct Sm3(sm3::Sm3);

impl Sm3 {
    /// A digest over nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of everything taken in.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// SM3 of some bytes.
#[must_use]
pub fn sm3(bytes: &[u8]) -> [u8; 32] {
    sm3::Sm3::digest(bytes).into()
}

/// SM3 over several parts, each preceded by its length (8 bytes, little endian), so that moving a byte
/// from one part to the next changes the digest.
#[must_use]
pub fn sm3_of_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sm3::new();
    for part in parts {
        digest.update(&(part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.finish()
}

/// HMAC-SM3 (RFC 2104 with SM3) of some bytes under a key of any length.
#[must_use]
pub fn hmac_sm3(key: &[u8], bytes: &[u8]) -> [u8; 32] {
    HmacKey::new(key).tag(&[bytes])
}

/// A key of HMAC-SM3 of which the first steps are done once: half the work for short messages.
#[derive(Clone)]
pub struct HmacKey(hmac::Hmac<sm3::Sm3>);

impl HmacKey {
    /// Prepares a key of any length.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        // HMAC takes keys of every length, so the error can't happen; an empty key is the same as its absence.
        Self(
            hmac::Hmac::<sm3::Sm3>::new_from_slice(key)
                .unwrap_or_else(|_| hmac::Hmac::<sm3::Sm3>::new(&hmac::digest::Key::<hmac::Hmac<sm3::Sm3>>::default())),
        )
    }

    /// HMAC-SM3 of the parts one after the other, without lengths between them.
    #[must_use]
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HmacKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_gb_t_32905() {
        assert_eq!(hex::encode(sm3(b"abc")), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
        assert_eq!(
            hex::encode(sm3(&b"abcd".repeat(16))),
            "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
        );
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(sm3_of_parts(&[b"ab", b"c"]), sm3_of_parts(&[b"a", b"bc"]));
    }
}
