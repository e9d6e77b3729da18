//! Sensors.

use super::prelude::*;
use crate::repository::sensors;
use crate::wire::SensorList;

/// Sensors and what they see.
#[utoipa::path(get, path = "/sensors", operation_id = "sensors_list", tag = "sensors", responses((status = 200, body = SensorList)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<SensorList>> {
    let books = state.shared().books.as_ref().filter(|_| caller.scope.reaches(&state.shared().unit));
    let books = books.and_then(|read| read());
    Ok(Json(SensorList { items: sensors::list(&state, &mut state.db(), &caller.scope).await?, books }))
}
