//! What people do to incidents.

use fengsui_crypto::{random_bytes, sm3};
use fengsui_schema::{BusinessDomain, IncidentGrade, IncidentId, Timestamp, UnitCode};

use super::alert_acts::{self, Held};
use super::participants;
use crate::access::Caller;
use crate::check;
use crate::clocks::{self, ClockObject, ClockStart};
use crate::db::{Filter, Query, Tx, args};
use crate::error::{ApiError, ApiResult};
use crate::report;
use crate::scope::{Place, Scope};
use crate::state::{Change, Notice, time_text};
use crate::wire::{ClockDone, IncidentState, NewIncident};
use crate::words::{from_optional_word, from_word, word_of};

/// An incident as acts see it.
pub(crate) struct HeldIncident {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) title: String,
    pub(crate) place: Place,
    pub(crate) state: IncidentState,
    pub(crate) grade: Option<IncidentGrade>,
    pub(crate) created_at: i64,
}

/// The next number of an incident: `2026-000123`.
pub(crate) async fn next_number(tx: &mut Tx, now: i64) -> ApiResult<String> {
    let year: String = Timestamp::from_millis(now).day().chars().take(4).collect();
    let number = tx.next(&format!("incident-{year}")).await?;
    Ok(format!("{year}-{number:06}"))
}

/// The incident of an id that a scope reaches.
pub(crate) async fn held(query: &mut impl Query, scope: &Scope, id: &str) -> ApiResult<HeldIncident> {
    held_where(query, Filter::within(scope, "i"), id).await
}

/// The same, or one that a unit within the scope takes part in.
pub(crate) async fn shared(query: &mut impl Query, scope: &Scope, id: &str) -> ApiResult<HeldIncident> {
    held_where(query, participants::visible(scope), id).await
}

async fn held_where(query: &mut impl Query, mut filter: Filter, id: &str) -> ApiResult<HeldIncident> {
    filter.and_with("i.id = ?", args![check::digest_id(id)?]);
    let sql = format!("SELECT i.* FROM incident i WHERE {}", filter.sql());
    let row = query.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    Ok(HeldIncident {
        id: row.text("id")?,
        number: row.text("number")?,
        title: row.text("title")?,
        place: Place::read(&row)?,
        state: from_word(&row.text("state")?).unwrap_or(IncidentState::Closed),
        grade: from_optional_word(row.optional_text("grade")?),
        created_at: row.int("created_at")?,
    })
}

impl HeldIncident {
    fn must_be(&self, state: IncidentState) -> ApiResult<()> {
        if self.state == state {
            Ok(())
        } else {
            Err(ApiError::conflict("事件当前状态不允许此操作", "the incident's state does not allow this"))
        }
    }

    /// Only open incidents are worked on.
    pub(crate) fn must_be_open(&self) -> ApiResult<()> {
        self.must_be(IncidentState::Open)
    }
}

/// A line of the timeline.
pub(crate) struct Line<'a> {
    pub(crate) kind: &'a str,
    pub(crate) zh: String,
    pub(crate) en: String,
}

/// Writes a line of the timeline and tells the streams; the incident's new revision.
pub(crate) async fn note(change: &mut Change, incident: &str, place: &Place, line: Line<'_>) -> ApiResult<i64> {
    let (now, actor) = (change.now(), change.actor().name.clone());
    write_line(change.tx(), incident, (now, &actor), &line).await?;
    let mut places = participants::places(change, incident).await?;
    places.push(place.clone());
    let told: Vec<Notice<'_>> =
        places.iter().map(|place| Notice { kind: "incident", id: incident, severity: None, place }).collect();
    let revision = change.notices(&told).await? + i64::try_from(told.len()).unwrap_or(1) - 1;
    change.execute("UPDATE incident SET revision = $1 WHERE id = $2", args![revision, incident]).await?;
    Ok(revision)
}

/// Writes a line of the timeline of an actor at a time; the analyzer has no name.
pub(crate) async fn write_line(
    tx: &mut Tx,
    incident: &str,
    (now, actor): (i64, &str),
    line: &Line<'_>,
) -> ApiResult<()> {
    let id = tx.next("incident_entry").await?;
    let sql = "INSERT INTO incident_entry (id, incident_id, time, kind, actor, text_zh, text_en)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    tx.execute(sql, args![id, incident, now, line.kind, actor, &line.zh, &line.en]).await?;
    Ok(())
}

