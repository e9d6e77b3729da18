//! Format-preserving encryption by what a value is: check digits hold, regions are unassigned, letters stay letters.
//! It is masking, not an approved mode of encryption, and is shown as such.
//!
//! Every type has a set of values it knows (with a valid check digit, for example) and a set they are encrypted into;
//! what is outside the first is encrypted by its characters, but never into the second. So no two values meet, and
//! every one can be undone.

use super::date_shift::{civil_from_days, days_from_civil};
use super::ff1::{Direction, Ff1, SMALLEST_DOMAIN};
use super::{Keeps, Mask, MaskInput, RegionOfMasked};
use crate::EngineError;
use crate::classify::checksum;

pub(super) const MASK: Mask = Mask {
    name: "ff1",
    label: "保留格式加密(FF1-SM4)",
    deterministic: true,
    reversible: true,
    injective: true,
    same_length: true,
    keeps: Keeps::Numbers,
    apply,
};

const REFUSED: &str = "the value has too few letters and digits to be encrypted (a million values at least), or more than 56 digits; use tokenise or hash for it";

/// Letters and digits of a value, at most; longer ones have no format worth keeping.
const LONGEST: usize = 96;

fn apply(input: &MaskInput<'_>, out: &mut String) -> Result<(), &'static str> {
    transform(input, Direction::Encrypt, out)
}

/// The plain value of one masked with the same key, tweak, type and parameters.
///
/// # Errors
/// When the value can't be one that was masked so.
pub fn unmask(input: &MaskInput<'_>) -> Result<String, EngineError> {
    let mut out = String::new();
    let done = transform(input, Direction::Decrypt, &mut out);
    done.map(|()| out).map_err(|reason| EngineError::Mask { mask: "ff1", reason: reason.to_owned() })
}

/// How many values an encrypted value could have been, about: what a wrong key turns it into is one of them by chance.
#[must_use]
pub fn domain_of(data_type: Option<&str>, keep_region: bool, value: &str) -> f64 {
    let by_characters =
        || value.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| radix(byte) as f64).product::<f64>();
    let length = value.bytes().filter(u8::is_ascii_alphanumeric).count();
    match (data_type, length) {
        (Some("cn_resident_id" | "cn_driver_licence" | "cn_social_security"), 18) if keep_region => {
            DAYS as f64 * 1000.0
        }
        (Some("cn_resident_id" | "cn_driver_licence" | "cn_social_security"), 18) => 340_000.0 * DAYS as f64 * 1000.0,
        (Some("cn_mobile"), 11) => 1e8,
        (Some("bank_card"), 13..) => 10_f64.powi(i32::try_from(length).unwrap_or(0) - 7),
        (Some("imei"), 15) | (Some("vin"), 17) => 1e6,
        (Some("cn_uscc"), 18) => 31_f64.powi(8),
        _ => by_characters(),
    }
}

/// Letters and digits are taken out, encrypted, and put back between everything else.
fn transform(input: &MaskInput<'_>, direction: Direction, out: &mut String) -> Result<(), &'static str> {
    let mut room = [0; LONGEST];
    let mut length = 0;
    for byte in input.value.bytes().filter(u8::is_ascii_alphanumeric) {
        *room.get_mut(length).ok_or(REFUSED)? = byte;
        length += 1;
    }
    let others = input.value.chars().count() - length;
    // A value of Chinese characters with a number in it would stay readable.
    if others > length {
        return Err(REFUSED);
    }
    let compact = room.get_mut(..length).ok_or(REFUSED)?;
    match direction {
        Direction::Encrypt => encrypt(input, compact)?,
        Direction::Decrypt => decrypt(input, compact)?,
    }
    let mut changed = compact.iter();
    out.extend(
        input
            .value
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { changed.next().map_or(c, |byte| char::from(*byte)) } else { c }),
    );
    Ok(())
}

