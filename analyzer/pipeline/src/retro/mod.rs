//! The hunt over the past: what rules and indicators of today would have found in the events that are stored.

mod finding;
mod report;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use fengsui_detect::{Detection, Place};
use fengsui_schema::{Alert, Event, Timestamp, UnitCode, shown};
use fengsui_store::{Clue, Scan, ScanPlan, ScannedDay, StoreError, StoreView, UnreadDay};

pub use report::{
    RetroCoverage, RetroEntity, RetroHit, RetroPhase, RetroProgress, RetroRefusal, RetroRefusalKind, RetroReport,
    RetroRule,
};

use crate::{PipelineError, limits};
use finding::Finding;

/// Tells whether a hit is one that people decided not to hear of.
pub type Suppressed = Box<dyn Fn(&Alert) -> bool + Send + Sync>;

/// A question to the past.
pub struct RetroHunt {
    detection: Detection,
    /// The earliest event time, included; open when absent.
    pub from: Option<Timestamp>,
    /// The latest event time, excluded; open when absent.
    pub to: Option<Timestamp>,
    /// Units whose events may be looked at; all when absent.
    pub units: Option<Vec<UnitCode>>,
    /// Hits to list, at most [`limits::RETRO_HITS`]; all are counted.
    pub listed: usize,
    /// Hits that are counted as suppressed and stand nowhere else; none when absent.
    pub suppressed: Option<Suppressed>,
}

impl std::fmt::Debug for RetroHunt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RetroHunt")
            .field("from", &self.from)
            .field("to", &self.to)
            .field("units", &self.units)
            .finish_non_exhaustive()
    }
}

/// How whoever asked follows and ends a hunt.
pub struct RetroControl<'a> {
    /// Ends the hunt before the next event or day when true; what was found by then is reported.
    pub cancel: &'a AtomicBool,
    /// Is told the progress after every day, every [`limits::RETRO_PROGRESS_EVENTS`] events and at the end.
    pub progress: &'a mut dyn FnMut(&RetroProgress),
}

impl RetroHunt {
    /// A hunt over everything, for the Sigma rules and indicators of a bundle. What of the bundle is not hunted for is named
    /// in the report.
    ///
    /// # Errors
    /// When there is nothing to hunt for: no rule or indicator, or Sigma correlations only.
    pub fn new(detection: Detection) -> Result<Self, PipelineError> {
        let report = detection.report();
        if report.sigma_rules == 0 && report.indicators == 0 {
            let reason = match (report.failures.first(), report.sigma_correlations) {
                (Some(failure), _) => format!("nothing loaded; {}: {}", shown(&failure.file), failure.reason),
                (None, 0) => "there is neither a Sigma rule nor an indicator; name at least one".to_owned(),
                (None, _) => format!("there are only correlations, and {CORRELATIONS}; name the rules they join"),
            };
            return Err(PipelineError::Hunt(reason));
        }
        Ok(Self { detection, from: None, to: None, units: None, listed: limits::RETRO_HITS, suppressed: None })
    }

    /// The rules and indicators.
    #[must_use]
    pub fn detection(&self) -> &Detection {
        &self.detection
    }

