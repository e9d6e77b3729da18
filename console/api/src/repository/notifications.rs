//! Notifications: what waits for somebody, or what they should know. Nothing is written when it comes up: it is there for
//! as long as it waits, and goes away when somebody has done it. Only what was read is kept.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::tasks::WITH_ASSIGNEE;
use super::{regulations, warnings};
use crate::access::Caller;
use crate::check;
use crate::db::{Db, Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{NOTIFICATION_NAMES, NOTIFICATIONS_OF_A_KIND};
use crate::scope::Scope;
use crate::state::{AppState, Change, time_text};
use crate::values::{Key, Values};
use crate::wire::{ExtensionView, NotificationRow, Notifications, WarningLevel};

/// What was read is forgotten after so long; nothing waits longer.
const READ_KEPT_MILLIS: i64 = 180 * 86_400_000;

/// Everything that waits for somebody, newest first.
pub(crate) async fn list(state: &AppState, caller: &Caller) -> ApiResult<Notifications> {
    let mut found = Found { db: state.db(), now: state.now(), values: state.values(), items: Vec::new() };
    found.tasks_of_unit(caller).await?;
    found.tasks_issued(caller).await?;
    found.tasks_overdue(caller).await?;
    found.clocks(caller).await?;
    found.warnings(state, caller).await?;
    found.regulations(state, caller).await?;
    found.decisions(caller).await?;
    let mut items = found.items;
    let read = read_names(&mut state.db(), caller.identity.account).await?;
    for item in &mut items {
        item.read = read.contains(&item.name);
    }
    items.sort_by(|one, other| other.at.cmp(&one.at).then_with(|| one.name.cmp(&other.name)));
    let unread = i64::try_from(items.iter().filter(|item| !item.read).count()).unwrap_or(i64::MAX);
    Ok(Notifications { items, unread })
}

async fn read_names(query: &mut impl Query, account: i64) -> ApiResult<BTreeSet<String>> {
    let rows = query.rows("SELECT name FROM notification_read WHERE account_id = $1", args![account]).await?;
    Ok(rows.iter().map(|row| row.text("name")).collect::<Result<_, _>>()?)
}

/// Marks some as read.
pub(crate) async fn mark_read(change: &mut Change, account: i64, names: &[String]) -> ApiResult<()> {
    if names.len() > NOTIFICATION_NAMES {
        return Err(ApiError::invalid("names", "一次标记过多", "names too many"));
    }
    let now = change.now();
    let sql = "DELETE FROM notification_read WHERE account_id = $1 AND read_at < $2";
    change.execute(sql, args![account, now - READ_KEPT_MILLIS]).await?;
    for name in names {
        let name = check::short("names", name)?;
        let sql = "INSERT INTO notification_read (account_id, name, read_at) VALUES ($1, $2, $3)
                   ON CONFLICT (account_id, name) DO UPDATE SET read_at = excluded.read_at";
        change.execute(sql, args![account, name, now]).await?;
    }
    Ok(())
}

struct Found {
    db: Db,
    now: i64,
    values: Arc<Values>,
    items: Vec<NotificationRow>,
}

/// What all notifications have in common.
struct Item<'a> {
    kind: &'a str,
    object: String,
    title: String,
    at: i64,
    due: Option<i64>,
}

impl Found {
    fn add(&mut self, item: Item<'_>) {
        self.add_at(item, None);
    }

    fn add_at(&mut self, item: Item<'_>, level: Option<WarningLevel>) {
        self.items.push(NotificationRow {
            // What became news again later has another name.
            name: format!("{}/{}/{}", item.kind, item.object, item.at),
            kind: item.kind.to_owned(),
            object: item.object,
            title: item.title,
            at: time_text(item.at),
            due_at: item.due.map(time_text),
            level,
            read: false,
        });
    }

