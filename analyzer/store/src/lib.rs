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
mod schema;
mod search;
mod settings;
mod store;
mod stored;
mod tokenizer;

pub use error::StoreError;
pub use query::QueryError;
pub use request::{
    DamagedDay, DaySummary, Histogram, HistogramBucket, NumericStatistics, RetentionOverride, SearchPage,
    SearchRequest, Selection, TermCount, TopTerms,
};
pub use settings::StoreSettings;
pub use store::Store;
