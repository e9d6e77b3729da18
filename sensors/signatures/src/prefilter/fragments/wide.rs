//! A look for fragments in 64 bytes at once, on processors with AVX-512 VBMI (Ice Lake, Zen 4 and later).
//!
//! The idea is that of Teddy (Hyperscan, aho-corasick): fragments are dealt out to buckets, and for each byte of a fragment
//! a table says of every byte in which buckets a fragment has it there. Where the four tables agree on a bucket, one of its
//! fragments may begin. A permutation of 64 bytes is such a table for six bits of each byte: the five low ones, and the
//! one that parts letters from digits and signs. The bit of the case is left out, so nothing has to be folded.

use super::{FOLD, FRAGMENT};

/// Bytes that are looked at together.
const BLOCK: usize = 64;
/// Bytes that fragments which begin in a block may reach.
const REACH: usize = BLOCK + FRAGMENT - 1;
/// Buckets of a table: one bit each.
const BUCKETS: usize = 8;
/// Most fragments of a bucket, past which another table costs less than looking in vain.
const MOST_IN_BUCKET: usize = 4;

/// For each byte of a fragment, by the six bits of [`index`]: the buckets whose fragments have it there.
type Table = [[u8; BLOCK]; FRAGMENT];

/// A place where fragments of some buckets of a table may begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    at: u32,
    table: u16,
    buckets: u8,
}

/// The tables of folded fragments.
#[derive(Debug)]
pub(super) struct Wide {
    processor: Processor,
    tables: Vec<Table>,
    /// As numbers of four bytes, little endian.
    fragments: Vec<u32>,
    /// Fragments of each bucket, in their order.
    in_bucket: usize,
}

/// The six bits of a byte that tables know.
const fn index(byte: u8) -> usize {
    (byte & 0x1f | byte >> 1 & 0x20) as usize
}

impl Wide {
    /// Compiles folded fragments, which are sorted: alike ones come into one bucket. None where the processor can not do it.
    pub(super) fn new(fragments: &[[u8; FRAGMENT]]) -> Option<Self> {
        let processor = Processor::with_vbmi()?;
        let tables = fragments.len().div_ceil(BUCKETS * MOST_IN_BUCKET);
        let in_bucket = fragments.len().div_ceil(BUCKETS * tables.max(1)).max(1);
        let mut built = vec![[[0; BLOCK]; FRAGMENT]; tables];
        for (place, fragment) in fragments.iter().enumerate() {
            let bucket = place / in_bucket;
            for (entries, byte) in built[bucket / BUCKETS].iter_mut().zip(fragment) {
                entries[index(*byte)] |= 1 << (bucket % BUCKETS);
            }
        }
        let fragments = fragments.iter().map(|fragment| u32::from_le_bytes(*fragment)).collect();
        Some(Self { processor, tables: built, fragments, in_bucket })
    }

    /// Hands out every fragment in these bytes: which one, and where. `hits` is room for what is to be looked at closer.
    pub(super) fn find(&self, bytes: &[u8], hits: &mut Vec<Hit>, take: &mut impl FnMut(usize, usize)) {
        hits.clear();
        self.processor.look(&self.tables, bytes, hits);
        for hit in &*hits {
            let at = hit.at as usize;
            let Some(window) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else { continue };
            let window = u32::from_le_bytes(*window) | u32::from_le_bytes([FOLD; FRAGMENT]);
            let mut buckets = hit.buckets;
            while buckets != 0 {
                let bucket = usize::from(hit.table) * BUCKETS + buckets.trailing_zeros() as usize;
                buckets &= buckets - 1;
                let places = bucket * self.in_bucket..self.fragments.len().min((bucket + 1) * self.in_bucket);
                for place in places {
                    if self.fragments[place] == window {
                        take(place, at);
                    }
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
use x86::Processor;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use archmage::prelude::*;

    use super::{BLOCK, FRAGMENT, Hit, REACH, Table};

    /// Proof that the processor has AVX-512 VBMI.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Processor(X64V4xToken);

    impl Processor {
        pub(super) fn with_vbmi() -> Option<Self> {
            X64V4xToken::summon().map(Self)
        }

        pub(super) fn look(self, tables: &[Table], bytes: &[u8], hits: &mut Vec<Hit>) {
            look(self.0, tables, bytes, hits);
        }
    }

    #[arcane(import_intrinsics)]
    fn look(_token: X64V4xToken, tables: &[Table], bytes: &[u8], hits: &mut Vec<Hit>) {
        let mut at = 0;
        while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<REACH>()) {
            look_at_block(tables, block, (at, u64::MAX), hits);
            at += BLOCK;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(places) = rest.len().checked_sub(FRAGMENT - 1).filter(|places| *places > 0) else { return };
        let mut block = [0; REACH];
        block[..rest.len()].copy_from_slice(rest);
        look_at_block(tables, &block, (at, u64::MAX >> (BLOCK - places)), hits);
    }

    /// Adds what may begin at those places of a block that the mask names.
    #[rite(v4x, import_intrinsics)]
    fn look_at_block(tables: &[Table], block: &[u8; REACH], (at, mask): (usize, u64), hits: &mut Vec<Hit>) {
        let (low, rest) = (_mm512_set1_epi8(0x1f), block.as_slice());
        let indices: [__m512i; FRAGMENT] = std::array::from_fn(|byte| {
            let bytes = rest[byte..].first_chunk::<BLOCK>().map_or(low, |bytes| _mm512_loadu_si512(bytes));
            // Five bits of the byte where the mask is set, else those of the byte moved by one; lookups drop the upper two.
            _mm512_ternarylogic_epi64::<0xe4>(bytes, _mm512_srli_epi16::<1>(bytes), low)
        });
        for (table, number) in tables.iter().zip(0_u16..) {
            let entries = |byte: usize| _mm512_permutexvar_epi8(indices[byte], _mm512_loadu_si512(&table[byte]));
            let buckets =
                _mm512_and_si512(_mm512_and_si512(entries(0), entries(1)), _mm512_and_si512(entries(2), entries(3)));
            let mut found = _mm512_test_epi8_mask(buckets, buckets) & mask;
            if found == 0 {
                continue;
            }
            let mut each = [0; BLOCK];
            _mm512_storeu_si512(&mut each, buckets);
            while found != 0 {
                let place = found.trailing_zeros() as usize;
                found &= found - 1;
                hits.push(Hit { at: (at + place) as u32, table: number, buckets: each[place] });
            }
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
use other::Processor;

#[cfg(not(target_arch = "x86_64"))]
mod other {
    use super::{Hit, Table};

    /// Nothing: other processors have no such permutation.
    #[derive(Debug, Clone, Copy)]
    pub(super) enum Processor {}

    impl Processor {
        pub(super) const fn with_vbmi() -> Option<Self> {
            None
        }

        pub(super) fn look(self, _tables: &[Table], _bytes: &[u8], _hits: &mut Vec<Hit>) {
            match self {}
        }
    }
}
