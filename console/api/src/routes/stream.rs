//! stream

use super::prelude::*;
use crate::wire::{};

/// Live changes as server-sent events.
#[utoipa::path(get, path = "/stream", operation_id = "stream_changes", tag = "stream", responses((status = 200, body = String, content_type = "text/event-stream")))]
pub(crate) async fn changes() -> ApiResult<Response> {
    Err(ApiError::not_found())
}
