//! Entities and rules.

use super::prelude::*;
use crate::repository::entities;
use crate::wire::{EntityPage, EntityQuery, Items, RuleRow};

/// What an address, host, account, domain or file did and with whom.
#[utoipa::path(get, path = "/entities", operation_id = "entities_show", tag = "entities", params(EntityQuery), responses((status = 200, body = EntityPage)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Params(asked): Params<EntityQuery>,
) -> ApiResult<Json<EntityPage>> {
    let cases = caller.grant("incident.read");
    Ok(Json(entities::page(&state, &caller.scope, cases.as_ref(), &asked).await?))
}

/// Rules by how often they fired in the last seven days.
#[utoipa::path(get, path = "/rules", operation_id = "rules_list", tag = "entities", responses((status = 200, body = Items<RuleRow>)))]
pub(crate) async fn rules(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Items<RuleRow>>> {
    Ok(Json(Items { items: entities::rules(&state, &caller.scope).await? }))
}
