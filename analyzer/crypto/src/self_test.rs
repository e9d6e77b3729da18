//! The self-test at start (GM/T 0028 calls for one): published examples, and agreement with a second, independent
//! implementation, the crate sm-crypto. That crate sees values of our own only, never outside data; see
//! docs/adr/0003-sm-crypto.md for what of it must not be called.

use sm_crypto::sm2::Verify;
use sm_crypto::sm3::sm3_hash;
use sm_crypto::sm4::CryptSM4ECB;

use crate::{CryptoError, KeyPair, Secret, sm3, sm4_encrypt_block};

/// The key, block and digest of the standards' examples.
const SM4_EXAMPLE: [u8; 16] = *b"\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10";
const SM4_RESULT: [u8; 16] = *b"\x68\x1e\xdf\x34\xd2\x06\x96\x5e\x86\xb3\xe9\x4f\x53\x6e\x42\x46";
const SM3_RESULT: &str = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";

/// Checks SM2, SM3 and SM4 against published examples and the second implementation; takes some tens of milliseconds.
///
/// # Errors
/// Which algorithm is wrong. The program must stop then.
pub fn self_test() -> Result<(), CryptoError> {
    test_sm3()?;
    test_sm4()?;
    test_sm2()
}

fn test_sm3() -> Result<(), CryptoError> {
    let long = [0x5a; 200];
    let agree = hex::encode(sm3(&long)) == sm3_hash(&long);
    pass("SM3", agree && hex::encode(sm3(b"abc")) == SM3_RESULT)
}

fn test_sm4() -> Result<(), CryptoError> {
    let ours = sm4_encrypt_block(&SM4_EXAMPLE, &SM4_EXAMPLE);
    let theirs = CryptSM4ECB::new(&SM4_EXAMPLE).encrypt_ecb(&SM4_EXAMPLE);
    pass("SM4", ours == SM4_RESULT && theirs.starts_with(&ours))
}

fn test_sm2() -> Result<(), CryptoError> {
    let key = KeyPair::from_secret(&Secret::new(SELF_TEST_KEY))?;
    let signature = key.sign(b"fengsui self-test")?;
    key.public().verify(b"fengsui self-test", &signature)?;
    pass("SM2", second_opinion(&key.public().to_bytes(), b"fengsui self-test", &signature.to_der()))
}

/// A key that signs nothing else.
const SELF_TEST_KEY: [u8; 32] = [0x42; 32];

/// Whether sm-crypto accepts a signature.
fn second_opinion(point: &[u8], message: &[u8], signature_der: &[u8]) -> bool {
    let point = hex::encode(point);
    Verify::new(&point).verify_der(message, signature_der, true)
}

fn pass(what: &'static str, passed: bool) -> Result<(), CryptoError> {
    if passed { Ok(()) } else { Err(CryptoError::SelfTest(what)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sm_crypto::sm2::Sign;
    use sm_crypto::sm4::CryptSM4ECB;

    use super::*;
    use crate::Signature;

    #[test]
    fn passes() {
        self_test().expect("passes");
    }

    #[test]
    fn a_wrong_signature_gets_no_second_opinion() {
        let key = KeyPair::from_secret(&Secret::new(SELF_TEST_KEY)).expect("key");
        let signature = key.sign(b"one").expect("signs");
        assert!(!second_opinion(&key.public().to_bytes(), b"two", &signature.to_der()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn digests_agree(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(hex::encode(sm3(&bytes)), sm3_hash(&bytes));
        }

        #[test]
        fn blocks_agree(key: [u8; 16], block: [u8; 16]) {
            let theirs = CryptSM4ECB::new(&key).encrypt_ecb(&block);
            prop_assert_eq!(&sm4_encrypt_block(&key, &block)[..], &theirs[..16]);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4))]

        #[test]
        fn signatures_agree_both_ways(secret: [u8; 32], message: Vec<u8>) {
            let Ok(key) = KeyPair::from_secret(&Secret::new(secret)) else { return Ok(()) };
            let ours = key.sign(&message).expect("signs");
            prop_assert!(second_opinion(&key.public().to_bytes(), &message, &ours.to_der()));
            let theirs = Sign::new(&hex::encode(secret)).sign_der(&message, true);
            let theirs = Signature::from_der(&theirs).expect("reads");
            prop_assert!(key.public().verify(&message, &theirs).is_ok());
        }
    }
}