/// Makes alerts an incident; its id.
pub(crate) async fn create(
    change: &mut Change,
    scope: &Scope,
    account: i64,
    new: &NewIncident,
) -> ApiResult<HeldIncident> {
    let title = check::title(&new.title)?;
    let summary = check::optional_body("summary", new.summary.as_deref())?;
    let alerts = alert_acts::held(change, scope, &new.alert_ids).await?;
    if alerts.len() != new.alert_ids.len() {
        return Err(ApiError::not_found());
    }
    let unit = common_unit(&alerts).unwrap_or_else(|| change.actor().place.unit().clone());
    let incident = insert(change, account, &Place::of(&unit), (&title, &summary), new.grade, &alerts).await?;
    let line = Line {
        kind: "incident",
        zh: format!("创建事件，关联告警{}条", alerts.len()),
        en: format!("created from {} alerts", alerts.len()),
    };
    note(change, &incident.id, &incident.place, line).await?;
    alert_acts::join_incident(change, &alerts, &incident.id, &incident.number, account).await?;
    let object = ClockObject { kind: "incident", id: &incident.id, place: &incident.place };
    clocks::start_for_incident(change, &object, ClockStart::Graded, new.grade, incident.created_at).await?;
    Ok(incident)
}

async fn insert(
    change: &mut Change,
    account: i64,
    place: &Place,
    (title, summary): (&str, &str),
    grade: IncidentGrade,
    alerts: &[Held],
) -> ApiResult<HeldIncident> {
    let seed: [u8; 32] = random_bytes().map_err(|error| ApiError::internal(&error))?;
    let id = IncidentId::from_digest(&sm3(&seed)).to_string();
    let now = change.now();
    let number = next_number(change.tx(), now).await?;
    let (start, end, risk, domain) = summary_of(change, alerts, now).await?;
    let mut values = args![
        id.as_str(),
        number.as_str(),
        title,
        summary,
        word_of(&grade),
        grade_basis(grade),
        risk,
        start,
        end,
        account,
        now,
        domain
    ];
    values.extend(place.values());
    let sql = "INSERT INTO incident (id, number, title, summary, grade, grade_basis, risk, start_time, end_time, owner_id,
                   created_at, domain, province, prefecture, county, unit_code, state, machine, machine_revision, body, revision)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'open', 0, 0, '{}', 0)";
    change.execute(sql, values).await?;
    let (title, place) = (title.to_owned(), place.clone());
    Ok(HeldIncident { id, number, title, place, state: IncidentState::Open, grade: Some(grade), created_at: now })
}

/// First and last time, risk and domain of some alerts.
async fn summary_of(change: &mut Change, alerts: &[Held], now: i64) -> ApiResult<(i64, i64, i64, String)> {
    let (mut start, mut end, mut worst, mut domain) = (i64::MAX, i64::MIN, 0, None);
    for alert in alerts {
        let sql = "SELECT time, severity, domain FROM alert WHERE id = $1";
        if let Some(row) = change.row(sql, args![alert.id.as_str()]).await? {
            let time = row.int("time")?;
            (start, end, worst) = (start.min(time), end.max(time), worst.max(row.int("severity")?));
            domain.get_or_insert(row.text("domain")?);
        }
    }
    if alerts.is_empty() {
        (start, end) = (now, now);
    }
    let more = i64::try_from(alerts.len()).unwrap_or(i64::MAX).min(20) * 5;
    Ok((
        start,
        end,
        (worst * 200 + more).min(1_000),
        domain.unwrap_or_else(|| BusinessDomain::Network.as_str().to_owned()),
    ))
}

fn grade_basis(grade: IncidentGrade) -> &'static str {
    match grade {
        IncidentGrade::General => "人工研判：一般（GB/T 20986-2023）",
        IncidentGrade::Larger => "人工研判：较大（GB/T 20986-2023；网络安全事件分级指南）",
        IncidentGrade::Major => "人工研判：重大（GB/T 20986-2023；网络安全事件分级指南）",
        IncidentGrade::ExtraordinarilyMajor => "人工研判：特别重大（GB/T 20986-2023；网络安全事件分级指南）",
    }
}

/// The lowest unit above all alerts.
fn common_unit(alerts: &[Held]) -> Option<UnitCode> {
    let mut units = alerts.iter().map(|alert| alert.place.unit());
    let mut common = units.next()?.clone();
    for unit in units {
        while !unit.path().starts_with(&common.path()) {
            common = common.parent()?;
        }
    }
    Some(common)
}

/// Name of a grade.
pub(crate) const fn grade_name(grade: IncidentGrade) -> (&'static str, &'static str) {
    match grade {
        IncidentGrade::General => ("一般", "general"),
        IncidentGrade::Larger => ("较大", "larger"),
        IncidentGrade::Major => ("重大", "major"),
        IncidentGrade::ExtraordinarilyMajor => ("特别重大", "extraordinarily major"),
    }
}

/// Adds alerts.
pub(crate) async fn add_alerts(
    change: &mut Change,
    incident: &HeldIncident,
    alerts: &[Held],
    account: i64,
) -> ApiResult<()> {
    incident.must_be_open()?;
    alert_acts::join_incident(change, alerts, &incident.id, &incident.number, account).await?;
    let count = alerts.len();
    let line = Line { kind: "incident", zh: format!("关联告警{count}条"), en: format!("added {count} alerts") };
    note(change, &incident.id, &incident.place, line).await?;
    Ok(())
}

