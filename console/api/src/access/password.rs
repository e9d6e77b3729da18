//! Password rules, hashes and passwords that work once.

use std::fmt::Write as _;

use fengsui_crypto::{hmac_sm3, random_bytes};
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, ApiResult};
use crate::limits::PASSWORD_BYTES;

/// Which rules passwords follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PasswordProfile {
    /// GB/T 22239-2019 8.1.4.1, level three: 12 characters of 3 classes, changed every 90 days, the last 5 not again.
    #[default]
    Mlps3,
    /// OWASP ASVS 5.0 6.2: 12 characters of any kind, no forced change, the well-known ones refused.
    Asvs,
}

impl PasswordProfile {
    /// Days after which a password has to be changed.
    pub(crate) const fn days_valid(self) -> Option<i64> {
        match self {
            Self::Mlps3 => Some(90),
            Self::Asvs => None,
        }
    }

    /// How many former passwords may not come back.
    pub(crate) const fn remembered(self) -> i64 {
        match self {
            Self::Mlps3 => 5,
            Self::Asvs => 1,
        }
    }
}

const LEAST_CHARACTERS: usize = 12;
const LEAST_CLASSES: usize = 3;
const ALGORITHM: &str = "pbkdf2-hmac-sm3";

/// Pieces that make a password easy to guess, in lower case.
const WELL_KNOWN: [&str; 12] = [
    "password", "passw0rd", "p@ssw0rd", "123456", "qwerty", "admin", "abcdef", "111111", "000000", "iloveyou",
    "fengsui", "letmein",
];

/// Checks a password that somebody chose.
pub(crate) fn check_new_password(profile: PasswordProfile, username: &str, password: &str) -> ApiResult<()> {
    let refuse = |zh: &str, en: &str| Err(ApiError::invalid("new_password", zh, en));
    if password.chars().count() < LEAST_CHARACTERS {
        return refuse("密码至少12个字符", "a password has at least 12 characters");
    }
    if password.len() > PASSWORD_BYTES {
        return refuse("密码过长", "a password has at most 256 bytes");
    }
    if profile == PasswordProfile::Mlps3 && classes(password) < LEAST_CLASSES {
        return refuse(
            "密码须包含大写、小写、数字、符号中的至少三类",
            "a password has three of: upper case, lower case, digits, others",
        );
    }
    let lower = password.to_lowercase();
    if lower.contains(&username.to_lowercase()) || WELL_KNOWN.iter().any(|piece| lower.contains(piece)) {
        return refuse("密码过于常见或包含用户名", "the password holds the user name or a well-known piece");
    }
    Ok(())
}

fn classes(password: &str) -> usize {
    let has = |class: fn(char) -> bool| usize::from(password.chars().any(class));
    has(|c| c.is_ascii_uppercase())
        + has(|c| c.is_ascii_lowercase())
        + has(|c| c.is_ascii_digit())
        + has(|c| !c.is_ascii_alphanumeric())
}

/// The text that is kept of a password: algorithm, rounds, salt and PBKDF2-HMAC-SM3.
pub(crate) fn hash_password(password: &str, rounds: u32) -> Result<String, ApiError> {
    let salt: [u8; 16] = random_bytes().map_err(|error| ApiError::internal(&error))?;
    let derived = pbkdf2(password.as_bytes(), &salt, rounds);
    Ok(format!("${ALGORITHM}$i={rounds}${}${}", hex::encode(salt), hex::encode(derived)))
}

/// Whether a password is the one a kept text was made from.
pub(crate) fn verify_password(password: &str, kept: &str) -> bool {
    let Some((rounds, salt, expected)) = parse(kept) else { return false };
    let derived = pbkdf2(password.as_bytes(), &salt, rounds);
    derived.len() == expected.len() && derived.iter().zip(&expected).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

fn parse(kept: &str) -> Option<(u32, Vec<u8>, Vec<u8>)> {
    let mut parts = kept.split('$').skip(1);
    (parts.next()? == ALGORITHM).then_some(())?;
    let rounds = parts.next()?.strip_prefix("i=")?.parse().ok()?;
    Some((rounds, hex::decode(parts.next()?).ok()?, hex::decode(parts.next()?).ok()?))
}

/// One block of PBKDF2 (RFC 8018) with HMAC-SM3: 32 bytes are enough, so block 1 is the result.
fn pbkdf2(password: &[u8], salt: &[u8], rounds: u32) -> [u8; 32] {
    let mut block = hmac_sm3(password, &[salt, &1_u32.to_be_bytes()].concat());
    let mut result = block;
    for _ in 1..rounds {
        block = hmac_sm3(password, &block);
        result.iter_mut().zip(block).for_each(|(all, byte)| *all ^= byte);
    }
    result
}

/// A random password that works once: 20 characters without look-alikes, of four classes, 96 bits and more.
pub(crate) fn one_time_password() -> Result<String, ApiError> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let bytes: [u8; 20] = random_bytes().map_err(|error| ApiError::internal(&error))?;
    let mut text = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index % 5 == 0 {
            text.push('-');
        }
        let letter = char::from(LETTERS[usize::from(byte % 32)]);
        let letter = if index % 2 == 0 { letter } else { letter.to_ascii_lowercase() };
        let _ = write!(text, "{letter}");
    }
    text.push_str("-7");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_verifies_its_password_and_no_other() {
        let kept = hash_password("Long-Enough-2026", 10).expect("hashes");
        assert!(kept.starts_with("$pbkdf2-hmac-sm3$i=10$"));
        assert!(verify_password("Long-Enough-2026", &kept));
        assert!(!verify_password("long-Enough-2026", &kept));
        assert!(!verify_password("x", "$argon2$i=1$00$00"));
    }

    #[test]
    fn the_profile_of_level_three_wants_length_and_classes() {
        let check = |password| check_new_password(PasswordProfile::Mlps3, "wang", password).is_ok();
        assert!(check("Gaolan-2026-xue"));
        for weak in ["Short-1a", "alllowercaseletters", "Wang-is-My-Name-1", "Password-2026-xx", "        1a", ""] {
            assert!(!check(weak), "{weak}");
        }
        assert!(check_new_password(PasswordProfile::Asvs, "wang", "alllowercaseletters").is_ok());
    }

    #[test]
    fn one_time_passwords_pass_the_profile_and_differ() {
        let (one, other) = (one_time_password().expect("random"), one_time_password().expect("random"));
        assert_ne!(one, other);
        assert!(check_new_password(PasswordProfile::Mlps3, "u", &one).is_ok() || one.to_lowercase().contains('u'));
    }
}
