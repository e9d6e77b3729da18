//! Tasks across tiers: the issuer owns definition, deadline and cancellation, the assignee owns status and reports.
//! The task is a row at the issuer, at every node on the way and at the node that serves the unit; what one side does
//! to its part is told to the others. Away from its issuer a task is named `number@node`, so that it can't be taken for
//! one of the node's own.

use fengsui_relay::tier::{Destination, Envelope};
use fengsui_schema::{TaskState, TaskVerb, UnitCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::inbox::RELAY;
use super::{Draft, Tier, outbox};
use crate::db::{Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::repository::accounts;
use crate::scope::Place;
use crate::state::Change;

/// A task, or one act of its issuer, on the way down.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    number: String,
    unit: String,
    verb: String,
    actor: String,
    text: String,
    title: String,
    instructions: String,
    steps: Value,
    priority: String,
    issuer_unit: String,
    target_address: Option<String>,
    target_asset: Option<String>,
    created_at: i64,
    due_at: i64,
    sign_by: i64,
}

/// One act of the assignee on the way up.
#[derive(Debug, Serialize, Deserialize)]
struct Report {
    number: String,
    verb: String,
    actor: String,
    text: String,
    state: String,
    steps: Value,
}

/// Tells the other side of a task what was done to it here. `id` is the task's row.
pub(crate) async fn tell(change: &mut Change, id: i64, verb: &str, text: &str) -> ApiResult<()> {
    if change.actor().address == RELAY {
        return Ok(());
    }
    let state = change.state().clone();
    let tier = &state.shared().tier;
    let Some(row) = change.row("SELECT * FROM task WHERE id = $1", args![id]).await? else { return Ok(()) };
    let number = row.text("number")?;
    let from_above = number.contains('@');
    let name = if from_above { number } else { format!("{number}@{}", tier.own) };
    let (kind, to, body) = if from_above {
        ("task_result", Destination::Up, serde_json::to_value(report(&row, &name, (verb, text), change)?))
    } else {
        let unit: UnitCode = row.text("unit_code")?.parse().map_err(|error| ApiError::internal(&error))?;
        if tier.registry.read().serving(&unit).is_none() {
            return Ok(());
        }
        let node = unit.as_str().parse().map_err(|error| ApiError::internal(&error))?;
        ("task", Destination::Node(node), serde_json::to_value(order(&row, &name, (verb, text), change)?))
    };
    let body = body.map_err(|error| ApiError::internal(&error))?;
    let obj = if from_above { format!("{name}/{}", tier.own) } else { name };
    outbox::tell(change, Draft::plain(kind, to, obj, body)).await
}

/// `act` is the verb and its text.
fn report(row: &Row, name: &str, act: (&str, &str), change: &Change) -> ApiResult<Report> {
    let actor = change.actor().name.clone();
    let (verb, text) = (act.0.to_owned(), act.1.to_owned());
    Ok(Report { number: name.to_owned(), verb, actor, text, state: row.text("state")?, steps: row.json("steps")? })
}

fn order(row: &Row, name: &str, act: (&str, &str), change: &Change) -> ApiResult<Order> {
    Ok(Order {
        number: name.to_owned(),
        unit: row.text("unit_code")?,
        verb: act.0.to_owned(),
        actor: change.actor().name.clone(),
        text: act.1.to_owned(),
        title: row.text("title")?,
        instructions: row.text("instructions")?,
        steps: row.json("steps")?,
        priority: row.text("priority")?,
        issuer_unit: row.text("issuer_unit")?,
        target_address: row.optional_text("target_address")?,
        target_asset: row.optional_text("target_asset")?,
        created_at: row.int("created_at")?,
        due_at: row.int("due_at")?,
        sign_by: row.int("sign_by")?,
    })
}

/// A task, or an act of its issuer, came from above. False when it can't be understood.
pub(super) async fn ordered(tier: &Tier, change: &mut Change, message: &Envelope, body: &Value) -> ApiResult<bool> {
    let Ok(order) = serde_json::from_value::<Order>(body.clone()) else { return Ok(false) };
    let Ok(unit) = order.unit.parse::<UnitCode>() else { return Ok(false) };
    let below = unit.path().starts_with(&tier.unit.path());
    let named = order.number == message.obj && order.number.ends_with(&format!("@{}", message.origin));
    if !named || !below || !change.state().units().contains(&unit) {
        return Ok(false);
    }
    match row_of(change, &order.number).await? {
        None => insert(change, message, &order, &unit).await?,
        Some(row) => {
            let sql = "UPDATE task SET due_at = $1, title = $2, instructions = $3 WHERE number = $4";
            change.execute(sql, args![order.due_at, &order.title, &order.instructions, &order.number]).await?;
            move_along(change, &row, &order.verb).await?;
        }
    }
    let line = Line { number: &order.number, verb: &order.verb, actor: &order.actor, text: &order.text };
    history(change, message, &line).await?;
    Ok(true)
}

/// An act of the assignee came from below. False when it can't be understood.
pub(super) async fn reported(tier: &Tier, change: &mut Change, message: &Envelope, body: &Value) -> ApiResult<bool> {
    let Ok(mut report) = serde_json::from_value::<Report>(body.clone()) else { return Ok(false) };
    if let Some(own) = report.number.strip_suffix(&format!("@{}", tier.own)) {
        report.number = own.to_owned();
    }
    // A report on a task that a tier between gave is not this node's to follow.
    let Some(row) = row_of(change, &report.number).await? else { return Ok(true) };
    let place = Place::read(&row)?;
    let origin: Result<UnitCode, _> = message.origin.as_str().parse();
    if !origin.is_ok_and(|origin| place.unit().path().starts_with(&origin.path())) {
        return Ok(false);
    }
    // Cancelling beats progress: the state stays, the report is kept.
    move_along(change, &row, &report.verb).await?;
    if report.steps.is_array() {
        let sql = "UPDATE task SET steps = $1 WHERE number = $2";
        change.execute(sql, args![report.steps.to_string(), &report.number]).await?;
    }
    let line = Line { number: &report.number, verb: &report.verb, actor: &report.actor, text: &report.text };
    history(change, message, &line).await?;
    Ok(true)
}

async fn row_of(change: &mut Change, number: &str) -> ApiResult<Option<Row>> {
    Ok(change.row("SELECT * FROM task WHERE number = $1", args![number]).await?)
}

/// Moves the state along when the verb allows it from where the task is.
async fn move_along(change: &mut Change, row: &Row, word: &str) -> ApiResult<()> {
    let verbs = [
        ("sign", TaskVerb::Sign),
        ("progress", TaskVerb::Progress),
        ("submit", TaskVerb::Submit),
        ("return", TaskVerb::Return),
        ("verify", TaskVerb::Verify),
        ("close", TaskVerb::Close),
        ("reopen", TaskVerb::Reopen),
        ("cancel", TaskVerb::Cancel),
    ];
    let verb = verbs.into_iter().find(|(name, _)| *name == word).map(|(_, verb)| verb);
    let state = TaskState::from_word(&row.text("state")?);
    let next = match (verb, state) {
        (Some(verb), Some(state)) => state.after(verb).ok(),
        (None, Some(TaskState::Signed)) if word == "step" => Some(TaskState::Working),
        _ => None,
    };
    let Some(next) = next else { return Ok(()) };
    let (id, now) = (row.int("id")?, change.now());
    change.execute("UPDATE task SET state = $1 WHERE id = $2", args![next.as_str(), id]).await?;
    let column = match verb {
        Some(TaskVerb::Sign) => "signed_at",
        Some(TaskVerb::Submit) => "submitted_at",
        Some(TaskVerb::Close | TaskVerb::Cancel) => "closed_at",
        _ => return Ok(()),
    };
    change.execute(&format!("UPDATE task SET {column} = $1 WHERE id = $2"), args![now, id]).await?;
    if matches!(verb, Some(TaskVerb::Submit | TaskVerb::Cancel)) {
        crate::clocks::set_done(change, "task", &id.to_string(), Some(now)).await?;
    }
    Ok(())
}

/// A line of a task's history.
struct Line<'a> {
    number: &'a str,
    verb: &'a str,
    actor: &'a str,
    text: &'a str,
}

