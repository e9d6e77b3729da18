//! Emergency plans (预案) as check lists, and their activations in drills and in earnest.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fengsui_schema::{Timestamp, UnitCode};
use serde::Deserialize;

use super::incident_acts::{self, Line};
use super::warnings::units_above;
use crate::access::Caller;
use crate::check;
use crate::db::{Filter, Query, Row, args, placeholders};
use crate::error::{ApiError, ApiResult};
use crate::limits::{ACTIVATIONS_SHOWN, PLAN_STEPS, PLANS_SHOWN};
use crate::scope::Place;
use crate::state::{AppState, Change, time_text};
use crate::wire::{
    ActivationKind, ActivationRow, ActivationStep, ActivationStepChange, NewActivation, NewPlan, PlanList, PlanRow,
    PlanStep, PlanTemplate, ResponseLevel,
};
use crate::words::{from_word, word_of};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Templates {
    plan: Vec<PlanTemplate>,
}

// A file that does not parse would leave the templates out; a test reads it, so that it can't be shipped.
static TEMPLATES: LazyLock<Vec<PlanTemplate>> = LazyLock::new(|| {
    let text = include_str!("../../../../rules/compliance/plans.toml");
    toml::from_str::<Templates>(text).map(|templates| templates.plan).unwrap_or_default()
});

/// Plans that somebody may see: those of units within reach and of the units above their own.
fn visible(caller: &Caller) -> Filter {
    let mut filter = Filter::within(&caller.scope, "p");
    filter.or_in("p.unit_code", units_above(&caller.identity.unit).iter().map(UnitCode::as_str));
    filter.and("p.retired_at IS NULL");
    filter
}

/// Plans, activations and templates.
pub(crate) async fn list(state: &AppState, caller: &Caller) -> ApiResult<PlanList> {
    let filter = visible(caller);
    let sql = format!("SELECT p.* FROM plan p WHERE {} ORDER BY p.unit_code, p.id LIMIT {PLANS_SHOWN}", filter.sql());
    let mut db = state.db();
    let drilled = drilled(&mut db, caller).await?;
    let rows = db.rows(&sql, filter.args()).await?;
    let items = rows.iter().map(|row| read(state, caller, row, &drilled)).collect::<ApiResult<Vec<_>>>()?;
    let filter = Filter::within(&caller.scope, "a");
    let activations = activations(state, caller, &filter).await?;
    Ok(PlanList { items, activations, templates: TEMPLATES.clone() })
}

/// One plan.
pub(crate) async fn show(state: &AppState, caller: &Caller, id: i64) -> ApiResult<PlanRow> {
    let mut filter = visible(caller);
    filter.and_with("p.id = ?", args![id]);
    let sql = format!("SELECT p.* FROM plan p WHERE {}", filter.sql());
    let mut db = state.db();
    let row = db.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    let drilled = drilled(&mut db, caller).await?;
    read(state, caller, &row, &drilled)
}

/// When each plan was drilled last by units within reach.
async fn drilled(query: &mut impl Query, caller: &Caller) -> ApiResult<BTreeMap<i64, i64>> {
    let filter = Filter::within(&caller.scope, "a");
    let sql = format!(
        "SELECT a.plan_id, MAX(a.started_at) AS at FROM plan_activation a WHERE {} AND a.kind = 'drill' GROUP BY a.plan_id",
        filter.sql()
    );
    query.rows(&sql, filter.args()).await?.iter().map(|row| Ok((row.int("plan_id")?, row.int("at")?))).collect()
}

fn read(state: &AppState, caller: &Caller, row: &Row, drilled: &BTreeMap<i64, i64>) -> ApiResult<PlanRow> {
    let (id, place) = (row.int("id")?, Place::read(row)?);
    let writes = caller.grant("plan.write").is_some_and(|scope| scope.reaches(place.unit()));
    let activates = caller.grant("plan.activate").is_some();
    let words = [(writes, "revise"), (activates, "activate")];
    Ok(PlanRow {
        id: id.to_string(),
        number: row.text("number")?,
        title: row.text("title")?,
        scenario: row.text("scenario")?,
        unit: state.units().reference(place.unit()),
        version: row.int("version")?,
        steps: steps_of(row)?,
        updated_at: time_text(row.int("updated_at")?),
        updated_by: row.text("updated_by")?,
        drilled_at: drilled.get(&id).copied().map(time_text),
        allowed: words.into_iter().filter(|(may, _)| *may).map(|(_, word)| word.to_owned()).collect(),
    })
}

fn steps_of(row: &Row) -> ApiResult<Vec<PlanStep>> {
    serde_json::from_str(&row.text("steps")?).map_err(|error| ApiError::internal(&error))
}

/// A plan whose texts were checked.
struct Checked {
    title: String,
    scenario: String,
    steps: String,
}

