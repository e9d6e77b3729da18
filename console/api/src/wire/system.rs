//! Errors, the audit log, first run and health.

use serde::{Deserialize, Serialize};

/// What every answer but 2xx carries.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErrorBody {
    /// What was wrong.
    pub error: ErrorDetail,
}

/// What was wrong.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErrorDetail {
    /// Stable word: `not_found`, `invalid`, ...
    pub code: String,
    /// For people, in Chinese.
    pub message_zh: String,
    /// For people, in English.
    pub message_en: String,
    /// Field of the body it is about.
    pub field: Option<String>,
}

/// Which audit entries.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// From this time on.
    pub from: Option<String>,
    /// Before this time.
    pub to: Option<String>,
    /// Name of an account.
    pub actor: Option<String>,
    /// Action: `alert.act`, ...
    pub action: Option<String>,
    /// Words that object or detail hold.
    pub q: Option<String>,
    /// Rows per page, 1 to 500; 50 unless told.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// An entry of the audit log.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditRow {
    /// From 1, without gaps.
    pub sequence: i64,
    /// When.
    #[schema(format = DateTime)]
    pub time: String,
    /// Name of the account.
    pub actor: String,
    /// Code of its unit.
    pub unit: String,
    /// What was done.
    pub action: String,
    /// To what: `alert/…`, `task/…`.
    pub object: String,
    /// `success`, `denied` or `failed`.
    pub outcome: String,
    /// With what words.
    pub detail: String,
    /// Address of the client.
    pub address: String,
    /// SM3 of the entry and of everything before it.
    pub hash: String,
}

/// The first entry that does not fit the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BadEntry {
    /// Its number.
    pub sequence: i64,
    /// What is wrong.
    pub reason: String,
}

/// What checking the chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditVerdict {
    /// Whether every entry fits.
    pub ok: bool,
    /// Entries checked.
    pub checked: i64,
    /// The first that does not fit.
    pub first_bad: Option<BadEntry>,
}

/// Whether the first-run wizard has work.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SetupState {
    /// There is no account yet.
    pub needed: bool,
}

/// One of the three administrators.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupAccount {
    /// Name of the account.
    pub username: String,
    /// Name that is shown.
    pub display_name: String,
}

/// The three administrators; each needs another name.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupRequest {
    /// The code that the server printed when it started without accounts.
    pub setup_code: String,
    /// 系统管理员.
    pub sysadmin: SetupAccount,
    /// 安全管理员.
    pub secadmin: SetupAccount,
    /// 审计管理员.
    pub auditor: SetupAccount,
}

/// The accounts that were made, each with the password that works once.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
pub struct SetupResult {
    /// Three of them.
    pub accounts: Vec<super::OneTimePassword>,
}

/// That the server answers.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// Version of the program.
    pub version: String,
}
