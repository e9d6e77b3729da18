//! events

use super::prelude::*;
use crate::wire::{EventPage, EventQuery, Histogram, HistogramQuery, TopQuery, TopTerms};

/// Search the event store, newest first.
#[utoipa::path(get, path = "/events", operation_id = "events_search", tag = "events", params(EventQuery), responses((status = 200, body = EventPage)))]
pub(crate) async fn search(Params(_query): Params<EventQuery>, ) -> ApiResult<Json<EventPage>> {
    Err(ApiError::not_found())
}

/// Events over time.
#[utoipa::path(get, path = "/events/histogram", operation_id = "events_histogram", tag = "events", params(HistogramQuery), responses((status = 200, body = Histogram)))]
pub(crate) async fn histogram(Params(_query): Params<HistogramQuery>, ) -> ApiResult<Json<Histogram>> {
    Err(ApiError::not_found())
}

/// Most frequent terms of a field.
#[utoipa::path(get, path = "/events/top", operation_id = "events_top", tag = "events", params(TopQuery), responses((status = 200, body = TopTerms)))]
pub(crate) async fn top(Params(_query): Params<TopQuery>, ) -> ApiResult<Json<TopTerms>> {
    Err(ApiError::not_found())
}
