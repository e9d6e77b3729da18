//! Owns the event index: tantivy, the search language, retention and the replay offset.
//!
//! Is a cache of the spool: everything in it can be rebuilt.

#![forbid(unsafe_code)]

mod collect;
mod day;
mod document;
mod error;
mod indexed;
pub mod limits;
mod manifest;
mod mappings;
#[cfg(test)]
mod oracle;
mod other;
mod query;
mod request;
mod scan;
mod schema;
mod search;
mod settings;
mod store;
mod stored;
mod tokenizer;
mod view;

pub use error::StoreError;
pub use query::{Clue, QueryError};
pub use request::{
    DamagedDay, DaySummary, Histogram, HistogramBucket, NumericStatistics, RetentionOverride, SearchPage,
    SearchRequest, Selection, TermCount, TopTerms,
};
pub use scan::{Scan, ScanPlan, ScannedDay};
pub use settings::StoreSettings;
pub use store::Store;
pub use view::{StoreView, UnreadDay};
