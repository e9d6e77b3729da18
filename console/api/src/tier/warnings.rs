//! Warnings (预警) across tiers. Whoever issued one owns it: its level, its text and its end go down, signed, to every node
//! below, and each keeps those that concern units it serves. A unit's receipt goes up. Away from its issuer a warning is
//! named `number@node`, so that it can't be taken for one of the node's own.

use std::collections::BTreeSet;
use std::time::Duration;

use fengsui_relay::tier::{Destination, Envelope, NodeId, Relation};
use fengsui_schema::UnitCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::inbox::RELAY;
use super::{Draft, Tier, outbox, regulations};
use crate::audit::Actor;
use crate::check;
use crate::db::{Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{WARNED_UNITS, WARNING_DAYS};
use crate::repository::warning_acts;
use crate::repository::warnings::{is_from_above, level_of};
use crate::state::{AppState, Change};
use crate::wire::WarningLevel;
use crate::words::{from_word, word_of};

/// How often this node looks whether a node was let in below it.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often what is in force is told again, for nodes that were let in further down or put back from a backup.
const AGAIN_EVERY: Duration = Duration::from_secs(3_600);
const DAY: i64 = 86_400_000;

/// A warning on its way down, as it is now.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    number: String,
    unit: String,
    by: String,
    level: WarningLevel,
    title: String,
    measures: String,
    reason: String,
    lifted: bool,
    created_at: i64,
    in_force_at: i64,
    valid_until: i64,
    units: Vec<String>,
}

/// The receipt of a unit on its way up, for the level that it saw.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Receipt {
    number: String,
    unit: String,
    level: WarningLevel,
    by: String,
    time: i64,
}

/// Tells the nodes below how a warning of this node is now. One that nobody was warned by yet stays here.
pub(crate) async fn tell(change: &mut Change, id: i64) -> ApiResult<()> {
    let sql = "SELECT * FROM warning WHERE id = $1 AND state IN ('in_force', 'lifted')";
    let Some(row) = change.row(sql, args![id]).await? else { return Ok(()) };
    if is_from_above(&row)? {
        return Ok(());
    }
    let sql = "SELECT unit_code FROM warning_unit WHERE warning_id = $1 ORDER BY unit_code";
    let units = change.rows(sql, args![id]).await?.iter().map(|row| row.text("unit_code")).collect::<Result<_, _>>()?;
    let number = format!("{}@{}", row.text("number")?, change.state().shared().tier.own);
    let told = Told {
        number: number.clone(),
        unit: row.text("unit_code")?,
        by: row.text("created_by")?,
        level: level_of(&row)?,
        title: row.text("title")?,
        measures: row.text("measures")?,
        reason: row.text("reason")?,
        lifted: row.text("state")? == "lifted",
        created_at: row.int("created_at")?,
        in_force_at: row.optional_int("in_force_at")?.unwrap_or_default(),
        valid_until: row.int("valid_until")?,
        units,
    };
    outbox::tell(change, Draft::of("warning", Destination::Down, number, &told)?).await
}

/// Tells the nodes above that a unit of this node gave its receipt.
pub(crate) async fn tell_receipt(change: &mut Change, row: &Row, unit: &UnitCode, by: &str) -> ApiResult<()> {
    if !is_from_above(row)? {
        return Ok(());
    }
    let (time, by, number) = (change.now(), by.to_owned(), row.text("number")?);
    let obj = format!("{number}/{unit}/{}", change.state().shared().tier.own);
    let level = level_of(row)?;
    let receipt = Receipt { number, unit: unit.to_string(), level, by, time };
    outbox::tell(change, Draft::of("warning_receipt", Destination::Up, obj, &receipt)?).await
}

/// A warning of a node above came. False when it can't be understood.
pub(super) async fn ordered(tier: &Tier, change: &mut Change, message: &Envelope, body: &Value) -> ApiResult<bool> {
    let Some((told, units)) = understood(change, message, body) else { return Ok(false) };
    let own = tier.unit.path();
    let concerns = |unit: &UnitCode| unit.path().starts_with(&own) || own.starts_with(&unit.path());
    let units: Vec<UnitCode> = units.into_iter().filter(concerns).collect();
    if units.is_empty() {
        return Ok(true);
    }
    match change.row("SELECT * FROM warning WHERE number = $1", args![&told.number]).await? {
        None => insert(change, message, &told, &units).await?,
        Some(row) => update(change, &row, &told).await?,
    }
    Ok(true)
}

/// The message and the units it warns, when it is of its origin and keeps the limits that people here have to keep.
fn understood(change: &Change, message: &Envelope, body: &Value) -> Option<(Told, Vec<UnitCode>)> {
    let told: Told = serde_json::from_value(body.clone()).ok()?;
    let issuer: UnitCode = told.unit.parse().ok()?;
    let origin: UnitCode = message.origin.as_str().parse().ok()?;
    let named = told.number == message.obj && told.number.ends_with(&format!("@{}", message.origin));
    let texts = check::title(&told.title).is_ok()
        && check::reason(&told.reason).is_ok()
        && check::body("measures", &told.measures).is_ok()
        && check::short("by", &told.by).is_ok()
        && check::short("number", &told.number).is_ok();
    let in_time = told.valid_until <= change.now() + (WARNING_DAYS + 1) * DAY;
    let units: Option<Vec<UnitCode>> = told.units.iter().map(|unit| unit.parse().ok()).collect();
    let units = units.filter(|units| units.len() <= WARNED_UNITS)?;
    let fits = named && texts && in_time && issuer.path().starts_with(&origin.path());
    fits.then_some((told, units))
}

