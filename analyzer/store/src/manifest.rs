//! The spool sequence up to which every day is committed: one small file, replaced as a whole.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::StoreError;

const NAME: &str = "committed";

/// The sequence of the last commit of all days.
pub(crate) fn read(directory: &Path) -> Option<u64> {
    fs::read_to_string(directory.join(NAME)).ok()?.trim().parse().ok()
}

/// Remembers a sequence durably.
pub(crate) fn write(directory: &Path, sequence: u64) -> Result<(), StoreError> {
    let (path, new) = (directory.join(NAME), directory.join("committed.new"));
    let written = || {
        let mut file = File::create(&new)?;
        writeln!(file, "{sequence}")?;
        file.sync_data()?;
        fs::rename(&new, &path)?;
        File::open(directory)?.sync_all()
    };
    written().map_err(StoreError::file("write", &path))
}

/// Forgets the sequence, so that everything is added again.
pub(crate) fn remove(directory: &Path) -> Result<(), StoreError> {
    let path: PathBuf = directory.join(NAME);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::file("remove", &path)(error)),
        _ => Ok(()),
    }
}
