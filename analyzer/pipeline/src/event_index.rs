//! Where events are indexed: the store, in the product.

use fengsui_schema::Event;
use fengsui_store::Store;

/// Where events are indexed. Every call blocks.
pub trait EventIndex: Send + Sync {
    /// Adds an event; one with the same id takes its place.
    ///
    /// # Errors
    /// What went wrong, in words.
    fn add(&self, event: &Event, sequence: u64) -> Result<(), String>;

    /// Makes everything added durable and findable.
    ///
    /// # Errors
    /// What went wrong, in words.
    fn commit(&self) -> Result<(), String>;

    /// The spool sequence of the last commit; `None` when everything must be added again.
    fn committed_sequence(&self) -> Option<u64>;
}

impl EventIndex for Store {
    fn add(&self, event: &Event, sequence: u64) -> Result<(), String> {
        Self::add(self, event, sequence).map_err(|error| error.to_string())
    }

    fn commit(&self) -> Result<(), String> {
        Self::commit(self).map_err(|error| error.to_string())
    }

    fn committed_sequence(&self) -> Option<u64> {
        Self::committed_sequence(self)
    }
}
