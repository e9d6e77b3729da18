//! Receivers: listeners and followed files that append records to the spool.
//!
//! A record counts as received when the spool has it on disk: only then is more taken from a TCP sender, and a
//! file's place moved on. UDP has no way to slow its sender, so what does not fit is dropped and counted.

mod file;
mod syslog_tcp;
mod syslog_udp;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fengsui_relay::{Class, Spool};
use fengsui_schema::{Clock, RawRecord};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::counters::Counters;
use crate::{PipelineError, PipelineSettings};

/// Pause after the spool refused a group.
const PAUSE: Duration = Duration::from_millis(200);

/// The running receivers.
pub(crate) struct Receivers {
    tasks: Vec<JoinHandle<()>>,
    addresses: Vec<SocketAddr>,
}

impl Receivers {
    /// Where they listen.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Waits until all have ended.
    pub(crate) async fn join(self) {
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a receiver ended early");
            }
        }
    }
}

/// What every receiver needs.
#[derive(Clone)]
pub(crate) struct Intake {
    spool: Spool,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
    stop: CancellationToken,
}

impl Intake {
    /// A record of a source and sender, received now.
    fn record(&self, source: &str, instance: &str, payload: Vec<u8>) -> Vec<u8> {
        RawRecord { source: source.to_owned(), instance: instance.to_owned(), received: self.clock.now(), payload }
            .encode()
    }

    /// Appends a group; returns when it is on disk. Waits while the spool is full; false when asked to stop meanwhile.
    async fn append(&self, group: Vec<Vec<u8>>) -> bool {
        let count = group.len();
        loop {
            let (spool, group) = (self.spool.clone(), group.clone());
            match tokio::task::spawn_blocking(move || spool.append(Class::Protocol, group)).await {
                Ok(Ok(_)) => break,
                Ok(Err(error)) => tracing::warn!(%error, "the spool did not take a group of messages; trying again"),
                Err(error) => tracing::error!(%error, "an append to the spool ended early; trying again"),
            }
            if tokio::time::timeout(PAUSE, self.stop.cancelled()).await.is_ok() {
                return false;
            }
        }
        self.counters.received_messages.add(count);
        true
    }
}

/// Opens every receiver of the settings.
pub(crate) async fn open(
    settings: &PipelineSettings,
    spool: Spool,
    clock: Arc<dyn Clock>,
    counters: &Arc<Counters>,
    stop: &CancellationToken,
) -> Result<Receivers, PipelineError> {
    let intake = Intake { spool, clock, counters: Arc::clone(counters), stop: stop.clone() };
    let mut receivers = Receivers { tasks: Vec::new(), addresses: Vec::new() };
    for address in &settings.receivers.syslog_udp {
        let (bound, tasks) = syslog_udp::open(address, intake.clone()).await?;
        receivers.addresses.push(bound);
        receivers.tasks.extend(tasks);
    }
    for address in &settings.receivers.syslog_tcp {
        let (bound, task) = syslog_tcp::open(address, intake.clone()).await?;
        receivers.addresses.push(bound);
        receivers.tasks.push(task);
    }
    for file in &settings.receivers.files {
        let follower = file::Follower::open(file, &settings.state_directory, intake.clone())?;
        receivers.tasks.push(tokio::spawn(follower.run()));
    }
    Ok(receivers)
}
