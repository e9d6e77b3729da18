//! Incidents: the list and the detail.

use std::collections::BTreeSet;

use fengsui_schema::{BusinessDomain, Entity, ExplanationLine, Technique, UnitCode};

use super::participants;
use crate::check;
use crate::clocks;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{HISTORY_ROWS, INCIDENT_ALERTS_SHOWN};
use crate::page::{count_up_to, cursor_after, cut, is_least, newest_revision, page_rows, read_cursor};
use crate::scope::{Place, Scope};
use crate::state::{AppState, time_text};
use crate::wire::{
    AlertRow, CommentView, EntityView, Explanation, IncidentDetail, IncidentQuery, IncidentRow, IncidentState, List,
    PersonRef, TimelineEntry, UnitView,
};
use crate::words::{from_optional_word, from_word, word_of};

const COLUMNS: &str = "i.*, \
    (SELECT p.display_name FROM account p WHERE p.id = i.owner_id) AS owner_name, \
    (SELECT COUNT(*) FROM alert a WHERE a.incident_id = i.id) AS alert_count, \
    (SELECT COUNT(*) FROM task t WHERE t.incident_id = i.id) AS task_total, \
    (SELECT COUNT(*) FROM task t WHERE t.incident_id = i.id AND t.state NOT IN ('verified', 'closed', 'cancelled')) AS task_open";

/// A page of incidents, riskiest first.
pub(crate) async fn list(state: &AppState, scope: &Scope, asked: &IncidentQuery) -> ApiResult<List<IncidentRow>> {
    let mut db = state.db();
    let mut filter = participants::visible(&check::narrowed(scope, asked.unit.as_deref())?);
    match asked.state.as_deref().unwrap_or("open") {
        "all" => {}
        word => {
            let wanted: Option<IncidentState> = from_word(word);
            let wanted = wanted.ok_or_else(|| ApiError::invalid("state", "取值不合法", "is open, closed or all"))?;
            filter.and_with("i.state = ?", args![word_of(&wanted)]);
        }
    }
    if let Some(text) = check::search(asked.q.as_deref())? {
        let pattern = check::like_pattern(&text);
        filter
            .and_with("(LOWER(i.title) LIKE ? ESCAPE '\\' OR i.number LIKE ? ESCAPE '\\')", args![&pattern, &pattern]);
    }
    let newest_revision = newest_revision(state).await?;
    let total = count_up_to(&mut db, "incident i", &filter).await?;
    if let Some(cursor) = &asked.cursor {
        let (risk, id) = read_cursor(cursor)?;
        filter.and_with("i.risk <= ? AND (i.risk < ? OR i.id < ?)", args![risk, risk, id]);
    }
    let limit = page_rows(asked.limit);
    let sql = format!(
        "SELECT {COLUMNS} FROM incident i WHERE {} ORDER BY i.risk DESC, i.id DESC LIMIT {}",
        filter.sql(),
        limit + 1
    );
    let rows = db.rows(&sql, filter.args()).await?;
    let ids = rows.iter().map(|row| row.text("id")).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut running = clocks::nearest(&mut db, "incident", &ids, state.now()).await?;
    let with_clock = |row: &Row| {
        let row = read(state, row)?;
        Ok(IncidentRow { clock: running.remove(&row.id), ..row })
    };
    let mut items = rows.iter().map(with_clock).collect::<ApiResult<Vec<_>>>()?;
    let next_cursor = cut(&mut items, limit, |row| cursor_after(row.risk, &row.id));
    Ok(List { items, next_cursor, total, total_is_least: is_least(total), newest_revision })
}

/// One incident as a row.
pub(crate) async fn row(state: &AppState, query: &mut impl Query, scope: &Scope, id: &str) -> ApiResult<IncidentRow> {
    read(state, &find(query, scope, id).await?)
}

