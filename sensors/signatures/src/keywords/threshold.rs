//! `threshold` and `detection_filter`: how often a rule may alert.

use crate::Action;
use crate::draft::Draft;
use crate::keywords::{Keyword, keyword, pair, parts};

pub(crate) const KEYWORDS: &[Keyword] =
    &[keyword("threshold", |draft, value| parse(draft, value, None)), keyword("detection_filter", detection_filter)];

/// How often a rule may alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) kind: RateKind,
    pub(crate) track: Track,
    pub(crate) count: u32,
    pub(crate) seconds: u32,
    /// Counts distinct values of this rather than matches.
    pub(crate) unique_on: Option<Unique>,
    /// Of kind `Backoff`.
    pub(crate) multiplier: u32,
    /// Of kind `Filter`: what matches do, and for how many seconds.
    pub(crate) instead: Option<(Action, u32)>,
}

/// What happens at the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RateKind {
    /// The first `count` matches of a window alert.
    Limit,
    /// Every `count`-th match of a window alerts.
    Threshold,
    /// The `count`-th match of a window alerts, once.
    Both,
    /// Matches after the first `count` of a window alert.
    DetectionFilter,
    /// The `count`-th match alerts, then the `count` times `multiplier`-th, and so on; matches of a flow or rule in all.
    Backoff,
    /// Once more than `count` matches came in a window, matches do something else until the time-out.
    Filter,
}

/// What matches are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Track {
    Source,
    Destination,
    Both,
    Rule,
    Flow,
}

/// What distinct values are counted of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unique {
    SourcePort,
    DestinationPort,
}

fn detection_filter(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    parse(draft, value, Some(RateKind::DetectionFilter))
}

fn parse(draft: &mut Draft<'_>, value: &str, fixed: Option<RateKind>) -> Result<(), String> {
    let (mut kind, mut track, mut count, mut seconds, mut unique_on) = (fixed, None, None, None, None);
    let mut multiplier = None;
    for option in parts(value) {
        match pair(option) {
            ("type", word) if fixed.is_none() => kind = Some(rate_kind(word)?),
            ("track", word) => track = Some(parse_track(word)?),
            ("count", text) => count = Some(positive(text)?),
            ("seconds", text) => seconds = Some(positive(text)?),
            ("multiplier", text) => multiplier = Some(positive(text)?),
            ("unique_on", "src_port") => unique_on = Some(Unique::SourcePort),
            ("unique_on", "dst_port") => unique_on = Some(Unique::DestinationPort),
            _ => return Err(format!("{} is no option of it", fengsui_schema::shown(option))),
        }
    }
    let incomplete = "needs type, track, count and seconds";
    let kind = kind.ok_or(incomplete)?;
    if kind == RateKind::Backoff {
        multiplier = Some(multiplier.ok_or("needs a multiplier with type backoff")?);
        seconds = seconds.or(Some(u32::MAX));
    }
    let (track, count, seconds) = (track.ok_or(incomplete)?, count.ok_or(incomplete)?, seconds.ok_or(incomplete)?);
    if draft.rates.iter().any(|rate| (rate.kind == RateKind::DetectionFilter) == fixed.is_some()) {
        return Err("stands twice in one rule".to_owned());
    }
    let multiplier = multiplier.unwrap_or(1);
    draft.rates.push(Rate { kind, track, count, seconds, unique_on, multiplier, instead: None });
    Ok(())
}

pub(crate) fn positive(text: &str) -> Result<u32, String> {
    let value = text.parse().ok().filter(|value| *value > 0);
    value.ok_or_else(|| format!("{} is no number above 0", fengsui_schema::shown(text)))
}

pub(crate) fn rate_kind(word: &str) -> Result<RateKind, String> {
    Ok(match word {
        "limit" => RateKind::Limit,
        "threshold" => RateKind::Threshold,
        "both" => RateKind::Both,
        "backoff" => RateKind::Backoff,
        _ => return Err(format!("{} is no type of it; write limit, threshold or both", fengsui_schema::shown(word))),
    })
}

pub(crate) fn parse_track(word: &str) -> Result<Track, String> {
    Ok(match word {
        "by_src" => Track::Source,
        "by_dst" => Track::Destination,
        "by_both" => Track::Both,
        "by_rule" => Track::Rule,
        "by_flow" => Track::Flow,
        _ => return Err(format!("{} can not be tracked", fengsui_schema::shown(word))),
    })
}
