//! The numbers of the workbench and of the situational screen, and legal clocks.

use serde::{Deserialize, Serialize};

use super::session::TierWord;
use super::{AlertRow, SensorView};

/// Counts by severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SeverityCounts {
    /// Act now.
    pub critical: i64,
    /// Look now.
    pub high: i64,
    /// Look today.
    pub medium: i64,
    /// Look when there is time.
    pub low: i64,
    /// Worth knowing.
    pub info: i64,
}

/// Alerts of one hour.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HourSeverity {
    /// Start of the hour.
    #[schema(format = DateTime)]
    pub hour: String,
    /// Alerts by severity.
    pub count_by_severity: SeverityCounts,
}

/// A legal clock or a deadline.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClockView {
    /// Its number.
    pub id: String,
    /// Name of the rule, as in `rules/compliance/clocks.toml`.
    pub kind: String,
    /// `incident` or `task`.
    pub object_kind: String,
    /// Id of the incident or task.
    pub object_id: String,
    /// What has to be done, in Chinese.
    pub title_zh: String,
    /// What has to be done, in English.
    pub title_en: String,
    /// When it started.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// When it runs out.
    #[schema(format = DateTime)]
    pub due_at: String,
    /// Until it runs out; negative after.
    pub seconds_left: i64,
    /// Part of the time that is gone: 0 to 1, more after the end.
    pub fraction_used: f64,
    /// `running`, `warning` (half the time gone), `overdue` or `done`.
    pub state: String,
    /// Article it follows.
    pub basis: String,
    /// How what it asks for was done; null while it runs.
    pub record: Option<ClockRecord>,
}

/// A way a report goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportChannel {
    /// The hotline 12387.
    Hotline,
    /// The reporting site of the cyberspace administration.
    Website,
    /// The platform of the tier above.
    Platform,
    /// E-mail.
    Email,
    /// Fax.
    Fax,
    /// Telephone.
    Phone,
    /// A paper handed over.
    Document,
    /// Another way, which the note names.
    Other,
}

/// How what a clock asks for was done, as proof that it was in time.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClockRecord {
    /// When it was done, as the person says.
    #[schema(format = DateTime)]
    pub done_at: String,
    /// Which way it went.
    pub channel: ReportChannel,
    /// Who took it.
    pub recipient: String,
    /// What else is to be known, such as a receipt number.
    pub note: String,
    /// When it was written down here.
    #[schema(format = DateTime)]
    pub recorded_at: String,
    /// By whom.
    pub recorded_by: String,
}

/// Says that what a clock asks for was done.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockDone {
    /// Which way the report went.
    pub channel: ReportChannel,
    /// Who took it; at most 200 characters.
    pub recipient: String,
    /// When it was done: not before the clock began and not later than now, which it is when left out.
    #[serde(default)]
    #[schema(format = DateTime)]
    pub done_at: Option<String>,
    /// What else is to be known; at most 2,000 characters.
    #[serde(default)]
    pub note: Option<String>,
}

/// Numbers of the workbench.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Overview {
    /// Open alerts.
    pub alerts_open_by_severity: SeverityCounts,
    /// Open incidents.
    pub incidents_open: i64,
    /// Tasks that are not final.
    pub tasks_open: i64,
    /// Of these, past the deadline.
    pub tasks_overdue: i64,
    /// Waiting for the issuer.
    pub tasks_to_verify: i64,
    /// Findings nobody judged.
    pub findings_open: i64,
    /// Sensors.
    pub sensors: Vec<SensorView>,
    /// The ten newest open alerts.
    pub latest_alerts: Vec<AlertRow>,
    /// The last 24 hours.
    pub alerts_per_hour: Vec<HourSeverity>,
    /// Running clocks, nearest first, at most 20.
    pub clocks: Vec<ClockView>,
}

/// One unit on the screen.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PostureUnit {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Tier.
    #[schema(value_type = TierWord)]
    pub tier: fengsui_schema::Tier,
    /// 0 to 100.
    pub risk: i64,
    /// Open incidents, with those below.
    pub open_incidents: i64,
    /// Open alerts, with those below.
    pub open_alerts: i64,
    /// Tasks signed in time, in percent; null when there was none.
    pub signing_rate: Option<i64>,
    /// Tasks past the deadline, with those below.
    pub overdue: i64,
}

/// Alerts of one hour.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HourCount {
    /// Start of the hour.
    #[schema(format = DateTime)]
    pub hour: String,
    /// Alerts.
    pub count: i64,
}

/// Open alerts by part of the digital government.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DomainRisk {
    /// 云.
    pub cloud: i64,
    /// 网.
    pub network: i64,
    /// 数.
    pub data: i64,
    /// 用.
    pub application: i64,
}

/// Tasks on the screen.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PostureTasks {
    /// Not yet signed for.
    pub to_sign: i64,
    /// Signed or working.
    pub working: i64,
    /// Waiting for the issuer.
    pub submitted: i64,
    /// Past the deadline.
    pub overdue: i64,
    /// Verified or closed.
    pub done: i64,
}

/// What the situational screen shows.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Posture {
    /// Warnings in force over some unit, gravest first.
    pub warnings: Vec<PostureWarning>,
    /// Every visible unit.
    pub units: Vec<PostureUnit>,
    /// The last 24 hours.
    pub trend: Vec<HourCount>,
    /// Open alerts by domain.
    pub domains: DomainRisk,
    /// Open alerts by severity.
    pub severities: SeverityCounts,
    /// Running clocks, nearest first.
    pub clocks: Vec<super::ClockView>,
    /// Newest alerts of severity medium and above.
    pub ticker: Vec<AlertRow>,
    /// Tasks.
    pub tasks: PostureTasks,
    /// Sensors.
    pub sensors: Vec<SensorView>,
    /// When this was computed.
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// What an hour will likely bring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HourForecast {
    /// Start of the hour.
    #[schema(format = DateTime)]
    pub hour: String,
    /// Alerts that are expected.
    pub count: i64,
    /// At least, in nine of ten cases.
    pub low: i64,
    /// At most, in nine of ten cases.
    pub high: i64,
}

/// What the next 24 hours will likely bring, from the hours of the last two weeks.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Forecast {
    /// Hour by hour; empty while there are less than three days to learn from.
    pub hours: Vec<HourForecast>,
    /// Alerts of the last 24 whole hours.
    pub last_day: i64,
    /// Alerts that are expected in the next 24 hours.
    pub next_day: i64,
    /// Whole hours it was learnt from.
    pub learnt_from: i64,
}

/// A warning in force, as the screen shows it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PostureWarning {
    /// How grave it is.
    pub level: super::WarningLevel,
    /// What is warned of.
    pub title: String,
    /// Until when it holds.
    #[schema(format = DateTime)]
    pub valid_until: String,
}
