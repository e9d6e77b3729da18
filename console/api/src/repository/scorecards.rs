//! Scorecards: how units worked in a time, from tasks, inspections and controls.

use std::collections::BTreeMap;

use fengsui_schema::{Tier, UnitCode};

use crate::catalogues;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::SCORECARD_TASKS;
use crate::scope::Scope;
use crate::state::{AppState, time_text};
use crate::wire::{ScorePart, ScorecardRow, Scorecards};

#[derive(Default)]
struct Work {
    tasks: i64,
    sign_decided: i64,
    signed_in_time: i64,
    finish_decided: i64,
    finished_in_time: i64,
    sign_minutes: Vec<i64>,
    finish_minutes: Vec<i64>,
    inspections: i64,
    inspections_decided: i64,
    inspections_in_time: i64,
    controls: i64,
    controls_met: i64,
    expected: i64,
    attended: i64,
    called: i64,
    reached: i64,
}

/// Scorecards of the units of a tier that a scope reaches from one time to another (milliseconds), best first; units with nothing to measure come last.
pub(crate) async fn of_tier(
    state: &AppState,
    scope: &Scope,
    tier: Tier,
    (from, to): (i64, i64),
) -> ApiResult<Scorecards> {
    let column = match tier {
        Tier::Prefecture => "prefecture",
        Tier::County => "county",
        Tier::Province => return Err(ApiError::invalid("tier", "取值不合法", "is prefecture or county")),
    };
    let mut works: BTreeMap<UnitCode, Work> = state
        .units()
        .within(scope)
        .filter(|unit| unit.tier() == tier && unit.as_str().len() == 6)
        .map(|unit| (unit.clone(), Work::default()))
        .collect();
    let mut db = state.db();
    let span = Span { scope, column, from, to, now: state.now() };
    add_tasks(&mut db, &span, &mut works).await?;
    add_inspections(&mut db, &span, &mut works).await?;
    add_trainings(&mut db, &span, &mut works).await?;
    add_calls(&mut db, &span, &mut works).await?;
    add_controls(&mut db, scope, column, &mut works).await?;
    let mut items: Vec<ScorecardRow> = works.iter().map(|(unit, work)| row_of(state, unit, work)).collect();
    rank(&mut items);
    let parts = catalogues::parts().iter().map(|part| ScorePart {
        name: part.name.clone(),
        title_zh: part.title_zh.clone(),
        title_en: part.title_en.clone(),
        weight: part.weight,
    });
    Ok(Scorecards { from: time_text(from), to: time_text(to), parts: parts.collect(), items })
}

fn work_of<'a>(works: &'a mut BTreeMap<UnitCode, Work>, code: &str) -> Option<&'a mut Work> {
    works.get_mut(&code.parse::<UnitCode>().ok()?)
}

/// What happened in a stretch of time, by unit of a tier, and what its deadlines are held against.
struct Span<'a> {
    scope: &'a Scope,
    /// Column that names the unit.
    column: &'static str,
    from: i64,
    to: i64,
    now: i64,
}

impl Span<'_> {
    /// The rows of some tables under `x`, with the unit and more columns; `begun` is the column that says when they began.
    async fn rows(
        &self,
        query: &mut impl Query,
        (columns, tables): (&str, &str),
        begun: &str,
        condition: &str,
    ) -> ApiResult<Vec<Row>> {
        let mut filter = Filter::within(self.scope, "x");
        filter.and_with(&format!("{begun} >= ? AND {begun} < ?"), args![self.from, self.to]);
        filter.and(condition);
        let sql = format!(
            "SELECT x.{} AS unit, {columns} FROM {tables} WHERE {} ORDER BY {begun} DESC LIMIT {SCORECARD_TASKS}",
            self.column,
            filter.sql()
        );
        Ok(query.rows(&sql, filter.args()).await?)
    }

    /// Whether a deadline has been decided, and whether it was kept.
    fn judge(&self, done: Option<i64>, by: i64) -> (i64, i64) {
        (i64::from(done.is_some() || by < self.now), i64::from(done.is_some_and(|at| at <= by)))
    }
}

async fn add_tasks(query: &mut impl Query, span: &Span<'_>, works: &mut BTreeMap<UnitCode, Work>) -> ApiResult<()> {
    let columns = "x.created_at, x.sign_by, x.signed_at, x.due_at, x.submitted_at";
    for row in span.rows(query, (columns, "task x"), "x.created_at", "x.state <> 'cancelled'").await? {
        let Some(work) = work_of(works, &row.text("unit")?) else { continue };
        let (created, signed) = (row.int("created_at")?, row.optional_int("signed_at")?);
        let submitted = row.optional_int("submitted_at")?;
        let (decided, in_time) = span.judge(signed, row.int("sign_by")?);
        (work.sign_decided, work.signed_in_time) = (work.sign_decided + decided, work.signed_in_time + in_time);
        let (decided, in_time) = span.judge(submitted, row.int("due_at")?);
        (work.finish_decided, work.finished_in_time) = (work.finish_decided + decided, work.finished_in_time + in_time);
        work.tasks += 1;
        work.sign_minutes.extend(signed.map(|at| (at - created) / 60_000));
        work.finish_minutes.extend(submitted.map(|at| (at - created) / 60_000));
    }
    Ok(())
}

