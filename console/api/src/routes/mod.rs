//! The routes, one file per noun.

mod alerts;
mod audit;
mod events;
mod findings;
mod incidents;
mod masking;
mod overview;
mod posture;
mod prelude;
mod sensors;
mod session;
mod setup;
mod stream;
mod tasks;
mod tier;
mod units;
mod users;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::limits::ATTACHMENT_BYTES;
use crate::state::AppState;
use fengsui_relay::limits::BATCH_BYTES;

/// Every route below `/api/v1`.
pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(session::log_in, session::current, session::log_out))
        .routes(routes!(session::change_password))
        .routes(routes!(units::list))
        .routes(routes!(overview::show))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::show))
        .routes(routes!(alerts::act))
        .routes(routes!(alerts::undo))
        .routes(routes!(alerts::evidence))
        .routes(routes!(incidents::list, incidents::create))
        .routes(routes!(incidents::show))
        .routes(routes!(incidents::add_alerts))
        .routes(routes!(incidents::comment))
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
        .routes(routes!(tasks::attach).layer(DefaultBodyLimit::max(ATTACHMENT_BYTES + (64 << 10))))
        .routes(routes!(tasks::attachment))
        .routes(routes!(findings::list))
        .routes(routes!(findings::show))
        .routes(routes!(findings::review))
        .routes(routes!(masking::preview))
        .routes(routes!(masking::policies))
        .routes(routes!(events::search))
        .routes(routes!(events::histogram))
        .routes(routes!(events::top))
        .routes(routes!(sensors::list))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::enable))
        .routes(routes!(users::disable))
        .routes(routes!(users::reset_password))
        .routes(routes!(users::unlock))
        .routes(routes!(users::roles))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verify))
        .routes(routes!(tier::list))
        .routes(routes!(tier::code))
        .routes(routes!(tier::approve))
        .routes(routes!(tier::revoke))
        .routes(routes!(tier::enrol))
        .routes(routes!(tier::push).layer(DefaultBodyLimit::max(BATCH_BYTES)))
        .routes(routes!(tier::pull))
        .routes(routes!(tier::compare))
        .routes(routes!(posture::show))
        .routes(routes!(setup::state, setup::create))
        .routes(routes!(stream::changes))
}
