//! FF1 (NIST SP 800-38G) with SM4 (GB/T 32907) as its block cipher, over numerals of any radix up to 2^16.
//!
//! The tweak is always 16 bytes, so that everything but the last block of the round function is the same for all
//! values of a length and is computed once: ten blocks a value.

use std::sync::RwLock;

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
    /// Domains met before, by their size: a column has few.
    domains: RwLock<Vec<Domain>>,
}

/// Most domains that are remembered.
const DOMAINS: usize = 32;

/// Values that are encrypted side by side, so that the blocks of one hide the latency of another's.
pub(super) const LANES: usize = 8;

/// A value on its way through the rounds: its halves as numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lane {
    shape: Shape,
    left: u128,
    right: u128,
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
        let mut new = Self { cipher: Sm4Blocks::new(&key), tweak, decimal: Vec::new(), domains: RwLock::default() };
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
        let Some(mut lane) = self.lane_of_digits(digits) else { return false };
        (lane.left, lane.right) = self.rounds(&lane.shape, lane.left, lane.right, direction);
        lane.write_digits(digits);
        true
    }

    /// Decimal digits before the rounds; `None` when there are too few or many.
    pub(super) fn lane_of_digits(&self, digits: &[u8]) -> Option<Lane> {
        let fits = (SHORTEST_DIGITS..=LONGEST_DIGITS).contains(&digits.len());
        let shape = self.decimal.get(digits.len()).filter(|_| fits)?;
        let (left, right) = digits.split_at(digits.len() / 2);
        let number = |half: &[u8]| match half.len() {
            0..=19 => u128::from(half.iter().fold(0_u64, |number, digit| number * 10 + u64::from(digit - b'0'))),
            _ => half.iter().fold(0_u128, |number, digit| number * 10 + u128::from(digit - b'0')),
        };
        Some(Lane { shape: *shape, left: number(left), right: number(right) })
    }

    /// Encrypts or decrypts a number below the size of a domain, walking cycles: again until the result is below it. `None`
    /// when the domain is too small or the number is outside it.
    pub(super) fn number(&self, domain: &Domain, number: u128, direction: Direction) -> Option<u128> {
        let mut lane = domain.lane(number)?;
        // The shape is hardly larger than the domain, so that a second step is rare and a fiftieth impossible.
        for _ in 0..1000 {
            (lane.left, lane.right) = self.rounds(&lane.shape, lane.left, lane.right, direction);
            let current = lane.number();
            if current < domain.size {
                return Some(current);
            }
        }
        None
    }

    /// A domain of so many numbers.
    pub(super) fn domain(&self, size: u128) -> Domain {
        let known = |domains: &Vec<Domain>| domains.iter().find(|domain| domain.size == size).copied();
        if let Some(domain) = self.domains.read().ok().as_deref().and_then(known) {
            return domain;
        }
        let (radix, length) = (2..=12)
            .step_by(2)
            .map(|length| (root(size, length), length))
            .find(|(radix, _)| *radix <= 65_536)
            .unwrap_or((65_536, 8));
        let domain = Domain { size, shape: self.shape(u32::try_from(radix).unwrap_or(65_536), length) };
        if let Some(mut domains) = self.domains.write().ok().filter(|domains| domains.len() < DOMAINS) {
            domains.push(domain);
        }
        domain
    }

    /// Encrypts up to [`LANES`] values side by side; the result of a number may be outside its domain.
    pub(super) fn encrypt_lanes(&self, lanes: &mut [Lane]) {
        let mut blocks = [[0; 16]; LANES];
        for step in 0..10_u8 {
            for (lane, block) in lanes.iter().zip(&mut blocks) {
                *block = lane.shape.block(lane.right, step);
            }
            let used = lanes.len().min(LANES);
            self.cipher.encrypt_all(&mut blocks[..used]);
            for (lane, block) in lanes.iter_mut().zip(blocks) {
                let modulus = lane.shape.moduli[usize::from(step % 2)];
                let taken = lane.shape.taken(block, modulus);
                (lane.left, lane.right) = (lane.right, added(lane.left, taken, modulus));
            }
        }
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
        shape.taken(self.cipher.encrypt(shape.block(half, round)), modulus)
    }
}

impl Shape {
    /// The last block of the round function.
    fn block(&self, half: u128, round: u8) -> [u8; 16] {
        (self.state ^ u128::from(round) << (8 * self.bytes) ^ half).to_be_bytes()
    }

    /// What the encrypted block gives modulo the size of a half.
    fn taken(&self, output: [u8; 16], modulus: u128) -> u128 {
        let bytes = self.bytes.div_ceil(4) * 4 + 4;
        let number = u128::from_be_bytes(output) >> (128 - 8 * bytes);
        match (u64::try_from(number), u64::try_from(modulus)) {
            (Ok(number), Ok(modulus)) => u128::from(number % modulus),
            _ => number % modulus,
        }
    }
}

impl Lane {
    /// The value as a number, for a lane that came from one.
    pub(super) fn number(&self) -> u128 {
        self.left * self.shape.moduli[1] + self.right
    }

    /// Writes the value as digits, of which there are as many as it came from.
    pub(super) fn write_digits(&self, digits: &mut [u8]) {
        let (left, right) = digits.split_at_mut(digits.len() / 2);
        write_digits(self.left, left);
        write_digits(self.right, right);
    }
}

impl Domain {
    /// A number before the rounds; `None` when the domain is too small for encryption or the number outside it.
    pub(super) fn lane(&self, number: u128) -> Option<Lane> {
        let right = self.shape.moduli[1];
        let fits = number < self.size && self.size >= SMALLEST_DOMAIN;
        let (left, right) = match (u64::try_from(number), u64::try_from(right)) {
            (Ok(number), Ok(right)) => (u128::from(number / right), u128::from(number % right)),
            _ => (number / right, number % right),
        };
        fits.then_some(Lane { shape: self.shape, left, right })
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
    fn side_by_side_is_the_same_as_one_by_one() {
        let cipher = cipher();
        let texts = ["123456", "00000000", "620102199001011234", "13800138000", "99999999999999999999999999"];
        let mut lanes: Vec<Lane> = texts.iter().filter_map(|text| cipher.lane_of_digits(text.as_bytes())).collect();
        lanes.extend(cipher.domain(1_234_567_890_123).lane(987_654_321));
        cipher.encrypt_lanes(&mut lanes);
        for (text, lane) in texts.iter().zip(&lanes) {
            let (mut alone, mut together) = (text.as_bytes().to_vec(), vec![0; text.len()]);
            assert!(cipher.digits(&mut alone, Direction::Encrypt));
            lane.write_digits(&mut together);
            assert_eq!(alone, together);
        }
        let domain = cipher.domain(1_234_567_890_123);
        assert_eq!(cipher.number(&domain, 987_654_321, Direction::Encrypt), Some(lanes[texts.len()].number()));
    }

    #[test]
    fn small_domains_are_refused() {
        let cipher = cipher();
        assert!(!cipher.digits(&mut b"12345".to_vec(), Direction::Encrypt));
        assert_eq!(cipher.number(&cipher.domain(999_999), 5, Direction::Encrypt), None);
    }
}
