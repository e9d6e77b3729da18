//! Hands outputs to the sink in order, and checkpoints on once everything before them was taken.

use std::sync::Arc;
use std::time::Duration;

use fengsui_schema::Output;
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use crate::checkpoint::Pending;
use crate::counters::Counters;
use crate::snapshot::Taken;
use crate::{OutputSink, limits};

/// What the analysis hands on, in order.
pub(crate) enum Handover {
    /// Outputs for the sink.
    Outputs(Vec<Output>),
    /// The state after a record: when everything before is delivered and committed, the record may be acknowledged.
    Checkpoint(Box<Taken>),
}

/// First pause after a failed delivery; it doubles up to [`limits::DELIVERY_BACKOFF_STEPS`] times.
const PAUSE: Duration = Duration::from_millis(100);

/// Tries that are made once the pipeline was asked to stop.
const LAST_TRIES: u32 = 3;

/// The task that delivers.
pub(crate) struct Delivery {
    pub(crate) sink: Arc<dyn OutputSink>,
    pub(crate) checkpoints: Pending,
    pub(crate) counters: Arc<Counters>,
    pub(crate) stop: CancellationToken,
}

impl Delivery {
    /// Runs until the analysis has handed over everything.
    pub(crate) async fn run(self, mut handovers: Receiver<Handover>) {
        while let Some(handover) = handovers.recv().await {
            match handover {
                Handover::Outputs(outputs) => {
                    if self.deliver(outputs).await {
                        continue;
                    }
                    // Nothing after this may be acknowledged; it is read again at the next start.
                    handovers.close();
                    return;
                }
                Handover::Checkpoint(taken) => self.checkpoints.replace(taken),
            }
        }
    }

    async fn deliver(&self, outputs: Vec<Output>) -> bool {
        for batch in outputs.chunks(limits::DELIVERED_OUTPUTS) {
            let mut tries = 0;
            while let Err(error) = self.sink.deliver(batch.to_vec()).await {
                self.counters.delivery_failures.add(1);
                tries += 1;
                if self.stop.is_cancelled() && tries >= LAST_TRIES {
                    tracing::error!(%error, "outputs not delivered at the end; they will be found again at the next start");
                    return false;
                }
                tracing::warn!(%error, tries, "delivery failed; trying again");
                tokio::time::sleep(PAUSE * 2_u32.pow(tries.min(limits::DELIVERY_BACKOFF_STEPS))).await;
            }
            self.count(batch);
        }
        true
    }

    fn count(&self, batch: &[Output]) {
        for output in batch {
            let counter = match output {
                Output::Alert(_) => &self.counters.alerts,
                Output::Incident(_) => &self.counters.incidents,
                Output::Finding(_) => &self.counters.findings,
                Output::Visibility(_) => &self.counters.visibility_records,
            };
            counter.add(1);
        }
    }
}
