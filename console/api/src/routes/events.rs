//! The hunt over the event store.

use std::sync::Arc;

use fengsui_schema::{Timestamp, UnitCode};
use fengsui_store::{SearchRequest, Selection, Store, StoreError};

use super::prelude::*;
use crate::check;
use crate::limits::PAGE_ROWS_MAX;
use crate::page::page_rows;
use crate::wire::{EventPage, EventQuery, Histogram, HistogramBucket, HistogramQuery, TopQuery, TopTerm, TopTerms};

const DAY: i64 = 86_400_000;

pub(super) fn store(state: &AppState) -> ApiResult<Arc<Store>> {
    let missing = || ApiError::unavailable("此节点没有事件库", "this console runs without an event store");
    state.shared().store.clone().ok_or_else(missing)
}

/// A query the store refuses is the sender's fault, the rest is ours.
fn failed(error: &StoreError) -> ApiError {
    match error {
        StoreError::Query(inner) => ApiError::invalid("q", format!("检索语句有误：{inner}"), inner),
        StoreError::Field { .. } | StoreError::Limit { .. } => ApiError::invalid("field", "字段或数量不支持", error),
        StoreError::Cursor(_) => ApiError::invalid("cursor", "分页游标不合法", error),
        other => ApiError::internal(other),
    }
}

fn selection(caller: &Caller, q: Option<&str>, from: Option<&str>, to: Option<&str>) -> ApiResult<Selection> {
    let moment = |field, value| Ok::<_, ApiError>(check::optional_time(field, value)?.map(Timestamp::from_millis));
    let unit: UnitCode = caller.identity.unit.clone();
    Ok(Selection {
        query: check::search(q)?.unwrap_or_default(),
        from: moment("from", from)?,
        to: moment("to", to)?,
        units: Some(vec![unit]),
    })
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Search the event store, newest first.
#[utoipa::path(get, path = "/events", operation_id = "events_search", tag = "events", params(EventQuery), responses((status = 200, body = EventPage)))]
pub(crate) async fn search(
    State(state): State<AppState>,
    caller: Caller,
    Params(asked): Params<EventQuery>,
) -> ApiResult<Json<EventPage>> {
    let store = store(&state)?;
    let selection = selection(&caller, asked.q.as_deref(), asked.from.as_deref(), asked.to.as_deref())?;
    let request = SearchRequest {
        query: selection.query,
        from: selection.from,
        to: selection.to,
        units: selection.units,
        limit: usize::try_from(page_rows(asked.limit)).unwrap_or(50),
        cursor: asked.cursor,
        ..SearchRequest::default()
    };
    let page = state.off_thread(move || store.search(&request)).await?.map_err(|error| failed(&error))?;
    let items = page.hits.iter().map(serde_json::to_value).collect::<Result<_, _>>();
    Ok(Json(EventPage {
        items: items.map_err(|error| ApiError::internal(&error))?,
        total: number(page.total),
        took_ms: number(page.took_ms),
        next_cursor: page.cursor,
    }))
}

/// Events over time; the last 24 hours unless told.
#[utoipa::path(get, path = "/events/histogram", operation_id = "events_histogram", tag = "events", params(HistogramQuery), responses((status = 200, body = Histogram)))]
pub(crate) async fn histogram(
    State(state): State<AppState>,
    caller: Caller,
    Params(asked): Params<HistogramQuery>,
) -> ApiResult<Json<Histogram>> {
    let store = store(&state)?;
    let mut selection = selection(&caller, asked.q.as_deref(), asked.from.as_deref(), asked.to.as_deref())?;
    let to = selection.to.map_or_else(|| state.now(), Timestamp::as_millis);
    let from = selection.from.map_or(to - DAY, Timestamp::as_millis).min(to - 1);
    (selection.from, selection.to) = (Some(Timestamp::from_millis(from)), Some(Timestamp::from_millis(to)));
    let buckets = i64::from(asked.buckets.unwrap_or(60).clamp(1, PAGE_ROWS_MAX));
    let interval = ((to - from) / buckets).max(1);
    let made =
        state.off_thread(move || store.histogram(&selection, interval)).await?.map_err(|error| failed(&error))?;
    let bucket = |bucket: &fengsui_store::HistogramBucket| HistogramBucket {
        time: bucket.start.to_string(),
        count: number(bucket.count),
    };
    Ok(Json(Histogram { buckets: made.buckets.iter().map(bucket).collect() }))
}

/// Most frequent terms of a field.
#[utoipa::path(get, path = "/events/top", operation_id = "events_top", tag = "events", params(TopQuery), responses((status = 200, body = TopTerms)))]
pub(crate) async fn top(
    State(state): State<AppState>,
    caller: Caller,
    Params(asked): Params<TopQuery>,
) -> ApiResult<Json<TopTerms>> {
    let store = store(&state)?;
    let selection = selection(&caller, asked.q.as_deref(), asked.from.as_deref(), asked.to.as_deref())?;
    let limit = usize::try_from(asked.limit.unwrap_or(10).clamp(1, 100)).unwrap_or(10);
    let field = asked.field;
    let made = state.off_thread(move || store.top_terms(&selection, &field, limit)).await?;
    let made = made.map_err(|error| failed(&error))?;
    let items = made.terms.into_iter().map(|term| TopTerm { term: term.term, count: number(term.count) });
    Ok(Json(TopTerms { items: items.collect() }))
}
