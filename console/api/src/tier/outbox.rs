//! The outbox: messages get their numbers in the transaction of what they tell of.

use fengsui_relay::tier::{
    Answer, Batch, Destination, Envelope, Labels, Lane, NodeId, OutRow, Scheduler, Sending, Stream,
};
use serde::Serialize;

use super::streams::{digest, lane_number, number, save_sending, sending_end, sending_ends, unsigned};
use super::{Tier, thinning};
use crate::db::{Query, Row, Tx, args};
use crate::error::{ApiError, ApiResult};
use crate::state::{AppState, Change};

/// How long messages are kept after the neighbour has them, for one that is restored from a backup.
const KEPT_MILLIS: i64 = 7 * 24 * 3_600_000;

/// A message to send.
pub(crate) struct Draft<'a> {
    pub(crate) kind: &'a str,
    pub(crate) to: Destination,
    pub(crate) obj: String,
    pub(crate) expires: Option<i64>,
    pub(crate) labels: Labels,
    pub(crate) body: serde_json::Value,
}

impl<'a> Draft<'a> {
    /// A message without labels that never expires.
    pub(super) fn of(kind: &'a str, to: Destination, obj: String, body: &impl Serialize) -> ApiResult<Self> {
        let body = serde_json::to_value(body).map_err(|error| ApiError::internal(&error))?;
        Ok(Self::plain(kind, to, obj, body))
    }

    /// The same of what is JSON already.
    pub(super) fn plain(kind: &'a str, to: Destination, obj: String, body: serde_json::Value) -> Self {
        Self { kind, to, obj, expires: None, labels: Labels::default(), body }
    }
}

/// Puts a message of this node into the streams in the transaction of what it tells of, and wakes whoever sends it.
pub(super) async fn tell(change: &mut Change, draft: Draft<'_>) -> ApiResult<()> {
    let (state, now) = (change.state().clone(), change.now());
    let tier = &state.shared().tier;
    if send(tier, change.tx(), now, draft).await? {
        tier.notify();
    }
    Ok(())
}

/// Puts a message of this node into the streams it goes out by. What goes up passes the egress policy. Without a
/// neighbour that way nothing is written. Call [`Tier::notify`] after the commit.
pub(crate) async fn send(tier: &Tier, tx: &mut Tx, now: i64, draft: Draft<'_>) -> ApiResult<bool> {
    send_as(tier, tx, now, draft, false).await
}

/// Like [`send`], of what somebody above asked for and a person here agreed to.
pub(super) async fn send_approved(tier: &Tier, tx: &mut Tx, now: i64, draft: Draft<'_>) -> ApiResult<bool> {
    send_as(tier, tx, now, draft, true).await
}

async fn send_as(tier: &Tier, tx: &mut Tx, now: i64, draft: Draft<'_>, approved: bool) -> ApiResult<bool> {
    let hops = tier.registry.read().next_hops(&draft.to);
    let Some(rule) = tier.policy.kind(draft.kind) else {
        return Err(ApiError::internal(&format!("{} is no kind of message", draft.kind)));
    };
    if hops.is_empty() {
        return Ok(false);
    }
    let goes_up = hops.iter().any(|hop| tier.registry.read().parent().as_ref() == Some(hop));
    let body = match goes_up {
        true => match tier.policy.let_out(draft.kind, &draft.labels, &draft.body, approved) {
            Ok(body) => body,
            Err(withheld) => {
                tracing::debug!(kind = draft.kind, %withheld, "a message stays here");
                return Ok(false);
            }
        },
        false => draft.body,
    };
    let (epoch, oseq) = next_own(tx, now).await?;
    let rev = next_revision(tier, tx, draft.kind, &draft.obj, now).await?;
    let message = Envelope {
        v: 1,
        origin: tier.own.clone(),
        epoch,
        oseq,
        to: draft.to,
        kind: draft.kind.to_owned(),
        obj: draft.obj,
        rev,
        ts: now,
        expires: draft.expires,
        labels: draft.labels,
        body: body.to_string(),
        origin_signature: None,
    };
    if !message.within_limits() {
        tracing::warn!(kind = message.kind, obj = message.obj, "a message is too large to be sent");
        return Ok(false);
    }
    let signed = rule.signed.then(|| message.clone().sign(&*tier.key)).transpose();
    let message = signed.map_err(|error| ApiError::internal(&error))?.unwrap_or(message);
    for hop in &hops {
        append(tier, tx, (hop, rule.lane), &message, now).await?;
    }
    Ok(true)
}

