//! Evidence on request (调阅). Alerts go up as summaries; payload and capture follow only when a node above asked for them
//! in a signed order and a person at the node that has them agreed. Both sides keep the request and write every step to
//! the audit log.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fengsui_crypto::sm3;
use fengsui_relay::tier::{Destination, Directory as _, Envelope, NodeId, Relation};
use fengsui_schema::{Alert, UnitCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Draft, Tier, inbox};
use crate::audit::{Entry, Outcome};
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{CAPTURE_BYTES, EVIDENCE_REQUESTS};
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change, time_text};
use crate::wire::{Decision, EvidenceRequestRow};

/// Bytes of a capture in one message; with base64 and frame it is well within a message's limit.
const PART_BYTES: usize = 512 << 10;
/// Most parts of one capture.
const PARTS: usize = (CAPTURE_BYTES as usize).div_ceil(PART_BYTES);
/// Folder of captures from below, in the evidence folder.
const FOLDER: &str = "below";

/// The order that asks.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    request: String,
    alert: String,
    reason: String,
    by: String,
}

/// What goes up after the decision: one message for each part of the capture, or one alone.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    request: String,
    approved: bool,
    by: String,
    words: String,
    part: usize,
    parts: usize,
    /// Of the whole capture; empty without one.
    sm3: String,
    bytes: u64,
    /// The alert in full, with the first part.
    alert: Option<Value>,
    /// This part of the capture, in base64.
    content: String,
}

/// Asks the node that has an alert for its evidence; the name of the request.
pub(crate) async fn ask(change: &mut Change, scope: &Scope, alert: &str, reason: &str) -> ApiResult<String> {
    let reason = check::reason(reason)?;
    let alert = check::digest_id(alert)?;
    let mut filter = Filter::within(scope, "a");
    filter.and_with("a.id = ?", args![alert]);
    let sql = format!("SELECT a.unit_code FROM alert a WHERE {}", filter.sql());
    let row = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    let unit: UnitCode = row.text("unit_code")?.parse().map_err(|error| ApiError::internal(&error))?;
    let node: NodeId = unit.as_str().parse().map_err(|error| ApiError::internal(&error))?;
    let state = change.state().clone();
    let tier = &state.shared().tier;
    if tier.registry.read().relation(&node) == Relation::Own {
        return Err(ApiError::conflict("证据就在本级", "the evidence of this alert is here"));
    }
    let sql = "SELECT COUNT(*) AS n FROM evidence_request WHERE alert_id = $1 AND side = 'asked' AND state IN ('open', 'approved')";
    if change.count(sql, args![alert]).await? > 0 {
        return Err(ApiError::conflict("已有调阅申请在办", "it was asked for already"));
    }
    let (now, by) = (change.now(), change.actor().name.clone());
    let id = format!("{}-{now}-{}", tier.own, change.next("evidence_request").await?);
    let asked = Asked { request: id.clone(), alert: alert.to_owned(), reason, by };
    insert(change, "asked", &asked, &node, &Place::of(&unit)).await?;
    let draft = Draft::of("evidence_request", Destination::Node(node), id.clone(), &asked)?;
    if !super::send(tier, change.tx(), now, draft).await? {
        return Err(ApiError::conflict("该单位没有下级节点", "no node below has this alert"));
    }
    let (object, detail) = (format!("evidence/{id}"), format!("alert/{alert}: {}", asked.reason));
    let entry = Entry { action: "evidence.request", object: &object, outcome: Outcome::Success, detail: &detail };
    change.audit(entry).await?;
    Ok(id)
}

async fn insert(change: &mut Change, side: &str, asked: &Asked, node: &NodeId, place: &Place) -> ApiResult<()> {
    let now = change.now();
    let mut values = args![&asked.request, side, &asked.alert, node.as_str(), &asked.reason, &asked.by, now];
    values.extend(place.values());
    let sql =
        "INSERT INTO evidence_request (id, side, alert_id, node, reason, asked_by, asked_at, province, prefecture,
                   county, unit_code, state, decided_by, decision, sm3, bytes)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'open', '', '', '', 0)
               ON CONFLICT (id, side) DO NOTHING";
    change.execute(sql, values).await?;
    change.notice("evidence", &asked.request, None, place).await?;
    Ok(())
}

/// Tells the open pages that a request changed.
async fn tell(change: &mut Change, row: &Row) -> ApiResult<()> {
    change.notice("evidence", &row.text("id")?, None, &Place::read(row)?).await?;
    Ok(())
}

