//! Typed settings and rule texts of the engine.

use std::collections::BTreeMap;

/// How the engine classifies.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EngineSettings {
    /// Grading template by its id, the name of a file of `rules/dlp` such as `gbt-43697-2024` or `db33t-2351-2021`.
    pub template: String,
    /// Lowest confidence that is reported, in hundredths, for types without a threshold of their own.
    pub threshold: u8,
    /// Lowest confidence that is reported by type, in hundredths: `person_name = 70`.
    pub thresholds: BTreeMap<String, u8>,
    /// Types that are not looked for.
    pub disabled: Vec<String>,
    /// Look for names of persons in running text.
    pub names: bool,
    /// Look for addresses in running text.
    pub addresses: bool,
    /// Last year in which a person in the data can be born or a document be issued.
    pub latest_year: u16,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            template: "gbt-43697-2024".to_owned(),
            threshold: 50,
            thresholds: BTreeMap::new(),
            disabled: Vec::new(),
            names: true,
            addresses: true,
            latest_year: 2030,
        }
    }
}

/// Texts of the rule files, by file name. The engine reads no files: the gateway or the binary hands them in.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Rules {
    /// Files that replace an embedded file of the same name, or add a grading template (`*.toml`).
    pub overrides: BTreeMap<String, String>,
}
