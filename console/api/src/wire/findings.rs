//! Findings of sensitive data, and the masking preview.

use fengsui_schema::DataGrade;
use serde::{Deserialize, Serialize};

use super::{HistoryEntry, UnitRef};

/// Where a finding is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingState {
    /// Nobody judged yet.
    Open,
    /// Right.
    Confirmed,
    /// Wrong.
    Dismissed,
}

/// General levels 1 to 4, important, core.
#[derive(utoipa::ToSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "names the words of fengsui_schema::DataGrade in the OpenAPI document")]
pub(crate) enum DataGradeWord {
    Level1,
    Level2,
    Level3,
    Level4,
    Important,
    Core,
}

/// Which findings.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FindingQuery {
    /// `open`, `confirmed`, `dismissed` or `all`; `open` unless told.
    pub state: Option<String>,
    /// Rows per page, 1 to 500; 50 unless told.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// How many values of a type.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FindingTypeCount {
    /// Stable name of the type.
    pub data_type: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// How many.
    pub count: i64,
}

/// A finding as a row.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FindingRow {
    /// 32 hexadecimal digits.
    pub id: String,
    /// When it was found.
    #[schema(format = DateTime)]
    pub time: String,
    /// `wire`, `file` or `database`.
    pub place_kind: String,
    /// File name, address or table. Untrusted.
    pub place_name: String,
    /// Source address, for data seen on the wire.
    pub source_ip: Option<String>,
    /// Destination address, for data seen on the wire.
    pub destination_ip: Option<String>,
    /// Application protocol, for data seen on the wire.
    pub protocol: Option<String>,
    /// Grade of the whole.
    #[schema(value_type = DataGradeWord)]
    pub grade: DataGrade,
    /// Grade the engine gave, when a person gave another.
    #[schema(value_type = Option<DataGradeWord>)]
    pub engine_grade: Option<DataGrade>,
    /// Who judged it.
    pub reviewed_by: Option<String>,
    /// Types found.
    pub types: Vec<FindingTypeCount>,
    /// Unit that owns it.
    pub unit: UnitRef,
    /// Sensor or job that found it.
    pub observer: String,
    /// Where it is in its life.
    pub state: FindingState,
    /// Number of the last change.
    pub revision: i64,
}

/// Everything about a finding.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FindingDetail {
    /// The row of the list.
    pub row: FindingRow,
    /// The finding as the engine made it (`fengsui_schema::Finding`); samples are masked. Its texts are untrusted.
    #[schema(value_type = Object)]
    pub finding: serde_json::Value,
    /// What was done to it, newest first.
    pub history: Vec<HistoryEntry>,
}

/// What the steward decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewDecision {
    /// The classification is right.
    Confirm,
    /// It is wrong.
    Dismiss,
    /// Sensitive, but of another grade.
    Regrade,
}

/// A judgement of a finding.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingReview {
    /// What.
    pub decision: ReviewDecision,
    /// Why; dismissing and another grade need a reason.
    #[serde(default)]
    pub reason: Option<String>,
    /// The right grade, when the decision is another grade.
    #[serde(default)]
    #[schema(value_type = Option<DataGradeWord>)]
    pub grade: Option<DataGrade>,
}

/// What to mask for a look: rows of a table or a text.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MaskingPreviewRequest {
    /// Rows of a table: column to value; at most 200 rows of 100 columns.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    pub rows: Option<Vec<serde_json::Map<String, serde_json::Value>>>,
    /// A text of at most 64 KiB.
    #[serde(default)]
    pub text: Option<String>,
    /// Name of a policy in force; `share-standard` unless told.
    #[serde(default)]
    pub policy: Option<String>,
    /// Text of a policy (TOML) in its place: a draft somebody edits.
    #[serde(default)]
    pub draft: Option<String>,
    /// Role of the recipient, for rules that name roles.
    #[serde(default)]
    pub role: Option<String>,
    /// Purpose of the use, for rules that name purposes.
    #[serde(default)]
    pub purpose: Option<String>,
}

/// A masking function that was used.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UsedFunction {
    /// Column it was used on; null for a text.
    pub column: Option<String>,
    /// Type of the values.
    pub data_type: String,
    /// Name of the type in Chinese.
    pub data_type_zh: String,
    /// Name of the function in Chinese.
    pub function: String,
    /// How many values.
    pub count: i64,
}

/// Before and after.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MaskingPreview {
    /// As it came: a text or rows.
    #[schema(value_type = Value)]
    pub before: serde_json::Value,
    /// As it would go out: a text or rows.
    #[schema(value_type = Value)]
    pub after: serde_json::Value,
    /// What was done.
    pub functions: Vec<UsedFunction>,
}
