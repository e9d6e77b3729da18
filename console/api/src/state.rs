//! What every request shares, and the transaction through which everything is changed.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Bytes;
use fengsui_schema::{Clock, Timestamp, UnitCode};
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::access::{Caller, Failures, KeptSession, Vault};
use crate::audit::{self, Actor, Entry, Outcome, Pending};
use crate::clocks::ClockRules;
use crate::db::{Db, Memory, Query, Row, Tx, Value, args, tuples};
use crate::drill_replay::{Recordings, Replays};
use crate::error::{ApiError, ApiResult};
use crate::indicators::IndicatorFiles;
use crate::limits::{CHANGES_DROPPED_EVERY, CHANGES_KEPT};
use crate::retro_hunts::RetroHunts;
use crate::scope::Place;
use crate::settings::ConsoleSettings;
use crate::units::Units;
use crate::values::Values;
use crate::wire::FixedSetting;

/// Text that the metrics page adds to the console's own numbers.
pub type Statistics = Arc<dyn Fn() -> String + Send + Sync>;

/// Reads the books of this node, when there are any.
pub type ReadBooks = Arc<dyn Fn() -> Option<crate::wire::BooksView> + Send + Sync>;

/// What every request shares.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Shared>);

/// The parts behind [`AppState`].
pub(crate) struct Shared {
    pub(crate) db: Db,
    pub(crate) settings: ConsoleSettings,
    /// The settings in force: those of the file, and what was set in their place.
    pub(crate) values: RwLock<Arc<Values>>,
    /// What the settings file fixes, as the binary tells it.
    pub(crate) fixed: Mutex<Vec<FixedSetting>>,
    pub(crate) unit: UnitCode,
    pub(crate) units: Units,
    pub(crate) clock_rules: ClockRules,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Option<Arc<fengsui_store::Store>>,
    pub(crate) dlp: Arc<fengsui_dlp_engine::Engine>,
    pub(crate) dlp_settings: fengsui_dlp_engine::EngineSettings,
    pub(crate) sharing_directory: PathBuf,
    pub(crate) ledger: tokio::sync::Mutex<()>,
    pub(crate) evidence_directory: PathBuf,
    pub(crate) indicators: Option<IndicatorFiles>,
    pub(crate) recordings: Option<Arc<dyn Recordings>>,
    pub(crate) replays: Replays,
    pub(crate) retro_hunts: RetroHunts,
    pub(crate) statistics: Option<Statistics>,
    pub(crate) books: Option<ReadBooks>,
    pub(crate) revision: watch::Sender<i64>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) hashing: Arc<Semaphore>,
    pub(crate) failures: Failures,
    pub(crate) gate: crate::capability::Gate,
    pub(crate) sessions: Memory<KeptSession>,
    pub(crate) totals: Memory<i64>,
    pub(crate) postures: Memory<Bytes>,
    pub(crate) vault: Vault,
    pub(crate) audit: audit::Group,
    pub(crate) setup_code: Mutex<Option<String>>,
    pub(crate) stopping: CancellationToken,
    /// Puts in force what came from above.
    pub(crate) enforcer: Mutex<Option<Arc<dyn crate::tier::Enforcer>>>,
    /// Measures this program.
    pub(crate) measure: Mutex<Option<crate::tier::Measure>>,
    pub(crate) tier: crate::tier::Tier,
}

impl AppState {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// The database, for reading.
    pub(crate) fn db(&self) -> Db {
        self.0.db.clone()
    }

    /// The settings in force.
    pub(crate) fn values(&self) -> Arc<Values> {
        Arc::clone(&self.0.values.read())
    }

    /// What the settings file fixes.
    pub(crate) fn fixed(&self) -> Vec<FixedSetting> {
        let mut all = self.settings().fixed();
        all.extend(self.0.fixed.lock().iter().cloned());
        all
    }

