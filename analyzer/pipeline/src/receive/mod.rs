//! Receivers: listeners and followed files that append records to the spool.
//!
//! A record counts as received when the spool has it on disk: only then is more taken from a TCP sender, an HTTP
//! sender answered, and a file's place moved on. UDP has no way to slow its sender, so what does not fit is dropped and
//! counted.

mod accept;
mod event_log;
mod file;
mod flows;
mod frames;
mod http;
mod request;
mod server;
mod silence;
mod stream;
mod syslog_udp;
mod tls;
mod uplink;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fengsui_relay::{Class, Spool, SpoolError};
use fengsui_schema::{Clock, RawRecord};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::counters::Counters;
use crate::{PipelineError, PipelineSettings, limits};
use silence::Senders;

pub use uplink::UplinkGate;

/// Pause after the spool refused a group.
const PAUSE: Duration = Duration::from_millis(200);

/// The running receivers.
pub(crate) struct Receivers {
    tasks: Vec<JoinHandle<()>>,
    addresses: Vec<SocketAddr>,
    sensors: Option<Arc<fengsui_relay::uplink::Intake>>,
}

impl Receivers {
    /// What takes the parcels of sensors.
    pub(crate) fn sensors(&self) -> Option<&Arc<fengsui_relay::uplink::Intake>> {
        self.sensors.as_ref()
    }

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
    senders: Arc<Senders>,
}

/// Why a group was not accepted now.
enum Refusal {
    /// No room until the analysis has caught up.
    Full,
    /// The disk failed.
    Failed(String),
}

impl Intake {
    /// A record of a source and sender, received now.
    fn record(&self, source: &str, instance: &str, payload: Vec<u8>) -> Vec<u8> {
        let received = self.clock.now();
        self.senders.heard(source, instance, received);
        RawRecord { source: source.to_owned(), instance: instance.to_owned(), received, payload }.encode()
    }

    /// Appends a group once; when this returns it is on disk.
    async fn try_append(&self, class: Class, group: Vec<Vec<u8>>) -> Result<(), Refusal> {
        let (spool, count) = (self.spool.clone(), group.len());
        match tokio::task::spawn_blocking(move || spool.append(class, group)).await {
            // What the spool would shed is not on disk: a sender that can wait is asked to.
            Ok(Ok(range)) if range.shed > 0 => Err(Refusal::Full),
            Ok(Ok(_)) => {
                self.counters.received_messages.add(count);
                Ok(())
            }
            Ok(Err(SpoolError::Full { .. })) => Err(Refusal::Full),
            Ok(Err(error)) => Err(Refusal::Failed(error.to_string())),
            Err(error) => Err(Refusal::Failed(error.to_string())),
        }
    }

    /// Appends a group; returns when it is on disk. Waits while the spool is full; false when asked to stop meanwhile.
    async fn append(&self, class: Class, group: Vec<Vec<u8>>) -> bool {
        let mut warned = false;
        loop {
            match self.try_append(class, group.clone()).await {
                Ok(()) => return true,
                Err(Refusal::Full) if warned => {}
                Err(Refusal::Full) => {
                    tracing::warn!("the spool is full; senders wait");
                    warned = true;
                }
                Err(Refusal::Failed(error)) => {
                    tracing::warn!(%error, "the spool did not take a group of messages; trying again");
                }
            }
            if tokio::time::timeout(PAUSE, self.stop.cancelled()).await.is_ok() {
                return false;
            }
        }
    }

    /// Appends records in groups of the usual size; false when asked to stop meanwhile.
    async fn append_all(&self, class: Class, records: Vec<Vec<u8>>) -> bool {
        for group in records.chunks(limits::RECEIVED_GROUP) {
            if !self.append(class, group.to_vec()).await {
                return false;
            }
        }
        true
    }
}

/// Opens every receiver of the settings.
pub(crate) async fn open(
    settings: &PipelineSettings,
    (spool, clock): (Spool, Arc<dyn Clock>),
    gate: Option<Arc<dyn UplinkGate>>,
    counters: &Arc<Counters>,
    stop: &CancellationToken,
) -> Result<Receivers, PipelineError> {
    let sensors = uplink::intake(settings, &spool, &clock).await?;
    let senders = Arc::new(Senders::open(&settings.state_directory, settings.receivers.silence_after_s));
    let intake = Intake { spool, clock, counters: Arc::clone(counters), stop: stop.clone(), senders };
    let mut receivers = Receivers { tasks: Vec::new(), addresses: Vec::new(), sensors };
    for address in &settings.receivers.syslog_udp {
        let (bound, tasks) = syslog_udp::open(address, intake.clone()).await?;
        receivers.addresses.push(bound);
        receivers.tasks.extend(tasks);
    }
    for address in &settings.receivers.syslog_tcp {
        receivers.listener(stream::open_tcp(address, None, intake.clone()).await?);
    }
    for listener in &settings.receivers.syslog_tls {
        let acceptor = tls::acceptor(&listener.certificate, &listener.key, listener.client_authority.as_deref())?;
        receivers.listener(stream::open_tcp(&listener.address, Some(acceptor), intake.clone()).await?);
    }
    for listener in &settings.receivers.http {
        receivers.listener(http::open(listener, intake.clone()).await?);
    }
    for address in &settings.receivers.flows_udp {
        let (bound, tasks) = flows::open(address, intake.clone()).await?;
        receivers.addresses.push(bound);
        receivers.tasks.extend(tasks);
    }
    for socket in &settings.receivers.sockets {
        receivers.tasks.push(stream::open_unix(socket, intake.clone())?);
    }
    for file in &settings.receivers.files {
        let follower = file::Follower::open(file, &settings.state_directory, intake.clone())?;
        receivers.tasks.push(tokio::spawn(follower.run()));
    }
    for logs in &settings.receivers.event_logs {
        let logs = event_log::EventLogs::open(logs, &settings.state_directory, intake.clone())?;
        receivers.tasks.push(tokio::spawn(logs.run()));
    }
    if let Some(sensors) = receivers.sensors.clone() {
        for listener in &settings.receivers.uplink {
            receivers.listener(uplink::open(listener, &sensors, gate.as_ref(), &intake).await?);
        }
        receivers.tasks.push(tokio::spawn(uplink::keep_places(sensors, intake.clone())));
    }
    receivers.tasks.push(tokio::spawn(silence::watch(intake)));
    Ok(receivers)
}

impl Receivers {
    fn listener(&mut self, (bound, task): (SocketAddr, JoinHandle<()>)) {
        self.addresses.push(bound);
        self.tasks.push(task);
    }
}
