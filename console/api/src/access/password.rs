//! Password rules, hashes and passwords that work once.

use std::fmt::Write as _;

use fengsui_crypto::random_bytes;
use serde::{Deserialize, Serialize};

use super::guessable::is_guessable;
use crate::error::{ApiError, ApiResult};
use crate::limits::PASSWORD_BYTES;

/// Which rules passwords follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PasswordProfile {
    /// GB/T 22239-2019 8.1.4.1, level three: 12 characters of 3 classes, changed every 90 days, the last 5 not again.
    #[default]
    Mlps3,
    /// OWASP ASVS 5.0 6.2: 12 characters of any kind, no forced change, those that are guessed by rule refused.
    Asvs,
}

const LEAST_CLASSES: usize = 3;

const LEAST_DIFFERENT: usize = 5;

/// Pieces that make a password easy to guess, in lower case, one a line.
const WELL_KNOWN: &str = include_str!("../../data/guessed_passwords.txt");

/// Checks a password that somebody chose, of so many characters at least.
pub(crate) fn check_new_password(
    (profile, least): (PasswordProfile, usize),
    username: &str,
    password: &str,
) -> ApiResult<()> {
    let refuse = |zh: &str, en: &str| Err(ApiError::invalid("new_password", zh, en));
    if password.chars().count() < least {
        return refuse(&format!("密码至少{least}个字符"), &format!("a password has at least {least} characters"));
    }
    if password.len() > PASSWORD_BYTES {
        return refuse("密码过长", "a password has at most 256 bytes");
    }
    let different: std::collections::BTreeSet<char> = password.chars().collect();
    if different.len() < LEAST_DIFFERENT {
        return refuse("密码重复字符过多", "the password repeats too few characters");
    }
    if profile == PasswordProfile::Mlps3 && classes(password) < LEAST_CLASSES {
        return refuse(
            "密码须包含大写、小写、数字、符号中的至少三类",
            "a password has three of: upper case, lower case, digits, others",
        );
    }
    let lower = password.to_lowercase();
    if lower.contains(&username.to_lowercase()) || pieces().any(|piece| lower.contains(piece)) {
        return refuse("密码过于常见或包含用户名", "the password holds the user name or a well-known piece");
    }
    if profile == PasswordProfile::Asvs && is_guessable(password) {
        return refuse(
            "密码由常见单词、键盘顺序或日期拼成，容易被猜到",
            "the password is put together of common words, keyboard runs or dates",
        );
    }
    Ok(())
}

fn pieces() -> impl Iterator<Item = &'static str> {
    WELL_KNOWN.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn classes(password: &str) -> usize {
    let has = |class: fn(char) -> bool| usize::from(password.chars().any(class));
    has(|c| c.is_ascii_uppercase())
        + has(|c| c.is_ascii_lowercase())
        + has(|c| c.is_ascii_digit())
        + has(|c| !c.is_ascii_alphanumeric())
}

/// The text that is kept of a password.
pub(crate) fn hash_password(password: &str, rounds: u32) -> ApiResult<String> {
    fengsui_crypto::hash_password_with(password, rounds).map_err(|error| ApiError::internal(&error))
}

/// Whether a password is the one a kept text was made from; a text nobody understands fits no password.
pub(crate) fn verify_password(password: &str, kept: &str) -> bool {
    fengsui_crypto::verify_password(password, kept).unwrap_or_else(|error| {
        tracing::error!(%error, "a kept password can't be read");
        false
    })
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
    fn the_profile_of_level_three_wants_length_and_classes() {
        let check = |password| check_new_password((PasswordProfile::Mlps3, 12), "wang", password).is_ok();
        assert!(check("Gaolan-2026-xue"));
        for weak in [
            "Short-1a",
            "alllowercaseletters",
            "Wang-is-My-Name-1",
            "Password-2026-xx",
            "        1a",
            "",
            "Aa1Aa1Aa1Aa1Aa1",
        ] {
            assert!(!check(weak), "{weak}");
        }
        assert!(check_new_password((PasswordProfile::Asvs, 12), "wang", "alllowercaseletters").is_ok());
        assert!(check_new_password((PasswordProfile::Asvs, 12), "wang", "wintersummer26").is_err());
    }

    #[test]
    fn one_time_passwords_pass_the_profile_and_differ() {
        let (one, other) = (one_time_password().expect("random"), one_time_password().expect("random"));
        assert_ne!(one, other);
        assert!(
            check_new_password((PasswordProfile::Mlps3, 12), "u", &one).is_ok() || one.to_lowercase().contains('u')
        );
    }
}
