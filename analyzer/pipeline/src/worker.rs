//! The thread that turns records into events, alerts and incidents.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use fengsui_detect::{Analysis, Detection};
use fengsui_relay::Record;
use fengsui_schema::{Event, Incident, Output, RawRecord, Visibility};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::mpsc::Sender;

use crate::counters::Counters;
use crate::delivery::Handover;
use crate::journal::{HandedOut, Journal};
use crate::quarantine::Quarantine;
use crate::rounds::{Back, Rounds};
use crate::snapshot::Taken;
use crate::{EventIndex, Organization, PipelineSettings};

/// Pause after the index refused an event.
const PAUSE: Duration = Duration::from_millis(500);

/// Silence after which time goes on by itself.
const QUIET: Duration = Duration::from_secs(1);

/// What can be exchanged while the pipeline runs.
#[derive(Default)]
pub(crate) struct Exchange {
    pub(crate) detection: Mutex<Option<Arc<Detection>>>,
    pub(crate) organization: Mutex<Arc<Organization>>,
}

/// The thread that analyses.
pub(crate) struct Worker {
    pub(crate) analysis: Analysis,
    pub(crate) index: Arc<dyn EventIndex>,
    pub(crate) quarantine: Quarantine,
    pub(crate) journal: Journal,
    /// Works out rounds of incidents.
    pub(crate) rounds: Rounds,
    /// What was handed out before a crash and is not caught up with yet.
    pub(crate) handed_out: HandedOut,
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) handovers: Sender<Handover>,
    pub(crate) settings: PipelineSettings,
    /// Records up to and with this one are in the state already.
    pub(crate) analysed: Option<u64>,
    /// Records up to and with this one are in the index already.
    pub(crate) indexed: Option<u64>,
    /// The last record that went through.
    pub(crate) last: Option<u64>,
    /// When the last records came.
    pub(crate) heard: Instant,
}

/// How often something is done: at its interval, but never more than a fifth of the time is spent on it.
struct Pace {
    interval: Duration,
    done: Instant,
    cost: Duration,
}

/// Share of the time that may be spent: one part in this many.
const SHARE: u32 = 5;

impl Pace {
    fn new(interval: Duration) -> Self {
        Self { interval, done: Instant::now(), cost: Duration::ZERO }
    }

    /// Time until it is due again.
    fn left(&self) -> Duration {
        self.interval.max(self.cost.saturating_mul(SHARE)).saturating_sub(self.done.elapsed())
    }

    /// It was done, and took so long.
    fn done(&mut self, cost: Duration) {
        (self.done, self.cost) = (Instant::now(), cost);
    }
}

impl Worker {
    /// Runs until the reader ends or nobody takes the outputs any more.
    pub(crate) fn run(mut self, records: &Receiver<Vec<Record>>) {
        let millis = |millis: u32| Duration::from_millis(u64::from(millis));
        let mut flush = Pace::new(millis(self.settings.flush_interval_ms));
        let mut save = Pace::new(millis(self.settings.snapshot_interval_ms));
        loop {
            let ended = match records.recv_timeout(self.rounds.patience(flush.left())) {
                Ok(batch) => !self.take(batch),
                Err(RecvTimeoutError::Timeout) => !self.idle(),
                Err(RecvTimeoutError::Disconnected) => true,
            };
            let goes_on = self.flush(&mut flush, ended) && self.save(&mut save, ended);
            if ended || !goes_on {
                return;
            }
        }
    }

    /// Analyses a batch; false when nobody takes the outputs any more.
    fn take(&mut self, batch: Vec<Record>) -> bool {
        if let Some(detection) = self.exchange.detection.lock().take() {
            self.count_rules(&detection);
            self.analysis.replace_detection(detection);
        }
        self.heard = Instant::now();
        let organization = Arc::clone(&*self.exchange.organization.lock());
        let mut outputs = Vec::new();
        for record in batch {
            self.record(&record, &organization, &mut outputs);
            self.last = Some(record.sequence);
        }
        self.hand_over(outputs)
    }

    /// Nothing waits to be read: time goes on, and what stays away is noticed. False when nobody takes the outputs any more.
    fn idle(&mut self) -> bool {
        let quiet = self.heard.elapsed();
        if self.handed_out.until.is_some() || quiet < QUIET {
            return true;
        }
        let alerts = self.analysis.idle(i64::try_from(quiet.as_nanos()).unwrap_or(i64::MAX));
        self.hand_over(alerts.into_iter().map(|alert| Output::Alert(Box::new(alert))).collect())
    }

    pub(crate) fn count_rules(&self, detection: &Detection) {
        let report = detection.report();
        self.counters.sigma_rules.set(report.sigma_rules as u64);
        self.counters.sigma_correlations.set(report.sigma_correlations as u64);
        self.counters.indicators.set(report.indicators as u64);
    }

    fn hand_over(&self, outputs: Vec<Output>) -> bool {
        outputs.is_empty() || self.handovers.blocking_send(Handover::Outputs(outputs)).is_ok()
    }

