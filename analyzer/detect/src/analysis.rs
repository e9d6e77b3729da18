//! The whole analysis of a stream of events: detectors, clocks, correlation. What both the service and the commands run.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;

use fengsui_schema::{Alert, Event, Finding, Incident, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::behaviour::{Behaviour, DETECTORS, SavedBehaviour};
use crate::clocks::Clocks;
use crate::correlate::{Round, Rounded};
use crate::detection::SingleEvent;
use crate::sigma::{Correlations, SavedCorrelations};
use crate::{CorrelationSettings, Correlator, Detection, ShownIncident, Suppressed};

/// How a stream of events is analysed.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AnalysisSettings {
    /// How much later than others of its sender an event may come and still count in windows, in seconds.
    pub allowed_lateness_s: u32,
    /// How far ahead of the time of reception an event's clock may be, in seconds.
    pub allowed_skew_s: u32,
    /// How alerts are joined.
    pub correlation: CorrelationSettings,
}

impl Default for AnalysisSettings {
    fn default() -> Self {
        Self { allowed_lateness_s: 120, allowed_skew_s: 300, correlation: CorrelationSettings::default() }
    }
}

/// What an analysis counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AnalysisCounts {
    /// Events older than the allowed lateness, kept out of windows.
    pub events_late: u64,
    /// Events whose clock was ahead, kept out of windows.
    pub events_future: u64,
    /// Entries that bounded tables gave up.
    pub state_evicted: u64,
    /// Alerts that a suppression hid.
    #[serde(default)]
    pub alerts_suppressed: u64,
}

/// The whole analysis of a stream of events, with its state.
pub struct Analysis {
    settings: AnalysisSettings,
    detection: Arc<Detection>,
    behaviours: Vec<(&'static str, Box<dyn Behaviour>)>,
    correlations: Correlations,
    correlator: Correlator,
    clocks: Clocks,
    counts: AnalysisCounts,
    suppressed: BTreeMap<String, Suppressed>,
    advanced: Timestamp,
}

/// What survives a restart.
#[derive(Deserialize)]
struct Saved {
    behaviours: BTreeMap<String, Value>,
    rest: Rest,
}

/// What survives a restart but for the behaviour detectors.
#[derive(Serialize, Deserialize)]
struct Rest {
    version: u32,
    correlations: SavedCorrelations,
    correlator: Correlator,
    clocks: BTreeMap<String, Timestamp>,
    counts: AnalysisCounts,
}

/// The state of an analysis at one moment. To take it is quick; to write it as bytes takes long, and may be done by another
/// thread while the analysis goes on.
pub struct AnalysisSnapshot {
    behaviours: Vec<(&'static str, SavedBehaviour)>,
    rest: Rest,
}

impl AnalysisSnapshot {
    /// Writes what [`Analysis::restore`] takes. Parts are written one after the other and freed, as no value of the whole
    /// fits beside the state.
    ///
    /// # Errors
    /// When the state can't be written as JSON, or the writer fails.
    pub fn write(self, to: &mut dyn Write) -> std::io::Result<()> {
        to.write_all(b"{\"behaviours\":{")?;
        for (place, (name, save)) in self.behaviours.into_iter().enumerate() {
            to.write_all(if place == 0 { b"" } else { b"," })?;
            serde_json::to_writer(&mut *to, name)?;
            to.write_all(b":")?;
            save(to)?;
        }
        to.write_all(b"},\"rest\":")?;
        serde_json::to_writer(&mut *to, &self.rest)?;
        to.write_all(b"}")
    }

    /// As [`AnalysisSnapshot::write`], in memory.
    ///
    /// # Errors
    /// When the state can't be written as JSON.
    pub fn into_bytes(self) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.write(&mut bytes)?;
        Ok(bytes)
    }
}

impl std::fmt::Debug for AnalysisSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnalysisSnapshot").field("version", &self.rest.version).finish_non_exhaustive()
    }
}

/// A round of incidents that is still to be worked out.
#[derive(Debug)]
pub struct IncidentRound {
    round: Round,
    detection: Arc<Detection>,
}

/// What a round of incidents found, for the analysis that began it.
#[derive(Debug)]
pub struct RoundResult(Rounded);

