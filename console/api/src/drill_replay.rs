//! Attacks that were recorded with labels of what was done when, and their replay through the running pipeline.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::error::{ApiError, ApiResult};

/// One act of a recorded attack.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedAct {
    /// When, in milliseconds after the recording's first packet.
    pub after_ms: i64,
    /// Id of an ATT&CK technique.
    pub technique: String,
    /// Address it went to or came from; any when empty.
    #[serde(default)]
    pub target: String,
    /// What was done.
    #[serde(default)]
    pub note: String,
}

/// A recorded attack with its labels: what the file `NAME.toml` beside `NAME.pcap` says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// Name of its files.
    #[serde(skip)]
    pub name: String,
    /// What is recorded, in Chinese.
    pub title_zh: String,
    /// What is recorded, in English.
    pub title_en: String,
    /// What the attackers did, in the order of time.
    pub acts: Vec<RecordedAct>,
}

/// Recorded attacks and a way to play them.
pub trait Recordings: Send + Sync {
    /// Every recording, by name.
    fn list(&self) -> Vec<Recording>;

    /// Plays one into the running pipeline at the pace it was recorded, as what the sensor `observer` sees; returns when it
    /// has ended. Blocks.
    ///
    /// # Errors
    /// When the capture can't be read or nothing takes its events, in words for people.
    fn play(&self, name: &str, observer: &str) -> Result<(), String>;
}

/// How far the replay of a drill is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It is being played.
    Playing,
    /// It was played to its end.
    Done,
    /// It could not be played.
    Failed(String),
}

/// The replays since the console was started: drill, then recording and how far it is.
#[derive(Default)]
pub(crate) struct Replays(Mutex<BTreeMap<i64, (String, Progress)>>);

impl Replays {
    /// Begins one; only one is played at a time, so that its alerts are its own.
    pub(crate) fn begin(&self, drill: i64, recording: &str) -> ApiResult<()> {
        let mut all = self.0.lock();
        if all.values().any(|(_, progress)| *progress == Progress::Playing) {
            return Err(ApiError::conflict(
                "已有回放在进行，请等待其结束",
                "another replay is running; wait for its end",
            ));
        }
        all.insert(drill, (recording.to_owned(), Progress::Playing));
        Ok(())
    }

    /// Notes how one ended.
    pub(crate) fn end(&self, drill: i64, outcome: Result<(), String>) {
        if let Some((_, progress)) = self.0.lock().get_mut(&drill) {
            *progress = outcome.map_or_else(Progress::Failed, |()| Progress::Done);
        }
    }

    /// Forgets one that was not begun after all.
    pub(crate) fn forget(&self, drill: i64) {
        self.0.lock().remove(&drill);
    }

    /// The last one of a drill.
    pub(crate) fn of(&self, drill: i64) -> Option<(String, Progress)> {
        self.0.lock().get(&drill).cloned()
    }
}
