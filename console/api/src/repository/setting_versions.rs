//! Versions of the settings that administrators make while the console runs: set, proposed, decided, restored.

use crate::access::Caller;
use crate::audit::{Entry, Outcome};
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::SETTING_VERSIONS_SHOWN;
use crate::scope::Place;
use crate::state::{AppState, Change, time_text};
use crate::values::{self, DEFINITIONS, Definition, Kind};
use crate::wire::{Decision, SettingKind, SettingVersion, SettingView, SettingsView};

/// The settings of a node are for those whose scope is the whole node.
fn check_reach(state: &AppState, caller: &Caller) -> ApiResult<()> {
    if caller.scope.reaches(&state.shared().unit) { Ok(()) } else { Err(ApiError::not_found()) }
}

/// Every setting with its value, and the newest versions.
pub(crate) async fn view(state: &AppState, caller: &Caller) -> ApiResult<SettingsView> {
    check_reach(state, caller)?;
    let (values, file) = (state.values(), values::of_file(state));
    let versions = versions(state, caller).await?;
    let setting = |definition: &Definition| {
        let (least, most, choices) = bounds(definition.kind);
        SettingView {
            name: definition.name.to_owned(),
            group: definition.group.to_owned(),
            kind: kind_of(definition.kind),
            value: values.shown(definition.key),
            file_value: file.shown(definition.key),
            least,
            most,
            choices,
            consent: consent(definition),
        }
    };
    let known = DEFINITIONS.iter().filter(|definition| values.has(definition.key));
    let items = known.map(setting).collect();
    Ok(SettingsView { items, versions, fixed: state.fixed() })
}

fn kind_of(kind: Kind) -> SettingKind {
    match kind {
        Kind::Text { .. } => SettingKind::Text,
        Kind::Number { .. } => SettingKind::Number,
        Kind::Choice(_) => SettingKind::Choice,
    }
}

fn bounds(kind: Kind) -> (i64, i64, Vec<String>) {
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    match kind {
        Kind::Text { least, most } => (count(least), count(most), Vec::new()),
        Kind::Number { least, most } => (least, most, Vec::new()),
        Kind::Choice(words) => (0, 0, words.iter().map(|word| (*word).to_owned()).collect()),
    }
}

/// Below which value a change needs the second administrator; `None` never, `i64::MAX` always.
fn consent(definition: &Definition) -> Option<i64> {
    match definition.consent {
        values::Consent::None => None,
        values::Consent::Security => Some(i64::MAX),
        values::Consent::SecurityBelow(floor) => Some(floor),
    }
}

async fn versions(state: &AppState, caller: &Caller) -> ApiResult<Vec<SettingVersion>> {
    let filter = Filter::within(&caller.scope, "v");
    let sql = format!(
        "SELECT v.* FROM setting_version v WHERE {} ORDER BY v.id DESC LIMIT {SETTING_VERSIONS_SHOWN}",
        filter.sql()
    );
    state.db().rows(&sql, filter.args()).await?.iter().map(|row| read(caller, row)).collect()
}

fn read(caller: &Caller, row: &Row) -> ApiResult<SettingVersion> {
    let standing = row.text("state")?;
    let own = row.int("author_id")? == caller.identity.account;
    Ok(SettingVersion {
        id: row.int("id")?.to_string(),
        name: row.text("name")?,
        before: row.text("before")?,
        value: row.optional_text("value")?,
        reason: row.text("reason")?,
        author: row.text("author")?,
        written_at: time_text(row.int("written_at")?),
        restored_from: row.optional_int("restored_from")?.map(|id| id.to_string()),
        decided_by: row.optional_text("decided_by")?,
        decided_at: row.optional_int("decided_at")?.map(time_text),
        decision: row.optional_text("decision")?,
        may_decide: standing == "proposed" && !own && caller.grant("setting.approve").is_some(),
        state: standing,
    })
}

/// A value that somebody wants; nothing gives the file's value back.
pub(crate) struct Wanted<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: Option<&'a str>,
    pub(crate) reason: &'a str,
    pub(crate) restored_from: Option<i64>,
}

