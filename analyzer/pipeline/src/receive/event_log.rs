//! Reads binary Windows event logs (EVTX) out of a folder, as a collector or a share puts them there: every file that appears
//! or grows is read from the record after the last one that is durable.
//!
//! A log is no stream of lines: its chunks form a ring and are written in place. So a file is read when it has not changed for a
//! moment, as a whole, and of it the records with a higher number than the last. The last record's digest tells whether
//! the file is still the same log; one that does not hold it any more is another log, and read from its start.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use fengsui_normalize::{WindowsLog, WindowsRecord};
use fengsui_relay::Class;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::Intake;
use super::file::{hex_name, replace};
use crate::{EventLogSettings, PipelineError, limits};

/// Pause between two looks at the folder: a file that has not changed meanwhile is read.
const PAUSE: Duration = Duration::from_secs(1);

/// Groups of records that wait for the spool.
const WAITING: usize = 4;

/// How a file looks from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Look {
    bytes: u64,
    changed: SystemTime,
}

/// How far a log was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// The file when it was read.
    look: Option<Look>,
    /// Number and digest of the record with the highest number.
    last: Option<(u64, String)>,
}

/// Follows the logs of a folder.
pub(super) struct EventLogs {
    folder: PathBuf,
    places_path: PathBuf,
    places: BTreeMap<String, Place>,
    /// Files as they looked last time.
    seen: BTreeMap<String, Look>,
    /// Whether it was told that there are too many.
    warned: bool,
    intake: Intake,
}

impl EventLogs {
    /// Takes up the last durable places.
    pub(super) fn open(
        settings: &EventLogSettings,
        state_directory: &Path,
        intake: Intake,
    ) -> Result<Self, PipelineError> {
        let folder = state_directory.join("event_logs");
        fs::create_dir_all(&folder).map_err(PipelineError::file("create", &folder))?;
        let places_path = folder.join(hex_name(&settings.folder));
        let places = fs::read(&places_path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(Self {
            folder: settings.folder.clone(),
            places_path,
            places: places.unwrap_or_default(),
            seen: BTreeMap::new(),
            warned: false,
            intake,
        })
    }

    /// Follows until asked to stop.
    pub(super) async fn run(mut self) {
        while !self.intake.stop.is_cancelled() {
            match self.settled() {
                Ok(files) => {
                    for (name, look) in files {
                        if !self.read(name, look).await {
                            return;
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, folder = %self.folder.display(), "a folder of event logs can't be read; trying again");
                }
            }
            let _ = tokio::time::timeout(PAUSE, self.intake.stop.cancelled()).await;
        }
    }

    /// Logs that look as they did last time, but not as when they were read.
    fn settled(&mut self) -> std::io::Result<Vec<(String, Look)>> {
        let mut looks = BTreeMap::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let is_log = Path::new(&name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("evtx"));
            if let (true, Ok(metadata)) = (is_log, entry.metadata())
                && metadata.is_file()
            {
                looks.insert(name, Look { bytes: metadata.len(), changed: metadata.modified()? });
            }
        }
        let left_out = looks.len().saturating_sub(limits::EVENT_LOGS);
        if left_out > 0 && !std::mem::replace(&mut self.warned, true) {
            tracing::warn!(left_out, folder = %self.folder.display(), "more event logs than are followed; move old ones away");
        }
        let looks: BTreeMap<String, Look> = looks.into_iter().take(limits::EVENT_LOGS).collect();
        self.places.retain(|name, _| looks.contains_key(name));
        let is_due = |name: &str, look: &Look| {
            self.seen.get(name) == Some(look) && self.places.get(name).and_then(|place| place.look) != Some(*look)
        };
        let due = looks.iter().filter(|(name, look)| is_due(name, look)).map(|(name, look)| (name.clone(), *look));
        let due = due.collect();
        self.seen = looks;
        Ok(due)
    }

    /// Reads what is new in a log; false when asked to stop meanwhile.
    async fn read(&mut self, name: String, look: Look) -> bool {
        let path = self.folder.join(&name);
        let before = self.places.get(&name).and_then(|place| place.last.clone());
        let (to, groups) = channel(WAITING);
        let reading = {
            let (path, before) = (path.clone(), before.clone());
            tokio::task::spawn_blocking(move || read_log(&path, before, &to))
        };
        if !self.take(&path, groups).await {
            return false;
        }
        match reading.await {
            Ok(Ok(read)) => {
                self.intake.counters.event_log_records_damaged.add(read.damaged);
                if read.damaged > 0 {
                    tracing::warn!(damaged = read.damaged, log = %path.display(), "records of an event log are damaged and were passed over");
                }
                self.places.insert(name, Place { look: Some(look), last: read.last.or(before) });
            }
            // Tried again when it changes.
            Ok(Err(reason)) => {
                tracing::warn!(reason, log = %path.display(), "an event log can't be read; it is tried again when it changes");
                self.places.insert(name, Place { look: Some(look), last: before });
            }
            Err(error) => tracing::error!(%error, log = %path.display(), "reading an event log ended early"),
        }
        let places = serde_json::to_vec(&self.places).unwrap_or_default();
        if let Err(error) = replace(&self.places_path, &places) {
            tracing::warn!(%error, "the place in an event log was not saved; records may be read twice after a restart");
        }
        true
    }

    /// Appends groups of records as they are read.
    async fn take(&self, path: &Path, mut groups: Receiver<Vec<Vec<u8>>>) -> bool {
        let instance = path.display().to_string();
        while let Some(group) = groups.recv().await {
            let records = group.into_iter().map(|json| self.intake.record("evtx", &instance, json)).collect();
            if !self.intake.append(Class::Protocol, records).await {
                return false;
            }
        }
        true
    }
}

/// What reading a log came to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Read {
    /// The record with the highest number, if any is new.
    last: Option<(u64, String)>,
    damaged: usize,
}

fn open(path: &Path) -> Result<WindowsLog<BufReader<File>>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    WindowsLog::open(BufReader::new(file)).map_err(|error| error.to_string())
}

fn digest(record: &WindowsRecord) -> String {
    hex::encode(&fengsui_crypto::sm3(&record.json)[..16])
}

/// Whether a log still holds a record.
fn holds(path: &Path, last: &(u64, String)) -> Result<bool, String> {
    let mut found = false;
    let look = open(path)?.each(|record| {
        found = record.is_ok_and(|record| record.number == last.0 && digest(&record) == last.1);
        if found { Err(()) } else { Ok(()) }
    });
    Ok(look.is_err())
}

/// Hands on the records after the last one, or all of a log that does not hold it.
fn read_log(path: &Path, before: Option<(u64, String)>, to: &Sender<Vec<Vec<u8>>>) -> Result<Read, String> {
    let after = match before {
        Some(last) if holds(path, &last)? => Some(last.0),
        _ => None,
    };
    let (mut read, mut group) = (Read::default(), Vec::new());
    let ended = open(path)?.each(|record| {
        let record = match record {
            Ok(record) => record,
            Err(_) => {
                read.damaged += 1;
                return Ok(());
            }
        };
        if after.is_some_and(|after| record.number <= after) {
            return Ok(());
        }
        if read.last.as_ref().is_none_or(|(number, _)| *number < record.number) {
            read.last = Some((record.number, digest(&record)));
        }
        group.push(record.json);
        if group.len() < limits::RECEIVED_GROUP {
            return Ok(());
        }
        to.blocking_send(std::mem::take(&mut group))
    });
    if ended.is_ok() && !group.is_empty() {
        // Nobody takes it when the pipeline stops: then the place is not moved either.
        drop(to.blocking_send(group));
    }
    Ok(read)
}
