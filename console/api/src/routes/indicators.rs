//! Indicators of compromise.

use fengsui_detect::read_indicators;

use super::prelude::*;
use crate::check;
use crate::indicators::put_in_force;
use crate::limits::{INDICATOR_DAYS, INDICATOR_REASONS_SHOWN, INDICATORS_PER_IMPORT};
use crate::repository::indicators::{self, Hand, Origin};
use crate::scope::Place;
use crate::state::Change;
use crate::wire::{
    IndicatorImport, IndicatorImported, IndicatorListRow, IndicatorQuery, IndicatorRetired, IndicatorRetirement,
    IndicatorRow, Items, List,
};

const DAY: i64 = 86_400_000;

/// Indicators, newest first.
#[utoipa::path(get, path = "/indicators", operation_id = "indicators_list", tag = "indicators", params(IndicatorQuery), responses((status = 200, body = List<IndicatorRow>)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Params(query): Params<IndicatorQuery>,
) -> ApiResult<Json<List<IndicatorRow>>> {
    Ok(Json(indicators::list(&state, &caller.scope, &query).await?))
}

/// Lists of indicators.
#[utoipa::path(get, path = "/indicators/lists", operation_id = "indicators_lists", tag = "indicators", responses((status = 200, body = Items<IndicatorListRow>)))]
pub(crate) async fn lists(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Items<IndicatorListRow>>> {
    Ok(Json(Items { items: indicators::lists(&state, &caller.scope).await? }))
}

/// Take a list in.
#[utoipa::path(post, path = "/indicators/import", operation_id = "indicators_import", tag = "indicators", request_body = IndicatorImport, responses((status = 200, body = IndicatorImported)))]
pub(crate) async fn import(
    State(state): State<AppState>,
    caller: Caller,
    Body(sent): Body<IndicatorImport>,
) -> ApiResult<Json<IndicatorImported>> {
    must_reach_node(&state, &caller)?;
    let list = list_name(&sent.list)?;
    if sent.expires_days.is_some_and(|days| !(1..=INDICATOR_DAYS).contains(&days)) {
        return Err(ApiError::invalid("expires_days", "有效期为1至3650天", "is no number of days from 1 to 3650"));
    }
    let digest = hex::encode(fengsui_crypto::sm3(sent.text.as_bytes()));
    let name = list.clone();
    let mut file = state.off_thread(move || read_indicators(&name, &sent.text)).await?;
    if !file.allowed.is_empty() {
        return Err(ApiError::invalid("text", "这是白名单，请由运维放入配置目录", "is a list of values to allow"));
    }
    let (taken, refused) = (count(file.indicators.len()), count(file.failures.len()));
    if file.indicators.is_empty() || file.indicators.len() > INDICATORS_PER_IMPORT {
        let first = file.failures.first().map(String::as_str).unwrap_or("holds no indicator");
        let zh = format!("没有可用的指标，或超过{INDICATORS_PER_IMPORT}条");
        return Err(ApiError::invalid("text", zh, first));
    }
    let mut change = Change::of(&state, &caller).await?;
    let end = sent.expires_days.map(|days| fengsui_schema::Timestamp::from_millis(change.now() + days * DAY));
    for indicator in &mut file.indicators {
        indicator.expires = indicator.expires.or(end);
    }
    indicators::digest_of(&mut change, &list, Origin::Import).await?;
    let (now, by, place) = (change.now(), change.actor().name.clone(), Place::of(&state.shared().unit));
    let hand = Hand { place: &place, by: &by, now };
    indicators::take(change.tx(), &hand, (&list, Origin::Import, &digest), &file.indicators).await?;
    let detail = format!("{taken} taken, {refused} refused, sm3 {digest}");
    change.finish("indicator.write.import", &format!("indicator-list/{list}"), &detail).await?;
    let in_force = put_in_force(&state, std::slice::from_ref(&list)).await?;
    file.failures.truncate(INDICATOR_REASONS_SHOWN);
    Ok(Json(IndicatorImported { list, taken, refused, reasons: file.failures, in_force }))
}

/// Retire indicators.
#[utoipa::path(post, path = "/indicators/retire", operation_id = "indicators_retire", tag = "indicators", request_body = IndicatorRetirement, responses((status = 200, body = IndicatorRetired)))]
pub(crate) async fn retire(
    State(state): State<AppState>,
    caller: Caller,
    Body(sent): Body<IndicatorRetirement>,
) -> ApiResult<Json<IndicatorRetired>> {
    must_reach_node(&state, &caller)?;
    let reason = check::reason(&sent.reason)?;
    let mut change = Change::of(&state, &caller).await?;
    let (changed, lists) = indicators::retire(&mut change, &caller.scope, &sent.ids, &reason).await?;
    let object = sent.ids.first().map(|id| format!("indicator/{id}")).unwrap_or_default();
    let detail = format!("{changed} retired; {reason}; {}", sent.ids.join(" "));
    change.finish("indicator.write.retire", &object, &detail).await?;
    let in_force = put_in_force(&state, &lists).await?;
    Ok(Json(IndicatorRetired { changed, in_force }))
}

/// Indicators are this node's: whoever reaches only a part of it may not change them.
fn must_reach_node(state: &AppState, caller: &Caller) -> ApiResult<()> {
    if caller.scope.reaches(&state.shared().unit) { Ok(()) } else { Err(ApiError::forbidden()) }
}

/// A name that is a file's name and nothing else; names that begin with `allow` mean the opposite to the analyzer.
fn list_name(name: &str) -> ApiResult<String> {
    let name = name.trim();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-');
    let fits = (2..=40).contains(&name.len()) && name.bytes().all(plain) && name.as_bytes()[0].is_ascii_alphanumeric();
    if fits && !name.starts_with("allow") {
        return Ok(name.to_owned());
    }
    Err(ApiError::invalid(
        "list",
        "清单名为2至40个小写字母、数字或 . _ -，且不以 allow 开头",
        "is no name of 2 to 40 characters of a-z0-9._-, or begins with allow",
    ))
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
