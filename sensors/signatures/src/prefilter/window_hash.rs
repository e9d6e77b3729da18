//! Large sets: bitmaps of hashed windows, then exact comparison.
//!
//! Of every pattern some windows that begin at consecutive offsets are entered into a bitmap by their hash, in one case
//! for all letters. With as many windows as the stride between two looks, one of them lies where the buffer is looked
//! at, wherever the pattern begins; so long patterns are found although only every fourth position is read. Where the
//! bitmap says so the table of windows is asked and the pattern compared.

use super::{Pattern, Seen};
use crate::keywords::content::commonness;

/// Bytes of the shortest pattern that is entered.
pub(crate) const SHORTEST: usize = 4;
/// Bytes from which on a pattern is long: a window and a stride less one.
pub(super) const LONG: usize = 8;
/// Sets this bit in every byte: letters lose their case, other bytes meet a few others, which comparison tells apart.
const FOLD: u64 = 0x2020_2020_2020_2020;
/// Words of the bitmap of a few windows.
const FEW_WORDS: usize = 128;
/// Windows that count as few: more fill such a bitmap.
const FEW_WINDOWS: usize = 400;
/// Words of the bitmap of not so few windows: 8 KiB. A worker does much else between two searches, so the smaller a bitmap is
/// the less of it has to come back into the fastest cache.
const MEDIUM_WORDS: usize = 1_024;
/// Windows that count as not so few: they take a tenth of such a bitmap's bits.
const MEDIUM_WINDOWS: usize = 3_200;
/// Words of the bitmap of many windows: 32 KiB, which stay in the caches.
const MANY_WORDS: usize = 4_096;
/// Bytes that are looked at before anything is decided.
const BLOCK: usize = 8;

/// A prefilter over many patterns of four bytes and more.
#[derive(Debug)]
pub(crate) struct WindowHash {
    long: Option<Sieves<5, 4>>,
    short: Option<Sieves<3, 2>>,
}

/// A sieve of a size that fits its patterns.
#[derive(Debug)]
enum Sieves<const WIDTH: usize, const STRIDE: usize> {
    Few(Sieve<WIDTH, STRIDE, FEW_WORDS>),
    Medium(Sieve<WIDTH, STRIDE, MEDIUM_WORDS>),
    Many(Sieve<WIDTH, STRIDE, MANY_WORDS>),
}

impl WindowHash {
    /// Compiles numbered patterns of four bytes and more; none when there are none.
    pub(crate) fn new(patterns: Vec<(usize, Pattern)>) -> Option<Self> {
        if patterns.is_empty() {
            return None;
        }
        let (long, short) = patterns.into_iter().partition(|entry| entry.1.bytes.len() >= LONG);
        Some(Self { long: Sieves::new(long), short: Sieves::new(short) })
    }

    pub(crate) fn find(&self, buffer: &[u8], seen: &mut Seen, found: &mut impl FnMut(usize)) {
        if let Some(long) = &self.long {
            long.find(buffer, seen, found);
        }
        if let Some(short) = &self.short {
            short.find(buffer, seen, found);
        }
    }
}

impl<const WIDTH: usize, const STRIDE: usize> Sieves<WIDTH, STRIDE> {
    fn new(patterns: Vec<(usize, Pattern)>) -> Option<Self> {
        match patterns.len() * STRIDE {
            0 => None,
            1..=FEW_WINDOWS => Some(Self::Few(Sieve::new(patterns))),
            windows if windows <= MEDIUM_WINDOWS => Some(Self::Medium(Sieve::new(patterns))),
            _ => Some(Self::Many(Sieve::new(patterns))),
        }
    }

    fn find(&self, buffer: &[u8], seen: &mut Seen, found: &mut impl FnMut(usize)) {
        match self {
            Self::Few(sieve) => sieve.find(buffer, seen, found),
            Self::Medium(sieve) => sieve.find(buffer, seen, found),
            Self::Many(sieve) => sieve.find(buffer, seen, found),
        }
    }
}

