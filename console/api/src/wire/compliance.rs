//! The compliance workspace, scorecards and bulletins.

use serde::{Deserialize, Serialize};

use super::UnitRef;

/// How far a control is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ControlState {
    /// Met.
    Met,
    /// Partly met.
    Partly,
    /// Not met.
    Unmet,
    /// Does not concern the unit.
    NotApplicable,
}

/// A control and what the unit says of it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ControlView {
    /// Number in its catalogue.
    pub id: String,
    /// Part of the catalogue.
    pub area: String,
    /// Name.
    pub title: String,
    /// What to check.
    pub check: String,
    /// How far it is met; null when nobody judged yet.
    pub state: Option<ControlState>,
    /// Evidence. Untrusted.
    pub evidence: String,
    /// When it was judged.
    #[schema(format = DateTime)]
    pub updated_at: Option<String>,
    /// By whom.
    pub updated_by: String,
}

/// How many controls are how far.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ControlCounts {
    /// Controls of the catalogue.
    pub total: i64,
    /// Met.
    pub met: i64,
    /// Partly met.
    pub partly: i64,
    /// Not met.
    pub unmet: i64,
    /// Not applicable.
    pub not_applicable: i64,
}

/// A catalogue for one unit.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CatalogueView {
    /// Stable name.
    pub name: String,
    /// Title in Chinese.
    pub title_zh: String,
    /// Title in English.
    pub title_en: String,
    /// Standard or laws it follows.
    pub source: String,
    /// Counts.
    pub counts: ControlCounts,
    /// Controls in order.
    pub controls: Vec<ControlView>,
}

/// A unit and how it stands in one catalogue.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UnitCompliance {
    /// The unit.
    pub unit: UnitRef,
    /// Counts.
    pub counts: ControlCounts,
}

/// Every catalogue for one unit, and how the units below stand.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ComplianceView {
    /// The unit.
    pub unit: UnitRef,
    /// Catalogues.
    pub catalogues: Vec<CatalogueView>,
    /// The units the caller may see that judged something, by catalogue.
    pub units: std::collections::BTreeMap<String, Vec<UnitCompliance>>,
}

/// Which unit.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ComplianceQuery {
    /// Code of a unit; the caller's unless told.
    pub unit: Option<String>,
}

/// A judgement of a control of the caller's own unit.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlJudgement {
    /// How far it is met.
    pub state: ControlState,
    /// Evidence; needed unless it is unmet.
    #[serde(default)]
    pub evidence: String,
}

/// Which time and which tier.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ScorecardQuery {
    /// From; 30 days ago unless told.
    #[param(value_type = Option<String>)]
    pub from: Option<String>,
    /// To; now unless told.
    #[param(value_type = Option<String>)]
    pub to: Option<String>,
    /// `prefecture` or `county`; `county` unless told.
    pub tier: Option<String>,
}

/// How a unit worked in a time.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScorecardRow {
    /// The unit.
    pub unit: UnitRef,
    /// Tasks dispatched to it and below it.
    pub tasks: i64,
    /// Signed for in time.
    pub signed_in_time: i64,
    /// Median minutes until signed for.
    pub median_sign_minutes: Option<i64>,
    /// Median minutes until handed in.
    pub median_finish_minutes: Option<i64>,
    /// Handed in before the deadline.
    pub finished_in_time: i64,
    /// Past the deadline: not handed in, or handed in late.
    pub overdue: i64,
    /// Inspections asked of it.
    pub inspections: i64,
    /// Inspections answered in time.
    pub inspections_in_time: i64,
    /// Controls judged that concern it.
    pub controls: i64,
    /// Controls met.
    pub controls_met: i64,
    /// People who should have come to trainings; nodes of before tell none.
    #[serde(default)]
    pub training_expected: i64,
    /// Of them those who came.
    #[serde(default)]
    pub training_attended: i64,
    /// Calls of drills.
    #[serde(default)]
    pub calls: i64,
    /// Of them those that reached somebody.
    #[serde(default)]
    pub calls_reached: i64,
    /// 0 to 100, one decimal; null when there is nothing to measure.
    pub score: Option<f64>,
    /// From 1; null without a score.
    pub rank: Option<i64>,
}

/// A scorecard that a node below counted from what it knows.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReportedScorecard {
    /// The node that counted.
    pub node: String,
    /// From.
    #[schema(format = DateTime)]
    pub from: String,
    /// To.
    #[schema(format = DateTime)]
    pub to: String,
    /// What it counted.
    pub row: ScorecardRow,
}

/// A part of the score.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScorePart {
    /// Stable name.
    pub name: String,
    /// Title in Chinese.
    pub title_zh: String,
    /// Title in English.
    pub title_en: String,
    /// Weight.
    pub weight: f64,
}

/// Scorecards, best first.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Scorecards {
    /// From.
    #[schema(format = DateTime)]
    pub from: String,
    /// To.
    #[schema(format = DateTime)]
    pub to: String,
    /// How the score is made.
    pub parts: Vec<ScorePart>,
    /// Units.
    pub items: Vec<ScorecardRow>,
}

/// Which bulletin.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BulletinQuery {
    /// `daily` or `weekly`; `daily` unless told.
    pub period: Option<String>,
}

/// A number of a bulletin.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BulletinFigure {
    /// Stable name.
    pub name: String,
    /// This time.
    pub value: i64,
    /// The time before.
    pub before: i64,
}

/// An incident of a bulletin.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BulletinIncident {
    /// Its number.
    pub number: String,
    /// Title. Untrusted.
    pub title: String,
    /// Grade or null.
    pub grade: Option<String>,
    /// State.
    pub state: String,
    /// The unit.
    pub unit: UnitRef,
}

/// What happened in a day or a week, from the database; numbers are counted when it is asked for.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Bulletin {
    /// `daily` or `weekly`.
    pub period: String,
    /// The unit.
    pub unit: UnitRef,
    /// From.
    #[schema(format = DateTime)]
    pub from: String,
    /// To.
    #[schema(format = DateTime)]
    pub to: String,
    /// Numbers.
    pub figures: Vec<BulletinFigure>,
    /// Incidents that began in it, riskiest first, at most 20.
    pub incidents: Vec<BulletinIncident>,
    /// Units with the most alerts, at most 10.
    pub busiest: Vec<UnitLoad>,
    /// Units with overdue tasks, at most 10.
    pub overdue: Vec<UnitLoad>,
}

/// A unit and a count.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UnitLoad {
    /// The unit.
    pub unit: UnitRef,
    /// The count.
    pub count: i64,
}