fn encrypt(input: &MaskInput<'_>, value: &mut [u8]) -> Result<(), &'static str> {
    if typed(input, value, Direction::Encrypt) {
        return Ok(());
    }
    by_characters(input, value, Direction::Encrypt)?;
    // The result belongs to a value of the type: go on from that one (as in the proof of Schröder and Bernstein).
    while typed(input, value, Direction::Decrypt) {
        by_characters(input, value, Direction::Encrypt)?;
    }
    Ok(())
}

fn decrypt(input: &MaskInput<'_>, value: &mut [u8]) -> Result<(), &'static str> {
    if typed(input, value, Direction::Decrypt) {
        return Ok(());
    }
    by_characters(input, value, Direction::Decrypt)?;
    while typed(input, value, Direction::Encrypt) {
        by_characters(input, value, Direction::Decrypt)?;
    }
    Ok(())
}

/// Changes a value that is in the set of its type and says whether it was.
fn typed(input: &MaskInput<'_>, value: &mut [u8], direction: Direction) -> bool {
    let cipher = &input.keys.ff1;
    let changed = match input.data_type {
        // The check character can be X, which no number holds.
        Some("cn_resident_id" | "cn_driver_licence" | "cn_social_security") if !input.number => {
            identity(cipher, value, input.parameters.region, direction)
        }
        Some("cn_mobile") => mobile(cipher, value, direction),
        Some("bank_card") if value.len() >= 13 => with_luhn(cipher, value, 6, direction),
        Some("imei") if value.len() == 15 => with_luhn(cipher, value, 8, direction),
        Some("cn_uscc") => credit_code(cipher, value, direction),
        Some("vin") => vehicle(cipher, value, direction),
        _ => None,
    };
    changed.is_some()
}

/// Keeps the first three digits, which name the network.
fn mobile(cipher: &Ff1, value: &mut [u8], direction: Direction) -> Option<()> {
    let known = value.len() == 11 && value[0] == b'1' && value[1] >= b'3' && value.iter().all(u8::is_ascii_digit);
    (known && cipher.digits(&mut value[3..], direction)).then_some(())
}

/// Keeps the issuer and makes the check digit right again.
fn with_luhn(cipher: &Ff1, value: &mut [u8], head: usize, direction: Direction) -> Option<()> {
    let last = value.len().checked_sub(1)?;
    (checksum::luhn(value) && last >= head + 6).then_some(())?;
    cipher.digits(&mut value[head..last], direction).then_some(())?;
    fix_luhn(value)
}

fn fix_luhn(value: &mut [u8]) -> Option<()> {
    let last = value.len().checked_sub(1)?;
    (b'0'..=b'9').find(|digit| {
        value[last] = *digit;
        checksum::luhn(value)
    })?;
    Some(())
}

const CREDIT_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Keeps authority, kind and region, encrypts the organisation's number, and makes both check characters right again.
fn credit_code(cipher: &Ff1, value: &mut [u8], direction: Direction) -> Option<()> {
    (checksum::credit_code(value) && checksum::organisation_code(value.get(8..17)?)).then_some(())?;
    let place = |byte: &u8| CREDIT_ALPHABET.iter().position(|known| known == byte);
    let number = value[8..16].iter().try_fold(0, |number: u128, byte| Some(number * 31 + place(byte)? as u128))?;
    let mut number = cipher.number(&cipher.domain(31_u128.pow(8)), number, direction)?;
    for byte in value[8..16].iter_mut().rev() {
        *byte = CREDIT_ALPHABET[usize::try_from(number % 31).ok()?];
        number /= 31;
    }
    fix(value, 16, b"0123456789X", |value| checksum::organisation_code(&value[8..17]))?;
    fix(value, 17, CREDIT_ALPHABET, checksum::credit_code)
}

/// Keeps maker and kind, encrypts the serial number, and makes the check character right again.
fn vehicle(cipher: &Ff1, value: &mut [u8], direction: Direction) -> Option<()> {
    (value.len() == 17 && checksum::vin(value) && value[11..].iter().all(u8::is_ascii_digit)).then_some(())?;
    cipher.digits(&mut value[11..], direction).then_some(())?;
    fix(value, 8, b"0123456789X", checksum::vin)
}

fn fix(value: &mut [u8], place: usize, alphabet: &[u8], holds: impl Fn(&[u8]) -> bool) -> Option<()> {
    alphabet.iter().find(|character| {
        value[place] = **character;
        holds(value)
    })?;
    Some(())
}

/// Days from 1900-01-01 to 2030-12-31: the dates of birth that masked identity numbers show.
const FIRST_DAY: i64 = days_from_civil(1900, 1, 1);
const DAYS: u128 = (days_from_civil(2031, 1, 1) - FIRST_DAY) as u128;
const PROVINCES: [u32; 34] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63,
    64, 65, 71, 81, 82,
];
/// First two digits that no province has (GB/T 2260), one for each that one has: what masked numbers begin with.
const UNASSIGNED: [u32; 34] = [
    99, 98, 97, 96, 95, 94, 93, 92, 91, 90, 89, 88, 87, 86, 85, 84, 80, 79, 78, 77, 76, 75, 74, 73, 72, 70, 69, 68, 67,
    66, 60, 59, 58, 57,
];

/// An identity number as one of region × day × sequence; the region stays out of it when it is kept.
fn identity(cipher: &Ff1, value: &mut [u8], region: RegionOfMasked, direction: Direction) -> Option<()> {
    checksum::mod_11_2(value).then_some(())?;
    let part = |range: std::ops::Range<usize>| crate::classify::number(&value[range]);
    let (from, to) = match (region, direction) {
        (RegionOfMasked::Keep, _) => (&PROVINCES, &PROVINCES),
        (RegionOfMasked::Unassigned, Direction::Encrypt) => (&PROVINCES, &UNASSIGNED),
        (RegionOfMasked::Unassigned, Direction::Decrypt) => (&UNASSIGNED, &PROVINCES),
    };
    let province = from.iter().position(|known| Some(*known) == part(0..2))? as u128;
    let (year, month, day) = (part(6..10)?, part(10..12)?, part(12..14)?);
    crate::classify::is_day(year, month, day).then_some(())?;
    let days = days_from_civil(i64::from(year), i64::from(month), i64::from(day)) - FIRST_DAY;
    let days = u128::try_from(days).ok().filter(|days| *days < DAYS)?;
    let region_number = province * 10_000 + u128::from(part(2..6)?);
    let inner = days * 1000 + u128::from(part(14..17)?);
    let (plain, size) = match region {
        RegionOfMasked::Keep => (inner, DAYS * 1000),
        RegionOfMasked::Unassigned => (region_number * DAYS * 1000 + inner, 340_000 * DAYS * 1000),
    };
    let changed = cipher.number(&cipher.domain(size), plain, direction)?;
    let region_number = if region == RegionOfMasked::Keep { region_number } else { changed / (DAYS * 1000) };
    write_identity(value, region_number, changed % (DAYS * 1000), to)
}

fn write_identity(value: &mut [u8], region: u128, inner: u128, prefixes: &[u32; 34]) -> Option<()> {
    let prefix = prefixes.get(usize::try_from(region / 10_000).ok()?)?;
    let (year, month, day) = civil_from_days(FIRST_DAY + i64::try_from(inner / 1000).ok()?);
    let parts = [
        (0, 2, u64::from(*prefix)),
        (2, 4, u64::try_from(region % 10_000).ok()?),
        (6, 4, u64::try_from(year).ok()?),
        (10, 2, u64::try_from(month).ok()?),
        (12, 2, u64::try_from(day).ok()?),
        (14, 3, u64::try_from(inner % 1000).ok()?),
    ];
    for (start, length, mut number) in parts {
        for place in value[start..start + length].iter_mut().rev() {
            *place = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }
    value[17] = checksum::mod_11_2_check(&value[..17])?;
    Some(())
}

/// Digits become digits and letters letters of the same case.
fn by_characters(input: &MaskInput<'_>, value: &mut [u8], direction: Direction) -> Result<(), &'static str> {
    let cipher = &input.keys.ff1;
    let digits = value.iter().all(u8::is_ascii_digit);
    if !digits {
        return mixed(cipher, value, direction).ok_or(REFUSED);
    }
    let mut walked = 0;
    while cipher.digits(value, direction) {
        walked += 1;
        // A number does not begin with a zero: again until it does not.
        if !input.number || value.first() != Some(&b'0') || walked > 10_000 {
            return Ok(());
        }
    }
    Err(REFUSED)
}

fn radix(byte: u8) -> u128 {
    if byte.is_ascii_digit() { 10 } else { 26 }
}

fn zero(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => b'0',
        b'a'..=b'z' => b'a',
        _ => b'A',
    }
}

fn mixed(cipher: &Ff1, value: &mut [u8], direction: Direction) -> Option<()> {
    let size = value.iter().try_fold(1_u128, |size, byte| size.checked_mul(radix(*byte)))?;
    // Above, the radix of the numerals would not fit 16 bits with twelve of them.
    (SMALLEST_DOMAIN..1 << 120).contains(&size).then_some(())?;
    let number = value.iter().fold(0, |number, byte| number * radix(*byte) + u128::from(byte - zero(*byte)));
    let mut number = cipher.number(&cipher.domain(size), number, direction)?;
    for byte in value.iter_mut().rev() {
        let (base, radix) = (zero(*byte), radix(*byte));
        *byte = base + u8::try_from(number % radix).ok()?;
        number /= radix;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::{MaskKey, MaskKeys, MaskParameters};

    fn both(value: &str, data_type: Option<&str>, region: RegionOfMasked) -> (String, String) {
        let (keys, parameters) =
            (MaskKeys::new(&MaskKey::new([3; 32]), b"column"), MaskParameters { region, ..MaskParameters::default() });
        let input = |value| MaskInput { value, data_type, number: false, keys: &keys, parameters: &parameters };
        let mut masked = String::new();
        apply(&input(value), &mut masked).expect("is long enough");
        let plain = unmask(&input(&masked)).expect("was masked");
        (masked, plain)
    }

    #[test]
    fn identity_numbers_come_back() {
        let (masked, plain) = both("440524188001010014", Some("cn_resident_id"), RegionOfMasked::Unassigned);
        assert_eq!(plain, "440524188001010014");
        assert_eq!(masked.len(), 18);
        let (masked, plain) = both("11010519491231002X", Some("cn_resident_id"), RegionOfMasked::Unassigned);
        assert!(
            UNASSIGNED.iter().any(|prefix| masked.starts_with(&prefix.to_string())) && plain == "11010519491231002X"
        );
        let (masked, plain) = both("11010519491231002X", Some("cn_resident_id"), RegionOfMasked::Keep);
        assert!(masked.starts_with("110105") && plain == "11010519491231002X" && checksum::mod_11_2(masked.as_bytes()));
    }

    #[test]
    fn letters_stay_letters() {
        let (masked, plain) = both("甘A·1B2C3", None, RegionOfMasked::Unassigned);
        let same = |a: char, b: char| {
            a.is_ascii_digit() == b.is_ascii_digit() && a.is_ascii_uppercase() == b.is_ascii_uppercase()
        };
        assert!(masked.chars().zip(plain.chars()).all(|(a, b)| same(a, b)) && masked != plain, "{masked}");
    }
}
