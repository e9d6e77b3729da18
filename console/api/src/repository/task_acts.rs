//! What issuers and assignees do to tasks.

use fengsui_crypto::sm3;
use fengsui_schema::{TaskState, TaskVerb, Timestamp, UnitCode};

use super::incident_acts::{self, HeldIncident, Line};
use super::tasks::{find, steps_of};
use crate::access::Caller;
use crate::check;
use crate::clocks::{self, ClockObject, NewClock};
use crate::db::{Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{ATTACHMENTS_PER_TASK, DISPATCH_UNITS, TASK_STEPS};
use crate::scope::{Place, Scope};
use crate::state::{Change, time_text};
use crate::wire::{ExtensionView, NewTasks, Priority, StepView};
use crate::words::word_of;

/// A task as acts see it.
pub(crate) struct HeldTask {
    pub(crate) id: i64,
    pub(crate) number: String,
    pub(crate) place: Place,
    pub(super) state: TaskState,
    issuer_unit: String,
    incident: Option<String>,
    pub(super) due_at: i64,
    pub(super) row: Row,
}

/// The task of an id that a scope reaches.
pub(crate) async fn held(query: &mut impl Query, scope: &Scope, id: &str) -> ApiResult<HeldTask> {
    let row = find(query, scope, check::number_id(id)?).await?;
    Ok(HeldTask {
        id: row.int("id")?,
        number: row.text("number")?,
        place: Place::read(&row)?,
        state: TaskState::from_word(&row.text("state")?).unwrap_or(TaskState::Cancelled),
        issuer_unit: row.text("issuer_unit")?,
        incident: row.optional_text("incident_id")?,
        due_at: row.int("due_at")?,
        row,
    })
}

impl HeldTask {
    /// Only the unit that issued a task gives the verdict.
    pub(crate) fn must_be_issued_by(&self, caller: &Caller) -> ApiResult<()> {
        if self.issuer_unit == caller.identity.unit.as_str() { Ok(()) } else { Err(ApiError::forbidden()) }
    }

    pub(super) fn must_be_with_assignee(&self) -> ApiResult<()> {
        let fits = matches!(self.state, TaskState::New | TaskState::Signed | TaskState::Working);
        if fits { Ok(()) } else { Err(wrong_state()) }
    }
}

fn wrong_state() -> ApiError {
    ApiError::conflict("任务当前状态不允许此操作", "the task's state does not allow this")
}

/// Writes a line of the history and tells the streams; the number of the line.
pub(super) async fn note(change: &mut Change, task: &HeldTask, verb: &str, text: &str) -> ApiResult<i64> {
    let id = change.next("task_entry").await?;
    let (now, actor) = (change.now(), change.actor().name.clone());
    let sql = "INSERT INTO task_entry (id, task_id, time, verb, actor, text) VALUES ($1, $2, $3, $4, $5, $6)";
    change.execute(sql, args![id, task.id, now, verb, actor, text]).await?;
    let revision = change.notice("task", &task.id.to_string(), None, &task.place).await?;
    change.execute("UPDATE task SET revision = $1 WHERE id = $2", args![revision, task.id]).await?;
    crate::tier::tell_task(change, task.id, verb, text).await?;
    Ok(id)
}

/// Words of a verb for the timeline of the incident.
const fn verb_words(verb: TaskVerb) -> (&'static str, &'static str, &'static str) {
    match verb {
        TaskVerb::Sign => ("sign", "签收任务", "signed for task"),
        TaskVerb::Progress => ("progress", "反馈任务进展", "reported progress of task"),
        TaskVerb::Submit => ("submit", "提交任务", "submitted task"),
        TaskVerb::Return => ("return", "退回任务", "sent back task"),
        TaskVerb::Verify => ("verify", "核验任务", "verified task"),
        TaskVerb::Close => ("close", "办结任务", "closed task"),
        TaskVerb::Reopen => ("reopen", "重启任务", "reopened task"),
        TaskVerb::Cancel => ("cancel", "撤销任务", "cancelled task"),
    }
}

/// Moves a task along; the state machine is `fengsui_schema::TaskState`'s.
pub(crate) async fn act(change: &mut Change, task: &HeldTask, verb: TaskVerb, text: &str) -> ApiResult<()> {
    let next = task.state.after(verb).map_err(|_| wrong_state())?;
    let now = change.now();
    let sql = "UPDATE task SET state = $1 WHERE id = $2";
    change.execute(sql, args![next.as_str(), task.id]).await?;
    let stamp = match verb {
        TaskVerb::Sign => Some("UPDATE task SET signed_at = $1 WHERE id = $2"),
        TaskVerb::Submit => Some("UPDATE task SET submitted_at = $1 WHERE id = $2"),
        TaskVerb::Close | TaskVerb::Cancel => Some("UPDATE task SET closed_at = $1 WHERE id = $2"),
        _ => None,
    };
    if let Some(sql) = stamp {
        change.execute(sql, args![now, task.id]).await?;
    }
    match verb {
        TaskVerb::Submit | TaskVerb::Cancel => {
            clocks::set_done(change, "task", &task.id.to_string(), Some(now)).await?
        }
        TaskVerb::Return | TaskVerb::Reopen => clocks::set_done(change, "task", &task.id.to_string(), None).await?,
        _ => {}
    }
    let (word, zh, en) = verb_words(verb);
    note(change, task, word, text).await?;
    tell_incident(change, task, zh, en).await
}

async fn tell_incident(change: &mut Change, task: &HeldTask, zh: &str, en: &str) -> ApiResult<()> {
    let Some(incident) = &task.incident else { return Ok(()) };
    let sql = "SELECT unit_code FROM incident WHERE id = $1";
    let Some(row) = change.row(sql, args![incident]).await? else { return Ok(()) };
    let place = Place::read(&row)?;
    let unit = change.state().units().name(task.place.unit());
    let number = &task.number;
    let line = Line { kind: "task", zh: format!("{unit}：{zh}{number}"), en: format!("{unit}: {en} {number}") };
    incident_acts::note(change, incident, &place, line).await?;
    Ok(())
}

/// Ticks a step. Ticking needs a signature first.
pub(crate) async fn step(change: &mut Change, task: &HeldTask, index: i64, done: bool) -> ApiResult<()> {
    if !matches!(task.state, TaskState::Signed | TaskState::Working) {
        return Err(wrong_state());
    }
    let mut steps = steps_of(&task.row)?;
    let wanted = steps.iter_mut().find(|step| step.index == index);
    let wanted = wanted.ok_or_else(|| ApiError::invalid("index", "没有这一步骤", "there is no such step"))?;
    wanted.done = done;
    let words = format!("{} {}", if done { "✓" } else { "✗" }, wanted.text);
    let text = serde_json::to_string(&steps).map_err(|error| ApiError::internal(&error))?;
    let sql = "UPDATE task SET steps = $1, state = 'working' WHERE id = $2";
    change.execute(sql, args![text, task.id]).await?;
    note(change, task, "step", &words).await?;
    Ok(())
}

/// Asks the issuer for help.
pub(crate) async fn help(change: &mut Change, task: &HeldTask, text: &str) -> ApiResult<()> {
    task.must_be_with_assignee()?;
    note(change, task, "help", text).await?;
    tell_incident(change, task, "请求支援，任务", "asked for help with task").await
}

/// Asks for more time.
pub(crate) async fn ask_extension(change: &mut Change, task: &HeldTask, until: i64, reason: &str) -> ApiResult<()> {
    task.must_be_with_assignee()?;
    if until <= task.due_at {
        return Err(ApiError::invalid("until", "须晚于当前截止时间", "is not after the present deadline"));
    }
    let view =
        ExtensionView { requested_until: time_text(until), reason: reason.to_owned(), state: "asked".to_owned() };
    keep_extension(change, task, &view).await?;
    note(change, task, "extension", reason).await?;
    Ok(())
}

/// Answers the request for more time.
pub(crate) async fn decide_extension(
    change: &mut Change,
    task: &HeldTask,
    granted: bool,
    reason: &str,
) -> ApiResult<()> {
    let kept = task.row.optional_text("extension")?;
    let view: Option<ExtensionView> = kept.and_then(|text| serde_json::from_str(&text).ok());
    let view = view.filter(|view| view.state == "asked");
    let mut view = view.ok_or_else(|| ApiError::conflict("没有待审批的延期申请", "there is no open request"))?;
    view.state = if granted { "granted" } else { "refused" }.to_owned();
    keep_extension(change, task, &view).await?;
    if granted {
        let until = check::time("until", &view.requested_until)?;
        change.execute("UPDATE task SET due_at = $1 WHERE id = $2", args![until, task.id]).await?;
        let sql = "UPDATE clock SET due_at = $1 WHERE object_kind = 'task' AND object_id = $2";
        change.execute(sql, args![until, task.id.to_string()]).await?;
    }
    let words = format!("{}：{reason}", if granted { "同意延期" } else { "不同意延期" });
    note(change, task, "extension", &words).await?;
    Ok(())
}

async fn keep_extension(change: &mut Change, task: &HeldTask, view: &ExtensionView) -> ApiResult<()> {
    let text = serde_json::to_string(view).map_err(|error| ApiError::internal(&error))?;
    change.execute("UPDATE task SET extension = $1 WHERE id = $2", args![text, task.id]).await?;
    Ok(())
}

/// A file to add.
pub(crate) struct NewAttachment {
    pub(crate) name: String,
    pub(crate) media_type: &'static str,
    pub(crate) content: Vec<u8>,
}

/// Adds a file.
pub(crate) async fn attach(change: &mut Change, task: &HeldTask, file: NewAttachment) -> ApiResult<()> {
    task.must_be_with_assignee()?;
    let there = change.count("SELECT COUNT(*) AS n FROM attachment WHERE task_id = $1", args![task.id]).await?;
    if there >= ATTACHMENTS_PER_TASK {
        return Err(ApiError::conflict("附件数量已达上限", "the task has as many files as it may have"));
    }
    let entry = note(change, task, "attach", &file.name).await?;
    let id = change.next("attachment").await?;
    let size = i64::try_from(file.content.len()).unwrap_or(i64::MAX);
    let digest = hex::encode(sm3(&file.content));
    let sql = "INSERT INTO attachment (id, task_id, entry_id, name, media_type, size, sm3, content)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    change.execute(sql, args![id, task.id, entry, file.name, file.media_type, size, digest, file.content]).await?;
    Ok(())
}

/// Dispatches a task to each of some units; their numbers.
pub(crate) async fn dispatch(
    change: &mut Change,
    caller: &Caller,
    incident: &HeldIncident,
    new: &NewTasks,
) -> ApiResult<Vec<i64>> {
    incident.must_be_open()?;
    let units = units_of(change, &caller.scope, &new.units)?;
    let draft = Draft::checked(change, incident, new)?;
    let mut ids = Vec::with_capacity(units.len());
    for unit in &units {
        ids.push(insert(change, caller, Some(&incident.id), unit, &draft).await?);
    }
    let names: Vec<String> = units.iter().map(|unit| change.state().units().name(unit)).collect();
    let names = names.join("、");
    let line = Line { kind: "task", zh: format!("下发任务至{names}"), en: format!("dispatched tasks to {names}") };
    incident_acts::note(change, &incident.id, &incident.place, line).await?;
    Ok(ids)
}

pub(crate) fn units_of(change: &Change, scope: &Scope, codes: &[String]) -> ApiResult<Vec<UnitCode>> {
    if codes.is_empty() || codes.len() > DISPATCH_UNITS {
        return Err(ApiError::invalid("units", "请选择1至200个单位", "names 1 to 200 units"));
    }
    let mut units = Vec::with_capacity(codes.len());
    for code in codes {
        let unit = check::unit("units", code)?;
        if !scope.reaches(&unit) || !change.state().units().contains(&unit) {
            return Err(ApiError::not_found());
        }
        if !units.contains(&unit) {
            units.push(unit);
        }
    }
    Ok(units)
}

/// What the tasks of one dispatch share.
struct Draft {
    title: String,
    instructions: String,
    steps: String,
    priority: String,
    due_at: i64,
    sign_by: i64,
}

impl Draft {
    fn checked(change: &Change, incident: &HeldIncident, new: &NewTasks) -> ApiResult<Self> {
        if new.steps.len() > TASK_STEPS {
            return Err(ApiError::invalid("steps", "步骤过多", "has too many steps"));
        }
        let steps = new
            .steps
            .iter()
            .zip(0_i64..)
            .map(|(text, index)| Ok(StepView { index, text: check::body("steps", text)?, done: false }));
        let steps = steps.collect::<ApiResult<Vec<_>>>()?;
        let now = change.now();
        let (sign, due) = change.state().shared().clock_rules.task_limits(incident.grade, new.priority);
        let due_at = check::optional_time("due_at", new.due_at.as_deref())?.unwrap_or(now + due);
        if due_at <= now {
            return Err(ApiError::invalid("due_at", "截止时间须晚于当前时间", "is not in the future"));
        }
        Ok(Self {
            title: check::title(&new.title)?,
            instructions: check::optional_body("instructions", Some(&new.instructions))?,
            steps: serde_json::to_string(&steps).map_err(|error| ApiError::internal(&error))?,
            priority: word_of(&new.priority),
            due_at,
            sign_by: (now + sign).min(due_at),
        })
    }
}

/// A task without an incident: a rectification order.
pub(crate) struct Order<'a> {
    pub(crate) title: &'a str,
    pub(crate) instructions: &'a str,
    pub(crate) steps: &'a [String],
    pub(crate) due_at: i64,
}