async fn find(query: &mut impl Query, scope: &Scope, id: &str) -> ApiResult<Row> {
    let mut filter = participants::visible(scope);
    filter.and_with("i.id = ?", args![check::digest_id(id)?]);
    let sql = format!("SELECT {COLUMNS} FROM incident i WHERE {}", filter.sql());
    query.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)
}

fn read(state: &AppState, row: &Row) -> ApiResult<IncidentRow> {
    let place = Place::read(row)?;
    let owner = row.optional_int("owner_id")?.map(|id| id.to_string());
    let owner_name = row.optional_text("owner_name")?.unwrap_or_default();
    Ok(IncidentRow {
        id: row.text("id")?,
        number: row.text("number")?,
        title: row.text("title")?,
        title_en: row.optional_text("title_en")?,
        state: from_word(&row.text("state")?).unwrap_or(IncidentState::Open),
        grade: from_optional_word(row.optional_text("grade")?),
        proposed_grade: from_optional_word(row.optional_text("proposed_grade")?),
        risk: row.int("risk")?,
        start: time_text(row.int("start_time")?),
        end: time_text(row.int("end_time")?),
        alert_count: row.int("alert_count")?,
        task_open: row.int("task_open")?,
        task_total: row.int("task_total")?,
        unit: state.units().reference(place.unit()),
        domain: BusinessDomain::from_word(&row.text("domain")?).unwrap_or(BusinessDomain::Network),
        owner: owner.map(|id| PersonRef { id, display_name: owner_name }),
        created_at: time_text(row.int("created_at")?),
        revision: row.int("revision")?,
        machine: row.flag("machine")?,
        taken_in_by: row.optional_text("taken_in_by")?,
        clock: None,
    })
}

/// What somebody may see around an incident.
pub(crate) struct Around<'a> {
    /// Of incidents.
    pub(crate) incidents: &'a Scope,
    /// Of alerts.
    pub(crate) alerts: Option<Scope>,
    /// Of tasks.
    pub(crate) tasks: Option<Scope>,
}

/// One incident with everything around it.
pub(crate) async fn detail(state: &AppState, around: &Around<'_>, id: &str) -> ApiResult<IncidentDetail> {
    let mut db = state.db();
    let kept = find(&mut db, around.incidents, id).await?;
    let row = read(state, &kept)?;
    let body = kept.json("body")?;
    let part = |name: &str| body.get(name).cloned().unwrap_or_default();
    let entities: Vec<Entity> = serde_json::from_value(part("entities")).unwrap_or_default();
    let techniques: Vec<Technique> = serde_json::from_value(part("techniques")).unwrap_or_default();
    let explanation: Vec<ExplanationLine> = serde_json::from_value(part("explanation")).unwrap_or_default();
    let alerts = alerts_of(state, around.alerts.as_ref(), id).await?;
    let tasks = match &around.tasks {
        Some(scope) => super::tasks::of_incident(state, scope, id).await?,
        None => Vec::new(),
    };
    let entries = entries(&mut db, id).await?;
    let techniques = techniques_of(&techniques, &alerts);
    let clocks = clocks::of_object(&mut db, "incident", id, state.now()).await?;
    let clock = clocks.iter().find(|clock| clock.state != "done").cloned();
    Ok(IncidentDetail {
        summary: kept.text("summary")?,
        entities: entities_of(entities, &alerts),
        techniques,
        explanation: explanation.into_iter().map(|line| Explanation { zh: line.zh, en: line.en }).collect(),
        comments: comments(&entries),
        timeline: timeline(entries, &alerts),
        clocks,
        participants: participants::of(state, &mut db, id).await?,
        suggested_units: suggested(state, around.incidents, &alerts),
        grade_basis: kept.text("grade_basis")?,
        alerts,
        tasks,
        row: IncidentRow { clock, ..row },
    })
}

