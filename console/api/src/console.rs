//! The console as the binary sees it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use fengsui_pipeline::OutputSink;
use fengsui_schema::{Clock, UnitCode, shown};
use parking_lot::{Mutex, RwLock};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::access::{Failures, Role, Vault, authorize_request};
use crate::audit::{self, Actor, Entry, Outcome};
use crate::clocks::ClockRules;
use crate::db::{Db, Memory, Query};
use crate::drill_replay::{Recordings, Replays};
use crate::error::{ApiError, ApiResult, ConsoleError};
use crate::indicators::IndicatorFiles;
use crate::ingest::ConsoleSink;
use crate::limits::{BODY_BYTES, HASHES_AT_ONCE, REQUEST_TIME, STREAMS};
use crate::repository::accounts::{self, NewAccount};
use crate::retro_hunts::RetroHunts;
use crate::settings::ConsoleSettings;
use crate::state::{AppState, Change, ReadBooks, Shared, Statistics};
use crate::tier::Tier;
use crate::units::Units;
use crate::values::Values;
use crate::wire::{AuditVerdict, FixedSetting, Health};

/// How long requests under way may take when the console stops.
const STOP_TIME: Duration = Duration::from_secs(5);

/// What the console needs from the rest of the program.
#[derive(Clone)]
pub struct Dependencies {
    /// The event store, for the hunt; none when the analyzer runs elsewhere.
    pub store: Option<Arc<fengsui_store::Store>>,
    /// The DLP engine, for the masking preview.
    pub dlp: Arc<fengsui_dlp_engine::Engine>,
    /// Settings of the DLP engine, for releases and traces.
    pub dlp_settings: fengsui_dlp_engine::EngineSettings,
    /// Folder of shared data: originals, copies, the ledger.
    pub sharing_directory: PathBuf,
    /// Folder of the evidence captures.
    pub evidence_directory: PathBuf,
    /// The files of the analyzer's indicators; none where no analyzer reads them.
    pub indicators: Option<IndicatorFiles>,
    /// Recorded attacks for drills; none where no analyzer runs.
    pub recordings: Option<Arc<dyn Recordings>>,
    /// Prometheus text that `/metrics` shows beside the console's own numbers.
    pub statistics: Option<Statistics>,
    /// The books between spool and index, for the page of sensors.
    pub books: Option<ReadBooks>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

/// An account to make with [`Console::create_account`].
#[derive(Debug, Clone)]
pub struct AccountRequest {
    /// 2 to 32 characters of `a-z0-9._-`.
    pub username: String,
    /// 1 to 64 characters.
    pub display_name: String,
    /// Role.
    pub role: Role,
    /// Code of the unit; it has to be in the organisation.
    pub unit: UnitCode,
}

/// The console: database, interface, web app.
#[derive(Clone)]
pub struct Console {
    state: AppState,
}

impl Console {
    /// Opens the database, brings its schema up to date and loads the organisation.
    ///
    /// # Errors
    /// When the database can't be opened, is newer than this program, or a setting is wrong.
    pub async fn open(settings: ConsoleSettings, dependencies: Dependencies) -> Result<Self, ConsoleError> {
        let unit: UnitCode = settings.unit.parse().map_err(|error| ConsoleError::Settings(format!("unit: {error}")))?;
        let units = Units::load(&settings.units)?;
        if !units.contains(&unit) {
            return Err(ConsoleError::Settings(format!(
                "unit {unit} is not in the organisation; name it under `units`"
            )));
        }
        let mut db = Db::open(&settings.database, settings.readers).await?;
        let failed = |source| ConsoleError::Database { place: settings.database.clone(), source };
        let mut tx = db.begin().await.map_err(failed)?;
        units.save(&mut tx).await.map_err(failed)?;
        tx.commit().await.map_err(failed)?;
        let newest =
            db.count("SELECT value AS n FROM sequence WHERE name = 'revision'", vec![]).await.map_err(failed)?;
        let tier = {
            let places = (settings.database.as_str(), settings.key_file.as_path());
            Tier::open(&settings.tier, places, &unit, &mut db).await?
        };
        let empty = !accounts::any(&mut db).await?;
        let setup_code = if empty { Some(crate::access::one_time_password()?) } else { None };
        let state = AppState::new(Shared {
            db,
            unit,
            units,
            clock_rules: ClockRules::load()?,
            clock: dependencies.clock,
            store: dependencies.store,
            dlp: dependencies.dlp,
            dlp_settings: dependencies.dlp_settings,
            sharing_directory: dependencies.sharing_directory,
            ledger: tokio::sync::Mutex::new(()),
            evidence_directory: dependencies.evidence_directory,
            indicators: dependencies.indicators,
            recordings: dependencies.recordings,
            values: RwLock::new(Arc::new(Values::default())),
            fixed: Mutex::default(),
            replays: Replays::default(),
            retro_hunts: RetroHunts::default(),
            statistics: dependencies.statistics,
            books: dependencies.books,
            revision: watch::Sender::new(newest),
            streams: Arc::new(Semaphore::new(STREAMS)),
            hashing: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
            failures: Failures::default(),
            gate: crate::capability::Gate::default(),
            sessions: Memory::default(),
            totals: Memory::default(),
            postures: Memory::default(),
            vault: Vault::open(&settings.key_file)?,
            audit: audit::Group::default(),
            setup_code: Mutex::new(setup_code),
            stopping: CancellationToken::new(),
            enforcer: Mutex::default(),
            measure: Mutex::default(),
            tier,
            settings,
        });
        crate::values::reload(&state)
            .await
            .map_err(|error| ConsoleError::Settings(format!("settings can't be read: {}", error.message_en())))?;
        crate::indicators::keep_given(&state)
            .await
            .map_err(|error| ConsoleError::Settings(format!("indicators can't be kept: {}", error.message_en())))?;
        Ok(Self { state })
    }