    /// Rows of a table named `x` that a scope reaches.
    async fn rows(&mut self, columns: &str, table: &str, filter: &Filter, order: &str) -> ApiResult<Vec<Row>> {
        let sql = format!(
            "SELECT {columns} FROM {table} x WHERE {} ORDER BY {order} LIMIT {NOTIFICATIONS_OF_A_KIND}",
            filter.sql()
        );
        Ok(self.db.rows(&sql, filter.args()).await?)
    }

    /// Tasks that the caller's unit has to sign, or to finish soon.
    async fn tasks_of_unit(&mut self, caller: &Caller) -> ApiResult<()> {
        if caller.grant("task.work").is_none() {
            return Ok(());
        }
        let mut filter = Filter::within(&Scope::unit(&caller.identity.unit), "x");
        filter.and(&format!("x.state IN {WITH_ASSIGNEE}"));
        let (now, left) = (self.now, self.values.number(Key::DueSoonPercent));
        for row in self.rows("x.*", "task", &filter, "x.due_at, x.id").await? {
            let (created, due) = (row.int("created_at")?, row.int("due_at")?);
            let soon = due - (due - created) * left / 100;
            let (kind, at, until) = match row.text("state")?.as_str() {
                "new" => ("task_new", created, row.int("sign_by")?),
                _ if soon <= now => ("task_due", soon, due),
                _ => continue,
            };
            let (object, title) = (row.int("id")?.to_string(), row.text("title")?);
            self.add(Item { kind, object, title, at, due: Some(until) });
        }
        Ok(())
    }

    /// Tasks of the caller that wait for their judgement.
    async fn tasks_issued(&mut self, caller: &Caller) -> ApiResult<()> {
        let Some(scope) = caller.grant("task.judge") else { return Ok(()) };
        let mut filter = Filter::within(&scope, "x");
        filter.and_with("x.issuer_id = ?", args![caller.identity.account]);
        filter.and(&format!("(x.state = 'submitted' OR (x.extension IS NOT NULL AND x.state IN {WITH_ASSIGNEE}))"));
        for row in self.rows("x.*", "task", &filter, "x.due_at, x.id").await? {
            let (object, title) = (row.int("id")?.to_string(), row.text("title")?);
            if let Some(at) = row.optional_int("submitted_at")?
                && row.text("state")? == "submitted"
            {
                self.add(Item { kind: "task_submitted", object, title, at, due: None });
            } else if asks(&row)? {
                let due = row.int("due_at")?;
                self.add(Item { kind: "extension", object, title, at: row.int("created_at")?, due: Some(due) });
            }
        }
        Ok(())
    }

    /// Tasks of the caller that their unit has not finished in time.
    async fn tasks_overdue(&mut self, caller: &Caller) -> ApiResult<()> {
        let Some(scope) = caller.grant("task.judge") else { return Ok(()) };
        let hours = self.values.hours(Key::OverdueHours);
        let mut filter = Filter::within(&scope, "x");
        filter.and_with("x.issuer_id = ? AND x.due_at <= ?", args![caller.identity.account, self.now - hours]);
        filter.and(&format!("x.state IN {WITH_ASSIGNEE}"));
        for row in self.rows("x.*", "task", &filter, "x.due_at DESC, x.id").await? {
            let (object, title, due) = (row.int("id")?.to_string(), row.text("title")?, row.int("due_at")?);
            self.add(Item { kind: "task_overdue", object, title, at: due + hours, due: Some(due) });
        }
        Ok(())
    }

    /// Legal clocks that have used most of their time.
    async fn clocks(&mut self, caller: &Caller) -> ApiResult<()> {
        let Some(scope) = caller.grant("incident.read") else { return Ok(()) };
        let mut filter = Filter::within(&scope, "x");
        filter.and("x.object_kind = 'incident' AND x.done_at IS NULL");
        let (now, used) = (self.now, self.values.number(Key::ClockPercent));
        for row in self.rows("x.*", "clock", &filter, "x.due_at, x.id").await? {
            let (started, due) = (row.int("started_at")?, row.int("due_at")?);
            let at = started + (due - started) * used / 100;
            if at <= now {
                let (object, title) = (row.text("object_id")?, row.text("title_zh")?);
                self.add(Item { kind: "clock", object, title, at, due: Some(due) });
            }
        }
        Ok(())
    }

