//! Readiness: the responsibility register, the duty roster, drills of calls, records of training.

use super::prelude::*;
use crate::check;
use crate::repository::{contact_drills, duty, trainings};
use crate::state::Change;
use crate::wire::{
    CallOutcome, ContactDrillDetail, ContactDrillRow, DutyQuery, DutyRegister, DutyRoster, Items, NewContactDrill,
    NewDutyPerson, NewDutyShift, NewTraining, TrainingRow,
};

type Trainings = ApiResult<Json<Items<TrainingRow>>>;

/// The responsibility register of the units within reach, what it lacks, and who is to be called for a unit now.
#[utoipa::path(get, path = "/duty/people", operation_id = "duty_people", tag = "duty", params(DutyQuery), responses((status = 200, body = DutyRegister)))]
pub(crate) async fn people(
    State(state): State<AppState>,
    caller: Caller,
    Params(query): Params<DutyQuery>,
) -> ApiResult<Json<DutyRegister>> {
    register(&state, &caller, query.unit.as_deref()).await
}

async fn register(state: &AppState, caller: &Caller, unit: Option<&str>) -> ApiResult<Json<DutyRegister>> {
    let asked = unit.filter(|code| !code.is_empty()).map(|code| check::unit("unit", code)).transpose()?;
    let scope = check::narrowed(&caller.scope, unit)?;
    let mut register = duty::register(state, &scope).await?;
    if let Some(unit) = &asked {
        register.contact = duty::contact(state, &caller.scope, unit).await?;
    }
    Ok(Json(register))
}

/// Add somebody to the register.
#[utoipa::path(post, path = "/duty/people", operation_id = "duty_add_person", tag = "duty", request_body = NewDutyPerson, responses((status = 200, body = DutyRegister)))]
pub(crate) async fn add(
    State(state): State<AppState>,
    caller: Caller,
    Body(new): Body<NewDutyPerson>,
) -> ApiResult<Json<DutyRegister>> {
    let mut change = Change::of(&state, &caller).await?;
    let told = duty::add(&mut change, &caller.scope, &new).await?;
    change.finish("duty.write.person", "duty", &told).await?;
    register(&state, &caller, None).await
}

