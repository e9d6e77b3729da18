//! Numbers of the workbench and of the situational screen, from the tables that ingest maintains.

use std::collections::BTreeMap;

use fengsui_schema::{BusinessDomain, Tier, UnitCode};

use super::tasks::WITH_ASSIGNEE;
use crate::db::{Filter, Query, Row, args};
use crate::error::ApiResult;
use crate::scope::{Place, Scope};
use crate::state::{AppState, time_text};
use crate::wire::{DomainRisk, HourCount, HourSeverity, PostureTasks, PostureUnit, SeverityCounts};

const HOUR: i64 = 3_600_000;
const HOURS_SHOWN: i64 = 24;

/// Adds to the count of a severity.
fn add(counts: &mut SeverityCounts, severity: i64, count: i64) {
    let slot = match severity {
        4 => &mut counts.critical,
        3 => &mut counts.high,
        2 => &mut counts.medium,
        1 => &mut counts.low,
        _ => &mut counts.info,
    };
    *slot += count;
}

/// Open alerts by severity.
pub(crate) async fn open_by_severity(query: &mut impl Query, scope: &Scope) -> ApiResult<SeverityCounts> {
    let mut filter = Filter::within(scope, "o");
    filter.and("o.state <> 'closed'");
    let sql = format!(
        "SELECT o.severity, CAST(SUM(o.count) AS BIGINT) AS n FROM alert_standing o WHERE {} GROUP BY o.severity",
        filter.sql()
    );
    let mut counts = SeverityCounts::default();
    for row in query.rows(&sql, filter.args()).await? {
        add(&mut counts, row.int("severity")?, row.int("n")?);
    }
    Ok(counts)
}

/// Alerts of the last 24 hours by hour and severity; every hour is there.
pub(crate) async fn last_hours(query: &mut impl Query, scope: &Scope, now: i64) -> ApiResult<Vec<HourSeverity>> {
    let last = now.div_euclid(HOUR) * HOUR;
    let first = last - (HOURS_SHOWN - 1) * HOUR;
    let mut filter = Filter::within(scope, "h");
    filter.and_with("h.hour >= ?", args![first]);
    let sql = format!(
        "SELECT h.hour, h.severity, CAST(SUM(h.count) AS BIGINT) AS n FROM alert_hour h WHERE {} GROUP BY h.hour, h.severity",
        filter.sql()
    );
    let mut hours: BTreeMap<i64, SeverityCounts> =
        (0..HOURS_SHOWN).map(|hour| (first + hour * HOUR, SeverityCounts::default())).collect();
    for row in query.rows(&sql, filter.args()).await? {
        if let Some(counts) = hours.get_mut(&row.int("hour")?) {
            add(counts, row.int("severity")?, row.int("n")?);
        }
    }
    Ok(hours
        .into_iter()
        .map(|(hour, counts)| HourSeverity { hour: time_text(hour), count_by_severity: counts })
        .collect())
}

/// Alerts of whole hours before now, the oldest first, from the first hour that had any on; at most so many days.
pub(crate) async fn past_hours(query: &mut impl Query, scope: &Scope, now: i64, days: i64) -> ApiResult<Vec<i64>> {
    let end = now.div_euclid(HOUR) * HOUR;
    let mut filter = Filter::within(scope, "h");
    filter.and_with("h.hour >= ? AND h.hour < ?", args![end - days * 24 * HOUR, end]);
    let sql = format!(
        "SELECT h.hour, CAST(SUM(h.count) AS BIGINT) AS n FROM alert_hour h WHERE {} GROUP BY h.hour ORDER BY h.hour",
        filter.sql()
    );
    let mut hours = Vec::new();
    let mut next = None;
    for row in query.rows(&sql, filter.args()).await? {
        let (hour, count) = (row.int("hour")?, row.int("n")?);
        let gap = next.map_or(0, |next: i64| (hour - next) / HOUR);
        hours.extend(std::iter::repeat_n(0, usize::try_from(gap).unwrap_or(0)));
        hours.push(count);
        next = Some(hour + HOUR);
    }
    if let Some(next) = next {
        hours.extend(std::iter::repeat_n(0, usize::try_from((end - next) / HOUR).unwrap_or(0)));
    }
    Ok(hours)
}

/// The same without severities.
pub(crate) fn trend(hours: &[HourSeverity]) -> Vec<HourCount> {
    let sum = |counts: &SeverityCounts| counts.critical + counts.high + counts.medium + counts.low + counts.info;
    hours.iter().map(|hour| HourCount { hour: hour.hour.clone(), count: sum(&hour.count_by_severity) }).collect()
}

