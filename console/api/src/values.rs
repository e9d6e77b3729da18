//! The settings in force: those of the settings file, and what administrators set in their place while the console runs.
//!
//! Every setting is a row of [`DEFINITIONS`]: its name, what it may be, and whose consent a change needs. Where the console
//! listens, its database, its unit and its parent stay in the file: they are needed before the database is open.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fengsui_store::RetentionOverride;

use crate::access::PasswordProfile;
use crate::check;
use crate::db::{Query, args};
use crate::error::{ApiError, ApiResult};
use crate::notify::egress;
use crate::settings::{ConsoleSettings, OperatorKind, SecondFactor};
use crate::state::AppState;
use crate::words::{from_word, word_of};

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// What the platform is called.
    PlatformName,
    /// A text beside the login.
    LoginNotice,
    /// Rules for passwords.
    PasswordProfile,
    /// Least characters of a password.
    PasswordLength,
    /// Days a password holds, in the profile of level three.
    PasswordDays,
    /// Former passwords that may not come back, in the profile of level three.
    PasswordHistory,
    /// Who needs a second factor.
    SecondFactor,
    /// Failed logins that lock an account.
    LockoutFailures,
    /// Minutes a lock holds.
    LockoutMinutes,
    /// Minutes without a request that end a session.
    IdleMinutes,
    /// Hours that end a session.
    SessionHours,
    /// Days that events are kept.
    RetentionDays,
    /// Largest attachment of a task, in MiB.
    AttachmentMib,
    /// Largest table that is shared or traced, in MiB.
    ShareMib,
    /// What the reporting rules call this operator.
    Operator,
    /// Hundredths of a task's time that are left when its unit is told.
    DueSoonPercent,
    /// Hours after its end at which who gave a task is told.
    OverdueHours,
    /// Hundredths of a legal clock that have passed when it is told of.
    ClockPercent,
    /// Whether addresses go up to the tier above with alerts and incidents.
    EgressAddresses,
    /// Hosts that notifications may go to.
    EgressHosts,
    /// Whether notifications may go to addresses of this machine and its link.
    EgressLocal,
}

/// What a setting may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A text of one line of so many characters; empty when `least` is 0.
    Text { least: usize, most: usize },
    /// A whole number.
    Number { least: i64, most: i64 },
    /// One of some words.
    Choice(&'static [&'static str]),
}

/// Whose consent a change needs beside the system administrator's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Nobody's.
    None,
    /// The security administrator's.
    Security,
    /// The security administrator's when it is below the floor of the law.
    SecurityBelow(i64),
}

/// A row of the table of settings.
pub(crate) struct Definition {
    /// The setting.
    pub(crate) key: Key,
    /// Its stable name.
    pub(crate) name: &'static str,
    /// The group it is shown in.
    pub(crate) group: &'static str,
    /// What it may be.
    pub(crate) kind: Kind,
    /// Whose consent it needs.
    pub(crate) consent: Consent,
}

/// Least days of the Cybersecurity Law, article 21 (3); less needs the consent of the security administrator.
const RETENTION_FLOOR: i64 = 180;
/// Least days of an override: a day that is being written is never dropped.
const RETENTION_LEAST: i64 = 7;

const fn row(key: Key, name: &'static str, group: &'static str, kind: Kind, consent: Consent) -> Definition {
    Definition { key, name, group, kind, consent }
}

const fn number(least: i64, most: i64) -> Kind {
    Kind::Number { least, most }
}

