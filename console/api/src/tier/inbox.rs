//! The inbox: what a batch brings takes effect, is handed on and gets its place in one transaction; the answer follows
//! the commit.

use fengsui_relay::tier::{
    Act, Admission, Answer, Batch, Directory as _, Envelope, Judge, KeyStanding, Known, Lane, NodeId, Receiving,
    Refusal, Relation,
};

use super::streams::{digest, lane_number, number, receiving_end, save_receiving, unsigned};
use super::{Tier, effects, outbox, strangers};
use crate::audit::{Actor, Entry, Outcome};
use crate::db::{Query, args};
use crate::error::{ApiError, ApiResult};
use crate::state::{AppState, Change};

/// Takes a batch; the answer says how far the stream is now.
pub(crate) async fn take(state: &AppState, batch: &Batch) -> ApiResult<Answer> {
    let tier = &state.shared().tier;
    let (peer, lane) = (&batch.header.src, batch.header.lane);
    if is_of_nobody(tier, batch) {
        strangers::refuse(state, batch).await?;
        return Ok(Receiving::default().answer(lane, Some(Refusal::UnknownKey)));
    }
    let unit = tier.unit.clone();
    let actor = Actor::new(&format!("node/{peer}"), &unit, RELAY);
    let mut change = Change::begin(state, actor).await?;
    let place = receiving_end(change.tx(), peer, lane).await?;
    let admitted = {
        let registry = tier.registry.read();
        place.admit(batch, &tier.own, &*registry)
    };
    match admitted {
        Ok(admission) => take_admitted(tier, change, batch, &place, admission).await,
        Err(refusal) => {
            let detail = format!("batch {} of epoch {} in {lane}", batch.header.first, batch.header.epoch);
            refuse(&mut change, peer, refusal, &detail).await?;
            change.commit().await?;
            Ok(place.answer(lane, Some(refusal)))
        }
    }
}

/// Whether a batch names no key that ever spoke for its node: known without the database and without looking into it.
fn is_of_nobody(tier: &Tier, batch: &Batch) -> bool {
    let (registry, header) = (tier.registry.read(), &batch.header);
    registry.relation(&header.src) == Relation::Stranger
        || registry.standing(&header.src, &header.key) == KeyStanding::Unknown
}

/// The address that the audit log shows for what other nodes bring.
pub(super) const RELAY: &str = "relay";

async fn take_admitted(
    tier: &Tier,
    mut change: Change,
    batch: &Batch,
    place: &Receiving,
    admission: Admission,
) -> ApiResult<Answer> {
    let (peer, lane) = (&batch.header.src, batch.header.lane);
    if admission.next.epoch > place.epoch {
        let sql = "DELETE FROM tier_taken WHERE peer = $1 AND lane = $2";
        change.execute(sql, args![peer.as_str(), lane_number(lane)]).await?;
    }
    if admission.missing > 0 {
        let detail = format!("{} messages before {} are gone at their sender", admission.missing, batch.header.first);
        note(&mut change, peer, "relay.gap", &detail).await?;
    }
    let mut passed_on = false;
    for (seq, link, message) in &admission.fresh {
        passed_on |= take_message(tier, &mut change, peer, lane, message).await?;
        let sql = "INSERT INTO tier_taken (peer, lane, seq, link, taken_at) VALUES ($1, $2, $3, $4, $5)
                   ON CONFLICT (peer, lane, seq) DO NOTHING";
        let now = change.now();
        let values = args![peer.as_str(), lane_number(lane), number(*seq), hex::encode(link), now];
        change.execute(sql, values).await?;
    }
    save_receiving(change.tx(), peer, lane, &admission.next).await?;
    let sql = "UPDATE tier_node SET last_contact = $1, skew = $2 WHERE id = $3";
    let (now, skew) = (change.now(), batch.header.issued.saturating_sub(change.now()));
    change.execute(sql, args![now, skew, peer.as_str()]).await?;
    change.commit_delivery().await?;
    if passed_on {
        tier.notify();
    }
    Ok(admission.next.answer(lane, None))
}

/// Takes one message; true when it was handed on.
async fn take_message(
    tier: &Tier,
    change: &mut Change,
    peer: &NodeId,
    lane: Lane,
    message: &Envelope,
) -> ApiResult<bool> {
    let known = known(change, message).await?;
    let judged = {
        let registry = tier.registry.read();
        Judge { policy: &tier.policy, directory: &*registry, now: change.now() }.judge(message, peer, lane, &known)
    };
    let arrival = match judged {
        Ok(arrival) if arrival.act == Act::Repeated => return Ok(false),
        Ok(arrival) => arrival,
        Err(refusal) => {
            let detail = format!("{} {} of {}", message.kind, message.oseq, message.origin);
            refuse(change, peer, refusal, &detail).await?;
            return Ok(false);
        }
    };
    remember(change, peer, message).await?;
    if arrival.act == Act::Keep {
        keep_object(change, message).await?;
        effects::apply(tier, change, peer, message).await?;
    }
    let hops = arrival.onward.map(|to| tier.registry.read().next_hops(&to)).unwrap_or_default();
    for hop in &hops {
        let now = change.now();
        outbox::append(tier, change.tx(), (hop, lane), message, now).await?;
    }
    Ok(!hops.is_empty())
}

