//! Drops events that are older than the retention in force. Every drop stands in the audit log before it happens.

use std::time::Duration;

use crate::audit::{Actor, Entry, Outcome};
use crate::error::{ApiError, ApiResult};
use crate::state::{AppState, Change};

/// How often days that are too old are looked for.
const EVERY: Duration = Duration::from_secs(3_600);
/// How long after the start: a node that is started with a wrong clock or file can still be stopped.
const FIRST_AFTER: Duration = Duration::from_secs(600);

/// Drops what is too old, again and again.
pub(crate) async fn run(state: AppState) {
    tokio::time::sleep(FIRST_AFTER).await;
    loop {
        if let Err(error) = apply(&state).await {
            tracing::error!(error = error.message_en(), "events past their retention could not be dropped");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Drops what is too old; the days that went.
pub(crate) async fn apply(state: &AppState) -> ApiResult<Vec<String>> {
    let Some(store) = state.shared().store.clone() else { return Ok(Vec::new()) };
    let values = state.values();
    let (days, permission) = values.retention();
    let now = state.shared().clock.now();
    let expired = store.expired(now, days);
    if expired.is_empty() {
        return Ok(expired);
    }
    let actor = Actor::new("retention", &state.shared().unit, "local");
    let by = permission.map(|it| format!("; less than the law asks, agreed to by {}: {}", it.account, it.reason));
    let detail = format!("{}; older than {days} days{}", expired.join(" "), by.unwrap_or_default());
    let entry = Entry { action: "retention.drop", object: "events", outcome: Outcome::Success, detail: &detail };
    Change::entry_alone(state, &actor, entry).await?;
    let permission = permission.cloned();
    let dropped = state.off_thread(move || store.apply_retention(now, days, permission.as_ref())).await?;
    dropped.map_err(|error| ApiError::internal(&error))
}
