//! The rules of a running sensor, and how those of another bundle take their place.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use fengsui_crypto::PublicKey;
use fengsui_files::{ContentRules, LiveScanRules, ScanRules};
use fengsui_sensor::{LiveRules, LoadedRules, Sensor, load_rules, scan_rules};
use fengsui_signatures::RuleData;

use super::uplink::Measured;
use crate::bundle::{self, Purpose, Shelf};
use crate::content::{RuleFiles, rule_files_with};
use crate::settings::Settings;

/// How often a sensor looks whether another bundle was installed.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Looks that are left out at most after some that failed in a row.
const PAUSE_LOOKS: u32 = 32;

/// Rules that were read and are not in force yet.
pub(super) struct ReadRules {
    pub(super) signatures: LoadedRules,
    pub(super) scanning: ScanRules,
}

/// Reads what a sensor works by. Rules that do not load are named in the log and stop nothing else.
///
/// # Errors
/// When a file can't be read.
pub(super) fn read(settings: &Settings, files: &RuleFiles) -> anyhow::Result<ReadRules> {
    let own = &settings.sensor;
    let paths: Vec<_> = files.suricata.iter().chain(&own.rules).cloned().collect();
    let signatures = load_rules(&paths, &own.variables, &RuleData::default())?;
    for failure in &signatures.report.failures {
        tracing::error!(file = %failure.file, line = failure.line, sid = failure.sid, reason = %failure.reason, "rule not loaded");
    }
    let (loaded, failed) = (signatures.report.loaded, signatures.report.failures.len());
    tracing::info!(loaded, failed, "signatures");
    let yara: Vec<_> = files.yara.iter().chain(&own.yara).cloned().collect();
    Ok(ReadRules { signatures, scanning: scan_rules(own, &yara, Some(content_rules(settings, files)?))? })
}

/// How sensitive data on the wire is found: as the console finds it.
///
/// # Errors
/// When a file can't be read.
pub(crate) fn content_rules(settings: &Settings, files: &RuleFiles) -> anyhow::Result<ContentRules> {
    Ok(ContentRules { settings: settings.dlp.clone(), rules: files.content_rules()? })
}

/// The rules of a sensor that runs.
pub(crate) struct SensorRules {
    settings: Settings,
    signatures: LiveRules,
    scanning: Option<LiveScanRules>,
}

impl SensorRules {
    /// Those of a sensor that was started with these settings.
    pub(crate) fn of(settings: &Settings, sensor: &Sensor) -> Self {
        let (signatures, scanning) = (sensor.rules().clone(), sensor.scan_rules().cloned());
        Self { settings: settings.clone(), signatures, scanning }
    }

    /// Reads rules for this sensor.
    ///
    /// # Errors
    /// When a file can't be read.
    pub(super) fn read(&self, files: &RuleFiles) -> anyhow::Result<ReadRules> {
        read(&self.settings, files)
    }

    /// Puts rules in force: signatures before the next packets, those for files before the next file of each worker.
    ///
    /// # Errors
    /// When they can't be sent to workers; nothing has changed then.
    pub(super) fn take(&self, rules: ReadRules) -> anyhow::Result<()> {
        match &self.scanning {
            Some(scanning) => scanning.replace(rules.scanning)?,
            None if rules.scanning.yara.is_empty() => {}
            None => tracing::warn!("this sensor began without scan workers; rules for files wait for its next start"),
        }
        self.signatures.replace(rules.signatures);
        Ok(())
    }
}

/// Where a sensor finds out that another bundle was installed in its data folder.
pub(super) struct Source {
    shelf: Shelf,
    signers: Vec<PublicKey>,
    /// The sensor's own folder.
    own: PathBuf,
    /// Version and SM3 of the bundle that was looked at last.
    seen: Option<(u64, String)>,
}

impl Source {
    /// What is in force at the start, and whose signature counts. Call while the keys can still be read.
    ///
    /// # Errors
    /// When a key can't be read.
    pub(super) fn open(settings: &Settings, files: &RuleFiles) -> anyhow::Result<Self> {
        let data = &settings.data.directory;
        let shelf = Shelf::below(data, Purpose::Rules);
        if let Err(error) = make_like(shelf.folder(), data) {
            let error = format!("{error:#}");
            tracing::warn!(error, "bundles that are installed later may be seen at the next start only");
        }
        let signers = bundle::read_signers(&settings.rules.signers)?;
        Ok(Self { shelf, signers, own: data.join("sensor"), seen: files.bundle.clone() })
    }

