//! Follows a log file across rotation, from the place that was durable last.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fengsui_normalize::{Framing, SourceDefinition};
use fengsui_relay::Class;
use serde::{Deserialize, Serialize};

use super::Intake;
use crate::{LogFileSettings, PipelineError, limits};

/// Pause when the file has nothing new.
const PAUSE: Duration = Duration::from_millis(200);

/// Bytes read at once.
const READ_BYTES: usize = 256 * 1024;

/// How far a file was read: durable beside the pipeline's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Place {
    /// The file's number in its file system: another one after rotation.
    inode: u64,
    /// Bytes that are in the spool.
    offset: u64,
}

/// Follows one file.
pub(super) struct Follower {
    path: PathBuf,
    place_path: PathBuf,
    source: Option<&'static SourceDefinition>,
    framing: Framing,
    place: Place,
    file: Option<File>,
    /// Bytes after the last line end.
    pending: Vec<u8>,
    intake: Intake,
}

impl Follower {
    /// Takes up the last durable place.
    pub(super) fn open(
        settings: &LogFileSettings,
        state_directory: &Path,
        intake: Intake,
    ) -> Result<Self, PipelineError> {
        let source = match settings.source.as_str() {
            "" => None,
            name => Some(fengsui_normalize::source(name).ok_or_else(|| PipelineError::Setting {
                key: "receivers.files.source".to_owned(),
                reason: format!("{} is none of {}", fengsui_schema::shown(name), fengsui_normalize::source_names()),
            })?),
        };
        let folder = state_directory.join("files");
        fs::create_dir_all(&folder).map_err(PipelineError::file("create", &folder))?;
        let name = hex_name(&settings.path);
        let place_path = folder.join(name);
        let place =
            fs::read(&place_path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let framing = source.map(Framing::of).unwrap_or_default();
        Ok(Self {
            path: settings.path.clone(),
            place_path,
            source,
            framing,
            place,
            file: None,
            pending: Vec::new(),
            intake,
        })
    }

    /// Follows until asked to stop.
    pub(super) async fn run(mut self) {
        while !self.intake.stop.is_cancelled() {
            match self.step() {
                Ok(records) if records.is_empty() => {
                    let _ = tokio::time::timeout(PAUSE, self.intake.stop.cancelled()).await;
                }
                Ok(records) => {
                    if !self.intake.append_all(Class::Protocol, records).await {
                        return;
                    }
                    if let Err(error) = self.save() {
                        tracing::warn!(%error, "the place in a log file was not saved; lines may be read twice after a restart");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, file = %self.path.display(), "a log file can't be read; trying again");
                    self.file = None;
                    let _ = tokio::time::timeout(PAUSE * 5, self.intake.stop.cancelled()).await;
                }
            }
        }
    }

    /// Reads once and cuts lines. At the end of a rotated file the new one is opened.
    fn step(&mut self) -> std::io::Result<Vec<Vec<u8>>> {
        if self.file.is_none() && !self.open_file()? {
            return Ok(Vec::new());
        }
        let mut buffer = vec![0; READ_BYTES];
        let Some(file) = &mut self.file else { return Ok(Vec::new()) };
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return self.at_end();
        }
        self.pending.extend_from_slice(&buffer[..read]);
        Ok(self.cut())
    }

    /// Opens the file at its place, or at its start when it is another one or was cut. False when there is none.
    fn open_file(&mut self) -> std::io::Result<bool> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let metadata = file.metadata()?;
        if metadata.ino() != self.place.inode || metadata.len() < self.place.offset {
            self.place = Place { inode: metadata.ino(), offset: 0 };
        } else {
            self.recall_header(&mut file)?;
        }
        file.seek(SeekFrom::Start(self.place.offset))?;
        self.pending.clear();
        self.file = Some(file);
        Ok(true)
    }

    /// The header of a table that stands before the place.
    fn recall_header(&mut self, file: &mut File) -> std::io::Result<()> {
        let mut head = Vec::new();
        file.take(self.place.offset.min(limits::LINE_BYTES as u64)).read_to_end(&mut head)?;
        self.recognize(&head);
        for line in head.split(|byte| *byte == b'\n').take(16) {
            let _ = self.framing.record(line);
        }
        Ok(())
    }

    fn recognize(&mut self, sample: &[u8]) {
        if self.source.is_none()
            && let Some(source) = fengsui_normalize::recognize(sample)
        {
            self.source = Some(source);
            self.framing = Framing::of(source);
        }
    }

    /// Whether the path names another file now, or the same one cut short.
    fn at_end(&mut self) -> std::io::Result<Vec<Vec<u8>>> {
        let read_to = self.place.offset + self.pending.len() as u64;
        let rotated = match fs::metadata(&self.path) {
            Ok(metadata) => metadata.ino() != self.place.inode || metadata.len() < read_to,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if !rotated {
            return Ok(Vec::new());
        }
        self.file = None;
        self.place = Place::default();
        let rest = std::mem::take(&mut self.pending);
        Ok(self.record(&rest).into_iter().collect())
    }

    /// The records of every whole line; the place moves behind them.
    fn cut(&mut self) -> Vec<Vec<u8>> {
        let pending = std::mem::take(&mut self.pending);
        self.recognize(&pending);
        let (mut records, mut start) = (Vec::new(), 0);
        for end in pending.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(index, _)| index) {
            records.extend(self.record(&pending[start..end]));
            start = end + 1;
        }
        if pending.len() - start > limits::LINE_BYTES {
            self.intake.counters.line_bytes_dropped.add(pending.len() - start);
            start = pending.len();
        }
        self.pending = pending[start..].to_vec();
        self.place.offset += start as u64;
        records
    }

    fn record(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let source = self.source.map_or("syslog", |source| source.name);
        let payload = self.framing.record(line)?;
        Some(self.intake.record(source, &self.path.display().to_string(), payload))
    }

    fn save(&self) -> std::io::Result<()> {
        replace(&self.place_path, &serde_json::to_vec(&self.place).unwrap_or_default())
    }
}

/// Replaces a small file as a whole.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let draft = path.with_extension("new");
    fs::write(&draft, bytes)?;
    fs::rename(draft, path)
}

/// A file name that stands for a path.
pub(super) fn hex_name(path: &Path) -> String {
    hex::encode(&fengsui_crypto::sm3(path.as_os_str().as_encoded_bytes())[..16])
}
