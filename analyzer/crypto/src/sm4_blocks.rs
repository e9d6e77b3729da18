//! SM4 (GB/T 32907-2016) on many blocks at once, with tables: several times as fast as a block at a time.
//!
//! Table look-ups show in the timing of a shared cache what is encrypted. Use it for masking and pseudo-random
//! choices in offline jobs; sealing uses the engine of [`crate::SealingKey`].

/// An expanded SM4 key.
#[derive(Clone)]
pub struct Sm4Blocks {
    round_keys: [u32; 32],
}

/// Blocks that are encrypted side by side, so that one's look-ups hide another's latency.
const LANES: usize = 4;

impl Sm4Blocks {
    /// Expands a key.
    #[must_use]
    pub fn new(key: &[u8; 16]) -> Self {
        const SYSTEM: [u32; 4] = [0xa3b1_bac6, 0x56aa_3350, 0x677d_9197, 0xb270_22dc];
        let mut state = words(key);
        state.iter_mut().zip(SYSTEM).for_each(|(word, system)| *word ^= system);
        let mut round_keys = [0; 32];
        for (round, round_key) in (0_u32..).zip(&mut round_keys) {
            let [a, b, c, d] = state;
            let substituted = substitute(b ^ c ^ d ^ constant(round));
            let next = a ^ substituted ^ substituted.rotate_left(13) ^ substituted.rotate_left(23);
            *round_key = next;
            state = [b, c, d, next];
        }
        Self { round_keys }
    }

    /// Encrypts one block.
    #[must_use]
    pub fn encrypt(&self, block: [u8; 16]) -> [u8; 16] {
        let mut blocks = [block];
        self.lanes(&mut blocks);
        blocks[0]
    }

    /// Encrypts each block by itself.
    pub fn encrypt_all(&self, blocks: &mut [[u8; 16]]) {
        let (fours, rest) = blocks.as_chunks_mut::<LANES>();
        fours.iter_mut().for_each(|blocks| self.lanes(blocks));
        for block in rest {
            *block = self.encrypt(*block);
        }
    }

    fn lanes<const N: usize>(&self, blocks: &mut [[u8; 16]; N]) {
        let mut states = [[0; 4]; N];
        for (state, block) in states.iter_mut().zip(&*blocks) {
            *state = words(block);
        }
        let (fours, _) = self.round_keys.as_chunks::<4>();
        for keys in fours {
            for state in &mut states {
                state[0] ^= mixed(state[1] ^ state[2] ^ state[3] ^ keys[0]);
            }
            for state in &mut states {
                state[1] ^= mixed(state[2] ^ state[3] ^ state[0] ^ keys[1]);
            }
            for state in &mut states {
                state[2] ^= mixed(state[3] ^ state[0] ^ state[1] ^ keys[2]);
            }
            for state in &mut states {
                state[3] ^= mixed(state[0] ^ state[1] ^ state[2] ^ keys[3]);
            }
        }
        for (block, [a, b, c, d]) in blocks.iter_mut().zip(states) {
            let number = u128::from(d) << 96 | u128::from(c) << 64 | u128::from(b) << 32 | u128::from(a);
            *block = number.to_be_bytes();
        }
    }
}

impl std::fmt::Debug for Sm4Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sm4Blocks(…)")
    }
}

impl Drop for Sm4Blocks {
    fn drop(&mut self) {
        sm2::elliptic_curve::zeroize::Zeroize::zeroize(&mut self.round_keys);
    }
}

fn words(block: &[u8; 16]) -> [u32; 4] {
    let number = u128::from_be_bytes(*block);
    // Each cast keeps one of the four words.
    [(number >> 96) as u32, (number >> 64) as u32, (number >> 32) as u32, number as u32]
}

/// The round's substitution and linear step by four table look-ups.
fn mixed(word: u32) -> u32 {
    let [a, b, c, d] = word.to_be_bytes();
    let table = &MIXED;
    table[0][usize::from(a)] ^ table[1][usize::from(b)] ^ table[2][usize::from(c)] ^ table[3][usize::from(d)]
}

fn substitute(word: u32) -> u32 {
    u32::from_be_bytes(word.to_be_bytes().map(|byte| SUBSTITUTION[usize::from(byte)]))
}

/// Bytes of the constants: 7 times 4 × round + place, modulo 256 (GB/T 32907-2016, 7.3.2).
fn constant(round: u32) -> u32 {
    (0..4).fold(0, |word, place| (word << 8) | ((4 * round + place) * 7 % 256))
}

/// The substitution, from its algebra: an affine map, the inverse modulo x⁸+x⁷+x⁶+x⁵+x⁴+x²+1, the map again
/// (F. Liu et al., "Analysis of the SMS4 block cipher", 2007).
const SUBSTITUTION: [u8; 256] = substitution();

static MIXED: [[u32; 256]; 4] = mixed_tables();

const fn substitution() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = affine(inverse(affine(byte as u8)));
        byte += 1;
    }
    table
}

const fn affine(byte: u8) -> u8 {
    let mut out = 0xd3;
    let mut bit = 0;
    while bit < 8 {
        out ^= ((0xa7_u8.rotate_left(bit) & byte).count_ones() as u8 & 1) << bit;
        bit += 1;
    }
    out
}

/// The 254th power, which is the inverse, and zero for zero: the product of the 2nd, 4th … 128th.
const fn inverse(byte: u8) -> u8 {
    let (mut result, mut power, mut count) = (1, byte, 0);
    while count < 7 {
        power = product(power, power);
        result = product(result, power);
        count += 1;
    }
    result
}

const fn product(a: u8, b: u8) -> u8 {
    let (mut a, mut b, mut result) = (a as u16, b, 0_u16);
    while b != 0 {
        if b & 1 == 1 {
            result ^= a;
        }
        a <<= 1;
        if a & 0x100 != 0 {
            a ^= 0x1f5;
        }
        b >>= 1;
    }
    result as u8
}

const fn mixed_tables() -> [[u32; 256]; 4] {
    let mut tables = [[0; 256]; 4];
    let mut place = 0;
    while place < 4 {
        let mut byte = 0;
        while byte < 256 {
            let word = (SUBSTITUTION[byte] as u32) << (24 - 8 * place);
            tables[place][byte] =
                word ^ word.rotate_left(2) ^ word.rotate_left(10) ^ word.rotate_left(18) ^ word.rotate_left(24);
            byte += 1;
        }
        place += 1;
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn example_of_gb_t_32907() {
        let key = *b"\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10";
        assert_eq!(hex::encode(Sm4Blocks::new(&key).encrypt(key)), "681edf34d206965e86b3e94f536e4246");
    }

    proptest! {
        #[test]
        fn agrees_with_the_engine(key: [u8; 16], blocks in prop::collection::vec(any::<[u8; 16]>(), 0..11)) {
            let expected: Vec<_> = blocks.iter().map(|block| crate::sm4_encrypt_block(&key, block)).collect();
            let mut together = blocks.clone();
            Sm4Blocks::new(&key).encrypt_all(&mut together);
            prop_assert_eq!(together, expected);
        }
    }
}
