//! Legal clocks and deadlines: rules as data (`rules/compliance/clocks.toml`), computed here, kept in the database.

use std::collections::BTreeMap;

use fengsui_schema::IncidentGrade;
use serde::Deserialize;

use crate::db::{Filter, Query, Row, args, placeholders};
use crate::error::{ApiResult, ConsoleError};
use crate::scope::{Place, Scope};
use crate::settings::OperatorKind;
use crate::state::{Change, time_text};
use crate::wire::{ClockRecord, ClockView, Priority, ReportChannel};
use crate::words::from_optional_word;

/// When a clock starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClockStart {
    /// The incident got a grade.
    Graded,
    /// The incident was closed.
    Closed,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockRule {
    kind: String,
    start: ClockStart,
    operators: Option<Vec<OperatorKind>>,
    grades: Vec<IncidentGrade>,
    minutes: i64,
    title_zh: String,
    title_en: String,
    basis: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskRule {
    grade: IncidentGrade,
    sign_minutes: i64,
    due_minutes: i64,
}

/// Every rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockRules {
    clock: Vec<ClockRule>,
    task: Vec<TaskRule>,
}

const MINUTE: i64 = 60_000;

impl ClockRules {
    /// The rules built into the program.
    pub(crate) fn load() -> Result<Self, ConsoleError> {
        toml::from_str(include_str!("../../../rules/compliance/clocks.toml"))
            .map_err(|error| ConsoleError::BuiltIn { name: "clocks.toml", message: error.to_string() })
    }

    fn matching(&self, start: ClockStart, operator: OperatorKind, grade: IncidentGrade) -> Vec<ClockRule> {
        let fits = |rule: &&ClockRule| {
            rule.start == start
                && rule.grades.contains(&grade)
                && rule.operators.as_ref().is_none_or(|kinds| kinds.contains(&operator))
        };
        self.clock.iter().filter(fits).cloned().collect()
    }

    /// Milliseconds to sign for and to finish a task.
    pub(crate) fn task_limits(&self, grade: Option<IncidentGrade>, priority: Priority) -> (i64, i64) {
        let grade = grade.unwrap_or(IncidentGrade::General);
        let rule = self.task.iter().find(|rule| rule.grade == grade);
        let (sign, due) = rule.map_or((240, 4320), |rule| (rule.sign_minutes, rule.due_minutes));
        let divisor = if priority == Priority::Urgent { 2 } else { 1 };
        (sign * MINUTE / divisor, due * MINUTE / divisor)
    }
}

/// An object a clock belongs to.
pub(crate) struct ClockObject<'a> {
    /// `incident` or `task`.
    pub(crate) kind: &'a str,
    /// Its id.
    pub(crate) id: &'a str,
    /// Where it is.
    pub(crate) place: &'a Place,
}

/// Starts the clocks of an incident of a grade; running ones that the grade no longer calls for go away.
pub(crate) async fn start_for_incident(
    change: &mut Change,
    object: &ClockObject<'_>,
    start: ClockStart,
    grade: IncidentGrade,
    started_at: i64,
) -> ApiResult<()> {
    let shared = change.state().clone();
    let rules = shared.shared().clock_rules.matching(start, shared.values().operator(), grade);
    if start == ClockStart::Graded {
        drop_running(change, object, &rules).await?;
    }
    for rule in rules {
        let new = NewClock {
            kind: &rule.kind,
            titles: (&rule.title_zh, &rule.title_en),
            basis: &rule.basis,
            started_at,
            due_at: started_at + rule.minutes * MINUTE,
        };
        insert(change, object, &new).await?;
    }
    Ok(())
}

async fn drop_running(change: &mut Change, object: &ClockObject<'_>, keep: &[ClockRule]) -> ApiResult<()> {
    let sql = "SELECT id, kind FROM clock WHERE object_kind = $1 AND object_id = $2 AND done_at IS NULL";
    for row in change.rows(sql, args![object.kind, object.id]).await? {
        let kind = row.text("kind")?;
        if keep.iter().all(|rule| rule.kind != kind) {
            change.execute("DELETE FROM clock WHERE id = $1", args![row.int("id")?]).await?;
        }
    }
    Ok(())
}

/// A clock to start.
pub(crate) struct NewClock<'a> {
    /// Name of the rule.
    pub(crate) kind: &'a str,
    /// What has to be done, in Chinese and in English.
    pub(crate) titles: (&'a str, &'a str),
    /// Article it follows.
    pub(crate) basis: &'a str,
    /// When it started.
    pub(crate) started_at: i64,
    /// When it runs out.
    pub(crate) due_at: i64,
}

/// Starts a clock; one that is there already keeps running as it is.
pub(crate) async fn insert(change: &mut Change, object: &ClockObject<'_>, clock: &NewClock<'_>) -> ApiResult<()> {
    let id = change.next("clock").await?;
    let sql = "INSERT INTO clock (id, kind, object_kind, object_id, title_zh, title_en, basis, started_at, due_at,
                                  province, prefecture, county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
               ON CONFLICT (kind, object_kind, object_id) DO NOTHING";
    let (zh, en) = clock.titles;
    let mut values = args![id, clock.kind, object.kind, object.id, zh, en, clock.basis, clock.started_at, clock.due_at];
    values.extend(object.place.values());
    change.execute(sql, values).await?;
    change.notice("clock", &id.to_string(), None, object.place).await?;
    Ok(())
}

