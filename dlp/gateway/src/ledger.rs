//! The share ledger: who got which copy when. Entries are chained by SM3, and a checkpoint signed with SM2 says how
//! long the chain is, so that neither its middle nor its end can be changed unseen.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use fengsui_crypto::{Checkpoint, HashChain, KeyPair, Link};
use fengsui_schema::Timestamp;

use crate::GatewayError;

/// A ledger in a folder: `ledger.jsonl`, its checkpoint, the keys of masks and marks, the key that signs, the
/// policies that were used, and the indexes of the datasets. Opening it waits for whoever has it open.
#[derive(Debug)]
pub struct Ledger {
    folder: PathBuf,
    entries: Vec<Entry>,
    chain: HashChain,
    /// Held until the ledger is closed.
    _lock: File,
}

/// One release to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Number of the entry, from 1.
    pub sequence: u64,
    /// When the copy was made.
    pub time: Timestamp,
    /// Who got it. Untrusted.
    pub recipient: String,
    /// Role of the recipient.
    pub role: String,
    /// Purpose of the use.
    pub purpose: String,
    /// What was shared: SM3 of the rows, the policy and the access. Copies of one dataset are traced together.
    pub dataset: String,
    /// Name of the original file or table, without path or host. Untrusted.
    pub source: String,
    /// Id of the policy.
    pub policy: String,
    /// SM3 of the policy's text, which is kept in `policies`.
    pub policy_sm3: String,
    /// SM3 of the copy; empty for a copy in a database.
    pub copy_sm3: String,
    /// Rows of the copy without the made-up ones.
    pub rows: u64,
    /// Made-up rows in the copy.
    pub canaries: u64,
    /// Columns that carry marks.
    pub carriers: Vec<String>,
    /// Columns encrypted under a key of the recipient.
    pub keyed: Vec<String>,
    /// Digest of the entry and all before it.
    #[serde(default)]
    pub digest: String,
}

impl Entry {
    /// The bytes the chain covers.
    fn covered(&self) -> Result<Vec<u8>, GatewayError> {
        let bare = Self { digest: String::new(), ..self.clone() };
        Ok(serde_json::to_vec(&bare).map_err(std::io::Error::from)?)
    }
}