/// Judges the grade.
pub(crate) async fn grade(
    change: &mut Change,
    incident: &HeldIncident,
    grade: IncidentGrade,
    reason: &str,
) -> ApiResult<()> {
    incident.must_be_open()?;
    let sql = "UPDATE incident SET grade = $1, grade_basis = $2 WHERE id = $3";
    let basis = format!("{}；{reason}", grade_basis(grade));
    change.execute(sql, args![word_of(&grade), basis, incident.id.as_str()]).await?;
    let object = ClockObject { kind: "incident", id: &incident.id, place: &incident.place };
    clocks::start_for_incident(change, &object, ClockStart::Graded, grade, incident.created_at).await?;
    let (zh, en) = grade_name(grade);
    let line = Line { kind: "grade", zh: format!("定级为{zh}：{reason}"), en: format!("graded {en}: {reason}") };
    note(change, &incident.id, &incident.place, line).await?;
    Ok(())
}

/// Closes an incident whose tasks are all done, and its alerts with it.
pub(crate) async fn close(change: &mut Change, incident: &HeldIncident, reason: &str) -> ApiResult<()> {
    incident.must_be_open()?;
    let sql =
        "SELECT COUNT(*) AS n FROM task WHERE incident_id = $1 AND state NOT IN ('verified', 'closed', 'cancelled')";
    if change.count(sql, args![incident.id.as_str()]).await? > 0 {
        return Err(ApiError::conflict("仍有未办结的处置任务", "tasks of the incident are not done yet"));
    }
    change.execute("UPDATE incident SET state = 'closed' WHERE id = $1", args![incident.id.as_str()]).await?;
    alert_acts::close_with_incident(change, &incident.id, &incident.number).await?;
    if let Some(grade) = incident.grade {
        let object = ClockObject { kind: "incident", id: &incident.id, place: &incident.place };
        let now = change.now();
        clocks::start_for_incident(change, &object, ClockStart::Closed, grade, now).await?;
    }
    let line = Line { kind: "incident", zh: format!("关闭事件：{reason}"), en: format!("closed: {reason}") };
    note(change, &incident.id, &incident.place, line).await?;
    Ok(())
}

/// Opens it again.
pub(crate) async fn reopen(change: &mut Change, incident: &HeldIncident, reason: &str) -> ApiResult<()> {
    incident.must_be(IncidentState::Closed)?;
    change
        .execute(
            "UPDATE incident SET state = 'open', ended = NULL, taken_in_by = NULL WHERE id = $1",
            args![incident.id.as_str()],
        )
        .await?;
    let line =
        Line { kind: "incident", zh: format!("重新打开事件：{reason}"), en: format!("reopened: {reason}") };
    note(change, &incident.id, &incident.place, line).await?;
    Ok(())
}

/// Says that what a clock asks for was done: which way a report went, to whom and when. What was written down, in words.
pub(crate) async fn clock_done(
    change: &mut Change,
    caller: &Caller,
    incident: &HeldIncident,
    (clock, sent): (i64, &ClockDone),
) -> ApiResult<String> {
    let recipient = check::short("recipient", &sent.recipient)?;
    let note_text = sent.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    let note_text = note_text.map(check::reason).transpose()?.unwrap_or_default();
    let sql = "SELECT title_zh, title_en, started_at FROM clock
               WHERE id = $1 AND object_kind = 'incident' AND object_id = $2 AND done_at IS NULL";
    let row = change.row(sql, args![clock, incident.id.as_str()]).await?.ok_or_else(ApiError::not_found)?;
    let (zh, en, now) = (row.text("title_zh")?, row.text("title_en")?, change.now());
    let done = check::optional_time("done_at", sent.done_at.as_deref())?.unwrap_or(now);
    if done > now || done < row.int("started_at")? {
        return Err(ApiError::invalid(
            "done_at",
            "时间须在计时开始之后、现在之前",
            "is before the clock began or still to come",
        ));
    }
    let sql = "UPDATE clock SET done_at = $1, channel = $2, recipient = $3, record = $4, recorded_at = $5,
                   recorded_by = $6 WHERE id = $7";
    let (channel, by) = (word_of(&sent.channel), &caller.identity.display_name);
    change.execute(sql, args![done, &channel, &recipient, &note_text, now, by, clock]).await?;
    let told = format!("{} {channel} {recipient} {note_text}", time_text(done));
    let line = Line {
        kind: "clock",
        zh: format!(
            "{zh}：已完成。{}，经{}报{recipient}。{note_text}",
            report::local(&time_text(done)),
            report::channel(sent.channel)
        ),
        en: format!("{en}: done. {told}"),
    };
    note(change, &incident.id, &incident.place, line).await?;
    Ok(told)
}
