//! Indicators of compromise.

use fengsui_schema::Severity;
use serde::{Deserialize, Serialize};

use super::alerts::SeverityWord;

/// Which indicators are asked for.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IndicatorQuery {
    /// `active`, `expired`, `retired` or `all`; `active` unless told.
    pub state: Option<String>,
    /// `ip`, `cidr`, `domain`, `url` or `hash`.
    pub kind: Option<String>,
    /// Name of a list.
    pub list: Option<String>,
    /// Part of the value or of the description.
    pub q: Option<String>,
    /// Only those that were found in events.
    pub hit: Option<bool>,
    /// Rows per page, 1 to 500; 50 unless told.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Where an indicator is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IndicatorState {
    /// It is looked for.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody took it out.
    Retired,
}

/// An indicator as a row.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IndicatorRow {
    /// Its number.
    pub id: String,
    /// Name of its list.
    pub list: String,
    /// `ip`, `cidr`, `domain`, `url` or `hash`.
    pub kind: String,
    /// What is looked for. Untrusted.
    pub value: String,
    /// How grave a hit is.
    #[schema(value_type = SeverityWord)]
    pub severity: Severity,
    /// What it belongs to. Untrusted.
    pub description: String,
    /// The same in Chinese; may be empty. Untrusted.
    pub description_zh: String,
    /// Where it comes from. Untrusted.
    pub reference: String,
    /// From when on it no longer counts.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// When it was taken in.
    #[schema(format = DateTime)]
    pub added_at: String,
    /// Who took it in.
    pub added_by: String,
    /// Where it is in its life.
    pub state: IndicatorState,
    /// Who retired it.
    pub retired_by: Option<String>,
    /// When it was retired.
    #[schema(format = DateTime)]
    pub retired_at: Option<String>,
    /// Why it was retired.
    pub retired_for: Option<String>,
    /// Alerts it raised that the caller may see.
    pub hits: i64,
    /// Day of the newest of them.
    #[schema(format = DateTime)]
    pub last_hit: Option<String>,
}

/// A list of indicators.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IndicatorListRow {
    /// Its name.
    pub name: String,
    /// `given`: a file of the program or of its settings; `import`: taken in by somebody.
    pub origin: String,
    /// Indicators in it.
    pub total: i64,
    /// Those that are looked for.
    pub active: i64,
    /// When it last changed.
    #[schema(format = DateTime)]
    pub changed_at: String,
    /// Who changed it.
    pub changed_by: String,
}

/// A list to take in.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IndicatorImport {
    /// Name of the list, 2 to 40 characters of `a-z0-9._-`; lines are added to it and replaced in it.
    pub list: String,
    /// The file's text: CSV (`type,value,severity,expires,description,description_zh,reference`), a STIX 2.1 bundle or
    /// MISP events.
    pub text: String,
    /// Days after which lines without an end of their own expire, 1 to 3650; never when missing.
    #[serde(default)]
    pub expires_days: Option<i64>,
}

/// What became of a list.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IndicatorImported {
    /// Name of the list.
    pub list: String,
    /// Lines taken in or brought up to date.
    pub taken: i64,
    /// Lines that are no indicators.
    pub refused: i64,
    /// Why, of the first ones. Untrusted.
    pub reasons: Vec<String>,
    /// Whether the analyzer looks for them from now on; else it does after its next start.
    pub in_force: bool,
}

/// Indicators to retire.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IndicatorRetirement {
    /// Numbers, at most 500.
    pub ids: Vec<String>,
    /// Why.
    pub reason: String,
}

/// What was retired.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IndicatorRetired {
    /// How many changed.
    pub changed: i64,
    /// Whether the analyzer follows from now on; else it does after its next start.
    pub in_force: bool,
}