impl Ledger {
    /// Opens the ledger of a folder, which is made when it does not exist, and checks its chain.
    ///
    /// # Errors
    /// When the folder can't be used, or an entry was changed, removed, inserted or cut off.
    pub fn open(folder: &Path) -> Result<Self, GatewayError> {
        std::fs::create_dir_all(folder).map_err(|error| GatewayError::io(folder, error))?;
        let lock = folder.join("ledger.lock");
        let lock = File::create(&lock)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|error| GatewayError::io(&lock, error))?;
        let mut ledger = Self { folder: folder.to_owned(), entries: Vec::new(), chain: HashChain::new(), _lock: lock };
        let path = ledger.path();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(GatewayError::io(&path, error)),
        };
        let checkpoint = ledger.checkpoint()?;
        let mut anchored = checkpoint.is_none();
        for (index, line) in text.lines().enumerate() {
            ledger.check_line(index, line)?;
            if let Some(checkpoint) = checkpoint.as_ref().filter(|known| known.length == index as u64 + 1) {
                checkpoint.anchors(&ledger.chain).map_err(|bad| ledger.broken(index, &bad.to_string()))?;
                anchored = true;
            }
        }
        if !anchored {
            return Err(ledger.broken(ledger.entries.len(), "entries were cut off at the end"));
        }
        Ok(ledger)
    }

    /// Opens the ledger of a folder that must have one, so that a mistyped path is not an empty ledger.
    ///
    /// # Errors
    /// When there is none, or as [`Self::open`].
    pub fn existing(folder: &Path) -> Result<Self, GatewayError> {
        if folder.join("ledger.jsonl").exists() {
            return Self::open(folder);
        }
        Err(GatewayError::format(folder, "holds no share ledger; name the folder the copies were released with"))
    }

    fn check_line(&mut self, index: usize, line: &str) -> Result<(), GatewayError> {
        let entry: Entry = serde_json::from_str(line).map_err(|error| self.broken(index, &error.to_string()))?;
        let mut digest = [0; 32];
        hex::decode_to_slice(&entry.digest, &mut digest).map_err(|_| self.broken(index, "has no digest"))?;
        let link = Link { sequence: index as u64, digest };
        let chain =
            self.chain.verify([(entry.covered()?, link)]).map_err(|bad| self.broken(index, &bad.reason.to_string()))?;
        if entry.sequence != index as u64 + 1 {
            return Err(self.broken(index, "has another number"));
        }
        self.chain = chain;
        self.entries.push(entry);
        Ok(())
    }

    fn broken(&self, index: usize, reason: &str) -> GatewayError {
        GatewayError::format(&self.path(), format!("entry {}: {reason}; restore the ledger from its backup", index + 1))
    }

    fn path(&self) -> PathBuf {
        self.folder.join("ledger.jsonl")
    }

    fn checkpoint(&self) -> Result<Option<Checkpoint>, GatewayError> {
        let path = self.folder.join("checkpoint.json");
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(GatewayError::io(&path, error)),
        };
        let checkpoint: Checkpoint =
            serde_json::from_slice(&text).map_err(|error| GatewayError::format(&path, error.to_string()))?;
        checkpoint.verify(&self.signing_key()?.public())?;
        Ok(Some(checkpoint))
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All entries in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Digest of the last entry.
    #[must_use]
    pub fn head(&self) -> String {
        hex::encode(self.chain.head())
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

    /// The key that signs checkpoints and evidence; made at its first use, its public half in `signing.pub.pem`.
    ///
    /// # Errors
    /// When it can't be read or made.
    pub fn signing_key(&self) -> Result<KeyPair, GatewayError> {
        let path = self.folder.join("signing.pem");
        if path.exists() {
            return Ok(KeyPair::load(&path)?);
        }
        let key = KeyPair::generate()?;
        key.save(&path)?;
        let public = self.folder.join("signing.pub.pem");
        std::fs::write(&public, key.public().to_pem()?).map_err(|error| GatewayError::io(&public, error))?;
        Ok(key)
    }

    /// Keeps the text of a policy by its digest, so that a trace finds it again.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn keep_policy(&self, digest: &str, text: &str) -> Result<(), GatewayError> {
        let folder = self.folder.join("policies");
        let path = folder.join(format!("{digest}.toml"));
        let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, text));
        written.map_err(|error| GatewayError::io(&path, error))
    }

    /// The text of a policy that was kept.
    ///
    /// # Errors
    /// When there is none.
    pub fn policy_text(&self, digest: &str) -> Result<String, GatewayError> {
        let path = self.folder.join("policies").join(format!("{digest}.toml"));
        std::fs::read_to_string(&path).map_err(|error| GatewayError::io(&path, error))
    }

    /// Appends an entry: fills in its number and digest, writes and syncs, and signs the new end.
    ///
    /// # Errors
    /// When the ledger can't be written.
    pub fn append(&mut self, mut entry: Entry) -> Result<&Entry, GatewayError> {
        entry.sequence = self.entries.len() as u64 + 1;
        let mut chain = self.chain;
        entry.digest = hex::encode(chain.append(&entry.covered()?).digest);
        let path = self.path();
        let line = serde_json::to_string(&entry).map_err(std::io::Error::from)?;
        let mut file =
            OpenOptions::new().create(true).append(true).open(&path).map_err(|error| GatewayError::io(&path, error))?;
        let written = file.write_all(format!("{line}\n").as_bytes()).and_then(|()| file.sync_data());
        written.map_err(|error| GatewayError::io(&path, error))?;
        let checkpoint = Checkpoint::sign(&chain, entry.time, &self.signing_key()?)?;
        let path = self.folder.join("checkpoint.json");
        let text = serde_json::to_vec(&checkpoint).map_err(std::io::Error::from)?;
        std::fs::write(&path, text).map_err(|error| GatewayError::io(&path, error))?;
        let at = self.entries.len();
        self.entries.push(entry);
        self.chain = chain;
        Ok(&self.entries[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(recipient: &str) -> Entry {
        Entry { recipient: recipient.to_owned(), rows: 1, ..Entry::default() }
    }

    fn with_two() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("makes a folder");
        let mut ledger = Ledger::open(folder.path()).expect("opens");
        ledger.append(entry("a")).expect("appends");
        ledger.append(entry("b")).expect("appends");
        folder
    }

    #[test]
    fn changed_and_cut_ledgers_are_noticed() {
        type Change = fn(&str) -> String;
        let changes: [Change; 4] = [
            |text| text.replace("\"recipient\":\"a\"", "\"recipient\":\"c\""),
            |text| text.lines().take(1).map(|line| format!("{line}\n")).collect(),
            |_| String::new(),
            |text| text.lines().rev().map(|line| format!("{line}\n")).collect(),
        ];
        for change in changes {
            let folder = with_two();
            assert_eq!(Ledger::open(folder.path()).expect("opens").entries().len(), 2);
            let path = folder.path().join("ledger.jsonl");
            let text = std::fs::read_to_string(&path).expect("reads");
            std::fs::write(&path, change(&text)).expect("writes");
            assert!(Ledger::open(folder.path()).expect_err("is noticed").to_string().contains("backup"));
        }
    }
}
