//! Indicators of compromise: lists of addresses, ranges, domains, web addresses and file hashes with an expiry.

mod list;
mod matching;

pub(crate) use list::{Indicator, IndicatorKind, parse};
pub(crate) use matching::IndicatorSet;
