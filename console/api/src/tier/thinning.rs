//! Telemetry that waits long is thinned out: past a backlog, messages of the lane P3 are held before they get a number in
//! the stream, and of an object only the newest is held. What has a number is never taken back, so that nothing of the
//! protocol changes; the order of what is left stays.

use fengsui_relay::tier::{Envelope, Lane, NodeId, Sending};

use super::Tier;
use super::streams::{lane_number, sending_end};
use crate::db::{Query, Tx, args};
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// Numbered messages that may wait in the lane before further ones are held.
const HOLD_PAST: u64 = 500;
/// Numbered messages that wait when held ones get their numbers, as many at once.
const RELEASE_BELOW: u64 = 250;

/// Holds a message; false when it is to be numbered now.
pub(super) async fn hold(
    tier: &Tier,
    tx: &mut Tx,
    (peer, lane): (&NodeId, Lane),
    end: Option<&Sending>,
    message: &Envelope,
) -> ApiResult<bool> {
    if lane != Lane::P3 {
        return Ok(false);
    }
    let waiting = end.map_or(0, Sending::waiting);
    let (peer, lane) = (peer.as_str(), lane_number(lane));
    let sql = "SELECT COALESCE(MAX(number), 0) AS n FROM tier_held WHERE peer = $1 AND lane = $2";
    let last = tx.count(sql, args![peer, lane]).await?;
    // Once one is held all are, or a later message would get its number first.
    if waiting < HOLD_PAST && last == 0 {
        return Ok(false);
    }
    if tier.policy.kind(&message.kind).is_some_and(|rule| rule.latest_wins) {
        let sql = "DELETE FROM tier_held WHERE peer = $1 AND lane = $2 AND kind = $3 AND obj = $4";
        let replaced = tx.execute(sql, args![peer, lane, &message.kind, &message.obj]).await?;
        count(tx, peer, replaced).await?;
    }
    let text = serde_json::to_string(message).map_err(|error| ApiError::internal(&error))?;
    let sql = "INSERT INTO tier_held (peer, lane, number, kind, obj, message) VALUES ($1, $2, $3, $4, $5, $6)";
    tx.execute(sql, args![peer, lane, last + 1, &message.kind, &message.obj, text]).await?;
    Ok(true)
}

async fn count(tx: &mut Tx, peer: &str, replaced: u64) -> ApiResult<()> {
    if replaced > 0 {
        let sql = "INSERT INTO tier_thinned (peer, number) VALUES ($1, $2)
                   ON CONFLICT (peer) DO UPDATE SET number = tier_thinned.number + excluded.number";
        tx.execute(sql, args![peer, i64::try_from(replaced).unwrap_or(i64::MAX)]).await?;
    }
    Ok(())
}

/// Gives held messages their numbers when the lane has room again; with `all`, every one of them.
pub(super) async fn release(state: &AppState, peer: &NodeId, all: bool) -> ApiResult<()> {
    let lane = Lane::P3;
    let sql = "SELECT COUNT(*) AS n FROM tier_held WHERE peer = $1 AND lane = $2";
    if state.db().count(sql, args![peer.as_str(), lane_number(lane)]).await? == 0 {
        return Ok(());
    }
    loop {
        let mut tx = state.shared().db.begin().await?;
        let waiting = sending_end(&mut tx, peer, lane).await?.map_or(0, |end| end.waiting());
        if !all && waiting >= RELEASE_BELOW {
            return Ok(());
        }
        let sql = "SELECT number, message FROM tier_held WHERE peer = $1 AND lane = $2 ORDER BY number LIMIT $3";
        let most = i64::try_from(RELEASE_BELOW).unwrap_or(i64::MAX);
        let rows = tx.rows(sql, args![peer.as_str(), lane_number(lane), most]).await?;
        let Some(last) = rows.last().map(|row| row.int("number")).transpose()? else { return Ok(()) };
        for row in &rows {
            let message: Envelope =
                serde_json::from_str(&row.text("message")?).map_err(|error| ApiError::internal(&error))?;
            super::outbox::enlist(&mut tx, peer, lane, &message, state.now()).await?;
        }
        let sql = "DELETE FROM tier_held WHERE peer = $1 AND lane = $2 AND number <= $3";
        tx.execute(sql, args![peer.as_str(), lane_number(lane), last]).await?;
        tx.commit().await?;
        if !all {
            return Ok(());
        }
    }
}
