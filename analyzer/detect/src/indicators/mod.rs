//! Indicators of compromise: addresses, ranges, domains, web addresses and file hashes with an expiry, out of CSV lists,
//! STIX 2.1 bundles and MISP events; and values that are never indicators.

mod list;
mod matching;
mod misp;
mod places;
mod stix;

use serde_json::Value;

pub use list::{Indicator, IndicatorKind, clickable, without_scheme};
pub(crate) use matching::{AllowedValues, IndicatorSet};
use places::Look;
pub use places::Place;

/// What a file of indicators holds.
#[derive(Debug, Default)]
pub struct IndicatorFile {
    /// Indicators, in the order of the file.
    pub indicators: Vec<Indicator>,
    /// Values that are never indicators.
    pub allowed: Vec<(IndicatorKind, String)>,
    /// What was not taken, with reasons.
    pub failures: Vec<String>,
}

/// Reads a file: CSV, a STIX bundle, MISP events or a MISP warning list, told by its content. A CSV list whose name
/// begins with `allow` holds values that are never indicators.
#[must_use]
pub fn read_indicators(file: &str, text: &str) -> IndicatorFile {
    let name = file.rsplit('/').next().unwrap_or(file);
    let list = name.trim_end_matches(".csv").trim_end_matches(".json");
    let text = text.trim_start_matches('\u{feff}');
    if !text.trim_start().starts_with(['{', '[']) {
        let (indicators, failures) = list::parse(list, text);
        if name.starts_with("allow") {
            let allowed = indicators.into_iter().map(|indicator| (indicator.kind, indicator.value)).collect();
            return IndicatorFile { allowed, failures, ..IndicatorFile::default() };
        }
        return IndicatorFile { indicators, failures, ..IndicatorFile::default() };
    }
    let document: Value = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => {
            return IndicatorFile { failures: vec![format!("is no JSON: {error}")], ..IndicatorFile::default() };
        }
    };
    if let Some(allowed) = misp::warning_list(&document) {
        return IndicatorFile { allowed, ..IndicatorFile::default() };
    }
    let (indicators, failures) = if document["type"] == "bundle" {
        stix::parse(list, &document)
    } else if misp::resembles(&document) {
        misp::parse(list, &document)
    } else {
        (Vec::new(), vec!["is neither a STIX bundle, nor MISP events, nor a MISP warning list".to_owned()])
    };
    IndicatorFile { indicators, failures, ..IndicatorFile::default() }
}
