//! Live traffic: a worker for each source, one output, rules that can be replaced.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use fengsui_capture::{CaptureStatistics, PacketSource, PnetSource, RingSource};
use fengsui_files::LiveScanRules;
use fengsui_schema::{Clock, Timestamp, Visibility};
use parking_lot::Mutex;

use crate::account::Account;
use crate::limits::OUTPUT_QUEUE_BATCHES;
use crate::output::EventSink;
use crate::parts::{self, SensorParts};
use crate::report::Reporter;
use crate::rules::LiveRules;
use crate::settings::SensorSettings;
use crate::worker::Worker;
use crate::{EveEvent, SensorError};

/// Events that make a live worker hand them over before its source falls silent.
const EVENTS_PER_BATCH: usize = 64;
/// Packets after which a live worker publishes its account and takes new rules.
const PACKETS_PER_ROUND: u64 = 1_024;
/// How often the output looks whether a report is due.
const REPORT_CHECK: Duration = Duration::from_millis(250);

/// Opens the capture the settings name: a ring for each worker, or the portable one.
///
/// # Errors
/// When no interface is set, it does not exist or capturing is not permitted.
pub fn open_sources(
    settings: &SensorSettings,
    clock: Arc<dyn Clock>,
) -> Result<Vec<Box<dyn PacketSource>>, SensorError> {
    let Some(interface) = &settings.interface else {
        return Err(SensorError::Setting {
            key: "interface",
            value: "nothing".to_owned(),
            remedy: "name the interface to capture on",
        });
    };
    if settings.portable_capture {
        return Ok(vec![Box::new(PnetSource::open(interface, clock)?)]);
    }
    let mut ring = settings.ring.clone();
    if settings.workers > 1 && ring.fanout_group.is_none() {
        ring.fanout_group = u16::try_from(std::process::id() & 0xffff).ok();
    }
    (0..settings.workers).map(|_| Ok(Box::new(RingSource::open(interface, &ring)?) as Box<dyn PacketSource>)).collect()
}

/// What a running sensor has seen.
#[derive(Debug, Clone)]
pub struct SensorStatistics {
    /// The account so far.
    pub visibility: Visibility,
    /// Alerts raised.
    pub alerts: u64,
    /// Flows alive.
    pub flows: u64,
    /// Whether every source has ended: the capture that was played is over.
    pub ended: bool,
}

/// What one worker tells about itself.
#[derive(Default)]
struct Published {
    account: Account,
    capture: CaptureStatistics,
}

struct Control {
    stop: AtomicBool,
    running: AtomicU64,
    published: Vec<Mutex<Published>>,
}

/// A sensor at work. Dropping it without [`Sensor::stop`] stops it too.
pub struct Sensor {
    rules: LiveRules,
    scan_rules: Option<LiveScanRules>,
    control: Arc<Control>,
    reporter: Arc<Mutex<Reporter>>,
    clock: Arc<dyn Clock>,
    workers: Vec<JoinHandle<Result<(), SensorError>>>,
    output: Option<JoinHandle<Result<(), SensorError>>>,
}

impl Sensor {
    /// Starts a worker for each source and one thread that hands events to `sink`.
    ///
    /// A sink that is slow holds the workers back; what the capture then drops is counted as lost to the ring.
    ///
    /// # Errors
    /// When a setting is wrong or a thread cannot be started.
    pub fn start(
        settings: SensorSettings,
        parts: SensorParts,
        sources: Vec<Box<dyn PacketSource>>,
        sink: Box<dyn EventSink>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SensorError> {
        let interface = settings.interface.clone().unwrap_or_else(|| "playback".to_owned());
        let shared = parts::shared(settings, parts, (true, false))?;
        let rules = shared.rules.clone();
        let scan_rules = shared.scanning.as_ref().map(|(_, rules)| rules.clone());
        let control = Arc::new(Control {
            stop: AtomicBool::new(false),
            running: AtomicU64::new(sources.len() as u64),
            published: sources.iter().map(|_| Mutex::default()).collect(),
        });
        let reporter = Arc::new(Mutex::new(Reporter::new(Arc::clone(&shared), interface)));
        let (queue, events) = sync_channel(OUTPUT_QUEUE_BATCHES);
        let workers = sources
            .into_iter()
            .enumerate()
            .map(|(number, source)| {
                let worker = LiveWorker {
                    worker: Worker::new(Arc::clone(&shared)),
                    source,
                    number,
                    queue: queue.clone(),
                    control: Arc::clone(&control),
                    clock: Arc::clone(&clock),
                };
                spawn(format!("worker-{number}"), move || worker.run())
            })
            .collect::<Result<Vec<_>, _>>()?;
        drop(queue);
        let output = Output {
            events,
            sink,
            reporter: Arc::clone(&reporter),
            control: Arc::clone(&control),
            clock: Arc::clone(&clock),
        };
        let output = Some(spawn("output".to_owned(), move || output.run())?);
        Ok(Self { rules, scan_rules, control, reporter, clock, workers, output })
    }

    /// The rules in force, to replace them.
    #[must_use]
    pub fn rules(&self) -> &LiveRules {
        &self.rules
    }

    /// What files are looked at with, to replace it; nothing when they are not looked at.
    #[must_use]
    pub const fn scan_rules(&self) -> Option<&LiveScanRules> {
        self.scan_rules.as_ref()
    }

    /// What the sensor has seen so far.
    #[must_use]
    pub fn statistics(&self) -> SensorStatistics {
        let (account, drops) = sum(&self.control);
        SensorStatistics {
            visibility: self.reporter.lock().visibility(self.clock.now(), &account, drops),
            alerts: account.get(crate::account::Counter::DetectAlerts),
            flows: account.flows,
            ended: self.control.running.load(Ordering::Acquire) == 0,
        }
    }

    /// Stops: flows are ended and told, everything is handed to the sink, and the last account is given.
    ///
    /// # Errors
    /// What ended a worker or the output before it was told to stop.
    pub fn stop(mut self) -> Result<SensorStatistics, SensorError> {
        self.join()?;
        Ok(self.statistics())
    }

    fn join(&mut self) -> Result<(), SensorError> {
        self.control.stop.store(true, Ordering::Release);
        let mut result = Ok(());
        for thread in self.workers.drain(..).chain(self.output.take()) {
            let name = thread.thread().name().unwrap_or_default().to_owned();
            let ended = thread.join().unwrap_or(Err(SensorError::Gone { name }));
            result = result.and(ended);
        }
        result
    }
}

impl Drop for Sensor {
    fn drop(&mut self) {
        if let Err(error) = self.join() {
            tracing::error!(%error, "the sensor did not end well");
        }
    }
}

fn spawn<T: Send + 'static>(
    name: String,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, SensorError> {
    std::thread::Builder::new().name(name.clone()).spawn(body).map_err(|source| SensorError::Thread { name, source })
}

fn sum(control: &Control) -> (Account, u64) {
    let (mut account, mut drops) = (Account::default(), 0);
    for published in &control.published {
        let published = published.lock();
        account.merge(&published.account);
        drops += published.capture.dropped;
    }
    (account, drops)
}

struct LiveWorker {
    worker: Worker,
    source: Box<dyn PacketSource>,
    number: usize,
    queue: SyncSender<Vec<EveEvent>>,
    control: Arc<Control>,
    clock: Arc<dyn Clock>,
}

/// What a source had to say.
enum Heard {
    Packet(Timestamp),
    Silence,
    End,
}

impl LiveWorker {
    fn run(mut self) -> Result<(), SensorError> {
        let result = self.follow();
        self.worker.finish(Timestamp::EPOCH);
        self.publish();
        let sent = self.send();
        self.control.running.fetch_sub(1, Ordering::AcqRel);
        result.and(sent)
    }

