//! Bulletins: what happened in a day or a week, counted when it is asked for.

use fengsui_schema::{IncidentGrade, UnitCode};

use super::incident_acts::grade_name;
use super::tasks::WITH_ASSIGNEE;
use crate::db::{Filter, Query, Value, args};
use crate::error::{ApiError, ApiResult};
use crate::scope::{Place, Scope};
use crate::state::{AppState, time_text};
use crate::wire::{Bulletin, BulletinFigure, BulletinIncident, UnitLoad};
use crate::words::from_optional_word;

const DAY: i64 = 86_400_000;
const INCIDENTS: i64 = 20;
const UNITS: i64 = 10;

/// A number of the bulletin: its name, the table (as `x`), the sum and the time it is counted by.
const FIGURES: [(&str, &str, &str, &str); 6] = [
    ("alerts", "alert_hour", "SUM(x.count)", "x.hour"),
    ("alerts_high", "alert_hour", "SUM(CASE WHEN x.severity >= 3 THEN x.count ELSE 0 END)", "x.hour"),
    ("incidents", "incident", "COUNT(*)", "x.created_at"),
    ("tasks_issued", "task", "COUNT(*)", "x.created_at"),
    ("tasks_finished", "task", "COUNT(*)", "x.submitted_at"),
    ("findings", "finding", "COUNT(*)", "x.time"),
];

/// The bulletin of the last day or week of a scope.
pub(crate) async fn make(state: &AppState, scope: &Scope, unit: &UnitCode, period: &str) -> ApiResult<Bulletin> {
    let length = match period {
        "daily" => DAY,
        "weekly" => 7 * DAY,
        _ => return Err(ApiError::invalid("period", "取值不合法", "is daily or weekly")),
    };
    let to = state.now();
    let from = to - length;
    let mut db = state.db();
    let mut figures = Vec::with_capacity(FIGURES.len());
    for (name, table, sum, time) in FIGURES {
        let value = figure(&mut db, scope, (table, sum, time), (from, to)).await?;
        let before = figure(&mut db, scope, (table, sum, time), (from - length, from)).await?;
        figures.push(BulletinFigure { name: name.to_owned(), value, before });
    }
    Ok(Bulletin {
        period: period.to_owned(),
        unit: state.units().reference(unit),
        from: time_text(from),
        to: time_text(to),
        figures,
        incidents: incidents(&mut db, state, scope, (from, to)).await?,
        busiest: busiest(&mut db, state, scope, (from, to)).await?,
        overdue: overdue(&mut db, state, scope, to).await?,
    })
}

async fn figure(
    query: &mut impl Query,
    scope: &Scope,
    (table, sum, time): (&str, &str, &str),
    (from, to): (i64, i64),
) -> ApiResult<i64> {
    let mut filter = Filter::within(scope, "x");
    filter.and_with(&format!("{time} > ? AND {time} <= ?"), args![from, to]);
    let sql = format!("SELECT CAST({sum} AS BIGINT) AS n FROM {table} x WHERE {}", filter.sql());
    Ok(query.count(&sql, filter.args()).await?)
}

async fn incidents(
    query: &mut impl Query,
    state: &AppState,
    scope: &Scope,
    (from, to): (i64, i64),
) -> ApiResult<Vec<BulletinIncident>> {
    let mut filter = Filter::within(scope, "i");
    filter.and_with("i.created_at > ? AND i.created_at <= ?", args![from, to]);
    let sql = format!("SELECT i.* FROM incident i WHERE {} ORDER BY i.risk DESC, i.id LIMIT {INCIDENTS}", filter.sql());
    let rows = query.rows(&sql, filter.args()).await?;
    rows.iter()
        .map(|row| {
            let grade: Option<IncidentGrade> = from_optional_word(row.optional_text("grade")?);
            Ok(BulletinIncident {
                number: row.text("number")?,
                title: row.text("title")?,
                grade: grade.map(|grade| grade_name(grade).0.to_owned()),
                state: row.text("state")?,
                unit: state.units().reference(Place::read(row)?.unit()),
            })
        })
        .collect()
}

async fn busiest(
    query: &mut impl Query,
    state: &AppState,
    scope: &Scope,
    (from, to): (i64, i64),
) -> ApiResult<Vec<UnitLoad>> {
    let mut filter = Filter::within(scope, "x");
    filter.and_with("x.hour > ? AND x.hour <= ?", args![from, to]);
    let sql = format!(
        "SELECT x.unit_code, CAST(SUM(x.count) AS BIGINT) AS n FROM alert_hour x WHERE {}
         GROUP BY x.unit_code ORDER BY n DESC, x.unit_code LIMIT {UNITS}",
        filter.sql()
    );
    loads(query, state, &sql, filter.args()).await
}

async fn overdue(query: &mut impl Query, state: &AppState, scope: &Scope, now: i64) -> ApiResult<Vec<UnitLoad>> {
    let mut filter = Filter::within(scope, "x");
    filter.and(&format!("x.state IN {WITH_ASSIGNEE}"));
    filter.and_with("x.due_at < ?", args![now]);
    let sql = format!(
        "SELECT x.unit_code, COUNT(*) AS n FROM task x WHERE {}
         GROUP BY x.unit_code ORDER BY n DESC, x.unit_code LIMIT {UNITS}",
        filter.sql()
    );
    loads(query, state, &sql, filter.args()).await
}

async fn loads(query: &mut impl Query, state: &AppState, sql: &str, args: Vec<Value>) -> ApiResult<Vec<UnitLoad>> {
    let rows = query.rows(sql, args).await?;
    rows.iter()
        .map(|row| Ok(UnitLoad { unit: state.units().reference(Place::read(row)?.unit()), count: row.int("n")? }))
        .collect()
}
