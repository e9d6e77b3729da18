//! Sealed data: SM4 in counter mode (GB/T 32907, GB/T 17964), then HMAC-SM3 over everything (encrypt-then-MAC).
//!
//! Form: version (1 byte), nonce (16), encrypted data, tag (32). The tag covers the context's length and bytes, the
//! version, the nonce and the encrypted data. Two keys, one for each step, are derived from one by HMAC-SM3.

use sm4::Sm4;
use sm4::cipher::{Block, BlockCipherEncrypt, KeyInit};

use crate::{CryptoError, Secret, equal_in_constant_time, hmac_sm3, random_bytes};

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 16;
const TAG_BYTES: usize = 32;
const HEADER_BYTES: usize = 1 + NONCE_BYTES;

/// A key that seals data at rest or on the way.
pub struct SealingKey {
    cipher: Sm4,
    authentication: Secret<[u8; 32]>,
}

impl SealingKey {
    /// From 32 secret bytes.
    #[must_use]
    pub fn new(secret: &Secret<[u8; 32]>) -> Self {
        let encryption = Secret::new(hmac_sm3(secret.expose(), b"fengsui seal v1 encrypt"));
        let (half, _) = encryption.expose().split_at(16);
        let mut key = [0; 16];
        key.copy_from_slice(half);
        let authentication = Secret::new(hmac_sm3(secret.expose(), b"fengsui seal v1 authenticate"));
        Self { cipher: Sm4::new(&key.into()), authentication }
    }

    /// Seals data. `context` (such as the table and row it belongs to) is not stored; the same is needed to open it.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn seal(&self, data: &[u8], context: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let nonce = random_bytes::<NONCE_BYTES>()?;
        let mut sealed = Vec::with_capacity(HEADER_BYTES + data.len() + TAG_BYTES);
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(data);
        self.apply_keystream(nonce, &mut sealed[HEADER_BYTES..]);
        let tag = self.tag(&sealed, context);
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// Opens sealed data. The tag is checked before anything is decrypted.
    ///
    /// # Errors
    /// [`CryptoError::Unseal`], whatever is wrong with it.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Secret<Vec<u8>>, CryptoError> {
        let (body, tag) = sealed.split_last_chunk::<TAG_BYTES>().ok_or(CryptoError::Unseal)?;
        let (&version, rest) = body.split_first().ok_or(CryptoError::Unseal)?;
        let (nonce, data) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(CryptoError::Unseal)?;
        if !equal_in_constant_time(&self.tag(body, context), tag) || version != VERSION {
            return Err(CryptoError::Unseal);
        }
        let mut data = data.to_vec();
        self.apply_keystream(*nonce, &mut data);
        Ok(Secret::new(data))
    }

    fn tag(&self, body: &[u8], context: &[u8]) -> [u8; TAG_BYTES] {
        let mut covered = Vec::with_capacity(8 + context.len() + body.len());
        covered.extend_from_slice(&(context.len() as u64).to_be_bytes());
        covered.extend_from_slice(context);
        covered.extend_from_slice(body);
        hmac_sm3(self.authentication.expose(), &covered)
    }

    /// Counter mode: block n of the stream is the encryption of nonce + n.
    fn apply_keystream(&self, nonce: [u8; NONCE_BYTES], data: &mut [u8]) {
        let mut counter = u128::from_be_bytes(nonce);
        for chunk in data.chunks_mut(16) {
            let mut block = Block::<Sm4>::from(counter.to_be_bytes());
            self.cipher.encrypt_block(&mut block);
            chunk.iter_mut().zip(block).for_each(|(byte, key)| *byte ^= key);
            counter = counter.wrapping_add(1);
        }
    }
}

/// One block encrypted with SM4 (GB/T 32907-2016).
#[must_use]
pub fn sm4_encrypt_block(key: &[u8; 16], block: &[u8; 16]) -> [u8; 16] {
    let mut block = Block::<Sm4>::from(*block);
    Sm4::new(&(*key).into()).encrypt_block(&mut block);
    block.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn example_of_gb_t_32907() {
        let key = *b"\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10";
        assert_eq!(hex::encode(sm4_encrypt_block(&key, &key)), "681edf34d206965e86b3e94f536e4246");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn sealed_data_opens_only_whole_and_in_its_context(data: Vec<u8>, context: Vec<u8>, bit: prop::sample::Index) {
            let key = SealingKey::new(&Secret::new([7; 32]));
            let mut sealed = key.seal(&data, &context).expect("seals");
            let opened = key.open(&sealed, &context).expect("opens");
            prop_assert_eq!(opened.expose(), &data);
            prop_assert!(key.open(&sealed, &[&context[..], b"x"].concat()).is_err());
            prop_assert!(SealingKey::new(&Secret::new([8; 32])).open(&sealed, &context).is_err());
            let bit = bit.index(sealed.len() * 8);
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(key.open(&sealed, &context).is_err());
        }

        #[test]
        fn any_bytes_are_an_answer(bytes: Vec<u8>) {
            prop_assert!(SealingKey::new(&Secret::new([7; 32])).open(&bytes, b"").is_err());
        }
    }
}
