//! The store: opening, adding, committing and dropping days.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use fengsui_schema::{Event, Timestamp};
use parking_lot::{Mutex, RwLock};

use crate::day::{Day, is_damage, is_day};
use crate::mappings::Mappings;
use crate::{DamagedDay, DaySummary, RetentionOverride, StoreError, StoreSettings, limits, manifest};

/// Prefix of a day that is being removed.
const DROPPING: &str = "dropping-";

/// The event index. Shared between threads behind an `Arc`; every call blocks.
#[derive(Debug)]
pub struct Store {
    settings: StoreSettings,
    days: RwLock<BTreeMap<String, Arc<Day>>>,
    damaged: Vec<DamagedDay>,
    /// Days with an open writer, the one used last at the end.
    writers: Mutex<VecDeque<Arc<Day>>>,
    sequences: Mutex<Sequences>,
}

#[derive(Debug)]
struct Sequences {
    /// Highest spool sequence added.
    added: Option<u64>,
    /// Spool sequence of the last commit.
    committed: Option<u64>,
}

impl Store {
    /// Opens or creates the store. Day indexes that can't be read are moved aside, see [`Store::damaged`]; then
    /// [`Store::committed_sequence`] is `None`, so that the spool is added again. Warns when Linux will not let the process map
    /// the files of a full retention.
    ///
    /// # Errors
    /// When the folder can't be created, read or written.
    pub fn open(settings: StoreSettings) -> Result<Self, StoreError> {
        let directory = &settings.directory;
        fs::create_dir_all(directory).map_err(StoreError::file("create", directory))?;
        let (mut days, mut damaged) = (BTreeMap::new(), Vec::new());
        for name in day_names(directory)? {
            match Day::open(directory, &name, writer_bytes(&settings)) {
                Ok(day) => drop(days.insert(name, Arc::new(day))),
                Err(StoreError::Index { source, .. }) if is_damage(&source) => {
                    damaged.push(move_aside(directory, &name, source.to_string())?);
                }
                Err(error) => return Err(error),
            }
        }
        if !damaged.is_empty() {
            manifest::remove(directory)?;
        }
        let committed = manifest::read(directory);
        let store = Self {
            days: RwLock::new(days),
            damaged,
            writers: Mutex::new(VecDeque::new()),
            sequences: Mutex::new(Sequences { added: None, committed }),
            settings,
        };
        if let Some(mappings) = Mappings::of(&store) {
            mappings.warn();
        }
        Ok(store)
    }

    /// Adds an event; it can be found after the next [`Store::commit`]. An event that was added before under the same spool
    /// sequence is replaced, so that replaying the spool changes nothing.
    ///
    /// # Errors
    /// When the index can't be written.
    pub fn add(&self, event: &Event, spool_sequence: u64) -> Result<(), StoreError> {
        let day = self.day(&event.time.day())?;
        self.note_use(&day)?;
        day.add(event, spool_sequence)?;
        let mut sequences = self.sequences.lock();
        sequences.added = sequences.added.max(Some(spool_sequence));
        Ok(())
    }

    /// Makes every event whose [`Store::add`] has returned findable and durable, and remembers the highest spool
    /// sequence added.
    ///
    /// # Errors
    /// When the index can't be written.
    pub fn commit(&self) -> Result<(), StoreError> {
        let Some(sequence) = self.sequences.lock().added else { return Ok(()) };
        for day in self.all_days() {
            day.commit()?;
        }
        let mut sequences = self.sequences.lock();
        if sequences.committed != Some(sequence) {
            manifest::write(&self.settings.directory, sequence)?;
            sequences.committed = Some(sequence);
        }
        Ok(())
    }

    /// The spool sequence of the last commit; `None` when nothing was committed or a damaged day was moved aside,
    /// so that everything the spool still has must be added again.
    #[must_use]
    pub fn committed_sequence(&self) -> Option<u64> {
        self.sequences.lock().committed
    }

    /// Day indexes that were moved aside when the store was opened.
    #[must_use]
    pub fn damaged(&self) -> &[DamagedDay] {
        &self.damaged
    }

    /// Every day of the store, the oldest first.
    #[must_use]
    pub fn days(&self) -> Vec<DaySummary> {
        let summary = |day: Arc<Day>| DaySummary {
            day: day.name().to_owned(),
            events: day.searcher().num_docs(),
            bytes: day.bytes(),
            committed_sequence: day.committed_sequence(),
        };
        self.all_days().into_iter().map(summary).collect()
    }

    /// Days of the settings that events are kept.
    #[must_use]
    pub fn retention_days(&self) -> u32 {
        self.settings.retention_days
    }

    /// The days that [`Store::apply_retention`] would drop, the oldest first.
    #[must_use]
    pub fn expired(&self, now: Timestamp, days: u32) -> Vec<String> {
        self.days_past(now, days).map(|day| day.name().to_owned()).collect()
    }

