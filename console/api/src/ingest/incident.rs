//! Incidents as the analyzer tells them, revision by revision: new, changed, or none any more.
//!
//! What people do stays: an alert that somebody put into an incident is not moved, and an incident that somebody works on is
//! not closed.

use fengsui_schema::{Incident, IncidentEnd};

use super::membership;
use crate::db::{Query, Row, Tx, args};
use crate::error::ApiResult;
use crate::repository::incident_acts::{self, Line, write_line};
use crate::scope::Place;
use crate::state::{Notice, notice};
use crate::words::word_of;

/// Takes a revision; the number of the change, or none when it is no newer than what is known.
pub(super) async fn take(tx: &mut Tx, now: i64, incident: &Incident) -> ApiResult<Option<i64>> {
    let id = incident.id.to_string();
    let known = tx.row("SELECT * FROM incident WHERE id = $1", args![id.as_str()]).await?;
    let newer = i64::from(incident.revision);
    if known.as_ref().is_some_and(|row| row.int("machine_revision").unwrap_or(i64::MAX) >= newer) {
        return Ok(None);
    }
    match (known, incident.ended) {
        // It came and went before anybody saw it.
        (None, Some(_)) => Ok(None),
        (Some(row), Some(end)) => end_it(tx, now, &row, (newer, end)).await.map(Some),
        (known, None) => {
            let place = Place::of(&incident.unit);
            let revision = notice(tx, now, Notice { kind: "incident", id: &id, severity: None, place: &place }).await?;
            match known {
                Some(row) => update(tx, now, &row, incident, revision).await?,
                None => insert(tx, now, incident, &place, revision).await?,
            }
            membership::join(tx, &id, incident).await?;
            Ok(Some(revision))
        }
    }
}

fn body(incident: &Incident) -> String {
    serde_json::json!({
        "entities": incident.entities, "techniques": incident.techniques, "explanation": incident.explanation,
    })
    .to_string()
}

async fn update(tx: &mut Tx, now: i64, row: &Row, incident: &Incident, revision: i64) -> ApiResult<()> {
    let id = incident.id.to_string();
    let sql = "UPDATE incident SET risk = $1, start_time = $2, end_time = $3, body = $4, machine_revision = $5,
                      revision = $6, proposed_grade = $7, grade_basis = $8, title = $9, title_en = $10 WHERE id = $11";
    let (start, end) = (incident.start.as_millis(), incident.end.as_millis());
    let (grade, basis) = (word_of(&incident.proposed_grade), &incident.grade_basis);
    let (risk, zh, en) = (i64::from(incident.risk), &incident.title_zh, &incident.title_en);
    let (body, newer) = (body(incident), i64::from(incident.revision));
    tx.execute(sql, args![risk, start, end, body, newer, revision, grade, basis, zh, en, id.as_str()]).await?;
    if row.optional_text("ended")?.is_some() || row.optional_text("taken_in_by")?.is_some() {
        let sql = "UPDATE incident SET state = CASE WHEN ended IS NULL THEN state ELSE 'open' END, ended = NULL,
                       taken_in_by = NULL WHERE id = $1";
        tx.execute(sql, args![id.as_str()]).await?;
        let (zh, en) = ("新的告警表明它又是单独的事件", "later alerts show that it is an incident of its own again");
        write_line(tx, &id, (now, ""), &line(zh.to_owned(), en.to_owned())).await?;
    }
    Ok(())
}

/// Ends an incident: its alerts go to the one that took it in, or are plain alerts again, and it is closed. One that
/// somebody works on stays as it is, and its timeline says what was found.
async fn end_it(tx: &mut Tx, now: i64, row: &Row, (newer, end): (i64, IncidentEnd)) -> ApiResult<i64> {
    let (id, place) = (row.text("id")?, Place::read(row)?);
    let taken_in_by = match end {
        IncidentEnd::TakenInBy(by) => tx
            .row("SELECT id, number FROM incident WHERE id = $1", args![by.to_string()])
            .await?
            .map(|row| Ok::<_, sqlx::Error>((row.text("id")?, row.text("number")?)))
            .transpose()?,
        IncidentEnd::Withdrawn => None,
    };
    let by = taken_in_by.as_ref().map(|(by, _)| by.as_str());
    let told = match &taken_in_by {
        Some((_, number)) => line(
            format!("新的告警表明它与事件 {number} 同属一次攻击"),
            format!("later alerts show that it is part of incident {number}"),
        ),
        None => line(
            "新的告警表明这些现象在本网络中属于常态".to_owned(),
            "later alerts show that this is ordinary here".to_owned(),
        ),
    };
    write_line(tx, &id, (now, ""), &told).await?;
    let revision = notice(tx, now, Notice { kind: "incident", id: &id, severity: None, place: &place }).await?;
    let sql = "UPDATE incident SET machine_revision = $1, revision = $2, taken_in_by = $3 WHERE id = $4";
    tx.execute(sql, args![newer, revision, by, id.as_str()]).await?;
    membership::end(tx, &id, by).await?;
    if !is_worked_on(tx, &id).await? {
        tx.execute("UPDATE alert SET incident_id = $1 WHERE incident_id = $2", args![by, id.as_str()]).await?;
        let sql = "UPDATE incident SET state = 'closed', ended = $1 WHERE id = $2";
        tx.execute(sql, args![end_word(end), id.as_str()]).await?;
    }
    Ok(revision)
}

const fn end_word(end: IncidentEnd) -> &'static str {
    match end {
        IncidentEnd::TakenInBy(_) => "taken_in",
        IncidentEnd::Withdrawn => "withdrawn",
    }
}

/// Whether somebody made it, leads it, judged it, wrote to it, put alerts into it, dispatched tasks for it or closed it.
pub(super) async fn is_worked_on(tx: &mut Tx, id: &str) -> ApiResult<bool> {
    for sql in [
        "SELECT COUNT(*) AS n FROM incident WHERE id = $1 AND (machine = 0 OR owner_id IS NOT NULL OR grade IS NOT NULL
             OR (state = 'closed' AND ended IS NULL))",
        "SELECT COUNT(*) AS n FROM task WHERE incident_id = $1",
        "SELECT COUNT(*) AS n FROM incident_entry WHERE incident_id = $1 AND actor <> ''",
        "SELECT COUNT(*) AS n FROM alert WHERE incident_id = $1 AND state = 'in_incident'",
    ] {
        if tx.count(sql, args![id]).await? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A line of the timeline about what became of the incident.
fn line(zh: String, en: String) -> Line<'static> {
    Line { kind: "incident", zh, en }
}

async fn insert(tx: &mut Tx, now: i64, incident: &Incident, place: &Place, revision: i64) -> ApiResult<()> {
    let number = incident_acts::next_number(tx, now).await?;
    let mut values = args![
        incident.id.to_string(),
        number,
        &incident.title_zh,
        &incident.title_en,
        word_of(&incident.proposed_grade),
        &incident.grade_basis,
        i64::from(incident.risk),
        incident.start.as_millis(),
        incident.end.as_millis(),
        i64::from(incident.revision),
        now,
        body(incident),
        incident.domain.as_str(),
        revision,
    ];
    values.extend(place.values());
    let sql =
        "INSERT INTO incident (id, number, title, title_en, proposed_grade, grade_basis, risk, start_time, end_time,
                   machine_revision, created_at, body, domain, revision, province, prefecture, county, unit_code,
                   summary, state, machine)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, '', 'open', 1)";
    tx.execute(sql, values).await?;
    Ok(())
}