fn checked(new: &NewPlan) -> ApiResult<Checked> {
    let (title, scenario) = (check::title(&new.title)?, check::short("scenario", &new.scenario)?);
    if new.steps.is_empty() || new.steps.len() > PLAN_STEPS {
        let zh = format!("预案须有1至{PLAN_STEPS}个步骤");
        return Err(ApiError::invalid("steps", zh, &format!("has not 1 to {PLAN_STEPS} steps")));
    }
    let step = |step: &PlanStep| {
        Ok(PlanStep {
            phase: check::short("steps", &step.phase)?,
            text: check::short("steps", &step.text)?,
            who: check::short("steps", &step.who)?,
        })
    };
    let steps = new.steps.iter().map(step).collect::<ApiResult<Vec<_>>>()?;
    let steps = serde_json::to_string(&steps).map_err(|error| ApiError::internal(&error))?;
    Ok(Checked { title, scenario, steps })
}

/// Adds a plan of the caller's unit; its number in the database.
pub(crate) async fn create(change: &mut Change, caller: &Caller, new: &NewPlan) -> ApiResult<i64> {
    let Checked { title, scenario, steps } = checked(new)?;
    let (id, now) = (change.next("plan").await?, change.now());
    let year: String = Timestamp::from_millis(now).day().chars().take(4).collect();
    let of_year = change.next(&format!("plan-{year}")).await?;
    let by = &caller.identity.display_name;
    let mut values = args![id, format!("Y{year}-{of_year:04}"), title, scenario, steps, now, by];
    values.extend(Place::of(&caller.identity.unit).values());
    let sql =
        "INSERT INTO plan (id, number, title, scenario, steps, version, updated_at, updated_by, province, prefecture,
                   county, unit_code)
               VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9, $10, $11)";
    change.execute(sql, values).await?;
    Ok(id)
}

/// The plan of an id that the caller may revise.
async fn held(change: &mut Change, caller: &Caller, id: i64) -> ApiResult<Row> {
    let mut filter = Filter::of_one(&caller.scope, "p", id);
    filter.and("p.retired_at IS NULL");
    let sql = format!("SELECT p.* FROM plan p WHERE {}", filter.sql());
    change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)
}

/// Revises a plan; activations that run keep their steps.
pub(crate) async fn revise(change: &mut Change, caller: &Caller, id: i64, new: &NewPlan) -> ApiResult<()> {
    held(change, caller, id).await?;
    let Checked { title, scenario, steps } = checked(new)?;
    let (now, by) = (change.now(), &caller.identity.display_name);
    let sql = "UPDATE plan SET title = $1, scenario = $2, steps = $3, version = version + 1, updated_at = $4,
                   updated_by = $5 WHERE id = $6";
    change.execute(sql, args![title, scenario, steps, now, by, id]).await?;
    Ok(())
}

/// Takes a plan out of the library.
pub(crate) async fn retire(change: &mut Change, caller: &Caller, id: i64) -> ApiResult<()> {
    held(change, caller, id).await?;
    let now = change.now();
    change.execute("UPDATE plan SET retired_at = $1 WHERE id = $2", args![now, id]).await?;
    Ok(())
}

/// Activates a plan for the caller's unit; the number of the activation. The timeline of its incident tells of it.
pub(crate) async fn activate(change: &mut Change, caller: &Caller, id: i64, new: &NewActivation) -> ApiResult<i64> {
    let reason = check::reason(&new.reason)?;
    let mut filter = visible(caller);
    filter.and_with("p.id = ?", args![id]);
    let sql = format!("SELECT p.* FROM plan p WHERE {}", filter.sql());
    let plan = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    let incident = match new.incident_id.as_deref().filter(|id| !id.is_empty()) {
        None => None,
        Some(incident) => {
            let scope = caller.grant("incident.read").ok_or_else(ApiError::forbidden)?;
            Some(incident_acts::held(change, &scope, incident).await?)
        }
    };
    let (activation, now) = (change.next("plan_activation").await?, change.now());
    let (title, level) = (plan.text("title")?, word_of(&new.level));
    let mut values = args![activation, id, plan.int("version")?, &title, word_of(&new.kind), &level, &reason];
    values.extend(args![incident.as_ref().map(|incident| incident.id.as_str()), now, &caller.identity.display_name]);
    values.extend(Place::of(&caller.identity.unit).values());
    let sql = "INSERT INTO plan_activation (id, plan_id, version, title, kind, level, reason, incident_id, started_at,
                   started_by, summary, province, prefecture, county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', $11, $12, $13, $14)";
    change.execute(sql, values).await?;
    for (step, index) in steps_of(&plan)?.iter().zip(0_i64..) {
        let sql = "INSERT INTO plan_activation_step (activation_id, step, phase, text, who, note)
                   VALUES ($1, $2, $3, $4, $5, '')";
        change.execute(sql, args![activation, index, &step.phase, &step.text, &step.who]).await?;
    }
    if let Some(incident) = incident {
        let numeral = level.to_uppercase();
        let (zh, en) = match new.kind {
            ActivationKind::Real => ("启动", "activated"),
            ActivationKind::Drill => ("演练", "drilled"),
        };
        let line = Line {
            kind: "plan",
            zh: format!("{zh}预案“{title}”，{numeral}级响应"),
            en: format!("{en} the plan {title}, response level {numeral}"),
        };
        incident_acts::note(change, &incident.id, &incident.place, line).await?;
    }
    Ok(activation)
}

