//! Alerts.

use fengsui_schema::{BusinessDomain, Severity};
use serde::{Deserialize, Serialize};

use super::{IncidentRow, PersonRef, PlaybookView, UnitRef};

/// Where an alert is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Nobody looked yet.
    New,
    /// Somebody looks.
    Acknowledged,
    /// Part of an incident.
    InIncident,
    /// Done with.
    Closed,
}

/// Why an alert was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// It was an attack.
    TruePositive,
    /// The rule was wrong.
    FalsePositive,
    /// The rule was right and the act was allowed.
    Benign,
    /// Another alert tells the same.
    Duplicate,
}

/// Info, low, medium, high or critical.
#[derive(utoipa::ToSchema, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "names the words of fengsui_schema::Severity in the OpenAPI document")]
pub(crate) enum SeverityWord {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

/// 云, 网, 数 or 用.
#[derive(utoipa::ToSchema, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "names the words of fengsui_schema::BusinessDomain in the OpenAPI document")]
pub(crate) enum DomainWord {
    Cloud,
    Network,
    Data,
    Application,
}

/// Which alerts.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AlertQuery {
    /// `open` (all but closed), `closed`, `all`, or one of the states; `open` unless told.
    pub state: Option<String>,
    /// Least severity: `info` to `critical`.
    pub severity_min: Option<String>,
    /// Words that title, rule, addresses or assets hold.
    pub q: Option<String>,
    /// Code of a unit: it and everything below.
    pub unit: Option<String>,
    /// `cloud`, `network`, `data` or `application`.
    pub domain: Option<String>,
    /// `signature`, `sigma`, `indicator`, `behaviour`, `correlation`, `data_protection`, `yara` or `external`.
    pub source: Option<String>,
    /// One row per group of repeats, counting the open ones.
    pub grouped: Option<bool>,
    /// An alert: only those of its group, each on a row of its own.
    pub group: Option<String>,
    /// An incident: only its alerts, each on a row of its own.
    pub incident: Option<String>,
    /// Rows per page, 1 to 500; 50 unless told.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// An alert as a row of the queue.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AlertRow {
    /// 32 hexadecimal digits.
    pub id: String,
    /// When it happened.
    #[schema(format = DateTime)]
    pub time: String,
    /// How bad.
    #[schema(value_type = SeverityWord)]
    pub severity: Severity,
    /// What happened, in Chinese.
    pub title_zh: String,
    /// What happened, in English.
    pub title_en: String,
    /// Id of the rule.
    pub rule_id: String,
    /// Kind of detector.
    pub source: String,
    /// Address that opened the flow.
    pub source_ip: Option<String>,
    /// Port that opened the flow.
    pub source_port: Option<i64>,
    /// Address it went to.
    pub destination_ip: Option<String>,
    /// Port it went to.
    pub destination_port: Option<i64>,
    /// Name of the asset at the source.
    pub source_asset: Option<String>,
    /// Name of the asset at the destination.
    pub destination_asset: Option<String>,
    /// Unit it belongs to.
    pub unit: UnitRef,
    /// Part of the digital government.
    #[schema(value_type = DomainWord)]
    pub domain: BusinessDomain,
    /// Ids of ATT&CK techniques.
    pub techniques: Vec<String>,
    /// Where it is in its life.
    pub state: AlertState,
    /// Why it was closed.
    pub disposition: Option<Disposition>,
    /// Who looks.
    pub assignee: Option<PersonRef>,
    /// Incident it is part of.
    pub incident_id: Option<String>,
    /// How many alerts the row stands for: 1, or the open repeats of its group.
    pub count: i64,
    /// Repeats have the same.
    pub group_key: String,
    /// When the first of the group happened.
    #[schema(format = DateTime)]
    pub first_time: String,
    /// Number of the last change.
    pub revision: i64,
}

/// Something that was done to an object.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HistoryEntry {
    /// When.
    #[schema(format = DateTime)]
    pub time: String,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// With what words.
    pub detail: String,
}

/// Everything about an alert.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AlertDetail {
    /// The row of the queue.
    pub row: AlertRow,
    /// The alert as the analyzer made it (`fengsui_schema::Alert`). Its texts are untrusted.
    #[schema(value_type = Object)]
    pub alert: serde_json::Value,
    /// Whether a capture of the flow can be downloaded.
    pub has_capture: bool,
    /// Other alerts of its group, source or target, newest first.
    pub similar: Vec<AlertRow>,
    /// What was done to it, newest first.
    pub history: Vec<HistoryEntry>,
    /// Incident it is part of.
    pub incident: Option<IncidentRow>,
    /// What to do about it, and what of it was done.
    pub playbook: Option<PlaybookView>,
    /// Whether its evidence lies at a node below, which hands it up on request.
    pub evidence_below: bool,
}

/// What to do to alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertActionKind {
    /// Say that somebody looks.
    Acknowledge,
    /// Say that I look.
    AssignToMe,
    /// Be done with them.
    Close,
    /// Open them again.
    Reopen,
}

/// One act on many alerts.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertAction {
    /// At most 500 alerts.
    pub ids: Vec<String>,
    /// What to do.
    pub action: AlertActionKind,
    /// Why; closing needs a reason or a disposition.
    #[serde(default)]
    pub reason: Option<String>,
    /// Why, in a word.
    #[serde(default)]
    pub disposition: Option<Disposition>,
    /// Act on the open repeats of these alerts too.
    #[serde(default)]
    pub whole_groups: bool,
}

/// What an act did.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AlertActionResult {
    /// Alerts that changed; those that already were so, or are not yours, are not counted.
    pub changed: i64,
    /// Takes the act back for ten minutes.
    pub undo_token: Option<String>,
}

/// Takes an act back.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoRequest {
    /// As the act answered.
    pub undo_token: String,
}

/// What taking back did.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UndoResult {
    /// Alerts that changed.
    pub changed: i64,
}
