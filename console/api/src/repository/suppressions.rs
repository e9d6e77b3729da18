//! Suppressions: which alerts stay out of the queue, until when, and why. A suppressed alert is kept, closed.

use fengsui_schema::{Alert, UnitCode};

use super::{alert_acts, alerts};
use crate::check;
use crate::db::{Filter, Query, Row, Tx, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{SUPPRESSION_DAYS, SUPPRESSIONS};
use crate::page::count_up_to;
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change, time_text};
use crate::wire::{NewSuppression, SuppressionMade, SuppressionMatch, SuppressionPreview, SuppressionRow};

const DAY: i64 = 86_400_000;
const SAMPLE: i64 = 10;

/// A checked condition and the unit it is for.
struct Condition {
    matches: SuppressionMatch,
    unit: UnitCode,
    scope: Scope,
}

fn checked(scope: &Scope, own: &UnitCode, asked: &SuppressionMatch) -> ApiResult<Condition> {
    let part = |field, value: &Option<String>| -> ApiResult<Option<String>> {
        match value.as_deref().map(str::trim) {
            None | Some("") => Ok(None),
            Some(text) => check::short(field, text).map(Some),
        }
    };
    let matches = SuppressionMatch {
        rule_id: part("rule_id", &asked.rule_id)?,
        source_ip: part("source_ip", &asked.source_ip)?,
        destination_ip: part("destination_ip", &asked.destination_ip)?,
        unit: None,
    };
    if matches == SuppressionMatch::default() {
        return Err(ApiError::invalid("matches", "至少填写一个条件", "names no condition"));
    }
    let unit = match asked.unit.as_deref().filter(|code| !code.is_empty()) {
        Some(code) => check::unit("unit", code)?,
        None => own.clone(),
    };
    let scope = scope.narrowed(&unit).ok_or_else(ApiError::not_found)?;
    Ok(Condition { matches, unit, scope })
}

impl Condition {
    fn filter(&self) -> Filter {
        let mut filter = Filter::within(&self.scope, "a");
        let parts = [
            ("a.rule_id = ?", &self.matches.rule_id),
            ("a.source_ip = ?", &self.matches.source_ip),
            ("a.destination_ip = ?", &self.matches.destination_ip),
        ];
        for (condition, value) in parts {
            if let Some(value) = value {
                filter.and_with(condition, args![value]);
            }
        }
        filter
    }
}

/// What a suppression would have done in the last seven days.
pub(crate) async fn preview(
    state: &AppState,
    scope: &Scope,
    own: &UnitCode,
    asked: &SuppressionMatch,
) -> ApiResult<SuppressionPreview> {
    let mut db = state.db();
    let mut recent = checked(scope, own, asked)?.filter();
    recent.and_with("a.time >= ?", args![state.now() - 7 * DAY]);
    let (mut open, mut serious) = (recent.clone(), recent.clone());
    open.and("a.state <> 'closed'");
    serious.and("(a.incident_id IS NOT NULL OR a.disposition = 'true_positive')");
    Ok(SuppressionPreview {
        matching: count_up_to(&mut db, "alert a", &recent).await?,
        open: count_up_to(&mut db, "alert a", &open).await?,
        serious: count_up_to(&mut db, "alert a", &serious).await?,
        sample: alerts::some(state, &mut db, &recent, SAMPLE).await?,
    })
}

/// Suppressions a scope reaches, running ones first.
pub(crate) async fn list(state: &AppState, scope: &Scope) -> ApiResult<Vec<SuppressionRow>> {
    let filter = Filter::within(scope, "s");
    let sql = format!(
        "SELECT s.* FROM suppression s WHERE {} ORDER BY CASE WHEN s.ended_at IS NULL THEN 0 ELSE 1 END, s.expires_at DESC, s.id DESC LIMIT {SUPPRESSIONS}",
        filter.sql()
    );
    state.db().rows(&sql, filter.args()).await?.iter().map(|row| read(state, row)).collect()
}

fn read(state: &AppState, row: &Row) -> ApiResult<SuppressionRow> {
    let (ended, expires) = (row.optional_int("ended_at")?, row.int("expires_at")?);
    let standing = match ended {
        Some(_) => "ended",
        None if expires <= state.now() => "expired",
        None => "running",
    };
    let place = Place::read(row)?;
    Ok(SuppressionRow {
        id: row.int("id")?.to_string(),
        title: row.text("title")?,
        matches: SuppressionMatch {
            rule_id: row.optional_text("rule_id")?,
            source_ip: row.optional_text("source_ip")?,
            destination_ip: row.optional_text("destination_ip")?,
            unit: Some(place.unit().to_string()),
        },
        unit: state.units().reference(place.unit()),
        reason: row.text("reason")?,
        created_by: row.text("created_by")?,
        created_at: time_text(row.int("created_at")?),
        expires_at: time_text(expires),
        state: standing.to_owned(),
        matched: row.int("matched")?,
        last_match_at: row.optional_int("last_match_at")?.map(time_text),
    })
}