    /// The days older than so many days.
    fn days_past(&self, now: Timestamp, days: u32) -> impl Iterator<Item = Arc<Day>> {
        let oldest_kept = now.plus_seconds(-i64::from(days) * 86_400).day();
        self.all_days().into_iter().filter(move |day| day.name() < oldest_kept.as_str())
    }

    /// Drops whole days older than so many days and returns them.
    ///
    /// # Errors
    /// When the retention is below the floor of 180 days and no override is passed, or a day can't be removed.
    pub fn apply_retention(
        &self,
        now: Timestamp,
        days: u32,
        permission: Option<&RetentionOverride>,
    ) -> Result<Vec<String>, StoreError> {
        check_floor(days, permission)?;
        let mut dropped = Vec::new();
        for day in self.days_past(now, days) {
            self.drop_day(&day)?;
            tracing::info!(day = day.name(), "events past their retention were dropped");
            dropped.push(day.name().to_owned());
        }
        Ok(dropped)
    }

    /// Renames first, so that a half removed day is not taken for a damaged one.
    fn drop_day(&self, day: &Arc<Day>) -> Result<(), StoreError> {
        self.writers.lock().retain(|open| !Arc::ptr_eq(open, day));
        day.close_writer()?;
        let from = self.settings.directory.join(day.name());
        let to = self.settings.directory.join(format!("{DROPPING}{}", day.name()));
        fs::rename(&from, &to).map_err(StoreError::file("rename", &from))?;
        self.days.write().remove(day.name());
        fs::remove_dir_all(&to).map_err(StoreError::file("remove", &to))
    }

    pub(crate) fn all_days(&self) -> Vec<Arc<Day>> {
        self.days.read().values().cloned().collect()
    }

    fn day(&self, name: &str) -> Result<Arc<Day>, StoreError> {
        if let Some(day) = self.days.read().get(name) {
            return Ok(Arc::clone(day));
        }
        let mut days = self.days.write();
        if let Some(day) = days.get(name) {
            return Ok(Arc::clone(day));
        }
        if days.len() >= limits::DAYS {
            let (value, limit) = (days.len() as u64 + 1, limits::DAYS as u64);
            return Err(StoreError::Limit { what: "number of days", value, limit });
        }
        let day = Arc::new(Day::open(&self.settings.directory, name, writer_bytes(&self.settings))?);
        days.insert(name.to_owned(), Arc::clone(&day));
        Ok(day)
    }

    /// Keeps the number of open writers, and with it the memory, bounded: the one idle longest is closed.
    fn note_use(&self, day: &Arc<Day>) -> Result<(), StoreError> {
        let idle = {
            let mut writers = self.writers.lock();
            if writers.back().is_some_and(|last| Arc::ptr_eq(last, day)) {
                return Ok(());
            }
            writers.retain(|open| !Arc::ptr_eq(open, day));
            writers.push_back(Arc::clone(day));
            if writers.len() > limits::OPEN_WRITERS { writers.pop_front() } else { None }
        };
        if let Some(idle) = idle {
            idle.commit()?;
            idle.close_writer()?;
        }
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        for day in self.all_days() {
            if let Err(error) = day.close_writer() {
                tracing::warn!(%error, "the event index was not closed cleanly; it is checked at the next start");
            }
        }
    }
}

fn writer_bytes(settings: &StoreSettings) -> usize {
    usize::try_from(settings.writer_memory_mb.clamp(15, 2_000)).unwrap_or(64) * 1_000_000
}

fn check_floor(days: u32, permission: Option<&RetentionOverride>) -> Result<(), StoreError> {
    if days >= limits::RETENTION_FLOOR_DAYS {
        return Ok(());
    }
    let Some(permission) = permission else {
        return Err(StoreError::RetentionFloor { days, floor: limits::RETENTION_FLOOR_DAYS });
    };
    if permission.account.trim().is_empty() || permission.reason.trim().is_empty() {
        return Err(StoreError::OverrideIncomplete);
    }
    tracing::warn!(days, account = permission.account, reason = permission.reason, "retention below the legal floor");
    Ok(())
}

/// Names of the day folders; finishes removals that were interrupted.
fn day_names(directory: &Path) -> Result<Vec<String>, StoreError> {
    let entries = fs::read_dir(directory).map_err(StoreError::file("read", directory))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(StoreError::file("read", directory))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(DROPPING) {
            fs::remove_dir_all(entry.path()).map_err(StoreError::file("remove", &entry.path()))?;
        } else if is_day(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

fn move_aside(directory: &Path, day: &str, reason: String) -> Result<DamagedDay, StoreError> {
    let free = |number: &u32| !directory.join(format!("damaged-{day}-{number}")).exists();
    let number = (1..u32::MAX).find(free).unwrap_or(u32::MAX);
    let moved_to = format!("damaged-{day}-{number}");
    let from = directory.join(day);
    fs::rename(&from, directory.join(&moved_to)).map_err(StoreError::file("move aside", &from))?;
    tracing::error!(day, moved_to, reason, "the event index of a day is damaged and will be built again");
    Ok(DamagedDay { day: day.to_owned(), moved_to, reason })
}
