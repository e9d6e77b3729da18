//! Steps of playbooks that were done for alerts.

use std::collections::BTreeMap;

use super::alert_acts;
use crate::check;
use crate::db::{Query, args};
use crate::error::{ApiError, ApiResult};
use crate::playbooks::{Playbook, playbook_for};
use crate::scope::Scope;
use crate::state::{Change, time_text};
use crate::wire::{AlertStepChange, PlaybookStep, PlaybookView};

/// The playbook of an alert, with what was done of it.
pub(crate) async fn of_alert(
    query: &mut impl Query,
    id: &str,
    rule: &str,
    techniques: &[String],
) -> ApiResult<Option<PlaybookView>> {
    let Some(playbook) = playbook_for(rule, techniques) else { return Ok(None) };
    let sql = "SELECT step, done_by, done_at FROM alert_step WHERE alert_id = $1 AND playbook = $2";
    let mut done = BTreeMap::new();
    for row in query.rows(sql, args![id, &playbook.name]).await? {
        done.insert(row.text("step")?, (row.text("done_by")?, row.int("done_at")?));
    }
    Ok(Some(view(playbook, &done)))
}

fn view(playbook: &Playbook, done: &BTreeMap<String, (String, i64)>) -> PlaybookView {
    let steps = playbook.step.iter().map(|step| {
        let by = done.get(&step.id);
        PlaybookStep {
            id: step.id.clone(),
            text_zh: step.zh.clone(),
            text_en: step.en.clone(),
            done_by: by.map(|(name, _)| name.clone()),
            done_at: by.map(|(_, at)| time_text(*at)),
        }
    });
    PlaybookView {
        name: playbook.name.clone(),
        title_zh: playbook.title_zh.clone(),
        title_en: playbook.title_en.clone(),
        steps: steps.collect(),
    }
}

/// Ticks a step of an alert, or takes the tick back; what was ticked, in words. Ticking twice changes nothing.
pub(crate) async fn tick(change: &mut Change, scope: &Scope, id: &str, sent: &AlertStepChange) -> ApiResult<String> {
    let id = check::digest_id(id)?.to_owned();
    let alerts = alert_acts::held(change, scope, std::slice::from_ref(&id)).await?;
    let alert = alerts.first().ok_or_else(ApiError::not_found)?;
    let sql = "SELECT rule_id, techniques FROM alert WHERE id = $1";
    let row = change.row(sql, args![&id]).await?.ok_or_else(ApiError::not_found)?;
    let techniques: Vec<String> = serde_json::from_str(&row.text("techniques")?).unwrap_or_default();
    let playbook = playbook_for(&row.text("rule_id")?, &techniques).ok_or_else(ApiError::not_found)?;
    let step = playbook.step.iter().find(|step| step.id == sent.step);
    let step = step.ok_or_else(|| ApiError::invalid("step", "没有这一步", "is no step of the playbook"))?;
    let (now, actor) = (change.now(), change.actor().name.clone());
    let changed = if sent.done {
        let sql = "INSERT INTO alert_step (alert_id, playbook, step, done_by, done_at) VALUES ($1, $2, $3, $4, $5)
                   ON CONFLICT (alert_id, playbook, step) DO NOTHING";
        change.execute(sql, args![&id, &playbook.name, &step.id, &actor, now]).await?
    } else {
        let sql = "DELETE FROM alert_step WHERE alert_id = $1 AND playbook = $2 AND step = $3";
        change.execute(sql, args![&id, &playbook.name, &step.id]).await?
    };
    if changed > 0 {
        let line = change.next("alert_entry").await?;
        let action = if sent.done { "step_done" } else { "step_undone" };
        let sql = "INSERT INTO alert_entry (id, alert_id, time, actor, action, detail) VALUES ($1, $2, $3, $4, $5, $6)";
        change.execute(sql, args![line, &id, now, &actor, action, &step.zh]).await?;
        change.notice("alert", &id, None, &alert.place).await?;
    }
    Ok(format!("{}/{} {}", playbook.name, step.id, if sent.done { "done" } else { "taken back" }))
}
