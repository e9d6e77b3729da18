//! Spool, index, pipeline and console in one process: started from the spool up, stopped from the sensor down.

use std::net::TcpListener;
use std::sync::Arc;

use anyhow::Context;
use fengsui_api::{Console, Dependencies, IndicatorFiles};
use fengsui_dlp_engine::{Engine, Rules};
use fengsui_pipeline::{Organization, Pipeline, PipelineHandle, PipelineParts};
use fengsui_relay::{FileDisk, Spool};
use fengsui_store::Store;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::in_force::InForce;
use super::recorded::Recorded;
use super::{Counters, SensorRules, SystemClock};
use crate::content::{RuleFiles, rule_files};
use crate::settings::Settings;

/// The parts that run in this process.
pub(crate) struct Node {
    rules: InForce,
    spool: Option<Spool>,
    console: Console,
    pipeline: Option<PipelineHandle>,
    counters: Counters,
    server: Option<Server>,
}

/// The console's listener.
struct Server {
    stop: CancellationToken,
    task: JoinHandle<Result<(), fengsui_api::ConsoleError>>,
}

impl Node {
    /// Spool, analyzer and console.
    ///
    /// # Errors
    /// When a part can't use its folder, or a listener's address is taken.
    pub(crate) async fn start(settings: &Settings, listener: TcpListener) -> anyhow::Result<Self> {
        let mut node = Self::start_headless(settings).await?;
        node.serve(settings, listener)?;
        Ok(node)
    }

    /// Spool and analyzer; what they find is kept in the console's database for when one is started.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub(crate) async fn start_headless(settings: &Settings) -> anyhow::Result<Self> {
        let spool = open_spool(settings)?;
        let store = Arc::new(Store::open(settings.index.clone()).context("the event index can't be opened")?);
        for damaged in store.damaged() {
            tracing::error!(
                ?damaged,
                "a day of the index was damaged and is set aside; it is built again from the spool"
            );
        }
        let mut node = Self::without_analyzer(settings, Some((Arc::clone(&store), spool.clone()))).await?;
        let (detection, _) = node.rules.load()?;
        let parts = PipelineParts {
            spool: spool.clone(),
            store,
            detection: Arc::new(detection),
            organization: Organization::build(&settings.organization)?,
            sink: node.console.sink(),
            clock: Arc::new(SystemClock),
            gate: Some(node.console.uplink_gate()),
        };
        let pipeline = Pipeline::start(settings.analyzer.clone(), parts).await.context("the analyzer can't start")?;
        node.counters.set(&pipeline, &spool);
        node.rules.exchange_with(pipeline.detection_hook());
        node.pipeline = Some(pipeline);
        node.spool = Some(spool);
        Ok(node)
    }

    /// The console alone.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub(crate) async fn start_console_only(settings: &Settings, listener: TcpListener) -> anyhow::Result<Self> {
        let mut node = Self::without_analyzer(settings, None).await?;
        node.serve(settings, listener)?;
        Ok(node)
    }

    async fn without_analyzer(settings: &Settings, analyzer: Option<(Arc<Store>, Spool)>) -> anyhow::Result<Self> {
        fengsui_crypto::self_test().context("the cryptography of this program is broken; do not use it")?;
        let mut rules = rule_files(&settings.rules, &settings.data.directory, &settings.data.directory)?;
        let engine = engine(settings, &mut rules)?;
        let mut indicators = IndicatorFiles {
            directory: settings.data.directory.join("indicators"),
            given: rules.indicators.clone(),
            reload: None,
        };
        let rules = InForce::new(settings, rules, indicators.directory.clone())?;
        let counters = Counters::default();
        if analyzer.is_some() {
            indicators.reload = Some(rules.reload_hook());
        }
        let (store, spool) = analyzer.unzip();
        let dependencies = Dependencies {
            statistics: Some(counters.metrics_hook()),
            books: Some(counters.books_hook()),
            store,
            dlp: engine,
            dlp_settings: settings.dlp.clone(),
            sharing_directory: settings.data.directory.join("sharing"),
            evidence_directory: settings.evidence_directory(),
            indicators: Some(indicators),
            recordings: spool.and_then(|spool| Recorded::of(settings, &rules, spool)),
            clock: Arc::new(SystemClock),
        };
        let console = Console::open(settings.console.clone(), dependencies).await.context("the console can't start")?;
        note_refused(&rules.files(), &console).await?;
        console.enforce_with(Arc::new(rules.clone()));
        Ok(Self { rules, spool: None, console, pipeline: None, counters, server: None })
    }

    fn serve(&mut self, settings: &Settings, listener: TcpListener) -> anyhow::Result<()> {
        let (own, rules) = (settings.clone(), self.rules.clone());
        let measure = move || super::measurement::measure(&own, &rules.files()).map_err(|error| format!("{error:#}"));
        self.console.measure_with(Arc::new(measure));
        self.console.tell_fixed(settings.fixed());
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (stop, console) = (CancellationToken::new(), self.console.clone());
        let stopped = stop.clone();
        let task = tokio::spawn(async move { console.serve(listener, stopped.cancelled_owned()).await });
        self.server = Some(Server { stop, task });
        Ok(())
    }

    /// The console.
    pub(crate) fn console(&self) -> &Console {
        &self.console
    }

    /// The rule files in force.
    pub(crate) fn rules(&self) -> RuleFiles {
        self.rules.files()
    }

    /// Has a sensor of this process take the rules of bundles that come.
    pub(crate) fn rules_are_followed_by(&self, sensor: SensorRules) {
        self.rules.followed_by(sensor);
    }

    /// The spool, when the analyzer runs here.
    pub(crate) fn spool(&self) -> Option<&Spool> {
        self.spool.as_ref()
    }

    /// Stops the analyzer, then the console, so that nothing it still delivers is refused.
    ///
    /// # Errors
    /// When a part had ended by itself before.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        if let Some(pipeline) = self.pipeline {
            pipeline.shutdown().await.context("the analyzer did not stop cleanly")?;
        }
        if let Some(server) = self.server {
            server.stop.cancel();
            server.task.await.context("the console's task failed")?.context("the console did not stop cleanly")?;
        }
        Ok(())
    }
}

