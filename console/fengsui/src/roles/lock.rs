//! One process per data folder.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::{Context, bail};

/// Held while a process uses a data folder; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the folder, making it when it is not there.
    ///
    /// # Errors
    /// When another process has it, or it can't be written.
    pub(crate) fn take(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("data folder {} can't be made", folder.display()))?;
        let path = folder.join("fengsui.lock");
        let file = File::create(&path).with_context(|| format!("{} can't be written", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                bail!("data folder {} is in use by another fengsui; stop it or name another folder", folder.display())
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("{} can't be locked", path.display()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_user() {
        let folder = tempfile::tempdir().expect("folder");
        let first = DataLock::take(folder.path()).expect("is free");
        assert!(DataLock::take(folder.path()).expect_err("is taken").to_string().contains("in use"));
        drop(first);
        DataLock::take(folder.path()).expect("is free again");
    }
}