/// Stops the clocks of an object, or lets them run again.
pub(crate) async fn set_done(change: &mut Change, kind: &str, id: &str, done_at: Option<i64>) -> ApiResult<()> {
    let sql = "UPDATE clock SET done_at = $1 WHERE object_kind = $2 AND object_id = $3";
    change.execute(sql, args![done_at, kind, id]).await?;
    Ok(())
}

/// The clocks of one object.
pub(crate) async fn of_object(query: &mut impl Query, kind: &str, id: &str, now: i64) -> ApiResult<Vec<ClockView>> {
    let sql = "SELECT * FROM clock WHERE object_kind = $1 AND object_id = $2 ORDER BY due_at, id";
    query.rows(sql, args![kind, id]).await?.iter().map(|row| view(row, now)).collect()
}

/// The running clock of each of some objects that runs out first.
pub(crate) async fn nearest(
    query: &mut impl Query,
    kind: &str,
    ids: &[&str],
    now: i64,
) -> ApiResult<BTreeMap<String, ClockView>> {
    let mut found = BTreeMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let mut values = args![kind];
    values.extend(ids.iter().map(|id| (*id).into()));
    let sql = format!(
        "SELECT * FROM clock WHERE object_kind = $1 AND object_id IN ({}) AND done_at IS NULL ORDER BY due_at DESC, id DESC",
        placeholders(2, ids.len())
    );
    for row in &query.rows(&sql, values).await? {
        found.insert(row.text("object_id")?, view(row, now)?);
    }
    Ok(found)
}

/// Running clocks a scope reaches, nearest first.
pub(crate) async fn running(
    query: &mut impl Query,
    scope: &Scope,
    object_kinds: &[&str],
    now: i64,
) -> ApiResult<Vec<ClockView>> {
    let mut filter = Filter::within(scope, "c");
    filter.and_in("c.object_kind", object_kinds.iter().copied());
    filter.and("c.done_at IS NULL");
    let sql = format!("SELECT c.* FROM clock c WHERE {} ORDER BY c.due_at, c.id LIMIT 20", filter.sql());
    query.rows(&sql, filter.args()).await?.iter().map(|row| view(row, now)).collect()
}

fn view(row: &Row, now: i64) -> ApiResult<ClockView> {
    let (started, due, done) = (row.int("started_at")?, row.int("due_at")?, row.optional_int("done_at")?);
    let at = done.unwrap_or(now);
    // Both are far below 2^52, so that no digit is lost.
    #[allow(clippy::cast_precision_loss, reason = "durations in milliseconds fit 52 bits")]
    let used = (at - started) as f64 / (due - started).max(1) as f64;
    let state = match (done, used) {
        (Some(_), _) => "done",
        (None, used) if used >= 1.0 => "overdue",
        (None, used) if used >= 0.5 => "warning",
        _ => "running",
    };
    Ok(ClockView {
        id: row.int("id")?.to_string(),
        kind: row.text("kind")?,
        object_kind: row.text("object_kind")?,
        object_id: row.text("object_id")?,
        title_zh: row.text("title_zh")?,
        title_en: row.text("title_en")?,
        started_at: time_text(started),
        due_at: time_text(due),
        seconds_left: (due - at).div_euclid(1000),
        fraction_used: (used.max(0.0) * 1000.0).round() / 1000.0,
        state: state.to_owned(),
        basis: row.text("basis")?,
        record: record(row)?,
    })
}

/// How it was done; of clocks that stopped by themselves nothing was written down.
fn record(row: &Row) -> ApiResult<Option<ClockRecord>> {
    let (Some(done), Some(recorded)) = (row.optional_int("done_at")?, row.optional_int("recorded_at")?) else {
        return Ok(None);
    };
    Ok(Some(ClockRecord {
        done_at: time_text(done),
        channel: from_optional_word(row.optional_text("channel")?).unwrap_or(ReportChannel::Other),
        recipient: row.optional_text("recipient")?.unwrap_or_default(),
        note: row.optional_text("record")?.unwrap_or_default(),
        recorded_at: time_text(recorded),
        recorded_by: row.optional_text("recorded_by")?.unwrap_or_default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_law_counts_one_two_and_four_hours() {
        let rules = ClockRules::load().expect("loads");
        let minutes = |operator, grade| -> Vec<i64> {
            rules.matching(ClockStart::Graded, operator, grade).iter().map(|rule| rule.minutes).collect()
        };
        assert_eq!(minutes(OperatorKind::CriticalInfrastructure, IncidentGrade::Larger), [60]);
        assert_eq!(minutes(OperatorKind::StateOrgan, IncidentGrade::Larger), [120]);
        assert_eq!(minutes(OperatorKind::Other, IncidentGrade::Larger), [240]);
        assert_eq!(minutes(OperatorKind::Other, IncidentGrade::Major), [240, 300]);
        assert!(minutes(OperatorKind::Other, IncidentGrade::General).is_empty());
        let closing = rules.matching(ClockStart::Closed, OperatorKind::Other, IncidentGrade::Major);
        assert_eq!(closing[0].minutes, 30 * 24 * 60);
    }

    #[test]
    fn urgent_tasks_get_half_the_time() {
        let rules = ClockRules::load().expect("loads");
        let (sign, due) = rules.task_limits(Some(IncidentGrade::Major), Priority::Normal);
        assert_eq!(rules.task_limits(Some(IncidentGrade::Major), Priority::Urgent), (sign / 2, due / 2));
    }
}
