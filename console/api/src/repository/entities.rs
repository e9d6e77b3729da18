//! Entities: what an address, host, account, domain or file did in the last seven days and with whom.

use fengsui_schema::Severity;

use super::{alerts, incidents};
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::NEIGHBOURS;
use crate::page::count_up_to;
use crate::scope::Scope;
use crate::state::{AppState, time_text};
use crate::wire::{EntityHour, EntityPage, EntityQuery, Neighbour, RuleRow};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const DAYS: i64 = 7;

fn severity(row: &Row, name: &str) -> ApiResult<Severity> {
    Ok(Severity::from_number(u8::try_from(row.int(name)?).unwrap_or(u8::MAX)))
}

/// The page of an entity. `case_scope` is what the caller may see of incidents.
pub(crate) async fn page(
    state: &AppState,
    scope: &Scope,
    case_scope: Option<&Scope>,
    asked: &EntityQuery,
) -> ApiResult<EntityPage> {
    let mut db = state.db();
    let value = check::short("value", &asked.value)?;
    let mut all = Filter::within(scope, "e");
    all.and_with("e.kind = ? AND e.value = ?", args![&asked.kind, &value]);
    let ends = format!(
        "SELECT MIN(e.time) AS first_time, MAX(e.time) AS last_time, MAX(e.asset) AS asset FROM alert_entity e WHERE {}",
        all.sql()
    );
    let ends = db.row(&ends, all.args()).await?.ok_or_else(ApiError::not_found)?;
    let newest = newest_alerts(state, scope, &all).await?;
    let mut cases = Vec::new();
    if let Some(scope) = case_scope {
        let mut ids: Vec<&String> = newest.iter().filter_map(|alert| alert.incident_id.as_ref()).collect();
        ids.sort();
        ids.dedup();
        for id in ids {
            cases.extend(incidents::row(state, &mut db, scope, id).await.ok());
        }
    }
    Ok(EntityPage {
        total: count_up_to(&mut db, "alert_entity e", &all).await?,
        first_time: ends.optional_int("first_time")?.map(time_text),
        last_time: ends.optional_int("last_time")?.map(time_text),
        asset: ends.optional_text("asset")?,
        hours: hours(state, &all).await?,
        until: time_text(state.now()),
        neighbours: neighbours(state, scope, &asked.kind, &value).await?,
        alerts: newest,
        incidents: cases,
        kind: asked.kind.clone(),
        value,
    })
}

async fn newest_alerts(state: &AppState, scope: &Scope, of: &Filter) -> ApiResult<Vec<crate::wire::AlertRow>> {
    let mut db = state.db();
    let sql = format!("SELECT e.alert_id FROM alert_entity e WHERE {} ORDER BY e.time DESC LIMIT 50", of.sql());
    let ids = db.rows(&sql, of.args()).await?.iter().map(|row| row.text("alert_id")).collect::<Result<Vec<_>, _>>()?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut filter = Filter::within(scope, "a");
    filter.and_in("a.id", ids);
    alerts::some(state, &mut db, &filter, 50).await
}

async fn hours(state: &AppState, of: &Filter) -> ApiResult<Vec<EntityHour>> {
    let mut filter = of.clone();
    filter.and_with("e.time >= ?", args![state.now() - DAYS * DAY]);
    let sql = format!(
        "SELECT e.time / {HOUR} AS hour, COUNT(*) AS n, MAX(e.severity) AS worst FROM alert_entity e WHERE {} GROUP BY e.time / {HOUR} ORDER BY e.time / {HOUR}",
        filter.sql()
    );
    let hour = |row: &Row| {
        Ok(EntityHour {
            hour: time_text(row.int("hour")? * HOUR),
            count: row.int("n")?,
            worst: severity(row, "worst")?,
        })
    };
    state.db().rows(&sql, filter.args()).await?.iter().map(hour).collect()
}

async fn neighbours(state: &AppState, scope: &Scope, kind: &str, value: &str) -> ApiResult<Vec<Neighbour>> {
    let mut filter = Filter::within(scope, "e");
    let since = state.now() - DAYS * DAY;
    filter.and_with("e.kind = ? AND e.value = ? AND e.time >= ?", args![kind, value, since]);
    filter.and_with("NOT (o.kind = ? AND o.value = ?)", args![kind, value]);
    let sql = format!(
        "SELECT o.kind, o.value, MAX(o.asset) AS asset, COUNT(*) AS n, MAX(o.severity) AS worst
         FROM alert_entity e JOIN alert_entity o ON o.alert_id = e.alert_id
         WHERE {} GROUP BY o.kind, o.value ORDER BY n DESC, o.value LIMIT {NEIGHBOURS}",
        filter.sql()
    );
    let neighbour = |row: &Row| {
        Ok(Neighbour {
            kind: row.text("kind")?,
            value: row.text("value")?,
            asset: row.optional_text("asset")?,
            count: row.int("n")?,
            worst: severity(row, "worst")?,
        })
    };
    state.db().rows(&sql, filter.args()).await?.iter().map(neighbour).collect()
}

/// Rules by how often they fired in the last seven days.
pub(crate) async fn rules(state: &AppState, scope: &Scope) -> ApiResult<Vec<RuleRow>> {
    let today = state.now().div_euclid(DAY);
    let mut filter = Filter::within(scope, "r");
    filter.and_with("r.day > ?", args![today - DAYS]);
    let sql = format!(
        "SELECT r.rule_id, r.day, MAX(r.source) AS source, MAX(r.title_zh) AS title_zh, MAX(r.title_en) AS title_en,
                MAX(r.severity) AS severity, CAST(SUM(r.count) AS BIGINT) AS n,
                CAST(SUM(r.suppressed) AS BIGINT) AS suppressed, CAST(SUM(r.false_positives) AS BIGINT) AS wrong
         FROM rule_day r WHERE {} GROUP BY r.rule_id, r.day ORDER BY r.rule_id, r.day",
        filter.sql()
    );
    let mut items: Vec<RuleRow> = Vec::new();
    for row in state.db().rows(&sql, filter.args()).await? {
        let id = row.text("rule_id")?;
        if items.last().is_none_or(|last| last.rule_id != id) {
            items.push(RuleRow {
                rule_id: id,
                source: row.text("source")?,
                title_zh: row.text("title_zh")?,
                title_en: row.text("title_en")?,
                severity: severity(&row, "severity")?,
                count: 0,
                suppressed: 0,
                false_positives: 0,
                days: vec![0; 7],
            });
        }
        if let Some(item) = items.last_mut() {
            let count = row.int("n")?;
            item.count += count;
            item.suppressed += row.int("suppressed")?;
            item.false_positives += row.int("wrong")?;
            let slot = usize::try_from(row.int("day")? - (today - DAYS) - 1).unwrap_or(0);
            if let Some(day) = item.days.get_mut(slot) {
                *day += count;
            }
        }
    }
    items.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.rule_id.cmp(&other.rule_id)));
    Ok(items)
}