async fn known(change: &mut Change, message: &Envelope) -> ApiResult<Known> {
    let sql = "SELECT COUNT(*) AS n FROM tier_inbox WHERE origin = $1 AND epoch = $2 AND oseq = $3";
    let id = args![message.origin.as_str(), number(message.epoch), number(message.oseq)];
    let seen = change.count(sql, id).await? > 0;
    let sql = "SELECT owner, rev FROM tier_object WHERE kind = $1 AND obj = $2";
    let object = change.row(sql, args![&message.kind, &message.obj]).await?;
    let Some(row) = object else { return Ok(Known { seen, ..Known::default() }) };
    Ok(Known { seen, owner: row.text("owner")?.parse().ok(), rev: Some(unsigned(&row, "rev")?) })
}

async fn remember(change: &mut Change, peer: &NodeId, message: &Envelope) -> ApiResult<()> {
    let sql = "INSERT INTO tier_inbox (origin, epoch, oseq, peer, kind, obj, taken_at, number)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let (now, taken) = (change.now(), change.next("tier_inbox").await?);
    let (epoch, oseq) = (number(message.epoch), number(message.oseq));
    let values = args![message.origin.as_str(), epoch, oseq, peer.as_str(), &message.kind, &message.obj, now, taken];
    change.execute(sql, values).await?;
    Ok(())
}

async fn keep_object(change: &mut Change, message: &Envelope) -> ApiResult<()> {
    let sql = "INSERT INTO tier_object (kind, obj, owner, rev, ts, body) VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (kind, obj) DO UPDATE SET rev = excluded.rev, ts = excluded.ts, body = excluded.body";
    let values =
        args![&message.kind, &message.obj, message.origin.as_str(), number(message.rev), message.ts, &message.body];
    change.execute(sql, values).await?;
    Ok(())
}

/// Counts a refusal and writes it to the audit log.
pub(super) async fn refuse(change: &mut Change, peer: &NodeId, reason: Refusal, detail: &str) -> ApiResult<()> {
    tracing::warn!(%peer, %reason, detail, "refused");
    let sql = "INSERT INTO tier_refusal (peer, reason, number, last_at) VALUES ($1, $2, 1, $3)
               ON CONFLICT (peer, reason) DO UPDATE SET number = tier_refusal.number + 1, last_at = excluded.last_at";
    let now = change.now();
    change.execute(sql, args![peer.as_str(), reason.as_str(), now]).await?;
    let object = format!("node/{peer}");
    let action = format!("relay.refuse.{reason}");
    change.audit(Entry { action: &action, object: &object, outcome: Outcome::Denied, detail }).await
}

pub(super) async fn note(change: &mut Change, peer: &NodeId, action: &str, detail: &str) -> ApiResult<()> {
    let object = format!("node/{peer}");
    change.audit(Entry { action, object: &object, outcome: Outcome::Success, detail }).await
}

/// Where this node is in every stream of a neighbour.
pub(super) async fn places(query: &mut impl Query, peer: &NodeId) -> ApiResult<Vec<Answer>> {
    let mut answers = Vec::with_capacity(Lane::ALL.len());
    for lane in Lane::ALL {
        answers.push(receiving_end(query, peer, lane).await?.answer(lane, None));
    }
    Ok(answers)
}

/// What this node does not hold as the sender does.
pub(super) async fn differing(
    query: &mut impl Query,
    peer: &NodeId,
    theirs: &super::uplink::LaneDigests,
) -> ApiResult<Vec<(u64, u64)>> {
    let end = receiving_end(query, peer, theirs.lane).await?;
    if end.epoch != theirs.epoch {
        return Ok(Vec::new());
    }
    let sql = "SELECT seq, link FROM tier_taken WHERE peer = $1 AND lane = $2 AND seq >= $3 ORDER BY seq";
    let values = args![peer.as_str(), lane_number(theirs.lane), number(theirs.floor)];
    let rows = query.rows(sql, values).await?;
    let ours = rows.iter().map(|row| Ok((unsigned(row, "seq")?, digest(row, "link")?)));
    let ours = ours.collect::<Result<Vec<_>, sqlx::Error>>().map_err(ApiError::from)?;
    let last = theirs.buckets.iter().map(|bucket| bucket.last()).max().unwrap_or(0);
    // Messages past what the sender knows to be acknowledged are no difference.
    let known: u64 = theirs.buckets.iter().map(|bucket| bucket.count).sum();
    let ours = ours.into_iter().take_while(|(seq, _)| *seq <= last.min(theirs.floor + known.saturating_sub(1)));
    Ok(fengsui_relay::tier::differing(&fengsui_relay::tier::buckets(ours), &theirs.buckets))
}