/// Patterns of at least `WIDTH + STRIDE - 1` bytes, found by windows of `WIDTH` bytes at every position that `STRIDE`
/// divides.
#[derive(Debug)]
struct Sieve<const WIDTH: usize, const STRIDE: usize, const WORDS: usize> {
    bitmap: Box<[u64; WORDS]>,
    /// Open addressing by window: window, start and length in `entries`.
    table: Vec<(u64, u32, u32)>,
    table_shift: u32,
    entries: Vec<Entry>,
    patterns: Vec<(usize, Pattern)>,
}

/// A pattern that holds a window.
#[derive(Debug, Clone, Copy)]
struct Entry {
    pattern: u32,
    /// Offset of the window within the pattern.
    offset: u16,
    /// Offset within the pattern of the bytes that are compared first.
    sample_at: u16,
    /// Those bytes in one case, as many of eight as the pattern has.
    sample: u64,
    mask: u64,
}

impl Entry {
    fn new(index: u32, offset: u16, pattern: &[u8]) -> Self {
        let length = pattern.len().min(8);
        let sample_at = offset.min(u16::try_from(pattern.len() - length).unwrap_or(u16::MAX));
        let mut bytes = [0; 8];
        let sampled = pattern.iter().skip(usize::from(sample_at)).take(length);
        bytes.iter_mut().zip(sampled).for_each(|(place, byte)| *place = *byte);
        let mask = u64::MAX >> (64 - 8 * length);
        let sample = (u64::from_le_bytes(bytes) | FOLD) & mask;
        Self { pattern: index, offset, sample_at, sample, mask }
    }

    /// Whether the pattern may begin at a place, by its sample; where the buffer is too short to tell it may.
    fn agrees(&self, buffer: &[u8], first: usize) -> bool {
        let bytes = buffer.get(first + usize::from(self.sample_at)..).and_then(|rest| rest.first_chunk::<8>());
        bytes.is_none_or(|bytes| (u64::from_le_bytes(*bytes) | FOLD) & self.mask == self.sample)
    }
}

const fn table_slot(window: u64, shift: u32) -> usize {
    (window.wrapping_mul(0xC2B2_AE3D_27D4_EB4F).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> shift) as usize
}

/// The bytes of a block as two numbers of eight bytes, the second one four bytes further on.
const fn halves(block: &[u8; 12]) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = *block;
    [u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::from_le_bytes([e, f, g, h, i, j, k, l])]
}

impl<const WIDTH: usize, const STRIDE: usize, const WORDS: usize> Sieve<WIDTH, STRIDE, WORDS> {
    const MASK: u64 = (1 << (8 * WIDTH)) - 1;
    const WORD_SHIFT: u32 = 64 - WORDS.trailing_zeros();

    fn new(patterns: Vec<(usize, Pattern)>) -> Self {
        let mut windows: Vec<(u64, u32, u16)> = (0_u32..)
            .zip(&patterns)
            .flat_map(|(index, entry)| Self::windows_of(&entry.1.bytes).map(move |(window, at)| (window, index, at)))
            .collect();
        windows.sort_unstable();
        let table_bits = windows.len().max(1).ilog2() + 2;
        let entry = |(_, index, offset): &(u64, u32, u16)| {
            patterns.get(*index as usize).map(|pattern| Entry::new(*index, *offset, &pattern.1.bytes))
        };
        let mut built = Self {
            bitmap: Box::new([0; WORDS]),
            table: vec![(0, 0, 0); 1 << table_bits],
            table_shift: 64 - table_bits,
            entries: windows.iter().filter_map(entry).collect(),
            patterns,
        };
        let mut start = 0_u32;
        for group in windows.chunk_by(|a, b| a.0 == b.0) {
            let length = u32::try_from(group.len()).unwrap_or(0);
            built.enter(group[0].0, start, length);
            start += length;
        }
        built
    }