/// A node above asks for evidence: a person here decides. False when it can't be understood.
pub(super) async fn asked(change: &mut Change, message: &Envelope, body: &Value) -> ApiResult<bool> {
    let Ok(asked) = serde_json::from_value::<Asked>(body.clone()) else { return Ok(false) };
    let fits = asked.request == message.obj
        && check::digest_id(&asked.alert).is_ok()
        && check::reason(&asked.reason).is_ok()
        && check::short("by", &asked.by).is_ok();
    if !fits {
        return Ok(false);
    }
    let row = change.row("SELECT unit_code FROM alert WHERE id = $1", args![&asked.alert]).await?;
    let own = change.state().shared().unit.clone();
    let unit = row.and_then(|row| row.text("unit_code").ok()?.parse().ok()).unwrap_or(own);
    insert(change, "owed", &asked, &message.origin, &Place::of(&unit)).await?;
    let detail = format!("{}: alert/{}: {}", asked.request, asked.alert, asked.reason);
    inbox::note(change, &message.origin, "evidence.asked", &detail).await?;
    Ok(true)
}

/// A person at the node that has the evidence decides.
pub(crate) async fn decide(change: &mut Change, scope: &Scope, id: &str, decision: &Decision) -> ApiResult<()> {
    let words = check::reason(&decision.reason)?;
    let mut filter = Filter::within(scope, "e");
    filter.and_with("e.id = ? AND e.side = 'owed'", args![id]);
    let sql = format!("SELECT e.* FROM evidence_request e WHERE {}", filter.sql());
    let row = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    if row.text("state")? != "open" {
        return Err(ApiError::conflict("该申请已办结", "it was decided already"));
    }
    let (node, by) = (row.text("node")?, change.actor().name.clone());
    let node: NodeId = node.parse().map_err(|error| ApiError::internal(&error))?;
    let refused = Answer {
        request: id.to_owned(),
        approved: false,
        by,
        words,
        part: 0,
        parts: 1,
        sm3: String::new(),
        bytes: 0,
        alert: None,
        content: String::new(),
    };
    let answer = if decision.approve { gathered(change, &row, refused).await? } else { (refused, Vec::new()) };
    let (state, action) =
        if decision.approve { ("delivered", "evidence.approve") } else { ("refused", "evidence.refuse") };
    let (first, capture) = answer;
    let now = change.now();
    let sql =
        "UPDATE evidence_request SET state = $1, decided_by = $2, decided_at = $3, decision = $4, sm3 = $5, bytes = $6
               WHERE id = $7 AND side = 'owed'";
    let bytes = i64::try_from(first.bytes).unwrap_or(i64::MAX);
    change.execute(sql, args![state, &first.by, now, &first.words, &first.sm3, bytes, id]).await?;
    let object = format!("evidence/{id}");
    let detail = format!("to {node}: {bytes} bytes of capture, sm3 {}: {}", first.sm3, first.words);
    send_parts(change, &node, first, &capture).await?;
    tell(change, &row).await?;
    change.audit(Entry { action, object: &object, outcome: Outcome::Success, detail: &detail }).await
}

/// The alert in full and its capture, as far as it is still there.
async fn gathered(change: &mut Change, row: &Row, answer: Answer) -> ApiResult<(Answer, Vec<u8>)> {
    let sql = "SELECT body, pcap FROM alert WHERE id = $1";
    let Some(alert) = change.row(sql, args![row.text("alert_id")?]).await? else {
        return Err(ApiError::conflict("该告警已不在本级", "the alert is no longer here; refuse the request"));
    };
    let capture = match alert.optional_text("pcap")? {
        Some(name) => {
            let folder = change.state().shared().evidence_directory.clone();
            let read = change.state().off_thread(move || crate::evidence::read_capture(&folder, &name)).await?;
            read.unwrap_or_default()
        }
        None => Vec::new(),
    };
    let sm3 = if capture.is_empty() { String::new() } else { hex::encode(sm3(&capture)) };
    let (parts, bytes) = (capture.len().div_ceil(PART_BYTES).max(1), capture.len() as u64);
    Ok((Answer { approved: true, parts, sm3, bytes, alert: Some(alert.json("body")?), ..answer }, capture))
}

