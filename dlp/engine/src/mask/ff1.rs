//! Format-preserving encryption FF1 (NIST SP 800-38G) with SM4 (GB/T 32907) as its block cipher. It is masking,
//! not an approved mode of encryption, and is shown as such.

use sm4::Sm4;
use sm4::cipher::{BlockCipherEncrypt, KeyInit};

use super::{Mask, MaskInput, MaskKey};
use crate::EngineError;
use crate::classify::checksum;
use crate::mask::date_shift::{civil_from_days, days_from_civil};

pub(super) const MASK: Mask = Mask {
    name: "ff1",
    label: "保留格式加密(FF1-SM4)",
    deterministic: true,
    reversible: true,
    same_length: true,
    apply,
};

/// SP 800-38G revision 1 wants a domain of at least a million values.
const SMALLEST_DOMAIN: u128 = 1_000_000;
/// Halves must fit one block of the round function: radix to the power of the longer half below 2 to the 96.
const LONGEST_DIGITS: usize = 56;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Encrypt,
    Decrypt,
}

fn apply(input: &MaskInput<'_>) -> Result<String, EngineError> {
    transform(input, Direction::Encrypt)
}

/// The plain value of one masked with the same key, tweak and type.
///
/// # Errors
/// When the value can't be one that was masked so.
pub fn unmask(input: &MaskInput<'_>) -> Result<String, EngineError> {
    transform(input, Direction::Decrypt)
}

fn transform(input: &MaskInput<'_>, direction: Direction) -> Result<String, EngineError> {
    let cipher = Cipher::new(input.key, input.tweak);
    let identity = || identity(&cipher, input.value.as_bytes(), direction);
    let typed = match input.data_type {
        Some("cn_resident_id" | "cn_driver_licence" | "cn_social_security") => identity(),
        Some("cn_mobile") if input.value.len() == 11 => tail(&cipher, input.value, 3, 0, direction),
        Some("bank_card") => card(&cipher, input.value, direction),
        _ => None,
    };
    typed.or_else(|| digits_in_place(&cipher, input.value, direction)).ok_or_else(|| EngineError::Mask {
        mask: "ff1",
        reason: "the value has fewer than 6 or more than 56 digits; use tokenise or hash for it".to_owned(),
    })
}

/// Encrypts all digits of a value and leaves everything else where it is.
fn digits_in_place(cipher: &Cipher<'_>, value: &str, direction: Direction) -> Option<String> {
    let digits: Vec<u8> = value.bytes().filter(u8::is_ascii_digit).collect();
    let mut changed = cipher.digits(&digits, direction)?.into_iter();
    Some(value.chars().map(|c| if c.is_ascii_digit() { changed.next().map_or(c, char::from) } else { c }).collect())
}

/// Encrypts the digits between a head and a tail that stay.
fn tail(cipher: &Cipher<'_>, value: &str, head: usize, end: usize, direction: Direction) -> Option<String> {
    let middle = value.as_bytes().get(head..value.len().checked_sub(end)?)?;
    let changed = String::from_utf8(cipher.digits(middle, direction)?).ok()?;
    Some(format!("{}{changed}{}", value.get(..head)?, value.get(value.len() - end..)?))
}

/// Keeps the issuer and makes the check digit right again.
fn card(cipher: &Cipher<'_>, value: &str, direction: Direction) -> Option<String> {
    if !checksum::luhn(value.as_bytes()) || value.len() < 13 {
        return None;
    }
    let body = tail(cipher, &value[..value.len() - 1], 6, 0, direction)?;
    ('0'..='9').map(|check| format!("{body}{check}")).find(|candidate| checksum::luhn(candidate.as_bytes()))
}

/// First year and number of days of the dates an identity number can carry after masking.
const FIRST_YEAR: i64 = 1850;
const DATES: u128 = 91_000;
/// First two digits of the provinces (GB/T 2260), and as many that no province has: what a masked number begins with.
const PROVINCES: [u32; 34] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63,
    64, 65, 71, 81, 82,
];
const UNASSIGNED: [u32; 34] = [
    99, 98, 97, 96, 95, 94, 93, 92, 91, 90, 89, 88, 87, 86, 85, 84, 80, 79, 78, 77, 76, 75, 74, 73, 72, 70, 69, 68, 67,
    66, 60, 59, 58, 57,
];

