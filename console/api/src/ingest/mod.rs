//! Takes what the analyzer hands over. Repeats change nothing: ids are digests of content.

mod incident;
mod membership;
mod rollup;

use std::collections::BTreeMap;

use fengsui_pipeline::{OutputSink, SinkError, SinkFuture};
use fengsui_schema::{Alert, EntityKind, Finding, Output, UnitCode, Visibility};

use crate::db::{Query, Tx, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::STORED_BODY_BYTES;
use crate::repository::standings;
use crate::repository::suppressions::{self, Running};
use crate::scope::Place;
use crate::search::{Gathering, Searchable};
use crate::state::{AppState, Change, Notice, notice};
use crate::words::word_of;

/// The console as the pipeline sees it.
pub(crate) struct ConsoleSink(pub(crate) AppState);

impl OutputSink for ConsoleSink {
    fn deliver(&self, batch: Vec<Output>) -> SinkFuture<'_> {
        Box::pin(async move { take(&self.0, batch).await.map_err(|error| SinkError(error.message_en().to_owned())) })
    }
}

const HOUR: i64 = 3_600_000;

/// Takes a batch in one transaction.
pub(crate) async fn take(state: &AppState, batch: Vec<Output>) -> ApiResult<()> {
    let now = state.now();
    let mut tx = state.shared().db.begin().await?;
    let quiet = suppressions::running(&mut tx, now).await?;
    let withholds = state.values().withholds_addresses();
    let mut revision = None;
    let mut gathering = Gathering::default();
    for output in &batch {
        let changed = match output {
            Output::Alert(alert) => take_alert(&mut tx, now, alert, &quiet, &mut gathering).await?,
            Output::Incident(incident) => incident::take(&mut tx, now, incident).await?,
            Output::Finding(finding) => take_finding(&mut tx, now, finding).await?,
            Output::Visibility(visibility) => take_visibility(state, &mut tx, now, visibility).await?,
        };
        if changed.is_some()
            && let Some(summary) = crate::tier::summary_of(output, withholds)
        {
            crate::tier::send(&state.shared().tier, &mut tx, now, summary).await?;
        }
        revision = changed.or(revision);
    }
    gathering.write(&mut tx).await?;
    tx.commit().await?;
    state.shared().tier.notify();
    if let Some(revision) = revision {
        state.shared().revision.send_replace(revision);
    }
    Ok(())
}

/// Takes what a node below found, within the transaction of its delivery.
pub(crate) async fn take_from_below(change: &mut Change, output: &Output) -> ApiResult<()> {
    let (state, now) = (change.state().clone(), change.now());
    let tx = change.tx();
    let quiet = suppressions::running(tx, now).await?;
    let changed = match output {
        Output::Alert(alert) => {
            let mut gathering = Gathering::default();
            let changed = take_alert(tx, now, alert, &quiet, &mut gathering).await?;
            gathering.write(tx).await?;
            changed
        }
        Output::Incident(incident) => incident::take(tx, now, incident).await?,
        Output::Finding(finding) => take_finding(tx, now, finding).await?,
        Output::Visibility(visibility) => take_visibility(&state, tx, now, visibility).await?,
    };
    change.revise(changed);
    Ok(())
}

/// JSON of a body; one that is too large keeps no evidence.
pub(crate) fn body_of(alert: &Alert) -> ApiResult<String> {
    let text = serde_json::to_string(alert).map_err(|error| ApiError::internal(&error))?;
    if text.len() <= STORED_BODY_BYTES {
        return Ok(text);
    }
    let mut smaller = alert.clone();
    smaller.evidence.transaction = serde_json::Value::Null;
    smaller.evidence.record = None;
    smaller.evidence.payload_base64 = None;
    serde_json::to_string(&smaller).map_err(|error| ApiError::internal(&error))
}

