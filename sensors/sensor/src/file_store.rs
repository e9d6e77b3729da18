//! Files from the wire, kept by their SHA-256 below `directory/<first two digits>/`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use fengsui_schema::shown;

use crate::SensorError;
use crate::limits::{FILE_STORE_FILES, FILE_STORE_QUEUE};

/// A file that is to be kept.
struct Kept {
    /// SHA-256 in hexadecimal digits.
    digest: String,
    content: Vec<u8>,
    /// What is told of it beside it, and the name of that: digest, second, number.
    description: Option<(String, String)>,
}

/// Hands files to the thread that writes them.
pub(crate) struct FileStore {
    queue: Option<SyncSender<Kept>>,
    thread: Option<JoinHandle<()>>,
    failed: Arc<AtomicU64>,
    count: AtomicU64,
    /// Whether to wait for the thread (capture files) rather than to shed (live).
    waits: bool,
}

impl FileStore {
    /// Starts the thread.
    pub(crate) fn start(directory: PathBuf, waits: bool) -> Result<Self, SensorError> {
        std::fs::create_dir_all(&directory)
            .map_err(|source| SensorError::Write { path: shown(&directory.to_string_lossy()).to_string(), source })?;
        let (queue, files) = sync_channel(FILE_STORE_QUEUE);
        let failed = Arc::new(AtomicU64::new(0));
        let in_thread = Arc::clone(&failed);
        let name = "file-store".to_owned();
        let thread = std::thread::Builder::new()
            .name(name.clone())
            .spawn(move || write_files(&directory, &files, &in_thread))
            .map_err(|source| SensorError::Thread { name, source })?;
        Ok(Self { queue: Some(queue), thread: Some(thread), failed, count: AtomicU64::new(0), waits })
    }

    /// Keeps a file; its number, unless it was shed.
    pub(crate) fn keep(
        &self,
        digest: String,
        content: Vec<u8>,
        describe: impl FnOnce(u64) -> Option<(String, String)>,
    ) -> Option<u64> {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if number > FILE_STORE_FILES {
            return None;
        }
        let kept = Kept { digest, content, description: describe(number) };
        let queue = self.queue.as_ref()?;
        let taken = if self.waits { queue.send(kept).is_ok() } else { queue.try_send(kept).is_ok() };
        taken.then_some(number)
    }

    /// Files that could not be written since this was last asked.
    pub(crate) fn take_failed(&self) -> u64 {
        self.failed.swap(0, Ordering::Relaxed)
    }
}

impl Drop for FileStore {
    fn drop(&mut self) {
        self.queue = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that keeps files ended by a panic");
        }
    }
}

fn write_files(directory: &Path, files: &Receiver<Kept>, failed: &AtomicU64) {
    for file in files {
        if let Err(error) = write_file(directory, &file) {
            failed.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(digest = file.digest, %error, "a file could not be kept");
        }
    }
}

/// Writes a file under its digest; one that is there already is left as it is.
fn write_file(directory: &Path, file: &Kept) -> std::io::Result<()> {
    let folder = directory.join(file.digest.get(..2).unwrap_or("00"));
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(&file.digest);
    if !path.exists() {
        // Under another name first, so that a file with the right name is always whole.
        let partial = folder.join(format!("{}.partial", file.digest));
        std::fs::write(&partial, &file.content)?;
        std::fs::rename(&partial, &path)?;
    }
    if let Some((name, text)) = &file.description {
        std::fs::File::create(folder.join(name))?.write_all(text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_kept_by_their_digest() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = FileStore::start(folder.path().to_owned(), true).expect("starts");
        let describe = |number| Some((format!("ab01.7.{number}.json"), "{}".to_owned()));
        assert_eq!(store.keep("ab01".to_owned(), b"content".to_vec(), describe), Some(1));
        drop(store);
        assert_eq!(std::fs::read(folder.path().join("ab/ab01")).expect("is there"), b"content");
        assert!(folder.path().join("ab/ab01.7.1.json").exists());
    }
}
