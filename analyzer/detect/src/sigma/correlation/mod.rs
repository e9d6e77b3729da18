//! Sigma correlations in event time: our own, as the library's lose late events and wipe windows on a skewed clock.
//!
//! A correlation fires for the windows `(end - timespan, end]` that end at a hit. Hits are kept in the order of (time, event),
//! so a hit that comes late is counted in every window it belongs to, and the windows that fire don't depend on the order of
//! arrival. Conditions that a further hit can only fulfil (counts and sums from below, rules that are all there) fire at once.
//! Those that a late hit could undo (averages, percentiles, upper bounds) are judged when the watermark has passed the window, and
//! those about what stays away (`lt`, `lte` and `eq: 0` of counts, `not`) are judged over the timespan after each hit.
//! An event without a field of `group-by` belongs to no group. A hit in order costs O(log n); one that is late by k
//! hits O(k log n).

mod definition;
mod group;
mod state;
mod window;

pub(crate) use definition::{CorrelationDefinition, CorrelationSet, rule_key as correlation_key};
pub(crate) use state::{Correlations, SavedCorrelations};
