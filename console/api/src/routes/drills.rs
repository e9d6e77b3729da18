//! Drills and their score per ATT&CK technique.

use super::prelude::*;
use crate::check;
use crate::drill_replay::Recording;
use crate::repository::drills;
use crate::state::Change;
use crate::wire::{DrillDetail, DrillReplay, DrillRow, Items, NewDrill, NewDrillActions, RecordingRow};

/// Drills, newest first.
#[utoipa::path(get, path = "/drills", operation_id = "drills_list", tag = "drills", responses((status = 200, body = Items<DrillRow>)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Items<DrillRow>>> {
    Ok(Json(Items { items: drills::list(&state, &caller.scope).await? }))
}

/// A drill with what was detected of it.
#[utoipa::path(get, path = "/drills/{id}", operation_id = "drills_show", tag = "drills", params(("id" = String, Path)), responses((status = 200, body = DrillDetail)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<DrillDetail>> {
    Ok(Json(drills::detail(&state, &caller.scope, &id).await?))
}

/// Begin a drill.
#[utoipa::path(post, path = "/drills", operation_id = "drills_create", tag = "drills", request_body = NewDrill, responses((status = 200, body = DrillDetail)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(new): Body<NewDrill>,
) -> ApiResult<Json<DrillDetail>> {
    let mut change = Change::of(&state, &caller).await?;
    let id = drills::create(&mut change, &new.title).await?.to_string();
    change.finish("drill.write.create", &format!("drill/{id}"), &new.title).await?;
    Ok(Json(drills::detail(&state, &caller.scope, &id).await?))
}

/// Note what the attackers did.
#[utoipa::path(post, path = "/drills/{id}/actions", operation_id = "drills_add", tag = "drills", params(("id" = String, Path)), request_body = NewDrillActions, responses((status = 200, body = DrillDetail)))]
pub(crate) async fn add(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<NewDrillActions>,
) -> ApiResult<Json<DrillDetail>> {
    let mut change = Change::of(&state, &caller).await?;
    drills::add(&mut change, &caller.scope, &id, &sent.actions).await?;
    let detail = format!("{} acts", sent.actions.len());
    change.finish("drill.write.add", &format!("drill/{id}"), &detail).await?;
    Ok(Json(drills::detail(&state, &caller.scope, &id).await?))
}

/// End a drill.
#[utoipa::path(post, path = "/drills/{id}/end", operation_id = "drills_end", tag = "drills", params(("id" = String, Path)), responses((status = 200, body = DrillDetail)))]
pub(crate) async fn end(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<DrillDetail>> {
    let mut change = Change::of(&state, &caller).await?;
    drills::end(&mut change, &caller.scope, &id).await?;
    change.finish("drill.write.end", &format!("drill/{id}"), "").await?;
    Ok(Json(drills::detail(&state, &caller.scope, &id).await?))
}

/// Recorded attacks that can be played.
#[utoipa::path(get, path = "/drills/recordings", operation_id = "drills_recordings", tag = "drills", responses((status = 200, body = Items<RecordingRow>)))]
pub(crate) async fn recordings(State(state): State<AppState>) -> ApiResult<Json<Items<RecordingRow>>> {
    let row = |recording: Recording| {
        let mut techniques: Vec<String> = recording.acts.iter().map(|act| act.technique.clone()).collect();
        techniques.sort();
        techniques.dedup();
        RecordingRow {
            acts: i64::try_from(recording.acts.len()).unwrap_or(i64::MAX),
            name: recording.name,
            title_zh: recording.title_zh,
            title_en: recording.title_en,
            techniques,
        }
    };
    let all = state.shared().recordings.as_ref().map(|recordings| recordings.list()).unwrap_or_default();
    Ok(Json(Items { items: all.into_iter().map(row).collect() }))
}

/// Play a recorded attack through the running pipeline and note its acts.
#[utoipa::path(post, path = "/drills/{id}/replay", operation_id = "drills_replay", tag = "drills", params(("id" = String, Path)), request_body = DrillReplay, responses((status = 200, body = DrillDetail)))]
pub(crate) async fn replay(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<DrillReplay>,
) -> ApiResult<Json<DrillDetail>> {
    let number = check::number_id(&id)?;
    let source = state.shared().recordings.clone();
    let all = source.as_ref().map(|recordings| recordings.list()).unwrap_or_default();
    let (Some(source), Some(recording)) = (source, all.into_iter().find(|one| one.name == sent.recording)) else {
        return Err(ApiError::invalid("recording", "没有该录制，或本节点没有分析器", "is no recording of this node"));
    };
    let mut change = Change::of(&state, &caller).await?;
    drills::add_recorded(&mut change, &caller.scope, &id, &recording).await?;
    state.shared().replays.begin(number, &recording.name)?;
    let kept = change.finish("drill.write.replay", &format!("drill/{id}"), &recording.name).await;
    if kept.is_err() {
        state.shared().replays.forget(number);
        kept?;
    }
    let playing = state.clone();
    tokio::task::spawn_blocking(move || {
        let outcome = source.play(&recording.name, &format!("drill-{number}"));
        playing.shared().replays.end(number, outcome);
    });
    Ok(Json(drills::detail(&state, &caller.scope, &id).await?))
}