/// Rows of a table under a condition.
pub(crate) async fn count(
    query: &mut impl Query,
    table: &'static str,
    scope: &Scope,
    condition: &str,
) -> ApiResult<i64> {
    let mut filter = Filter::within(scope, "x");
    filter.and(condition);
    let sql = format!("SELECT COUNT(*) AS n FROM {table} x WHERE {}", filter.sql());
    Ok(query.count(&sql, filter.args()).await?)
}

/// A sum over the rows that fit a condition.
fn sum_where(condition: &str) -> String {
    format!("CAST(COALESCE(SUM(CASE WHEN {condition} THEN 1 ELSE 0 END), 0) AS BIGINT)")
}

/// Unit and state, in the order of the index that holds all that is counted.
const TASK_GROUPS: &str = "x.prefecture, x.county, x.unit_code, x.state";

/// The columns that count tasks by state, of a table named `x`, whose rows are grouped by its state.
fn task_sums(now: i64) -> String {
    format!(
        "x.state, COUNT(*) AS n, COUNT(x.signed_at) AS signed, {} AS in_time, {} AS late, {} AS sign_late",
        sum_where("x.signed_at <= x.sign_by"),
        sum_where(&format!("x.due_at < {now}")),
        sum_where(&format!("x.signed_at IS NULL AND x.sign_by < {now}")),
    )
}

/// Adds the tasks of a row, which are all in one state; how many of them are overdue.
fn add_tasks(tasks: &mut PostureTasks, row: &Row) -> ApiResult<i64> {
    let (state, count) = (row.text("state")?, row.int("n")?);
    match state.as_str() {
        "new" => tasks.to_sign += count,
        "signed" | "working" => tasks.working += count,
        "submitted" => tasks.submitted += count,
        "verified" | "closed" => tasks.done += count,
        _ => {}
    }
    let overdue = if WITH_ASSIGNEE.contains(&format!("'{state}'")) { row.int("late")? } else { 0 };
    tasks.overdue += overdue;
    Ok(overdue)
}

/// Tasks by state.
pub(crate) async fn tasks(query: &mut impl Query, scope: &Scope, now: i64) -> ApiResult<PostureTasks> {
    let mut tasks = PostureTasks::default();
    for row in task_rows(query, scope, now).await? {
        add_tasks(&mut tasks, &row)?;
    }
    Ok(tasks)
}

/// What is summed up per unit and then upwards.
#[derive(Debug, Clone, Copy, Default)]
struct Load {
    alerts: i64,
    weight: i64,
    incidents: i64,
    overdue: i64,
    signed: i64,
    signed_in_time: i64,
}

impl Load {
    fn absorb(&mut self, other: &Self) {
        self.alerts += other.alerts;
        self.weight += other.weight;
        self.incidents += other.incidents;
        self.overdue += other.overdue;
        self.signed += other.signed;
        self.signed_in_time += other.signed_in_time;
    }

    /// 0 to 100: rises fast at first and never quite reaches 100, so that two bad units can still be told apart.
    fn risk(&self) -> i64 {
        let weight = self.weight + 60 * self.incidents + 10 * self.overdue;
        100 * weight / (weight + 200)
    }
}

/// How much an open alert of a severity weighs.
const fn weight(severity: i64) -> i64 {
    match severity {
        4 => 40,
        3 => 12,
        2 => 3,
        1 => 1,
        _ => 0,
    }
}

/// What stands where: of every division a scope reaches, and in all. One read of the alerts and one of the tasks serve
/// all of it.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    /// Every division with the load of everything below it.
    pub(crate) units: Vec<PostureUnit>,
    /// Open alerts by severity.
    pub(crate) severities: SeverityCounts,
    /// Open alerts by domain.
    pub(crate) domains: DomainRisk,
    /// Tasks by state.
    pub(crate) tasks: PostureTasks,
}

