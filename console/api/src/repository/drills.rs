//! Drills: the acts of an exercise held against the alerts of their hour.

use std::collections::BTreeMap;

use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::drill_replay::{Progress, RecordedAct, Recording};
use crate::error::{ApiError, ApiResult};
use crate::limits::{DRILL_ACTIONS, DRILLS_SHOWN};
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change, time_text};
use crate::wire::{DrillAction, DrillDetail, DrillRow, DrillScore, NewDrillAction, ReplayState, ReplayView};

/// Clocks of attackers and sensors differ.
const BEFORE: i64 = 60_000;
const AFTER: i64 = 3_600_000;

const COLUMNS: &str = "d.*, (SELECT COUNT(*) FROM drill_action x WHERE x.drill_id = d.id) AS actions";

/// Drills a scope reaches, newest first.
pub(crate) async fn list(state: &AppState, scope: &Scope) -> ApiResult<Vec<DrillRow>> {
    let filter = Filter::within(scope, "d");
    let sql = format!("SELECT {COLUMNS} FROM drill d WHERE {} ORDER BY d.id DESC LIMIT {DRILLS_SHOWN}", filter.sql());
    state.db().rows(&sql, filter.args()).await?.iter().map(|row| read(state, row)).collect()
}

fn read(state: &AppState, row: &Row) -> ApiResult<DrillRow> {
    Ok(DrillRow {
        id: row.int("id")?.to_string(),
        title: row.text("title")?,
        started_at: time_text(row.int("started_at")?),
        ended_at: row.optional_int("ended_at")?.map(time_text),
        created_by: row.text("created_by")?,
        unit: state.units().reference(Place::read(row)?.unit()),
        actions: row.int("actions")?,
    })
}

async fn find(query: &mut impl Query, scope: &Scope, id: &str) -> ApiResult<Row> {
    let mut filter = Filter::within(scope, "d");
    filter.and_with("d.id = ?", args![check::number_id(id)?]);
    let sql = format!("SELECT {COLUMNS} FROM drill d WHERE {}", filter.sql());
    query.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)
}

/// Begins one.
pub(crate) async fn create(change: &mut Change, title: &str) -> ApiResult<i64> {
    let title = check::title(title)?;
    let (id, now, place) = (change.next("drill").await?, change.now(), change.actor().place.clone());
    let mut values = args![id, title, now, change.actor().name.as_str()];
    values.extend(place.values());
    let sql = "INSERT INTO drill (id, title, started_at, created_by, province, prefecture, county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    change.execute(sql, values).await?;
    Ok(id)
}

fn technique(text: &str) -> ApiResult<String> {
    let text = text.trim();
    let digits = |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    let fits = text.strip_prefix('T').is_some_and(|rest| match rest.split_once('.') {
        Some((family, sub)) => digits(family, 4) && digits(sub, 3),
        None => digits(rest, 4),
    });
    let wrong =
        || ApiError::invalid("technique", "技术编号形如 T1190 或 T1071.001", "is no id such as T1190 or T1071.001");
    if fits { Ok(text.to_owned()) } else { Err(wrong()) }
}

/// Notes what the attackers did.
pub(crate) async fn add(change: &mut Change, scope: &Scope, id: &str, actions: &[NewDrillAction]) -> ApiResult<()> {
    let drill = find(change, scope, id).await?.int("id")?;
    let held = change.count("SELECT COUNT(*) AS n FROM drill_action WHERE drill_id = $1", args![drill]).await?;
    if actions.is_empty() || held + i64::try_from(actions.len()).unwrap_or(i64::MAX) > DRILL_ACTIONS {
        return Err(ApiError::invalid("actions", "每次演练最多500项攻击动作", "is empty, or more than 500 in all"));
    }
    for action in actions {
        let (number, at) = (change.next("drill_action").await?, check::time("at", &action.at)?);
        let target = check::optional_body("target", Some(&action.target))?;
        let note = check::optional_body("note", Some(&action.note))?;
        let sql =
            "INSERT INTO drill_action (id, drill_id, at, technique, target, note) VALUES ($1, $2, $3, $4, $5, $6)";
        change.execute(sql, args![number, drill, at, technique(&action.technique)?, target, note]).await?;
    }
    Ok(())
}

