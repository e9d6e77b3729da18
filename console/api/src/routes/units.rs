//! units

use super::prelude::*;
use crate::wire::{UnitList};

/// Units the caller may see.
#[utoipa::path(get, path = "/units", operation_id = "units_list", tag = "units", responses((status = 200, body = UnitList)))]
pub(crate) async fn list() -> ApiResult<Json<UnitList>> {
    Err(ApiError::not_found())
}
