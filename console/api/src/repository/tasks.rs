//! Response tasks: the list and the detail.

use fengsui_schema::{TaskState, TaskVerb, Tier, UnitCode};

use crate::access::Caller;
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::HISTORY_ROWS;
use crate::page::{count_up_to, cursor_after, cut, is_least, newest_revision, page_rows, read_cursor};
use crate::scope::{Place, Scope};
use crate::state::{AppState, time_text};
use crate::wire::{
    AlertRow, AttachmentView, Issuer, List, Priority, StepView, TaskDetail, TaskHistory, TaskListState, TaskQuery,
    TaskReport, TaskRow, TaskTarget,
};
use crate::words::{from_optional_word, from_word};

const COLUMNS: &str = "t.*, \
    (SELECT p.display_name FROM account p WHERE p.id = t.issuer_id) AS issuer_name, \
    (SELECT i.title FROM incident i WHERE i.id = t.incident_id) AS incident_title, \
    (SELECT i.grade FROM incident i WHERE i.id = t.incident_id) AS incident_grade";

/// States in which the assignee still has to do something.
pub(crate) const WITH_ASSIGNEE: &str = "('new', 'signed', 'working')";

/// A page of tasks: nearest deadline first; for the tabs `done` and `all` newest first.
pub(crate) async fn list(state: &AppState, caller: &Caller, asked: &TaskQuery) -> ApiResult<List<TaskRow>> {
    let mut db = state.db();
    let tab = asked.state.unwrap_or_default();
    let mut filter = conditions(state, caller, asked)?;
    let newest_revision = newest_revision(state).await?;
    let total = count_up_to(&mut db, "task t", &filter).await?;
    let by_deadline = !matches!(tab, TaskListState::Done | TaskListState::All);
    if let Some(cursor) = &asked.cursor {
        let (number, id) = read_cursor(cursor)?;
        let id = check::number_id(&id)?;
        if by_deadline {
            filter.and_with("t.due_at >= ? AND (t.due_at > ? OR t.id > ?)", args![number, number, id]);
        } else {
            filter.and_with("t.id < ?", args![id]);
        }
    }
    let order = if by_deadline { "t.due_at, t.id" } else { "t.id DESC" };
    let limit = page_rows(asked.limit);
    let sql = format!("SELECT {COLUMNS} FROM task t WHERE {} ORDER BY {order} LIMIT {}", filter.sql(), limit + 1);
    let rows = db.rows(&sql, filter.args()).await?;
    let mut items =
        rows.iter().map(|row| Ok((row.int("due_at")?, read(state, row)?))).collect::<ApiResult<Vec<_>>>()?;
    let next_cursor = cut(&mut items, limit, |(due, row)| cursor_after(*due, &row.id));
    Ok(List {
        items: items.into_iter().map(|(_, row)| row).collect(),
        next_cursor,
        total,
        total_is_least: is_least(total),
        newest_revision,
    })
}

fn conditions(state: &AppState, caller: &Caller, asked: &TaskQuery) -> ApiResult<Filter> {
    let mut filter = Filter::within(&check::narrowed(&caller.scope, asked.unit.as_deref())?, "t");
    match asked.state.unwrap_or_default() {
        TaskListState::ToSign => filter.and("t.state = 'new'"),
        TaskListState::Working => filter.and("t.state IN ('signed', 'working')"),
        TaskListState::Overdue => {
            filter.and(&format!("t.state IN {WITH_ASSIGNEE}"));
            filter.and_with("t.due_at < ?", args![state.now()]);
        }
        TaskListState::Submitted => filter.and("t.state = 'submitted'"),
        TaskListState::Done => filter.and("t.state IN ('verified', 'closed', 'cancelled')"),
        TaskListState::All => {}
    }
    if asked.mine == Some(true) {
        let unit = caller.identity.unit.as_str();
        filter.and_with("(t.unit_code = ? OR t.issuer_id = ?)", args![unit, caller.identity.account]);
    }
    if let Some(text) = check::search(asked.q.as_deref())? {
        let pattern = check::like_pattern(&text);
        let condition = "(LOWER(t.title) LIKE ? ESCAPE '\\' OR LOWER(t.number) LIKE ? ESCAPE '\\')";
        filter.and_with(condition, args![&pattern, &pattern]);
    }
    Ok(filter)
}

/// The tasks of an incident that a scope reaches, newest first.
pub(crate) async fn of_incident(state: &AppState, scope: &Scope, incident: &str) -> ApiResult<Vec<TaskRow>> {
    let mut filter = Filter::within(scope, "t");
    filter.and_with("t.incident_id = ?", args![incident]);
    let sql = format!("SELECT {COLUMNS} FROM task t WHERE {} ORDER BY t.id DESC LIMIT {HISTORY_ROWS}", filter.sql());
    state.db().rows(&sql, filter.args()).await?.iter().map(|row| read(state, row)).collect()
}