/// Every setting that takes effect while the console runs.
pub(crate) const DEFINITIONS: &[Definition] = &[
    row(Key::PlatformName, "platform_name", "platform", Kind::Text { least: 1, most: 40 }, Consent::None),
    row(Key::LoginNotice, "login_notice", "platform", Kind::Text { least: 0, most: 300 }, Consent::None),
    row(Key::PasswordProfile, "password_profile", "access", Kind::Choice(&["mlps3", "asvs"]), Consent::Security),
    row(Key::PasswordLength, "password_length", "access", number(12, 64), Consent::Security),
    row(Key::PasswordDays, "password_days", "access", number(30, 90), Consent::Security),
    row(Key::PasswordHistory, "password_history", "access", number(5, 24), Consent::Security),
    row(Key::SecondFactor, "second_factor", "access", Kind::Choice(&["optional", "required"]), Consent::Security),
    row(Key::LockoutFailures, "lockout_failures", "access", number(3, 10), Consent::Security),
    row(Key::LockoutMinutes, "lockout_minutes", "access", number(10, 1_440), Consent::Security),
    row(Key::IdleMinutes, "idle_minutes", "access", number(5, 60), Consent::Security),
    row(Key::SessionHours, "session_hours", "access", number(1, 12), Consent::Security),
    row(
        Key::RetentionDays,
        "retention_days",
        "data",
        number(RETENTION_LEAST, 3_650),
        Consent::SecurityBelow(RETENTION_FLOOR),
    ),
    row(Key::AttachmentMib, "attachment_mib", "data", number(1, 32), Consent::None),
    row(Key::ShareMib, "share_mib", "data", number(1, 32), Consent::None),
    row(Key::EgressAddresses, "egress_addresses", "data", Kind::Choice(&["sent", "withheld"]), Consent::Security),
    row(Key::EgressHosts, "egress_hosts", "data", Kind::Text { least: 0, most: 1_000 }, Consent::Security),
    row(Key::EgressLocal, "egress_local", "data", Kind::Choice(&["refused", "allowed"]), Consent::Security),
    row(
        Key::Operator,
        "operator",
        "clocks",
        Kind::Choice(&["critical_infrastructure", "state_organ", "other"]),
        Consent::Security,
    ),
    row(Key::ClockPercent, "clock_percent", "clocks", number(50, 95), Consent::None),
    row(Key::DueSoonPercent, "due_soon_percent", "clocks", number(5, 75), Consent::None),
    row(Key::OverdueHours, "overdue_hours", "clocks", number(0, 72), Consent::None),
];

/// The definition of a setting by its name.
pub(crate) fn definition(name: &str) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|definition| definition.name == name)
}

/// How a number or a text is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kept {
    Number(i64),
    Text(String),
}

/// The settings in force.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values {
    kept: BTreeMap<Key, Kept>,
    /// Who agreed to keep events for less than the law asks, and why.
    permission: Option<RetentionOverride>,
}

impl Values {
    /// What the settings file says; `retention_days` is the event index's.
    pub(crate) fn of_file(settings: &ConsoleSettings, retention_days: Option<u32>) -> Self {
        let number = |value: i64| Kept::Number(value);
        let mut kept = BTreeMap::from([
            (Key::PlatformName, Kept::Text("烽燧 安全运营".to_owned())),
            (Key::LoginNotice, Kept::Text(String::new())),
            (Key::PasswordProfile, Kept::Text(word_of(&settings.password_profile))),
            (Key::PasswordLength, number(12)),
            (Key::PasswordDays, number(90)),
            (Key::PasswordHistory, number(5)),
            (Key::SecondFactor, Kept::Text(word_of(&settings.second_factor))),
            (Key::LockoutFailures, number(settings.lockout_failures)),
            (Key::LockoutMinutes, number(settings.lockout_minutes)),
            (Key::IdleMinutes, number(settings.idle_minutes)),
            (Key::SessionHours, number(settings.session_hours)),
            (Key::AttachmentMib, number(8)),
            (Key::ShareMib, number(32)),
            (Key::Operator, Kept::Text(word_of(&settings.operator))),
            (Key::DueSoonPercent, number(25)),
            (Key::OverdueHours, number(0)),
            (Key::ClockPercent, number(80)),
            (Key::EgressHosts, Kept::Text(String::new())),
            (Key::EgressLocal, Kept::Text("refused".to_owned())),
        ]);
        if let Some(days) = retention_days {
            kept.insert(Key::RetentionDays, number(days.into()));
        }
        if settings.tier.parent.is_some() {
            kept.insert(Key::EgressAddresses, Kept::Text("sent".to_owned()));
        }
        Self { kept, permission: None }
    }

