//! The organisation.

use super::prelude::*;
use crate::wire::{UnitList, UnitQuery};

/// Units the caller may see; with `divisions` those of the whole organisation that are divisions of the country, whose codes
/// and names are public (GB/T 2260).
#[utoipa::path(get, path = "/units", operation_id = "units_list", tag = "units", params(UnitQuery), responses((status = 200, body = UnitList)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Params(query): Params<UnitQuery>,
) -> ApiResult<Json<UnitList>> {
    let units = state.units();
    let items = match query.divisions {
        Some(true) => units.divisions().map(|code| units.view(code)).collect(),
        _ => units.within(&caller.scope).map(|code| units.view(code)).collect(),
    };
    Ok(Json(UnitList { items }))
}
