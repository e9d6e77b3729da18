//! Long-running roles: what is started in which order, and how it stops.

mod counters;
mod in_force;
mod lock;
mod measurement;
mod node;
mod recorded;
mod scan_pair;
mod scan_worker;
mod sensor;
mod sensor_rules;
mod uplink;

use anyhow::Context;
use fengsui_schema::{Clock, Timestamp};
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::ConsoleArguments;
use crate::settings::Settings;
use crate::terminal::tell;

use counters::Counters;
pub(crate) use lock::DataLock;
pub(crate) use node::{Node, open_console, open_spool};
pub(crate) use scan_pair::{PairJob, run_keeper_of_pair};
pub(crate) use scan_worker::{ScanHelpers, count_yara_rules, frugal, is_frugal, run_scan_worker};
pub(crate) use sensor::{run_live as run_live_sensor, spool_sink, start as start_sensor};
pub(crate) use sensor_rules::{SensorRules, content_rules};
pub(crate) use uplink::{enrol as enrol_sensor, send_capture};

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// The runtime of everything above the sans-I/O cores.
///
/// # Errors
/// When the system gives no threads.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime could not be started")
}

/// Returns at the first Ctrl-C or termination request.
///
/// # Errors
/// When signals can't be listened to.
pub(crate) async fn until_interrupted() -> anyhow::Result<()> {
    let mut terminated = signal(SignalKind::terminate()).context("the termination signal can't be listened to")?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result.context("Ctrl-C can't be listened to"),
        _ = terminated.recv() => Ok(()),
    }
}

/// `fengsui analyzer`: the analyzer without a console; alerts and incidents are kept for one that is started later.
///
/// # Errors
/// When the data folder is in use or can't be written, or a listener's address is taken.
pub(crate) fn run_analyzer(settings: Settings) -> anyhow::Result<()> {
    let settings = settings.placed();
    let _lock = DataLock::take(&settings.data.directory)?;
    runtime()?.block_on(async {
        let node = Node::start_headless(&settings).await?;
        until_interrupted().await?;
        tracing::info!("stopping");
        node.stop().await
    })
}

/// `fengsui console`: the console, with the analyzer in the same process unless told otherwise.
///
/// # Errors
/// When the address is taken, or as [`run_analyzer`].
pub(crate) fn run_console(mut settings: Settings, arguments: ConsoleArguments) -> anyhow::Result<()> {
    if let Some(port) = arguments.port {
        settings.listen.set_port(port);
    }
    if let Some(parent) = arguments.parent {
        settings.console.tier.parent = Some(parent);
    }
    check_tier(&settings, arguments.tier.as_deref())?;
    let listener = std::net::TcpListener::bind(settings.listen.console).with_context(|| {
        format!("{} can't be listened on; change listen.console or --port", settings.listen.console)
    })?;
    let settings = settings.placed();
    let _lock = DataLock::take(&settings.data.directory)?;
    runtime()?.block_on(async {
        let node = match arguments.without_analyzer {
            true => Node::start_console_only(&settings, listener).await?,
            false => Node::start(&settings, listener).await?,
        };
        tracing::info!(address = %settings.listen.console, "console is up");
        if let Some(code) = node.console().setup_code() {
            tell(format_args!(
                "no account yet; open http://{}/ and enter the set-up code {code}",
                settings.listen.console
            ));
        }
        until_interrupted().await?;
        tracing::info!("stopping");
        node.stop().await
    })
}

/// The tier follows from the unit's code; naming another one is a mistake worth stopping for.
fn check_tier(settings: &Settings, tier: Option<&str>) -> anyhow::Result<()> {
    let Some(wanted) = tier else { return Ok(()) };
    let unit: fengsui_schema::UnitCode = settings.console.unit.parse().context("console.unit is wrong")?;
    let actual = format!("{:?}", unit.tier()).to_lowercase();
    anyhow::ensure!(
        actual == wanted,
        "--tier {wanted} does not fit console.unit {unit}, which is a {actual}; change one of them"
    );
    Ok(())
}
