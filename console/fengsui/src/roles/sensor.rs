//! The live sensor: an interface (or a playback in its place) to the spool.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use fengsui_capture::PacketSource;
use fengsui_files::LiveScanRules;
use fengsui_relay::Spool;
use fengsui_sensor::{
    EveFile, EventSink, LiveRules, Sensor, SensorParts, SensorSettings, SpoolSink, load_hash_lists, open_sources,
    start_scanning,
};

use super::sensor_rules::{Follower, ReadRules, SensorRules, Source, read};
use super::{DataLock, ScanHelpers, SystemClock, runtime, until_interrupted, uplink};
use crate::content::{RuleFiles, rule_files};
use crate::hardening::{Enforced, Identity, Network, Sandbox};
use crate::settings::Settings;
use crate::terminal::tell;

/// Starts a sensor over sources that are open, in this process as it is.
///
/// # Errors
/// When rules can't be read or a thread can't be started.
pub(crate) fn start(
    settings: &Settings,
    files: &RuleFiles,
    sources: Vec<Box<dyn PacketSource>>,
    sink: Box<dyn EventSink>,
) -> anyhow::Result<Sensor> {
    run(settings, parts(settings, files, &ScanHelpers::default())?, sources, sink)
}

/// What a sensor needs besides packets: rules, scanners, lists. Starts processes and no threads.
fn parts(settings: &Settings, files: &RuleFiles, helpers: &ScanHelpers) -> anyhow::Result<SensorParts> {
    let unsigned = !settings.sensor.rules.is_empty() || !settings.sensor.yara.is_empty();
    anyhow::ensure!(
        !(settings.rules.signed_only && unsigned),
        "sensor.rules and sensor.yara name files that nobody signed, and rules.signed_only is set; put them into a bundle"
    );
    let (confinement, helpers) = (settings.confinement.clone(), helpers.clone());
    let ReadRules { signatures, scanning } = read(settings, files)?;
    let mut parts = SensorParts::new(LiveRules::new(signatures));
    let start = move |rules: &LiveScanRules, count| helpers.start(&confinement, rules, count);
    parts.scanning = start_scanning(&settings.sensor, scanning, &start)?;
    parts.hashes = load_hash_lists(&settings.sensor.hash_lists)?;
    Ok(parts)
}

fn run(
    settings: &Settings,
    parts: SensorParts,
    sources: Vec<Box<dyn PacketSource>>,
    sink: Box<dyn EventSink>,
) -> anyhow::Result<Sensor> {
    Sensor::start(settings.sensor.clone(), parts, sources, sink, Arc::new(SystemClock))
        .context("the sensor can't start")
}

/// The sink that hands events to the analyzer of this process.
pub(crate) fn spool_sink(settings: &SensorSettings, spool: Spool) -> Box<dyn EventSink> {
    Box::new(SpoolSink::new(spool, &settings.observer, Arc::new(SystemClock)))
}

