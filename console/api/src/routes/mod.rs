//! The routes, one file per noun.

mod alerts;
mod appeals;
mod assets;
mod audit;
mod capabilities;
mod channels;
mod compliance;
mod drills;
mod duty;
mod entities;
mod events;
mod evidence;
mod exports;
mod factors;
mod findings;
mod handovers;
mod incidents;
mod indicators;
mod inspections;
mod masking;
mod notifications;
mod overview;
mod plans;
mod posture;
mod prelude;
mod regulations;
mod retro_hunts;
mod sensors;
mod session;
mod settings;
mod setup;
mod shares;
mod stream;
mod suppressions;
mod systems;
mod tasks;
mod tier;
mod units;
mod users;
mod views;
mod warnings;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::limits::{ATTACHMENT_BYTES, CAPABILITY_BYTES, INDICATOR_BYTES, RETRO_HUNT_BYTES, SHARE_BYTES};
use crate::state::AppState;
use fengsui_relay::limits::BATCH_BYTES;

/// Every route below `/api/v1`.
pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(session::log_in, session::current, session::log_out))
        .routes(routes!(session::change_password))
        .routes(routes!(factors::show))
        .routes(routes!(factors::challenge))
        .routes(routes!(factors::enrol))
        .routes(routes!(factors::confirm))
        .routes(routes!(factors::remove_totp))
        .routes(routes!(factors::recovery))
        .routes(routes!(factors::add_key))
        .routes(routes!(factors::remove_key))
        .routes(routes!(units::list))
        .routes(routes!(overview::show))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::show))
        .routes(routes!(alerts::act))
        .routes(routes!(alerts::undo))
        .routes(routes!(alerts::step))
        .routes(routes!(alerts::evidence))
        .routes(routes!(evidence::list))
        .routes(routes!(evidence::ask))
        .routes(routes!(evidence::decide))
        .routes(routes!(suppressions::list, suppressions::create))
        .routes(routes!(suppressions::preview))
        .routes(routes!(suppressions::end))
        .routes(routes!(views::list, views::save))
        .routes(routes!(views::remove))
        .routes(routes!(handovers::list, handovers::create))
        .routes(routes!(handovers::numbers))
        .routes(routes!(handovers::take))
        .routes(routes!(drills::list, drills::create))
        .routes(routes!(drills::show))
        .routes(routes!(drills::add))
        .routes(routes!(drills::end))
        .routes(routes!(drills::recordings))
        .routes(routes!(drills::replay))
        .routes(routes!(indicators::list))
        .routes(routes!(indicators::lists))
        .routes(routes!(indicators::import).layer(DefaultBodyLimit::max(INDICATOR_BYTES)))
        .routes(routes!(indicators::retire))
        .routes(routes!(entities::show))
        .routes(routes!(entities::rules))
        .routes(routes!(exports::queue))
        .routes(routes!(exports::work))
        .routes(routes!(exports::log))
        .routes(routes!(exports::first_report))
        .routes(routes!(incidents::list, incidents::create))
        .routes(routes!(incidents::show))
        .routes(routes!(incidents::add_alerts))
        .routes(routes!(incidents::comment))
        .routes(routes!(incidents::participant))
        .routes(routes!(incidents::remove_participant))
        .routes(routes!(incidents::grade))
        .routes(routes!(incidents::close))
        .routes(routes!(incidents::reopen))
        .routes(routes!(incidents::clock_done))
        .routes(routes!(incidents::dispatch))
        .routes(routes!(tasks::list))
        .routes(routes!(tasks::show))
        .routes(routes!(tasks::sign))
        .routes(routes!(tasks::step))
        .routes(routes!(tasks::progress))
        .routes(routes!(tasks::submit))
        .routes(routes!(tasks::send_back))
        .routes(routes!(tasks::verify))
        .routes(routes!(tasks::close))
        .routes(routes!(tasks::cancel))
        .routes(routes!(tasks::ask_extension))
        .routes(routes!(tasks::decide_extension))
        .routes(routes!(tasks::help))
        .routes(routes!(tasks::urge))
        .routes(routes!(tasks::divide))
        .routes(routes!(tasks::forward))
        .routes(routes!(tasks::attach).layer(DefaultBodyLimit::max(ATTACHMENT_BYTES + (64 << 10))))
        .routes(routes!(tasks::attachment))
        .merge(supervision())
        .routes(routes!(findings::list))
        .routes(routes!(findings::show))
        .routes(routes!(findings::review))
        .routes(routes!(masking::preview))
        .routes(routes!(masking::list, masking::save))
        .routes(routes!(masking::submit))
        .routes(routes!(masking::decide))
        .routes(routes!(assets::list, assets::create))
        .routes(routes!(assets::change))
        .routes(routes!(assets::retire))
        .routes(routes!(shares::list))
        .routes(routes!(shares::create).layer(DefaultBodyLimit::max(SHARE_BYTES + (64 << 10))))
        .routes(routes!(shares::decide))
        .routes(routes!(shares::release))
        .routes(routes!(shares::copy))
        .routes(routes!(shares::flows))
        .routes(routes!(shares::traces))
        .routes(routes!(shares::trace).layer(DefaultBodyLimit::max(SHARE_BYTES + (64 << 10))))
        .routes(routes!(shares::report))
        .merge(hunt())
        .routes(routes!(sensors::list))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::enable))
        .routes(routes!(users::disable))
        .routes(routes!(users::reset_password))
        .routes(routes!(users::unlock))
        .routes(routes!(users::assign))
        .routes(routes!(users::forget_factors))
        .routes(routes!(users::roles))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verify))
        .merge(tier_routes())
        .merge(capability_routes())
        .merge(told())
        .merge(settings_routes())
        .routes(routes!(setup::state, setup::create))
}

