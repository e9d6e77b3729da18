//! Playbooks (处置剧本) of alerts.

use serde::{Deserialize, Serialize};

/// What to do about an alert, and what of it was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlaybookView {
    /// Name of the playbook.
    pub name: String,
    /// Title in Chinese.
    pub title_zh: String,
    /// Title in English.
    pub title_en: String,
    /// In the order of doing them.
    pub steps: Vec<PlaybookStep>,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlaybookStep {
    /// Name within the playbook.
    pub id: String,
    /// Text in Chinese.
    pub text_zh: String,
    /// Text in English.
    pub text_en: String,
    /// Account that ticked it; none while it is to be done.
    pub done_by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    pub done_at: Option<String>,
}

/// Ticks a step or takes the tick back.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertStepChange {
    /// Name of the step.
    pub step: String,
    /// Whether it is done.
    pub done: bool,
}