/// One activation.
pub(crate) async fn activation(state: &AppState, caller: &Caller, id: i64) -> ApiResult<ActivationRow> {
    let filter = Filter::of_one(&caller.scope, "a", id);
    activations(state, caller, &filter).await?.into_iter().next().ok_or_else(ApiError::not_found)
}

async fn activations(state: &AppState, caller: &Caller, filter: &Filter) -> ApiResult<Vec<ActivationRow>> {
    let mut db = state.db();
    let sql = format!(
        "SELECT a.* FROM plan_activation a WHERE {}
         ORDER BY CASE WHEN a.ended_at IS NULL THEN 0 ELSE 1 END, a.id DESC LIMIT {ACTIVATIONS_SHOWN}",
        filter.sql()
    );
    let rows = db.rows(&sql, filter.args()).await?;
    let ids = rows.iter().map(|row| row.int("id")).collect::<Result<Vec<_>, _>>()?;
    let mut steps = steps_done(&mut db, &ids).await?;
    let read = |row: &Row| -> ApiResult<ActivationRow> {
        let (id, place) = (row.int("id")?, Place::read(row)?);
        let ended_at = row.optional_int("ended_at")?.map(time_text);
        let works = caller.grant("plan.activate").is_some_and(|scope| scope.reaches(place.unit()));
        Ok(ActivationRow {
            id: id.to_string(),
            plan_id: row.int("plan_id")?.to_string(),
            version: row.int("version")?,
            title: row.text("title")?,
            kind: from_word(&row.text("kind")?).unwrap_or(ActivationKind::Drill),
            level: from_word(&row.text("level")?).unwrap_or(ResponseLevel::Iv),
            reason: row.text("reason")?,
            incident_id: row.optional_text("incident_id")?,
            unit: state.units().reference(place.unit()),
            started_at: time_text(row.int("started_at")?),
            started_by: row.text("started_by")?,
            may_work: works && ended_at.is_none(),
            ended_at,
            summary: row.text("summary")?,
            steps: steps.remove(&id).unwrap_or_default(),
        })
    };
    rows.iter().map(read).collect()
}

async fn steps_done(query: &mut impl Query, ids: &[i64]) -> ApiResult<BTreeMap<i64, Vec<ActivationStep>>> {
    let mut found = BTreeMap::<i64, Vec<ActivationStep>>::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let sql = format!(
        "SELECT s.* FROM plan_activation_step s WHERE s.activation_id IN ({}) ORDER BY s.activation_id, s.step",
        placeholders(1, ids.len())
    );
    for row in &query.rows(&sql, ids.iter().map(|id| (*id).into()).collect()).await? {
        found.entry(row.int("activation_id")?).or_default().push(ActivationStep {
            index: row.int("step")?,
            phase: row.text("phase")?,
            text: row.text("text")?,
            who: row.text("who")?,
            done_by: row.optional_text("done_by")?,
            done_at: row.optional_int("done_at")?.map(time_text),
            note: row.text("note")?,
        });
    }
    Ok(found)
}

/// An activation within reach that runs.
async fn running(change: &mut Change, caller: &Caller, id: i64) -> ApiResult<()> {
    let filter = Filter::of_one(&caller.scope, "a", id);
    let sql = format!("SELECT a.ended_at FROM plan_activation a WHERE {}", filter.sql());
    let row = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    match row.optional_int("ended_at")? {
        None => Ok(()),
        Some(_) => Err(ApiError::conflict("该次启动已结束", "the activation has ended")),
    }
}

/// Ticks a step, or takes that back.
pub(crate) async fn tick(change: &mut Change, caller: &Caller, id: i64, sent: &ActivationStepChange) -> ApiResult<()> {
    running(change, caller, id).await?;
    let note = check::optional_body("note", sent.note.as_deref())?;
    let (by, at) = (sent.done.then(|| caller.identity.display_name.clone()), sent.done.then(|| change.now()));
    let sql =
        "UPDATE plan_activation_step SET done_by = $1, done_at = $2, note = $3 WHERE activation_id = $4 AND step = $5";
    if change.execute(sql, args![by, at, note, id, sent.step]).await? == 0 {
        return Err(ApiError::not_found());
    }
    Ok(())
}

/// Ends an activation with what it came to.
pub(crate) async fn end(change: &mut Change, caller: &Caller, id: i64, summary: &str) -> ApiResult<()> {
    running(change, caller, id).await?;
    let (summary, now) = (check::body("text", summary)?, change.now());
    let sql = "UPDATE plan_activation SET ended_at = $1, summary = $2 WHERE id = $3";
    change.execute(sql, args![now, summary, id]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_a_plan_that_people_could_write() {
        assert!(TEMPLATES.len() >= 5, "{} templates were read", TEMPLATES.len());
        for PlanTemplate { title, scenario, steps } in TEMPLATES.iter().cloned() {
            let new = NewPlan { title, scenario, steps };
            assert!(checked(&new).is_ok(), "{}", new.title);
        }
    }
}