    /// Where the pipeline delivers alerts, incidents, findings and visibility records.
    #[must_use]
    pub fn sink(&self) -> Arc<dyn OutputSink> {
        Arc::new(ConsoleSink(self.state.clone()))
    }

    /// The code that the first-run wizard asks for; `None` when there are accounts. Print it where only the operator looks.
    #[must_use]
    pub fn setup_code(&self) -> Option<String> {
        self.state.shared().setup_code.lock().clone()
    }

    /// Whether there is any account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_accounts(&self) -> Result<bool, ConsoleError> {
        Ok(accounts::any(&mut self.state.db()).await?)
    }

    /// Makes an active account on behalf of the operator of the machine and answers with the password that works once.
    ///
    /// # Errors
    /// When the name is taken or not allowed, the unit is unknown, or the database fails.
    pub async fn create_account(&self, request: AccountRequest) -> Result<String, ConsoleError> {
        let username = shown(&request.username).to_string();
        let failed = |error: ApiError| ConsoleError::Account { username, message: error.message_en().to_owned() };
        let made = self.make_account(request).await.map_err(failed)?;
        self.state.shared().setup_code.lock().take();
        Ok(made)
    }

    /// Signs the present end of the audit log, as happens by itself every minute, and tells the parent.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn anchor_audit(&self) -> Result<(), ConsoleError> {
        Ok(crate::tier::checkpoint(&self.state).await?)
    }

    /// What the settings file fixes outside of the console's own section, for the page of settings.
    pub fn tell_fixed(&self, fixed: Vec<FixedSetting>) {
        *self.state.shared().fixed.lock() = fixed;
    }

    /// Drops events that are older than the retention in force, as happens by itself every hour while the console serves;
    /// the days that went.
    ///
    /// # Errors
    /// When the audit log can't be written or a day can't be removed.
    pub async fn apply_retention(&self) -> Result<Vec<String>, ConsoleError> {
        let failed = |error: ApiError| ConsoleError::Settings(format!("retention: {}", error.message_en()));
        crate::retention::apply(&self.state).await.map_err(failed)
    }

    /// Writes what came up into the outbox of notifications and sends what is due, as happens by itself every two seconds
    /// while the console serves; how many messages were tried.
    ///
    /// # Errors
    /// When the database fails; a message that is not taken is no error.
    pub async fn send_notifications(&self) -> Result<usize, ConsoleError> {
        Ok(crate::notify::pass(&self.state).await?)
    }

    /// Brings alerts from before a search knew them into it, as happens by itself while the console serves; how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn fill_search(&self) -> Result<usize, ConsoleError> {
        let failed = |error: ApiError| ConsoleError::Search(error.message_en().to_owned());
        crate::search::fill_gap(&self.state).await.map_err(failed)
    }

    /// What every request shares, for the parts of this crate that the binary drives.
    pub(crate) fn state(&self) -> &AppState {
        &self.state
    }

    async fn make_account(&self, request: AccountRequest) -> ApiResult<String> {
        let AccountRequest { username, display_name, role, unit } = request;
        let new = NewAccount { username, display_name, role, unit, pending: false }.checked()?;
        let (password, kept) = accounts::fresh_password(&self.state).await?;
        let actor = Actor::new("operator", &self.state.shared().unit, "local");
        let mut change = Change::begin(&self.state, actor).await?;
        accounts::create(&mut change, &new, &kept).await?;
        let (object, detail) = (format!("account/{}", new.username), format!("{} {}", role.as_str(), new.unit));
        change
            .audit(Entry { action: "user.create", object: &object, outcome: Outcome::Success, detail: &detail })
            .await?;
        change.commit().await?;
        Ok(password)
    }

    /// Checks the hash chain of the audit log.
    ///
    /// # Errors
    /// When the database fails; a broken chain is no error but the answer.
    pub async fn verify_audit(&self) -> Result<AuditVerdict, ConsoleError> {
        audit::verify(&mut self.state.db(), &self.state.shared().tier.anchors())
            .await
            .map_err(|error| ConsoleError::Audit(error.to_string()))
    }

    /// Serves until `shutdown` is done, then lets requests under way finish for five seconds and closes the database.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ConsoleError> {
        // Commands that run beside a console open it too; whoever serves is the only one that hunts.
        crate::retro_hunts::end_all(&self.state).await?;
        let stopping = self.state.shared().stopping.clone();
        let asked = stopping.clone();
        let stop = async move {
            shutdown.await;
            asked.cancel();
        };
        let service = self.router().into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(listener, service).with_graceful_shutdown(stop);
        let link = tokio::spawn(crate::tier::run(self.state.clone()));
        let db = self.state.shared().db.clone();
        let checkpoints = tokio::spawn(async move { db.checkpoint_often().await });
        let retention = tokio::spawn(crate::retention::run(self.state.clone()));
        let values = tokio::spawn(crate::values::follow(self.state.clone()));
        let telling = tokio::spawn(crate::notify::run(self.state.clone()));
        let console = self.clone();
        // A search finds everything while this goes on, and takes longer.
        let filling = tokio::spawn(async move {
            if let Err(error) = console.fill_search().await {
                tracing::error!(%error, "older alerts are not all in the search, which goes on to read every one");
            }
        });
        let deadline = async move {
            stopping.cancelled().await;
            tokio::time::sleep(STOP_TIME).await;
        };
        let served = tokio::select! {
            served = async { serving.await } => served,
            () = deadline => Ok(()),
        };
        for task in [link, filling, checkpoints, retention, values, telling] {
            task.abort();
        }
        self.state.shared().db.close().await;
        Ok(served?)
    }

    fn router(&self) -> Router {
        let state = self.state.clone();
        let (api, _) = crate::openapi::api_router().split_for_parts();
        let api = api.route_layer(from_fn_with_state(state.clone(), authorize_request));
        Router::new()
            .merge(api)
            .route("/healthz", get(health))
            .route("/metrics", get(metrics))
            .route("/api/openapi.json", get(openapi))
            .fallback(crate::web::serve)
            .layer(DefaultBodyLimit::max(BODY_BYTES))
            .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIME))
            .layer(CatchPanicLayer::new())
            .layer(from_fn(crate::web::security_headers))
            .with_state(state)
    }
}