/// The origin's epoch and the next number.
async fn next_own(tx: &mut Tx, now: i64) -> ApiResult<(u64, u64)> {
    let sql = "INSERT INTO tier_self (id, epoch, oseq) VALUES (1, $1, 1)
               ON CONFLICT (id) DO UPDATE SET oseq = tier_self.oseq + 1";
    tx.execute(sql, args![now.max(1)]).await?;
    let row = tx.row("SELECT epoch, oseq FROM tier_self WHERE id = 1", args![]).await?;
    let row = row.ok_or_else(|| ApiError::internal(&"the node has no epoch"))?;
    Ok((unsigned(&row, "epoch")?, unsigned(&row, "oseq")?))
}

/// The next revision of an object of this node.
async fn next_revision(tier: &Tier, tx: &mut Tx, kind: &str, obj: &str, now: i64) -> ApiResult<u64> {
    let sql = "INSERT INTO tier_object (kind, obj, owner, rev, ts, body) VALUES ($1, $2, $3, 1, $4, '')
               ON CONFLICT (kind, obj) DO UPDATE SET rev = tier_object.rev + 1, ts = excluded.ts";
    tx.execute(sql, args![kind, obj, tier.own.as_str(), now]).await?;
    let row = tx.row("SELECT rev FROM tier_object WHERE kind = $1 AND obj = $2", args![kind, obj]).await?;
    Ok(row.map(|row| unsigned(&row, "rev")).transpose()?.unwrap_or(1))
}

/// Appends a message, this node's or one that is handed on, to the stream of a neighbour. Telemetry is held when too much
/// of it waits.
pub(super) async fn append(
    tier: &Tier,
    tx: &mut Tx,
    (peer, lane): (&NodeId, Lane),
    message: &Envelope,
    now: i64,
) -> ApiResult<()> {
    let end = sending_end(tx, peer, lane).await?;
    if thinning::hold(tier, tx, (peer, lane), end.as_ref(), message).await? {
        return Ok(());
    }
    enlist(tx, peer, lane, message, now).await
}

/// Gives a message its number in the stream of a neighbour.
pub(super) async fn enlist(tx: &mut Tx, peer: &NodeId, lane: Lane, message: &Envelope, now: i64) -> ApiResult<()> {
    let kept = sending_end(tx, peer, lane).await?;
    let mut end = kept.unwrap_or_else(|| Sending::new(u64::try_from(now.max(1)).unwrap_or(1)));
    let row = end.append(message.clone());
    save_row(tx, peer, lane, &row, now).await?;
    save_sending(tx, peer, lane, &end).await?;
    Ok(())
}

async fn save_row(tx: &mut Tx, peer: &NodeId, lane: Lane, row: &OutRow, now: i64) -> ApiResult<()> {
    let text = serde_json::to_string(&row.message).map_err(|error| ApiError::internal(&error))?;
    let sql = "INSERT INTO tier_outbox (peer, lane, seq, prior, link, created_at, message)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let (prior, link) = (hex::encode(row.before), hex::encode(row.link));
    tx.execute(sql, args![peer.as_str(), lane_number(lane), number(row.seq), prior, link, now, text]).await?;
    Ok(())
}

/// Messages of a stream from a number on, as many as fit.
async fn rows_from(
    query: &mut impl Query,
    peer: &NodeId,
    lane: Lane,
    range: (u64, u64),
    most_bytes: u64,
) -> ApiResult<(Vec<OutRow>, u64)> {
    let sql = "SELECT seq, prior, link, message FROM tier_outbox
               WHERE peer = $1 AND lane = $2 AND seq >= $3 AND seq <= $4 ORDER BY seq LIMIT $5";
    let most = i64::try_from(fengsui_relay::limits::BATCH_MESSAGES).unwrap_or(500);
    let (first, last) = (number(range.0), number(range.1));
    let (mut rows, mut bytes) = (Vec::new(), 0);
    for row in query.rows(sql, args![peer.as_str(), lane_number(lane), first, last, most]).await? {
        let text = row.text("message")?;
        bytes += text.len() as u64;
        if bytes > most_bytes && !rows.is_empty() {
            break;
        }
        rows.push(read_row(&row, &text)?);
    }
    Ok((rows, bytes))
}

fn read_row(row: &Row, text: &str) -> ApiResult<OutRow> {
    let message = serde_json::from_str(text).map_err(|error| ApiError::internal(&error))?;
    Ok(OutRow { seq: unsigned(row, "seq")?, before: digest(row, "prior")?, link: digest(row, "link")?, message })
}

fn stream(tier: &Tier, peer: &NodeId, lane: Lane) -> Stream {
    Stream { src: tier.own.clone(), dst: peer.clone(), lane }
}

