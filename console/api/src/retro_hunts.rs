//! Hunts over the past that are under way: one of a person, a few at once, each within a time. How they end is kept in the
//! database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fengsui_pipeline::{RetroControl, RetroHunt, RetroProgress, RetroReport};
use fengsui_schema::{Timestamp, UnitCode};
use fengsui_store::Store;
use parking_lot::Mutex;

use crate::access::Caller;
use crate::audit::Actor;
use crate::error::{ApiError, ApiResult};
use crate::limits::{RETRO_HUNT_TIME, RETRO_HUNTS_AT_ONCE};
use crate::repository::retro_hunts;
use crate::state::{AppState, Change, time_text};
use crate::wire::{RetroHuntState, RetroHuntView};

/// The hunts that are under way.
#[derive(Default)]
pub(crate) struct RetroHunts(Mutex<Vec<Arc<Job>>>);

/// A hunt of somebody.
pub(crate) struct Job {
    id: i64,
    account: i64,
    /// Whose events it looks at: somebody who is moved to another unit does not see it any more.
    unit: UnitCode,
    range: (Option<Timestamp>, Option<Timestamp>),
    counts: (usize, usize),
    started: i64,
    cancel: AtomicBool,
    progress: Mutex<RetroProgress>,
}

impl RetroHunts {
    /// Notes that somebody begins one, under a number of its own.
    pub(crate) fn begin(&self, caller: &Caller, hunt: &RetroHunt, (id, now): (i64, i64)) -> ApiResult<Arc<Job>> {
        let mut running = self.0.lock();
        let account = caller.identity.account;
        if running.iter().any(|job| job.account == account) {
            let en = "a hunt of yours is running; wait for its end or cancel it";
            return Err(ApiError::conflict("您已有一个回溯狩猎在进行，请等待结束或先取消", en));
        }
        if running.len() >= RETRO_HUNTS_AT_ONCE {
            let en = "as many hunts are running as may at once; try again when one has ended";
            return Err(ApiError::limited("同时进行的回溯狩猎已达上限，请稍后再试", en));
        }
        let loaded = hunt.detection().report();
        let job = Arc::new(Job {
            id,
            account,
            unit: caller.identity.unit.clone(),
            range: (hunt.from, hunt.to),
            counts: (loaded.sigma_rules, loaded.indicators),
            started: now,
            cancel: AtomicBool::new(false),
            progress: Mutex::new(RetroProgress::default()),
        });
        running.push(Arc::clone(&job));
        Ok(job)
    }

    /// Forgets one: it has ended, or was not begun after all.
    pub(crate) fn forget(&self, job: &Job) {
        self.0.lock().retain(|one| one.id != job.id);
    }

    /// The one of somebody that is under way.
    pub(crate) fn of(&self, caller: &Caller) -> Option<Arc<Job>> {
        let identity = &caller.identity;
        let is_own = |job: &&Arc<Job>| job.account == identity.account && job.unit == identity.unit;
        self.0.lock().iter().find(is_own).cloned()
    }
}

impl Job {
    /// Its number.
    pub(crate) fn name(&self) -> String {
        self.id.to_string()
    }

    /// Ends it soon.
    pub(crate) fn cancel(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }

    /// What is told of it while it is under way.
    pub(crate) fn view(&self) -> RetroHuntView {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        RetroHuntView {
            id: self.name(),
            state: RetroHuntState::Running,
            from: time(self.range.0),
            to: time(self.range.1),
            sigma_rules: count(self.counts.0),
            indicators: count(self.counts.1),
            started_at: time_text(self.started),
            ended_at: None,
            progress: (&*self.progress.lock()).into(),
            report: None,
        }
    }

    /// Hunts. Blocks.
    fn run(&self, hunt: &RetroHunt, store: &Store) -> Result<RetroReport, String> {
        let mut note = |progress: &RetroProgress| *self.progress.lock() = *progress;
        let control = &mut RetroControl { cancel: &self.cancel, progress: &mut note };
        hunt.run(&store.view(), control).map_err(|error| error.to_string())
    }

    /// How it ended; `cut` is why it was ended before.
    fn ended(&self, outcome: Result<RetroReport, String>, cut: Option<RetroHuntState>, now: i64) -> RetroHuntView {
        let report = outcome.inspect_err(|error| tracing::error!(error, "a hunt over the past failed")).ok();
        let state = match &report {
            None => RetroHuntState::Failed,
            Some(report) if report.cancelled => cut.unwrap_or(RetroHuntState::Cancelled),
            Some(_) => RetroHuntState::Done,
        };
        RetroHuntView { state, ended_at: Some(time_text(now)), report: report.as_ref().map(Into::into), ..self.view() }
    }
}

/// Runs a hunt in a thread of its own, until its end, that of its time, or that of the console, and keeps how it ended.
pub(crate) fn start(state: AppState, store: Arc<Store>, hunt: RetroHunt, job: Arc<Job>) {
    tokio::spawn(async move {
        let working = Arc::clone(&job);
        let mut work = tokio::task::spawn_blocking(move || working.run(&hunt, &store));
        let cut = tokio::select! {
            biased;
            outcome = &mut work => return keep(&state, &job, flat(outcome), None).await,
            () = tokio::time::sleep(RETRO_HUNT_TIME) => RetroHuntState::OutOfTime,
            () = state.shared().stopping.cancelled() => RetroHuntState::Failed,
        };
        job.cancel();
        keep(&state, &job, flat(work.await), Some(cut)).await;
    });
}

async fn keep(state: &AppState, job: &Job, outcome: Result<RetroReport, String>, cut: Option<RetroHuntState>) {
    if let Err(error) = kept(state, job.ended(outcome, cut, state.now())).await {
        tracing::error!(error = error.message_en(), "what a hunt over the past found could not be kept");
    }
    state.shared().retro_hunts.forget(job);
}

async fn kept(state: &AppState, view: RetroHuntView) -> ApiResult<()> {
    let mut change = Change::begin(state, machine(state)).await?;
    retro_hunts::end(&mut change, view).await?;
    change.commit_delivery().await
}

/// Notes after a start that what was under way before came to no end.
pub(crate) async fn end_all(state: &AppState) -> ApiResult<()> {
    let mut change = Change::begin(state, machine(state)).await?;
    retro_hunts::end_all(&mut change).await?;
    change.commit_delivery().await
}

/// Who asked stands in the audit log since the begin; that a hunt ends is nobody's act.
fn machine(state: &AppState) -> Actor {
    Actor::new("retro-hunt", &state.shared().unit, "local")
}

fn flat(outcome: Result<Result<RetroReport, String>, tokio::task::JoinError>) -> Result<RetroReport, String> {
    outcome.unwrap_or_else(|error| Err(error.to_string()))
}
