//! sensors

use super::prelude::*;
use crate::wire::{SensorList};

/// Sensors and what they see.
#[utoipa::path(get, path = "/sensors", operation_id = "sensors_list", tag = "sensors", responses((status = 200, body = SensorList)))]
pub(crate) async fn list() -> ApiResult<Json<SensorList>> {
    Err(ApiError::not_found())
}
