//! The state snapshot on disk: replaced as a whole, so that a crash leaves the old one or the new one.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use fengsui_crypto::Sm3;
use fengsui_detect::AnalysisSnapshot;

use crate::PipelineError;

/// First bytes of the file, with the version of what follows: sequence, state, SM3 of both.
const MAGIC: &[u8; 8] = b"FSSNAP02";

/// The version before: SM3 of what follows, sequence, state.
const MAGIC_BEFORE: &[u8; 8] = b"FSSNAP01";

/// Bytes that are digested and written in one go.
const CHUNK_BYTES: usize = 256 * 1024;

/// The state of the analysis after a record of the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Records up to and with this one are in the state.
    pub(crate) sequence: u64,
    /// What the analysis saved.
    pub(crate) state: Vec<u8>,
}

fn path(directory: &Path) -> PathBuf {
    directory.join("state.snapshot")
}

/// The state of the analysis after a record, before it is written as bytes.
#[derive(Debug)]
pub(crate) struct Taken {
    /// Records up to and with this one are in the state.
    pub(crate) sequence: u64,
    /// What the analysis saved.
    pub(crate) state: AnalysisSnapshot,
}

/// A file whose bytes are digested on their way.
struct Digested {
    file: File,
    digest: Sm3,
}

impl Write for Digested {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes a snapshot beside the old one, syncs it and puts it in place. The bytes are never in memory as a whole.
pub(crate) fn write(directory: &Path, taken: Taken) -> Result<(), PipelineError> {
    let sequence = taken.sequence;
    write_with(directory, sequence, |to| taken.state.write(to))
}

fn write_with(
    directory: &Path,
    sequence: u64,
    state: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), PipelineError> {
    let (target, draft) = (path(directory), directory.join("state.snapshot.new"));
    let write_all = || {
        let mut file = File::create(&draft)?;
        file.write_all(MAGIC)?;
        let mut to = BufWriter::with_capacity(CHUNK_BYTES, Digested { file, digest: Sm3::default() });
        to.write_all(&sequence.to_le_bytes())?;
        state(&mut to)?;
        let Digested { mut file, digest } = to.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.write_all(&digest.finish())?;
        file.sync_data()?;
        fs::rename(&draft, &target)?;
        File::open(directory)?.sync_all()
    };
    write_all().map_err(PipelineError::file("write", &target))
}

/// The snapshot of a folder; `None` when there is none, or none that can be used: then it is set aside.
///
/// # Errors
/// When the file can't be read or moved.
pub(crate) fn read(directory: &Path) -> Result<Option<Snapshot>, PipelineError> {
    let path = path(directory);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(PipelineError::file("read", &path)(error)),
    };
    match parse(&bytes) {
        Some(snapshot) => Ok(Some(snapshot)),
        None => {
            set_aside(directory, "the file is cut, damaged or of a version this program does not read").map(|()| None)
        }
    }
}

/// Moves a snapshot that can't be used out of the way, where people can look at it; the one set aside before is replaced. The
/// state is built again from what the spool still holds.
///
/// # Errors
/// When the file can't be moved.
pub(crate) fn set_aside(directory: &Path, reason: &str) -> Result<(), PipelineError> {
    let (from, to) = (path(directory), directory.join("state.snapshot.unusable"));
    fs::rename(&from, &to).map_err(PipelineError::file("set aside", &from))?;
    tracing::error!(
        reason,
        set_aside = %to.display(),
        "the saved state of the analysis can't be used; it is built again from the records that the spool still holds"
    );
    Ok(())
}

fn parse(bytes: &[u8]) -> Option<Snapshot> {
    let (sound, saved) = match bytes.strip_prefix(MAGIC) {
        Some(rest) => {
            rest.split_last_chunk::<32>().map(|(saved, digest)| (fengsui_crypto::sm3(saved) == *digest, saved))?
        }
        None => {
            let (digest, saved) = bytes.strip_prefix(MAGIC_BEFORE)?.split_first_chunk::<32>()?;
            let (sequence, state) = saved.split_first_chunk::<8>()?;
            (fengsui_crypto::sm3_of_parts(&[sequence, state]) == *digest, saved)
        }
    };
    let (sequence, state) = saved.split_first_chunk::<8>()?;
    sound.then(|| Snapshot { sequence: u64::from_le_bytes(*sequence), state: state.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(snapshot: &Snapshot) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("folder");
        write_with(folder.path(), snapshot.sequence, |to| to.write_all(&snapshot.state)).expect("writes");
        folder
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().expect("folder");
        assert_eq!(read(folder.path()).expect("no file"), None);
        for state in [b"state".to_vec(), vec![7; 3 * CHUNK_BYTES + 5]] {
            let snapshot = Snapshot { sequence: 7, state };
            assert_eq!(read(folder_with(&snapshot).path()).expect("reads"), Some(snapshot));
        }
    }

    #[test]
    fn damage_is_seen_and_set_aside() {
        let snapshot = Snapshot { sequence: 7, state: b"state".to_vec() };
        let folder = folder_with(&snapshot);
        let mut bytes = fs::read(path(folder.path())).expect("reads");
        bytes[20] ^= 1;
        fs::write(path(folder.path()), &bytes).expect("writes");
        assert_eq!(read(folder.path()).expect("is set aside"), None);
        assert!(!path(folder.path()).exists());
        assert_eq!(fs::read(folder.path().join("state.snapshot.unusable")).expect("is kept"), bytes);
    }

    #[test]
    fn the_version_before_is_read() {
        let folder = tempfile::tempdir().expect("folder");
        let (sequence, state) = (7_u64.to_le_bytes(), b"state");
        let digest = fengsui_crypto::sm3_of_parts(&[&sequence, state]);
        fs::write(path(folder.path()), [&MAGIC_BEFORE[..], &digest, &sequence, state].concat()).expect("writes");
        let read = read(folder.path()).expect("reads");
        assert_eq!(read, Some(Snapshot { sequence: 7, state: state.to_vec() }));
    }
}