/// Sets a value, or proposes it when it needs the security administrator.
pub(crate) async fn set(change: &mut Change, caller: &Caller, wanted: &Wanted<'_>) -> ApiResult<()> {
    let state = change.state().clone();
    check_reach(&state, caller)?;
    let reason = check::reason(wanted.reason)?;
    let unknown = || ApiError::invalid("changes", "没有这个设置项", "names a setting that is not known here");
    let values = state.values();
    let definition = values::definition(wanted.name).filter(|known| values.has(known.key)).ok_or_else(unknown)?;
    let value = wanted.value.map(|value| definition.checked(value)).transpose()?;
    let (before, file) = (values.shown(definition.key), values::of_file(&state).shown(definition.key));
    let after = value.clone().unwrap_or(file);
    if after == before {
        return Err(ApiError::invalid(definition.name, "与当前值相同", "is the value in force"));
    }
    let proposes = definition.needs_consent(&after);
    withdraw(change, definition.name).await?;
    if !proposes {
        replace(change, definition.name).await?;
    }
    let id = change.next("setting_version").await?;
    let (now, standing) = (change.now(), if proposes { "proposed" } else { "in_force" });
    let (author, account) = (&caller.identity.display_name, caller.identity.account);
    let mut sent = args![id, definition.name, &before, value, standing, &reason, author, account, now];
    sent.push(wanted.restored_from.into());
    sent.extend(Place::of(&state.shared().unit).values());
    let sql = "INSERT INTO setting_version (id, name, before, value, state, reason, author, author_id, written_at,
                   restored_from, province, prefecture, county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    change.execute(sql, sent).await?;
    let action = if proposes { "setting.write.propose" } else { "setting.write.set" };
    let (object, detail) = (format!("setting/{}", definition.name), format!("{before} -> {after}: {reason}"));
    change.audit(Entry { action, object: &object, outcome: Outcome::Success, detail: &detail }).await
}

/// A newer proposal takes the place of one that waits.
async fn withdraw(change: &mut Change, name: &str) -> ApiResult<()> {
    let sql = "UPDATE setting_version SET state = 'withdrawn' WHERE name = $1 AND state = 'proposed'";
    change.execute(sql, args![name]).await?;
    Ok(())
}

async fn replace(change: &mut Change, name: &str) -> ApiResult<()> {
    let sql = "UPDATE setting_version SET state = 'replaced' WHERE name = $1 AND state = 'in_force'";
    change.execute(sql, args![name]).await?;
    Ok(())
}

async fn held(change: &mut Change, caller: &Caller, id: &str) -> ApiResult<Row> {
    check_reach(change.state(), caller)?;
    let mut filter = Filter::within(&caller.scope, "v");
    filter.and_with("v.id = ?", args![check::number_id(id)?]);
    let sql = format!("SELECT v.* FROM setting_version v WHERE {}", filter.sql());
    change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)
}

/// Gives a setting the value it had before a version was made.
pub(crate) async fn restore(change: &mut Change, caller: &Caller, id: &str, reason: &str) -> ApiResult<()> {
    let row = held(change, caller, id).await?;
    let (name, value, number) = (row.text("name")?, row.optional_text("value")?, row.int("id")?);
    if !matches!(row.text("state")?.as_str(), "in_force" | "replaced") {
        return Err(ApiError::conflict("只能恢复曾经生效的版本", "this version was never in force"));
    }
    let wanted = Wanted { name: &name, value: value.as_deref(), reason, restored_from: Some(number) };
    set(change, caller, &wanted).await
}

/// The security administrator agrees to a proposal or refuses it.
pub(crate) async fn decide(change: &mut Change, caller: &Caller, id: &str, decision: &Decision) -> ApiResult<()> {
    let words = check::reason(&decision.reason)?;
    let row = held(change, caller, id).await?;
    if row.text("state")? != "proposed" {
        return Err(ApiError::conflict("该变更已办结", "this change was decided already"));
    }
    if row.int("author_id")? == caller.identity.account {
        return Err(ApiError::conflict("不能审批自己提出的变更", "nobody decides their own proposal"));
    }
    let name = row.text("name")?;
    if decision.approve {
        replace(change, &name).await?;
    }
    let (now, standing) = (change.now(), if decision.approve { "in_force" } else { "refused" });
    let (by, account) = (&caller.identity.display_name, caller.identity.account);
    let sql =
        "UPDATE setting_version SET state = $1, decided_by = $2, decided_by_id = $3, decided_at = $4, decision = $5
               WHERE id = $6";
    change.execute(sql, args![standing, by, account, now, &words, row.int("id")?]).await?;
    let action = if decision.approve { "setting.approve" } else { "setting.refuse" };
    let after = row.optional_text("value")?.unwrap_or_else(|| "file".to_owned());
    let (object, detail) = (format!("setting/{name}"), format!("{} -> {after}: {words}", row.text("before")?));
    change.audit(Entry { action, object: &object, outcome: Outcome::Success, detail: &detail }).await
}