async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], crate::openapi::openapi_json()).into_response()
}

/// That the server and its database answer.
async fn health(State(state): State<AppState>) -> ApiResult<Json<Health>> {
    state.db().count("SELECT 1 AS n", vec![]).await?;
    Ok(Json(Health { status: "ok".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }))
}

async fn metrics(State(state): State<AppState>) -> ApiResult<Response> {
    let mut db = state.db();
    let mut text = String::new();
    let numbers = [
        (
            "fengsui_console_alerts_open",
            "gauge",
            "SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) AS n FROM alert_standing WHERE state <> 'closed'",
        ),
        ("fengsui_console_incidents_open", "gauge", "SELECT COUNT(*) AS n FROM incident WHERE state = 'open'"),
        (
            "fengsui_tier_waiting",
            "gauge",
            "SELECT CAST(COALESCE(SUM(next_seq - 1 - acknowledged), 0) AS BIGINT) AS n FROM tier_sending",
        ),
        ("fengsui_tier_thinned", "counter", "SELECT CAST(COALESCE(SUM(number), 0) AS BIGINT) AS n FROM tier_thinned"),
        ("fengsui_tier_refused", "counter", "SELECT CAST(COALESCE(SUM(number), 0) AS BIGINT) AS n FROM tier_refusal"),
        ("fengsui_console_sessions", "gauge", "SELECT COUNT(*) AS n FROM session"),
        (
            "fengsui_console_messages_waiting",
            "gauge",
            "SELECT COUNT(*) AS n FROM notify_message WHERE state = 'waiting'",
        ),
        (
            "fengsui_console_messages_failed",
            "gauge",
            "SELECT COUNT(*) AS n FROM notify_message WHERE state IN ('failed', 'dropped')",
        ),
        ("fengsui_console_audit_entries", "counter", "SELECT COALESCE(MAX(sequence), 0) AS n FROM audit"),
        ("fengsui_console_revision", "counter", "SELECT value AS n FROM sequence WHERE name = 'revision'"),
    ];
    for (name, kind, sql) in numbers {
        let value = db.count(sql, vec![]).await?;
        text.push_str(&format!("# TYPE {name} {kind}\n{name} {value}\n"));
    }
    let streams = STREAMS - state.shared().streams.available_permits();
    text.push_str(&format!("# TYPE fengsui_console_streams gauge\nfengsui_console_streams {streams}\n"));
    text.push_str(&state.shared().gate.metrics());
    if let Some(more) = &state.shared().statistics {
        text.push_str(&more());
    }
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}
