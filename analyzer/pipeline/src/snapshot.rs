//! The state snapshot on disk: replaced as a whole, so that a crash leaves the old one or the new one.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use fengsui_detect::AnalysisSnapshot;

use crate::PipelineError;

/// First bytes of the file, with the version of what follows.
const MAGIC: &[u8; 8] = b"FSSNAP01";

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

/// Writes a snapshot beside the old one, syncs it and puts it in place.
pub(crate) fn write(directory: &Path, snapshot: &Snapshot) -> Result<(), PipelineError> {
    let (target, draft) = (path(directory), directory.join("state.snapshot.new"));
    let digest = fengsui_crypto::sm3_of_parts(&[&snapshot.sequence.to_le_bytes(), &snapshot.state]);
    let write_all = || {
        let mut file = File::create(&draft)?;
        for part in [&MAGIC[..], &digest, &snapshot.sequence.to_le_bytes(), &snapshot.state] {
            file.write_all(part)?;
        }
        file.sync_data()?;
        fs::rename(&draft, &target)?;
        File::open(directory)?.sync_all()
    };
    write_all().map_err(PipelineError::file("write", &target))
}

/// The snapshot of a folder; `None` when there is none.
///
/// # Errors
/// When the file can't be read or is damaged.
pub(crate) fn read(directory: &Path) -> Result<Option<Snapshot>, PipelineError> {
    let path = path(directory);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(PipelineError::file("read", &path)(error)),
    };
    parse(&bytes).map(Some).ok_or_else(|| PipelineError::State {
        path,
        reason: "the file is cut, damaged or of another version".to_owned(),
    })
}

fn parse(bytes: &[u8]) -> Option<Snapshot> {
    let (digest, rest) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<32>()?;
    let (sequence, state) = rest.split_first_chunk::<8>()?;
    let sound = fengsui_crypto::sm3_of_parts(&[sequence, state]) == *digest;
    sound.then(|| Snapshot { sequence: u64::from_le_bytes(*sequence), state: state.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_and_read_and_damage_is_seen() {
        let folder = tempfile::tempdir().expect("folder");
        assert_eq!(read(folder.path()).expect("no file"), None);
        let snapshot = Snapshot { sequence: 7, state: b"state".to_vec() };
        write(folder.path(), &snapshot).expect("writes");
        assert_eq!(read(folder.path()).expect("reads"), Some(snapshot));
        let mut bytes = fs::read(path(folder.path())).expect("reads");
        bytes.pop();
        fs::write(path(folder.path()), bytes).expect("writes");
        assert!(read(folder.path()).is_err());
    }
}
