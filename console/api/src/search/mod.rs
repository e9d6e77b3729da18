//! Free-text search of alerts without reading every one of them.
//!
//! Alerts of one hour are gathered in parts of a few hundred; a part keeps a Bloom filter over the runs of one, two and
//! three characters of their texts. A search asks the filters, newest first, and reads only the stretches of time whose
//! parts may hold every word; whether an alert holds them is still decided by its text. What is found is therefore the
//! same with and without filters and on every database. See ADR 0018.

mod fill;
mod filter;
mod parts;
mod stretches;

pub(crate) use fill::{fill_gap, is_whole};
pub(crate) use filter::Word;
pub(crate) use parts::{Gathering, Searchable};
pub(crate) use stretches::{Stretch, Stretches};
