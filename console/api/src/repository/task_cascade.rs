//! Tasks between the tiers: divided among the units below, handed on, urged.

use fengsui_schema::{TaskState, TaskVerb, Timestamp, UnitCode};

use super::task_acts::{self, HeldTask, note};
use super::tasks::steps_of;
use crate::access::Caller;
use crate::check;
use crate::clocks::{self, ClockObject, NewClock};
use crate::db::args;
use crate::error::{ApiError, ApiResult};
use crate::limits::DISPATCH_UNITS;
use crate::scope::{Place, Scope};
use crate::state::Change;
use crate::wire::{StepView, TaskDivision, TaskForward};

/// Time between two urges of one task.
const URGE_MILLIS: i64 = 10 * 60 * 1000;

fn below(change: &Change, scope: &Scope, task: &HeldTask, code: &str) -> ApiResult<UnitCode> {
    let unit = check::unit("units", code)?;
    let known = scope.reaches(&unit) && change.state().units().contains(&unit);
    let under = unit.path().starts_with(&task.place.unit().path()) && unit != *task.place.unit();
    if known && under {
        return Ok(unit);
    }
    Err(ApiError::invalid("units", "只能选择承办单位的下级单位", "is not below the unit of the task"))
}

/// Divides a task among units below its own; the division signs for it when nobody has.
pub(crate) async fn divide(
    change: &mut Change,
    caller: &Caller,
    task: &HeldTask,
    sent: &TaskDivision,
) -> ApiResult<()> {
    task.must_be_with_assignee()?;
    if sent.units.is_empty() || sent.units.len() > DISPATCH_UNITS {
        return Err(ApiError::invalid("units", "请选择1至200个单位", "names 1 to 200 units"));
    }
    let mut units =
        sent.units.iter().map(|code| below(change, &caller.scope, task, code)).collect::<ApiResult<Vec<_>>>()?;
    units.sort();
    units.dedup();
    let due = check::optional_time("due_at", sent.due_at.as_deref())?.unwrap_or(task.due_at);
    if due <= change.now() || due > task.due_at {
        return Err(ApiError::invalid(
            "due_at",
            "期限须晚于现在且不晚于原任务期限",
            "is past, or after the task's own deadline",
        ));
    }
    let words = check::optional_body("instructions", Some(&sent.instructions))?;
    if task.state == TaskState::New {
        task_acts::act(change, task, TaskVerb::Sign, "").await?;
    }
    for unit in &units {
        insert(change, caller, task, unit, (&words, due)).await?;
    }
    let names: Vec<String> = units.iter().map(|unit| change.state().units().name(unit)).collect();
    note(change, task, "divide", &names.join("、")).await?;
    Ok(())
}

async fn insert(
    change: &mut Change,
    caller: &Caller,
    parent: &HeldTask,
    unit: &UnitCode,
    (words, due): (&str, i64),
) -> ApiResult<()> {
    let (id, now) = (change.next("task").await?, change.now());
    let year: String = Timestamp::from_millis(now).day().chars().take(4).collect();
    let of_year = change.next(&format!("task-{year}")).await?;
    let open = |step: StepView| StepView { done: false, ..step };
    let steps: Vec<StepView> = steps_of(&parent.row)?.into_iter().map(open).collect();
    let title = parent.row.text("title")?;
    let instructions = if words.is_empty() { parent.row.text("instructions")? } else { words.to_owned() };
    let sign_by = parent.row.int("sign_by")?.max(now + (due - now) / 4).min(due);
    let mut values = args![
        id,
        format!("R{year}-{of_year:06}"),
        &title,
        instructions,
        serde_json::to_string(&steps).map_err(|error| ApiError::internal(&error))?,
        parent.row.text("priority")?,
        caller.identity.account,
        caller.identity.unit.as_str(),
        parent.row.optional_text("incident_id")?,
        parent.row.optional_text("target_address")?,
        parent.row.optional_text("target_asset")?,
        now,
        due,
        sign_by,
        parent.id
    ];
    let place = Place::of(unit);
    values.extend(place.values());
    let sql = "INSERT INTO task (id, number, title, instructions, steps, priority, issuer_id, issuer_unit, incident_id,
                   target_address, target_asset, created_at, due_at, sign_by, parent_id, province, prefecture, county,
                   unit_code, state, revision)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 'new', 0)";
    change.execute(sql, values).await?;
    let clock = NewClock {
        kind: "task_due",
        titles: (&title, &title),
        basis: "处置任务时限（不晚于上级任务期限）",
        started_at: now,
        due_at: due,
    };
    clocks::insert(change, &ClockObject { kind: "task", id: &id.to_string(), place: &place }, &clock).await?;
    let child = task_acts::held(change, &Scope::unit(unit), &id.to_string()).await?;
    note(change, &child, "dispatch", &title).await?;
    Ok(())
}

/// Hands a task that nobody signed for on to a unit below.
pub(crate) async fn forward(
    change: &mut Change,
    caller: &Caller,
    task: &HeldTask,
    sent: &TaskForward,
) -> ApiResult<()> {
    let reason = check::reason(&sent.reason)?;
    if task.state != TaskState::New {
        return Err(ApiError::conflict(
            "已签收的任务不能转派，可分解给下级",
            "a signed task is not handed on; divide it",
        ));
    }
    let unit = below(change, &caller.scope, task, &sent.unit)?;
    let name = change.state().units().name(&unit);
    note(change, task, "forward", &format!("{name}：{reason}")).await?;
    let place = Place::of(&unit);
    let mut values = args![task.id];
    values.extend(place.values());
    let sql = "UPDATE task SET province = $2, prefecture = $3, county = $4, unit_code = $5 WHERE id = $1";
    change.execute(sql, values).await?;
    let mut values = args![task.id.to_string()];
    values.extend(place.values());
    let sql = "UPDATE clock SET province = $2, prefecture = $3, county = $4, unit_code = $5
               WHERE object_kind = 'task' AND object_id = $1";
    change.execute(sql, values).await?;
    change.notice("task", &task.id.to_string(), None, &place).await?;
    Ok(())
}

/// Urges the assignee; not more often than every ten minutes.
pub(crate) async fn urge(change: &mut Change, task: &HeldTask, text: &str) -> ApiResult<()> {
    task.must_be_with_assignee()?;
    let now = change.now();
    let before = task.row.optional_int("urged_at")?;
    if before.is_some_and(|at| now - at < URGE_MILLIS) {
        return Err(ApiError::limited("十分钟内已督办过，请稍后再试", "was urged within the last ten minutes"));
    }
    let sql = "UPDATE task SET urged_at = $1, urged_times = urged_times + 1 WHERE id = $2";
    change.execute(sql, args![now, task.id]).await?;
    note(change, task, "urge", text).await?;
    Ok(())
}