/// The next batch for a neighbour, as quotas have it.
pub(super) async fn next_batch(state: &AppState, peer: &NodeId) -> ApiResult<Option<Batch>> {
    let tier = &state.shared().tier;
    thinning::release(state, peer, false).await?;
    let mut db = state.db();
    let ends = sending_ends(&mut db, peer).await?;
    let mut waiting = [0; 5];
    for (lane, end) in &ends {
        waiting[usize::from(lane.as_number())] = end.waiting();
    }
    let chosen = {
        let mut places = tier.places.lock();
        let fresh = || Scheduler::new(fengsui_relay::tier::Quotas::default());
        places.schedulers.entry(peer.clone()).or_insert_with(fresh).next(&waiting)
    };
    let Some((lane, most_bytes)) = chosen else { return Ok(None) };
    let Some((_, mut end)) = ends.into_iter().find(|(of, _)| *of == lane) else { return Ok(None) };
    let range = (end.first_to_send(), u64::MAX >> 1);
    let (rows, bytes) = rows_from(&mut db, peer, lane, range, most_bytes).await?;
    if let Some(scheduler) = tier.places.lock().schedulers.get_mut(peer) {
        scheduler.sent(lane, bytes.max(1));
    }
    end.sending = claim(tier, peer, lane, state.now());
    end.batch(&stream(tier, peer, lane), rows, state.now(), &*tier.key).map_err(|error| ApiError::internal(&error))
}

/// Batches of a stream for a way without answers: the first after what is acknowledged, then the one from `from` on.
pub(super) async fn batch_after(
    state: &AppState,
    peer: &NodeId,
    lane: Lane,
    from: Option<u64>,
) -> ApiResult<Option<Batch>> {
    let tier = &state.shared().tier;
    let mut db = state.db();
    let Some(mut end) = sending_end(&mut db, peer, lane).await? else { return Ok(None) };
    let range = (from.unwrap_or_else(|| end.first_to_send()), u64::MAX >> 1);
    let (rows, _) = rows_from(&mut db, peer, lane, range, REPAIR_BYTES).await?;
    end.sending = claim(tier, peer, lane, state.now());
    end.batch(&stream(tier, peer, lane), rows, state.now(), &*tier.key).map_err(|error| ApiError::internal(&error))
}

/// The number of the last sending of a stream; the next one is taken.
fn claim(tier: &Tier, peer: &NodeId, lane: Lane, now: i64) -> u64 {
    let mut places = tier.places.lock();
    // After a start numbers begin past the clock, so that none is used twice; an answer tells when that is not enough.
    let start = u64::try_from(now).unwrap_or(0);
    let place = places.sending.entry((peer.clone(), lane)).or_insert(start);
    std::mem::replace(place, place.saturating_add(1))
}

/// Batches that bring again what a neighbour has lost.
pub(super) async fn repairs(
    state: &AppState,
    peer: &NodeId,
    lane: Lane,
    ranges: &[(u64, u64)],
) -> ApiResult<Vec<Batch>> {
    let tier = &state.shared().tier;
    let mut db = state.db();
    let Some(mut end) = sending_end(&mut db, peer, lane).await? else { return Ok(Vec::new()) };
    let mut batches = Vec::new();
    for (first, last) in ranges.iter().take(REPAIRS_AT_ONCE) {
        let last = (*last).min(end.acknowledged);
        let mut next = (*first).max(end.floor);
        while next <= last {
            let (rows, _) = rows_from(&mut db, peer, lane, (next, last), REPAIR_BYTES).await?;
            let Some(row) = rows.last() else { break };
            next = row.seq + 1;
            end.sending = claim(tier, peer, lane, state.now());
            let signed = end.repair(&stream(tier, peer, lane), rows, state.now(), &*tier.key);
            batches.extend(signed.map_err(|error| ApiError::internal(&error))?);
        }
    }
    Ok(batches)
}

/// Most ranges that one round repairs; the next hour brings the next round.
const REPAIRS_AT_ONCE: usize = 4;
/// Most bytes of messages in one batch of a repair.
const REPAIR_BYTES: u64 = 1 << 20;

