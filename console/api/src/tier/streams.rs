//! The rows of streams: sending and receiving ends, read and written within the transaction of what they number.

use std::collections::BTreeMap;

use fengsui_relay::tier::{Lane, NodeId, Receiving, Scheduler, Sending};

use crate::db::{Query, Row, Tx, args};

/// What of streams is not durable.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Highest number of a sending, by stream.
    pub(crate) sending: BTreeMap<(NodeId, Lane), u64>,
    /// Highest counter of a signed request to the parent.
    pub(crate) counter: u64,
    /// Counters below this one may be used: the database knows that.
    pub(crate) reserved: u64,
    /// Numbers of the parent's streams that were lost here, to be asked for.
    pub(crate) lost: Vec<(Lane, u64, u64)>,
    /// Quotas, by neighbour.
    pub(crate) schedulers: BTreeMap<NodeId, Scheduler>,
}

/// A number of the database.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(row: &Row, name: &str) -> Result<u64, sqlx::Error> {
    Ok(u64::try_from(row.int(name)?).unwrap_or(0))
}

pub(super) fn digest(row: &Row, name: &str) -> Result<[u8; 32], sqlx::Error> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(row.text(name)?, &mut bytes).map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(bytes)
}

pub(super) fn lane_number(lane: Lane) -> i64 {
    i64::from(lane.as_number())
}

/// The sending ends towards a neighbour.
pub(super) async fn sending_ends(query: &mut impl Query, peer: &NodeId) -> Result<Vec<(Lane, Sending)>, sqlx::Error> {
    let rows = query.rows("SELECT * FROM tier_sending WHERE peer = $1 ORDER BY lane", args![peer.as_str()]).await?;
    let read = |row: &Row| {
        let lane = u8::try_from(row.int("lane")?).ok().and_then(Lane::from_number).unwrap_or(Lane::P4);
        Ok((lane, read_sending(row)?))
    };
    rows.iter().map(read).collect()
}

fn read_sending(row: &Row) -> Result<Sending, sqlx::Error> {
    Ok(Sending {
        epoch: unsigned(row, "epoch")?,
        next: unsigned(row, "next_seq")?,
        head: digest(row, "head")?,
        acknowledged: unsigned(row, "acknowledged")?,
        floor: unsigned(row, "floor_seq")?,
        sending: 0,
    })
}

/// One sending end.
pub(super) async fn sending_end(
    query: &mut impl Query,
    peer: &NodeId,
    lane: Lane,
) -> Result<Option<Sending>, sqlx::Error> {
    let sql = "SELECT * FROM tier_sending WHERE peer = $1 AND lane = $2";
    let row = query.row(sql, args![peer.as_str(), lane_number(lane)]).await?;
    row.as_ref().map(read_sending).transpose()
}

pub(super) async fn save_sending(tx: &mut Tx, peer: &NodeId, lane: Lane, end: &Sending) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO tier_sending (peer, lane, epoch, next_seq, head, acknowledged, floor_seq)
               VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT (peer, lane) DO UPDATE SET epoch = excluded.epoch, next_seq = excluded.next_seq,
                   head = excluded.head, acknowledged = excluded.acknowledged, floor_seq = excluded.floor_seq";
    let (lane, head) = (lane_number(lane), hex::encode(end.head));
    let numbers = [end.epoch, end.next, end.acknowledged, end.floor].map(number);
    let [epoch, next, acknowledged, floor] = numbers;
    tx.execute(sql, args![peer.as_str(), lane, epoch, next, head, acknowledged, floor]).await?;
    Ok(())
}

/// One receiving end; the start when there is none.
pub(super) async fn receiving_end(query: &mut impl Query, peer: &NodeId, lane: Lane) -> Result<Receiving, sqlx::Error> {
    let sql = "SELECT * FROM tier_receiving WHERE peer = $1 AND lane = $2";
    let Some(row) = query.row(sql, args![peer.as_str(), lane_number(lane)]).await? else {
        return Ok(Receiving::default());
    };
    Ok(Receiving {
        epoch: unsigned(&row, "epoch")?,
        cursor: unsigned(&row, "cursor_seq")?,
        head: digest(&row, "head")?,
        sending: unsigned(&row, "sending")?,
    })
}

pub(super) async fn save_receiving(tx: &mut Tx, peer: &NodeId, lane: Lane, end: &Receiving) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO tier_receiving (peer, lane, epoch, cursor_seq, head, sending)
               VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (peer, lane) DO UPDATE SET epoch = excluded.epoch, cursor_seq = excluded.cursor_seq,
                   head = excluded.head, sending = excluded.sending";
    let [epoch, cursor, sending] = [end.epoch, end.cursor, end.sending].map(number);
    tx.execute(sql, args![peer.as_str(), lane_number(lane), epoch, cursor, hex::encode(end.head), sending]).await?;
    Ok(())
}