impl IncidentRound {
    /// Works the round out, in time that grows with the groups of alerts that are open.
    #[must_use]
    pub fn run(self) -> RoundResult {
        RoundResult(self.round.run(self.detection.grading()))
    }
}

/// Version of the snapshot.
const SNAPSHOT_VERSION: u32 = 5;

/// The oldest version that is taken up: windows by key and kept events are read as they were written then.
const OLDEST_VERSION: u32 = 3;

/// Event time between two rounds of dropping old windows, in seconds.
const ADVANCE_S: i64 = 30;

impl Analysis {
    /// An analysis that has seen nothing.
    #[must_use]
    pub fn new(settings: AnalysisSettings, detection: Arc<Detection>) -> Self {
        let behaviours = DETECTORS.iter().map(|definition| (definition.name, (definition.create)())).collect();
        let correlator = Correlator::new(settings.correlation.clone());
        Self {
            settings,
            detection,
            behaviours,
            correlations: Correlations::default(),
            correlator,
            clocks: Clocks::default(),
            counts: AnalysisCounts::default(),
            suppressed: BTreeMap::new(),
            advanced: Timestamp::EPOCH,
        }
    }

    /// Puts another bundle of rules in force. State stays.
    pub fn replace_detection(&mut self, detection: Arc<Detection>) {
        self.correlations.adopt(detection.correlations());
        self.detection = detection;
    }

    /// The rules in force.
    #[must_use]
    pub fn detection(&self) -> &Arc<Detection> {
        &self.detection
    }

    /// Looks at an event: the finding it carries, and the alerts it raises or completes, each once.
    ///
    /// An event whose clock is ahead of its reception by more than the allowed skew gets its time of reception.
    pub fn observe(&mut self, event: &mut Event) -> (Option<Finding>, Vec<Alert>) {
        let in_windows = self.check_clock(event);
        let SingleEvent { finding, mut alerts, keys } = self.detection.single_event(event);
        if in_windows {
            self.correlations.observe(self.detection.correlations(), &keys, event, &mut alerts);
            self.behaviours.iter_mut().for_each(|(_, behaviour)| behaviour.observe(event, &mut alerts));
        }
        self.advance(&mut alerts);
        self.correlate(&mut alerts);
        (finding, alerts)
    }

    /// Drops repeats and what is suppressed, and joins the rest.
    fn correlate(&mut self, alerts: &mut Vec<Alert>) {
        let mut seen = BTreeSet::new();
        alerts.retain(|alert| seen.insert(alert.id));
        let suppressed = &mut self.suppressed;
        let before = alerts.len();
        alerts.retain(|alert| match self.detection.suppression(alert) {
            Some(suppression) => {
                suppressed.entry(suppression.id.clone()).or_default().note(alert);
                false
            }
            None => true,
        });
        self.counts.alerts_suppressed += (before - alerts.len()) as u64;
        alerts.iter_mut().for_each(|alert| alert.fold = Some(self.correlator.add(alert)));
    }

    /// Lets time go on while no event comes: so long after the newest event was received. Returns the alerts about what stayed
    /// away. Call it only when everything received was seen.
    pub fn idle(&mut self, nanos: i64) -> Vec<Alert> {
        self.clocks.idle(nanos);
        let mut alerts = Vec::new();
        self.advance(&mut alerts);
        self.correlate(&mut alerts);
        alerts
    }

    /// Whether an event counts in windows.
    fn check_clock(&mut self, event: &mut Event) -> bool {
        if event.time > event.received.plus_seconds(i64::from(self.settings.allowed_skew_s)) {
            self.counts.events_future += 1;
            event.fields.set("fengsui.clock", "ahead");
            event.time = event.received;
            return false;
        }
        let newest = self.clocks.note(&event.source.instance, event.time);
        let late = event.time.plus_seconds(i64::from(self.settings.allowed_lateness_s)) < newest;
        self.counts.events_late += u64::from(late);
        !late
    }

    /// No event older than this counts in windows any more, of any sender that is not silent.
    #[must_use]
    pub fn watermark(&self) -> Timestamp {
        self.clocks.low().plus_seconds(-i64::from(self.settings.allowed_lateness_s))
    }