/// `fengsui sensor -i`: events go to the analyzer over the uplink, or to `eve.json` in the log folder.
///
/// # Errors
/// When the interface can't be listened on or the log folder not written.
pub(crate) fn run_live(mut settings: Settings, interface: String, log_directory: &Path) -> anyhow::Result<()> {
    settings.sensor.interface = Some(interface);
    let settings = settings.placed();
    let _lock = DataLock::take(&settings.data.directory.join("sensor"))?;
    let files = rule_files(&settings.rules, &settings.data.directory.join("sensor"), &settings.data.directory)?;
    for reason in &files.refused {
        tracing::error!(%reason, "rules refused");
    }
    let (evidence, own) = (settings.evidence_directory(), settings.data.directory.join("sensor"));
    let source = Source::open(&settings, &files)?;
    let mut sandbox = sandbox(&settings, log_directory, [evidence, own])?;
    sandbox.read.extend(source.reads(&settings));
    let sources = open_sources(&settings.sensor, Arc::new(SystemClock))?;
    let helpers = ScanHelpers::default();
    let parts = parts(&settings, &files, &helpers)?;
    let (sink, measured, sending) = open_sink(&settings, &files, log_directory, &sandbox)?;
    // Rules are read and sockets are open; the threads that parse what strangers send begin after this.
    match sandbox.confine()? {
        Enforced::Fully => tracing::info!("confined: no capabilities, own folders, no new sockets or programs"),
        Enforced::WithoutAllFiles => {
            tracing::warn!("this kernel can't confine files; use the systemd unit as well")
        }
    }
    let sensor = run(&settings, parts, sources, sink)?;
    let follower = Follower::new(source, SensorRules::of(&settings, &sensor), measured);
    let ended = runtime()?.block_on(async {
        tokio::select! {
            ended = until_ended(&helpers) => ended,
            () = follower.follow() => Ok(()),
        }
    });
    let end = sensor.stop().context("the sensor did not stop cleanly")?;
    if let Some(sending) = sending {
        sending.stop();
    }
    let seen = end.visibility;
    tell(format_args!(
        "{} packets seen, {} inspected ({:.2} %), {} alerts",
        seen.packets_seen,
        seen.packets_inspected,
        f64::from(seen.inspected_basis_points()) / 100.0,
        end.alerts
    ));
    ended
}

/// Set for what a service manager has started and starts again (systemd.exec(5)).
const SUPERVISED: &str = "INVOCATION_ID";

/// Returns when the sensor is to end: told to, or because nothing scans files any more and somebody starts it again. A
/// sensor without a supervisor goes on: every file is told as unscanned.
async fn until_ended(helpers: &ScanHelpers) -> anyhow::Result<()> {
    let interrupted = until_interrupted();
    tokio::pin!(interrupted);
    tokio::select! {
        told = &mut interrupted => return told,
        () = helpers.until_gone() => {}
    }
    tracing::error!(
        "both keepers of scan workers were killed at once: no file is scanned until this sensor starts again"
    );
    if std::env::var_os(SUPERVISED).is_some() {
        anyhow::bail!(
            "both keepers of scan workers were killed at once; the service manager is to start the sensor again"
        );
    }
    interrupted.await
}

/// What the process keeps; its folders are made, and given to whom it becomes.
fn sandbox(settings: &Settings, log_directory: &Path, folders: [PathBuf; 2]) -> anyhow::Result<Sandbox> {
    let user = Identity::to_become(&settings.confinement.user)?;
    for folder in &folders {
        std::fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
        if let Some(user) = user {
            user.own(folder)?;
        }
    }
    let write = folders.into_iter().chain([log_directory.to_owned()]).collect();
    Ok(Sandbox { read: vec!["/proc/self".into()], write, user, network: Network::Accepting, ..Sandbox::default() })
}

/// Where events go; with an uplink, what it tells of the sensor's rules and what sends.
type Opened = (Box<dyn EventSink>, Option<uplink::Measured>, Option<uplink::Sending>);

/// Where events go, and what sends them. Privileges are given up before the first thread begins: `eve.json` is opened
/// with them, a spool and the key beside it belong to whom the process becomes.
fn open_sink(
    settings: &Settings,
    files: &RuleFiles,
    log_directory: &Path,
    sandbox: &Sandbox,
) -> anyhow::Result<Opened> {
    if settings.sensor.uplink.url.is_none() {
        std::fs::create_dir_all(log_directory).with_context(|| format!("{} can't be made", log_directory.display()))?;
        let file = EveFile::create(&log_directory.join("eve.json"))?;
        sandbox.give_up_privileges()?;
        return Ok((Box::new(file), None, None));
    }
    // Who becomes somebody else may not read afterwards what is measured.
    let early = if sandbox.user.is_some() { Some(uplink::measured(settings, files)?) } else { None };
    sandbox.give_up_privileges()?;
    let measured = early.map_or_else(|| uplink::measured_aside(settings, files.clone()), Ok)?;
    let (sink, uplink) = uplink::open(settings, &measured)?;
    Ok((Box::new(sink), Some(measured), Some(uplink::Sending::start(uplink, settings)?)))
}