async fn insert(change: &mut Change, message: &Envelope, told: &Told, units: &[UnitCode]) -> ApiResult<()> {
    let issuer: UnitCode = told.unit.parse().map_err(|error| ApiError::internal(&error))?;
    let id = change.next("warning").await?;
    let by = format!("{}@{}", told.by, message.origin);
    let kept = warning_acts::Kept {
        number: &told.number,
        level: told.level,
        texts: [&told.title, &told.measures, &told.reason],
        state: standing(told),
        created: (&by, told.created_at),
        in_force_at: Some(told.in_force_at),
        valid_until: told.valid_until,
        ended_at: told.lifted.then_some(message.ts),
        wanted_by: None,
        unit: &issuer,
    };
    warning_acts::insert(change, id, &kept, units).await?;
    warning_acts::note(change, id, "issue", &format!("{}: {}", word_of(&told.level), told.reason)).await?;
    warning_acts::tell(change, id).await
}

/// Takes over how it is now; what was told again and is the same changes nothing.
async fn update(change: &mut Change, row: &Row, told: &Told) -> ApiResult<()> {
    let (id, now) = (row.int("id")?, change.now());
    let level = word_of(&told.level);
    if row.text("level")? != level {
        change.execute("UPDATE warning SET level = $1 WHERE id = $2", args![&level, id]).await?;
        warning_acts::forget_receipts(change, id).await?;
        warning_acts::note(change, id, "relevel", &level).await?;
    } else if row.text("state")? != standing(told) {
        let (state, ended) = (standing(told), told.lifted.then_some(now));
        change.execute("UPDATE warning SET state = $1, ended_at = $2 WHERE id = $3", args![state, ended, id]).await?;
        warning_acts::note(change, id, if told.lifted { "lift" } else { "issue" }, &level).await?;
    } else {
        return Ok(());
    }
    warning_acts::tell(change, id).await
}

fn standing(told: &Told) -> &'static str {
    if told.lifted { "lifted" } else { "in_force" }
}

/// The receipt of a unit below came. False when it can't be understood.
pub(super) async fn received(tier: &Tier, change: &mut Change, message: &Envelope, body: &Value) -> ApiResult<bool> {
    let Ok(receipt) = serde_json::from_value::<Receipt>(body.clone()) else { return Ok(false) };
    let (Ok(unit), Ok(origin)) = (receipt.unit.parse::<UnitCode>(), message.origin.as_str().parse::<UnitCode>()) else {
        return Ok(false);
    };
    let named = message.obj == format!("{}/{}/{}", receipt.number, receipt.unit, message.origin);
    if !named || !unit.path().starts_with(&origin.path()) || check::short("by", &receipt.by).is_err() {
        return Ok(false);
    }
    let number = receipt.number.strip_suffix(&format!("@{}", tier.own)).unwrap_or(&receipt.number);
    let Some(row) = change.row("SELECT * FROM warning WHERE number = $1", args![number]).await? else {
        return Ok(true);
    };
    // Another level is other news: this receipt was for what was before.
    if from_word::<WarningLevel>(&row.text("level")?) != Some(receipt.level) {
        return Ok(true);
    }
    let by = format!("{}@{}", receipt.by, message.origin);
    warning_acts::put_receipt(change, row.int("id")?, &unit, (receipt.time.min(change.now()), &by)).await?;
    Ok(true)
}

/// Tells which warnings and policies are in force to nodes that were let in since, and to all of them now and then.
pub(super) async fn run(state: &AppState) {
    let (mut known, mut told_at) = (BTreeSet::<NodeId>::new(), tokio::time::Instant::now());
    loop {
        let present: BTreeSet<NodeId> = state.shared().tier.registry.read().active(Relation::Child).collect();
        if !present.is_subset(&known) || (!present.is_empty() && told_at.elapsed() >= AGAIN_EVERY) {
            match tell_all(state).await {
                Ok(()) => told_at = tokio::time::Instant::now(),
                Err(error) => tracing::error!(%error, "warnings and policies in force could not be told"),
            }
        }
        known = present;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn tell_all(state: &AppState) -> ApiResult<()> {
    let mut change = Change::begin(state, Actor::new("warnings", &state.shared().tier.unit, RELAY)).await?;
    let sql = "SELECT id FROM warning WHERE state = 'in_force' AND valid_until > $1 ORDER BY id";
    let now = change.now();
    for row in change.rows(sql, args![now]).await? {
        tell(&mut change, row.int("id")?).await?;
    }
    regulations::tell_all(&mut change).await?;
    change.commit_delivery().await
}
