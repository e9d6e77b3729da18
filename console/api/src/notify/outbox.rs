//! Sends what is due: takes messages for itself for a while, sends them, and writes what became of them.

use std::time::Instant;

use fengsui_schema::UnitCode;
use futures::future::join_all;

use super::egress::Egress;
use super::gather::{actor, beijing, message_seal};
use super::robots::Letter;
use super::send::send;
use super::text::{Reader, Subject, names_phone};
use super::{Channel, Failure, failed, sealed_for};
use crate::audit::{Entry, Outcome};
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{NOTIFY_AT_ONCE, NOTIFY_KEPT_DAYS, NOTIFY_PER_MINUTE};
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change};
use crate::wire::{ChannelKind, ChannelTested, NotifyFault};
use crate::words::{from_word, word_of};

const MINUTE: i64 = 60_000;
/// How long a message stays with the one who took it; longer than an attempt lasts.
const LEASE_MILLIS: i64 = 2 * MINUTE;
/// Time until the next attempt after the first, the second and so on; after the last one the message is given up.
const PAUSES: [i64; 7] = [MINUTE / 2, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, 60 * MINUTE, 120 * MINUTE];

/// A message with its channel, ready to go.
struct Due {
    id: i64,
    attempts: i64,
    event: String,
    object: String,
    channel: Channel,
    letter: Result<Letter, Failure>,
}

/// Reads a channel with its secrets.
pub(super) fn read_channel(state: &AppState, row: &Row) -> ApiResult<Channel> {
    let id = row.int("id")?;
    let secrets = state.shared().vault.unseal_text(&row.text("secrets")?, &sealed_for(id))?;
    Ok(Channel {
        id,
        kind: from_word(&row.text("kind")?).unwrap_or(ChannelKind::Http),
        options: super::read_json(&row.text("config")?)?,
        secrets: super::read_json(&secrets)?,
    })
}

/// Sends everything that is due and that the channels' pace allows; how many messages were tried.
pub(super) async fn send_due(state: &AppState) -> ApiResult<usize> {
    let due = take(state).await?;
    let (egress, now) = (&Egress::of(&state.values()), state.now());
    let sent = join_all(due.iter().map(|one| async move {
        let letter = one.letter.as_ref().map_err(Clone::clone)?;
        send(egress, &one.channel, letter, now).await
    }));
    for (one, outcome) in due.iter().zip(sent.await) {
        settle(state, one, outcome).await?;
    }
    Ok(due.len())
}

/// Takes messages that are due for this program.
async fn take(state: &AppState) -> ApiResult<Vec<Due>> {
    let now = state.now();
    let sql = "SELECT c.* FROM notify_channel c WHERE c.enabled = 1 AND c.retired_at IS NULL AND EXISTS (
                   SELECT 1 FROM notify_message m
                   WHERE m.channel_id = c.id AND m.state = 'waiting' AND m.next_at <= $1 AND m.claimed_until <= $1)
               ORDER BY c.id";
    let channels = state.db().rows(sql, args![now]).await?;
    if channels.is_empty() {
        return Ok(Vec::new());
    }
    let mut change = Change::begin(state, actor(state)).await?;
    let mut due = Vec::new();
    for row in &channels {
        let channel = read_channel(state, row)?;
        for message in take_of_channel(&mut change, &channel).await? {
            due.push(read_due(&mut change, &channel, &message).await?);
        }
    }
    change.commit_delivery().await?;
    Ok(due)
}

async fn take_of_channel(change: &mut Change, channel: &Channel) -> ApiResult<Vec<Row>> {
    let now = change.now();
    let sql = "SELECT COUNT(*) AS n FROM notify_message WHERE channel_id = $1 AND tried_at > $2";
    let tried = change.count(sql, args![channel.id, now - MINUTE]).await?;
    let pace = if channel.options.per_minute > 0 { channel.options.per_minute } else { NOTIFY_PER_MINUTE };
    let most = (pace - tried).clamp(0, NOTIFY_AT_ONCE);
    let sql = format!(
        "SELECT m.* FROM notify_message m
         WHERE m.channel_id = $1 AND m.state = 'waiting' AND m.next_at <= $2 AND m.claimed_until <= $2
         ORDER BY m.urgent DESC, m.next_at, m.id LIMIT {most}"
    );
    let rows = change.rows(&sql, args![channel.id, now]).await?;
    for row in &rows {
        let sql = "UPDATE notify_message SET claimed_until = $1, tried_at = $2, attempts = attempts + 1 WHERE id = $3";
        change.execute(sql, args![now + LEASE_MILLIS, now, row.int("id")?]).await?;
    }
    Ok(rows)
}

async fn read_due(change: &mut Change, channel: &Channel, row: &Row) -> ApiResult<Due> {
    let id = row.int("id")?;
    let body = change.state().shared().vault.unseal_text(&row.text("body")?, &message_seal(id))?;
    let subject: Subject = super::read_json(&body)?;
    let readers = readers(change, &row.text("recipient")?).await?;
    let alone = channel.kind == ChannelKind::Http && names_phone(&channel.options.template);
    let letter = if alone && readers.is_empty() {
        Err(failed(NotifyFault::Nobody, String::new(), true))
    } else {
        Ok(Letter { id: id.to_string(), subject, readers })
    };
    let (attempts, event, object) = (row.int("attempts")? + 1, row.text("event")?, row.text("object")?);
    Ok(Due { id, attempts, event, object, channel: channel.clone(), letter })
}

