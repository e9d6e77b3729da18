//! Live changes as server-sent events.

use std::convert::Infallible;

use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::prelude::*;
use crate::access::session_lives;
use crate::db::{Filter, Query, Row, args};
use crate::limits::{STREAM_BATCH, STREAM_HEARTBEAT};
use crate::scope::Scope;

/// What one may read to hear of the changes of a kind.
const KINDS: [(&str, &str); 9] = [
    ("alert", "alert.read"),
    ("incident", "incident.read"),
    ("task", "task.read"),
    ("finding", "finding.read"),
    ("sensor", "sensor.read"),
    ("clock", "incident.read"),
    ("clock", "task.read"),
    ("warning", "warning.read"),
    ("evidence", "evidence.list"),
];

/// Live changes: `event: change`, `id: <revision>`, `data: {"kind", "id", "revision", "severity"}`; goes on after
/// `Last-Event-ID`. A comment every 15 seconds keeps the connection open. The stream ends with the session.
#[utoipa::path(get, path = "/stream", operation_id = "stream_changes", tag = "stream", responses((status = 200, body = String, content_type = "text/event-stream")))]
pub(crate) async fn changes(State(state): State<AppState>, caller: Caller, headers: HeaderMap) -> ApiResult<Response> {
    let permit = state.shared().streams.clone().try_acquire_owned();
    let permit = permit.map_err(|_| ApiError::limited("实时连接过多", "too many event streams"))?;
    let news = state.shared().revision.subscribe();
    let newest = state.db().count("SELECT value AS n FROM sequence WHERE name = 'revision'", vec![]).await?;
    let resumed = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse::<i64>().ok());
    let after = resumed.unwrap_or(newest).min(newest);
    let mut kinds: Vec<&'static str> =
        KINDS.iter().filter(|(_, action)| caller.grant(action).is_some()).map(|(kind, _)| *kind).collect();
    kinds.dedup();
    let listener = Listener {
        state,
        scope: caller.scope.clone(),
        session: caller.identity.session.clone(),
        kinds,
        after,
        news,
        pending: Vec::new(),
        _permit: permit,
    };
    let keep_alive = KeepAlive::new().interval(STREAM_HEARTBEAT).text("heartbeat");
    Ok(Sse::new(listener.events()).keep_alive(keep_alive).into_response())
}

/// One open stream.
struct Listener {
    state: AppState,
    scope: Scope,
    session: String,
    kinds: Vec<&'static str>,
    after: i64,
    news: watch::Receiver<i64>,
    pending: Vec<Event>,
    _permit: OwnedSemaphorePermit,
}

impl Listener {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut listener| async move {
            loop {
                if let Some(event) = listener.pending.pop() {
                    return Some((Ok(event), listener));
                }
                listener.fill().await.ok()?;
                if listener.pending.is_empty() && !listener.wait().await {
                    return None;
                }
            }
        })
    }

    /// Waits for news; false when the console stops.
    async fn wait(&mut self) -> bool {
        let stopping = self.state.shared().stopping.clone();
        tokio::select! {
            () = stopping.cancelled() => false,
            changed = self.news.changed() => changed.is_ok(),
        }
    }

    /// Reads what changed since; an error (the session ended, the database went away) ends the stream.
    async fn fill(&mut self) -> ApiResult<()> {
        self.news.borrow_and_update();
        if !session_lives(&self.state, &self.session).await? {
            return Err(ApiError::unauthenticated());
        }
        if self.kinds.is_empty() {
            return Ok(());
        }
        let mut filter = Filter::within(&self.scope, "c");
        filter.and_with("c.revision > ?", args![self.after]);
        filter.and_in("c.kind", self.kinds.iter().copied());
        let sql = format!("SELECT c.* FROM change c WHERE {} ORDER BY c.revision LIMIT {STREAM_BATCH}", filter.sql());
        let rows = self.state.db().rows(&sql, filter.args()).await?;
        if let Some(last) = rows.last() {
            self.after = last.int("revision")?;
        }
        let events = rows.iter().map(event_of).collect::<ApiResult<Vec<_>>>()?;
        self.pending = events.into_iter().rev().collect();
        Ok(())
    }
}

fn event_of(row: &Row) -> ApiResult<Event> {
    let revision = row.int("revision")?;
    let severity = row.optional_int("severity")?.and_then(|number| u8::try_from(number).ok());
    let body = serde_json::json!({
        "kind": row.text("kind")?,
        "id": row.text("object_id")?,
        "revision": revision,
        "severity": severity.map(|number| fengsui_schema::Severity::from_number(number).as_str()),
    });
    let event = Event::default().event("change").id(revision.to_string());
    event.json_data(&body).map_err(|error| ApiError::internal(&error))
}
