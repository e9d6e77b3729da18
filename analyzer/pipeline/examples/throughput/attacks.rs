//! What became of the marked attacks: when an incident named them, or why none did.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fengsui_pipeline::{OutputSink, SinkFuture};
use fengsui_schema::{Clock as _, FoldId, Incident, IncidentId, Output, Timestamp};
use parking_lot::Mutex;

use crate::feeding::Fed;
use crate::{SystemClock, events, quantiles};

/// Takes the outputs and remembers when which marked attack was told: as an alert, and as part of an incident.
#[derive(Default)]
pub(crate) struct Sink(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    /// Marked attacks by what their alerts are folded into.
    folds: BTreeMap<FoldId, BTreeSet<String>>,
    /// Folds that an incident named.
    claimed: BTreeSet<FoldId>,
    told: BTreeMap<String, Timestamp>,
    named: BTreeMap<String, Timestamp>,
    /// What the last state of each incident holds: alerts, and marked attacks among them.
    incidents: BTreeMap<IncidentId, (u64, usize)>,
}

impl Seen {
    fn take(&mut self, output: Output, now: Timestamp) {
        match output {
            Output::Alert(alert) => {
                let mark = alert.entities.into_iter().find(|entity| entity.value.starts_with(events::MARKED));
                if let Some(mark) = mark {
                    self.told.entry(mark.value.clone()).or_insert(now);
                    let Some(fold) = alert.fold else { return };
                    // What comes after its fold was named is in the incident at once, as the console has it.
                    if self.claimed.contains(&fold) {
                        self.named.entry(mark.value.clone()).or_insert(now);
                    }
                    self.folds.entry(fold).or_default().insert(mark.value);
                }
            }
            Output::Incident(incident) => self.take_incident(&incident, now),
            _ => {}
        }
    }

    fn take_incident(&mut self, incident: &Incident, now: Timestamp) {
        let marks: BTreeSet<&String> =
            incident.folds.iter().filter_map(|fold| self.folds.get(fold)).flatten().collect();
        self.claimed.extend(&incident.folds);
        self.incidents.insert(incident.id, (incident.alerts, marks.len()));
        for mark in marks {
            self.named.entry(mark.clone()).or_insert(now);
        }
    }
}

impl OutputSink for Sink {
    fn deliver(&self, batch: Vec<Output>) -> SinkFuture<'_> {
        Box::pin(async move {
            let now = SystemClock.now();
            let mut seen = self.0.lock();
            batch.into_iter().for_each(|output| seen.take(output, now));
            Ok(())
        })
    }
}

impl Sink {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// How long each marked attack took to be in an incident, and what became of the others.
    pub(crate) fn shown(&self, fed: &Fed) -> String {
        let seen = self.0.lock();
        let mut delays = delays(fed, &seen.named);
        let missing = || fed.marks.iter().filter(|(mark, _)| !seen.named.contains_key(mark));
        let alerts_only = missing().filter(|(mark, _)| seen.told.contains_key(mark)).count();
        let live = || seen.incidents.values().filter(|(alerts, _)| *alerts > 0);
        let with_marks: Vec<usize> = live().map(|(_, marks)| *marks).filter(|marks| *marks > 0).collect();
        let most = live().map(|(alerts, _)| *alerts).max().unwrap_or(0);
        format!(
            "incident visible, {} of {} marked attacks: {}; {alerts_only} have alerts that no incident names, {} no alert\n\
             the slowest: {}\n\
             {} incidents at the end, {} with marked attacks, up to {} of them and {most} alerts in one",
            delays.len(),
            fed.marks.len(),
            quantiles(&mut delays),
            missing().count() - alerts_only,
            slowest(fed, &seen.named),
            live().count(),
            with_marks.len(),
            with_marks.iter().max().unwrap_or(&0),
        )
    }
}

/// The attacks that took longest to a moment, with the second of the run in which they came.
fn slowest(fed: &Fed, moments: &BTreeMap<String, Timestamp>) -> String {
    const NAMED: usize = 5;
    let Some((_, begin)) = fed.marks.first() else { return "none".to_owned() };
    let seconds = |later: Timestamp, earlier: Timestamp| later.nanos_since(earlier) as f64 / 1e9;
    let delay = |(mark, at): &(String, Timestamp)| {
        Some((seconds(*moments.get(mark)?, *at), seconds(*at, *begin), mark.clone()))
    };
    let mut slowest: Vec<(f64, f64, String)> = fed.marks.iter().filter_map(delay).collect();
    slowest.sort_by(|one, other| other.0.total_cmp(&one.0));
    let shown = |(delay, at, mark): &(f64, f64, String)| format!("{mark} at {at:.0} s took {delay:.2} s");
    slowest.iter().take(NAMED).map(shown).collect::<Vec<_>>().join(", ")
}

/// Seconds from each marked attack to a moment, for those that have one.
pub(crate) fn delays(fed: &Fed, moments: &BTreeMap<String, Timestamp>) -> Vec<f64> {
    let delay = |(mark, at): &(String, Timestamp)| Some(moments.get(mark)?.nanos_since(*at) as f64 / 1e9);
    fed.marks.iter().filter_map(delay).collect()
}