/// Those of the register that a message is for, with their numbers as they are now. Who left is left out.
async fn readers(change: &mut Change, keys: &str) -> ApiResult<Vec<Reader>> {
    let mut found = Vec::new();
    for key in keys.split(',').filter(|key| !key.is_empty()) {
        let Some((table, id)) = key.split_once('/') else { continue };
        let id: i64 = id.parse().map_err(|error| ApiError::internal(&error))?;
        let sql = match table {
            "duty_shift" => "SELECT s.name, s.phone FROM duty_shift s WHERE s.id = $1",
            _ => "SELECT p.name, p.phone FROM duty_person p WHERE p.id = $1 AND p.ended_at IS NULL",
        };
        if let Some(row) = change.row(sql, args![id]).await? {
            let phone = change.state().shared().vault.unseal_text(&row.text("phone")?, key)?;
            found.push(Reader { name: row.text("name")?, phone });
        }
    }
    Ok(found)
}

/// Writes what became of a message. One that is given up stands in the audit log too.
async fn settle(state: &AppState, due: &Due, outcome: Result<String, Failure>) -> ApiResult<()> {
    let mut change = Change::begin(state, actor(state)).await?;
    let now = change.now();
    let failure = match outcome {
        Ok(receipt) => {
            let sql =
                "UPDATE notify_message SET state = 'sent', sent_at = $1, fault = NULL, detail = $2, claimed_until = 0
                       WHERE id = $3 AND state = 'waiting'";
            change.execute(sql, args![now, receipt, due.id]).await?;
            return change.commit_delivery().await;
        }
        Err(failure) => failure,
    };
    let pause = usize::try_from(due.attempts - 1).ok().and_then(|index| PAUSES.get(index));
    let next = pause.filter(|_| !failure.lasting).map(|pause| now + pause);
    let state = if next.is_some() { "waiting" } else { "failed" };
    let sql = "UPDATE notify_message SET state = $1, next_at = $2, fault = $3, detail = $4, claimed_until = 0
               WHERE id = $5 AND state = 'waiting'";
    let fault = word_of(&failure.fault);
    change.execute(sql, args![state, next.unwrap_or(now), &fault, &failure.detail, due.id]).await?;
    if next.is_none() {
        let detail = format!("{} {} by channel {}: {fault} {}", due.event, due.object, due.channel.id, failure.detail);
        let object = format!("message/{}", due.id);
        let entry = Entry { action: "channel.send", object: &object, outcome: Outcome::Failed, detail: &detail };
        change.audit(entry).await?;
    }
    change.commit_delivery().await
}

/// Sends a test by a channel, whether or not it is switched on, and writes how that went.
pub(crate) async fn test(
    state: &AppState,
    row: &Row,
    owner: &UnitCode,
    phone: Option<String>,
) -> ApiResult<ChannelTested> {
    let channel = read_channel(state, row)?;
    let now = state.now();
    let subject = Subject {
        event: "测试".to_owned(),
        title: "通知渠道测试消息".to_owned(),
        unit: state.units().name(owner),
        time: beijing(now),
        ..Subject::default()
    };
    let readers = phone.map(|phone| Reader { name: "测试".to_owned(), phone }).into_iter().collect();
    let letter = Letter { id: format!("test-{now}"), subject, readers };
    let begun = Instant::now();
    let outcome = send(&Egress::of(&state.values()), &channel, &letter, now).await;
    let millis = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
    Ok(match outcome {
        Ok(detail) => ChannelTested { sent: true, fault: None, detail, millis },
        Err(Failure { fault, detail, .. }) => ChannelTested { sent: false, fault: Some(fault), detail, millis },
    })
}

/// Lets a message that was given up go again, from the first attempt on.
pub(crate) async fn retry(change: &mut Change, scope: &Scope, id: i64) -> ApiResult<String> {
    let filter = Filter::of_one(scope, "m", id);
    let sql = format!("SELECT m.* FROM notify_message m WHERE {}", filter.sql());
    let row = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    if !matches!(row.text("state")?.as_str(), "failed" | "dropped") || row.int("subscription_id")? == 0 {
        return Err(ApiError::conflict("只有未送达的消息可以重发", "only a message that was given up can go again"));
    }
    let now = change.now();
    let sql =
        "UPDATE notify_message SET state = 'waiting', attempts = 0, next_at = $1, claimed_until = 0 WHERE id = $2";
    change.execute(sql, args![now, id]).await?;
    Ok(format!("{} {} to {}", row.text("event")?, row.text("object")?, Place::read(&row)?.unit()))
}

/// Drops messages that were sent or given up long ago.
pub(crate) async fn purge(state: &AppState) -> ApiResult<()> {
    let mut change = Change::begin(state, actor(state)).await?;
    let before = change.now() - NOTIFY_KEPT_DAYS * 86_400_000;
    change.execute("DELETE FROM notify_message WHERE created_at < $1 AND state <> 'waiting'", args![before]).await?;
    change.commit_delivery().await
}
