//! The uplink of a sensor: its spool, its key, whom it was enrolled with, and the thread that sends.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use anyhow::Context;
use arc_swap::ArcSwapOption;
use fengsui_api::{Measurement, SensorEnrolment};
use fengsui_crypto::{KeyPair, PublicKey};
use fengsui_relay::{FileDisk, Spool};
use fengsui_sensor::{OfflineOptions, OfflineSummary, SpoolSink, Uplink, UplinkParts, run_offline_into};

use super::{DataLock, SystemClock, runtime};
use crate::content::RuleFiles;
use crate::hardening::{Network, Sandbox};
use crate::settings::Settings;

/// What a name server's client reads.
const RESOLVER: &[&str] =
    &["/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/proc/self"];

/// Folder of what belongs to the sensor.
fn folder(settings: &Settings) -> PathBuf {
    settings.data.directory.join("sensor")
}

/// Asks a console to let the sensor of these settings in; the fingerprint of its key. The key is made at the first time.
///
/// # Errors
/// When the code is wrong, the console can't be reached, or the folder can't be written.
pub(crate) fn enrol(settings: &Settings, code: &str) -> anyhow::Result<String> {
    let folder = folder(settings);
    std::fs::create_dir_all(&folder).with_context(|| format!("{} can't be made", folder.display()))?;
    let path = folder.join("node.pem");
    let key = if path.exists() { KeyPair::load(&path)? } else { KeyPair::generate()? };
    if !path.exists() {
        key.save(&path)?;
    }
    let (tier, name) = (&settings.console.tier, &settings.sensor.observer);
    let enrolment = runtime()?.block_on(fengsui_api::enrol_sensor(tier, name, &key, code))?;
    let path = folder.join("uplink.json");
    std::fs::write(&path, serde_json::to_vec_pretty(&enrolment)?)
        .with_context(|| format!("{} can't be written", path.display()))?;
    Ok(key.public().id().to_string())
}

/// Spool, sink and sender of the sensor.
///
/// # Errors
/// When the sensor was not enrolled, or its spool can't be used.
pub(super) fn open(settings: &Settings, measured: &Measured) -> anyhow::Result<(SpoolSink, Uplink)> {
    let folder = folder(settings);
    let path = folder.join("uplink.json");
    let text = std::fs::read(&path)
        .with_context(|| format!("{} can't be read; enrol with `fengsui node enrol --sensor`", path.display()))?;
    let enrolment: SensorEnrolment =
        serde_json::from_slice(&text).with_context(|| format!("{} is damaged; enrol again", path.display()))?;
    let key = KeyPair::load(&folder.join("node.pem"))?;
    let analyzer = hex_bytes(&enrolment.public_key).and_then(|bytes| PublicKey::from_bytes(&bytes).ok());
    let analyzer = analyzer.with_context(|| format!("{} holds no key of an analyzer; enrol again", path.display()))?;
    let directory = folder.join("spool");
    let disk =
        FileDisk::open(&directory).with_context(|| format!("spool folder {} can't be used", directory.display()))?;
    let (spool, report) = Spool::open(Arc::new(disk), settings.spool.clone()).context("the spool can't be opened")?;
    tracing::info!(?report, "spool recovered");
    let sink = SpoolSink::new(spool.clone(), &settings.sensor.observer, Arc::new(SystemClock));
    let parts = UplinkParts {
        spool,
        sensor: enrolment.sensor.parse().context("the name of the sensor is wrong; enrol again")?,
        key,
        analyzer,
        emitted: sink.emitted(),
        measurement: Arc::clone(&measured.told),
        clock: Arc::new(SystemClock),
    };
    Ok((sink, Uplink::open(&settings.sensor.uplink, parts)?))
}

/// What a sensor measured of itself, as its parcels tell it.
#[derive(Clone, Default)]
pub(super) struct Measured {
    told: Arc<ArcSwapOption<String>>,
    parts: Arc<ArcSwapOption<Measurement>>,
}

impl Measured {
    fn take(&self, measurement: Measurement) {
        self.told.store(Some(Arc::new(measurement.digest())));
        self.parts.store(Some(Arc::new(measurement)));
    }

    /// Measures program, rules and settings.
    fn measure(&self, settings: &Settings, files: &RuleFiles) -> anyhow::Result<()> {
        let files = files.with_those_of(&settings.sensor)?;
        self.take(super::measurement::measure(settings, &files)?);
        Ok(())
    }

    /// These rules are in force now. False while the sensor is still being measured as it started: the answer to that
    /// would overwrite this one.
    ///
    /// # Errors
    /// When a rule file can't be read.
    pub(super) fn rules_are(&self, files: &RuleFiles) -> anyhow::Result<bool> {
        let Some(before) = self.parts.load_full() else { return Ok(false) };
        let rules = super::measurement::measure_rules(files)?;
        self.take(Measurement { rules, ..Measurement::clone(&before) });
        Ok(true)
    }
}

/// Measures program, rules and settings.
pub(super) fn measured(settings: &Settings, files: &RuleFiles) -> anyhow::Result<Measured> {
    let measured = Measured::default();
    measured.measure(settings, files)?;
    Ok(measured)
}

/// Measures program, rules and settings in a thread of its own, which ends with that: events don't wait for it.
pub(super) fn measured_aside(settings: &Settings, files: RuleFiles) -> anyhow::Result<Measured> {
    let (measured, settings) = (Measured::default(), settings.clone());
    let told = measured.clone();
    std::thread::Builder::new().name("measure".to_owned()).spawn(move || {
        if let Err(error) = told.measure(&settings, &files) {
            tracing::error!(error = %format!("{error:#}"), "this sensor could not be measured");
        }
    })?;
    Ok(measured)
}

fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).filter_map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect())
}

/// The thread that sends.
pub(crate) struct Sending {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Sending {
    /// Starts to send. The thread keeps the network and the sensor's own folder, and gives everything else up.
    ///
    /// # Errors
    /// When it can't be started.
    pub(crate) fn start(uplink: Uplink, settings: &Settings) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let read = RESOLVER.iter().map(PathBuf::from).collect();
        let sandbox =
            Sandbox { read, write: vec![folder(settings)], network: Network::Everything, ..Sandbox::default() };
        let asked = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("uplink".to_owned()).spawn(move || match sandbox.enter() {
            Ok(_) => uplink.run(&asked),
            Err(error) => {
                tracing::error!(%error, "the uplink can't be confined and does not run; events wait in the spool")
            }
        })?;
        Ok(Self { stop, thread })
    }

    /// Ends after the parcel that is on its way.
    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::Release);
        if self.thread.join().is_err() {
            tracing::error!("the uplink ended by a panic; what it did not send stays in the spool");
        }
    }
}

/// `fengsui sensor -r FILE --uplink URL`: reads the capture into the spool and sends until everything has arrived.
///
/// # Errors
/// When the capture can't be read, the sensor was not enrolled, or the analyzer refuses it.
pub(crate) fn send_capture(settings: &Settings, options: &OfflineOptions) -> anyhow::Result<OfflineSummary> {
    let _lock = DataLock::take(&folder(settings))?;
    let files = RuleFiles { suricata: options.rules.clone(), ..RuleFiles::default() };
    let (mut sink, uplink) = open(settings, &measured(settings, &files)?)?;
    let summary = run_offline_into(options, &mut sink)?;
    uplink.drain(&AtomicBool::new(false))?;
    Ok(summary)
}