    /// Whether a setting does something on this node: retention needs an event index, egress a tier above.
    pub(crate) fn has(&self, key: Key) -> bool {
        self.kept.contains_key(&key)
    }

    /// A number.
    pub(crate) fn number(&self, key: Key) -> i64 {
        match self.kept.get(&key) {
            Some(Kept::Number(value)) => *value,
            _ => 0,
        }
    }

    /// A text or word.
    pub(crate) fn text(&self, key: Key) -> &str {
        match self.kept.get(&key) {
            Some(Kept::Text(value)) => value,
            _ => "",
        }
    }

    /// A setting as people write it.
    pub(crate) fn shown(&self, key: Key) -> String {
        match self.kept.get(&key) {
            Some(Kept::Number(value)) => value.to_string(),
            Some(Kept::Text(value)) => value.clone(),
            None => String::new(),
        }
    }

    fn set(&mut self, key: Key, value: &str) {
        let value = match self.kept.get(&key) {
            Some(Kept::Number(_)) => value.parse().map(Kept::Number).ok(),
            Some(Kept::Text(_)) => Some(Kept::Text(value.to_owned())),
            None => None,
        };
        if let Some(value) = value {
            self.kept.insert(key, value);
        }
    }

    /// Rules for passwords.
    pub(crate) fn password_profile(&self) -> PasswordProfile {
        from_word(self.text(Key::PasswordProfile)).unwrap_or_default()
    }

    /// Days after which a password has to be changed; the profile of ASVS forbids that (6.2.10).
    pub(crate) fn password_days(&self) -> Option<i64> {
        (self.password_profile() == PasswordProfile::Mlps3).then(|| self.number(Key::PasswordDays))
    }

    /// How many former passwords may not come back; with ASVS the present one alone.
    pub(crate) fn password_history(&self) -> i64 {
        if self.password_profile() == PasswordProfile::Mlps3 { self.number(Key::PasswordHistory) } else { 1 }
    }

    /// Who needs a second factor.
    pub(crate) fn second_factor(&self) -> SecondFactor {
        from_word(self.text(Key::SecondFactor)).unwrap_or_default()
    }

    /// What the reporting rules call this operator.
    pub(crate) fn operator(&self) -> OperatorKind {
        from_word(self.text(Key::Operator)).unwrap_or_default()
    }

    /// Whether addresses stay on this node when alerts and incidents go up.
    pub(crate) fn withholds_addresses(&self) -> bool {
        self.text(Key::EgressAddresses) == "withheld"
    }

    /// Milliseconds of a setting that counts minutes.
    pub(crate) fn minutes(&self, key: Key) -> i64 {
        self.number(key).saturating_mul(60_000)
    }

    /// Milliseconds of a setting that counts hours.
    pub(crate) fn hours(&self, key: Key) -> i64 {
        self.number(key).saturating_mul(3_600_000)
    }

    /// Days that events are kept, and who agreed when that is less than the law asks.
    pub(crate) fn retention(&self) -> (u32, Option<&RetentionOverride>) {
        (u32::try_from(self.number(Key::RetentionDays)).unwrap_or(u32::MAX), self.permission.as_ref())
    }
}

impl Definition {
    /// Checks a value somebody wrote; the text that is kept.
    pub(crate) fn checked(&self, value: &str) -> ApiResult<String> {
        match self.kind {
            Kind::Text { least, .. } if least == 0 && value.trim().is_empty() => Ok(String::new()),
            Kind::Text { most, .. } => {
                let text = check::body(self.name, value)?;
                let one_line = !text.contains(['\n', '\r', '\t']) || self.key == Key::LoginNotice;
                if text.chars().count() > most || !one_line {
                    let zh = format!("不超过{most}个字符，且名称只能为一行");
                    return Err(ApiError::invalid(
                        self.name,
                        zh,
                        &format!("has at most {most} characters on one line"),
                    ));
                }
                let wrong = egress::hosts(&text).find(|host| !egress::is_host(host));
                if let Some(wrong) = wrong.filter(|_| self.key == Key::EgressHosts) {
                    let zh = format!("{wrong} 不是主机名或“主机名:端口”（小写）");
                    let en = "names something that is no host or host:port in small letters";
                    return Err(ApiError::invalid(self.name, zh, en));
                }
                Ok(text)
            }
            Kind::Number { least, most } => {
                let number: Option<i64> = value.trim().parse().ok();
                let fits = number.filter(|number| (least..=most).contains(number));
                let wrong = || {
                    let zh = format!("须为{least}至{most}的整数");
                    ApiError::invalid(self.name, zh, &format!("is a whole number from {least} to {most}"))
                };
                Ok(fits.ok_or_else(wrong)?.to_string())
            }
            Kind::Choice(words) if words.contains(&value) => Ok(value.to_owned()),
            Kind::Choice(words) => {
                let (zh, en) = (format!("只能为 {}", words.join("、")), format!("is one of {}", words.join(", ")));
                Err(ApiError::invalid(self.name, zh, &en))
            }
        }
    }

