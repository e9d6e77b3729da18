//! Values that must not be printed and are wiped when dropped.

use serde::{Deserialize, Deserializer};
use sm2::elliptic_curve::subtle::ConstantTimeEq;
use sm2::elliptic_curve::zeroize::Zeroize;

/// A value that can't be printed (no `Debug`, no `Display`, no `Serialize`) and is wiped from memory when dropped.
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value; every use can be found by this name.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize + Clone> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

/// Compares in a time that depends on the lengths only.
#[must_use]
pub fn equal_in_constant_time(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_means_equal() {
        assert!(equal_in_constant_time(b"", b"") && equal_in_constant_time(b"ab", b"ab"));
        assert!(!equal_in_constant_time(b"ab", b"ac") && !equal_in_constant_time(b"ab", b"abc"));
    }
}
