//! The settings of the platform.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a setting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingKind {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// One of some words.
    Choice,
}

/// A setting that takes effect while the console runs.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SettingView {
    /// Stable name.
    pub name: String,
    /// `platform`, `access`, `data` or `clocks`.
    pub group: String,
    /// What it is.
    pub kind: SettingKind,
    /// The value in force, as it is written.
    pub value: String,
    /// What it is when nobody sets it here.
    pub file_value: String,
    /// Smallest number, or least characters of a text.
    pub least: i64,
    /// Largest number, or most characters of a text.
    pub most: i64,
    /// The words of a choice.
    pub choices: Vec<String>,
    /// A value below it needs the consent of the security administrator; null: none does, the largest number: each does.
    pub consent: Option<i64>,
}

/// A change of a setting.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SettingVersion {
    /// Its number.
    pub id: String,
    /// Name of the setting.
    pub name: String,
    /// What was in force when it was written.
    pub before: String,
    /// What it makes of it; null: the value of the settings file.
    pub value: Option<String>,
    /// `proposed`, `in_force`, `replaced`, `refused` or `withdrawn`.
    pub state: String,
    /// Why.
    pub reason: String,
    /// Who wrote it.
    pub author: String,
    /// When.
    #[schema(format = DateTime)]
    pub written_at: String,
    /// The earlier version that it brings back.
    pub restored_from: Option<String>,
    /// Who agreed or refused.
    pub decided_by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    pub decided_at: Option<String>,
    /// With which words.
    pub decision: Option<String>,
    /// Whether the asker decides it.
    pub may_decide: bool,
}

/// A setting of the settings file, which is read when the program starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FixedSetting {
    /// Section and key of the settings file: `console.database`.
    pub name: String,
    /// Its value; passwords are left out.
    pub value: String,
}

/// Every setting, the newest versions, and what the settings file fixes.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SettingsView {
    /// Settings that take effect while the console runs.
    pub items: Vec<SettingView>,
    /// Their versions, newest first.
    pub versions: Vec<SettingVersion>,
    /// Settings of the file.
    pub fixed: Vec<FixedSetting>,
}

/// Values to set.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingChanges {
    /// Name of the setting to its new value; null gives the file's value back. At most 50.
    pub changes: BTreeMap<String, Option<String>>,
    /// Why; at most 2,000 characters, not empty.
    pub reason: String,
}

/// What stands on the page of the login.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Platform {
    /// What the platform is called.
    pub name: String,
    /// What whoever logs in has to know; may be empty.
    pub notice: String,
}
