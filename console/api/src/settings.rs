//! Settings of the console.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::access::PasswordProfile;
use crate::tier::TierSettings;
use crate::wire::FixedSetting;

/// Settings of the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConsoleSettings {
    /// Database: path of a SQLite file, or `postgres://…`.
    pub database: String,
    /// Connections that read; one more writes.
    pub readers: u32,
    /// Code of the unit this console serves (GB/T 2260); its tier is the console's tier.
    pub unit: String,
    /// Units besides the province, prefectures and counties that are built in: code to name, such as
    /// `"620123-01" = "榆中县大数据中心"`.
    pub units: BTreeMap<String, String>,
    /// Unit of each sensor: name of the sensor to code; the console's own unit when not named.
    pub sensor_units: BTreeMap<String, String>,
    /// Set when browsers reach the console over TLS (here or at a proxy): cookies are then `Secure` and `__Host-`.
    pub secure_cookies: bool,
    /// Set when a proxy of ours stands before the console: the last address of X-Forwarded-For is then the client's.
    pub behind_proxy: bool,
    /// Key file that seals the secrets of accounts; made when there is none. A backup without it loses one-time codes.
    pub key_file: PathBuf,
    /// Whether every account needs a second factor (one-time code or SM2 key) beside the password: GB/T 22239 8.1.4.1 d).
    pub second_factor: SecondFactor,
    /// Rules for passwords: `mlps3` (GB/T 22239 level three) or `asvs` (OWASP ASVS 5.0).
    pub password_profile: PasswordProfile,
    /// Rounds of PBKDF2-HMAC-SM3 over a new password.
    pub password_rounds: u32,
    /// Failed logins after which an account is locked.
    pub lockout_failures: i64,
    /// Minutes a locked account stays locked.
    pub lockout_minutes: i64,
    /// Minutes without a request after which a session ends.
    pub idle_minutes: i64,
    /// Hours after which a session ends in any case.
    pub session_hours: i64,
    /// Kind of operator for the reporting clocks: `critical_infrastructure`, `state_organ` or `other`.
    pub operator: OperatorKind,
    /// Folder whose `index.html`, `m.html`, `screen.html` and `assets/` are served instead of the built-in web app.
    pub web_directory: Option<PathBuf>,
    /// Folder of recorded attacks for drills: `NAME.pcap` with its labels in `NAME.toml`; none are offered when missing.
    pub drill_recordings: Option<PathBuf>,
    /// How this console stands to the tiers above and below.
    pub tier: TierSettings,
}

/// Who needs a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactor {
    /// Who sets one up is asked for it.
    #[default]
    Optional,
    /// Everybody; an account without one can do nothing but set one up.
    Required,
}

/// What the reporting rules call the operator of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperatorKind {
    /// Operator of critical information infrastructure: one hour.
    CriticalInfrastructure,
    /// Central or state organ: two hours.
    StateOrgan,
    /// Every other operator: four hours.
    #[default]
    Other,
}

impl ConsoleSettings {
    /// What is read once, when the program starts, for the page of settings.
    pub(crate) fn fixed(&self) -> Vec<FixedSetting> {
        let parent = self.tier.parent.clone().unwrap_or_default();
        let all = [
            ("console.database", without_password(&self.database)),
            ("console.readers", self.readers.to_string()),
            ("console.unit", self.unit.clone()),
            ("console.tier.parent", parent),
            ("console.secure_cookies", self.secure_cookies.to_string()),
            ("console.behind_proxy", self.behind_proxy.to_string()),
            ("console.key_file", self.key_file.display().to_string()),
            ("console.password_rounds", self.password_rounds.to_string()),
        ];
        all.into_iter().map(|(name, value)| FixedSetting { name: name.to_owned(), value }).collect()
    }
}

/// An address without what stands before its `@`.
fn without_password(address: &str) -> String {
    match (address.split_once("://"), address.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://…@{place}"),
        _ => address.to_owned(),
    }
}

impl Default for ConsoleSettings {
    fn default() -> Self {
        Self {
            database: "console.db".to_owned(),
            readers: 4,
            unit: "620000".to_owned(),
            units: BTreeMap::new(),
            sensor_units: BTreeMap::new(),
            secure_cookies: false,
            behind_proxy: false,
            key_file: PathBuf::from("console.key"),
            second_factor: SecondFactor::Optional,
            password_profile: PasswordProfile::Mlps3,
            password_rounds: fengsui_crypto::DEFAULT_PASSWORD_ROUNDS,
            lockout_failures: 5,
            lockout_minutes: 30,
            idle_minutes: 30,
            session_hours: 8,
            operator: OperatorKind::Other,
            web_directory: None,
            drill_recordings: None,
            tier: TierSettings::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_of_a_database_is_shown() {
        assert_eq!(without_password("postgres://console:p@ss@db:5432/console"), "postgres://…@db:5432/console");
        assert_eq!(without_password("/srv/console.db"), "/srv/console.db");
    }
}