/// The engine of data protection. When it does not take the templates of a bundle, they are refused and it goes by its own.
fn engine(settings: &Settings, files: &mut RuleFiles) -> anyhow::Result<Arc<Engine>> {
    let with = |rules: &Rules| Engine::new(settings.dlp.clone(), rules).map_err(anyhow::Error::from);
    let made = match files.content_rules().and_then(|rules| with(&rules)) {
        Err(error) if !files.dlp.is_empty() => {
            files.refused.push(format!("templates of data protection: {error:#}"));
            files.dlp.clear();
            with(&Rules::default())
        }
        made => made,
    };
    Ok(Arc::new(made.context("the data protection engine can't start")?))
}

/// Puts in the audit log what was to be loaded and was refused.
async fn note_refused(rules: &RuleFiles, console: &Console) -> anyhow::Result<()> {
    for reason in &rules.refused {
        tracing::error!(%reason, "rules refused");
        console.note("rules.refuse", "rules", false, reason).await?;
    }
    Ok(())
}

/// The console's database for a command beside a running console.
///
/// # Errors
/// When the database can't be opened or a setting is wrong.
pub(crate) async fn open_console(settings: &Settings) -> anyhow::Result<Console> {
    let engine =
        Engine::new(settings.dlp.clone(), &Rules::default()).context("the data protection engine can't start")?;
    let dependencies = Dependencies {
        store: None,
        dlp: Arc::new(engine),
        dlp_settings: settings.dlp.clone(),
        sharing_directory: settings.data.directory.join("sharing"),
        evidence_directory: settings.evidence_directory(),
        indicators: None,
        recordings: None,
        statistics: None,
        books: None,
        clock: Arc::new(SystemClock),
    };
    Console::open(settings.console.clone(), dependencies).await.context("the console's data can't be opened")
}

/// The spool of the settings, recovered from whatever state it was left in.
///
/// # Errors
/// When its folder can't be used.
pub(crate) fn open_spool(settings: &Settings) -> anyhow::Result<Spool> {
    let directory = settings.spool_directory();
    let disk =
        FileDisk::open(&directory).with_context(|| format!("spool folder {} can't be used", directory.display()))?;
    let (spool, report) = Spool::open(Arc::new(disk), settings.spool.clone()).context("the spool can't be opened")?;
    tracing::info!(?report, "spool recovered");
    Ok(spool)
}
