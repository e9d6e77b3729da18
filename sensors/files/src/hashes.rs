//! Digests of a file, computed while it streams by.

use fengsui_crypto::Sm3;
use md5::Digest;

/// The digests of a whole file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHashes {
    /// MD5, which feeds still carry.
    pub md5: [u8; 16],
    /// SHA-1, which feeds still carry.
    pub sha1: [u8; 20],
    /// SHA-256.
    pub sha256: [u8; 32],
    /// SM3 (GB/T 32905).
    pub sm3: [u8; 32],
}

/// Takes a file in pieces and computes all digests in one pass.
#[derive(Clone, Default)]
pub struct FileHasher {
    md5: md5::Md5,
    sha1: sha1::Sha1,
    sha256: sha2::Sha256,
    sm3: Sm3,
    length: u64,
}

impl FileHasher {
    /// A file of no bytes yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.sha1.update(bytes);
        self.sha256.update(bytes);
        self.sm3.update(bytes);
        self.length = self.length.saturating_add(bytes.len() as u64);
    }

    /// Bytes taken in.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The digests of everything taken in.
    #[must_use]
    pub fn finish(self) -> FileHashes {
        FileHashes {
            md5: self.md5.finalize().into(),
            sha1: self.sha1.finalize().into(),
            sha256: self.sha256.finalize().into(),
            sm3: self.sm3.finish(),
        }
    }
}

impl FileHashes {
    /// The digests of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = FileHasher::new();
        hasher.update(bytes);
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests_of_abc_in_pieces() {
        let mut hasher = FileHasher::new();
        hasher.update(b"a");
        hasher.update(b"bc");
        assert_eq!(hasher.length(), 3);
        let hashes = hasher.finish();
        assert_eq!(hex::encode(hashes.md5), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(hex::encode(hashes.sha1), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(hex::encode(hashes.sha256), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(hex::encode(hashes.sm3), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
        assert_eq!(FileHashes::of(b"abc"), hashes);
    }
}
