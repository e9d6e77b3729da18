//! The store: day indexes behind one interface.

use fengsui_schema::{Event, EventId, Timestamp};

use crate::{
    DamagedDay, DaySummary, Histogram, NumericStatistics, RetentionOverride, SearchPage, SearchRequest, Selection,
    StoreError, StoreSettings, TopTerms,
};

/// The event index. Shared between threads behind an `Arc`; every call blocks.
#[derive(Debug)]
pub struct Store {
    settings: StoreSettings,
}

impl Store {
    /// Opens or creates the store. Day indexes that can't be read are moved aside, see [`Store::damaged`].
    ///
    /// # Errors
    /// When the folder can't be created or read.
    pub fn open(settings: StoreSettings) -> Result<Self, StoreError> {
        std::fs::create_dir_all(&settings.directory).map_err(StoreError::file("create", &settings.directory))?;
        Ok(Self { settings })
    }

    /// Adds an event; it can be found after the next [`Store::commit`]. An event with the same id is replaced,
    /// so that replaying the spool changes nothing.
    ///
    /// # Errors
    /// When the index can't be written.
    pub fn add(&self, _event: &Event, _spool_sequence: u64) -> Result<(), StoreError> {
        self.unfinished()
    }

    /// Makes everything added findable and durable, and remembers the highest spool sequence added.
    ///
    /// # Errors
    /// When the index can't be written.
    pub fn commit(&self) -> Result<(), StoreError> {
        self.unfinished()
    }

    /// The spool sequence of the last commit; `None` when nothing was committed or a damaged day was moved aside,
    /// so that everything the spool still has must be added again.
    #[must_use]
    pub fn committed_sequence(&self) -> Option<u64> {
        None
    }

    /// Day indexes that were moved aside when the store was opened.
    #[must_use]
    pub fn damaged(&self) -> &[DamagedDay] {
        &[]
    }

    /// A page of events.
    ///
    /// # Errors
    /// When the query is wrong, a limit is passed, or the index can't be read.
    pub fn search(&self, _request: &SearchRequest) -> Result<SearchPage, StoreError> {
        self.unfinished()
    }

    /// How many events a selection holds.
    ///
    /// # Errors
    /// As [`Store::search`].
    pub fn count(&self, _selection: &Selection) -> Result<u64, StoreError> {
        self.unfinished()
    }

    /// Events over time in buckets of `interval_ms`; the selection's `from` and `to` are the range.
    ///
    /// # Errors
    /// As [`Store::search`].
    pub fn histogram(&self, _selection: &Selection, _interval_ms: i64) -> Result<Histogram, StoreError> {
        self.unfinished()
    }

    /// The most frequent values of a field.
    ///
    /// # Errors
    /// As [`Store::search`], and when the field's values can't be counted.
    pub fn top_terms(&self, _selection: &Selection, _field: &str, _limit: usize) -> Result<TopTerms, StoreError> {
        self.unfinished()
    }

    /// Count, extremes and sum of a numeric field.
    ///
    /// # Errors
    /// As [`Store::search`], and when the field is not numeric.
    pub fn numeric_statistics(&self, _selection: &Selection, _field: &str) -> Result<NumericStatistics, StoreError> {
        self.unfinished()
    }

    /// The event of an id.
    ///
    /// # Errors
    /// When the index can't be read.
    pub fn get(&self, _id: EventId) -> Result<Option<Event>, StoreError> {
        self.unfinished()
    }

    /// Every day of the store, the oldest first.
    ///
    /// # Errors
    /// When the index can't be read.
    pub fn days(&self) -> Result<Vec<DaySummary>, StoreError> {
        self.unfinished()
    }

    /// Drops whole days older than the retention and returns them.
    ///
    /// # Errors
    /// When the retention is below the floor of 180 days and no override is passed, or a day can't be removed.
    pub fn apply_retention(
        &self,
        _now: Timestamp,
        _permission: Option<&RetentionOverride>,
    ) -> Result<Vec<String>, StoreError> {
        self.unfinished()
    }

    fn unfinished<T>(&self) -> Result<T, StoreError> {
        Err(StoreError::Field { field: self.settings.directory.display().to_string(), reason: "not built yet".into() })
    }
}
