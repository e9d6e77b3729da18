//! What applications ask of the platform's abilities, and the keys by which they do.

use fengsui_schema::{DataGrade, Severity};
use serde::{Deserialize, Serialize};

use super::alerts::SeverityWord;
use super::findings::DataGradeWord;
use super::{UnitRef, UsedFunction};

/// A record: column to value. Values are texts, numbers, booleans or null.
pub(crate) type Record = serde_json::Map<String, serde_json::Value>;

/// What the platform does for other applications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    /// Finds and grades sensitive values.
    Classify,
    /// Masks records by a policy.
    Mask,
    /// Says what is known of addresses, domains, web addresses and digests.
    Indicators,
    /// Finds words of the lexicons.
    Screen,
}

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CapabilityKeyState {
    /// It holds.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody took it back.
    Revoked,
}

/// A key to make.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCapabilityKey {
    /// What application it is for; at most 200 characters.
    pub name: String,
    /// Code of the unit that owns it and within whose reach it acts.
    pub unit: String,
    /// What it may ask for; at least one.
    pub abilities: Vec<Ability>,
    /// Requests a minute, 1 to 600.
    pub per_minute: i64,
    /// Requests a day (of China's time), 1 to 500,000.
    pub per_day: i64,
    /// Until when it holds; at most 366 days from now.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// Addresses and networks it is used from, at most 32; from anywhere when there are none.
    #[serde(default)]
    pub networks: Vec<String>,
}

/// How often a key asked for an ability in the last seven days.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AbilityUse {
    /// Which.
    pub ability: Ability,
    /// Requests that were let in.
    pub served: i64,
    /// Requests that were refused.
    pub refused: i64,
}

/// A key, without its token.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CapabilityKeyRow {
    /// Its number.
    pub id: String,
    /// What application it is for.
    pub name: String,
    /// The unit that owns it.
    pub unit: UnitRef,
    /// What it may ask for.
    pub abilities: Vec<Ability>,
    /// Requests a minute.
    pub per_minute: i64,
    /// Requests a day.
    pub per_day: i64,
    /// Addresses and networks it is used from; from anywhere when there are none.
    pub networks: Vec<String>,
    /// Until when it holds.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// By whom.
    pub created_by: String,
    /// Where it is in its life.
    pub state: CapabilityKeyState,
    /// When it was revoked.
    #[schema(format = DateTime)]
    pub revoked_at: Option<String>,
    /// By whom.
    pub revoked_by: Option<String>,
    /// Why.
    pub revoked_for: Option<String>,
    /// Its use in the last seven days.
    pub used: Vec<AbilityUse>,
    /// Whether the caller may revoke it.
    pub may_change: bool,
}

/// A key that was made, with its token, which is shown this once.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CapabilityKeyMade {
    /// The key.
    pub key: CapabilityKeyRow,
    /// What the application sends as `Authorization: Bearer …`. Only a digest of it is kept.
    pub token: String,
}

/// Texts or records to look for sensitive values in; one of the two.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassifyRequest {
    /// At most 200 texts, 512 KiB in all.
    #[serde(default)]
    pub texts: Option<Vec<String>>,
    /// At most 200 records of 100 columns, 512 KiB in all.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    pub records: Option<Vec<Record>>,
}

/// A sensitive value; never the value itself.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClassifyFinding {
    /// Place of the text or record in the request, from 0.
    pub index: usize,
    /// Column of the record.
    pub column: Option<String>,
    /// Stable name of the type.
    pub data_type: String,
    /// Its name in Chinese.
    pub data_type_zh: String,
    /// Category that the grading template gives the type.
    pub category: String,
    /// Grade that it gives the type.
    #[schema(value_type = DataGradeWord)]
    pub grade: DataGrade,
    /// First character in the text or value, from 0.
    pub start: usize,
    /// Character after the last one.
    pub end: usize,
    /// Confidence in hundredths.
    pub confidence: u8,
    /// The value with most of it starred.
    pub masked: String,
}

/// What was found.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClassifyAnswer {
    /// In order of their place; at most 5,000.
    pub findings: Vec<ClassifyFinding>,
    /// Findings beyond that.
    pub left_off: usize,
    /// Grade of the whole, after aggregation; null when nothing is sensitive.
    #[schema(value_type = Option<DataGradeWord>)]
    pub grade: Option<DataGrade>,
    /// Template, rule and article that the grade cites.
    pub grade_basis: Option<String>,
}

/// Records to mask.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MaskRequest {
    /// Stable name of a masking policy in force: one that comes with the product, or that was approved in the unit, above or below it.
    pub policy: String,
    /// At most 200 records of 100 columns, 512 KiB in all.
    #[schema(value_type = Vec<Object>)]
    pub records: Vec<Record>,
}

/// Masked records.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MaskAnswer {
    /// Name of the policy.
    pub policy: String,
    /// Its version.
    pub version: String,
    /// The records in their order.
    #[schema(value_type = Vec<Object>)]
    pub records: Vec<Record>,
    /// What was done.
    pub functions: Vec<UsedFunction>,
}

/// Values to look up.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IndicatorsRequest {
    /// At most 200 addresses, networks, domains, web addresses or digests.
    pub values: Vec<String>,
}

/// An indicator that is in force.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KnownIndicator {
    /// Name of its list.
    pub list: String,
    /// `ip`, `cidr`, `domain`, `url` or `hash`.
    pub kind: String,
    /// What the list holds: the value, a network it is in, a domain above it. Untrusted.
    pub value: String,
    /// How grave it is.
    #[schema(value_type = SeverityWord)]
    pub severity: Severity,
    /// From when on it no longer counts.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}

/// What is known of one value.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IndicatorLookup {
    /// The gravest first, at most 20; empty when nothing is known.
    pub known: Vec<KnownIndicator>,
}

/// What is known of the values, in their order.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IndicatorsAnswer {
    /// One for each value.
    pub items: Vec<IndicatorLookup>,
}

/// Texts to look for words of the lexicons in.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScreenRequest {
    /// At most 200 texts, 512 KiB in all.
    pub texts: Vec<String>,
}

/// A word of a lexicon.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScreenHit {
    /// Place of the text in the request, from 0.
    pub index: usize,
    /// Stable name of the category.
    pub category: String,
    /// Its name in Chinese.
    pub category_zh: String,
    /// The word as the lexicon has it.
    pub word: String,
    /// First character in the text, from 0.
    pub start: usize,
    /// Character after the last one.
    pub end: usize,
    /// Whether the text writes it otherwise: split, in traditional characters, by its sound.
    pub variant: bool,
}

/// What was found.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScreenAnswer {
    /// In order of their place; at most 5,000.
    pub hits: Vec<ScreenHit>,
    /// Hits beyond that.
    pub left_off: usize,
}