async fn send_parts(change: &mut Change, to: &NodeId, first: Answer, capture: &[u8]) -> ApiResult<()> {
    let (state, now) = (change.state().clone(), change.now());
    let tier = &state.shared().tier;
    let mut chunks = capture.chunks(PART_BYTES);
    let mut answer = first;
    for part in 0..answer.parts {
        answer = Answer { part, content: STANDARD.encode(chunks.next().unwrap_or_default()), ..answer };
        let obj = format!("{}/{part}", answer.request);
        let draft = Draft::of("evidence", Destination::Node(to.clone()), obj, &answer)?;
        // This is what the policy asks for: a request from above that a person here agreed to.
        if !super::outbox::send_approved(tier, change.tx(), now, draft).await? {
            return Err(ApiError::conflict(
                "上级节点不可达",
                "there is no way to the node that asked, or it is too large",
            ));
        }
        answer.alert = None;
    }
    Ok(())
}

/// A node below answered a request of this one. False when nobody asked it, or it can't be understood; nothing of it is kept
/// then, so that no node below can fill the database.
pub(super) async fn take(tier: &Tier, change: &mut Change, message: &Envelope, body: &Value) -> ApiResult<bool> {
    let understood = answered(tier, change, message, body).await?;
    if !understood {
        let sql = "UPDATE tier_object SET body = '' WHERE kind = 'evidence' AND obj = $1";
        change.execute(sql, args![&message.obj]).await?;
    }
    Ok(understood)
}

async fn answered(tier: &Tier, change: &mut Change, message: &Envelope, body: &Value) -> ApiResult<bool> {
    let Ok(answer) = serde_json::from_value::<Answer>(body.clone()) else { return Ok(false) };
    let sql = "SELECT * FROM evidence_request WHERE id = $1 AND side = 'asked' AND state IN ('open', 'approved')";
    let Some(row) = change.row(sql, args![&answer.request]).await? else { return Ok(false) };
    let node: NodeId = row.text("node")?.parse().map_err(|error| ApiError::internal(&error))?;
    let form = answer.parts <= PARTS
        && answer.part < answer.parts
        && message.obj == format!("{}/{}", answer.request, answer.part)
        && answer.bytes <= CAPTURE_BYTES
        && check::reason(&answer.words).is_ok()
        && check::short("by", &answer.by).is_ok();
    // The unit is served by the node that answers, which may be above it.
    if !form || !tier.registry.read().is_within(&node, &message.origin) {
        return Ok(false);
    }
    if !answer.approved {
        let outcome = decided(change, &answer, "refused").await;
        tell(change, &row).await?;
        let detail = format!("{}: {}", answer.request, answer.words);
        inbox::note(change, &message.origin, "evidence.refused", &detail).await?;
        return outcome.map(|()| true);
    }
    if answer.part == 0 {
        let Some(alert) = &answer.alert else { return Ok(false) };
        if !keep_alert(change, &row, alert).await? {
            return Ok(false);
        }
        decided(change, &answer, "approved").await?;
        tell(change, &row).await?;
    }
    complete(change, &message.origin, &row, &answer).await
}

async fn decided(change: &mut Change, answer: &Answer, state: &str) -> ApiResult<()> {
    let sql =
        "UPDATE evidence_request SET state = $1, decided_by = $2, decided_at = $3, decision = $4, sm3 = $5, bytes = $6
               WHERE id = $7 AND side = 'asked'";
    let (now, bytes) = (change.now(), i64::try_from(answer.bytes).unwrap_or(i64::MAX));
    let values = args![state, &answer.by, now, &answer.words, &answer.sm3, bytes, &answer.request];
    change.execute(sql, values).await?;
    Ok(())
}

/// Puts the alert in full in place of its summary. False when it is another alert, or another unit's.
async fn keep_alert(change: &mut Change, row: &Row, full: &Value) -> ApiResult<bool> {
    let Ok(mut alert) = serde_json::from_value::<Alert>(full.clone()) else { return Ok(false) };
    if alert.id.to_string() != row.text("alert_id")? || alert.unit.as_str() != row.text("unit_code")? {
        return Ok(false);
    }
    // Where the capture lies at the other node says nothing here.
    alert.evidence.pcap = None;
    let body = crate::ingest::body_of(&alert)?;
    change.execute("UPDATE alert SET body = $1 WHERE id = $2", args![body, alert.id.to_string()]).await?;
    Ok(true)
}

