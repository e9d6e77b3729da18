//! Acts on many alerts at once: new states, the counts that hang on them, history and taking back.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::standings;
use crate::access::SessionToken;
use crate::check;
use crate::db::{Filter, Query, Row, Value, args, placeholders, tuples};
use crate::error::{ApiError, ApiResult};
use crate::limits::{ACTION_GROUP_ALERTS, ACTION_IDS, UNDO_MILLIS};
use crate::scope::{Place, Scope};
use crate::state::{Change, Notice};
use crate::wire::{AlertAction, AlertActionKind, AlertState, Disposition};
use crate::words::{from_optional_word, from_word, word_of};

/// The part of an alert that acts change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// Where it is in its life.
    pub(crate) state: AlertState,
    /// Why it was closed.
    pub(crate) disposition: Option<Disposition>,
    /// Account that looks.
    pub(crate) assignee: Option<i64>,
    /// Incident it is part of.
    pub(crate) incident: Option<String>,
}

/// An alert as acts see it.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) id: String,
    pub(crate) place: Place,
    severity: i64,
    domain: String,
    source: String,
    group_key: String,
    revision: i64,
    time: i64,
    rule_id: String,
    pub(crate) standing: Standing,
}

#[derive(Serialize, Deserialize)]
struct Before {
    id: String,
    standing: Standing,
    revision: i64,
}

const COLUMNS: &str = "a.id, a.time, a.rule_id, a.severity, a.domain, a.source, a.group_key, a.revision, a.state, a.disposition, a.assignee_id, a.incident_id, a.unit_code";

