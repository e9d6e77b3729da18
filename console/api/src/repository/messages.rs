//! The log of messages: what waits, what was sent, what was not and why. What a message says is not in it.

use fengsui_schema::UnitCode;

use crate::check;
use crate::db::{Filter, Query, Row, Value, args};
use crate::error::{ApiError, ApiResult};
use crate::page::{count_up_to, cursor_after, cut, is_least, newest_revision, page_rows, read_cursor};
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change, time_text};
use crate::wire::{ChannelTested, List, MessageQuery, MessageRow, MessageState};
use crate::words::{from_optional_word, from_word, word_of};

const FROM: &str = "notify_message m JOIN notify_channel c ON c.id = m.channel_id";

/// A page of the log, newest first.
pub(crate) async fn list(state: &AppState, scope: &Scope, asked: &MessageQuery) -> ApiResult<List<MessageRow>> {
    let newest_revision = newest_revision(state).await?;
    let mut db = state.db();
    let mut filter = Filter::within(scope, "m");
    if let Some(channel) = asked.channel.as_deref().filter(|id| !id.is_empty()) {
        filter.and_with("m.channel_id = ?", args![check::number_id(channel)?]);
    }
    if let Some(wanted) = asked.state {
        filter.and_with("m.state = ?", args![word_of(&wanted)]);
    }
    let total = count_up_to(&mut db, FROM, &filter).await?;
    if let Some(cursor) = &asked.cursor {
        filter.and_with("m.id < ?", args![read_cursor(cursor)?.0]);
    }
    let limit = page_rows(asked.limit);
    let sql = format!(
        "SELECT m.*, c.name AS channel_name FROM {FROM} WHERE {} ORDER BY m.id DESC LIMIT {}",
        filter.sql(),
        limit + 1
    );
    let rows = db.rows(&sql, filter.args()).await?;
    let mut items = rows.iter().map(|row| read(state, row)).collect::<ApiResult<Vec<_>>>()?;
    let next_cursor = cut(&mut items, limit, |row| cursor_after(row.id.parse().unwrap_or(0), ""));
    Ok(List { items, next_cursor, total, total_is_least: is_least(total), newest_revision })
}

fn read(state: &AppState, row: &Row) -> ApiResult<MessageRow> {
    let standing = from_word(&row.text("state")?).unwrap_or(MessageState::Failed);
    let about: Option<UnitCode> = row.text("about")?.parse().ok();
    let next = Some(row.int("next_at")?).filter(|_| standing == MessageState::Waiting);
    Ok(MessageRow {
        id: row.int("id")?.to_string(),
        channel: row.text("channel_name")?,
        channel_id: row.int("channel_id")?.to_string(),
        event: from_word(&row.text("event")?),
        object: row.text("object")?,
        about: about.map(|unit| state.units().reference(&unit)),
        names: row.text("names")?,
        state: standing,
        attempts: row.int("attempts")?,
        next_at: next.map(time_text),
        created_at: time_text(row.int("created_at")?),
        sent_at: row.optional_int("sent_at")?.map(time_text),
        fault: from_optional_word(row.optional_text("fault")?),
        detail: row.text("detail")?,
    })
}

/// Writes how a test of a channel went.
pub(crate) async fn note_test(change: &mut Change, channel: &Row, tested: &ChannelTested) -> ApiResult<()> {
    let (id, now) = (change.next("notify_message").await?, change.now());
    let (state, sent) = if tested.sent { ("sent", Some(now)) } else { ("failed", None) };
    let place = Place::read(channel)?;
    let sealed = change.state().shared().vault.seal_text("", &format!("notify_message/{id}"))?;
    let mut values: Vec<Value> =
        args![id, channel.int("id")?, format!("test/{id}"), place.unit().as_str(), sealed, state];
    values.extend(args![now, sent, tested.fault.map(|fault| word_of(&fault)), &tested.detail]);
    values.extend(place.values());
    let sql = "INSERT INTO notify_message (id, channel_id, subscription_id, event, object, about, recipient, names, body,
                   urgent, state, attempts, next_at, claimed_until, tried_at, sent_at, fault, detail, created_at,
                   province, prefecture, county, unit_code)
               VALUES ($1, $2, 0, 'test', $3, $4, '', '', $5, 0, $6, 1, $7, 0, $7, $8, $9, $10, $7, $11, $12, $13, $14)";
    change.execute(sql, values).await?;
    Ok(())
}

/// A message of the log within reach.
pub(crate) async fn show(state: &AppState, scope: &Scope, id: i64) -> ApiResult<MessageRow> {
    let filter = Filter::of_one(scope, "m", id);
    let sql = format!("SELECT m.*, c.name AS channel_name FROM {FROM} WHERE {}", filter.sql());
    let row = state.db().row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    read(state, &row)
}