    fn advance(&mut self, alerts: &mut Vec<Alert>) {
        let watermark = self.watermark();
        self.correlations.advance(self.detection.correlations(), watermark, alerts);
        self.behaviours.iter_mut().for_each(|(_, behaviour)| behaviour.settle(watermark, alerts));
        if watermark > self.advanced.plus_seconds(ADVANCE_S) {
            self.advanced = watermark;
            self.behaviours.iter_mut().for_each(|(_, behaviour)| behaviour.advance(watermark));
        }
    }

    /// A round of incidents over everything seen so far, to be worked out by another thread while more is observed; `None`
    /// when nothing changed since the last one, or that one is not back yet.
    pub fn begin_round(&mut self) -> Option<IncidentRound> {
        let round = self.correlator.begin_round(self.watermark())?;
        Some(IncidentRound { round, detection: Arc::clone(&self.detection) })
    }

    /// Takes back a round that was begun here: the incidents that are new or changed since the one before.
    pub fn end_round(&mut self, result: RoundResult) -> Vec<Incident> {
        self.correlator.end_round(result.0)
    }

    /// A whole round: the incidents that are new or changed since the last one.
    pub fn incidents(&mut self) -> Vec<Incident> {
        self.begin_round().map(|round| self.end_round(round.run())).unwrap_or_default()
    }

    /// Learns that no more events come, for runs over files: the alerts that become certain by it.
    pub fn finish(&mut self) -> Vec<Alert> {
        let (mut alerts, end) = (Vec::new(), Timestamp::from_nanos(i64::MAX));
        self.behaviours.iter_mut().for_each(|(_, behaviour)| behaviour.settle(end, &mut alerts));
        while !self.correlations.is_settled() {
            self.correlations.advance(self.detection.correlations(), end, &mut alerts);
        }
        self.correlate(&mut alerts);
        alerts
    }

    /// Learns which incidents were handed out after the state was saved that was taken up; to be called when the events that
    /// led to them were seen again.
    pub fn recall(&mut self, shown: impl IntoIterator<Item = ShownIncident>) {
        self.correlator.recall(shown);
    }

    /// Every incident of everything seen, riskiest first; for runs over files.
    #[must_use]
    pub fn all_incidents(&self) -> Vec<Incident> {
        self.correlator.all(self.detection.grading())
    }

    /// What each suppression hid since the start: before it is put in force, a run over past alerts is its preview.
    #[must_use]
    pub fn suppressed(&self) -> &BTreeMap<String, Suppressed> {
        &self.suppressed
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> AnalysisCounts {
        let evicted: u64 = self.behaviours.iter().map(|(_, behaviour)| behaviour.evicted()).sum();
        AnalysisCounts {
            state_evicted: evicted + self.correlations.evicted() + self.correlator.evicted(),
            ..self.counts
        }
    }

    /// The state, to be taken up after a restart; `None` while a round of incidents is out, which has a part of it.
    #[must_use]
    pub fn snapshot(&self) -> Option<AnalysisSnapshot> {
        if self.correlator.round_is_out() {
            return None;
        }
        let rest = Rest {
            version: SNAPSHOT_VERSION,
            correlations: self.correlations.save(),
            correlator: self.correlator.clone(),
            clocks: self.clocks.newest().clone(),
            counts: self.counts,
        };
        let behaviours = self.behaviours.iter().map(|(name, behaviour)| (*name, behaviour.save())).collect();
        Some(AnalysisSnapshot { behaviours, rest })
    }

    /// Takes up a state. A detector that does not understand its part begins anew.
    ///
    /// # Errors
    /// When the bytes are no snapshot of a version that this program reads; nothing changes then.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        let Saved { behaviours: mut states, rest: snapshot } =
            serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if !(OLDEST_VERSION..=SNAPSHOT_VERSION).contains(&snapshot.version) {
            return Err(format!(
                "snapshot has version {}, this program reads versions {OLDEST_VERSION} to {SNAPSHOT_VERSION}",
                snapshot.version
            ));
        }
        for (name, behaviour) in &mut self.behaviours {
            if let Some(state) = states.remove(*name) {
                behaviour.restore(state);
            }
        }
        self.correlations = Correlations::of(snapshot.correlations, self.detection.correlations());
        (self.correlator, self.counts) = (snapshot.correlator, snapshot.counts);
        self.clocks = Clocks::of(snapshot.clocks);
        Ok(())
    }
}