/// Ends it.
pub(crate) async fn end(change: &mut Change, scope: &Scope, id: &str) -> ApiResult<()> {
    let row = find(change, scope, id).await?;
    if row.optional_int("ended_at")?.is_some() {
        return Err(ApiError::conflict("演练已结束", "the drill has ended"));
    }
    let now = change.now();
    change.execute("UPDATE drill SET ended_at = $1 WHERE id = $2", args![now, row.int("id")?]).await?;
    Ok(())
}

/// A drill with its score.
pub(crate) async fn detail(state: &AppState, scope: &Scope, id: &str) -> ApiResult<DrillDetail> {
    let mut db = state.db();
    let number = check::number_id(id)?;
    let row = read(state, &find(&mut db, scope, id).await?)?;
    let sql = "SELECT * FROM drill_action WHERE drill_id = $1 ORDER BY at, id";
    let mut actions = Vec::new();
    for kept in db.rows(sql, args![number]).await? {
        actions.push(held_against(&mut db, scope, &kept).await?);
    }
    let detected = actions.iter().filter(|action| action.alert_id.is_some()).count();
    Ok(DrillDetail {
        detected_percent: (!actions.is_empty()).then(|| i64::try_from(100 * detected / actions.len()).unwrap_or(0)),
        scores: scores(&actions),
        actions,
        replay: state.shared().replays.of(number).map(replay_view),
        row,
    })
}

fn replay_view((recording, progress): (String, Progress)) -> ReplayView {
    let (state, error) = match progress {
        Progress::Playing => (ReplayState::Playing, None),
        Progress::Done => (ReplayState::Done, None),
        Progress::Failed(error) => (ReplayState::Failed, Some(error)),
    };
    ReplayView { recording, state, error }
}

/// Notes the acts of a recording that is played from now on.
pub(crate) async fn add_recorded(change: &mut Change, scope: &Scope, id: &str, recording: &Recording) -> ApiResult<()> {
    let row = find(change, scope, id).await?;
    if row.optional_int("ended_at")?.is_some() {
        return Err(ApiError::conflict("演练已结束", "the drill has ended"));
    }
    let now = change.now();
    let act = |act: &RecordedAct| NewDrillAction {
        at: time_text(now + act.after_ms),
        technique: act.technique.clone(),
        target: act.target.clone(),
        note: act.note.clone(),
    };
    let acts: Vec<NewDrillAction> = recording.acts.iter().map(act).collect();
    add(change, scope, id, &acts).await
}

/// The first alert of an act's technique at its address around its time. A family covers its sub-techniques.
async fn held_against(query: &mut impl Query, scope: &Scope, act: &Row) -> ApiResult<DrillAction> {
    let (at, technique, target) = (act.int("at")?, act.text("technique")?, act.text("target")?);
    let mut filter = Filter::within(scope, "a");
    filter.and_with("a.time >= ? AND a.time <= ?", args![at - BEFORE, at + AFTER]);
    filter.and_with("a.techniques LIKE ?", args![format!("%\"{technique}%")]);
    if !target.is_empty() {
        filter.and_with("(a.destination_ip = ? OR a.source_ip = ?)", args![&target, &target]);
    }
    let sql = format!("SELECT a.id, a.time FROM alert a WHERE {} ORDER BY a.time, a.id LIMIT 1", filter.sql());
    let found = query.row(&sql, filter.args()).await?;
    let seen = found.as_ref().map(|row| row.int("time")).transpose()?;
    Ok(DrillAction {
        at: time_text(at),
        technique,
        target,
        note: act.text("note")?,
        alert_id: found.map(|row| row.text("id")).transpose()?,
        delay_seconds: seen.map(|time| (time - at).max(0) / 1000),
    })
}

fn scores(actions: &[DrillAction]) -> Vec<DrillScore> {
    let mut by_technique: BTreeMap<&str, (i64, Vec<i64>)> = BTreeMap::new();
    for action in actions {
        let entry = by_technique.entry(&action.technique).or_default();
        entry.0 += 1;
        entry.1.extend(action.delay_seconds);
    }
    let score = |(technique, (acts, mut delays)): (&str, (i64, Vec<i64>))| {
        delays.sort_unstable();
        DrillScore {
            technique: technique.to_owned(),
            acts,
            detected: i64::try_from(delays.len()).unwrap_or(i64::MAX),
            median_delay_seconds: delays.get(delays.len() / 2).copied(),
        }
    };
    let mut all: Vec<DrillScore> = by_technique.into_iter().map(score).collect();
    all.sort_by_key(|score| 1000 * score.detected / score.acts.max(1));
    all
}
