//! Suppressions, saved views, handovers, entities, noise of rules.

use fengsui_schema::Severity;
use serde::{Deserialize, Serialize};

use super::alerts::SeverityWord;
use super::{AlertRow, IncidentRow, SeverityCounts, UnitRef};

/// Rows that need no pages.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Items<T> {
    /// The rows.
    pub items: Vec<T>,
}

/// Which alerts a suppression keeps out of the queue; at least one condition, all of them have to fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuppressionMatch {
    /// Id of the rule.
    #[serde(default)]
    pub rule_id: Option<String>,
    /// Address that opened the flow.
    #[serde(default)]
    pub source_ip: Option<String>,
    /// Address it went to.
    #[serde(default)]
    pub destination_ip: Option<String>,
    /// Code of a unit: it and everything below; the caller's own unless told.
    #[serde(default)]
    pub unit: Option<String>,
}

/// What a suppression would have done.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SuppressionPreview {
    /// Alerts of the last seven days that fit; counting stops at 10,000.
    pub matching: i64,
    /// Of these, still open.
    pub open: i64,
    /// Of these, part of an incident or judged a true attack: a reason to think again.
    pub serious: i64,
    /// The newest that fit.
    pub sample: Vec<AlertRow>,
}

/// A new suppression.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSuppression {
    /// What it is called.
    pub title: String,
    /// Which alerts.
    pub matches: SuppressionMatch,
    /// Why.
    pub reason: String,
    /// Until when; at most 90 days ahead.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// Close the open ones that fit as well.
    #[serde(default)]
    pub close_open: bool,
}

/// A suppression.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SuppressionRow {
    /// Its number.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Which alerts.
    pub matches: SuppressionMatch,
    /// Unit it is for, with everything below.
    pub unit: UnitRef,
    /// Why.
    pub reason: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it ends.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// `running`, `expired` or `ended`.
    pub state: String,
    /// Alerts it kept out of the queue.
    pub matched: i64,
    /// When it last did.
    #[schema(format = DateTime)]
    pub last_match_at: Option<String>,
}

/// A suppression that was made.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SuppressionMade {
    /// It.
    pub suppression: SuppressionRow,
    /// Open alerts that were closed.
    pub closed: i64,
    /// Takes the closing back within ten minutes.
    pub undo_token: Option<String>,
}

/// Which saved views.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ViewQuery {
    /// `alerts` or `events`.
    pub kind: String,
}

/// A view of the queue or a hunt to keep.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewView {
    /// `alerts` or `events`.
    pub kind: String,
    /// What it is called; one of the same name is replaced.
    pub name: String,
    /// What stands behind `?` in the address of the page.
    pub search: String,
    /// Whether colleagues of the unit see it.
    #[serde(default)]
    pub shared: bool,
}

/// A saved view.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ViewRow {
    /// Its number.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What stands behind `?` in the address of the page.
    pub search: String,
    /// Whether colleagues of the unit see it.
    pub shared: bool,
    /// Whether it is the caller's own.
    pub own: bool,
    /// Who made it.
    pub owner: String,
}

/// What a shift hands to the next.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHandover {
    /// What the next shift has to know.
    pub text: String,
    /// Incidents to look after.
    #[serde(default)]
    pub incident_ids: Vec<String>,
}

/// Numbers at the moment of a handover.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HandoverNumbers {
    /// Open alerts.
    pub alerts_open: SeverityCounts,
    /// Open incidents.
    pub incidents_open: i64,
    /// Tasks that are not done.
    pub tasks_open: i64,
    /// Of these, past their deadline.
    pub tasks_overdue: i64,
    /// Sensors that are silent or see less than they should.
    pub sensors_bad: i64,
}

/// A handover.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HandoverRow {
    /// Its number.
    pub id: String,
    /// Who handed over.
    pub author: String,
    /// When.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// What the next shift has to know.
    pub text: String,
    /// Numbers at that moment.
    pub numbers: HandoverNumbers,
    /// Incidents to look after, as they are now.
    pub incidents: Vec<IncidentRow>,
    /// Who took over.
    pub taken_by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    pub taken_at: Option<String>,
    /// Whether the caller may take over: nobody did, and somebody else handed over.
    pub may_take: bool,
    /// Unit.
    pub unit: UnitRef,
}

/// Which entity.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EntityQuery {
    /// `address`, `host`, `user`, `domain`, `url`, `file` or `data_asset`.
    pub kind: String,
    /// Its name.
    pub value: String,
}

/// One hour of an entity.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EntityHour {
    /// Start of the hour.
    #[schema(format = DateTime)]
    pub hour: String,
    /// Alerts.
    pub count: i64,
    /// The worst.
    #[schema(value_type = SeverityWord)]
    pub worst: Severity,
}

/// Something that shares alerts with an entity.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Neighbour {
    /// Kind of thing.
    pub kind: String,
    /// Its name. Untrusted.
    pub value: String,
    /// Name of the asset.
    pub asset: Option<String>,
    /// Alerts they share in the last seven days.
    pub count: i64,
    /// The worst of them.
    #[schema(value_type = SeverityWord)]
    pub worst: Severity,
}

/// What is known of an entity.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EntityPage {
    /// Kind of thing.
    pub kind: String,
    /// Its name. Untrusted.
    pub value: String,
    /// Name of the asset.
    pub asset: Option<String>,
    /// Alerts of all time; counting stops at 10,000.
    pub total: i64,
    /// First alert.
    #[schema(format = DateTime)]
    pub first_time: Option<String>,
    /// Last alert.
    #[schema(format = DateTime)]
    pub last_time: Option<String>,
    /// The last seven days, hours with alerts only.
    pub hours: Vec<EntityHour>,
    /// End of the seven days.
    #[schema(format = DateTime)]
    pub until: String,
    /// What shares alerts with it, most first.
    pub neighbours: Vec<Neighbour>,
    /// Its newest alerts.
    pub alerts: Vec<AlertRow>,
    /// Incidents these are part of.
    pub incidents: Vec<IncidentRow>,
}

/// How often a rule fires.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RuleRow {
    /// Id of the rule.
    pub rule_id: String,
    /// Kind of detector.
    pub source: String,
    /// Title in Chinese.
    pub title_zh: String,
    /// Title in English.
    pub title_en: String,
    /// How bad.
    #[schema(value_type = SeverityWord)]
    pub severity: Severity,
    /// Alerts of the last seven days.
    pub count: i64,
    /// Of these, kept out of the queue by suppressions.
    pub suppressed: i64,
    /// Of these, judged false.
    pub false_positives: i64,
    /// Alerts per day, seven days, oldest first.
    pub days: Vec<i64>,
}
