//! Tells people outside of the console: what comes up is written into an outbox, and the outbox is sent from.
//!
//! What is to be told is read from what stands in the database, not caught when it happens: nothing is lost when the
//! console stops between an act and its message, and nobody who writes a task has to think of it. Each object is told once
//! by each subscription (a unique row); a message whose answer was lost is sent again.

pub(crate) mod egress;
mod gather;
mod mail;
mod outbox;
mod robots;
mod send;
mod sources;
pub(crate) mod text;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use gather::minute_of;
pub(crate) use mail::{Security, is_address, security};
pub(crate) use outbox::{retry, test};

use outbox::purge;

use crate::db::{Query, args};
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;
use crate::wire::{ChannelKind, ChannelOptions, NotifyFault};

/// How often it is looked what is to be told and sent.
const EVERY: Duration = Duration::from_secs(2);
/// Passes between two looks for messages that are too old.
const PASSES_PER_PURGE: u32 = 1_800;
/// Characters kept of what another side said.
const SAID_CHARACTERS: usize = 200;

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What went wrong.
    pub(crate) fault: NotifyFault,
    /// What the other side or the system said.
    pub(crate) detail: String,
    /// Whether trying again helps nobody.
    pub(crate) lasting: bool,
}

fn failed(fault: NotifyFault, detail: String, lasting: bool) -> Failure {
    Failure { fault, detail, lasting }
}

/// A text of another side, short and on one line.
fn cleaned(text: &str) -> String {
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SAID_CHARACTERS).collect();
    one_line.trim().to_owned()
}

/// What is secret of a channel; sealed in the database.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Secrets {
    /// Whole address.
    pub(crate) url: String,
    /// Key of the signature, or password.
    pub(crate) secret: String,
    /// Value of the header.
    pub(crate) header: String,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// A channel with what is needed to send by it.
#[derive(Debug, Clone)]
pub(crate) struct Channel {
    /// Number in the database.
    pub(crate) id: i64,
    /// What it speaks to.
    pub(crate) kind: ChannelKind,
    /// What may be read of it.
    pub(crate) options: ChannelOptions,
    /// What may not.
    pub(crate) secrets: Secrets,
}

#[cfg(test)]
impl Channel {
    fn for_tests() -> Self {
        let (options, secrets) = (ChannelOptions::default(), Secrets::default());
        Self { id: 1, kind: ChannelKind::Http, options, secrets }
    }
}

/// The text a channel's secrets are sealed for.
pub(crate) fn sealed_for(channel: i64) -> String {
    format!("notify_channel/{channel}")
}

/// Tells and sends, again and again.
pub(crate) async fn run(state: AppState) {
    let mut passes = 0_u32;
    loop {
        tokio::time::sleep(EVERY).await;
        if let Err(error) = pass(&state).await {
            tracing::error!(error = error.message_en(), "notifications could not be sent; trying again");
        }
        if passes.is_multiple_of(PASSES_PER_PURGE)
            && let Err(error) = purge(&state).await
        {
            tracing::error!(error = error.message_en(), "old notifications could not be dropped");
        }
        passes = passes.wrapping_add(1);
    }
}

/// One look: what came up goes into the outbox, and what is due goes out. How many messages were tried.
pub(crate) async fn pass(state: &AppState) -> ApiResult<usize> {
    let sql = "SELECT COUNT(*) AS n FROM notify_channel WHERE enabled = 1 AND retired_at IS NULL";
    if state.db().count(sql, args![]).await? == 0 {
        return Ok(0);
    }
    gather::gather(state).await?;
    outbox::send_due(state).await
}

/// JSON that this program wrote.
fn read_json<T: serde::de::DeserializeOwned>(text: &str) -> ApiResult<T> {
    serde_json::from_str(text).map_err(|error| ApiError::internal(&error))
}
