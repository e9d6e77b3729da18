//! The live sensor: an interface (or a playback in its place) to the spool.

use std::sync::Arc;

use anyhow::Context;
use fengsui_capture::PacketSource;
use fengsui_dlp_engine::{Engine, Rules};
use fengsui_relay::Spool;
use fengsui_sensor::{
    EveFile, EventSink, LiveRules, Sensor, SensorParts, SensorSettings, SpoolSink, load_hash_lists, load_rules,
    load_yara, open_sources,
};
use fengsui_signatures::RuleData;

use super::{DataLock, SystemClock, runtime, until_interrupted, uplink};
use crate::content::{RuleFiles, rule_files};
use crate::hardening::{Enforced, Sandbox};
use crate::settings::Settings;

/// Starts a sensor over sources that are open.
///
/// # Errors
/// When rules can't be read or a thread can't be started.
pub(crate) fn start(
    settings: &SensorSettings,
    files: &RuleFiles,
    classifier: Arc<Engine>,
    sources: Vec<Box<dyn PacketSource>>,
    sink: Box<dyn EventSink>,
    sandbox: Option<Sandbox>,
) -> anyhow::Result<Sensor> {
    let paths: Vec<_> = files.suricata.iter().chain(&settings.rules).cloned().collect();
    let rules = load_rules(&paths, &settings.variables, &RuleData::default())?;
    for failure in &rules.report.failures {
        tracing::error!(file = %failure.file, line = failure.line, sid = failure.sid, reason = %failure.reason, "rule not loaded");
    }
    tracing::info!(loaded = rules.report.loaded, failed = rules.report.failures.len(), "signatures");
    let mut parts = SensorParts::new(LiveRules::new(rules));
    parts.classifier = settings.classify_content.then_some(classifier);
    parts.yara = load_yara(&files.yara.iter().chain(&settings.yara).cloned().collect::<Vec<_>>())?;
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
    let files = rule_files(&settings.rules, &settings.data.directory.join("sensor"))?;
    let engine = Arc::new(Engine::new(settings.dlp.clone(), &Rules::default())?);
    let (sink, sending): (Box<dyn EventSink>, _) = match settings.sensor.uplink.url {
        Some(_) => {
            let (sink, uplink) = uplink::open(&settings)?;
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
    let sandbox = Sandbox {
        read: vec!["/proc/self".into()],
        write: vec![log_directory.to_owned(), evidence, settings.data.directory.join("sensor")],
        connects: false,
    };
    let sources = open_sources(&settings.sensor, Arc::new(SystemClock))?;
    let sensor = start(&settings.sensor, &files, engine, sources, sink, Some(sandbox))?;
    runtime()?.block_on(until_interrupted())?;
    let end = sensor.stop().context("the sensor did not stop cleanly")?;
    if let Some(sending) = sending {
        sending.stop();
    }
    let seen = end.visibility;
    eprintln!(
        "fengsui: {} packets seen, {} inspected ({:.2} %), {} alerts",
        seen.packets_seen,
        seen.packets_inspected,
        f64::from(seen.inspected_basis_points()) / 100.0,
        end.alerts
    );
    Ok(())
}
