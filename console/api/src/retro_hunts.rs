//! Hunts over the past that people run: one each, a few at once, each within a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fengsui_pipeline::{RetroControl, RetroHunt, RetroProgress, RetroReport};
use fengsui_schema::{Timestamp, UnitCode};
use fengsui_store::Store;
use parking_lot::Mutex;

use crate::access::Caller;
use crate::error::{ApiError, ApiResult};
use crate::limits::{RETRO_HUNT_TIME, RETRO_HUNTS_AT_ONCE, RETRO_HUNTS_KEPT};
use crate::state::{AppState, time_text};
use crate::wire::{RetroHuntState, RetroHuntView};

/// The hunts since the console was started, the oldest first. A person's next hunt takes the place of the last.
#[derive(Default)]
pub(crate) struct RetroHunts(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    last: u64,
    all: VecDeque<Arc<Job>>,
}

/// A hunt of somebody.
pub(crate) struct Job {
    id: u64,
    account: String,
    /// Whose events it looks at: somebody who is moved to another unit does not see it any more.
    unit: UnitCode,
    range: (Option<Timestamp>, Option<Timestamp>),
    counts: (usize, usize),
    started: i64,
    cancel: AtomicBool,
    stage: Mutex<Stage>,
}

enum Stage {
    Running(RetroProgress),
    Ended { state: RetroHuntState, at: i64, progress: RetroProgress, report: Option<Box<RetroReport>> },
}

impl RetroHunts {
    /// Notes that somebody begins one.
    pub(crate) fn begin(&self, caller: &Caller, hunt: &RetroHunt, now: i64) -> ApiResult<Arc<Job>> {
        let mut kept = self.0.lock();
        let account = &caller.identity.username;
        let running = kept.all.iter().filter(|job| job.is_running());
        if running.clone().any(|job| job.account == *account) {
            let en = "a hunt of yours is running; wait for its end or cancel it";
            return Err(ApiError::conflict("您已有一个回溯狩猎在进行，请等待结束或先取消", en));
        }
        if running.count() >= RETRO_HUNTS_AT_ONCE {
            let en = "as many hunts are running as may at once; try again when one has ended";
            return Err(ApiError::limited("同时进行的回溯狩猎已达上限，请稍后再试", en));
        }
        kept.all.retain(|job| job.account != *account);
        while kept.all.len() >= RETRO_HUNTS_KEPT
            && let Some(place) = kept.all.iter().position(|job| !job.is_running())
        {
            kept.all.remove(place);
        }
        kept.last += 1;
        let loaded = hunt.detection().report();
        let job = Arc::new(Job {
            id: kept.last,
            account: account.clone(),
            unit: caller.identity.unit.clone(),
            range: (hunt.from, hunt.to),
            counts: (loaded.sigma_rules, loaded.indicators),
            started: now,
            cancel: AtomicBool::new(false),
            stage: Mutex::new(Stage::Running(RetroProgress::default())),
        });
        kept.all.push_back(Arc::clone(&job));
        Ok(job)
    }

    /// Forgets one that was not begun after all.
    pub(crate) fn forget(&self, job: &Job) {
        self.0.lock().all.retain(|one| one.id != job.id);
    }

    /// The last one of somebody.
    pub(crate) fn of(&self, caller: &Caller) -> Option<Arc<Job>> {
        self.0.lock().all.iter().find(|job| job.is_of(caller)).cloned()
    }

    /// One of somebody by its number; those of others are not found.
    pub(crate) fn find(&self, caller: &Caller, id: &str) -> ApiResult<Arc<Job>> {
        self.of(caller).filter(|job| job.name() == id).ok_or_else(ApiError::not_found)
    }
}

impl Job {
    /// Its number.
    pub(crate) fn name(&self) -> String {
        self.id.to_string()
    }

    /// Ends it soon; false when it has ended.
    pub(crate) fn cancel(&self) -> bool {
        self.cancel.store(true, Ordering::Relaxed);
        self.is_running()
    }

    fn is_of(&self, caller: &Caller) -> bool {
        self.account == caller.identity.username && self.unit == caller.identity.unit
    }

    fn is_running(&self) -> bool {
        matches!(*self.stage.lock(), Stage::Running(_))
    }

    /// What is told of it.
    pub(crate) fn view(&self) -> RetroHuntView {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let stage = self.stage.lock();
        let (state, ended_at, progress, report) = match &*stage {
            Stage::Running(progress) => (RetroHuntState::Running, None, progress, None),
            Stage::Ended { state, at, progress, report } => (*state, Some(time_text(*at)), progress, report.as_deref()),
        };
        RetroHuntView {
            id: self.name(),
            state,
            from: time(self.range.0),
            to: time(self.range.1),
            sigma_rules: count(self.counts.0),
            indicators: count(self.counts.1),
            started_at: time_text(self.started),
            ended_at,
            progress: progress.into(),
            report: report.map(Into::into),
        }
    }

    /// Hunts. Blocks.
    fn run(&self, hunt: &RetroHunt, store: &Store) -> Result<RetroReport, String> {
        let mut note = |progress: &RetroProgress| *self.stage.lock() = Stage::Running(*progress);
        let control = &mut RetroControl { cancel: &self.cancel, progress: &mut note };
        hunt.run(&store.view(), control).map_err(|error| error.to_string())
    }

    /// Notes how it ended; `cut` is why it was ended before.
    fn end(&self, outcome: Result<RetroReport, String>, cut: Option<RetroHuntState>, now: i64) {
        let report = outcome.inspect_err(|error| tracing::error!(error, "a hunt over the past failed")).ok();
        let state = match &report {
            None => RetroHuntState::Failed,
            Some(report) if report.cancelled => cut.unwrap_or(RetroHuntState::Cancelled),
            Some(_) => RetroHuntState::Done,
        };
        let mut stage = self.stage.lock();
        let progress = if let Stage::Running(progress) = &*stage { *progress } else { RetroProgress::default() };
        *stage = Stage::Ended { state, at: now, progress, report: report.map(Box::new) };
    }
}

/// Runs a hunt in a thread of its own, until its end, that of its time, or that of the console.
pub(crate) fn start(state: AppState, store: Arc<Store>, hunt: RetroHunt, job: Arc<Job>) {
    tokio::spawn(async move {
        let working = Arc::clone(&job);
        let mut work = tokio::task::spawn_blocking(move || working.run(&hunt, &store));
        let cut = tokio::select! {
            biased;
            outcome = &mut work => return job.end(flat(outcome), None, state.now()),
            () = tokio::time::sleep(RETRO_HUNT_TIME) => RetroHuntState::OutOfTime,
            () = state.shared().stopping.cancelled() => RetroHuntState::Failed,
        };
        job.cancel();
        job.end(flat(work.await), Some(cut), state.now());
    });
}

fn flat(outcome: Result<Result<RetroReport, String>, tokio::task::JoinError>) -> Result<RetroReport, String> {
    outcome.unwrap_or_else(|error| Err(error.to_string()))
}
