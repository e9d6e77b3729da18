//! Records of training and examinations, which count in scorecards.

use super::duty;
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{TRAINING_PEOPLE, TRAININGS_SHOWN};
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change, time_text};
use crate::wire::{NewTraining, TrainingKind, TrainingRow};
use crate::words::{from_word, word_of};

/// Records of units within reach, the newest first.
pub(crate) async fn list(state: &AppState, scope: &Scope) -> ApiResult<Vec<TrainingRow>> {
    let filter = Filter::within(scope, "t");
    let sql = format!(
        "SELECT t.* FROM training t WHERE {} ORDER BY t.held_at DESC, t.id DESC LIMIT {TRAININGS_SHOWN}",
        filter.sql()
    );
    let read = |row: &Row| -> ApiResult<TrainingRow> {
        Ok(TrainingRow {
            id: row.int("id")?.to_string(),
            unit: state.units().reference(Place::read(row)?.unit()),
            kind: from_word(&row.text("kind")?).unwrap_or(TrainingKind::Course),
            title: row.text("title")?,
            held_at: time_text(row.int("held_at")?),
            expected: row.int("expected")?,
            attended: row.int("attended")?,
            passed: row.optional_int("passed")?,
            note: row.text("note")?,
            recorded_by: row.text("recorded_by")?,
        })
    };
    state.db().rows(&sql, filter.args()).await?.iter().map(read).collect()
}

/// Adds a record; what the audit log says.
pub(crate) async fn add(change: &mut Change, scope: &Scope, new: &NewTraining) -> ApiResult<String> {
    let unit = duty::reached(&change.state().clone(), scope, &new.unit)?;
    let (title, note) = (check::title(&new.title)?, check::optional_body("note", new.note.as_deref())?);
    let held = check::past("held_at", &new.held_at, change.now())?;
    if !(1..=TRAINING_PEOPLE).contains(&new.expected) {
        return Err(ApiError::invalid("expected", "应到人数须为1至1,000,000", "is not 1 to 1,000,000"));
    }
    if !(0..=new.expected).contains(&new.attended) {
        return Err(ApiError::invalid("attended", "实到人数不能超过应到人数", "is more than who should have come"));
    }
    if new.passed.is_some() != (new.kind == TrainingKind::Exam) {
        return Err(ApiError::invalid("passed", "仅考试须填写合格人数", "goes with an examination, and only with one"));
    }
    if new.passed.is_some_and(|passed| !(0..=new.attended).contains(&passed)) {
        return Err(ApiError::invalid("passed", "合格人数不能超过实到人数", "is more than who came"));
    }
    let (id, now, actor) = (change.next("training").await?, change.now(), change.actor().name.clone());
    let mut values = args![id, word_of(&new.kind), &title, held, new.expected, new.attended, new.passed, note];
    values.extend(args![actor, now]);
    values.extend(Place::of(&unit).values());
    let sql =
        "INSERT INTO training (id, kind, title, held_at, expected, attended, passed, note, recorded_by, recorded_at,
                   province, prefecture, county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    change.execute(sql, values).await?;
    Ok(format!("{unit} {title}: {} of {}", new.attended, new.expected))
}

/// Takes a record back that was wrong; what the audit log says.
pub(crate) async fn remove(change: &mut Change, scope: &Scope, id: &str) -> ApiResult<String> {
    let mut filter = Filter::within(scope, "t");
    filter.and_with("t.id = ?", args![check::number_id(id)?]);
    let sql = format!("SELECT t.* FROM training t WHERE {}", filter.sql());
    let row = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    change.execute("DELETE FROM training WHERE id = $1", args![row.int("id")?]).await?;
    Ok(format!(
        "{} {}: {} of {}",
        row.text("unit_code")?,
        row.text("title")?,
        row.int("attended")?,
        row.int("expected")?
    ))
}
