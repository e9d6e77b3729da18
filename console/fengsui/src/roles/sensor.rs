//! The live sensor: an interface (or a playback in its place) to the spool.

use std::sync::Arc;

use anyhow::Context;
use fengsui_capture::PacketSource;
use fengsui_dlp_engine::{Engine, Rules};
use fengsui_relay::Spool;
use fengsui_sensor::{
    EveFile, EventSink, LiveRules, Sensor, SensorParts, SensorSettings, SpoolSink, load_hash_lists, load_rules,
    open_sources, start_scanners,
};
use fengsui_signatures::RuleData;

use super::{DataLock, SystemClock, runtime, start_scan_workers, until_interrupted, uplink};
use crate::content::{RuleFiles, rule_files};
use crate::hardening::{Enforced, Identity, Sandbox};
use crate::settings::Settings;
use crate::terminal::tell;

/// Starts a sensor over sources that are open.
///
/// # Errors
/// When rules can't be read or a thread can't be started.
pub(crate) fn start(
    settings: &Settings,
    files: &RuleFiles,
    classifier: Arc<Engine>,
    sources: Vec<Box<dyn PacketSource>>,
    sink: Box<dyn EventSink>,
    sandbox: Option<Sandbox>,
) -> anyhow::Result<Sensor> {
    let unsigned = !settings.sensor.rules.is_empty() || !settings.sensor.yara.is_empty();
    anyhow::ensure!(
        !(settings.rules.signed_only && unsigned),
        "sensor.rules and sensor.yara name files that nobody signed, and rules.signed_only is set; put them into a bundle"
    );
    let (settings, confinement) = (&settings.sensor, settings.confinement.clone());
    let paths: Vec<_> = files.suricata.iter().chain(&settings.rules).cloned().collect();
    let rules = load_rules(&paths, &settings.variables, &RuleData::default())?;
    for failure in &rules.report.failures {
        tracing::error!(file = %failure.file, line = failure.line, sid = failure.sid, reason = %failure.reason, "rule not loaded");
    }
    tracing::info!(loaded = rules.report.loaded, failed = rules.report.failures.len(), "signatures");
    let mut parts = SensorParts::new(LiveRules::new(rules));
    parts.classifier = settings.classify_content.then_some(classifier);
    let yara: Vec<_> = files.yara.iter().chain(&settings.yara).cloned().collect();
    parts.scanners = start_scanners(&yara, settings.yara_threads, &move |rules, count| {
        start_scan_workers(&confinement, rules, count)
    })?;
    parts.hashes = load_hash_lists(&settings.hash_lists)?;
    // Rules are read and sockets are open; the threads that parse what strangers send begin after this.
    if let Some(sandbox) = sandbox {
        match sandbox.enter()? {
            Enforced::Fully => tracing::info!("confined: no capabilities, own folders, no new sockets or programs"),
            Enforced::WithoutAllFiles => {
                tracing::warn!("this kernel can't confine files; use the systemd unit as well")
            }
        }
    }
    Sensor::start(settings.clone(), parts, sources, sink, Arc::new(SystemClock)).context("the sensor can't start")
}

/// The sink that hands events to the analyzer of this process.
pub(crate) fn spool_sink(settings: &SensorSettings, spool: Spool) -> Box<dyn EventSink> {
    Box::new(SpoolSink::new(spool, &settings.observer, Arc::new(SystemClock)))
}

/// `fengsui sensor -i`: events go to the analyzer over the uplink, or to `eve.json` in the log folder.
///
/// # Errors
/// When the interface can't be listened on or the log folder not written.
pub(crate) fn run_live(
    mut settings: Settings,
    interface: String,
    log_directory: &std::path::Path,
) -> anyhow::Result<()> {
    settings.sensor.interface = Some(interface);
    let settings = settings.placed();
    let _lock = DataLock::take(&settings.data.directory.join("sensor"))?;
    let files = rule_files(&settings.rules, &settings.data.directory.join("sensor"), &settings.data.directory)?;
    for reason in &files.refused {
        tracing::error!(%reason, "rules refused");
    }
    let engine = Arc::new(Engine::new(settings.dlp.clone(), &Rules::default())?);
    let (sink, sending): (Box<dyn EventSink>, _) = match settings.sensor.uplink.url {
        Some(_) => {
            let (sink, uplink) = uplink::open(&settings, uplink::measured_aside(&settings, files.clone())?)?;
            (Box::new(sink), Some(uplink::Sending::start(uplink, &settings)?))
        }
        None => {
            std::fs::create_dir_all(log_directory)
                .with_context(|| format!("{} can't be made", log_directory.display()))?;
            (Box::new(EveFile::create(&log_directory.join("eve.json"))?), None)
        }
    };
    let evidence = settings.evidence_directory();
    std::fs::create_dir_all(&evidence).with_context(|| format!("{} can't be made", evidence.display()))?;
    let own = settings.data.directory.join("sensor");
    // The thread of an uplink runs already, and would stay root alone.
    let user = if sending.is_none() { Identity::to_become(&settings.confinement.user)? } else { None };
    if let Some(user) = user {
        // `eve.json` is open already; what is made later is made in these.
        [&evidence, &own].into_iter().try_for_each(|folder| user.own(folder))?;
    }
    let sandbox = Sandbox {
        read: vec!["/proc/self".into()],
        write: vec![log_directory.to_owned(), evidence, own],
        user,
        ..Sandbox::default()
    };
    let sources = open_sources(&settings.sensor, Arc::new(SystemClock))?;
    let sensor = start(&settings, &files, engine, sources, sink, Some(sandbox))?;
    runtime()?.block_on(until_interrupted())?;
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
    Ok(())
}