/// Tasks of some numbers, in their order.
pub(crate) async fn some(state: &AppState, scope: &Scope, ids: &[i64]) -> ApiResult<Vec<TaskRow>> {
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        rows.push(read(state, &find(&mut state.db(), scope, *id).await?)?);
    }
    Ok(rows)
}

pub(super) async fn find(query: &mut impl Query, scope: &Scope, id: i64) -> ApiResult<Row> {
    let filter = Filter::of_one(scope, "t", id);
    let sql = format!("SELECT {COLUMNS} FROM task t WHERE {}", filter.sql());
    query.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)
}

/// Steps as they are kept.
pub(super) fn steps_of(row: &Row) -> ApiResult<Vec<StepView>> {
    Ok(serde_json::from_str(&row.text("steps")?).unwrap_or_default())
}

fn read(state: &AppState, row: &Row) -> ApiResult<TaskRow> {
    let place = Place::read(row)?;
    let issuer_unit = row.text("issuer_unit")?;
    let issuer_name = issuer_unit.parse::<UnitCode>().map(|code| state.units().name(&code)).unwrap_or(issuer_unit);
    let steps = steps_of(row)?;
    let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let task_state = TaskState::from_word(&row.text("state")?).unwrap_or(TaskState::Cancelled);
    let with_assignee = matches!(task_state, TaskState::New | TaskState::Signed | TaskState::Working);
    let (due, now) = (row.int("due_at")?, state.now());
    Ok(TaskRow {
        id: row.int("id")?.to_string(),
        number: row.text("number")?,
        title: row.text("title")?,
        state: task_state,
        unit: state.units().reference(place.unit()),
        issuer: Issuer { display_name: row.optional_text("issuer_name")?.unwrap_or_default(), unit_name: issuer_name },
        incident_id: row.optional_text("incident_id")?,
        incident_title: row.optional_text("incident_title")?,
        grade: from_optional_word(row.optional_text("incident_grade")?),
        priority: from_word(&row.text("priority")?).unwrap_or(Priority::Normal),
        due_at: time_text(due),
        created_at: time_text(row.int("created_at")?),
        signed_at: row.optional_int("signed_at")?.map(time_text),
        submitted_at: row.optional_int("submitted_at")?.map(time_text),
        overdue: with_assignee && due < now,
        seconds_left: (due - now).div_euclid(1000),
        steps_done: count(steps.iter().filter(|step| step.done).count()),
        steps_total: count(steps.len()),
        revision: row.int("revision")?,
    })
}

/// One task with everything around it.
pub(crate) async fn detail(state: &AppState, caller: &Caller, id: i64) -> ApiResult<TaskDetail> {
    let scope = caller.grant("task.read").ok_or_else(ApiError::not_found)?;
    let mut db = state.db();
    let kept = find(&mut db, &scope, id).await?;
    let row = read(state, &kept)?;
    let history = entries(&mut db, id).await?;
    let reports = reports(&mut db, id, &history).await?;
    Ok(TaskDetail {
        instructions: kept.text("instructions")?,
        steps: steps_of(&kept)?,
        target: TaskTarget {
            address: kept.optional_text("target_address")?,
            asset: kept.optional_text("target_asset")?,
        },
        alerts: alerts_of(state, &row).await?,
        extension: kept.optional_text("extension")?.and_then(|text| serde_json::from_str(&text).ok()),
        allowed: allowed(caller, &kept, row.state)?,
        history: history.into_iter().map(|(_, line)| line).collect(),
        reports,
        parent: related(state, &scope, "t.id = ?", kept.optional_int("parent_id")?).await?.into_iter().next(),
        children: related(state, &scope, "t.parent_id = ?", Some(id)).await?,
        urged_times: kept.int("urged_times")?,
        row,
    })
}

/// Tasks that hang together with a task, as far as the caller sees them.
async fn related(state: &AppState, scope: &Scope, condition: &str, id: Option<i64>) -> ApiResult<Vec<TaskRow>> {
    let Some(id) = id else { return Ok(Vec::new()) };
    let mut filter = Filter::within(scope, "t");
    filter.and_with(condition, args![id]);
    let sql = format!("SELECT {COLUMNS} FROM task t WHERE {} ORDER BY t.id LIMIT {HISTORY_ROWS}", filter.sql());
    state.db().rows(&sql, filter.args()).await?.iter().map(|row| read(state, row)).collect()
}

