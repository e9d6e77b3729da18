//! Large sets: a bitmap of hashed four-byte windows, then exact comparison.
//!
//! Of every pattern the window that is rarest in traffic is entered into a bitmap by its hash, in one case for all
//! letters. A buffer is read four positions at a time; only where the bitmap says so is the table of windows asked
//! and the pattern compared.

use super::{Pattern, Seen};
use crate::keywords::content::commonness;

/// Bytes of a window.
pub(crate) const WINDOW: usize = 4;
/// Sets this bit in every byte: letters lose their case, other bytes meet a few others, which comparison tells apart.
const FOLD: u32 = 0x2020_2020;
/// Sizes of the bitmap, as powers of two: 512 bytes up to 32 KiB, which stays in the first cache.
const BITMAP_BITS: std::ops::RangeInclusive<u32> = 12..=18;

/// A prefilter over many patterns of four bytes and more.
#[derive(Debug)]
pub(crate) struct WindowHash {
    bitmap: Vec<u64>,
    shift: u32,
    /// Open addressing by window: window, start and length in `entries`.
    table: Vec<(u32, u32, u32)>,
    table_shift: u32,
    /// Pattern and offset of the window within it.
    entries: Vec<(u32, u16)>,
    patterns: Vec<(usize, Pattern)>,
}

fn window_at(bytes: &[u8], offset: usize) -> Option<u32> {
    let window: [u8; WINDOW] = bytes.get(offset..offset + WINDOW)?.try_into().ok()?;
    Some(u32::from_le_bytes(window) | FOLD)
}

/// The offset of the rarest window of a pattern.
fn rarest_window(pattern: &[u8]) -> usize {
    let cost =
        |offset: &usize| -> u32 { pattern[*offset..offset + WINDOW].iter().map(|b| u32::from(commonness(*b))).sum() };
    (0..=pattern.len().saturating_sub(WINDOW)).min_by_key(cost).unwrap_or(0)
}

const fn hashed(window: u32, shift: u32) -> usize {
    (window.wrapping_mul(0x9E37_79B1) >> shift) as usize
}

const fn table_slot(window: u32, shift: u32) -> usize {
    (window.wrapping_mul(0x85EB_CA6B).wrapping_mul(0x9E37_79B1) >> shift) as usize
}

impl WindowHash {
    /// Compiles numbered patterns of four bytes and more; none when there are none.
    pub(crate) fn new(patterns: Vec<(usize, Pattern)>) -> Option<Self> {
        if patterns.is_empty() {
            return None;
        }
        let mut windows: Vec<(u32, u32, u16)> = (0_u32..)
            .zip(&patterns)
            .filter_map(|(index, entry)| {
                let offset = rarest_window(&entry.1.bytes);
                Some((window_at(&entry.1.bytes, offset)?, index, u16::try_from(offset).ok()?))
            })
            .collect();
        windows.sort_unstable();
        let bits = (windows.len().ilog2() + 6).clamp(*BITMAP_BITS.start(), *BITMAP_BITS.end());
        let table_bits = windows.len().ilog2() + 2;
        let mut built = Self {
            bitmap: vec![0; 1 << (bits - 6)],
            shift: 32 - bits,
            table: vec![(0, 0, 0); 1 << table_bits],
            table_shift: 32 - table_bits,
            entries: windows.iter().map(|entry| (entry.1, entry.2)).collect(),
            patterns,
        };
        let mut start = 0_u32;
        for group in windows.chunk_by(|a, b| a.0 == b.0) {
            let length = u32::try_from(group.len()).unwrap_or(0);
            built.enter(group[0].0, start, length);
            start += length;
        }
        Some(built)
    }

    fn enter(&mut self, window: u32, start: u32, length: u32) {
        let bit = hashed(window, self.shift);
        self.bitmap[bit >> 6] |= 1 << (bit & 63);
        let mask = self.table.len() - 1;
        let mut slot = table_slot(window, self.table_shift);
        while self.table[slot].2 != 0 {
            slot = (slot + 1) & mask;
        }
        self.table[slot] = (window, start, length);
    }

    fn may_hold(&self, window: u32) -> bool {
        let bit = hashed(window, self.shift);
        self.bitmap[bit >> 6] >> (bit & 63) & 1 != 0
    }

    pub(crate) fn find(&self, buffer: &[u8], seen: &mut Seen, found: &mut impl FnMut(usize)) {
        let mut position = 0;
        // Eight bytes hold five windows; the first four are taken, so that steps stay aligned.
        for eight in buffer.windows(8).step_by(4) {
            let Ok(eight) = <[u8; 8]>::try_from(eight) else { break };
            let bytes = u64::from_le_bytes(eight);
            for lane in 0..4 {
                let window = (bytes >> (8 * lane)) as u32 | FOLD;
                if self.may_hold(window) {
                    self.compare(buffer, position + lane, window, seen, found);
                }
            }
            position += 4;
        }
        while let Some(window) = window_at(buffer, position) {
            if self.may_hold(window) {
                self.compare(buffer, position, window, seen, found);
            }
            position += 1;
        }
    }

    #[inline(never)]
    fn compare(&self, buffer: &[u8], at: usize, window: u32, seen: &mut Seen, found: &mut impl FnMut(usize)) {
        let mask = self.table.len() - 1;
        let mut slot = table_slot(window, self.table_shift);
        while self.table[slot].2 != 0 {
            let (known, start, length) = self.table[slot];
            if known == window {
                let entries = &self.entries[start as usize..(start + length) as usize];
                for (pattern, offset) in entries {
                    let (number, pattern) = &self.patterns[*pattern as usize];
                    let Some(first) = at.checked_sub(usize::from(*offset)) else { continue };
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
