//! The disk as the spool sees it: one folder of files that are only appended to.

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// One folder of files. A simulation stands in for it in tests ([`crate::simulation::SimDisk`]).
pub trait Disk: Send + Sync + Debug {
    /// Names of the files.
    ///
    /// # Errors
    /// What the system answers.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Creates an empty file for appending; an existing one is emptied. The name is durable only after
    /// [`Disk::sync_directory`].
    ///
    /// # Errors
    /// What the system answers.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Up to `length` bytes from `offset`; fewer at the end of the file.
    ///
    /// # Errors
    /// What the system answers.
    fn read_at(&self, name: &str, offset: u64, length: usize) -> io::Result<Vec<u8>>;

    /// Size of a file in bytes.
    ///
    /// # Errors
    /// What the system answers.
    fn size(&self, name: &str) -> io::Result<u64>;

    /// Cuts a file to `size` bytes and syncs what is left.
    ///
    /// # Errors
    /// What the system answers.
    fn truncate(&self, name: &str, size: u64) -> io::Result<()>;

    /// Gives a file another name, replacing what had it. Durable only after [`Disk::sync_directory`].
    ///
    /// # Errors
    /// What the system answers.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file. Durable only after [`Disk::sync_directory`].
    ///
    /// # Errors
    /// What the system answers.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes creations, renames and removals durable.
    ///
    /// # Errors
    /// What the system answers.
    fn sync_directory(&self) -> io::Result<()>;
}

/// A file open for appending.
pub trait DiskFile: Send + Debug {
    /// Appends bytes; durable only after [`DiskFile::sync_data`].
    ///
    /// # Errors
    /// What the system answers; some of the bytes may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything appended durable (fdatasync).
    ///
    /// # Errors
    /// What the system answers. The file must not be used afterwards: the kernel may have dropped the data and
    /// would call a second sync a success.
    fn sync_data(&mut self) -> io::Result<()>;
}

/// A folder on the real disk, locked against other processes.
#[derive(Debug)]
pub struct FileDisk {
    directory: PathBuf,
    /// Held for its lock.
    _lock: File,
}

impl FileDisk {
    /// Opens or creates a folder (mode 0700) and locks it.
    ///
    /// # Errors
    /// When the folder can't be created or another process holds it.
    pub fn open(directory: impl Into<PathBuf>) -> io::Result<Self> {
        let directory = directory.into();
        std::fs::create_dir_all(&directory)?;
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(directory.join("lock"))?;
        lock.try_lock().map_err(|error| {
            io::Error::other(format!("{} is used by another process ({error}); stop it first", directory.display()))
        })?;
        Ok(Self { directory, _lock: lock })
    }

    /// The folder.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

impl Disk for FileDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let entries = std::fs::read_dir(&self.directory)?;
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(self.path(name))?;
        Ok(Box::new(RealFile(file)))
    }

    fn read_at(&self, name: &str, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let file = File::open(self.path(name))?;
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            let position = offset.saturating_add(filled as u64);
            match file.read_at(&mut bytes[filled..], position) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        Ok(std::fs::metadata(self.path(name))?.len())
    }

    fn truncate(&self, name: &str, size: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(self.path(name))?;
        file.set_len(size)?;
        file.sync_all()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path(name))
    }

    fn sync_directory(&self) -> io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }
}

#[derive(Debug)]
struct RealFile(File);

impl DiskFile for RealFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner() {
        let folder = tempfile::tempdir().expect("folder");
        let disk = FileDisk::open(folder.path()).expect("first");
        assert!(FileDisk::open(folder.path()).is_err());
        drop(disk);
        assert!(FileDisk::open(folder.path()).is_ok());
    }

    #[test]
    fn files_are_appended_read_cut_and_renamed() {
        let folder = tempfile::tempdir().expect("folder");
        let disk = FileDisk::open(folder.path()).expect("disk");
        let mut file = disk.create("a").expect("create");
        file.append(b"hello").expect("append");
        file.sync_data().expect("sync");
        assert_eq!(disk.read_at("a", 1, 100).expect("read"), b"ello");
        disk.truncate("a", 2).expect("cut");
        disk.rename("a", "b").expect("rename");
        disk.sync_directory().expect("sync");
        assert_eq!((disk.size("b").expect("size"), disk.size("a").is_err()), (2, true));
    }
}