    /// The settings file.
    pub(crate) fn settings(&self) -> &ConsoleSettings {
        &self.0.settings
    }

    /// The organisation.
    pub(crate) fn units(&self) -> &Units {
        &self.0.units
    }

    /// Everything else.
    pub(crate) fn shared(&self) -> &Shared {
        &self.0
    }

    /// The present moment in milliseconds.
    pub(crate) fn now(&self) -> i64 {
        self.0.clock.now().as_millis()
    }

    /// Computes something that takes a while (a hash, a search) off the request threads.
    pub(crate) async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> ApiResult<T> {
        tokio::task::spawn_blocking(work).await.map_err(|error| ApiError::internal(&error))
    }

    /// Like `off_thread`, for passwords: only a few at once.
    pub(crate) async fn hashing<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> ApiResult<T> {
        let _permit = self.0.hashing.acquire().await.map_err(|error| ApiError::internal(&error))?;
        self.off_thread(work).await
    }
}

/// A time of the database as RFC 3339.
pub(crate) fn time_text(millis: i64) -> String {
    Timestamp::from_millis(millis).to_string()
}

/// How far the time of China is ahead of UTC, in milliseconds: all year since 1991.
pub(crate) const CHINA_AHEAD: i64 = 8 * 3_600_000;

/// Entries of the audit log that a change holds before it writes them.
const ENTRIES_HELD: usize = 1_024;

/// A write transaction of somebody. It can only be kept together with an entry of the audit log.
pub(crate) struct Change {
    tx: Tx,
    state: AppState,
    actor: Actor,
    now: i64,
    entries: Vec<Pending>,
    is_told: bool,
    revision: Option<i64>,
}

impl Change {
    /// Starts one.
    pub(crate) async fn begin(state: &AppState, actor: Actor) -> ApiResult<Self> {
        let tx = state.shared().db.begin().await?;
        Ok(Self {
            tx,
            state: state.clone(),
            actor,
            now: state.now(),
            entries: Vec::new(),
            is_told: false,
            revision: None,
        })
    }

    /// Writes the entry of an act that changes nothing else; returns when it is on disk.
    pub(crate) async fn entry_alone(state: &AppState, actor: &Actor, entry: Entry<'_>) -> ApiResult<()> {
        let shared = state.shared();
        shared.audit.append(&shared.db, Pending::new(actor, state.now(), entry)).await
    }

    /// Writes that a caller did what changes nothing else.
    pub(crate) async fn told(
        state: &AppState,
        caller: &Caller,
        (action, object): (&str, &str),
        detail: &str,
    ) -> ApiResult<()> {
        Self::entry_alone(state, &caller.actor(), Entry { action, object, outcome: Outcome::Success, detail }).await
    }

    /// Starts the act of a caller; [`Change::finish`] ends it.
    pub(crate) async fn of(state: &AppState, caller: &Caller) -> ApiResult<Self> {
        Self::begin(state, caller.actor()).await
    }

    /// Writes that the act was done and makes it last.
    pub(crate) async fn finish(mut self, action: &str, object: &str, detail: &str) -> ApiResult<()> {
        self.audit(Entry { action, object, outcome: Outcome::Success, detail }).await?;
        self.commit().await
    }

    /// When it happens, in milliseconds.
    pub(crate) fn now(&self) -> i64 {
        self.now
    }

    /// Name of the one who does it.
    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What every request shares.
    pub(crate) fn state(&self) -> &AppState {
        &self.state
    }

    /// The transaction itself.
    pub(crate) fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// Runs a statement.
    pub(crate) async fn execute(&mut self, sql: &str, args: Vec<Value>) -> ApiResult<u64> {
        Ok(self.tx.execute(sql, args).await?)
    }

    /// The next number of a sequence.
    pub(crate) async fn next(&mut self, name: &str) -> ApiResult<i64> {
        Ok(self.tx.next(name).await?)
    }