/// Take somebody off the register.
#[utoipa::path(post, path = "/duty/people/{id}/end", operation_id = "duty_end_person", tag = "duty", params(("id" = String, Path)), responses((status = 200, body = DutyRegister)))]
pub(crate) async fn end(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<DutyRegister>> {
    let mut change = Change::of(&state, &caller).await?;
    let told = duty::end(&mut change, &caller.scope, &id).await?;
    change.finish("duty.write.end", &format!("duty-person/{id}"), &told).await?;
    register(&state, &caller, None).await
}

/// The duty roster of the units within reach.
#[utoipa::path(get, path = "/duty/shifts", operation_id = "duty_shifts", tag = "duty", responses((status = 200, body = DutyRoster)))]
pub(crate) async fn roster(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<DutyRoster>> {
    Ok(Json(duty::roster(&state, &caller.scope).await?))
}

/// Add a shift.
#[utoipa::path(post, path = "/duty/shifts", operation_id = "duty_add_shift", tag = "duty", request_body = NewDutyShift, responses((status = 200, body = DutyRoster)))]
pub(crate) async fn add_shift(
    State(state): State<AppState>,
    caller: Caller,
    Body(new): Body<NewDutyShift>,
) -> ApiResult<Json<DutyRoster>> {
    let mut change = Change::of(&state, &caller).await?;
    let told = duty::add_shift(&mut change, &caller.scope, &new).await?;
    change.finish("duty.write.shift", "duty", &told).await?;
    roster(State(state), caller).await
}

/// Take a shift off the roster.
#[utoipa::path(post, path = "/duty/shifts/{id}/remove", operation_id = "duty_remove_shift", tag = "duty", params(("id" = String, Path)), responses((status = 200, body = DutyRoster)))]
pub(crate) async fn remove_shift(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<DutyRoster>> {
    let mut change = Change::of(&state, &caller).await?;
    let told = duty::remove_shift(&mut change, &caller.scope, &id).await?;
    change.finish("duty.write.remove_shift", &format!("duty-shift/{id}"), &told).await?;
    roster(State(state), caller).await
}

/// Drills in which people of the register are called.
#[utoipa::path(get, path = "/duty/drills", operation_id = "duty_drills", tag = "duty", responses((status = 200, body = Items<ContactDrillRow>)))]
pub(crate) async fn drills(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Items<ContactDrillRow>>> {
    Ok(Json(Items { items: contact_drills::list(&state, &caller).await? }))
}

/// Begin a drill for everybody within reach who has one of the duties.
#[utoipa::path(post, path = "/duty/drills", operation_id = "duty_begin_drill", tag = "duty", request_body = NewContactDrill, responses((status = 200, body = ContactDrillDetail)))]
pub(crate) async fn begin_drill(
    State(state): State<AppState>,
    caller: Caller,
    Body(new): Body<NewContactDrill>,
) -> ApiResult<Json<ContactDrillDetail>> {
    let mut change = Change::of(&state, &caller).await?;
    let id = contact_drills::create(&mut change, &caller, &new).await?;
    change.finish("duty.write.drill", &format!("contact-drill/{id}"), new.title.trim()).await?;
    Ok(Json(contact_drills::show(&state, &caller, id).await?))
}

/// One drill with its calls.
#[utoipa::path(get, path = "/duty/drills/{id}", operation_id = "duty_drill", tag = "duty", params(("id" = String, Path)), responses((status = 200, body = ContactDrillDetail)))]
pub(crate) async fn drill(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<ContactDrillDetail>> {
    Ok(Json(contact_drills::show(&state, &caller, check::number_id(&id)?).await?))
}

/// Note how a call went.
#[utoipa::path(post, path = "/duty/drills/{id}/calls", operation_id = "duty_call", tag = "duty", params(("id" = String, Path)), request_body = CallOutcome, responses((status = 200, body = ContactDrillDetail)))]
pub(crate) async fn call(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<CallOutcome>,
) -> ApiResult<Json<ContactDrillDetail>> {
    let number = check::number_id(&id)?;
    let mut change = Change::of(&state, &caller).await?;
    contact_drills::call(&mut change, &caller, number, &sent).await?;
    let told = format!("person {}: {}", sent.person, if sent.reached { "reached" } else { "not reached" });
    change.finish("duty.write.call", &format!("contact-drill/{id}"), &told).await?;
    Ok(Json(contact_drills::show(&state, &caller, number).await?))
}

/// End a drill.
#[utoipa::path(post, path = "/duty/drills/{id}/end", operation_id = "duty_end_drill", tag = "duty", params(("id" = String, Path)), responses((status = 200, body = ContactDrillDetail)))]
pub(crate) async fn end_drill(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<ContactDrillDetail>> {
    let number = check::number_id(&id)?;
    let mut change = Change::of(&state, &caller).await?;
    contact_drills::end(&mut change, &caller, number).await?;
    change.finish("duty.write.end_drill", &format!("contact-drill/{id}"), "").await?;
    Ok(Json(contact_drills::show(&state, &caller, number).await?))
}

/// Records of training and examinations.
#[utoipa::path(get, path = "/trainings", operation_id = "trainings_list", tag = "duty", responses((status = 200, body = Items<TrainingRow>)))]
pub(crate) async fn trainings(State(state): State<AppState>, caller: Caller) -> Trainings {
    Ok(Json(Items { items: trainings::list(&state, &caller.scope).await? }))
}

/// Add a record of training.
#[utoipa::path(post, path = "/trainings", operation_id = "trainings_add", tag = "duty", request_body = NewTraining, responses((status = 200, body = Items<TrainingRow>)))]
pub(crate) async fn add_training(
    State(state): State<AppState>,
    caller: Caller,
    Body(new): Body<NewTraining>,
) -> Trainings {
    let mut change = Change::of(&state, &caller).await?;
    let told = trainings::add(&mut change, &caller.scope, &new).await?;
    change.finish("duty.write.training", "training", &told).await?;
    self::trainings(State(state), caller).await
}

/// Take back a record of training that was wrong.
#[utoipa::path(post, path = "/trainings/{id}/remove", operation_id = "trainings_remove", tag = "duty", params(("id" = String, Path)), responses((status = 200, body = Items<TrainingRow>)))]
pub(crate) async fn remove_training(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Trainings {
    let mut change = Change::of(&state, &caller).await?;
    let told = trainings::remove(&mut change, &caller.scope, &id).await?;
    change.finish("duty.write.remove_training", &format!("training/{id}"), &told).await?;
    self::trainings(State(state), caller).await
}
