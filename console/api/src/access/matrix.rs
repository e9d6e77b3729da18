//! The matrix of role × action × scope and the action of every route; all of it is data (`data/access.toml`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::Role;

/// How far a grant reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// The account's unit alone.
    Unit,
    /// The account's unit and everything below it.
    Subtree,
}

/// Who may do what, and which route needs what.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    roles: BTreeMap<Role, BTreeMap<String, Grant>>,
    routes: BTreeMap<String, String>,
}

static MATRIX: LazyLock<Matrix> = LazyLock::new(|| {
    // A matrix that does not parse refuses everything; a test reads the file, so that it can't be shipped.
    toml::from_str(TEXT).unwrap_or_default()
});

const TEXT: &str = include_str!("../../data/access.toml");

/// The matrix in force.
#[must_use]
pub fn matrix() -> &'static Matrix {
    &MATRIX
}

impl Grant {
    /// The word of the matrix.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Subtree => "subtree",
        }
    }
}

impl Matrix {
    /// The action a route needs; `route` is `GET /api/v1/alerts/{id}`.
    #[must_use]
    pub fn action(&self, route: &str) -> Option<&str> {
        self.routes.get(route).map(String::as_str)
    }

    /// How far an action reaches for somebody with some roles; the widest grant counts.
    #[must_use]
    pub fn grant(&self, roles: &[Role], action: &str) -> Option<Grant> {
        roles.iter().filter_map(|role| self.roles.get(role)?.get(action)).max().copied()
    }

    /// Every action of some roles.
    #[must_use]
    pub fn permissions(&self, roles: &[Role]) -> Vec<String> {
        let mut actions: Vec<String> =
            roles.iter().filter_map(|role| self.roles.get(role)).flat_map(|row| row.keys().cloned()).collect();
        actions.sort();
        actions.dedup();
        actions
    }

    /// The row of a role.
    #[must_use]
    pub fn row(&self, role: Role) -> BTreeMap<String, Grant> {
        self.roles.get(&role).cloned().unwrap_or_default()
    }

    /// Every route that has a row.
    pub fn routes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.routes.iter().map(|(route, action)| (route.as_str(), action.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_parses_and_names_every_role() {
        let matrix: Matrix = toml::from_str(TEXT).expect("access.toml parses");
        for role in Role::ALL {
            assert!(!matrix.row(role).is_empty(), "{role:?} has no row");
        }
    }

    #[test]
    fn administrators_see_no_business_data() {
        for role in [Role::Sysadmin, Role::Secadmin, Role::Auditor] {
            for action in ["alert.read", "incident.read", "task.read", "finding.read", "event.search", "evidence.read"]
            {
                assert_eq!(matrix().grant(&[role], action), None, "{role:?} {action}");
            }
        }
    }

    #[test]
    fn the_three_administrators_share_no_power() {
        let powers = |role| -> Vec<String> {
            let row = matrix().row(role);
            row.into_keys().filter(|action| !action.ends_with(".read") && action != "user.disable").collect()
        };
        for (one, other) in
            [(Role::Sysadmin, Role::Secadmin), (Role::Secadmin, Role::Auditor), (Role::Sysadmin, Role::Auditor)]
        {
            assert!(powers(one).iter().all(|action| !powers(other).contains(action)), "{one:?} {other:?}");
        }
    }
}
