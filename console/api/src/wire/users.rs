//! Accounts and roles.

use serde::{Deserialize, Serialize};

use super::UnitRef;
use crate::access::Role;

/// A person by account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PersonRef {
    /// Number of the account.
    pub id: String,
    /// Name that is shown.
    pub display_name: String,
}

/// Whether an account works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    /// Made by the system administrator, waits for the security administrator.
    Pending,
    /// Works.
    Active,
    /// Locked after failed logins; opens by itself.
    Locked,
    /// Switched off.
    Disabled,
}

/// An account as a row.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UserRow {
    /// Its number.
    pub id: String,
    /// Name of the account.
    pub username: String,
    /// Name that is shown.
    pub display_name: String,
    /// Roles.
    pub roles: Vec<Role>,
    /// Unit.
    pub unit: UnitRef,
    /// Whether it works.
    pub state: UserState,
    /// Whether the password has to be changed at the next login.
    pub must_change_password: bool,
    /// Whether it has a second factor.
    pub second_factor: bool,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Last login.
    #[schema(format = DateTime)]
    pub last_login_at: Option<String>,
}

/// A new account.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// 2 to 32 characters of `a-z0-9._-`.
    pub username: String,
    /// 1 to 64 characters.
    pub display_name: String,
    /// Role.
    pub role: Role,
    /// Code of the unit.
    pub unit: String,
}

/// Other roles for an account; all of one class, and of the class the account was made for.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleAssignment {
    /// At least one.
    pub roles: Vec<Role>,
}

/// An account with the password that works once.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
pub struct OneTimePassword {
    /// The account.
    pub user: UserRow,
    /// Shown here and nowhere else; has to be changed at the first login.
    pub one_time_password: String,
}

/// What one role may do.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RoleRow {
    /// The role.
    pub role: Role,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
    /// `business`, `system`, `security` or `audit`: an account has roles of one class only.
    pub class: String,
    /// Actions and scopes: `alert.read` to `subtree`, `unit` or `all`.
    pub actions: std::collections::BTreeMap<String, String>,
}

/// What every role may do.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RoleMatrix {
    /// One row per role.
    pub items: Vec<RoleRow>,
}