/// The incident's alerts of the task's unit; the task itself gives the right to see these rows.
async fn alerts_of(state: &AppState, row: &TaskRow) -> ApiResult<Vec<AlertRow>> {
    let Some(incident) = &row.incident_id else { return Ok(Vec::new()) };
    let unit: UnitCode = check::unit("unit", &row.unit.code)?;
    let mut filter = Filter::within(&Scope::subtree(&unit), "a");
    filter.and_with("a.incident_id = ?", args![incident]);
    super::alerts::some(state, &mut state.db(), &filter, 50).await
}

async fn entries(query: &mut impl Query, id: i64) -> ApiResult<Vec<(i64, TaskHistory)>> {
    let sql = format!("SELECT * FROM task_entry WHERE task_id = $1 ORDER BY id LIMIT {HISTORY_ROWS}");
    let entry = |row: &Row| {
        let line = TaskHistory {
            time: time_text(row.int("time")?),
            actor: row.text("actor")?,
            verb: row.text("verb")?,
            text: row.text("text")?,
        };
        Ok((row.int("id")?, line))
    };
    query.rows(&sql, args![id]).await?.iter().map(entry).collect()
}

async fn reports(query: &mut impl Query, id: i64, history: &[(i64, TaskHistory)]) -> ApiResult<Vec<TaskReport>> {
    let sql = "SELECT id, entry_id, name, size, media_type FROM attachment WHERE task_id = $1 ORDER BY id";
    let mut files = Vec::new();
    for row in query.rows(sql, args![id]).await? {
        let view = AttachmentView {
            id: row.int("id")?.to_string(),
            name: row.text("name")?,
            size: row.int("size")?,
            media_type: row.text("media_type")?,
        };
        files.push((row.int("entry_id")?, view));
    }
    let of_assignee =
        history.iter().filter(|(_, line)| matches!(line.verb.as_str(), "progress" | "submit" | "help" | "attach"));
    let report = |(entry, line): &(i64, TaskHistory)| TaskReport {
        time: line.time.clone(),
        author: line.actor.clone(),
        text: line.text.clone(),
        attachments: files.iter().filter(|(of, _)| of == entry).map(|(_, view)| view.clone()).collect(),
    };
    Ok(of_assignee.map(report).collect())
}

/// What the caller may do to the task now.
fn allowed(caller: &Caller, row: &Row, state: TaskState) -> ApiResult<Vec<String>> {
    let place = Place::read(row)?;
    let works = caller.grant("task.work").is_some_and(|scope| scope.reaches(place.unit()));
    let issues = caller.grant("task.judge").is_some_and(|scope| scope.reaches(place.unit()))
        && row.text("issuer_unit")? == caller.identity.unit.as_str();
    let verbs = [
        ("sign", TaskVerb::Sign, works),
        ("progress", TaskVerb::Progress, works),
        ("submit", TaskVerb::Submit, works),
        ("return", TaskVerb::Return, issues),
        ("verify", TaskVerb::Verify, issues),
        ("close", TaskVerb::Close, issues),
        ("cancel", TaskVerb::Cancel, issues),
    ];
    let by_state = verbs.iter().filter(|(_, verb, may)| *may && state.after(*verb).is_ok()).map(|(word, _, _)| *word);
    let mut words: Vec<String> = by_state.map(str::to_owned).collect();
    let with_assignee = matches!(state, TaskState::New | TaskState::Signed | TaskState::Working);
    if works && with_assignee {
        words.extend(["extension", "help", "attach"].map(str::to_owned));
    }
    let oversees = caller.grant("task.urge").is_some_and(|scope| scope.reaches(place.unit()));
    if oversees && with_assignee && place.unit() != &caller.identity.unit {
        words.push("urge".to_owned());
    }
    let cascades = caller.grant("task.cascade").is_some_and(|scope| scope.reaches(place.unit()));
    if cascades && with_assignee && place.unit().as_str().len() == 6 && place.unit().tier() != Tier::County {
        words.push("divide".to_owned());
        if state == TaskState::New {
            words.push("forward".to_owned());
        }
    }
    let asked = row.optional_text("extension")?.is_some_and(|text| text.contains("\"asked\""));
    if issues && asked {
        words.push("decide_extension".to_owned());
    }
    Ok(words)
}

/// A file of a task: name, media type and bytes.
pub(crate) async fn attachment(
    state: &AppState,
    scope: &Scope,
    task: i64,
    id: i64,
) -> ApiResult<(String, String, Vec<u8>)> {
    let mut db = state.db();
    find(&mut db, scope, task).await?;
    let sql = "SELECT name, media_type, content FROM attachment WHERE id = $1 AND task_id = $2";
    let row = db.row(sql, args![id, task]).await?.ok_or_else(ApiError::not_found)?;
    Ok((row.text("name")?, row.text("media_type")?, row.bytes("content")?))
}
