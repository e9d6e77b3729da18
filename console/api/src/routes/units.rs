//! The organisation.

use super::prelude::*;
use crate::wire::UnitList;

/// Units the caller may see.
#[utoipa::path(get, path = "/units", operation_id = "units_list", tag = "units", responses((status = 200, body = UnitList)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<UnitList>> {
    let items = state.units().within(&caller.scope).map(|code| state.units().view(code)).collect();
    Ok(Json(UnitList { items }))
}
