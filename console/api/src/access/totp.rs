//! Time-based one-time passwords (RFC 6238 with HMAC-SHA-1, 30 seconds, 6 digits: what every authenticator app knows).

use fengsui_crypto::equal_in_constant_time;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Length of a secret in bytes (RFC 4226 section 4 asks for 16, recommends 20).
pub(crate) const SECRET_BYTES: usize = 20;
const STEP_MILLIS: i64 = 30_000;
/// Steps a clock may be ahead or behind.
const DRIFT_STEPS: i64 = 1;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The code of a step.
fn code_of(secret: &[u8], step: i64) -> Option<String> {
    let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(secret).ok()?;
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest.last()? & 0x0f);
    let window: [u8; 4] = digest.get(offset..offset + 4)?.try_into().ok()?;
    Some(format!("{:06}", (u32::from_be_bytes(window) & 0x7fff_ffff) % 1_000_000))
}

/// The step a code is right for, when it is right at a time give or take a step.
pub(crate) fn step_of(secret: &[u8], code: &str, now: i64) -> Option<i64> {
    let present = now.div_euclid(STEP_MILLIS);
    let fits = |step: &i64| {
        code_of(secret, *step).is_some_and(|right| equal_in_constant_time(right.as_bytes(), code.as_bytes()))
    };
    (present - DRIFT_STEPS..=present + DRIFT_STEPS).find(fits)
}

/// The secret as authenticator apps take it (RFC 4648 base 32 without padding).
pub(crate) fn base32(bytes: &[u8]) -> String {
    let (mut text, mut held, mut bits) = (String::new(), 0_u32, 0_u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(held >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(held << (5 - bits) & 31) as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238 appendix B, the last six of eight digits.
        let secret = b"12345678901234567890";
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(code_of(secret, seconds / 30).as_deref(), Some(code));
            assert_eq!(step_of(secret, code, seconds * 1000), Some(seconds / 30));
            assert_eq!(step_of(secret, code, (seconds + 120) * 1000), None);
        }
        assert_eq!(step_of(secret, "", 0), None);
    }

    #[test]
    fn base32_is_rfc_4648() {
        for (bytes, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }
}
