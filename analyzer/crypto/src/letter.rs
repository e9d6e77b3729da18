//! Data sealed for the owner of an SM2 key: a drawn key encrypted with SM2 (GB/T 32918.4), and the data sealed under it.
//!
//! Form: `fengsui letter 1` and a line feed, length of the encrypted key (2 bytes, big endian), the encrypted key in DER
//! (GM/T 0009), the sealed data of [`SealingKey`]. What stands before the sealed data is its context, so that no part can be
//! exchanged for that of another letter.

use crate::{CryptoError, KeyPair, PublicKey, SealingKey, Secret, random_bytes};

const MARK: &[u8] = b"fengsui letter 1\n";

/// Seals data for the owner of a public key. Nobody else can open it, the sender neither; who sealed it is not told: sign it too.
///
/// # Errors
/// When there is no randomness.
pub fn seal_for(recipient: &PublicKey, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let secret = Secret::new(random_bytes::<32>()?);
    let key = recipient.encrypt(secret.expose())?;
    let length = u16::try_from(key.len()).map_err(|_| CryptoError::Message("the encrypted key is too long"))?;
    let mut letter = MARK.to_vec();
    letter.extend_from_slice(&length.to_be_bytes());
    letter.extend_from_slice(&key);
    let sealed = SealingKey::new(&secret).seal(data, &letter)?;
    letter.extend_from_slice(&sealed);
    Ok(letter)
}

/// Opens what [`seal_for`] made.
///
/// # Errors
/// [`CryptoError::Unseal`], whatever is wrong with it.
pub fn open_letter(owner: &KeyPair, letter: &[u8]) -> Result<Secret<Vec<u8>>, CryptoError> {
    let rest = letter.strip_prefix(MARK).ok_or(CryptoError::Unseal)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(CryptoError::Unseal)?;
    let (key, sealed) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(CryptoError::Unseal)?;
    let context = letter.get(..letter.len() - sealed.len()).ok_or(CryptoError::Unseal)?;
    let opened = owner.decrypt(key)?;
    let secret: [u8; 32] = opened.expose().as_slice().try_into().map_err(|_| CryptoError::Unseal)?;
    SealingKey::new(&Secret::new(secret)).open(sealed, context)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_owner_opens_a_letter_and_two_letters_differ() {
        let (owner, other) = (KeyPair::generate().expect("drawn"), KeyPair::generate().expect("drawn"));
        for data in [b"".as_slice(), b"\0\0abc", &[7; 100_000]] {
            let letter = seal_for(&owner.public(), data).expect("sealed");
            assert_eq!(open_letter(&owner, &letter).expect("opened").expose(), data);
            assert!(matches!(open_letter(&other, &letter), Err(CryptoError::Unseal)));
            assert_ne!(letter, seal_for(&owner.public(), data).expect("sealed"));
        }
    }

    #[test]
    fn parts_of_two_letters_do_not_fit_each_other() {
        let owner = KeyPair::generate().expect("drawn");
        let seal = || seal_for(&owner.public(), b"data").expect("sealed");
        let (one, other) = (seal(), seal());
        let sealed = |letter: &[u8]| letter[letter.len() - (1 + 16 + 4 + 32)..].to_vec();
        let mixed = [&one[..one.len() - sealed(&one).len()], &sealed(&other)].concat();
        assert!(matches!(open_letter(&owner, &mixed), Err(CryptoError::Unseal)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn every_change_and_cut_is_noticed(data: Vec<u8>, at: prop::sample::Index, bit in 0..8_u8, cut: bool) {
            let owner = KeyPair::generate().expect("drawn");
            let mut letter = seal_for(&owner.public(), &data).expect("sealed");
            let place = at.index(letter.len());
            if cut { letter.truncate(place) } else { letter[place] ^= 1 << bit }
            prop_assert!(matches!(open_letter(&owner, &letter), Err(CryptoError::Unseal)));
        }
    }
}