    /// Goes over the stored events, the oldest first, and looks at each as on its arrival. The index is asked for indicators;
    /// for Sigma rules every event of the range is read. A day that can't be read is named in the report. Blocks.
    ///
    /// # Errors
    /// When the range is empty or the index can't be asked.
    pub fn run(&self, view: &StoreView, control: &mut RetroControl<'_>) -> Result<RetroReport, PipelineError> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            return Err(PipelineError::Hunt(format!(
                "the range from {from} to {to} is empty; let it end after it begins"
            )));
        }
        let any_of = self.detection.places().map(|places| places.into_iter().map(clue).collect());
        let finding = Finding::new(self.listed.min(limits::RETRO_HITS), any_of.is_some(), self.refused());
        let scan = Scan { any_of, from: self.from, to: self.to, units: self.units.clone() };
        let plan = view.scan(&scan).map_err(|error| PipelineError::Store(error.to_string()))?;
        let mut run = Run { hunt: self, control, finding };
        run.finding.unread(view.unread());
        run.count(&plan);
        run.look(&plan);
        Ok(run.finding.finish())
    }

    fn refused(&self) -> Vec<RetroRefusal> {
        let failure = |failure: &fengsui_detect::RuleFailure| RetroRefusal {
            kind: RetroRefusalKind::NotLoaded,
            subject: failure.file.clone(),
            reason: failure.reason.clone(),
        };
        let correlation = |title: &str| RetroRefusal {
            kind: RetroRefusalKind::Correlation,
            subject: title.to_owned(),
            reason: format!("{CORRELATIONS}; the rules it joins are hunted for one by one"),
        };
        let failures = self.detection.report().failures.iter().map(failure);
        failures.chain(self.detection.correlation_titles().map(correlation)).collect()
    }
}

/// Why no correlation is hunted for.
const CORRELATIONS: &str =
    "a correlation looks at many events in the order of their arrival, which a hunt over the past does not do";

fn clue(place: Place) -> Clue {
    match place {
        Place::Within(field, range) => Clue::Within(field, range),
        Place::Equal(field, value) => Clue::Equal(field, value),
        Place::Below(field, value) => Clue::Below(field, value),
        Place::Exists(field) => Clue::Exists(field),
    }
}

/// A hunt under way.
struct Run<'r, 'c> {
    hunt: &'r RetroHunt,
    control: &'r mut RetroControl<'c>,
    finding: Finding,
}

impl Run<'_, '_> {
    fn tell(&mut self) {
        (self.control.progress)(&self.finding.progress);
    }

    /// Whether to go on.
    fn goes_on(&mut self) -> bool {
        self.finding.report.cancelled |= self.control.cancel.load(Ordering::Relaxed);
        !self.finding.report.cancelled
    }

    /// How much there is.
    fn count(&mut self, plan: &ScanPlan) {
        self.finding.progress.days = plan.days().len() as u64;
        for day in plan.days() {
            if !self.goes_on() {
                return;
            }
            match day.stored().and_then(|stored| Ok((stored, day.size()?))) {
                Ok(counts) => self.finding.counted(day.name(), counts),
                Err(error) => self.left_out(&day, &error),
            }
            self.tell();
        }
    }

    fn look(&mut self, plan: &ScanPlan) {
        self.finding.progress.phase = RetroPhase::Looking;
        self.tell();
        for day in plan.days() {
            if !self.goes_on() {
                return;
            }
            if self.finding.is_unread(day.name()) {
                continue;
            }
            match day.visit(&mut |event| self.visit(&event)) {
                Ok(()) if self.finding.report.cancelled => {}
                Ok(()) => self.finding.day_done(),
                Err(error) => self.left_out(&day, &error),
            }
            self.tell();
        }
    }

    fn visit(&mut self, event: &Event) -> ControlFlow<()> {
        if !self.goes_on() {
            return ControlFlow::Break(());
        }
        let mut alerts = self.hunt.detection.content_alerts(event);
        if let Some(suppressed) = &self.hunt.suppressed {
            let before = alerts.len();
            alerts.retain(|alert| !suppressed(alert));
            self.finding.report.suppressed += (before - alerts.len()) as u64;
        }
        self.finding.take(event, &alerts);
        if self.finding.progress.events.is_multiple_of(limits::RETRO_PROGRESS_EVENTS) {
            self.tell();
        }
        ControlFlow::Continue(())
    }

    fn left_out(&mut self, day: &ScannedDay<'_>, error: &StoreError) {
        self.finding.unread(&[UnreadDay { day: day.name().to_owned(), reason: error.to_string() }]);
    }
}
