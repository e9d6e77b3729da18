//! The hunt over the past for new rules and indicators.

use fengsui_detect::{DetectionBuilder, LoadReport};
use fengsui_pipeline::{RetroHunt, Suppressed};
use fengsui_schema::{Alert, Timestamp};

use super::events::store;
use super::prelude::*;
use crate::check;
use crate::limits::{INDICATORS_PER_IMPORT, RETRO_HUNT_LISTS, RETRO_HUNT_SIGMA_BYTES};
use crate::repository::{self, indicators, suppressions};
use crate::retro_hunts;
use crate::state::Change;
use crate::wire::{Items, NewRetroHunt, RetroHuntState, RetroHuntView};

/// Names of what was pasted, in ids of rules and in reasons.
const SIGMA: &str = "sigma";
const INDICATORS: &str = "indicators";

/// Begin a hunt over the past.
#[utoipa::path(post, path = "/events/retro-hunts", operation_id = "events_retro_hunt", tag = "events", request_body = NewRetroHunt, responses((status = 200, body = RetroHuntView)))]
pub(crate) async fn begin(
    State(state): State<AppState>,
    caller: Caller,
    Body(sent): Body<NewRetroHunt>,
) -> ApiResult<Json<RetroHuntView>> {
    let store = store(&state)?;
    let (from, to) = range(&sent)?;
    let lists = lists(&state, &caller, &sent.lists).await?;
    let asked = described(&sent);
    let mut hunt = state.off_thread(move || prepared(&sent, &lists)).await??;
    (hunt.from, hunt.to, hunt.units) = (from, to, Some(vec![caller.identity.unit.clone()]));
    let loaded = hunt.detection().report();
    let (rules, values, version) = (loaded.sigma_rules, loaded.indicators, loaded.version.clone());
    let detail = format!("{rules} Sigma rules, {values} indicators{asked}, sm3 {version}");
    let mut change = Change::of(&state, &caller).await?;
    hunt.suppressed = suppressed(&mut change).await?;
    let begun = (change.next("retro_hunt").await?, change.now());
    let hunts = &state.shared().retro_hunts;
    let job = hunts.begin(&caller, &hunt, begun)?;
    let view = job.view();
    if let Err(error) = note(change, &caller, &view, &detail).await {
        hunts.forget(&job);
        return Err(error);
    }
    retro_hunts::start(state, store, hunt, job);
    Ok(Json(view))
}

/// Keeps that one begins.
async fn note(mut change: Change, caller: &Caller, view: &RetroHuntView, detail: &str) -> ApiResult<()> {
    repository::retro_hunts::begin(&mut change, caller, view).await?;
    change.finish("event.search.retro_hunt", &format!("retro-hunt/{}", view.id), detail).await
}

/// What runs now keeps hits out as it does on arrival.
async fn suppressed(change: &mut Change) -> ApiResult<Option<Suppressed>> {
    let now = change.now();
    let running = suppressions::running(change.tx(), now).await?;
    if running.is_empty() {
        return Ok(None);
    }
    Ok(Some(Box::new(move |alert: &Alert| running.iter().any(|one| one.fits(alert)))))
}

/// The hunts over the past of the one who asks, the newest first; the report is that of the newest alone.
#[utoipa::path(get, path = "/events/retro-hunts", operation_id = "events_retro_hunts", tag = "events", responses((status = 200, body = Items<RetroHuntView>)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Items<RetroHuntView>>> {
    // Asked before the database: one that ends meanwhile is in there.
    let running = state.shared().retro_hunts.of(&caller);
    let mut items = repository::retro_hunts::list(&state, &caller).await?;
    if let (Some(job), Some(item)) = (running, items.first_mut())
        && job.name() == item.id
        && item.state == RetroHuntState::Running
    {
        *item = job.view();
    }
    Ok(Json(Items { items }))
}

/// A hunt over the past of the one who asks, with its report.
#[utoipa::path(get, path = "/events/retro-hunts/{id}", operation_id = "events_show_retro_hunt", tag = "events", params(("id" = String, Path)), responses((status = 200, body = RetroHuntView)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<RetroHuntView>> {
    Ok(Json(repository::retro_hunts::find(&state, &caller, &id).await?))
}

