//! Starts the pipeline's threads and tasks, and ends them in order.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use fengsui_detect::{Analysis, AnalysisSettings, Detection};
use fengsui_relay::Spool;
use fengsui_relay::uplink::SensorPlace;
use fengsui_schema::Clock;
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::checkpoint::{Checkpoints, Pending};
use crate::counters::Counters;
use crate::delivery::Delivery;
use crate::journal::{self, Journal};
use crate::quarantine::Quarantine;
use crate::reading::Acknowledged;
use crate::rounds::Rounds;
use crate::worker::{Exchange, Worker};
use crate::{
    EventIndex, Organization, OutputSink, PipelineError, PipelineSettings, PipelineStatistics, UplinkGate, limits,
    reading, receive, snapshot,
};

/// What the pipeline is connected to.
pub struct PipelineParts {
    /// Where records come from.
    pub spool: Spool,
    /// Where events are indexed: an `Arc<fengsui_store::Store>` in the product.
    pub store: Arc<dyn EventIndex>,
    /// The rules in force.
    pub detection: Arc<Detection>,
    /// Whose address is whose.
    pub organization: Organization,
    /// Where alerts, incidents, findings and visibility records go.
    pub sink: Arc<dyn OutputSink>,
    /// Our clock, which stamps what receivers take.
    pub clock: Arc<dyn Clock>,
    /// Who lets sensors in; without it no listener for sensors can be opened.
    pub gate: Option<Arc<dyn UplinkGate>>,
}

/// The analyzer's pipeline.
///
/// A record is acknowledged to the spool when its event is committed in the index, its outputs are delivered and the
/// state behind it is on disk. A crash at any point leads to the same incidents: the state is taken up from the last
/// snapshot, the records after it are read again, and all ids are digests of content.
pub struct Pipeline;

/// Handovers that may wait for delivery.
const HANDOVERS: usize = 16;

impl Pipeline {
    /// Starts reading, analysing and delivering, and opens the receivers. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the state folder can't be used, the saved state is damaged, or a listener can't be opened.
    pub async fn start(settings: PipelineSettings, parts: PipelineParts) -> Result<PipelineHandle, PipelineError> {
        let directory = settings.state_directory.clone();
        fs::create_dir_all(&directory).map_err(PipelineError::file("create", &directory))?;
        let (counters, stop) = (Arc::new(Counters::default()), CancellationToken::new());
        let exchange =
            Arc::new(Exchange { detection: Mutex::new(None), organization: Mutex::new(Arc::new(parts.organization)) });
        let mut analysis = Analysis::new(analysis_settings(&settings), parts.detection);
        let (analysed, indexed) = (take_up(&mut analysis, &directory)?, parts.store.committed_sequence());
        let mut reader =
            parts.spool.reader(&settings.reader_name).map_err(|error| PipelineError::Spool(error.to_string()))?;
        // Without a state, or without an index, everything that the spool still holds is read again.
        let complete = indexed.min(analysed).map_or(0, |complete| complete.saturating_add(1));
        if complete < reader.next_sequence() {
            reader.rewind(complete);
        }
        let receivers =
            receive::open(&settings, (parts.spool.clone(), parts.clock), parts.gate, &counters, &stop).await?;
        let (record_sender, records) = sync_channel((limits::QUEUED_RECORDS / limits::READ_RECORDS).max(1));
        let (handovers, handover_receiver) = tokio::sync::mpsc::channel(HANDOVERS);
        let complete = Arc::new(Acknowledged::default());
        let pending = Pending::default();
        let delivery = Delivery {
            sink: parts.sink,
            checkpoints: pending.clone(),
            counters: Arc::clone(&counters),
            stop: stop.clone(),
        };
        let delivered = CancellationToken::new();
        let checkpoints = Checkpoints {
            pending,
            index: Arc::clone(&parts.store),
            state_directory: directory.clone(),
            complete: Arc::clone(&complete),
            ended: delivered.clone(),
        };
        let commit_interval = Duration::from_millis(u64::from(settings.commit_interval_ms.max(100)));
        let worker = Worker {
            analysis,
            index: Arc::clone(&parts.store),
            quarantine: Quarantine::open(&directory)?,
            journal: Journal::new(&directory, analysed),
            rounds: Rounds::start()
                .map_err(|error| PipelineError::Task(format!("the thread for incidents: {error}")))?,
            handed_out: journal::read(&directory, analysed)?,
            exchange: Arc::clone(&exchange),
            counters: Arc::clone(&counters),
            handovers,
            settings,
            analysed,
            indexed,
            last: None,
            heard: std::time::Instant::now(),
        };
        worker.count_rules(&Arc::clone(worker.analysis.detection()));
        let committing = tokio::spawn(commit_often(parts.store, commit_interval, stop.clone()));
        let (reading_counters, reading_stop) = (Arc::clone(&counters), stop.clone());
        let tasks = vec![
            tokio::task::spawn_blocking(move || {
                reading::run(reader, record_sender, &complete, &reading_counters, &reading_stop)
            }),
            tokio::task::spawn_blocking(move || worker.run(&records)),
            tokio::spawn(async move {
                let _ends_checkpoints = delivered.drop_guard();
                delivery.run(handover_receiver).await;
            }),
            tokio::spawn(checkpoints.run()),
            committing,
        ];
        Ok(PipelineHandle { stop: stop.drop_guard(), tasks, receivers, counters, exchange })
    }
}