/// The alerts of some ids that a scope reaches.
pub(crate) async fn held(query: &mut impl Query, scope: &Scope, ids: &[String]) -> ApiResult<Vec<Held>> {
    if ids.len() > ACTION_IDS {
        return Err(ApiError::invalid(
            "ids",
            format!("一次最多{ACTION_IDS}条"),
            &format!("at most {ACTION_IDS} alerts"),
        ));
    }
    for id in ids {
        check::digest_id(id)?;
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut filter = Filter::within(scope, "a");
    filter.and_in("a.id", ids);
    let sql = format!("SELECT {COLUMNS} FROM alert a WHERE {}", filter.sql());
    query.rows(&sql, filter.args()).await?.iter().map(read).collect()
}

/// These alerts and the open repeats of their groups.
async fn with_groups(query: &mut impl Query, scope: &Scope, alerts: Vec<Held>) -> ApiResult<Vec<Held>> {
    let groups: BTreeSet<_> =
        alerts.iter().map(|alert| (alert.place.unit().to_string(), alert.group_key.clone())).collect();
    let mut all: BTreeMap<String, Held> = alerts.into_iter().map(|alert| (alert.id.clone(), alert)).collect();
    for (unit, key) in groups {
        let mut filter = Filter::within(scope, "a");
        filter.and_with("a.unit_code = ? AND a.group_key = ?", args![unit, key]);
        filter.and("a.state <> 'closed'");
        let left = ACTION_GROUP_ALERTS - i64::try_from(all.len()).unwrap_or(i64::MAX);
        let sql = format!("SELECT {COLUMNS} FROM alert a WHERE {} LIMIT {}", filter.sql(), left.max(0));
        for row in query.rows(&sql, filter.args()).await? {
            let alert = read(&row)?;
            all.insert(alert.id.clone(), alert);
        }
    }
    Ok(all.into_values().collect())
}

fn read(row: &Row) -> ApiResult<Held> {
    Ok(Held {
        id: row.text("id")?,
        place: Place::read(row)?,
        severity: row.int("severity")?,
        domain: row.text("domain")?,
        source: row.text("source")?,
        group_key: row.text("group_key")?,
        revision: row.int("revision")?,
        time: row.int("time")?,
        rule_id: row.text("rule_id")?,
        standing: Standing {
            state: from_word(&row.text("state")?).unwrap_or(AlertState::New),
            disposition: from_optional_word(row.optional_text("disposition")?),
            assignee: row.optional_int("assignee_id")?,
            incident: row.optional_text("incident_id")?,
        },
    })
}

/// What an act of somebody makes of an alert.
fn after(action: &AlertAction, account: i64, before: &Standing) -> Standing {
    let mut after = before.clone();
    let open = before.state != AlertState::Closed;
    match action.action {
        AlertActionKind::Acknowledge if before.state == AlertState::New => {
            after.state = AlertState::Acknowledged;
            after.assignee = Some(account);
        }
        AlertActionKind::AssignToMe if open => {
            after.assignee = Some(account);
            if before.state == AlertState::New {
                after.state = AlertState::Acknowledged;
            }
        }
        AlertActionKind::Close if open => {
            after.state = AlertState::Closed;
            after.disposition = action.disposition;
        }
        AlertActionKind::Reopen if !open => {
            after.state = if before.incident.is_some() { AlertState::InIncident } else { AlertState::New };
            after.disposition = None;
        }
        _ => {}
    }
    after
}

/// Acts on alerts; how many changed and the token that takes it back.
pub(crate) async fn act(
    change: &mut Change,
    scope: &Scope,
    account: i64,
    action: &AlertAction,
) -> ApiResult<(i64, Option<String>)> {
    let mut alerts = held(change, scope, &action.ids).await?;
    if action.whole_groups {
        alerts = with_groups(change, scope, alerts).await?;
    }
    let planned: Vec<(Held, Standing)> = alerts
        .into_iter()
        .map(|alert| {
            let next = after(action, account, &alert.standing);
            (alert, next)
        })
        .filter(|(alert, next)| alert.standing != *next)
        .collect();
    if planned.is_empty() {
        return Ok((0, None));
    }
    let words = describe(action);
    let done = apply(change, &planned, &word_of(&action.action), &words).await?;
    let token = remember(change, account, &done).await?;
    Ok((count(planned.len()), Some(token)))
}

fn describe(action: &AlertAction) -> String {
    let disposition = action.disposition.map(|word| word_of(&word)).unwrap_or_default();
    let reason = action.reason.as_deref().unwrap_or_default();
    [disposition.as_str(), reason].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// Gives alerts their new standing, with counts, groups, history and notices. Answers what they were before and the
/// revision they have now.
async fn apply(
    change: &mut Change,
    planned: &[(Held, Standing)],
    action: &str,
    words: &str,
) -> ApiResult<Vec<(Held, i64)>> {
    let revisions = announce(change, planned).await?;
    let revision_of = |alert: &Held| revisions.get(alert.place.unit().as_str()).copied().unwrap_or_default();
    let mut alike: BTreeMap<(i64, &Standing), Vec<&str>> = BTreeMap::new();
    for (alert, next) in planned {
        alike.entry((revision_of(alert), next)).or_default().push(&alert.id);
    }
    for ((revision, next), ids) in &alike {
        stand(change, *revision, next, ids).await?;
    }
    record(change, planned, action, words).await?;
    recount(change, planned).await?;
    count_wrong(change, planned).await?;
    Ok(planned.iter().map(|(alert, _)| (alert.clone(), revision_of(alert))).collect())
}

/// Gives alerts one and the same standing.
async fn stand(change: &mut Change, revision: i64, next: &Standing, ids: &[&str]) -> ApiResult<()> {
    for part in ids.chunks(ACTION_IDS) {
        let disposition = next.disposition.map(|word| word_of(&word));
        let mut values = args![word_of(&next.state), disposition, next.assignee, next.incident.clone(), revision];
        values.extend(part.iter().map(|id| Value::from(*id)));
        let sql = format!(
            "UPDATE alert SET state = $1, disposition = $2, assignee_id = $3, incident_id = $4, revision = $5 WHERE id IN ({})",
            placeholders(6, part.len())
        );
        change.execute(&sql, values).await?;
    }
    Ok(())
}

/// Writes a line of history for every alert.
async fn record(change: &mut Change, planned: &[(Held, Standing)], action: &str, words: &str) -> ApiResult<()> {
    let (now, actor) = (change.now(), change.actor().name.clone());
    for part in planned.chunks(ACTION_IDS) {
        let first = change.tx().reserve("alert_entry", count(part.len())).await?;
        let mut values = args![now, actor.as_str(), action, words];
        let mut lines = Vec::with_capacity(part.len());
        for ((alert, _), id) in part.iter().zip(first..) {
            let at = values.len();
            lines.push(format!("(${}, ${}, $1, $2, $3, $4)", at + 1, at + 2));
            values.extend(args![id, alert.id.as_str()]);
        }
        let sql =
            format!("INSERT INTO alert_entry (id, alert_id, time, actor, action, detail) VALUES {}", lines.join(", "));
        change.execute(&sql, values).await?;
    }
    Ok(())
}

/// Rows of values as a table `v` with the columns column1, column2 and so on.
fn table_of(rows: usize, columns: usize) -> String {
    format!("(VALUES {}) AS v", tuples(rows, columns))
}

/// Keeps the count of alerts that people called wrong, by rule and day.
async fn count_wrong(change: &mut Change, planned: &[(Held, Standing)]) -> ApiResult<()> {
    let mut deltas: BTreeMap<(i64, &str, &str), i64> = BTreeMap::new();
    let wrong = |standing: &Standing| i64::from(standing.disposition == Some(Disposition::FalsePositive));
    for (alert, next) in planned {
        let delta = wrong(next) - wrong(&alert.standing);
        if delta != 0 {
            let day = alert.time.div_euclid(86_400_000);
            *deltas.entry((day, &alert.rule_id, alert.place.unit().as_str())).or_default() += delta;
        }
    }
    let deltas: Vec<_> = deltas.into_iter().collect();
    for part in deltas.chunks(ACTION_IDS) {
        let values = part.iter().flat_map(|((day, rule, unit), delta)| args![*delta, *day, *rule, *unit]).collect();
        let sql = format!(
            "UPDATE rule_day SET false_positives = rule_day.false_positives + v.column1 FROM {}
             WHERE rule_day.day = v.column2 AND rule_day.rule_id = v.column3 AND rule_day.unit_code = v.column4",
            table_of(part.len(), 4)
        );
        change.execute(&sql, values).await?;
    }
    Ok(())
}

/// One notice per unit, so that closing 500 alerts does not flood the streams.
async fn announce<'a>(change: &mut Change, planned: &'a [(Held, Standing)]) -> ApiResult<BTreeMap<String, i64>> {
    let mut firsts: BTreeMap<&'a str, &'a Held> = BTreeMap::new();
    for (alert, _) in planned {
        firsts.entry(alert.place.unit().as_str()).or_insert(alert);
    }
    let notice_of =
        |alert: &&'a Held| Notice { kind: "alert", id: &alert.id, severity: Some(alert.severity), place: &alert.place };
    let first = change.notices(&firsts.values().map(notice_of).collect::<Vec<_>>()).await?;
    Ok(firsts.into_keys().map(str::to_owned).zip(first..).collect())
}

/// Brings the counts of alerts and the heads of groups in line.
async fn recount(change: &mut Change, planned: &[(Held, Standing)]) -> ApiResult<()> {
    let mut moves = standings::Moves::default();
    let mut groups: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for (alert, next) in planned {
        for (state, delta) in [(alert.standing.state, -1), (next.state, 1)] {
            let (place, domain, source) = (&alert.place, &alert.domain, &alert.source);
            let state = &word_of(&state);
            moves.note(&standings::Standing { place, severity: alert.severity, domain, source, state }, delta);
        }
        let (was, is) = (alert.standing.state != AlertState::Closed, next.state != AlertState::Closed);
        if was != is {
            *groups.entry((alert.place.unit().as_str(), &alert.group_key)).or_default() += if is { 1 } else { -1 };
        }
    }
    moves.write(change.tx()).await?;
    let groups: Vec<_> = groups.into_iter().collect();
    for part in groups.chunks(ACTION_IDS) {
        regroup(change, part).await?;
    }
    Ok(())
}

/// Groups whose number of open alerts changed get it and their new heads; one without an open alert keeps the old head
/// and is in no list.
async fn regroup(change: &mut Change, groups: &[((&str, &str), i64)]) -> ApiResult<()> {
    let values: Vec<Value> = groups.iter().flat_map(|((unit, key), delta)| args![*unit, *key, *delta]).collect();
    let from = format!(
        "FROM {} WHERE alert_group.unit_code = v.column1 AND alert_group.group_key = v.column2",
        table_of(groups.len(), 3)
    );
    let sql = format!("UPDATE alert_group SET open_count = alert_group.open_count + v.column3 {from}");
    change.execute(&sql, values.clone()).await?;
    let sql = format!(
        "UPDATE alert_group SET (head_id, head_time, severity, domain, source) =
             (SELECT a.id, a.time, a.severity, a.domain, a.source FROM alert a
              WHERE a.unit_code = alert_group.unit_code AND a.group_key = alert_group.group_key AND a.state <> 'closed'
              ORDER BY a.time DESC, a.id DESC LIMIT 1)
         {from} AND alert_group.open_count > 0"
    );
    change.execute(&sql, values).await?;
    Ok(())
}

async fn remember(change: &mut Change, account: i64, done: &[(Held, i64)]) -> ApiResult<String> {
    let before: Vec<Before> = done
        .iter()
        .map(|(alert, revision)| Before { id: alert.id.clone(), standing: alert.standing.clone(), revision: *revision })
        .collect();
    let token = SessionToken::random()?;
    let text = serde_json::to_string(&before).map_err(|error| ApiError::internal(&error))?;
    let now = change.now();
    change.execute("DELETE FROM alert_undo WHERE created_at < $1", args![now - UNDO_MILLIS]).await?;
    let sql = "INSERT INTO alert_undo (token_sm3, account_id, created_at, before) VALUES ($1, $2, $3, $4)";
    change.execute(sql, args![token.digest(), account, now, text]).await?;
    Ok(token.into_text())
}

/// Takes an act back; alerts that somebody changed since stay as they are.
pub(crate) async fn undo(change: &mut Change, scope: &Scope, account: i64, token: &str) -> ApiResult<i64> {
    let digest = SessionToken::from_text(token).digest();
    let sql = "SELECT before FROM alert_undo WHERE token_sm3 = $1 AND account_id = $2 AND created_at >= $3";
    let oldest = change.now() - UNDO_MILLIS;
    let row = change.row(sql, args![digest.as_str(), account, oldest]).await?;
    let row = row.ok_or_else(|| ApiError::conflict("撤销已过期", "this can't be taken back any more"))?;
    change.execute("DELETE FROM alert_undo WHERE token_sm3 = $1", args![digest]).await?;
    let before: Vec<Before> = serde_json::from_str(&row.text("before")?).unwrap_or_default();
    let mut planned = Vec::new();
    for part in before.chunks(ACTION_IDS) {
        let ids: Vec<String> = part.iter().map(|one| one.id.clone()).collect();
        let known: BTreeMap<&str, &Before> = part.iter().map(|one| (one.id.as_str(), one)).collect();
        for alert in held(change, scope, &ids).await? {
            if let Some(one) = known.get(alert.id.as_str()).filter(|one| one.revision == alert.revision) {
                planned.push((alert, one.standing.clone()));
            }
        }
    }
    apply(change, &planned, "undo", "").await?;
    Ok(count(planned.len()))
}

/// Closes the alerts of a condition as harmless; how many, and the token that takes it back.
pub(crate) async fn close_matching(
    change: &mut Change,
    filter: &Filter,
    account: i64,
    words: &str,
) -> ApiResult<(i64, Option<String>)> {
    let sql = format!("SELECT {COLUMNS} FROM alert a WHERE {} LIMIT {ACTION_GROUP_ALERTS}", filter.sql());
    let rows = change.rows(&sql, filter.args()).await?;
    let planned = rows
        .iter()
        .map(|row| {
            let alert = read(row)?;
            let disposition = Some(Disposition::Benign);
            let next = Standing { state: AlertState::Closed, disposition, ..alert.standing.clone() };
            Ok((alert, next))
        })
        .collect::<ApiResult<Vec<_>>>()?;
    if planned.is_empty() {
        return Ok((0, None));
    }
    let done = apply(change, &planned, "close", words).await?;
    let token = remember(change, account, &done).await?;
    Ok((count(done.len()), Some(token)))
}

/// Puts alerts into an incident.
pub(crate) async fn join_incident(
    change: &mut Change,
    alerts: &[Held],
    incident: &str,
    number: &str,
    account: i64,
) -> ApiResult<()> {
    let planned: Vec<(Held, Standing)> = alerts
        .iter()
        .map(|alert| {
            let assignee = alert.standing.assignee.or(Some(account));
            let incident = Some(incident.to_owned());
            (alert.clone(), Standing { state: AlertState::InIncident, disposition: None, assignee, incident })
        })
        .filter(|(alert, next)| alert.standing != *next)
        .collect();
    apply(change, &planned, "join_incident", number).await?;
    Ok(())
}

/// Closes the alerts of an incident with it.
pub(crate) async fn close_with_incident(change: &mut Change, incident: &str, words: &str) -> ApiResult<()> {
    let sql = format!(
        "SELECT {COLUMNS} FROM alert a WHERE a.incident_id = $1 AND a.state = 'in_incident' LIMIT {ACTION_GROUP_ALERTS}"
    );
    let rows = change.rows(&sql, args![incident]).await?;
    let planned = rows
        .iter()
        .map(|row| {
            let alert = read(row)?;
            let disposition = Some(Disposition::TruePositive);
            let next = Standing { state: AlertState::Closed, disposition, ..alert.standing.clone() };
            Ok((alert, next))
        })
        .collect::<ApiResult<Vec<_>>>()?;
    apply(change, &planned, "close", words).await?;
    Ok(())
}