    /// Warnings that the caller's unit has not given its receipt for, and those that wait for a second person.
    async fn warnings(&mut self, state: &AppState, caller: &Caller) -> ApiResult<()> {
        let Some(scope) = caller.grant("warning.read") else { return Ok(()) };
        let caller = Caller { scope, ..caller.clone() };
        for row in warnings::open(state, &caller).await? {
            let allowed = |word: &str| row.allowed.iter().any(|one| one == word);
            let time = |text: &str| check::time("time", text);
            let (object, title) = (row.id.clone(), row.title.clone());
            if allowed("decide") {
                let at = time(&row.created_at)?;
                self.add_at(Item { kind: "warning_decide", object, title, at, due: None }, Some(row.level));
            } else if allowed("receive") || (row.is_for_me && caller.grant("warning.receive").is_none()) {
                let at = time(row.in_force_at.as_deref().unwrap_or(&row.created_at))?;
                let due = Some(time(&row.valid_until)?);
                self.add_at(Item { kind: "warning", object, title, at, due }, Some(row.level));
            }
        }
        Ok(())
    }

    /// Policies that the caller's unit has not signed; urged ones are news again.
    async fn regulations(&mut self, state: &AppState, caller: &Caller) -> ApiResult<()> {
        let (Some(scope), Some(_)) = (caller.grant("regulation.read"), caller.grant("regulation.sign")) else {
            return Ok(());
        };
        let caller = Caller { scope, ..caller.clone() };
        let shown = usize::try_from(NOTIFICATIONS_OF_A_KIND).unwrap_or(usize::MAX);
        for row in regulations::list(state, &caller, true).await?.into_iter().take(shown) {
            let at = regulations::waits_since(&mut self.db, check::number_id(&row.id)?, &caller.identity.unit).await?;
            let due = Some(check::time("sign_by", &row.sign_by)?);
            self.add(Item { kind: "regulation", object: row.id, title: row.title, at, due });
        }
        Ok(())
    }

    /// What waits for somebody to agree: evidence that a node above asks for, shares, policies, nodes.
    async fn decisions(&mut self, caller: &Caller) -> ApiResult<()> {
        let waiting = [
            (
                "evidence.approve",
                "evidence",
                "evidence_request",
                "x.side = 'owed' AND x.state = 'open'",
                "x.reason AS title, x.asked_at AS at",
            ),
            ("share.approve", "share", "share_request", "x.state = 'requested'", "x.title, x.created_at AS at"),
            ("masking.approve", "policy", "masking_policy", "x.state = 'submitted'", "x.title, x.written_at AS at"),
            (
                "setting.approve",
                "setting",
                "setting_version",
                "x.state = 'proposed'",
                "x.name AS title, x.written_at AS at",
            ),
            ("node.approve", "node", "tier_node", "x.state = 'pending'", "x.id AS title, x.enrolled_at AS at"),
        ];
        for (action, kind, table, condition, columns) in waiting {
            let Some(scope) = caller.grant(action) else { continue };
            let mut filter = Filter::within(&scope, "x");
            filter.and(condition);
            let columns = format!("CAST(x.id AS TEXT) AS object, {columns}");
            for row in self.rows(&columns, table, &filter, "at DESC").await? {
                let (object, title, at) = (row.text("object")?, row.text("title")?, row.int("at")?);
                self.add(Item { kind, object, title, at, due: None });
            }
        }
        Ok(())
    }
}

/// Whether more time is asked for.
fn asks(row: &Row) -> ApiResult<bool> {
    let kept = row.optional_text("extension")?;
    let view: Option<ExtensionView> = kept.and_then(|text| serde_json::from_str(&text).ok());
    Ok(view.is_some_and(|view| view.state == "asked"))
}