/// Name of the asset at an address, when the analyzer knows one.
fn asset_of(alert: &Alert, address: Option<&String>) -> Option<String> {
    let fits = |kind| matches!(kind, EntityKind::Address | EntityKind::Host | EntityKind::DataAsset);
    let entity = alert.entities.iter().find(|entity| fits(entity.kind) && Some(&entity.value) == address)?;
    entity.asset.clone()
}

fn search_text(alert: &Alert) -> String {
    let flow = &alert.flow;
    let entities = alert.entities.iter().flat_map(|entity| [Some(&entity.value), entity.asset.as_ref()]).flatten();
    let fixed = [&alert.summary_zh, &alert.summary_en, &alert.rule.id, &alert.rule.title, &alert.observer];
    let flow = [flow.source_ip.as_ref(), flow.destination_ip.as_ref()].into_iter().flatten();
    let words: Vec<&str> = fixed.into_iter().chain(flow).chain(entities).map(String::as_str).collect();
    words.join(" ").to_lowercase().chars().take(2_000).collect()
}

async fn take_alert(
    tx: &mut Tx,
    now: i64,
    alert: &Alert,
    quiet: &[Running],
    gathering: &mut Gathering,
) -> ApiResult<Option<i64>> {
    let id = alert.id.to_string();
    if tx.count("SELECT COUNT(*) AS n FROM alert WHERE id = $1", args![id.as_str()]).await? > 0 {
        membership::told_again(tx, alert).await?;
        return Ok(None);
    }
    let place = Place::of(&alert.unit);
    let severity = i64::from(alert.severity.as_number());
    let suppression = quiet.iter().find(|one| one.fits(alert));
    // What is suppressed is kept and counted, but no list is told that there is news.
    let revision = match suppression {
        Some(one) => {
            one.note(tx, now).await?;
            None
        }
        None => {
            Some(notice(tx, now, Notice { kind: "alert", id: &id, severity: Some(severity), place: &place }).await?)
        }
    };
    let searched = Searchable { time: alert.time.as_millis(), text: search_text(alert) };
    gathering.add(tx, &searched).await?;
    insert_alert(tx, alert, &place, (revision, suppression), searched.text).await?;
    count_hour(tx, alert, &place).await?;
    rollup::count_rule(tx, alert, &place, suppression.is_some()).await?;
    rollup::keep_entities(tx, alert, &place).await?;
    rollup::group(tx, alert, &place, suppression.is_none()).await?;
    standings::add_new(tx, alert, &place, first_state(suppression)).await?;
    Ok(revision)
}

/// What is suppressed is kept and never stands in a queue.
fn first_state(suppression: Option<&Running>) -> &'static str {
    if suppression.is_some() { "closed" } else { "new" }
}

async fn insert_alert(
    tx: &mut Tx,
    alert: &Alert,
    place: &Place,
    (revision, suppression): (Option<i64>, Option<&Running>),
    text: String,
) -> ApiResult<()> {
    let flow = &alert.flow;
    let techniques: Vec<&str> = alert.techniques.iter().map(|technique| technique.id.as_str()).collect();
    let techniques = serde_json::to_string(&techniques).map_err(|error| ApiError::internal(&error))?;
    // The rule's title, not the sentence of what happened: addresses have columns of their own, and a group of
    // repeats shares one title.
    let title_zh = alert.rule.title_zh.as_ref().unwrap_or(&alert.rule.title);
    let title_en = &alert.rule.title;
    let mut values = args![
        alert.id.to_string(),
        alert.time.as_millis(),
        i64::from(alert.severity.as_number()),
        title_zh,
        title_en,
        &alert.rule.id,
        word_of(&alert.source),
        flow.source_ip.clone(),
        flow.source_port.map(i64::from),
        flow.destination_ip.clone(),
        flow.destination_port.map(i64::from),
        asset_of(alert, flow.source_ip.as_ref()),
        asset_of(alert, flow.destination_ip.as_ref()),
        alert.domain.as_str(),
        techniques,
        &alert.group_key,
        text,
        alert.evidence.pcap.clone(),
        body_of(alert)?,
        revision.unwrap_or_default(),
    ];
    values.extend(place.values());
    let state = first_state(suppression);
    values.extend(args![state, suppression.map(|_| "benign"), suppression.map(|one| one.id)]);
    values.extend(args![alert.fold.map(|fold| fold.to_string())]);
    let sql = "INSERT INTO alert (id, time, severity, title_zh, title_en, rule_id, source, source_ip, source_port,
                   destination_ip, destination_port, source_asset, destination_asset, domain, techniques, group_key,
                   search_text, pcap, body, revision, province, prefecture, county, unit_code, state,
                   disposition, suppression_id, fold, incident_id)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                   $21, $22, $23, $24, $25, $26, $27, $28,
                   (SELECT incident_id FROM incident_fold WHERE fold = $28))";
    tx.execute(sql, values).await?;
    Ok(())
}

