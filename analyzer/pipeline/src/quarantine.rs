//! Records that could not be parsed, kept with their reason until a parser can.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fengsui_relay::{Class, Spool};
use serde::{Deserialize, Serialize};

use crate::{PipelineError, limits};

/// One line of the quarantine.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    sequence: u64,
    reason: String,
    /// The record as it stood in the spool, base64.
    record: String,
}

/// The quarantine's folder, written by one task.
#[derive(Debug)]
pub(crate) struct Quarantine {
    folder: PathBuf,
    file: Option<(File, u64)>,
}

impl Quarantine {
    pub(crate) fn open(state_directory: &Path) -> Result<Self, PipelineError> {
        let folder = state_directory.join("quarantine");
        fs::create_dir_all(&folder).map_err(PipelineError::file("create", &folder))?;
        Ok(Self { folder, file: None })
    }

    /// Keeps a record; returns how many lines of old files were deleted for room.
    pub(crate) fn keep(&mut self, sequence: u64, reason: &str, record: &[u8]) -> Result<u64, PipelineError> {
        let entry = Entry { sequence, reason: reason.to_owned(), record: STANDARD.encode(record) };
        let mut line = serde_json::to_vec(&entry).unwrap_or_default();
        line.push(b'\n');
        let evicted = self.make_room(sequence)?;
        let folder = self.folder.clone();
        let (file, size) = self.current(sequence)?;
        file.write_all(&line).map_err(PipelineError::file("write", &folder))?;
        *size += line.len() as u64;
        Ok(evicted)
    }

    /// Makes what was kept durable.
    pub(crate) fn sync(&self) -> Result<(), PipelineError> {
        match &self.file {
            Some((file, _)) => file.sync_data().map_err(PipelineError::file("sync", &self.folder)),
            None => Ok(()),
        }
    }

    fn current(&mut self, sequence: u64) -> Result<&mut (File, u64), PipelineError> {
        let path = self.folder.join(format!("{sequence:020}.jsonl"));
        let open = || -> std::io::Result<(File, u64)> {
            let file = OpenOptions::new().create(true).append(true).open(&path)?;
            let size = file.metadata()?.len();
            Ok((file, size))
        };
        match &mut self.file {
            Some(current) => Ok(current),
            slot => Ok(slot.insert(open().map_err(PipelineError::file("write", &path))?)),
        }
    }

    fn make_room(&mut self, _sequence: u64) -> Result<u64, PipelineError> {
        if self.file.as_ref().is_none_or(|(_, size)| *size < limits::QUARANTINE_FILE_BYTES) {
            return Ok(0);
        }
        self.sync()?;
        self.file = None;
        let mut evicted = 0;
        let files = files(&self.folder)?;
        for path in files.iter().take((files.len() + 1).saturating_sub(limits::QUARANTINE_FILES)) {
            evicted += fs::read(path).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count() as u64);
            fs::remove_file(path).map_err(PipelineError::file("delete", path))?;
        }
        Ok(evicted)
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, PipelineError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(PipelineError::file("list", folder)(error)),
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect();
    files.sort();
    Ok(files)
}

/// Why records lie in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuarantineReason {
    /// The reason in words.
    pub reason: String,
    /// How many records have it.
    pub records: u64,
}

/// Why records lie in quarantine, the most frequent reason first.
///
/// # Errors
/// When a file can't be read.
pub fn quarantine_reasons(state_directory: &Path) -> Result<Vec<QuarantineReason>, PipelineError> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for path in files(&state_directory.join("quarantine"))? {
        for line in BufReader::new(File::open(&path).map_err(PipelineError::file("read", &path))?).lines() {
            let line = line.map_err(PipelineError::file("read", &path))?;
            let Ok(entry) = serde_json::from_str::<Entry>(&line) else { continue };
            let known = counts.len() < limits::QUARANTINE_REASONS || counts.contains_key(&entry.reason);
            *counts.entry(if known { entry.reason } else { "further reasons".to_owned() }).or_default() += 1;
        }
    }
    let mut reasons: Vec<QuarantineReason> =
        counts.into_iter().map(|(reason, records)| QuarantineReason { reason, records }).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.records));
    Ok(reasons)
}

/// What a replay of the quarantine did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ReplaySummary {
    /// Records appended to the spool again.
    pub records: u64,
    /// Lines of the quarantine that could not be read.
    pub unreadable: u64,
}

/// Appends every quarantined record to the spool again, as after the fix of a parser; files are deleted when their
/// records are durable in the spool. Not while a pipeline uses the folder.
///
/// # Errors
/// When a file can't be read or the spool takes nothing.
pub fn replay_quarantine(state_directory: &Path, spool: &Spool) -> Result<ReplaySummary, PipelineError> {
    let mut summary = ReplaySummary::default();
    for path in files(&state_directory.join("quarantine"))? {
        let mut records = Vec::new();
        for line in BufReader::new(File::open(&path).map_err(PipelineError::file("read", &path))?).lines() {
            let line = line.map_err(PipelineError::file("read", &path))?;
            let record = serde_json::from_str::<Entry>(&line).ok().and_then(|entry| STANDARD.decode(entry.record).ok());
            match record {
                Some(record) => records.push(record),
                None => summary.unreadable += 1,
            }
        }
        summary.records += records.len() as u64;
        while !records.is_empty() {
            let rest = records.split_off(records.len().min(limits::RECEIVED_GROUP));
            let range =
                spool.append(Class::Protocol, records).map_err(|error| PipelineError::Spool(error.to_string()))?;
            if range.shed > 0 {
                let reason = "has no room for the quarantined records; let the analyzer catch up and try again";
                return Err(PipelineError::Spool(reason.to_owned()));
            }
            records = rest;
        }
        fs::remove_file(&path).map_err(PipelineError::file("delete", &path))?;
    }
    Ok(summary)
}
