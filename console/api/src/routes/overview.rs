//! overview

use super::prelude::*;
use crate::wire::{Overview};

/// Numbers of the workbench.
#[utoipa::path(get, path = "/overview", operation_id = "overview_show", tag = "overview", responses((status = 200, body = Overview)))]
pub(crate) async fn show() -> ApiResult<Json<Overview>> {
    Err(ApiError::not_found())
}
