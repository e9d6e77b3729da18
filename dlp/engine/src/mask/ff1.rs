//! FF1 (NIST SP 800-38G) with SM4 (GB/T 32907) as its block cipher, over numerals of any radix up to 2^16.
//!
//! The tweak is always 16 bytes, so that everything but the last block of the round function is the same for all
//! values of a length and is computed once: ten blocks a value.

use fengsui_crypto::Sm4Blocks;

/// Whether to mask or to undo it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Encrypt,
    Decrypt,
}

/// SP 800-38G revision 1 wants a domain of at least a million values.
pub(super) const SMALLEST_DOMAIN: u128 = 1_000_000;
/// Halves must fit the last block of the round function: radix to the power of the longer half below 2 to the 96.
pub(super) const LONGEST_DIGITS: usize = 56;
const SHORTEST_DIGITS: usize = 6;

/// FF1 under one key and tweak.
#[derive(Debug)]
pub(super) struct Ff1 {
    cipher: Sm4Blocks,
    tweak: [u8; 16],
    decimal: Vec<Shape>,
}

/// Numerals of a radix and length, with what their rounds have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Radix to the power of the left half's length, and of the right half's.
    moduli: [u128; 2],
    /// Bytes of a half as a number.
    bytes: usize,
    /// State of the CBC-MAC after the parameters and the tweak.
    state: u128,
}

impl Ff1 {
    /// Prepares 32 secret bytes: a key and a tweak.
    pub(super) fn new(secret: &[u8; 32]) -> Self {
        let (mut key, mut tweak) = ([0; 16], [0; 16]);
        key.copy_from_slice(&secret[..16]);
        tweak.copy_from_slice(&secret[16..]);
        let mut new = Self { cipher: Sm4Blocks::new(&key), tweak, decimal: Vec::new() };
        let decimal = (0..=LONGEST_DIGITS as u32).map(|length| new.shape(10, length)).collect();
        new.decimal = decimal;
        new
    }

    /// Numerals of a radix and length.
    pub(super) fn shape(&self, radix: u32, length: u32) -> Shape {
        let (left, right) = (length / 2, length - length / 2);
        let power = |exponent: u32| u128::from(radix).saturating_pow(exponent);
        let mut parameters = [1, 2, 1, 0, 0, 0, 10, left as u8, 0, 0, 0, 0, 0, 0, 0, 16];
        parameters[3..6].copy_from_slice(&radix.to_be_bytes()[1..]);
        parameters[8..12].copy_from_slice(&length.to_be_bytes());
        let first = self.cipher.encrypt(parameters);
        let state = u128::from_be_bytes(self.cipher.encrypt(xor(first, self.tweak)));
        Shape { moduli: [power(left), power(right)], bytes: bytes_below(power(right)), state }
    }

    /// Encrypts or decrypts decimal digits in place, or leaves them alone and says no when there are too few or many.
    pub(super) fn digits(&self, digits: &mut [u8], direction: Direction) -> bool {
        let length = digits.len();
        if !(SHORTEST_DIGITS..=LONGEST_DIGITS).contains(&length) {
            return false;
        }
        let Some(shape) = self.decimal.get(length) else { return false };
        let (left, right) = digits.split_at_mut(length / 2);
        let number = |half: &[u8]| half.iter().fold(0_u128, |number, digit| number * 10 + u128::from(digit - b'0'));
        let (a, b) = self.rounds(shape, number(left), number(right), direction);
        write_digits(a, left);
        write_digits(b, right);
        true
    }

    /// Encrypts or decrypts a number below `size`, walking cycles: again until the result is below it. `None` when the
    /// domain is too small or the number is outside it.
    pub(super) fn number(&self, domain: &Domain, number: u128, direction: Direction) -> Option<u128> {
        if number >= domain.size || domain.size < SMALLEST_DOMAIN {
            return None;
        }
        let right = domain.shape.moduli[1];
        let mut current = number;
        // The shape is hardly larger than the domain, so that a second step is rare and a fiftieth impossible.
        for _ in 0..1000 {
            let (a, b) = self.rounds(&domain.shape, current / right, current % right, direction);
            current = a * right + b;
            if current < domain.size {
                return Some(current);
            }
        }
        None
    }

    /// A domain of so many numbers.
    pub(super) fn domain(&self, size: u128) -> Domain {
        let (radix, length) = (2..=12)
            .step_by(2)
            .map(|length| (root(size, length), length))
            .find(|(radix, _)| *radix <= 65_536)
            .unwrap_or((65_536, 8));
        Domain { size, shape: self.shape(u32::try_from(radix).unwrap_or(65_536), length) }
    }