/// Nodes of the tiers: what administrators do with them, and what they send each other.
fn tier_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(tier::list))
        .routes(routes!(tier::code))
        .routes(routes!(tier::approve))
        .routes(routes!(tier::revoke))
        .routes(routes!(tier::enrol))
        .routes(routes!(tier::push).layer(DefaultBodyLimit::max(BATCH_BYTES)))
        .routes(routes!(tier::pull))
        .routes(routes!(tier::compare))
}

/// What keys of applications call, and the keys.
fn capability_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(capabilities::classify))
        .routes(routes!(capabilities::mask))
        .routes(routes!(capabilities::indicators))
        .routes(routes!(capabilities::screen))
        .layer(DefaultBodyLimit::max(CAPABILITY_BYTES))
        .routes(routes!(capabilities::keys, capabilities::create))
        .routes(routes!(capabilities::revoke))
}

/// The event store: search, and the hunt over the past.
fn hunt() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(events::search))
        .routes(routes!(events::histogram))
        .routes(routes!(events::top))
        .routes(routes!(retro_hunts::list, retro_hunts::begin).layer(DefaultBodyLimit::max(RETRO_HUNT_BYTES)))
        .routes(routes!(retro_hunts::cancel))
        .routes(routes!(retro_hunts::show))
}

/// What people are told: the screen, warnings, notifications, live changes.
fn told() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(posture::show))
        .routes(routes!(posture::ahead))
        .routes(routes!(stream::changes))
        .routes(routes!(warnings::list, warnings::create))
        .routes(routes!(warnings::show))
        .routes(routes!(warnings::regrade))
        .routes(routes!(warnings::decide))
        .routes(routes!(warnings::receive))
        .routes(routes!(notifications::list))
        .routes(routes!(notifications::read))
}

/// The settings of the platform, and the ways by which people are told.
fn settings_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(settings::platform))
        .routes(routes!(settings::list, settings::set))
        .routes(routes!(settings::restore))
        .routes(routes!(settings::decide))
        .routes(routes!(channels::list, channels::create))
        .routes(routes!(channels::revise))
        .routes(routes!(channels::retire))
        .routes(routes!(channels::test))
        .routes(routes!(channels::subscribe))
        .routes(routes!(channels::unsubscribe))
        .routes(routes!(channels::log))
        .routes(routes!(channels::retry))
}

/// The policy library.
fn policy_library() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(regulations::list, regulations::create))
        .routes(routes!(regulations::coverage))
        .routes(routes!(regulations::show))
        .routes(routes!(regulations::revise))
        .routes(routes!(regulations::text))
        .routes(routes!(regulations::file))
        .routes(routes!(regulations::withdraw))
        .routes(routes!(regulations::sign))
        .routes(routes!(regulations::urge))
}

/// Inspections, controls, scorecards, bulletins, policies.
fn supervision() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(inspections::list, inspections::create))
        .routes(routes!(inspections::show))
        .routes(routes!(inspections::answer))
        .routes(routes!(inspections::find))
        .routes(routes!(inspections::order))
        .routes(routes!(inspections::close))
        .routes(routes!(compliance::show))
        .routes(routes!(compliance::judge))
        .routes(routes!(compliance::scorecards))
        .routes(routes!(compliance::scorecards_reported))
        .routes(routes!(compliance::scorecards_sheet))
        .routes(routes!(compliance::bulletin))
        .routes(routes!(compliance::bulletin_document))
        .merge(policy_library())
        .merge(readiness())
}

/// Who answers and who is on duty, plans, systems, what follows a scorecard.
fn readiness() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(duty::people, duty::add))
        .routes(routes!(duty::end))
        .routes(routes!(duty::roster, duty::add_shift))
        .routes(routes!(duty::remove_shift))
        .routes(routes!(duty::drills, duty::begin_drill))
        .routes(routes!(duty::drill))
        .routes(routes!(duty::call))
        .routes(routes!(duty::end_drill))
        .routes(routes!(duty::trainings, duty::add_training))
        .routes(routes!(duty::remove_training))
        .routes(routes!(plans::list, plans::create))
        .routes(routes!(plans::revise))
        .routes(routes!(plans::retire))
        .routes(routes!(plans::activate))
        .routes(routes!(plans::activation))
        .routes(routes!(plans::tick))
        .routes(routes!(plans::end))
        .routes(routes!(systems::list, systems::add))
        .routes(routes!(systems::change))
        .routes(routes!(systems::retire))
        .routes(routes!(appeals::list, appeals::create))
        .routes(routes!(appeals::decide))
        .routes(routes!(appeals::talks, appeals::talk))
        .routes(routes!(appeals::close))
}
