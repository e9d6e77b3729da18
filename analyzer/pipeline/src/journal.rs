//! Which incidents were handed out since the last snapshot: on disk before they leave.
//!
//! After a crash the state of the snapshot does not know them. With the journal their revisions go on, and one that is part of
//! another incident by then is taken back instead of staying behind.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use fengsui_detect::ShownIncident;
use fengsui_schema::Incident;
use serde::{Deserialize, Serialize};

use crate::PipelineError;

/// One line: an incident that was handed out after a record.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    sequence: u64,
    shown: ShownIncident,
}

/// The journal behind one snapshot. Files are named by the snapshot's sequence plus one; 0 when there is none.
#[derive(Debug)]
pub(crate) struct Journal {
    directory: PathBuf,
    generation: u64,
    file: Option<File>,
}

/// What was handed out after a snapshot, and the record after which the last of it was.
#[derive(Debug, Default)]
pub(crate) struct HandedOut {
    pub(crate) until: Option<u64>,
    pub(crate) shown: Vec<ShownIncident>,
}

fn generation_of(snapshot: Option<u64>) -> u64 {
    snapshot.map_or(0, |sequence| sequence.saturating_add(1))
}

fn path(directory: &Path, generation: u64) -> PathBuf {
    directory.join(format!("incidents.{generation:020}.journal"))
}

/// The journals of a folder in order.
fn generations(directory: &Path) -> std::io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_prefix("incidents.")?.strip_suffix(".journal"));
        found.extend(digits.and_then(|digits| digits.parse::<u64>().ok()));
    }
    found.sort_unstable();
    Ok(found)
}

/// What was handed out after a snapshot. A line that a crash cut is the end of its file: its incident did not leave.
pub(crate) fn read(directory: &Path, snapshot: Option<u64>) -> Result<HandedOut, PipelineError> {
    let mut handed_out = HandedOut::default();
    let list = generations(directory).map_err(PipelineError::file("list", directory))?;
    for generation in list.into_iter().filter(|generation| *generation >= generation_of(snapshot)) {
        let path = path(directory, generation);
        let lines = BufReader::new(File::open(&path).map_err(PipelineError::file("read", &path))?).lines();
        let entries = lines.map_while(|line| serde_json::from_str::<Entry>(&line.ok()?).ok());
        for entry in entries {
            handed_out.until = handed_out.until.max(Some(entry.sequence));
            handed_out.shown.push(entry.shown);
        }
    }
    Ok(handed_out)
}

/// Deletes what is older than a snapshot that is on disk.
pub(crate) fn delete_before(directory: &Path, snapshot: u64) -> std::io::Result<()> {
    let kept = generation_of(Some(snapshot));
    let mut old = generations(directory)?.into_iter().filter(|generation| *generation < kept);
    old.try_for_each(|generation| fs::remove_file(path(directory, generation)))
}

impl Journal {
    /// The journal behind a snapshot.
    pub(crate) fn new(directory: &Path, snapshot: Option<u64>) -> Self {
        Self { directory: directory.to_owned(), generation: generation_of(snapshot), file: None }
    }

    /// Begins anew behind another snapshot.
    pub(crate) fn follow(&mut self, snapshot: u64) {
        (self.generation, self.file) = (generation_of(Some(snapshot)), None);
    }

    /// Makes durable that incidents are handed out after a record.
    pub(crate) fn note(&mut self, sequence: u64, incidents: &[Incident]) -> Result<(), PipelineError> {
        let path = path(&self.directory, self.generation);
        let mut lines = Vec::new();
        for incident in incidents {
            let entry = Entry { sequence, shown: ShownIncident::of(incident) };
            lines.extend(serde_json::to_vec(&entry).unwrap_or_default());
            lines.push(b'\n');
        }
        self.append(&path, &lines).map_err(PipelineError::file("write", &path))
    }

    fn append(&mut self, path: &Path, lines: &[u8]) -> std::io::Result<()> {
        if self.file.is_none() {
            self.file = Some(OpenOptions::new().create(true).append(true).open(path)?);
            File::open(&self.directory)?.sync_all()?;
        }
        if let Some(file) = &mut self.file {
            file.write_all(lines)?;
            file.sync_data()?;
        }
        Ok(())
    }
}
