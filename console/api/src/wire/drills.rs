//! Drills.

use serde::{Deserialize, Serialize};

use super::UnitRef;

/// A drill to begin.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDrill {
    /// What it is called.
    pub title: String,
}

/// What the attackers did, one line per act.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDrillActions {
    /// At most 500.
    pub actions: Vec<NewDrillAction>,
}

/// One act of the attackers.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDrillAction {
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// Id of an ATT&CK technique: `T1190`, `T1071.001`.
    pub technique: String,
    /// Address it went to or came from; any when empty.
    #[serde(default)]
    pub target: String,
    /// What was done.
    #[serde(default)]
    pub note: String,
}

/// A drill as a row.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DrillRow {
    /// Its number.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// When it began.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// When it ended; null while it runs.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
    /// Who began it.
    pub created_by: String,
    /// Unit.
    pub unit: UnitRef,
    /// Acts of the attackers.
    pub actions: i64,
}

/// One act and what became of it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DrillAction {
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// Technique.
    pub technique: String,
    /// Address.
    pub target: String,
    /// What was done. Untrusted.
    pub note: String,
    /// First alert of the technique at the address from one minute before to one hour after.
    pub alert_id: Option<String>,
    /// Seconds from the act to that alert.
    pub delay_seconds: Option<i64>,
}

/// How a technique fared.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DrillScore {
    /// Technique.
    pub technique: String,
    /// Acts.
    pub acts: i64,
    /// Acts that were detected.
    pub detected: i64,
    /// Median of the delays, in seconds.
    pub median_delay_seconds: Option<i64>,
}

/// A recorded attack that can be played.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecordingRow {
    /// Its name.
    pub name: String,
    /// What is recorded, in Chinese.
    pub title_zh: String,
    /// What is recorded, in English.
    pub title_en: String,
    /// Acts of its attackers.
    pub acts: i64,
    /// Techniques they used, each once.
    pub techniques: Vec<String>,
}

/// A recording to play.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DrillReplay {
    /// Its name.
    pub recording: String,
}

/// How far a replay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayState {
    /// It is being played.
    Playing,
    /// It was played to its end.
    Done,
    /// It could not be played.
    Failed,
}

/// The last replay of a drill since the console was started.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReplayView {
    /// Name of the recording.
    pub recording: String,
    /// How far it is.
    pub state: ReplayState,
    /// Why it failed.
    pub error: Option<String>,
}

/// A drill with its score.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DrillDetail {
    /// The row.
    pub row: DrillRow,
    /// Acts in the order of time.
    pub actions: Vec<DrillAction>,
    /// Per technique, the worst first.
    pub scores: Vec<DrillScore>,
    /// Share of acts that were detected, in percent; null without acts.
    pub detected_percent: Option<i64>,
    /// The last replay since the console was started.
    pub replay: Option<ReplayView>,
}