/// Makes one, and closes what is open when asked to.
pub(crate) async fn create(
    change: &mut Change,
    scope: &Scope,
    account: i64,
    new: &NewSuppression,
) -> ApiResult<SuppressionMade> {
    let own = change.actor().place.unit().clone();
    let condition = checked(scope, &own, &new.matches)?;
    let (title, reason) = (check::title(&new.title)?, check::reason(&new.reason)?);
    let (now, expires) = (change.now(), check::time("expires_at", &new.expires_at)?);
    if expires <= now || expires > now + SUPPRESSION_DAYS * DAY {
        return Err(ApiError::invalid("expires_at", "失效时间须在90天以内", "is not within the next 90 days"));
    }
    let running = "SELECT COUNT(*) AS n FROM suppression WHERE ended_at IS NULL AND expires_at > $1";
    if change.count(running, args![now]).await? >= SUPPRESSIONS {
        return Err(ApiError::conflict("生效中的抑制规则过多，请先清理", "too many suppressions are running"));
    }
    let (id, actor) = (change.next("suppression").await?, change.actor().name.clone());
    let matches = &condition.matches;
    let mut values =
        args![id, &title, matches.rule_id.clone(), matches.source_ip.clone(), matches.destination_ip.clone()];
    values.extend(args![&reason, actor, now, expires]);
    values.extend(Place::of(&condition.unit).values());
    let sql = "INSERT INTO suppression (id, title, rule_id, source_ip, destination_ip, reason, created_by, created_at,
                   expires_at, province, prefecture, county, unit_code, matched)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)";
    change.execute(sql, values).await?;
    let (closed, undo_token) = if new.close_open {
        let mut open = condition.filter();
        open.and("a.state <> 'closed' AND a.incident_id IS NULL");
        alert_acts::close_matching(change, &open, account, &format!("{title}: {reason}")).await?
    } else {
        (0, None)
    };
    let state = change.state().clone();
    let row = change.row("SELECT * FROM suppression WHERE id = $1", args![id]).await?;
    let suppression = read(&state, &row.ok_or_else(ApiError::not_found)?)?;
    Ok(SuppressionMade { suppression, closed, undo_token })
}

/// Ends one before its time.
pub(crate) async fn end(change: &mut Change, scope: &Scope, id: &str) -> ApiResult<String> {
    let mut filter = Filter::within(scope, "s");
    filter.and_with("s.id = ?", args![check::number_id(id)?]);
    filter.and("s.ended_at IS NULL");
    let sql = format!("SELECT s.id, s.title FROM suppression s WHERE {}", filter.sql());
    let row = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    let (now, actor) = (change.now(), change.actor().name.clone());
    let sql = "UPDATE suppression SET ended_at = $1, ended_by = $2 WHERE id = $3";
    change.execute(sql, args![now, actor, row.int("id")?]).await?;
    Ok(row.text("title")?)
}

/// A running suppression as ingest sees it.
pub(crate) struct Running {
    pub(crate) id: i64,
    scope: Scope,
    rule_id: Option<String>,
    source_ip: Option<String>,
    destination_ip: Option<String>,
}

/// Every running suppression.
pub(crate) async fn running(tx: &mut Tx, now: i64) -> ApiResult<Vec<Running>> {
    let sql = "SELECT * FROM suppression WHERE ended_at IS NULL AND expires_at > $1 ORDER BY id";
    let read = |row: &Row| {
        Ok(Running {
            id: row.int("id")?,
            scope: Scope::subtree(Place::read(row)?.unit()),
            rule_id: row.optional_text("rule_id")?,
            source_ip: row.optional_text("source_ip")?,
            destination_ip: row.optional_text("destination_ip")?,
        })
    };
    tx.rows(sql, args![now]).await?.iter().map(read).collect()
}

impl Running {
    /// Whether an alert stays out of the queue.
    pub(crate) fn fits(&self, alert: &Alert) -> bool {
        let same = |wanted: &Option<String>, found: Option<&String>| wanted.is_none() || wanted.as_ref() == found;
        same(&self.rule_id, Some(&alert.rule.id))
            && same(&self.source_ip, alert.flow.source_ip.as_ref())
            && same(&self.destination_ip, alert.flow.destination_ip.as_ref())
            && self.scope.reaches(&alert.unit)
    }

    /// Counts one.
    pub(crate) async fn note(&self, tx: &mut Tx, now: i64) -> ApiResult<()> {
        let sql = "UPDATE suppression SET matched = matched + 1, last_match_at = $1 WHERE id = $2";
        tx.execute(sql, args![now, self.id]).await?;
        Ok(())
    }
}
