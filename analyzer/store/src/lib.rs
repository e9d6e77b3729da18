//! Owns the event index: tantivy, the search language, retention and the replay offset.
//!
//! Is a cache of the spool: everything in it can be rebuilt.

#![forbid(unsafe_code)]

mod error;
pub mod limits;
mod query;
mod request;
mod settings;
mod store;

pub use error::StoreError;
pub use query::QueryError;
pub use request::{
    DamagedDay, DaySummary, Histogram, HistogramBucket, NumericStatistics, RetentionOverride, SearchPage,
    SearchRequest, Selection, TermCount, TopTerms,
};
pub use settings::StoreSettings;
pub use store::Store;
