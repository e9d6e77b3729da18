//! Reading a store without changing anything in it, beside whoever writes it.

use std::path::Path;
use std::sync::Arc;

use fengsui_schema::Timestamp;

use crate::day::{Day, is_day};
use crate::search::touches;
use crate::{Store, StoreError};

/// The days of a store at one moment, for reading only.
#[derive(Debug)]
pub struct StoreView {
    days: Vec<Arc<Day>>,
    unread: Vec<UnreadDay>,
}

/// A day that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct UnreadDay {
    /// The UTC day as `YYYY-MM-DD`.
    pub day: String,
    /// What is wrong.
    pub reason: String,
}

impl Store {
    /// The days as they are now.
    #[must_use]
    pub fn view(&self) -> StoreView {
        StoreView { days: self.all_days(), unread: Vec::new() }
    }
}

impl StoreView {
    /// Opens the days of a folder that a time range touches, without repairing, moving or writing anything: another process
    /// may have the store open for writing. What it has committed by now is seen, and goes on being seen when it removes it.
    ///
    /// # Errors
    /// When the folder can't be read. A day that can't be is left out, see [`StoreView::unread`].
    pub fn open(directory: &Path, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Self, StoreError> {
        let mut view = Self { days: Vec::new(), unread: Vec::new() };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(directory).map_err(StoreError::file("read", directory))? {
            let entry = entry.map_err(StoreError::file("read", directory))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.retain(|name| is_day(name) && touches(name, from, to));
        names.sort();
        for name in names {
            match Day::view(directory, &name) {
                Ok(day) => view.days.extend(day.map(Arc::new)),
                // Dropped by its retention meanwhile.
                Err(_) if !directory.join(&name).exists() => {}
                Err(error) => view.unread.push(UnreadDay { day: name, reason: error.to_string() }),
            }
        }
        Ok(view)
    }

    /// Days that can't be read, the oldest first.
    #[must_use]
    pub fn unread(&self) -> &[UnreadDay] {
        &self.unread
    }

    pub(crate) fn days(&self) -> &[Arc<Day>] {
        &self.days
    }
}
