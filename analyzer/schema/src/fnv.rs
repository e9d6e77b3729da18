//! The hash of Fowler, Noll and Vo (FNV-1a, 64 bits): spreads what is counted or compared, protects nothing.

/// What every step multiplies by.
pub const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// A hash under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self::new()
    }
}

impl Fnv {
    /// Of nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Goes on with bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.add_one(u64::from(*byte)));
    }

    /// Goes on with one item that is larger than a byte, a character for instance.
    pub const fn add_one(&mut self, item: u64) {
        self.0 = (self.0 ^ item).wrapping_mul(FNV_PRIME);
    }

    /// The hash.
    #[must_use]
    pub const fn finish(self) -> u64 {
        self.0
    }

    /// The hash with its halves mixed once, for those who take part of its bits (finaliser of MurmurHash3).
    #[must_use]
    pub const fn finish_mixed(self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed ^ (mixed >> 33)
    }
}

/// The hash of some bytes.
#[must_use]
pub fn fnv(bytes: &[u8]) -> Fnv {
    let mut hash = Fnv::new();
    hash.add(bytes);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of draft-eastlake-fnv.
    #[test]
    fn it_is_the_hash_it_is_named_after() {
        assert_eq!(fnv(b"").finish(), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv(b"a").finish(), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv(b"foobar").finish(), 0x8594_4171_f739_67e8);
    }
}