    fn follow(&mut self) -> Result<(), SensorError> {
        let (mut packets, mut second) = (0_u64, i64::MIN);
        let played = !self.source.is_live();
        while !self.control.stop.load(Ordering::Acquire) {
            let heard = self.next(packets + 1)?;
            let now = match heard {
                Heard::Packet(time) => time,
                Heard::Silence => self.clock.now(),
                Heard::End => return Ok(()),
            };
            packets += u64::from(matches!(heard, Heard::Packet(_)));
            if now.as_seconds() > second {
                second = now.as_seconds();
                self.worker.tick(now, packets);
            }
            let quiet = matches!(heard, Heard::Silence) || played;
            if quiet || packets.is_multiple_of(PACKETS_PER_ROUND) {
                // What threads found out since the last packet is told at once, whatever time that packet had.
                self.worker.collect();
                self.worker.refresh_rules();
                self.publish();
            }
            if quiet || self.worker.has_events(EVENTS_PER_BATCH) {
                self.send()?;
            }
        }
        Ok(())
    }

    /// No input should make the code panic; if one does, it costs that packet and its flow and is counted.
    fn next(&mut self, number: u64) -> Result<Heard, SensorError> {
        let live = self.source.is_live();
        let Some(packet) = self.source.next()? else {
            return Ok(if live { Heard::Silence } else { Heard::End });
        };
        let (worker, time) = (&mut self.worker, packet.time);
        if catch_unwind(AssertUnwindSafe(|| worker.packet(&packet, number))).is_err() {
            worker.recover(true);
        }
        Ok(Heard::Packet(time))
    }

    fn publish(&mut self) {
        let capture = self.source.statistics();
        if let Some(published) = self.control.published.get(self.number) {
            let mut published = published.lock();
            published.account = self.worker.account.clone();
            published.capture = capture;
        }
    }

    fn send(&mut self) -> Result<(), SensorError> {
        let events = self.worker.take_events();
        if events.is_empty() {
            return Ok(());
        }
        self.queue.send(events).map_err(|_| SensorError::Gone { name: "output".to_owned() })
    }
}

struct Output {
    events: Receiver<Vec<EveEvent>>,
    sink: Box<dyn EventSink>,
    reporter: Arc<Mutex<Reporter>>,
    control: Arc<Control>,
    clock: Arc<dyn Clock>,
}

impl Output {
    fn run(mut self) -> Result<(), SensorError> {
        loop {
            match self.events.recv_timeout(REPORT_CHECK) {
                Ok(events) => self.write(events)?,
                Err(RecvTimeoutError::Timeout) => self.sink.flush()?,
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let now = self.clock.now();
            if self.reporter.lock().is_due(now) {
                self.report(now)?;
            }
        }
        self.report(self.clock.now())?;
        self.sink.flush()
    }

    fn write(&mut self, events: Vec<EveEvent>) -> Result<(), SensorError> {
        let shed = self.sink.write(events)?;
        self.reporter.lock().shed += shed;
        Ok(())
    }

    fn report(&mut self, now: Timestamp) -> Result<(), SensorError> {
        let (account, drops) = sum(&self.control);
        let records = self.reporter.lock().records((now, (u64::MAX, 0, 0)), (&account, drops), true);
        self.write(records)
    }
}