/// Takes up the saved state; the record that it stands after. `None` when there is none, or none that can be used.
fn take_up(analysis: &mut Analysis, directory: &Path) -> Result<Option<u64>, PipelineError> {
    let Some(saved) = snapshot::read(directory)? else { return Ok(None) };
    match analysis.restore(&saved.state) {
        Ok(()) => Ok(Some(saved.sequence)),
        Err(reason) => snapshot::set_aside(directory, &reason).map(|()| None),
    }
}

fn analysis_settings(settings: &PipelineSettings) -> AnalysisSettings {
    AnalysisSettings {
        allowed_lateness_s: settings.allowed_lateness_s,
        allowed_skew_s: settings.allowed_skew_s,
        correlation: settings.correlation.clone(),
    }
}

/// Makes new events findable soon; checkpoints commit on their own.
async fn commit_often(index: Arc<dyn EventIndex>, interval: Duration, stop: CancellationToken) {
    while tokio::time::timeout(interval, stop.cancelled()).await.is_err() {
        let index = Arc::clone(&index);
        match tokio::task::spawn_blocking(move || index.commit()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the index could not be committed; trying again"),
            Err(error) => tracing::error!(%error, "a commit of the index ended early"),
        }
    }
}

/// A running pipeline. Dropping it asks it to stop, without waiting for what it still holds: [`Self::shutdown`] waits.
pub struct PipelineHandle {
    stop: DropGuard,
    tasks: Vec<JoinHandle<()>>,
    receivers: receive::Receivers,
    counters: Arc<Counters>,
    exchange: Arc<Exchange>,
}

impl PipelineHandle {
    /// What was counted until now.
    #[must_use]
    pub fn statistics(&self) -> PipelineStatistics {
        self.counters.statistics()
    }

    /// A function that reads the statistics, for a console that outlives this handle's borrow.
    #[must_use]
    pub fn statistics_hook(&self) -> Arc<dyn Fn() -> PipelineStatistics + Send + Sync> {
        let counters = Arc::clone(&self.counters);
        Arc::new(move || counters.statistics())
    }

    /// A function that puts another bundle of rules in force, for a console that outlives this handle's borrow.
    #[must_use]
    pub fn detection_hook(&self) -> Arc<dyn Fn(Arc<Detection>) + Send + Sync> {
        let exchange = Arc::clone(&self.exchange);
        Arc::new(move |detection| *exchange.detection.lock() = Some(detection))
    }

    /// A function that says where every sensor is, for the console; none come without a listener for them.
    #[must_use]
    pub fn sensors_hook(&self) -> Arc<dyn Fn() -> Vec<SensorPlace> + Send + Sync> {
        let sensors = self.receivers.sensors().cloned();
        Arc::new(move || sensors.as_ref().map(|intake| intake.sensors()).unwrap_or_default())
    }

    /// Puts another bundle of rules in force, from the next record on.
    pub fn replace_detection(&self, detection: Arc<Detection>) {
        *self.exchange.detection.lock() = Some(detection);
    }

    /// Puts another inventory in force, from the next records on.
    pub fn replace_organization(&self, organization: Organization) {
        *self.exchange.organization.lock() = Arc::new(organization);
    }

    /// Addresses the receivers listen on, in the order UDP, TCP of the settings; for port 0 the one that was given.
    #[must_use]
    pub fn listening(&self) -> &[std::net::SocketAddr] {
        self.receivers.addresses()
    }

    /// Stops receiving and reading, finishes what was read, saves the state and acknowledges.
    ///
    /// # Errors
    /// When a task ended by itself before.
    pub async fn shutdown(self) -> Result<(), PipelineError> {
        drop(self.stop);
        self.receivers.join().await;
        for task in self.tasks {
            task.await.map_err(|error| PipelineError::Task(error.to_string()))?;
        }
        Ok(())
    }
}
