//! Digests of a file, computed while it streams by.

use fengsui_crypto::Sm3;
use md5::Digest as _;

/// Kinds of digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Digest {
    /// MD5, which feeds still carry.
    Md5,
    /// SHA-1, which feeds still carry.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SM3 (GB/T 32905).
    Sm3,
}

impl Digest {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Md5, Self::Sha1, Self::Sha256, Self::Sm3];
}

/// The digests of a file, those that were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHashes {
    /// MD5.
    pub md5: Option<[u8; 16]>,
    /// SHA-1.
    pub sha1: Option<[u8; 20]>,
    /// SHA-256.
    pub sha256: Option<[u8; 32]>,
    /// SM3.
    pub sm3: Option<[u8; 32]>,
}

/// Takes a file in pieces and computes the digests that are asked for in one pass.
#[derive(Clone)]
pub struct FileHasher {
    md5: Option<md5::Md5>,
    sha1: Option<sha1::Sha1>,
    sha256: Option<sha2::Sha256>,
    sm3: Option<Sm3>,
    length: u64,
}

impl FileHasher {
    /// A file of no bytes yet.
    #[must_use]
    pub fn new(wanted: &[Digest]) -> Self {
        Self {
            md5: wanted.contains(&Digest::Md5).then(md5::Md5::default),
            sha1: wanted.contains(&Digest::Sha1).then(sha1::Sha1::default),
            sha256: wanted.contains(&Digest::Sha256).then(sha2::Sha256::default),
            sm3: wanted.contains(&Digest::Sm3).then(Sm3::default),
            length: 0,
        }
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        if let Some(sha1) = &mut self.sha1 {
            sha1.update(bytes);
        }
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
        if let Some(sm3) = &mut self.sm3 {
            sm3.update(bytes);
        }
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
            md5: self.md5.map(|md5| md5.finalize().into()),
            sha1: self.sha1.map(|sha1| sha1.finalize().into()),
            sha256: self.sha256.map(|sha256| sha256.finalize().into()),
            sm3: self.sm3.map(Sm3::finish),
        }
    }
}

impl FileHashes {
    /// All digests of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = FileHasher::new(&Digest::ALL);
        hasher.update(bytes);
        hasher.finish()
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn known_digests_of_abc_in_pieces() {
        let mut hasher = FileHasher::new(&Digest::ALL);
        hasher.update(b"a");
        hasher.update(b"bc");
        assert_eq!(hasher.length(), 3);
        let hashes = hasher.finish();
        assert_eq!(hex::encode(hashes.md5.expect("was asked for")), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(hex::encode(hashes.sha1.expect("was asked for")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(
            hex::encode(hashes.sha256.expect("was asked for")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            hex::encode(hashes.sm3.expect("was asked for")),
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
        );
        assert_eq!(FileHashes::of(b"abc"), hashes);
        let mut few = FileHasher::new(&[Digest::Sha256]);
        few.update(b"abc");
        assert_eq!(few.finish(), FileHashes { md5: None, sha1: None, sm3: None, ..hashes });
    }
}