async fn add_inspections(
    query: &mut impl Query,
    span: &Span<'_>,
    works: &mut BTreeMap<UnitCode, Work>,
) -> ApiResult<()> {
    let tables = "inspection x JOIN campaign c ON c.id = x.campaign_id";
    for row in span.rows(query, ("x.answered_at, c.due_at", tables), "c.created_at", "1 = 1").await? {
        let Some(work) = work_of(works, &row.text("unit")?) else { continue };
        let (decided, in_time) = span.judge(row.optional_int("answered_at")?, row.int("due_at")?);
        work.inspections += 1;
        work.inspections_decided += decided;
        work.inspections_in_time += in_time;
    }
    Ok(())
}

async fn add_trainings(query: &mut impl Query, span: &Span<'_>, works: &mut BTreeMap<UnitCode, Work>) -> ApiResult<()> {
    for row in span.rows(query, ("x.expected, x.attended", "training x"), "x.held_at", "1 = 1").await? {
        let Some(work) = work_of(works, &row.text("unit")?) else { continue };
        work.expected += row.int("expected")?;
        work.attended += row.int("attended")?;
    }
    Ok(())
}

async fn add_calls(query: &mut impl Query, span: &Span<'_>, works: &mut BTreeMap<UnitCode, Work>) -> ApiResult<()> {
    let of = ("x.reached", "contact_call x");
    for row in span.rows(query, of, "x.called_at", "x.reached IS NOT NULL").await? {
        let Some(work) = work_of(works, &row.text("unit")?) else { continue };
        work.called += 1;
        work.reached += row.int("reached")?;
    }
    Ok(())
}

async fn add_controls(
    query: &mut impl Query,
    scope: &Scope,
    column: &'static str,
    works: &mut BTreeMap<UnitCode, Work>,
) -> ApiResult<()> {
    let filter = Filter::within(scope, "s");
    let sql = format!(
        "SELECT s.{column} AS unit, s.state, COUNT(*) AS n FROM control_state s WHERE {} GROUP BY s.{column}, s.state",
        filter.sql()
    );
    for row in query.rows(&sql, filter.args()).await? {
        let Some(work) = work_of(works, &row.text("unit")?) else { continue };
        let (state, count) = (row.text("state")?, row.int("n")?);
        if state != "not_applicable" {
            work.controls += count;
            work.controls_met += if state == "met" { count } else { 0 };
        }
    }
    Ok(())
}

/// The middle value, the lower one of two.
fn median(values: &[i64]) -> Option<i64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

/// The weighted mean of the parts that have something to measure, times 100, one decimal.
fn score_of(work: &Work) -> Option<f64> {
    let measured = |name: &str| match name {
        "signed_in_time" => (work.signed_in_time, work.sign_decided),
        "finished_in_time" => (work.finished_in_time, work.finish_decided),
        "inspections_answered" => (work.inspections_in_time, work.inspections_decided),
        "controls_met" => (work.controls_met, work.controls),
        "trained" => (work.attended, work.expected),
        "reached" => (work.reached, work.called),
        _ => (0, 0),
    };
    let (mut sum, mut weights) = (0.0, 0.0);
    for part in catalogues::parts() {
        let (good, of) = measured(&part.name);
        if of > 0 {
            // Counts are far below 2^52.
            #[allow(clippy::cast_precision_loss, reason = "counts of tasks fit 52 bits")]
            let fraction = good as f64 / of as f64;
            sum += part.weight * fraction;
            weights += part.weight;
        }
    }
    (weights > 0.0).then(|| (sum / weights * 1000.0).round() / 10.0)
}

fn row_of(state: &AppState, unit: &UnitCode, work: &Work) -> ScorecardRow {
    ScorecardRow {
        unit: state.units().reference(unit),
        tasks: work.tasks,
        signed_in_time: work.signed_in_time,
        median_sign_minutes: median(&work.sign_minutes),
        median_finish_minutes: median(&work.finish_minutes),
        finished_in_time: work.finished_in_time,
        overdue: work.finish_decided - work.finished_in_time,
        inspections: work.inspections,
        inspections_in_time: work.inspections_in_time,
        controls: work.controls,
        controls_met: work.controls_met,
        training_expected: work.expected,
        training_attended: work.attended,
        calls: work.called,
        calls_reached: work.reached,
        score: score_of(work),
        rank: None,
    }
}

/// Best first; equal scores share a rank.
fn rank(items: &mut [ScorecardRow]) {
    let key = |row: &ScorecardRow| row.score.unwrap_or(-1.0);
    items.sort_by(|a, b| key(b).total_cmp(&key(a)).then_with(|| a.unit.code.cmp(&b.unit.code)));
    let mut last = (None, 0);
    for (row, place) in items.iter_mut().zip(1_i64..) {
        if row.score.is_none() {
            break;
        }
        if row.score != last.0 {
            last = (row.score, place);
        }
        row.rank = Some(last.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_measured_counts() {
        assert_eq!(score_of(&Work::default()), None);
        let work = Work { finish_decided: 4, finished_in_time: 3, ..Work::default() };
        assert_eq!(score_of(&work), Some(75.0));
        let work = Work { sign_decided: 1, finish_decided: 4, finished_in_time: 4, ..Work::default() };
        assert_eq!(score_of(&work), Some(58.3), "35 of 60 points");
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(
            (median(&[]), median(&[5]), median(&[9, 1, 5]), median(&[1, 2, 3, 4])),
            (None, Some(5), Some(5), Some(2))
        );
    }
}
