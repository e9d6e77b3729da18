//! Lists of known digests.

use std::collections::HashMap;

use fengsui_schema::shown;

use crate::limits::HASH_LIST_ENTRIES;
use crate::{FileHashes, FilesError};

/// Digests of known files, each with the name of the list it came from.
///
/// One digest a line in hexadecimal, MD5, SHA-1, SHA-256 or SM3 by its length; what follows a space, tab or comma
/// is ignored, so are empty lines and those that start with `#`.
#[derive(Debug, Clone, Default)]
pub struct HashList {
    names: Vec<String>,
    entries: HashMap<Vec<u8>, usize>,
}

impl HashList {
    /// A list of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the digests of one list. A digest that is in two lists keeps the name of the first.
    ///
    /// # Errors
    /// At the first line that is no digest, and when [`HASH_LIST_ENTRIES`] is reached.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), FilesError> {
        let index = self.names.len();
        self.names.push(name.to_owned());
        for (number, line) in text.lines().enumerate() {
            let word = line.split([' ', '\t', ',']).next().unwrap_or_default();
            if word.is_empty() || word.starts_with('#') {
                continue;
            }
            let digest = digest_of(word).ok_or_else(|| FilesError::HashLine {
                list: shown(name).to_string(),
                line: number + 1,
                text: shown(line).to_string(),
            })?;
            if self.entries.len() >= HASH_LIST_ENTRIES {
                return Err(FilesError::HashListFull { list: shown(name).to_string(), limit: HASH_LIST_ENTRIES });
            }
            self.entries.entry(digest).or_insert(index);
        }
        Ok(())
    }

    /// Name of the list that holds one of these digests.
    #[must_use]
    pub fn find(&self, hashes: &FileHashes) -> Option<&str> {
        let digests: [Option<&[u8]>; 4] = [
            hashes.sha256.as_ref().map(<[u8; 32]>::as_slice),
            hashes.sm3.as_ref().map(<[u8; 32]>::as_slice),
            hashes.sha1.as_ref().map(<[u8; 20]>::as_slice),
            hashes.md5.as_ref().map(<[u8; 16]>::as_slice),
        ];
        let index = digests.into_iter().flatten().find_map(|digest| self.entries.get(digest))?;
        self.names.get(*index).map(String::as_str)
    }

    /// How many digests there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn digest_of(word: &str) -> Option<Vec<u8>> {
    matches!(word.len(), 32 | 40 | 64).then(|| hex::decode(word).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digest_of_a_file_finds_it() {
        let hashes = FileHashes::of(b"abc");
        let digests = [
            hashes.md5.map(hex::encode),
            hashes.sha1.map(hex::encode),
            hashes.sha256.map(hex::encode),
            hashes.sm3.map(hex::encode),
        ];
        for digest in digests.into_iter().flatten() {
            let mut list = HashList::new();
            list.add("known", &format!("# comment\n\n{}, abc\n", digest.to_uppercase())).expect("is a list");
            assert_eq!(list.find(&hashes), Some("known"));
            assert_eq!(list.find(&FileHashes::of(b"abd")), None);
        }
    }

    #[test]
    fn a_bad_line_is_named() {
        let error = HashList::new().add("bad", "00\n").expect_err("is no digest");
        assert!(error.to_string().contains("line 1"), "{error}");
    }
}