/// An identity number as one of region × day × sequence, encrypted by walking cycles within that set.
fn identity(cipher: &Cipher<'_>, value: &[u8], direction: Direction) -> Option<String> {
    if !checksum::mod_11_2(value) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| crate::classify::number(&value[range]);
    let (from, to) = match direction {
        Direction::Encrypt => (PROVINCES, UNASSIGNED),
        Direction::Decrypt => (UNASSIGNED, PROVINCES),
    };
    let province = from.iter().position(|known| Some(*known) == part(0..2))? as u128;
    let (year, month, day) = (part(6..10)?, part(10..12)?, part(12..14)?);
    crate::classify::is_day(year, month, day).then_some(())?;
    let days = days_from_civil(i64::from(year), i64::from(month), i64::from(day)) - days_from_civil(FIRST_YEAR, 1, 1);
    let days = u128::try_from(days).ok().filter(|days| *days < DATES)?;
    let region = province * 10_000 + u128::from(part(2..6)?);
    let plain = (region * DATES + days) * 1000 + u128::from(part(14..17)?);
    let changed = cipher.walk(plain, 340_000 * DATES * 1000, direction)?;
    written_identity(changed, &to)
}

fn written_identity(number: u128, prefixes: &[u32; 34]) -> Option<String> {
    let (region, days, sequence) = (number / 1000 / DATES, number / 1000 % DATES, number % 1000);
    let prefix = prefixes.get(usize::try_from(region / 10_000).ok()?)?;
    let (year, month, day) = civil_from_days(days_from_civil(FIRST_YEAR, 1, 1) + i64::try_from(days).ok()?);
    let body = format!("{prefix:02}{:04}{year:04}{month:02}{day:02}{sequence:03}", region % 10_000);
    let check = checksum::mod_11_2_check(body.as_bytes())?;
    Some(format!("{body}{}", char::from(check)))
}

/// FF1 over decimal digits with one key and tweak.
struct Cipher<'t> {
    block: Sm4,
    tweak: &'t [u8],
}

impl<'t> Cipher<'t> {
    fn new(key: &MaskKey, tweak: &'t [u8]) -> Self {
        let derived = key.derive("ff1", &[]);
        let mut own = [0; 16];
        own.copy_from_slice(&derived[..16]);
        Self { block: Sm4::new(&own.into()), tweak }
    }

    /// Encrypts or decrypts a string of digits; `None` when its length is out of bounds.
    fn digits(&self, digits: &[u8], direction: Direction) -> Option<Vec<u8>> {
        let length = digits.len();
        if !(6..=LONGEST_DIGITS).contains(&length) || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let (left, right) = digits.split_at(length / 2);
        let number = |half: &[u8]| half.iter().fold(0_u128, |number, digit| number * 10 + u128::from(digit - b'0'));
        let (left, right) = self.rounds(number(left), number(right), length, direction);
        let (short, long) = (length / 2, length - length / 2);
        Some(format!("{left:0short$}{right:0long$}").into_bytes())
    }

    /// Ten rounds of Feistel's scheme over the halves as numbers (SP 800-38G algorithms 7 and 8).
    fn rounds(&self, left: u128, right: u128, length: usize, direction: Direction) -> (u128, u128) {
        let (mut a, mut b) = (left, right);
        for step in 0..10_u8 {
            let round = if direction == Direction::Encrypt { step } else { 9 - step };
            let modulus = 10_u128.pow(
                u32::try_from(if round.is_multiple_of(2) { length / 2 } else { length - length / 2 }).unwrap_or(0),
            );
            match direction {
                Direction::Encrypt => (a, b) = (b, (a + self.function(b, round, length) % modulus) % modulus),
                Direction::Decrypt => (a, b) = ((b + modulus - self.function(a, round, length) % modulus) % modulus, a),
            }
        }
        (a, b)
    }