    /// Tells the streams that an object changed; the number of the change.
    pub(crate) async fn notice(
        &mut self,
        kind: &str,
        id: &str,
        severity: Option<i64>,
        place: &Place,
    ) -> ApiResult<i64> {
        let revision = notice(&mut self.tx, self.now, Notice { kind, id, severity, place }).await?;
        self.revision = Some(revision);
        Ok(revision)
    }

    /// Tells the streams that some objects changed; the number of the first change, the others follow it.
    pub(crate) async fn notices(&mut self, all: &[Notice<'_>]) -> ApiResult<i64> {
        let first = notices(&mut self.tx, self.now, all).await?;
        self.revision = Some(first + i64::try_from(all.len()).unwrap_or(i64::MAX) - 1);
        Ok(first)
    }

    /// Notes the number of a change that was written without [`Change::notice`].
    pub(crate) fn revise(&mut self, revision: Option<i64>) {
        self.revision = revision.or(self.revision);
    }

    /// Adds an entry of the audit log. It is written in this transaction: with the next ones, or before the commit.
    pub(crate) async fn audit(&mut self, entry: Entry<'_>) -> ApiResult<()> {
        self.is_told = true;
        self.entries.push(Pending::new(&self.actor, self.now, entry));
        if self.entries.len() < ENTRIES_HELD { Ok(()) } else { self.write_entries().await }
    }

    async fn write_entries(&mut self) -> ApiResult<()> {
        Ok(audit::write(&mut self.tx, std::mem::take(&mut self.entries)).await?)
    }

    /// Makes it last and wakes the streams.
    pub(crate) async fn commit(self) -> ApiResult<()> {
        if !self.is_told {
            return Err(ApiError::internal(&"a change without an audit entry was refused"));
        }
        self.commit_delivery().await
    }

    /// Makes last what another node delivered. That is no act of a person and needs no entry; orders and refusals
    /// write their own.
    pub(crate) async fn commit_delivery(mut self) -> ApiResult<()> {
        self.write_entries().await?;
        self.tx.commit().await?;
        if let Some(revision) = self.revision {
            self.state.shared().revision.send_replace(revision);
        }
        Ok(())
    }
}

impl Query for Change {
    async fn rows(&mut self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        self.tx.rows(sql, args).await
    }
}

/// An object that changed.
pub(crate) struct Notice<'a> {
    pub(crate) kind: &'a str,
    pub(crate) id: &'a str,
    pub(crate) severity: Option<i64>,
    pub(crate) place: &'a Place,
}

/// Writes that an object changed; the number of the change.
pub(crate) async fn notice(tx: &mut Tx, now: i64, notice: Notice<'_>) -> Result<i64, sqlx::Error> {
    notices(tx, now, &[notice]).await
}

/// Rows that one statement writes.
const ROWS_AT_ONCE: usize = 500;

/// Writes that some objects changed; the number of the first, the others follow it. Old ones are dropped now and then.
async fn notices(tx: &mut Tx, now: i64, all: &[Notice<'_>]) -> Result<i64, sqlx::Error> {
    let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let first = tx.reserve("revision", count).await?;
    let mut revision = first;
    for part in all.chunks(ROWS_AT_ONCE) {
        let mut values = Vec::with_capacity(9 * part.len());
        for notice in part {
            values.extend(args![revision, now, notice.kind, notice.id, notice.severity]);
            values.extend(notice.place.values());
            revision += 1;
        }
        let sql = format!(
            "INSERT INTO change (revision, time, kind, object_id, severity, province, prefecture, county, unit_code)
             VALUES {}",
            tuples(part.len(), 9)
        );
        tx.execute(&sql, values).await?;
    }
    let last = revision - 1;
    if last / CHANGES_DROPPED_EVERY > (first - 1) / CHANGES_DROPPED_EVERY {
        tx.execute("DELETE FROM change WHERE revision <= $1", args![last - CHANGES_KEPT]).await?;
    }
    Ok(first)
}