    /// What has to be read as long as the sensor runs.
    pub(super) fn reads(&self, settings: &Settings) -> Vec<PathBuf> {
        let (rules, sensor) = (&settings.rules, &settings.sensor);
        let named = [&rules.suricata, &rules.sigma, &rules.indicators, &rules.yara, &rules.suppressions];
        let named = named.into_iter().flatten().chain(&rules.grading).chain(&sensor.rules).chain(&sensor.yara);
        std::iter::once(self.shelf.folder()).map(PathBuf::from).chain(named.cloned()).collect()
    }
}

/// Makes a folder for whoever owns another one: who comes first makes it, and the others have to write there too.
fn make_like(folder: &std::path::Path, model: &std::path::Path) -> anyhow::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, chown};
    if folder.exists() {
        return Ok(());
    }
    let failed = || format!("{} can't be made", folder.display());
    std::fs::create_dir_all(folder).with_context(failed)?;
    let owner = std::fs::metadata(model).with_context(failed)?;
    chown(folder, Some(owner.uid()), Some(owner.gid())).with_context(failed)
}

/// Follows the bundles that are installed in the data folder of a sensor.
pub(super) struct Follower {
    source: Source,
    rules: SensorRules,
    /// Where the sensor's measurement is told.
    measured: Option<Measured>,
    /// Rules in force that are not measured yet.
    unmeasured: Option<RuleFiles>,
    /// Looks that failed in a row, and looks to leave out.
    failures: u32,
    pause: u32,
}

impl Follower {
    pub(super) const fn new(source: Source, rules: SensorRules, measured: Option<Measured>) -> Self {
        Self { source, rules, measured, unmeasured: None, failures: 0, pause: 0 }
    }

    /// Looks again and again; never returns.
    pub(super) async fn follow(mut self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            // Reading rules takes seconds.
            let looked = tokio::task::spawn_blocking(move || {
                self.look();
                self
            });
            match looked.await {
                Ok(back) => self = back,
                Err(error) => {
                    tracing::error!(%error, "bundles are no longer followed; rules stay as they are until the next start");
                    return std::future::pending().await;
                }
            }
        }
    }

    fn look(&mut self) {
        self.measure();
        if self.pause > 0 {
            self.pause -= 1;
            return;
        }
        match self.take_next() {
            Ok(None) => {}
            Ok(Some(version)) => {
                self.failures = 0;
                tracing::info!(version, "another bundle of rules is in force");
                self.measure();
            }
            Err(error) => {
                tracing::error!(error = %format!("{error:#}"), "another bundle of rules is not taken; the rules before stay in force");
                self.failures = self.failures.saturating_add(1);
                self.pause = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX).min(PAUSE_LOOKS);
            }
        }
    }

    /// Puts the bundle that is installed now in force, when it is another one; its version.
    fn take_next(&mut self) -> anyhow::Result<Option<u64>> {
        let installed = self.source.shelf.installed()?;
        if installed == self.source.seen {
            return Ok(None);
        }
        let bundle = self.source.shelf.load(&self.source.signers, bundle::now())?;
        let bundle = bundle.context("the bundle that was in force is gone")?;
        let version = bundle.manifest.version;
        let files = rule_files_with(&self.rules.settings.rules, &self.source.own, bundle)?;
        self.rules.take(self.rules.read(&files)?)?;
        self.source.seen = files.bundle.clone();
        self.unmeasured = Some(files);
        Ok(Some(version))
    }

    fn measure(&mut self) {
        let Some((files, measured)) = self.unmeasured.as_ref().zip(self.measured.as_ref()) else { return };
        match measured.rules_are(files) {
            Ok(false) => {}
            Ok(true) => self.unmeasured = None,
            Err(error) => {
                tracing::error!(error = %format!("{error:#}"), "the rules in force could not be measured");
                self.unmeasured = None;
            }
        }
    }
}