    /// Ten rounds of Feistel's scheme over the halves as numbers (SP 800-38G algorithms 7 and 8).
    fn rounds(&self, shape: &Shape, left: u128, right: u128, direction: Direction) -> (u128, u128) {
        let (mut a, mut b) = (left, right);
        for step in 0..10_u8 {
            match direction {
                Direction::Encrypt => {
                    let modulus = shape.moduli[usize::from(step % 2)];
                    (a, b) = (b, added(a, self.function(shape, b, step, modulus), modulus));
                }
                Direction::Decrypt => {
                    let round = 9 - step;
                    let modulus = shape.moduli[usize::from(round % 2)];
                    let taken = self.function(shape, a, round, modulus);
                    (a, b) = (if b >= taken { b - taken } else { b + modulus - taken }, a);
                }
            }
        }
        (a, b)
    }

    /// The round function modulo the size of the half it is added to.
    fn function(&self, shape: &Shape, half: u128, round: u8, modulus: u128) -> u128 {
        let block = shape.state ^ u128::from(round) << (8 * shape.bytes) ^ half;
        let output = u128::from_be_bytes(self.cipher.encrypt(block.to_be_bytes()));
        let bytes = shape.bytes.div_ceil(4) * 4 + 4;
        let number = output >> (128 - 8 * bytes);
        match (u64::try_from(number), u64::try_from(modulus)) {
            (Ok(number), Ok(modulus)) => u128::from(number % modulus),
            _ => number % modulus,
        }
    }
}

/// Numbers below a size that is no power of a radix.
#[derive(Debug, Clone, Copy)]
pub(super) struct Domain {
    pub(super) size: u128,
    shape: Shape,
}

fn added(a: u128, b: u128, modulus: u128) -> u128 {
    let sum = a + b;
    if sum >= modulus { sum - modulus } else { sum }
}

fn xor(a: [u8; 16], b: [u8; 16]) -> [u8; 16] {
    (u128::from_be_bytes(a) ^ u128::from_be_bytes(b)).to_be_bytes()
}

/// Bytes that hold any number below a power: ceil(ceil(log2 power) / 8).
fn bytes_below(power: u128) -> usize {
    ((128 - power.saturating_sub(1).leading_zeros()) as usize).div_ceil(8)
}

fn write_digits(mut number: u128, digits: &mut [u8]) {
    // Two halves of at most 28 digits: most fit 64 bits, whose division is quick.
    for place in digits.iter_mut().rev() {
        let (rest, digit) = match u64::try_from(number) {
            Ok(small) => (u128::from(small / 10), (small % 10) as u8),
            Err(_) => (number / 10, (number % 10) as u8),
        };
        *place = b'0' + digit;
        number = rest;
    }
}

/// The smallest number whose power of so many is at least `size`.
fn root(size: u128, exponent: u32) -> u128 {
    let mut root = (size as f64).powf(1.0 / f64::from(exponent)) as u128;
    root = root.saturating_sub(2).max(2);
    while root.checked_pow(exponent).is_some_and(|power| power < size) {
        root += 1;
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cipher() -> Ff1 {
        let mut secret = [0; 32];
        (0_u8..).zip(&mut secret).for_each(|(number, byte)| *byte = number);
        Ff1::new(&secret)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// The library `fpe` is an implementation by others of the same algorithm.
        #[test]
        fn digits_agree_with_another_implementation(text in "[0-9]{6,56}") {
            use fpe::ff1::{FF1, FlexibleNumeralString};
            let cipher = cipher();
            let mut digits = text.clone().into_bytes();
            prop_assert!(cipher.digits(&mut digits, Direction::Encrypt));
            let key: Vec<u8> = (0..16).collect();
            let other = FF1::<sm4::Sm4>::new(&key, 10).expect("radix 10");
            let numerals: Vec<u16> = text.bytes().map(|digit| u16::from(digit - b'0')).collect();
            let expected = other.encrypt(&cipher.tweak, &FlexibleNumeralString::from(numerals)).expect("encrypts");
            let expected: Vec<u8> = Vec::<u16>::from(expected).into_iter().map(|digit| b'0' + digit as u8).collect();
            prop_assert_eq!(&digits, &expected);
            prop_assert!(cipher.digits(&mut digits, Direction::Decrypt));
            prop_assert_eq!(digits, text.into_bytes());
        }

        #[test]
        fn numbers_stay_in_their_domain_and_come_back(size in SMALLEST_DOMAIN..u128::MAX >> 20, part in 0_u128..1 << 20) {
            let cipher = cipher();
            let domain = cipher.domain(size);
            let plain = (size >> 20) * part;
            let masked = cipher.number(&domain, plain, Direction::Encrypt).expect("is inside");
            prop_assert!(masked < size);
            prop_assert_eq!(cipher.number(&domain, masked, Direction::Decrypt), Some(plain));
        }
    }

    #[test]
    fn small_domains_are_refused() {
        let cipher = cipher();
        assert!(!cipher.digits(&mut b"12345".to_vec(), Direction::Encrypt));
        assert_eq!(cipher.number(&cipher.domain(999_999), 5, Direction::Encrypt), None);
    }
}