    /// The windows a pattern is entered by, with their offsets: those that are rarest together.
    fn windows_of(pattern: &[u8]) -> impl Iterator<Item = (u64, u16)> + '_ {
        let cost = |offset: usize| -> u64 {
            let bytes = pattern.get(offset..offset + WIDTH).unwrap_or_default();
            1 << bytes.iter().map(|byte| u32::from(commonness(byte.to_ascii_lowercase()))).sum::<u32>()
        };
        let last = (pattern.len() + 1).saturating_sub(WIDTH + STRIDE);
        let first = (0..=last).min_by_key(|first| (0..STRIDE).map(|next| cost(first + next)).sum::<u64>());
        let offsets = first.into_iter().flat_map(|first| first..first + STRIDE);
        offsets.filter_map(|offset| Some((Self::window_at(pattern, offset)?, u16::try_from(offset).ok()?)))
    }

    fn window_at(bytes: &[u8], position: usize) -> Option<u64> {
        let window = bytes.get(position..position + WIDTH)?;
        let number = window.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
        Some((number | FOLD) & Self::MASK)
    }

    fn enter(&mut self, window: u64, start: u32, length: u32) {
        let (word, first, second) = Self::place(window);
        self.bitmap[word] |= 1 << first | 1 << second;
        let mask = self.table.len() - 1;
        let mut slot = table_slot(window, self.table_shift);
        while self.table[slot].2 != 0 {
            slot = (slot + 1) & mask;
        }
        self.table[slot] = (window, start, length);
    }

    /// A word of the bitmap and two bits of it.
    const fn place(window: u64) -> (usize, u64, u64) {
        let hash = window.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        ((hash >> Self::WORD_SHIFT) as usize % WORDS, hash >> 40 & 63, hash >> 34 & 63)
    }

    /// 1 when a pattern may hold the window.
    #[inline]
    fn bit(&self, window: u64) -> u64 {
        let (word, first, second) = Self::place(window);
        let word = self.bitmap[word];
        word >> first & word >> second & 1
    }

    fn find(&self, buffer: &[u8], seen: &mut Seen, found: &mut impl FnMut(usize)) {
        let mut position = 0;
        while let Some(block) = buffer.get(position..).and_then(|rest| rest.first_chunk::<12>()) {
            let [low, high] = halves(block);
            let folded = |bytes: u64| (bytes | FOLD) & Self::MASK;
            let windows = [folded(low), folded(low >> 16), folded(high), folded(high >> 16)];
            let mut any = self.bit(windows[0]) | self.bit(windows[2]);
            if STRIDE == 2 {
                any |= self.bit(windows[1]) | self.bit(windows[3]);
            }
            if any != 0 {
                for (at, window) in (0..BLOCK).step_by(2).zip(windows) {
                    if at % STRIDE == 0 && self.bit(window) != 0 {
                        self.compare(buffer, position + at, window, seen, found);
                    }
                }
            }
            position += BLOCK;
        }
        while let Some(window) = Self::window_at(buffer, position) {
            if self.bit(window) != 0 {
                self.compare(buffer, position, window, seen, found);
            }
            position += STRIDE;
        }
    }

    #[inline(never)]
    fn compare(&self, buffer: &[u8], at: usize, window: u64, seen: &mut Seen, found: &mut impl FnMut(usize)) {
        let mask = self.table.len() - 1;
        let mut slot = table_slot(window, self.table_shift);
        while self.table[slot].2 != 0 {
            let (known, start, length) = self.table[slot];
            if known == window {
                let entries = &self.entries[start as usize..(start + length) as usize];
                for entry in entries {
                    let Some(first) = at.checked_sub(usize::from(entry.offset)) else { continue };
                    if !entry.agrees(buffer, first) {
                        continue;
                    }
                    let (number, pattern) = &self.patterns[entry.pattern as usize];
                    if !seen.contains(*number) && pattern.is_at(buffer, first) {
                        seen.insert(*number);
                        found(*number);
                    }
                }
                return;
            }
            slot = (slot + 1) & mask;
        }
    }
}