/// Dispatches an order to one unit; its number.
pub(crate) async fn order(change: &mut Change, caller: &Caller, unit: &UnitCode, order: &Order<'_>) -> ApiResult<i64> {
    let steps: Vec<StepView> = order
        .steps
        .iter()
        .zip(0_i64..)
        .map(|(text, index)| StepView { index, text: text.clone(), done: false })
        .collect();
    let (sign, _) = change.state().shared().clock_rules.task_limits(None, Priority::Normal);
    let draft = Draft {
        title: order.title.to_owned(),
        instructions: order.instructions.to_owned(),
        steps: serde_json::to_string(&steps).map_err(|error| ApiError::internal(&error))?,
        priority: word_of(&Priority::Normal),
        due_at: order.due_at,
        sign_by: (change.now() + sign).min(order.due_at),
    };
    insert(change, caller, None, unit, &draft).await
}

async fn insert(
    change: &mut Change,
    caller: &Caller,
    incident: Option<&str>,
    unit: &UnitCode,
    draft: &Draft,
) -> ApiResult<i64> {
    let id = change.next("task").await?;
    let now = change.now();
    let year: String = Timestamp::from_millis(now).day().chars().take(4).collect();
    let of_year = change.next(&format!("task-{year}")).await?;
    let number = format!("R{year}-{of_year:06}");
    let place = Place::of(unit);
    let (address, asset) = match incident {
        Some(incident) => target_of(change, incident, unit).await?,
        None => (None, None),
    };
    let mut values = args![
        id,
        number.as_str(),
        &draft.title,
        &draft.instructions,
        &draft.steps,
        &draft.priority,
        caller.identity.account,
        caller.identity.unit.as_str(),
        incident,
        address,
        asset,
        now,
        draft.due_at,
        draft.sign_by
    ];
    values.extend(place.values());
    let sql = "INSERT INTO task (id, number, title, instructions, steps, priority, issuer_id, issuer_unit, incident_id,
                   target_address, target_asset, created_at, due_at, sign_by, province, prefecture, county, unit_code,
                   state, revision)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 'new', 0)";
    change.execute(sql, values).await?;
    let object = ClockObject { kind: "task", id: &id.to_string(), place: &place };
    let clock = NewClock {
        kind: "task_due",
        titles: (&draft.title, &draft.title),
        basis: "处置任务时限（平台默认，rules/compliance/clocks.toml）",
        started_at: now,
        due_at: draft.due_at,
    };
    clocks::insert(change, &object, &clock).await?;
    let scope = Scope::unit(unit);
    let task = held(change, &scope, &id.to_string()).await?;
    note(change, &task, "dispatch", &draft.title).await?;
    Ok(id)
}

/// Address and asset of the unit's worst alert in the incident.
async fn target_of(
    change: &mut Change,
    incident: &str,
    unit: &UnitCode,
) -> ApiResult<(Option<String>, Option<String>)> {
    let sql = "SELECT destination_ip, destination_asset FROM alert
               WHERE incident_id = $1 AND unit_code = $2 AND destination_ip IS NOT NULL
               ORDER BY severity DESC, time LIMIT 1";
    match change.row(sql, args![incident, unit.as_str()]).await? {
        Some(row) => Ok((row.optional_text("destination_ip")?, row.optional_text("destination_asset")?)),
        None => Ok((None, None)),
    }
}
