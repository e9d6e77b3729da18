//! Format-preserving encryption by what a value is: check digits hold, regions are unassigned, letters stay letters.
//! It is masking, not an approved mode of encryption, and is shown as such.
//!
//! Every type has a set of values it knows (with a valid check digit, for example) and a set they are encrypted into;
//! what is outside the first is encrypted by its characters, but never into the second. So no two values meet, and
//! every one can be undone.

use super::date_shift::{civil_from_days, days_from_civil};
use super::ff1::{Direction, Domain, Ff1, LANES, Lane, SMALLEST_DOMAIN};
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

/// The letters and digits of a value without what stands between them.
#[derive(Debug, Clone, Copy)]
struct Compact {
    room: [u8; LONGEST],
    length: usize,
}

impl Compact {
    fn of(value: &str) -> Result<Self, &'static str> {
        let mut compact = Self { room: [0; LONGEST], length: 0 };
        let mut others = 0;
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() {
                *compact.room.get_mut(compact.length).ok_or(REFUSED)? = byte;
                compact.length += 1;
            } else {
                // Bytes that go on with a character are none of their own.
                others += usize::from(byte & 0xc0 != 0x80);
            }
        }
        // A value of Chinese characters with a number in it would stay readable.
        if others > compact.length { Err(REFUSED) } else { Ok(compact) }
    }

    fn bytes(&mut self) -> &mut [u8] {
        &mut self.room[..self.length]
    }

    /// Appends the value with its letters and digits replaced by these.
    fn write(&self, value: &str, out: &mut String) {
        let mut changed = self.room[..self.length].iter();
        let replaced =
            |c: char| if c.is_ascii_alphanumeric() { changed.next().map_or(c, |byte| char::from(*byte)) } else { c };
        match std::str::from_utf8(&self.room[..self.length]) {
            Ok(text) if self.length == value.len() => out.push_str(text),
            _ => out.extend(value.chars().map(replaced)),
        }
    }
}

