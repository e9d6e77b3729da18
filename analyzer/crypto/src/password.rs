//! Passwords: PBKDF2 with HMAC-SM3 (RFC 8018 section 5.2, GM/T 0091-2020).
//!
//! Stored as `$pbkdf2-hmac-sm3$i=ROUNDS$SALT$HASH`, salt and hash in base64 without padding, so that rounds can be
//! raised while old hashes still verify.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::{CryptoError, equal_in_constant_time, limits, random_bytes};

/// Rounds of new hashes.
pub const DEFAULT_PASSWORD_ROUNDS: u32 = 200_000;
const NAME: &str = "pbkdf2-hmac-sm3";
const HASH_BYTES: usize = 32;
const SALT_BYTES: usize = 16;

/// The string to store for a password.
///
/// # Errors
/// When the password is longer than [`limits::PASSWORD_BYTES`] or there is no randomness.
pub fn hash_password(password: &str) -> Result<String, CryptoError> {
    hash_password_with(password, DEFAULT_PASSWORD_ROUNDS)
}

/// As [`hash_password`] with a number of rounds between 1 and [`limits::PASSWORD_ROUNDS`].
///
/// # Errors
/// As [`hash_password`].
pub fn hash_password_with(password: &str, rounds: u32) -> Result<String, CryptoError> {
    let rounds = rounds.clamp(1, limits::PASSWORD_ROUNDS);
    let salt = random_bytes::<SALT_BYTES>()?;
    let hash = derive(password, &salt, rounds)?;
    Ok(format!("${NAME}$i={rounds}${}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash)))
}

/// Whether a password fits a stored string. Takes as long for a wrong password as for the right one.
///
/// # Errors
/// [`CryptoError::PasswordHash`] when the stored string can't be understood.
pub fn verify_password(password: &str, stored: &str) -> Result<bool, CryptoError> {
    let (rounds, salt, hash) = parse(stored).ok_or(CryptoError::PasswordHash)?;
    Ok(equal_in_constant_time(&derive(password, &salt, rounds)?, &hash))
}

/// Whether a stored string was made with fewer rounds than new ones, so that it should be made again at the next login.
#[must_use]
pub fn password_needs_rehash(stored: &str) -> bool {
    parse(stored).is_none_or(|(rounds, _, _)| rounds < DEFAULT_PASSWORD_ROUNDS)
}

fn parse(stored: &str) -> Option<(u32, Vec<u8>, Vec<u8>)> {
    let mut parts = stored.strip_prefix('$')?.split('$');
    let (name, rounds) = (parts.next()?, parts.next()?.strip_prefix("i=")?.parse().ok()?);
    let (salt, hash) = (STANDARD_NO_PAD.decode(parts.next()?).ok()?, STANDARD_NO_PAD.decode(parts.next()?).ok()?);
    let sound = name == NAME
        && parts.next().is_none()
        && (1..=limits::PASSWORD_ROUNDS).contains(&rounds)
        && hash.len() == HASH_BYTES
        && (8..=64).contains(&salt.len());
    sound.then_some((rounds, salt, hash))
}

fn derive(password: &str, salt: &[u8], rounds: u32) -> Result<[u8; HASH_BYTES], CryptoError> {
    if password.len() > limits::PASSWORD_BYTES {
        return Err(CryptoError::Message("a password has at most 1,024 bytes"));
    }
    let mut hash = [0; HASH_BYTES];
    pbkdf2::pbkdf2::<hmac::Hmac<sm3::Sm3>>(password.as_bytes(), salt, rounds, &mut hash)
        .map_err(|_| CryptoError::Message("the password could not be hashed"))?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hmac_sm3;

    /// RFC 8018 section 5.2 word by word, for one block.
    fn by_the_book(password: &str, salt: &[u8], rounds: u32) -> [u8; 32] {
        let mut last = hmac_sm3(password.as_bytes(), &[salt, &1_u32.to_be_bytes()].concat());
        let mut sum = last;
        for _ in 1..rounds {
            last = hmac_sm3(password.as_bytes(), &last);
            sum.iter_mut().zip(last).for_each(|(sum, byte)| *sum ^= byte);
        }
        sum
    }

    #[test]
    fn derivation_is_the_standards() {
        for (password, rounds) in [("", 1), ("password", 2), ("密码", 57)] {
            assert_eq!(
                derive(password, b"saltsalt", rounds).expect("derives"),
                by_the_book(password, b"saltsalt", rounds)
            );
        }
    }

    #[test]
    fn only_the_right_password_fits() {
        let stored = hash_password_with("correct horse", 10).expect("hashes");
        assert!(stored.starts_with("$pbkdf2-hmac-sm3$i=10$"));
        assert!(verify_password("correct horse", &stored).expect("reads"));
        assert!(!verify_password("correct hors", &stored).expect("reads"));
        assert_ne!(hash_password_with("correct horse", 10).expect("hashes"), stored);
        assert!(password_needs_rehash(&stored));
    }

    #[test]
    fn broken_strings_are_errors() {
        let stored = hash_password_with("x", 1).expect("hashes");
        let many = stored.replace("i=1", "i=4000000000");
        for broken in
            ["", "$", "$2b$10$abc", "$pbkdf2-hmac-sm3$i=1$$", &stored[1..], many.as_str(), &format!("{stored}$")]
        {
            assert!(matches!(verify_password("x", broken), Err(CryptoError::PasswordHash)), "{broken}");
        }
        assert!(hash_password_with(&"x".repeat(2000), 1).is_err());
    }
}
