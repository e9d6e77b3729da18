//! Data assets, masking policies, shares, flows and traces.

use fengsui_schema::DataGrade;
use serde::{Deserialize, Serialize};

use super::UnitRef;
use super::findings::DataGradeWord;

/// Which data assets.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AssetQuery {
    /// Words that name, location or custodian hold.
    pub q: Option<String>,
    /// Show the retired ones.
    pub retired: Option<bool>,
}

/// What is written of a data asset.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetBody {
    /// Name.
    pub name: String,
    /// `database`, `file`, `interface` or `stream`.
    pub kind: String,
    /// Where it is: database and table, path, address.
    pub location: String,
    /// Who answers for it.
    pub custodian: String,
    /// Grade.
    #[schema(value_type = DataGradeWord)]
    pub grade: DataGrade,
    /// Stable names of the data types in it.
    #[serde(default)]
    pub types: Vec<String>,
    /// What it is.
    #[serde(default)]
    pub description: String,
    /// Code of the unit that owns it.
    pub unit: String,
    /// Finding it was taken from.
    #[serde(default)]
    pub finding_id: Option<String>,
}

/// A data asset.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AssetRow {
    /// Its number.
    pub id: String,
    /// What is written of it.
    pub asset: AssetBody,
    /// Names of its types in Chinese.
    pub types_zh: Vec<String>,
    /// Unit that owns it.
    pub unit: UnitRef,
    /// `active` or `retired`.
    pub state: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// By whom.
    pub updated_by: String,
}

/// A version of a masking policy.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MaskingPolicyView {
    /// Number of the version; null for a policy that comes with the product.
    pub id: Option<String>,
    /// Stable name; the newest approved version is in force.
    pub name: String,
    /// Version.
    pub version: String,
    /// Title in Chinese.
    pub title_zh: String,
    /// The policy (TOML).
    pub body: String,
    /// `builtin`, `draft`, `submitted`, `approved`, `rejected` or `retired`.
    pub state: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    pub written_at: Option<String>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// With what words.
    pub reason: Option<String>,
    /// Whether the caller may decide now.
    pub may_decide: bool,
    /// Whether the caller may change or submit it.
    pub may_write: bool,
}

/// Masking policies.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MaskingPolicies {
    /// Newest versions first, then those that come with the product.
    pub items: Vec<MaskingPolicyView>,
    /// Masking functions a policy may name.
    pub functions: Vec<MaskingFunction>,
}

/// A masking function.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MaskingFunction {
    /// Stable name.
    pub name: String,
    /// Name in Chinese.
    pub label: String,
}

/// A draft of a masking policy.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyDraft {
    /// The policy (TOML); its `id` is the stable name.
    pub body: String,
}

/// A decision of a second person.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Yes or no.
    pub approve: bool,
    /// Why.
    pub reason: String,
}

/// The form of a new share request.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes a multipart form in the OpenAPI document")]
pub struct ShareForm {
    /// The original: CSV, JSON lines or XLSX, at most 32 MiB.
    #[schema(value_type = String, format = Binary)]
    pub file: Vec<u8>,
    /// What it is about.
    pub title: String,
    /// Purpose of the use, for rules of the policy that name purposes.
    pub purpose: String,
    /// Law or agreement that allows it.
    pub legal_basis: String,
    /// Who gets it.
    pub recipient: String,
    /// Role of the recipient, for rules of the policy that name roles.
    pub recipient_role: String,
    /// Name of the masking policy.
    pub policy: String,
}

/// A share request.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ShareRow {
    /// Its number in the database.
    pub id: String,
    /// Its number for people.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// Purpose of the use.
    pub purpose: String,
    /// Law or agreement that allows it.
    pub legal_basis: String,
    /// Who gets it.
    pub recipient: String,
    /// Role of the recipient.
    pub recipient_role: String,
    /// Name of the masking policy.
    pub policy: String,
    /// Name of the original. Untrusted.
    pub file_name: String,
    /// `requested`, `approved`, `rejected` or `released`.
    pub state: String,
    /// Who asked.
    pub requester: String,
    /// When.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    pub decided_at: Option<String>,
    /// With what words.
    pub reason: Option<String>,
    /// When the copy was made.
    #[schema(format = DateTime)]
    pub released_at: Option<String>,
    /// Number of the entry of the ledger.
    pub ledger_sequence: Option<i64>,
    /// SM3 of the copy.
    pub copy_sm3: Option<String>,
    /// Rows of the copy.
    pub copy_rows: Option<i64>,
    /// How often the copy was downloaded.
    pub downloads: i64,
    /// Unit that shares.
    pub unit: UnitRef,
    /// What the caller may do now: `decide`, `release`, `download`.
    pub allowed: Vec<String>,
}

/// What went from where to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FlowLink {
    /// `ledger` (released copies) or `wire` (seen by sensors).
    pub kind: String,
    /// File, table or address. Untrusted.
    pub source: String,
    /// Recipient or address. Untrusted.
    pub target: String,
    /// Rows (ledger) or values (wire).
    pub amount: i64,
    /// Copies or findings.
    pub times: i64,
    /// Highest grade seen on the wire.
    #[schema(value_type = Option<DataGradeWord>)]
    pub grade: Option<DataGrade>,
    /// Policy of the last copy.
    pub policy: Option<String>,
    /// Last time.
    #[schema(format = DateTime)]
    pub last: String,
}

/// One recipient in a trace.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TraceSuspect {
    /// Who got the copy. Untrusted.
    pub recipient: String,
    /// Standard deviations above an innocent recipient.
    pub score: f64,
    /// Probability that any innocent recipient looks so guilty.
    pub error_probability: f64,
    /// Whether that is below the limit of one in 10⁹.
    pub named: bool,
    /// Dataset.
    pub source: String,
    /// Rows of the leak.
    pub rows: i64,
    /// Marks that could be read.
    pub marks: i64,
}

/// A traced leak.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TraceRow {
    /// Its number.
    pub id: String,
    /// Name of the leaked file. Untrusted.
    pub file_name: String,
    /// Its SM3.
    pub file_sm3: String,
    /// Who traced.
    pub actor: String,
    /// When.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Recipients it comes from, the surest first.
    pub named: Vec<String>,
    /// Everybody compared, the most suspicious first.
    pub suspects: Vec<TraceSuspect>,
    /// Datasets of the ledger it was compared with.
    pub datasets: i64,
}

/// The form of a leak to trace.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes a multipart form in the OpenAPI document")]
pub struct LeakForm {
    /// The leaked table: CSV, JSON lines or XLSX, at most 32 MiB.
    #[schema(value_type = String, format = Binary)]
    pub file: Vec<u8>,
}
