//! Completes checkpoints in a task of its own, so that nobody waits for the disk: neither the analysis nor the delivery.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::reading::Acknowledged;
use crate::snapshot::{self, Taken};
use crate::{EventIndex, journal};

/// The newest checkpoint that waits. One that is replaced before its turn is covered by the next.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pending {
    slot: Arc<Mutex<Option<Box<Taken>>>>,
    changed: Arc<Notify>,
}

impl Pending {
    /// Puts a checkpoint in the place of one that waits.
    pub(crate) fn replace(&self, taken: Box<Taken>) {
        *self.slot.lock() = Some(taken);
        self.changed.notify_one();
    }
}

/// Share of the time that may be spent on checkpoints: one part in this many.
const SHARE: u32 = 16;

/// The task that completes checkpoints.
pub(crate) struct Checkpoints {
    pub(crate) pending: Pending,
    pub(crate) index: Arc<dyn EventIndex>,
    pub(crate) state_directory: PathBuf,
    pub(crate) complete: Arc<Acknowledged>,
    /// Nothing will be handed in any more.
    pub(crate) ended: CancellationToken,
}

impl Checkpoints {
    /// Runs until nothing will be handed in any more, and completes the last one.
    pub(crate) async fn run(self) {
        let mut pause = Duration::ZERO;
        while tokio::time::timeout(pause, self.ended.cancelled()).await.is_err() {
            tokio::select! {
                () = self.pending.changed.notified() => {}
                () = self.ended.cancelled() => break,
            }
            let begun = Instant::now();
            self.complete_pending().await;
            pause = begun.elapsed() * (SHARE - 1);
        }
        self.complete_pending().await;
    }

    /// Commits the index, writes the snapshot, and lets the record be acknowledged.
    async fn complete_pending(&self) {
        let Some(taken) = self.pending.slot.lock().take() else { return };
        let sequence = taken.sequence;
        let (index, directory) = (Arc::clone(&self.index), self.state_directory.clone());
        match tokio::task::spawn_blocking(move || complete(&*index, &directory, *taken)).await {
            Ok(Ok(())) => self.complete.raise(sequence),
            Ok(Err(error)) => tracing::error!(%error, sequence, "checkpoint failed; the next one covers it"),
            Err(error) => tracing::error!(%error, sequence, "checkpoint ended early; the next one covers it"),
        }
    }
}

fn complete(index: &dyn EventIndex, directory: &Path, taken: Taken) -> Result<(), String> {
    index.commit()?;
    let sequence = taken.sequence;
    snapshot::write(directory, taken).map_err(|error| error.to_string())?;
    journal::delete_before(directory, sequence).map_err(|error| error.to_string())
}
