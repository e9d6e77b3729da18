//! Sessions, passwords and units.

use fengsui_schema::Tier;
use serde::{Deserialize, Serialize};

use crate::access::Role;

/// What somebody logs in with.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// Name of the account.
    pub username: String,
    /// Password.
    #[schema(format = Password)]
    pub password: String,
    /// One-time code or recovery code, when the account has a second factor.
    #[serde(default)]
    pub code: Option<String>,
    /// A signed challenge in the place of a code.
    #[serde(default)]
    pub signed: Option<super::SignedChallenge>,
}

/// A change of one's own password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The present one.
    #[schema(format = Password)]
    pub old_password: String,
    /// The new one.
    #[schema(format = Password)]
    pub new_password: String,
}

/// Who is logged in.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionUser {
    /// Number of the account.
    pub id: String,
    /// Name of the account.
    pub username: String,
    /// Name that is shown.
    pub display_name: String,
}

/// A session as its owner sees it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionView {
    /// Who.
    pub user: SessionUser,
    /// Roles of the account.
    pub roles: Vec<Role>,
    /// Unit of the account.
    pub unit: UnitView,
    /// What the account may do: `alert.read`, ...
    pub permissions: Vec<String>,
    /// Until the password is changed everything else answers 423.
    pub must_change_password: bool,
    /// Until a second factor is set up everything else answers 423.
    pub must_enrol_second_factor: bool,
    /// Idle time after which the session ends.
    pub idle_timeout_seconds: i64,
    /// What the platform is called.
    pub platform: String,
    /// The server's time, for countdowns.
    #[schema(format = DateTime)]
    pub server_time: String,
    /// Tier this console works at.
    #[schema(value_type = TierWord)]
    pub tier: Tier,
}

/// Province, prefecture or county.
#[derive(utoipa::ToSchema, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "names the words of fengsui_schema::Tier in the OpenAPI document")]
pub(crate) enum TierWord {
    Province,
    Prefecture,
    County,
}

/// A unit of the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UnitView {
    /// GB/T 2260 code and suffix.
    pub code: String,
    /// Name.
    pub name: String,
    /// Tier.
    #[schema(value_type = TierWord)]
    pub tier: Tier,
    /// Path from the province down: `620000/620100/620123/`.
    pub path: String,
    /// Code of the unit above.
    pub parent: Option<String>,
}

/// Code and name of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UnitRef {
    /// GB/T 2260 code and suffix.
    pub code: String,
    /// Name.
    pub name: String,
}

/// Which units.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UnitQuery {
    /// Every division of the country in the organisation, whatever the caller may see of it.
    pub divisions: Option<bool>,
}

/// Units.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UnitList {
    /// In the order of codes.
    pub items: Vec<UnitView>,
}