/// Roll-up: alerts per hour, by unit, severity and domain.
async fn count_hour(tx: &mut Tx, alert: &Alert, place: &Place) -> ApiResult<()> {
    let hour = alert.time.as_millis().div_euclid(HOUR) * HOUR;
    let [province, prefecture, county, unit] = place.values();
    let sql = "INSERT INTO alert_hour (hour, unit_code, severity, domain, count, province, prefecture, county)
               VALUES ($1, $2, $3, $4, 1, $5, $6, $7)
               ON CONFLICT (hour, unit_code, severity, domain) DO UPDATE SET count = alert_hour.count + 1";
    let mut values = args![hour];
    values.extend([unit, i64::from(alert.severity.as_number()).into(), alert.domain.as_str().into()]);
    values.extend([province, prefecture, county]);
    tx.execute(sql, values).await?;
    Ok(())
}

async fn take_finding(tx: &mut Tx, now: i64, finding: &Finding) -> ApiResult<Option<i64>> {
    let id = finding.id.to_string();
    if tx.count("SELECT COUNT(*) AS n FROM finding WHERE id = $1", args![id.as_str()]).await? > 0 {
        return Ok(None);
    }
    let place = Place::of(&finding.unit);
    let revision = notice(tx, now, Notice { kind: "finding", id: &id, severity: None, place: &place }).await?;
    let body = serde_json::to_string(finding).map_err(|error| ApiError::internal(&error))?;
    let mut values = args![
        id,
        finding.time.as_millis(),
        crate::repository::findings::grade_number(finding.grade),
        &finding.observer,
        body,
        revision
    ];
    values.extend(place.values());
    let sql = "INSERT INTO finding (id, time, grade, observer, body, revision, province, prefecture, county, unit_code, state)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open')";
    tx.execute(sql, values).await?;
    Ok(Some(revision))
}

async fn take_visibility(state: &AppState, tx: &mut Tx, now: i64, seen: &Visibility) -> ApiResult<Option<i64>> {
    let place = Place::of(&sensor_unit(&state.settings().sensor_units, &seen.observer, &state.shared().unit));
    let body = serde_json::to_string(seen).map_err(|error| ApiError::internal(&error))?;
    let mut values = args![&seen.observer, now, body];
    values.extend(place.values());
    let sql = "INSERT INTO sensor (name, last_seen, body, province, prefecture, county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT (name) DO UPDATE SET last_seen = excluded.last_seen, body = excluded.body,
                   province = excluded.province, prefecture = excluded.prefecture, county = excluded.county,
                   unit_code = excluded.unit_code";
    tx.execute(sql, values).await?;
    let notice_of = Notice { kind: "sensor", id: &seen.observer, severity: None, place: &place };
    Ok(Some(notice(tx, now, notice_of).await?))
}

fn sensor_unit(units: &BTreeMap<String, String>, sensor: &str, own: &UnitCode) -> UnitCode {
    units.get(sensor).and_then(|code| code.parse().ok()).unwrap_or_else(|| own.clone())
}
