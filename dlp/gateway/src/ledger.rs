//! The share ledger: who got which copy when, each entry chained to the one before by SM3.

use std::io::Write;
use std::path::{Path, PathBuf};

use fengsui_crypto::sm3_of_parts;
use fengsui_schema::Timestamp;

use crate::GatewayError;

/// A ledger in a folder: `ledger.jsonl`, the key of the masks and the key of the marks.
#[derive(Debug, Clone)]
pub struct Ledger {
    folder: PathBuf,
    entries: Vec<Entry>,
}

/// One release to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Number of the entry, from 1.
    pub sequence: u64,
    /// When the copy was made.
    pub time: Timestamp,
    /// Who got it.
    pub recipient: String,
    /// What was shared: SM3 of the original file and the policy. Copies of one dataset are traced together.
    pub dataset: String,
    /// Name of the original file, without its path.
    pub source: String,
    /// Id of the policy.
    pub policy: String,
    /// SM3 of the copy.
    pub copy_sm3: String,
    /// Rows of the copy.
    pub rows: u64,
    /// Columns that find a row again, the best first.
    pub locators: Vec<String>,
    /// Columns that carry marks.
    pub carriers: Vec<String>,
    /// Digest of the entry before; 64 zeros for the first.
    pub previous: String,
    /// SM3 over all of the above.
    pub digest: String,
}

impl Entry {
    fn computed_digest(&self) -> String {
        let (sequence, rows) = (self.sequence.to_string(), self.rows.to_string());
        let (time, locators, carriers) =
            (self.time.to_string(), self.locators.join("\u{1f}"), self.carriers.join("\u{1f}"));
        let parts = [
            &sequence,
            &time,
            &self.recipient,
            &self.dataset,
            &self.source,
            &self.policy,
            &self.copy_sm3,
            &rows,
            &locators,
            &carriers,
            &self.previous,
        ];
        let parts: Vec<&[u8]> = parts.into_iter().map(String::as_bytes).collect();
        hex::encode(sm3_of_parts(&parts))
    }
}

impl Ledger {
    /// Opens the ledger of a folder, which is made when it does not exist, and checks its chain.
    ///
    /// # Errors
    /// When the folder can't be used, or an entry was changed, removed or inserted.
    pub fn open(folder: &Path) -> Result<Self, GatewayError> {
        std::fs::create_dir_all(folder).map_err(|error| GatewayError::io(folder, error))?;
        let path = folder.join("ledger.jsonl");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(GatewayError::io(&path, error)),
        };
        let mut entries: Vec<Entry> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let broken = |reason: String| {
                GatewayError::format(
                    &path,
                    format!("entry {}: {reason}; restore the ledger from its backup", index + 1),
                )
            };
            let entry: Entry = serde_json::from_str(line).map_err(|error| broken(error.to_string()))?;
            let previous = entries.last().map_or_else(first_previous, |last| last.digest.clone());
            if entry.previous != previous
                || entry.digest != entry.computed_digest()
                || entry.sequence != index as u64 + 1
            {
                return Err(broken(
                    "the chain of digests is broken here: the entry or one before it was changed".to_owned(),
                ));
            }
            entries.push(entry);
        }
        Ok(Self { folder: folder.to_owned(), entries })
    }

    /// All entries in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// File with the key of the masks of this ledger's releases.
    #[must_use]
    pub fn mask_key(&self) -> PathBuf {
        self.folder.join("mask.key")
    }

    /// File with the key of the marks.
    #[must_use]
    pub fn mark_key(&self) -> PathBuf {
        self.folder.join("mark.key")
    }

    /// Appends an entry: fills in its number and digests, writes and syncs.
    ///
    /// # Errors
    /// When the ledger can't be written.
    pub fn append(&mut self, mut entry: Entry) -> Result<&Entry, GatewayError> {
        entry.sequence = self.entries.len() as u64 + 1;
        entry.previous = self.entries.last().map_or_else(first_previous, |last| last.digest.clone());
        entry.digest = entry.computed_digest();
        let path = self.folder.join("ledger.jsonl");
        let line = serde_json::to_string(&entry).map_err(std::io::Error::from)?;
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|error| GatewayError::io(&path, error))?;
        file.write_all(format!("{line}\n").as_bytes())
            .and_then(|()| file.sync_data())
            .map_err(|error| GatewayError::io(&path, error))?;
        let at = self.entries.len();
        self.entries.push(entry);
        Ok(&self.entries[at])
    }
}

fn first_previous() -> String {
    "0".repeat(64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(recipient: &str) -> Entry {
        let empty = String::new;
        Entry {
            sequence: 0,
            time: Timestamp::from_nanos(0),
            recipient: recipient.to_owned(),
            dataset: empty(),
            source: empty(),
            policy: empty(),
            copy_sm3: empty(),
            rows: 1,
            locators: Vec::new(),
            carriers: Vec::new(),
            previous: empty(),
            digest: empty(),
        }
    }

    #[test]
    fn a_changed_entry_is_noticed() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let mut ledger = Ledger::open(folder.path()).expect("opens");
        ledger.append(entry("a")).expect("appends");
        ledger.append(entry("b")).expect("appends");
        assert_eq!(Ledger::open(folder.path()).expect("opens").entries().len(), 2);
        let path = folder.path().join("ledger.jsonl");
        let changed =
            std::fs::read_to_string(&path).expect("reads").replace("\"recipient\":\"a\"", "\"recipient\":\"c\"");
        std::fs::write(&path, changed).expect("writes");
        assert!(Ledger::open(folder.path()).is_err());
    }
}