async fn history(change: &mut Change, message: &Envelope, line: &Line<'_>) -> ApiResult<()> {
    let Some(row) = row_of(change, line.number).await? else { return Ok(()) };
    let (task, place) = (row.int("id")?, Place::read(&row)?);
    let id = change.next("task_entry").await?;
    let actor = format!("{}@{}", line.actor.chars().take(64).collect::<String>(), message.origin);
    let text: String = line.text.chars().take(crate::limits::TEXT_CHARACTERS).collect();
    let verb: String = line.verb.chars().take(32).collect();
    let sql = "INSERT INTO task_entry (id, task_id, time, verb, actor, text) VALUES ($1, $2, $3, $4, $5, $6)";
    change.execute(sql, args![id, task, message.ts, verb, actor, text]).await?;
    let revision = change.notice("task", &task.to_string(), None, &place).await?;
    change.execute("UPDATE task SET revision = $1 WHERE id = $2", args![revision, task]).await?;
    Ok(())
}

/// A task of an upper tier becomes a task here.
async fn insert(change: &mut Change, message: &Envelope, order: &Order, unit: &UnitCode) -> ApiResult<()> {
    let issuer = accounts::of_node(change, &message.origin).await?;
    let id = change.next("task").await?;
    let place = Place::of(unit);
    let known: Result<UnitCode, _> = order.issuer_unit.parse();
    let issuer_unit = known.ok().filter(|unit| change.state().units().contains(unit));
    let issuer_unit = issuer_unit.map_or_else(|| message.origin.to_string(), String::from);
    let mut values = args![
        id,
        &order.number,
        &order.title,
        &order.instructions,
        order.steps.to_string(),
        &order.priority,
        issuer,
        issuer_unit,
        order.target_address.clone(),
        order.target_asset.clone(),
        order.created_at,
        order.due_at,
        order.sign_by,
    ];
    values.extend(place.values());
    let sql = "INSERT INTO task (id, number, title, instructions, steps, priority, issuer_id, issuer_unit,
                   target_address, target_asset, created_at, due_at, sign_by, province, prefecture, county, unit_code,
                   state, revision)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'new', 0)";
    change.execute(sql, values).await?;
    let object = crate::clocks::ClockObject { kind: "task", id: &id.to_string(), place: &place };
    let clock = crate::clocks::NewClock {
        kind: "task_due",
        titles: (&order.title, &order.title),
        basis: "处置任务时限（上级下发）",
        started_at: order.created_at,
        due_at: order.due_at,
    };
    crate::clocks::insert(change, &object, &clock).await?;
    Ok(())
}