    /// The round function: CBC-MAC of the parameters, the tweak, the round and one half.
    fn function(&self, half: u128, round: u8, length: usize) -> u128 {
        let longer = length - length / 2;
        let bytes = bytes_of(longer);
        let mut message = Vec::with_capacity(64);
        message.extend([1, 2, 1, 0, 0, 10, 10, u8::try_from(length / 2 % 256).unwrap_or(0)]);
        message.extend(u32::try_from(length).unwrap_or(0).to_be_bytes());
        message.extend(u32::try_from(self.tweak.len()).unwrap_or(u32::MAX).to_be_bytes());
        message.extend_from_slice(self.tweak);
        let padding = (16 - (self.tweak.len() + bytes + 1) % 16) % 16;
        message.extend(std::iter::repeat_n(0, padding));
        message.push(round);
        message.extend_from_slice(&half.to_be_bytes()[16 - bytes..]);
        let output = bytes.div_ceil(4) * 4 + 4;
        self.mac(&message)[..output.min(16)].iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
    }

    fn mac(&self, message: &[u8]) -> [u8; 16] {
        let mut state = [0_u8; 16];
        for chunk in message.chunks(16) {
            state.iter_mut().zip(chunk).for_each(|(state, byte)| *state ^= byte);
            let mut block = state.into();
            self.block.encrypt_block(&mut block);
            state = block.into();
        }
        state
    }

    /// Encrypts within a set that is no power of ten: encrypt until the result is in the set (cycle walking).
    fn walk(&self, number: u128, size: u128, direction: Direction) -> Option<u128> {
        let length = (size - 1).to_string().len();
        if size < SMALLEST_DOMAIN || number >= size {
            return None;
        }
        let mut current = number;
        for _ in 0..1000 {
            let digits = self.digits(format!("{current:0length$}").as_bytes(), direction)?;
            current = digits.iter().fold(0, |number, digit| number * 10 + u128::from(digit - b'0'));
            if current < size {
                return Some(current);
            }
        }
        None
    }
}

/// Bytes that hold any number of so many digits: ceil(ceil(digits × log2 10) / 8).
fn bytes_of(digits: usize) -> usize {
    let largest = 10_u128.pow(u32::try_from(digits).unwrap_or(0)) - 1;
    let bits = 128 - largest.leading_zeros() as usize;
    bits.div_ceil(8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::MaskParameters;
    use proptest::prelude::*;

    fn both(value: &str, data_type: Option<&str>) -> (String, String) {
        let (key, parameters) = (MaskKey::new([3; 32]), MaskParameters::default());
        let input = |value| MaskInput { value, data_type, key: &key, tweak: b"column", parameters: &parameters };
        let masked = apply(&input(value)).expect("is long enough");
        let plain = unmask(&input(&masked)).expect("was masked");
        (masked, plain)
    }

    #[test]
    fn identity_numbers_come_back() {
        let (masked, plain) = both("440524188001010014", Some("cn_resident_id"));
        assert_eq!(plain, "440524188001010014");
        assert!(UNASSIGNED.iter().any(|prefix| masked.starts_with(&prefix.to_string())));
    }

    #[test]
    fn short_values_are_refused() {
        let (key, parameters) = (MaskKey::new([3; 32]), MaskParameters::default());
        assert!(
            apply(&MaskInput { value: "12345", data_type: None, key: &key, tweak: b"", parameters: &parameters })
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn digits_come_back(value in "[0-9]{6,56}|[A-Z]{2}[0-9]{4}-[0-9]{8}") {
            let (masked, plain) = both(&value, None);
            prop_assert_eq!(plain, value.clone());
            prop_assert_eq!(masked.len(), value.len());
        }

        #[test]
        fn mobiles_and_cards_come_back(mobile in "1[3-9][0-9]{9}", card in "62[0-9]{13}") {
            prop_assert_eq!(both(&mobile, Some("cn_mobile")).1, mobile);
            let card = ('0'..='9').map(|check| format!("{card}{check}")).find(|card| checksum::luhn(card.as_bytes())).expect("has a check digit");
            let (masked, plain) = both(&card, Some("bank_card"));
            prop_assert_eq!(plain, card);
            prop_assert!(checksum::luhn(masked.as_bytes()));
        }
    }
}