/// Letters and digits are taken out, encrypted, and put back between everything else.
fn transform(input: &MaskInput<'_>, direction: Direction, out: &mut String) -> Result<(), &'static str> {
    let mut compact = Compact::of(input.value)?;
    match direction {
        Direction::Encrypt => encrypt(input, compact.bytes())?,
        Direction::Decrypt => decrypt(input, compact.bytes())?,
    }
    compact.write(input.value, out);
    Ok(())
}

/// Values of one column that are encrypted side by side: as many as there are lanes.
#[derive(Debug, Default)]
pub(super) struct Together {
    jobs: Vec<(Compact, Core)>,
    lanes: Vec<Lane>,
}

/// How many values go side by side.
pub(super) const TOGETHER: usize = LANES;

impl Together {
    /// Encrypts values that are what their type expects. The others are left to [`apply`]: `None`.
    pub(super) fn encrypt(&mut self, inputs: &[MaskInput<'_>], mut report: impl FnMut(usize, &dyn Fn(&mut String))) {
        self.jobs.clear();
        self.lanes.clear();
        let mut places = [0; TOGETHER];
        for (place, input) in inputs.iter().enumerate().take(TOGETHER) {
            let Ok(mut compact) = Compact::of(input.value) else { continue };
            let Some(core) = core(input, compact.bytes(), Direction::Encrypt) else { continue };
            let Some(lane) = core.lane(&input.keys.ff1, compact.bytes()) else { continue };
            places[self.jobs.len()] = place;
            self.jobs.push((compact, core));
            self.lanes.push(lane);
        }
        let Some(first) = inputs.first() else { return };
        first.keys.ff1.encrypt_lanes(&mut self.lanes);
        for (((compact, core), lane), place) in self.jobs.iter_mut().zip(&self.lanes).zip(places) {
            let input = &inputs[place];
            let done = core.finish(&input.keys.ff1, compact.bytes(), lane);
            if done.and_then(|number| close(input, compact.bytes(), number, Direction::Encrypt)).is_some() {
                report(place, &|out| compact.write(input.value, out));
            }
        }
    }
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

/// What of a value is encrypted; the rest of it follows.
#[derive(Debug, Clone)]
enum Core {
    /// These digits.
    Digits(std::ops::Range<usize>),
    /// The value as a number.
    Number(Domain, u128),
}

impl Core {
    fn lane(&self, cipher: &Ff1, value: &[u8]) -> Option<Lane> {
        match self {
            Self::Digits(range) => cipher.lane_of_digits(&value[range.clone()]),
            Self::Number(domain, number) => domain.lane(*number),
        }
    }

    /// Takes over the result of the rounds; a number that left its domain walks on.
    fn finish(&self, cipher: &Ff1, value: &mut [u8], lane: &Lane) -> Option<u128> {
        match self {
            Self::Digits(range) => {
                lane.write_digits(&mut value[range.clone()]);
                Some(0)
            }
            Self::Number(domain, _) if lane.number() < domain.size => Some(lane.number()),
            Self::Number(domain, number) => cipher.number(domain, *number, Direction::Encrypt),
        }
    }
}

/// Changes a value that is in the set of its type and says whether it was.
fn typed(input: &MaskInput<'_>, value: &mut [u8], direction: Direction) -> bool {
    let cipher = &input.keys.ff1;
    let changed = core(input, value, direction).and_then(|core| match core {
        Core::Digits(range) => cipher.digits(&mut value[range], direction).then_some(0),
        Core::Number(domain, number) => cipher.number(&domain, number, direction),
    });
    changed.and_then(|number| close(input, value, number, direction)).is_some()
}

/// What is encrypted of a value that is in the set of its type.
fn core(input: &MaskInput<'_>, value: &[u8], direction: Direction) -> Option<Core> {
    let cipher = &input.keys.ff1;
    match input.data_type {
        // The check character can be X, which no number holds.
        Some("cn_resident_id" | "cn_driver_licence" | "cn_social_security") if !input.number => {
            let region = input.parameters.region;
            let (number, size) = identity(value, region, direction)?;
            Some(Core::Number(cipher.domain(size), number))
        }
        Some("cn_mobile") => mobile(value),
        Some("bank_card") if value.len() >= 13 => with_luhn(value, 6),
        Some("imei") if value.len() == 15 => with_luhn(value, 8),
        Some("cn_uscc") => credit_code(cipher, value),
        Some("vin") => vehicle(value),
        _ => None,
    }
}

/// Writes what was not encrypted by digits, and makes the check characters right again.
fn close(input: &MaskInput<'_>, value: &mut [u8], number: u128, direction: Direction) -> Option<()> {
    match input.data_type {
        Some("cn_resident_id" | "cn_driver_licence" | "cn_social_security") => {
            write_identity(value, number, input.parameters.region, direction)
        }
        Some("bank_card" | "imei") => fix_luhn(value),
        Some("cn_uscc") => write_credit_code(value, number),
        Some("vin") => fix(value, 8, b"0123456789X", checksum::vin),
        _ => Some(()),
    }
}

/// All but the first three digits, which name the network.
fn mobile(value: &[u8]) -> Option<Core> {
    let known = value.len() == 11 && value[0] == b'1' && value[1] >= b'3' && value.iter().all(u8::is_ascii_digit);
    known.then_some(Core::Digits(3..11))
}

/// All but the issuer and the check digit.
fn with_luhn(value: &[u8], head: usize) -> Option<Core> {
    let last = value.len().checked_sub(1)?;
    (checksum::luhn(value) && last >= head + 6).then_some(Core::Digits(head..last))
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

/// The organisation's number; authority, kind and region stay.
fn credit_code(cipher: &Ff1, value: &[u8]) -> Option<Core> {
    (checksum::credit_code(value) && checksum::organisation_code(value.get(8..17)?)).then_some(())?;
    let place = |byte: &u8| CREDIT_ALPHABET.iter().position(|known| known == byte);
    let number = value[8..16].iter().try_fold(0, |number: u128, byte| Some(number * 31 + place(byte)? as u128))?;
    Some(Core::Number(cipher.domain(31_u128.pow(8)), number))
}

fn write_credit_code(value: &mut [u8], mut number: u128) -> Option<()> {
    for byte in value[8..16].iter_mut().rev() {
        *byte = CREDIT_ALPHABET[usize::try_from(number % 31).ok()?];
        number /= 31;
    }
    fix(value, 16, b"0123456789X", |value| checksum::organisation_code(&value[8..17]))?;
    fix(value, 17, CREDIT_ALPHABET, checksum::credit_code)
}

/// The serial number; maker and kind stay.
fn vehicle(value: &[u8]) -> Option<Core> {
    let known = value.len() == 17 && checksum::vin(value) && value[11..].iter().all(u8::is_ascii_digit);
    known.then_some(Core::Digits(11..17))
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

/// First two digits of plain and of masked numbers.
const fn prefixes(region: RegionOfMasked, direction: Direction) -> (&'static [u32; 34], &'static [u32; 34]) {
    match (region, direction) {
        (RegionOfMasked::Keep, _) => (&PROVINCES, &PROVINCES),
        (RegionOfMasked::Unassigned, Direction::Encrypt) => (&PROVINCES, &UNASSIGNED),
        (RegionOfMasked::Unassigned, Direction::Decrypt) => (&UNASSIGNED, &PROVINCES),
    }
}

/// An identity number as one of region × day × sequence, and how many there are; the region stays out of it when it is kept.
fn identity(value: &[u8], region: RegionOfMasked, direction: Direction) -> Option<(u128, u128)> {
    checksum::mod_11_2(value).then_some(())?;
    let part = |range: std::ops::Range<usize>| crate::classify::number(&value[range]);
    let prefix = part(0..2)?;
    let province = prefixes(region, direction).0.iter().position(|known| *known == prefix)? as u64;
    let (year, month, day) = (part(6..10)?, part(10..12)?, part(12..14)?);
    crate::classify::is_day(year, month, day).then_some(())?;
    let days = days_from_civil(i64::from(year), i64::from(month), i64::from(day)) - FIRST_DAY;
    let days = u64::try_from(days).ok().filter(|days| u128::from(*days) < DAYS)?;
    let inner = u128::from(days * 1000 + u64::from(part(14..17)?));
    let region_number = u128::from(province * 10_000 + u64::from(part(2..6)?));
    Some(match region {
        RegionOfMasked::Keep => (inner, DAYS * 1000),
        RegionOfMasked::Unassigned => (region_number * DAYS * 1000 + inner, 340_000 * DAYS * 1000),
    })
}

fn write_identity(value: &mut [u8], number: u128, region: RegionOfMasked, direction: Direction) -> Option<()> {
    let number = u64::try_from(number).ok()?;
    let inners = u64::try_from(DAYS * 1000).ok()?;
    let (region_number, inner) = (number / inners, number % inners);
    let (year, month, day) = civil_from_days(FIRST_DAY + i64::try_from(inner / 1000).ok()?);
    if region == RegionOfMasked::Unassigned {
        let prefix = prefixes(region, direction).1.get(usize::try_from(region_number / 10_000).ok()?)?;
        write_number(&mut value[..2], u64::from(*prefix));
        write_number(&mut value[2..6], region_number % 10_000);
    }
    write_number(&mut value[6..10], u64::try_from(year).ok()?);
    write_number(&mut value[10..12], u64::try_from(month).ok()?);
    write_number(&mut value[12..14], u64::try_from(day).ok()?);
    write_number(&mut value[14..17], inner % 1000);
    value[17] = checksum::mod_11_2_check(&value[..17])?;
    Some(())
}

/// Writes a number with leading zeros.
fn write_number(digits: &mut [u8], mut number: u64) {
    for place in digits.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
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