/// When every part is there: the capture is what its digest says, and becomes the alert's.
async fn complete(change: &mut Change, origin: &NodeId, row: &Row, last: &Answer) -> ApiResult<bool> {
    let like = format!("{}/%", last.request);
    let there = "SELECT COUNT(*) AS n FROM tier_object WHERE kind = 'evidence' AND obj LIKE $1";
    if change.count(there, args![&like]).await? < i64::try_from(last.parts).unwrap_or(i64::MAX) {
        return Ok(true);
    }
    let capture = joined(change, last).await?;
    let whole = match &capture {
        Some(bytes) if bytes.is_empty() => last.sm3.is_empty(),
        Some(bytes) => hex::encode(sm3(bytes)) == last.sm3,
        None => false,
    };
    // The parts are in the file now, or are worth nothing.
    change.execute("UPDATE tier_object SET body = '' WHERE kind = 'evidence' AND obj LIKE $1", args![&like]).await?;
    let Some(capture) = capture.filter(|_| whole) else {
        let sql = "UPDATE evidence_request SET state = 'refused', decision = $1 WHERE id = $2 AND side = 'asked'";
        change.execute(sql, args!["the capture that came is not what its digest says", &last.request]).await?;
        tell(change, row).await?;
        return Ok(false);
    };
    if !capture.is_empty() {
        let name = format!("{FOLDER}/{}.pcap", last.request);
        let path = change.state().shared().evidence_directory.join(&name);
        change.state().off_thread(move || write(&path, &capture)).await?.map_err(|error| ApiError::internal(&error))?;
        change.execute("UPDATE alert SET pcap = $1 WHERE id = $2", args![name, row.text("alert_id")?]).await?;
    }
    let sql = "UPDATE evidence_request SET state = 'delivered' WHERE id = $1 AND side = 'asked'";
    change.execute(sql, args![&last.request]).await?;
    tell(change, row).await?;
    let detail = format!("{}: {} bytes of capture, sm3 {}", last.request, last.bytes, last.sm3);
    inbox::note(change, origin, "evidence.delivered", &detail).await?;
    Ok(true)
}

/// The parts in their order; `None` when one is malformed.
async fn joined(change: &mut Change, last: &Answer) -> ApiResult<Option<Vec<u8>>> {
    let mut capture = Vec::new();
    for part in 0..last.parts {
        let sql = "SELECT body FROM tier_object WHERE kind = 'evidence' AND obj = $1";
        let row = change.row(sql, args![format!("{}/{part}", last.request)]).await?;
        let answer: Option<Answer> = row.and_then(|row| serde_json::from_str(&row.text("body").ok()?).ok());
        let content = answer.filter(|answer| answer.parts == last.parts && answer.sm3 == last.sm3);
        let Some(bytes) = content.and_then(|answer| STANDARD.decode(answer.content).ok()) else { return Ok(None) };
        capture.extend(bytes);
        if capture.len() as u64 > last.bytes {
            return Ok(None);
        }
    }
    Ok(Some(capture))
}

/// Writes a file that is whole or not there. The name is made of what this node named itself.
fn write(path: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let next = path.with_extension("next");
    let mut file = std::fs::File::create(&next)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(next, path)
}

/// The requests of a scope, newest first.
pub(crate) async fn list(state: &AppState, scope: &Scope) -> ApiResult<Vec<EvidenceRequestRow>> {
    let filter = Filter::within(scope, "e");
    let sql = format!(
        "SELECT e.* FROM evidence_request e WHERE {} ORDER BY e.asked_at DESC, e.id DESC LIMIT {EVIDENCE_REQUESTS}",
        filter.sql()
    );
    state.db().rows(&sql, filter.args()).await?.iter().map(|row| read(state, row)).collect()
}

fn read(state: &AppState, row: &Row) -> ApiResult<EvidenceRequestRow> {
    Ok(EvidenceRequestRow {
        id: row.text("id")?,
        side: row.text("side")?,
        alert_id: row.text("alert_id")?,
        unit: state.units().reference(Place::read(row)?.unit()),
        node: row.text("node")?,
        reason: row.text("reason")?,
        asked_by: row.text("asked_by")?,
        asked_at: time_text(row.int("asked_at")?),
        state: row.text("state")?,
        decided_by: row.text("decided_by")?,
        decided_at: row.optional_int("decided_at")?.map(time_text),
        decision: row.text("decision")?,
        sm3: row.text("sm3")?,
        bytes: row.int("bytes")?,
    })
}
