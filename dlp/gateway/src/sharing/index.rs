//! What finds the rows of a leak again: keyed digests of the cells of a dataset, kept beside the ledger. Who has the
//! index but not the key of the marks learns nothing from it but which cells are equal.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use fengsui_dlp_engine::watermark::{Carrier, Locator};

use crate::GatewayError;

/// A column of a dataset and how its cells are compared.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct IndexColumn {
    /// Name. Untrusted.
    pub(crate) name: String,
    /// How its cells are compared.
    pub(crate) role: ColumnRole,
}

/// How the cells of a column are compared with those of a leak.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ColumnRole {
    /// As they are: the same in all copies.
    Neutral,
    /// Without the symbol they carry.
    Carrier(Carrier),
    /// Decrypted under the key of a recipient.
    Keyed {
        /// Type of the values.
        data_type: Option<String>,
        /// Whether identity numbers keep their region.
        keep_region: bool,
    },
    /// Not at all.
    Ignored,
}

/// The index of one dataset.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Index {
    /// The columns.
    pub(crate) columns: Vec<IndexColumn>,
    /// What the marks of each row are drawn from.
    pub(crate) locators: Vec<Locator>,
    /// For each column the digest of each row's cell; zero for a cell without a value.
    pub(crate) digests: Vec<Vec<u64>>,
}

const MAGIC: &[u8; 8] = b"FSINDEX1";

impl Index {
    /// An index without rows.
    #[must_use]
    pub(crate) fn new(columns: Vec<IndexColumn>) -> Self {
        let digests = vec![Vec::new(); columns.len()];
        Self { columns, locators: Vec::new(), digests }
    }

    /// The names of the columns of some role.
    pub(crate) fn named(&self, fits: fn(&ColumnRole) -> bool) -> Vec<String> {
        self.columns.iter().filter(|column| fits(&column.role)).map(|column| column.name.clone()).collect()
    }

    fn paths(ledger: &Path, dataset: &str) -> (PathBuf, PathBuf) {
        let folder = ledger.join("datasets");
        (folder.join(format!("{dataset}.json")), folder.join(format!("{dataset}.index")))
    }

    /// Whether the ledger keeps the index of a dataset.
    #[must_use]
    pub(crate) fn exists(ledger: &Path, dataset: &str) -> bool {
        let (columns, rows) = Self::paths(ledger, dataset);
        columns.exists() && rows.exists()
    }

    /// Writes the index beside the ledger.
    ///
    /// # Errors
    /// When it can't be written.
    pub(crate) fn save(&self, ledger: &Path, dataset: &str) -> Result<(), GatewayError> {
        let (columns, rows) = Self::paths(ledger, dataset);
        let failed = |error| GatewayError::io(&rows, error);
        std::fs::create_dir_all(ledger.join("datasets")).map_err(failed)?;
        let mut bytes = Vec::with_capacity(16 + self.locators.len() * (16 + 8 * self.columns.len()));
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&(self.locators.len() as u64).to_le_bytes());
        self.locators.iter().for_each(|locator| bytes.extend_from_slice(locator));
        self.digests.iter().flatten().for_each(|digest| bytes.extend_from_slice(&digest.to_le_bytes()));
        let pending = rows.with_extension("partial");
        let mut file = std::fs::File::create(&pending).map_err(failed)?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed)?;
        std::fs::rename(&pending, &rows).map_err(failed)?;
        let text = serde_json::to_vec_pretty(&self.columns).map_err(std::io::Error::from)?;
        std::fs::write(&columns, text).map_err(failed)
    }

    /// The columns of a dataset.
    ///
    /// # Errors
    /// When they can't be read.
    pub(crate) fn load_columns(ledger: &Path, dataset: &str) -> Result<Vec<IndexColumn>, GatewayError> {
        let (columns, _) = Self::paths(ledger, dataset);
        let text = std::fs::read(&columns).map_err(|error| GatewayError::io(&columns, error))?;
        serde_json::from_slice(&text).map_err(|error| GatewayError::format(&columns, error.to_string()))
    }

    /// Reads the index of a dataset.
    ///
    /// # Errors
    /// When it can't be read or is damaged.
    pub(crate) fn load(ledger: &Path, dataset: &str) -> Result<Self, GatewayError> {
        let (_, path) = Self::paths(ledger, dataset);
        let mut index = Self::new(Self::load_columns(ledger, dataset)?);
        let bytes = std::fs::read(&path).map_err(|error| GatewayError::io(&path, error))?;
        let damaged = || GatewayError::format(&path, "is damaged; trace with --original instead");
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(damaged)?;
        let (rows, rest) = rest.split_first_chunk::<8>().ok_or_else(damaged)?;
        let rows = usize::try_from(u64::from_le_bytes(*rows)).map_err(|_| damaged())?;
        let (locators, digests) = rest.split_at_checked(rows.saturating_mul(16)).ok_or_else(damaged)?;
        if digests.len() != rows.saturating_mul(8).saturating_mul(index.columns.len()) {
            return Err(damaged());
        }
        index.locators = locators.as_chunks::<16>().0.to_vec();
        let mut numbers = digests.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
        for column in &mut index.digests {
            column.extend(numbers.by_ref().take(rows));
        }
        Ok(index)
    }
}

/// The rows of a column by the digest of their cell.
pub(super) struct Postings(Vec<(u64, u32)>);

impl Postings {
    pub(super) fn new(digests: &[u64]) -> Self {
        let numbered = digests.iter().zip(0_u32..).filter(|(digest, _)| **digest != 0);
        let mut all: Vec<(u64, u32)> = numbered.map(|(digest, row)| (*digest, row)).collect();
        all.sort_unstable();
        Self(all)
    }

    pub(super) fn rows(&self, digest: u64) -> &[(u64, u32)] {
        let start = self.0.partition_point(|(known, _)| *known < digest);
        let end = start + self.0[start..].partition_point(|(known, _)| *known == digest);
        &self.0[start..end]
    }

    pub(super) fn distinct(&self) -> usize {
        self.0.chunk_by(|first, second| first.0 == second.0).count()
    }
}

/// Counts rows that are alike, so that each has a locator of its own.
#[derive(Debug, Default)]
pub(super) struct Occurrences(HashMap<Locator, u64>);

impl Occurrences {
    /// How many such rows there were before.
    pub(super) fn next(&mut self, row: Locator) -> u64 {
        let count = self.0.entry(row).or_insert(0);
        *count += 1;
        *count - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_comes_back_and_finds_rows() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let column = |name: &str, role| IndexColumn { name: name.to_owned(), role };
        let mut index =
            Index::new(vec![column("a", ColumnRole::Neutral), column("b", ColumnRole::Carrier(Carrier::Number(2)))]);
        index.locators = vec![[1; 16], [2; 16], [3; 16]];
        index.digests = vec![vec![7, 0, 7], vec![1, 2, 3]];
        index.save(folder.path(), "d").expect("saves");
        assert_eq!(Index::load(folder.path(), "d").expect("loads"), index);
        let postings = Postings::new(&index.digests[0]);
        assert_eq!((postings.rows(7), postings.rows(8).len(), postings.distinct()), (&[(7, 0), (7, 2)][..], 0, 1));
    }
}