/// Takes what a neighbour says of its place in the streams towards it.
pub(super) async fn answered(state: &AppState, peer: &NodeId, answer: &Answer) -> ApiResult<()> {
    let tier = &state.shared().tier;
    let mut tx = state.shared().db.begin().await?;
    let Some(mut end) = sending_end(&mut tx, peer, answer.lane).await? else { return Ok(()) };
    if let Some(epoch) = end.outgrown_by(answer) {
        tracing::warn!(%peer, lane = %answer.lane, "the neighbour knows a later life of this node; a new epoch is begun");
        renumber(&mut tx, peer, answer.lane, epoch).await?;
        return Ok(tx.commit().await?);
    }
    let before = end.clone();
    let changed = end.answered(answer);
    {
        let mut places = tier.places.lock();
        let place = places.sending.entry((peer.clone(), answer.lane)).or_insert(0);
        *place = (*place).max(answer.sending.min(fengsui_relay::limits::NUMBER));
    }
    if changed {
        let now = state.now();
        if end.acknowledged / KEPT_STEP > before.acknowledged / KEPT_STEP {
            forget(&mut tx, peer, answer.lane, &mut end, now).await?;
        }
        save_sending(&mut tx, peer, answer.lane, &end).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Old messages are looked for once per so many acknowledged ones.
const KEPT_STEP: u64 = 1_000;

async fn forget(tx: &mut Tx, peer: &NodeId, lane: Lane, end: &mut Sending, now: i64) -> ApiResult<()> {
    let sql = "SELECT COALESCE(MAX(seq), 0) AS n FROM tier_outbox
               WHERE peer = $1 AND lane = $2 AND seq <= $3 AND created_at < $4";
    let (old, acknowledged) = (now - KEPT_MILLIS, number(end.acknowledged));
    let last = tx.count(sql, args![peer.as_str(), lane_number(lane), acknowledged, old]).await?;
    if last > 0 {
        let sql = "DELETE FROM tier_outbox WHERE peer = $1 AND lane = $2 AND seq <= $3";
        tx.execute(sql, args![peer.as_str(), lane_number(lane), last]).await?;
        end.forget_up_to(u64::try_from(last).unwrap_or(0));
    }
    Ok(())
}

/// Begins a new epoch of a stream over what is still held.
async fn renumber(tx: &mut Tx, peer: &NodeId, lane: Lane, epoch: u64) -> ApiResult<()> {
    let sql = "SELECT seq, prior, link, message FROM tier_outbox WHERE peer = $1 AND lane = $2 ORDER BY seq";
    let held = tx.rows(sql, args![peer.as_str(), lane_number(lane)]).await?;
    let held = held.iter().map(|row| Ok(read_row(row, &row.text("message")?)?.message));
    let held = held.collect::<ApiResult<Vec<Envelope>>>()?;
    let sql = "DELETE FROM tier_outbox WHERE peer = $1 AND lane = $2";
    tx.execute(sql, args![peer.as_str(), lane_number(lane)]).await?;
    let (end, rows) = Sending::begin_epoch(epoch, held);
    for row in rows {
        save_row(tx, peer, lane, &row, i64::try_from(epoch).unwrap_or(0)).await?;
    }
    save_sending(tx, peer, lane, &end).await?;
    Ok(())
}

/// Begins new epochs of this node and all its streams: its database was put back from a backup.
pub(crate) async fn begin_epochs(tx: &mut Tx, now: i64) -> ApiResult<()> {
    let sql = "UPDATE tier_self SET oseq = 0,
                   epoch = CASE WHEN epoch >= $1 THEN epoch + 1 ELSE $1 END WHERE id = 1";
    tx.execute(sql, args![now]).await?;
    let rows = tx.rows("SELECT peer, lane, epoch FROM tier_sending", args![]).await?;
    for row in rows {
        let (Ok(peer), lane) = (row.text("peer")?.parse::<NodeId>(), row.int("lane")?) else { continue };
        let Some(lane) = u8::try_from(lane).ok().and_then(Lane::from_number) else { continue };
        // One that was driven to the end by whoever answered is begun again by the clock.
        let next = unsigned(&row, "epoch")?.saturating_add(1);
        let next = if next > fengsui_relay::limits::NUMBER { 1 } else { next };
        let epoch = next.max(u64::try_from(now).unwrap_or(0));
        renumber(tx, &peer, lane, epoch).await?;
    }
    Ok(())
}

/// Digests of what a neighbour has acknowledged.
pub(super) async fn digests(query: &mut impl Query, peer: &NodeId) -> ApiResult<Vec<super::uplink::LaneDigests>> {
    let mut all = Vec::new();
    for (lane, end) in sending_ends(query, peer).await? {
        let sql = "SELECT seq, link FROM tier_outbox WHERE peer = $1 AND lane = $2 AND seq <= $3 ORDER BY seq";
        let rows = query.rows(sql, args![peer.as_str(), lane_number(lane), number(end.acknowledged)]).await?;
        let messages = rows.iter().map(|row| Ok((unsigned(row, "seq")?, digest(row, "link")?)));
        let messages = messages.collect::<Result<Vec<_>, sqlx::Error>>()?;
        let buckets = fengsui_relay::tier::buckets(messages);
        all.push(super::uplink::LaneDigests { lane, epoch: end.epoch, floor: end.floor, buckets });
    }
    Ok(all)
}