    /// Whether a value needs the consent of the security administrator.
    pub(crate) fn needs_consent(&self, value: &str) -> bool {
        match self.consent {
            Consent::None => false,
            Consent::Security => true,
            Consent::SecurityBelow(floor) => value.parse::<i64>().is_ok_and(|value| value < floor),
        }
    }
}

/// What the settings file says on this node.
pub(crate) fn of_file(state: &AppState) -> Values {
    let retention = state.shared().store.as_ref().map(|store| store.retention_days());
    Values::of_file(state.settings(), retention)
}

/// Reads what is in force from the database and puts it in the place of what was.
pub(crate) async fn reload(state: &AppState) -> ApiResult<()> {
    let mut values = of_file(state);
    let sql = "SELECT name, value, reason, decided_by, decision FROM setting_version
               WHERE state = 'in_force' AND value IS NOT NULL";
    for row in state.db().rows(sql, args![]).await? {
        let (name, value) = (row.text("name")?, row.text("value")?);
        // A name or value of another version of the program counts for nothing.
        let Some(definition) = definition(&name).filter(|known| known.checked(&value).is_ok()) else { continue };
        values.set(definition.key, &value);
        if definition.key == Key::RetentionDays {
            let decided = row.optional_text("decided_by")?;
            let reason = format!("{}; {}", row.text("reason")?, row.optional_text("decision")?.unwrap_or_default());
            values.permission = decided.map(|account| RetentionOverride { account, reason });
        }
    }
    *state.shared().values.write() = Arc::new(values);
    Ok(())
}

/// How often other processes at the same database may have changed a setting.
const FOLLOW_EVERY: Duration = Duration::from_secs(5);

/// Follows what other consoles at the same database set. A file has one console.
pub(crate) async fn follow(state: AppState) {
    while state.db().changes(&["setting_version"]).is_none() {
        tokio::time::sleep(FOLLOW_EVERY).await;
        if let Err(error) = reload(&state).await {
            tracing::warn!(error = error.message_en(), "the settings could not be read; those in force stay");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_default_is_allowed() {
        let file = Values::of_file(&ConsoleSettings::default(), Some(180));
        for (index, definition) in DEFINITIONS.iter().enumerate() {
            assert!(
                DEFINITIONS[..index].iter().all(|other| other.name != definition.name && other.key != definition.key)
            );
            if file.has(definition.key) {
                let value = file.shown(definition.key);
                assert_eq!(definition.checked(&value).expect("is allowed"), value, "{}", definition.name);
                assert!(!definition.needs_consent(&value) || definition.consent == Consent::Security);
            }
        }
    }

    #[test]
    fn values_outside_of_the_profile_are_refused() {
        let refused =
            [("password_length", "11"), ("password_days", "91"), ("lockout_failures", "0"), ("idle_minutes", "6 0")];
        for (name, value) in refused.into_iter().chain([("password_profile", "none"), ("platform_name", " ")]) {
            assert!(definition(name).expect("is known").checked(value).is_err(), "{name} {value}");
        }
        let retention = definition("retention_days").expect("is known");
        assert!(retention.needs_consent("179") && !retention.needs_consent("180"));
    }
}
