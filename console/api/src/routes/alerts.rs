//! alerts

use super::prelude::*;
use crate::wire::{AlertAction, AlertActionResult, AlertDetail, AlertQuery, AlertRow, List, UndoRequest, UndoResult};

/// The queue of alerts, newest first.
#[utoipa::path(get, path = "/alerts", operation_id = "alerts_list", tag = "alerts", params(AlertQuery), responses((status = 200, body = List<AlertRow>)))]
pub(crate) async fn list(Params(_query): Params<AlertQuery>, ) -> ApiResult<Json<List<AlertRow>>> {
    Err(ApiError::not_found())
}

/// One alert.
#[utoipa::path(get, path = "/alerts/{id}", operation_id = "alerts_show", tag = "alerts", params(("id" = String, Path)), responses((status = 200, body = AlertDetail)))]
pub(crate) async fn show(Path(_id): Path<String>, ) -> ApiResult<Json<AlertDetail>> {
    Err(ApiError::not_found())
}

/// Act on many alerts at once.
#[utoipa::path(post, path = "/alerts/actions", operation_id = "alerts_act", tag = "alerts", request_body = AlertAction, responses((status = 200, body = AlertActionResult)))]
pub(crate) async fn act(Body(_body): Body<AlertAction>) -> ApiResult<Json<AlertActionResult>> {
    Err(ApiError::not_found())
}

/// Take an act back.
#[utoipa::path(post, path = "/alerts/undo", operation_id = "alerts_undo", tag = "alerts", request_body = UndoRequest, responses((status = 200, body = UndoResult)))]
pub(crate) async fn undo(Body(_body): Body<UndoRequest>) -> ApiResult<Json<UndoResult>> {
    Err(ApiError::not_found())
}

/// Capture of the flow of an alert.
#[utoipa::path(get, path = "/alerts/{id}/evidence.pcap", operation_id = "alerts_evidence", tag = "alerts", params(("id" = String, Path)), responses((status = 200, body = Vec<u8>, content_type = "application/vnd.tcpdump.pcap")))]
pub(crate) async fn evidence(Path(_id): Path<String>, ) -> ApiResult<Response> {
    Err(ApiError::not_found())
}