/// The picture of a scope at the present moment. What is summed up is read side by side.
pub(crate) async fn picture(state: &AppState, scope: &Scope) -> ApiResult<Picture> {
    let (mut one, mut two, mut three) = (state.db(), state.db(), state.db());
    let (alerts, incidents, tasks) = tokio::try_join!(
        alert_rows(&mut one, scope),
        incident_rows(&mut two, scope),
        task_rows(&mut three, scope, state.now())
    )?;
    let mut picture = Picture::default();
    let mut loads: BTreeMap<UnitCode, Load> = BTreeMap::new();
    add_alerts(&alerts, &mut loads, &mut picture)?;
    for row in &incidents {
        load_of(&mut loads, row)?.incidents += row.int("n")?;
    }
    add_unit_tasks(&tasks, &mut loads, &mut picture.tasks)?;
    let mut sums: BTreeMap<UnitCode, Load> = BTreeMap::new();
    for (unit, load) in &loads {
        let mut above = Some(unit.clone());
        while let Some(code) = above {
            above = code.parent();
            sums.entry(code).or_default().absorb(load);
        }
    }
    let divisions = state.units().within(scope).filter(|code| code.as_str().len() == 6);
    picture.units = divisions.map(|code| posture(state, code, sums.get(code).copied().unwrap_or_default())).collect();
    Ok(picture)
}

fn posture(state: &AppState, code: &UnitCode, load: Load) -> PostureUnit {
    let tier: Tier = code.tier();
    PostureUnit {
        code: code.to_string(),
        name: state.units().name(code),
        tier,
        risk: load.risk(),
        open_incidents: load.incidents,
        open_alerts: load.alerts,
        signing_rate: (load.signed > 0).then(|| 100 * load.signed_in_time / load.signed),
        overdue: load.overdue,
    }
}

fn load_of<'a>(loads: &'a mut BTreeMap<UnitCode, Load>, row: &Row) -> ApiResult<&'a mut Load> {
    Ok(loads.entry(Place::read(row)?.unit().clone()).or_default())
}

async fn alert_rows(query: &mut impl Query, scope: &Scope) -> ApiResult<Vec<Row>> {
    let mut filter = Filter::within(scope, "o");
    filter.and("o.state <> 'closed'");
    let sql = format!(
        "SELECT o.unit_code, o.severity, o.domain, CAST(SUM(o.count) AS BIGINT) AS n FROM alert_standing o WHERE {} \
         GROUP BY o.unit_code, o.severity, o.domain",
        filter.sql()
    );
    Ok(query.rows(&sql, filter.args()).await?)
}

fn add_alerts(rows: &[Row], loads: &mut BTreeMap<UnitCode, Load>, picture: &mut Picture) -> ApiResult<()> {
    for row in rows {
        let (severity, count) = (row.int("severity")?, row.int("n")?);
        add(&mut picture.severities, severity, count);
        *domain_slot(&mut picture.domains, &row.text("domain")?) += count;
        let load = load_of(loads, row)?;
        load.alerts += count;
        load.weight += weight(severity) * count;
    }
    Ok(())
}

fn domain_slot<'a>(domains: &'a mut DomainRisk, word: &str) -> &'a mut i64 {
    match BusinessDomain::from_word(word) {
        Some(BusinessDomain::Cloud) => &mut domains.cloud,
        Some(BusinessDomain::Data) => &mut domains.data,
        Some(BusinessDomain::Application) => &mut domains.application,
        _ => &mut domains.network,
    }
}

async fn incident_rows(query: &mut impl Query, scope: &Scope) -> ApiResult<Vec<Row>> {
    let mut filter = Filter::within(scope, "i");
    filter.and("i.state = 'open'");
    let sql = format!("SELECT i.unit_code, COUNT(*) AS n FROM incident i WHERE {} GROUP BY i.unit_code", filter.sql());
    Ok(query.rows(&sql, filter.args()).await?)
}

async fn task_rows(query: &mut impl Query, scope: &Scope, now: i64) -> ApiResult<Vec<Row>> {
    let filter = Filter::within(scope, "x");
    let sql =
        format!("SELECT x.unit_code, {} FROM task x WHERE {} GROUP BY {TASK_GROUPS}", task_sums(now), filter.sql());
    Ok(query.rows(&sql, filter.args()).await?)
}

fn add_unit_tasks(rows: &[Row], loads: &mut BTreeMap<UnitCode, Load>, tasks: &mut PostureTasks) -> ApiResult<()> {
    for row in rows {
        let overdue = add_tasks(tasks, row)?;
        // A new task is judged once its time to sign is over.
        let unsigned = if row.text("state")? == "new" { row.int("sign_late")? } else { 0 };
        let (signed, in_time) = (row.int("signed")? + unsigned, row.int("in_time")?);
        let load = load_of(loads, row)?;
        load.overdue += overdue;
        load.signed += signed;
        load.signed_in_time += in_time;
    }
    Ok(())
}