    fn record(&mut self, record: &Record, organization: &Organization, outputs: &mut Vec<Output>) {
        let analyse = self.analysed.is_none_or(|analysed| record.sequence > analysed);
        let index = self.indexed.is_none_or(|indexed| record.sequence > indexed);
        if !analyse && !index {
            return self.counters.records_repeated.add(1);
        }
        let normalized = RawRecord::decode(&record.payload)
            .map_err(|error| error.to_string())
            .and_then(|raw| fengsui_normalize::normalize(&raw, record.sequence).map_err(|error| error.to_string()));
        let mut event = match normalized {
            Ok(event) => event,
            Err(reason) if analyse => return self.keep(record, &reason),
            Err(_) => return self.counters.records_repeated.add(1),
        };
        organization.enrich(&mut event);
        if analyse {
            self.analyse(&mut event, outputs);
        }
        if index {
            self.add(&event, record.sequence);
        }
        if analyse { self.counters.events_indexed.add(1) } else { self.counters.records_repeated.add(1) }
    }

    fn keep(&mut self, record: &Record, reason: &str) {
        match self.quarantine.keep(record.sequence, reason, &record.payload) {
            Ok(evicted) => self.counters.quarantine_evicted.add(usize::try_from(evicted).unwrap_or(usize::MAX)),
            Err(error) => {
                tracing::error!(%error, sequence = record.sequence, reason, "a record could not be put in quarantine")
            }
        }
        self.counters.records_quarantined.add(1);
    }

    fn analyse(&mut self, event: &mut Event, outputs: &mut Vec<Output>) {
        if let Some(visibility) = visibility(event) {
            outputs.push(Output::Visibility(Box::new(visibility)));
        }
        let (finding, alerts) = self.analysis.observe(event);
        outputs.extend(finding.map(|finding| Output::Finding(Box::new(finding))));
        outputs.extend(alerts.into_iter().map(|alert| Output::Alert(Box::new(alert))));
    }

    /// Adds an event to the index; waits while the index refuses, so that nothing is lost.
    fn add(&self, event: &Event, sequence: u64) {
        while let Err(error) = self.index.add(event, sequence) {
            tracing::error!(%error, sequence, "the index refused an event; trying again");
            if self.handovers.is_closed() {
                return;
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Begins a round of incidents when one is due, and hands on what a round found that is back; when records end, waits for
    /// it and makes a last one. False when nobody takes the incidents any more.
    fn flush(&mut self, pace: &mut Pace, ended: bool) -> bool {
        let back = if ended { self.rounds.wait() } else { self.rounds.back() };
        if let Some(Back { result, sequence, cost }) = back {
            let incidents = self.analysis.end_round(result);
            pace.done(cost);
            if !self.hand_on(incidents, sequence) {
                return false;
            }
        }
        let is_due = ended || (pace.left().is_zero() && !self.rounds.is_out());
        if !is_due {
            return true;
        }
        pace.done(Duration::ZERO);
        if self.handed_out.until > self.last.max(self.analysed) {
            return true;
        }
        self.count();
        self.analysis.recall(std::mem::take(&mut self.handed_out).shown);
        let sequence = self.last.or(self.analysed).unwrap_or(0);
        match self.analysis.begin_round() {
            Some(round) if ended => {
                let incidents = self.analysis.end_round(round.run());
                self.hand_on(incidents, sequence)
            }
            Some(round) => {
                self.rounds.send(round, sequence);
                true
            }
            None => true,
        }
    }

    /// Hands on incidents that were found after a record; false when nobody takes them any more.
    fn hand_on(&mut self, incidents: Vec<Incident>, sequence: u64) -> bool {
        if !incidents.is_empty()
            && let Err(error) = self.journal.note(sequence, &incidents)
        {
            tracing::error!(%error, "the journal of incidents can't be written; after a crash an old revision may stay");
        }
        self.hand_over(incidents.into_iter().map(|incident| Output::Incident(Box::new(incident))).collect())
    }

    fn count(&self) {
        let counts = self.analysis.counts();
        self.counters.events_late.set(counts.events_late);
        self.counters.events_future.set(counts.events_future);
        self.counters.state_evicted.set(counts.state_evicted);
        self.counters.alerts_suppressed.set(counts.alerts_suppressed);
        self.counters.watermark_ms.set(self.analysis.watermark().as_millis());
    }

    /// Hands on a checkpoint after the last record, if there is a new one and it is due, or records end. Until a round of
    /// incidents is back there is none: what it finds would be missing after a crash.
    fn save(&mut self, pace: &mut Pace, ended: bool) -> bool {
        if self.handed_out.until.is_some() || !(ended || pace.left().is_zero()) {
            return true;
        }
        let begun = Instant::now();
        let Some(sequence) = self.last.filter(|last| self.analysed.is_none_or(|analysed| *last > analysed)) else {
            return true;
        };
        let Some(state) = self.analysis.snapshot() else { return true };
        if let Err(error) = self.quarantine.sync() {
            tracing::error!(%error, "the quarantine can't be synced");
            pace.done(begun.elapsed());
            return true;
        }
        self.analysed = Some(sequence);
        self.journal.follow(sequence);
        let taken = Taken { sequence, state };
        let goes_on = self.handovers.blocking_send(Handover::Checkpoint(Box::new(taken))).is_ok();
        pace.done(begun.elapsed());
        goes_on
    }
}

/// The account of a sensor that an event carries.
fn visibility(event: &Event) -> Option<Visibility> {
    let kind = event.original.get("event_type").and_then(Value::as_str)?;
    let value = event.original.get("visibility").filter(|_| kind == "visibility")?;
    serde_json::from_value(value.clone()).ok()
}
