//! Sigma correlations in event time: our own, as the library's lose late events and wipe windows on a skewed clock.
//!
//! A correlation fires for the windows `(end - timespan, end]` that end at a hit. Hits are kept in the order of (time, event),
//! so a hit that comes late is counted in every window it belongs to, and the windows that fire don't depend on the order of
//! arrival. An event without a field of `group-by` belongs to no group. Counting is O(log n) per hit in order.

mod definition;
mod state;

pub(crate) use definition::{CorrelationDefinition, rule_key as correlation_key};
pub(crate) use state::Correlations;
