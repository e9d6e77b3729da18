//! posture

use super::prelude::*;
use crate::wire::{Posture};

/// What the situational screen shows.
#[utoipa::path(get, path = "/posture", operation_id = "posture_show", tag = "posture", responses((status = 200, body = Posture)))]
pub(crate) async fn show() -> ApiResult<Json<Posture>> {
    Err(ApiError::not_found())
}
