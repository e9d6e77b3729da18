//! Catalogues of controls and the parts of a score; all of it is data (`rules/compliance`).

use std::sync::LazyLock;

use serde::Deserialize;

/// A control of a catalogue.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Control {
    /// Number in its catalogue.
    pub(crate) id: String,
    /// Part of the catalogue.
    pub(crate) area: String,
    /// Name.
    pub(crate) title: String,
    /// What to check.
    pub(crate) check: String,
}

/// A catalogue of controls.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Catalogue {
    /// Stable name.
    pub(crate) name: String,
    /// Title in Chinese.
    pub(crate) title_zh: String,
    /// Title in English.
    pub(crate) title_en: String,
    /// Standard or laws it follows.
    pub(crate) source: String,
    /// Controls in order.
    #[serde(rename = "control")]
    pub(crate) controls: Vec<Control>,
}

/// A part of a score.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// Stable name.
    pub(crate) name: String,
    /// Title in Chinese.
    pub(crate) title_zh: String,
    /// Title in English.
    pub(crate) title_en: String,
    /// Weight.
    pub(crate) weight: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    part: Vec<Part>,
}

const TEXTS: [&str; 3] = [
    include_str!("../../../rules/compliance/catalogues/mlps3.toml"),
    include_str!("../../../rules/compliance/catalogues/crypto3.toml"),
    include_str!("../../../rules/compliance/catalogues/data_security.toml"),
];

const SCORE: &str = include_str!("../../../rules/compliance/scorecard.toml");

// A file that does not parse would leave its catalogue out; a test reads every one, so that it can't be shipped.
static CATALOGUES: LazyLock<Vec<Catalogue>> =
    LazyLock::new(|| TEXTS.iter().filter_map(|text| toml::from_str(text).ok()).collect());

static PARTS: LazyLock<Vec<Part>> =
    LazyLock::new(|| toml::from_str::<Parts>(SCORE).map(|parts| parts.part).unwrap_or_default());

/// Every catalogue.
pub(crate) fn catalogues() -> &'static [Catalogue] {
    &CATALOGUES
}

/// The control of a catalogue.
pub(crate) fn control(catalogue: &str, id: &str) -> Option<(&'static Catalogue, &'static Control)> {
    let catalogue = CATALOGUES.iter().find(|known| known.name == catalogue)?;
    Some((catalogue, catalogue.controls.iter().find(|control| control.id == id)?))
}

/// The parts of a score.
pub(crate) fn parts() -> &'static [Part] {
    &PARTS
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_parses_and_every_control_is_named_once() {
        assert_eq!(catalogues().len(), TEXTS.len());
        for catalogue in catalogues() {
            let ids: BTreeSet<&str> = catalogue.controls.iter().map(|control| control.id.as_str()).collect();
            assert_eq!(ids.len(), catalogue.controls.len(), "{}", catalogue.name);
        }
        assert_eq!(control("mlps3", "8.1.4.1").map(|(_, control)| control.title.as_str()), Some("身份鉴别"));
        assert_eq!(catalogues()[0].controls.len(), 71, "GB/T 22239-2019 has 71 control points at level 3");
    }

    #[test]
    fn the_parts_of_the_score_weigh_a_hundred() {
        assert!((parts().iter().map(|part| part.weight).sum::<f64>() - 100.0).abs() < 1e-9);
    }
}