/// Cancel a hunt over the past; what it found by then is reported.
#[utoipa::path(post, path = "/events/retro-hunts/{id}/cancel", operation_id = "events_cancel_retro_hunt", tag = "events", params(("id" = String, Path)), responses((status = 200, body = RetroHuntView)))]
pub(crate) async fn cancel(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<RetroHuntView>> {
    let kept = repository::retro_hunts::find(&state, &caller, &id).await?;
    let object = format!("retro-hunt/{}", kept.id);
    Change::told(&state, &caller, ("event.search.cancel_hunt", &object), "").await?;
    // One that has ended stays as it ended.
    let Some(job) = state.shared().retro_hunts.of(&caller).filter(|job| job.name() == id) else {
        return Ok(Json(kept));
    };
    job.cancel();
    Ok(Json(job.view()))
}

fn range(sent: &NewRetroHunt) -> ApiResult<(Option<Timestamp>, Option<Timestamp>)> {
    let moment = |field, value: &Option<String>| {
        Ok::<_, ApiError>(check::optional_time(field, value.as_deref())?.map(Timestamp::from_millis))
    };
    let (from, to) = (moment("from", &sent.from)?, moment("to", &sent.to)?);
    match (from, to) {
        (Some(from), Some(to)) if from >= to => {
            Err(ApiError::invalid("to", "结束时间必须晚于开始时间", "is not after the begin"))
        }
        _ => Ok((from, to)),
    }
}

/// The lines of lists that the console keeps, as far as they are in force and within the caller's scope.
async fn lists(state: &AppState, caller: &Caller, names: &[String]) -> ApiResult<Vec<(String, String)>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    if names.len() > RETRO_HUNT_LISTS {
        let zh = format!("一次最多选择{RETRO_HUNT_LISTS}个清单");
        return Err(ApiError::invalid("lists", zh, &format!("names more than {RETRO_HUNT_LISTS} lists")));
    }
    let scope = caller.grant("indicator.read").ok_or_else(ApiError::forbidden)?;
    let mut texts = Vec::with_capacity(names.len());
    for name in names {
        let lines = indicators::active(state, &scope, name).await?;
        if lines.is_empty() {
            let en = format!("{} has no indicator in force", fengsui_schema::shown(name));
            return Err(ApiError::invalid("lists", format!("清单“{name}”没有有效指标"), &en));
        }
        let text: Vec<String> = lines.iter().map(fengsui_detect::Indicator::line).collect();
        texts.push((name.clone(), text.join("\n")));
    }
    Ok(texts)
}

/// Loads what was sent; a part that holds nothing to hunt for is the sender's fault.
fn prepared(sent: &NewRetroHunt, lists: &[(String, String)]) -> ApiResult<RetroHunt> {
    let part = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let (sigma, indicators) = (part(&sent.sigma), part(&sent.indicators));
    if sigma.is_none() && indicators.is_none() && lists.is_empty() {
        let en = "there is neither a Sigma rule nor an indicator; name at least one";
        return Err(ApiError::invalid(SIGMA, "请给出Sigma规则或威胁指标", en));
    }
    if sigma.as_ref().is_some_and(|text| text.len() > RETRO_HUNT_SIGMA_BYTES) {
        return Err(ApiError::too_large(&format!("{} KiB", RETRO_HUNT_SIGMA_BYTES >> 10)));
    }
    let mut builder = DetectionBuilder::new();
    if let Some(text) = &sigma {
        builder.add_sigma(SIGMA, text);
    }
    if let Some(text) = &indicators {
        builder.add_indicators(INDICATORS, text);
    }
    for (name, text) in lists {
        builder.add_indicators(name, text);
    }
    let (detection, report) = builder.finish();
    if sigma.is_some() && report.sigma_rules == 0 {
        return Err(no_rule(&report));
    }
    if report.indicators > INDICATORS_PER_IMPORT {
        let zh = format!("一次最多{INDICATORS_PER_IMPORT}条指标");
        return Err(ApiError::invalid(INDICATORS, zh, &format!("holds more than {INDICATORS_PER_IMPORT} indicators")));
    }
    if indicators.is_some() && report.indicators == 0 {
        let reason = reason_of(&report, INDICATORS).unwrap_or_else(|| "holds no indicator".to_owned());
        return Err(ApiError::invalid(INDICATORS, format!("没有可用的指标：{reason}"), &reason));
    }
    RetroHunt::new(detection).map_err(|error| ApiError::invalid(SIGMA, "没有可狩猎的内容", &error))
}

/// Why a text of Sigma has no rule to hunt for; a reason of the YAML names its line.
fn no_rule(report: &LoadReport) -> ApiError {
    match reason_of(report, SIGMA) {
        Some(reason) => ApiError::invalid(SIGMA, format!("Sigma规则有误：{reason}"), &reason),
        None if report.sigma_correlations > 0 => {
            let en = "holds only correlations, which a hunt over the past can't follow; name the rules they join";
            ApiError::invalid(SIGMA, "只有关联规则，无法回溯；请给出其引用的规则", en)
        }
        None => ApiError::invalid(SIGMA, "没有Sigma规则", "holds no Sigma rule"),
    }
}

fn reason_of(report: &LoadReport, file: &str) -> Option<String> {
    report.failures.iter().find(|failure| failure.file == file).map(|failure| failure.reason.clone())
}

/// What the audit log says of lists and range.
fn described(sent: &NewRetroHunt) -> String {
    let lists = if sent.lists.is_empty() { String::new() } else { format!(" (lists {})", sent.lists.join(" ")) };
    let end =
        |time: &Option<String>, word: &str| time.as_ref().map_or_else(String::new, |time| format!(", {word} {time}"));
    format!("{lists}{}{}", end(&sent.from, "from"), end(&sent.to, "to"))
}