async fn alerts_of(state: &AppState, scope: Option<&Scope>, id: &str) -> ApiResult<Vec<AlertRow>> {
    let Some(scope) = scope else { return Ok(Vec::new()) };
    let mut filter = Filter::within(scope, "a");
    filter.and_with("a.incident_id = ?", args![id]);
    super::alerts::some(state, &mut state.db(), &filter, INCIDENT_ALERTS_SHOWN).await
}

/// The entities that correlation named, else those of the alerts.
fn entities_of(named: Vec<Entity>, alerts: &[AlertRow]) -> Vec<EntityView> {
    if !named.is_empty() {
        let view = |entity: Entity| EntityView {
            kind: word_of(&entity.kind),
            value: entity.value,
            role: entity.role,
            asset: entity.asset,
        };
        return named.into_iter().map(view).collect();
    }
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for alert in alerts {
        let ends = [
            ("target", &alert.destination_ip, &alert.destination_asset),
            ("source", &alert.source_ip, &alert.source_asset),
        ];
        for (role, address, asset) in ends {
            if let Some(value) = address.clone().filter(|value| seen.insert((role, value.clone()))) {
                found.push(EntityView {
                    kind: "address".to_owned(),
                    value,
                    role: role.to_owned(),
                    asset: asset.clone(),
                });
            }
        }
    }
    found.truncate(50);
    found
}

fn techniques_of(named: &[Technique], alerts: &[AlertRow]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let of_alerts = alerts.iter().flat_map(|alert| alert.techniques.iter());
    for id in named.iter().map(|technique| &technique.id).chain(of_alerts) {
        if !found.contains(id) {
            found.push(id.clone());
        }
    }
    found
}

async fn entries(query: &mut impl Query, id: &str) -> ApiResult<Vec<(String, TimelineEntry)>> {
    let sql = format!("SELECT * FROM incident_entry WHERE incident_id = $1 ORDER BY id LIMIT {HISTORY_ROWS}");
    let rows = query.rows(&sql, args![id]).await?;
    let entry = |row: &Row| {
        let line = TimelineEntry {
            time: time_text(row.int("time")?),
            kind: row.text("kind")?,
            actor: row.text("actor")?,
            text_zh: row.text("text_zh")?,
            text_en: row.text("text_en")?,
        };
        Ok((row.int("id")?.to_string(), line))
    };
    rows.iter().map(entry).collect()
}

fn comments(entries: &[(String, TimelineEntry)]) -> Vec<CommentView> {
    let of_people = entries.iter().filter(|(_, line)| line.kind == "comment");
    let view = |(id, line): &(String, TimelineEntry)| CommentView {
        id: id.clone(),
        time: line.time.clone(),
        author: line.actor.clone(),
        text: line.text_zh.clone(),
    };
    of_people.map(view).collect()
}

fn timeline(entries: Vec<(String, TimelineEntry)>, alerts: &[AlertRow]) -> Vec<TimelineEntry> {
    let mut lines: Vec<TimelineEntry> = entries.into_iter().map(|(_, line)| line).collect();
    lines.extend(alerts.iter().map(|alert| TimelineEntry {
        time: alert.time.clone(),
        kind: "alert".to_owned(),
        actor: String::new(),
        text_zh: alert.title_zh.clone(),
        text_en: alert.title_en.clone(),
    }));
    lines.sort_by(|one, other| one.time.cmp(&other.time));
    lines
}

/// Units of the alerts below the caller, counties first; what dispatch is filled in with.
fn suggested(state: &AppState, scope: &Scope, alerts: &[AlertRow]) -> Vec<UnitView> {
    let codes: BTreeSet<UnitCode> = alerts.iter().filter_map(|alert| alert.unit.code.parse().ok()).collect();
    let mut codes: Vec<UnitCode> =
        codes.into_iter().filter(|code| scope.reaches(code) && state.units().contains(code)).collect();
    codes.sort_by_key(|code| std::cmp::Reverse(code.tier()));
    codes.iter().map(|code| state.units().view(code)).collect()
}
