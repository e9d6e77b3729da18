//! The rules in force, and how others take their place while the node runs.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::ensure;
use fengsui_api::{Enforced, Enforcer, Offered, ReloadRules};
use fengsui_dlp_engine::{Engine, EngineSettings};
use fengsui_pipeline::{Detection, load_detection};

use super::SensorRules;
use crate::bundle::{self, Purpose, Shelf};
use crate::content::{RuleFiles, rule_files_with};
use crate::settings::{RulesSettings, Settings};

/// Hands rules to the analyzer.
type Exchange = Arc<dyn Fn(Arc<Detection>) + Send + Sync>;

/// The rules in force.
#[derive(Clone)]
pub(super) struct InForce(Arc<Shared>);

struct Shared {
    settings: RulesSettings,
    dlp: EngineSettings,
    data: PathBuf,
    /// Lists that people take in. The node is not measured by them: they change too often.
    lists: PathBuf,
    /// Held while rules are read and exchanged, so that two exchanges come one after the other.
    files: Mutex<RuleFiles>,
    exchange: OnceLock<Exchange>,
    /// Sensors of this process.
    sensors: Mutex<Vec<SensorRules>>,
}

impl InForce {
    /// What a node begins with.
    ///
    /// # Errors
    /// When the folder of lists can't be made.
    pub(super) fn new(settings: &Settings, files: RuleFiles, lists: PathBuf) -> anyhow::Result<Self> {
        // The folder is made now; the files in it are read whenever rules are loaded.
        files.clone().read_indicators_of(&lists)?;
        let (settings, dlp, data) = (settings.rules.clone(), settings.dlp.clone(), settings.data.directory.clone());
        let (files, sensors) = (Mutex::new(files), Mutex::default());
        Ok(Self(Arc::new(Shared { settings, dlp, data, lists, files, exchange: OnceLock::new(), sensors })))
    }

    /// The files in force.
    pub(super) fn files(&self) -> RuleFiles {
        self.lock().clone()
    }

    /// Reads them; how many did not load.
    ///
    /// # Errors
    /// When a file can't be read.
    pub(super) fn load(&self) -> anyhow::Result<(Detection, usize)> {
        self.read(&self.lock())
    }

    /// Where rules go from now on.
    pub(super) fn exchange_with(&self, exchange: Exchange) {
        let _ = self.0.exchange.set(exchange);
    }

    /// Has a sensor of this process take the rules that come from now on.
    pub(super) fn followed_by(&self, sensor: SensorRules) {
        self.0.sensors.lock().unwrap_or_else(PoisonError::into_inner).push(sensor);
    }

    /// Reads every rule file again and puts the rules in force. What does not load is in the log and stops nothing else.
    pub(super) fn reload_hook(&self) -> ReloadRules {
        let own = self.clone();
        Arc::new(move || {
            let files = own.lock();
            let (detection, _) = own.read(&files).map_err(|error| format!("{error:#}"))?;
            match own.0.exchange.get() {
                Some(exchange) => {
                    exchange(Arc::new(detection));
                    Ok(())
                }
                None => Err("the analyzer has not started".to_owned()),
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, RuleFiles> {
        // The list of files is exchanged whole, so that it is whole after a panic too.
        self.0.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, files: &RuleFiles) -> anyhow::Result<(Detection, usize)> {
        let mut files = files.clone();
        files.read_indicators_of(&self.0.lists)?;
        let (detection, report) = load_detection(&files.detection())?;
        for failure in &report.failures {
            tracing::error!(file = %failure.file, reason = %failure.reason, "rule not loaded");
        }
        Ok((detection, report.failures.len()))
    }

    /// A bundle for a purpose, as far as it is trusted.
    fn opened(&self, bytes: &[u8], purpose: Purpose) -> anyhow::Result<bundle::Bundle> {
        let signers = &self.0.settings.signers;
        ensure!(!signers.is_empty(), "rules.signers names no key here, so that no bundle can be trusted");
        bundle::open(bytes, purpose, &bundle::read_signers(signers)?, bundle::now())
    }

    /// Rules are read before anything changes: a bundle that can't be read is refused whole.
    fn take_rules(&self, bytes: &[u8]) -> anyhow::Result<Enforced> {
        let bundle = self.opened(bytes, Purpose::Rules)?;
        let version = bundle.manifest.version;
        let shelf = Shelf::below(&self.0.data, Purpose::Rules);
        shelf.check(&bundle, false)?;
        let mut files = self.lock();
        let next = rule_files_with(&self.0.settings, &self.0.data, bundle.clone())?;
        let (detection, failed) = self.read(&next)?;
        Engine::new(self.0.dlp.clone(), &next.content_rules()?)?;
        let sensors = self.0.sensors.lock().unwrap_or_else(PoisonError::into_inner);
        let read = sensors.iter().map(|sensor| sensor.read(&next)).collect::<anyhow::Result<Vec<_>>>()?;
        shelf.install(bytes, &bundle, false)?;
        let mut notes = Vec::new();
        if failed > 0 {
            notes.push(format!("{failed} rules did not load"));
        }
        if next.suricata != files.suricata || next.yara != files.yara || next.dlp != files.dlp {
            notes.push("a sensor with this data folder takes its rules up within seconds".to_owned());
        }
        if next.dlp != files.dlp {
            notes.push("templates of data protection hold on the console from its next start".to_owned());
        }
        match self.0.exchange.get() {
            Some(exchange) => exchange(Arc::new(detection)),
            None => notes.push("no analyzer runs in this process; it reads them at its next start".to_owned()),
        }
        for (sensor, rules) in sensors.iter().zip(read) {
            sensor.take(rules)?;
        }
        *files = next;
        Ok(Enforced { version, note: notes.join("; ") })
    }

    fn take_masking(&self, bytes: &[u8]) -> anyhow::Result<Offered> {
        let bundle = self.opened(bytes, Purpose::Masking)?;
        let policies: Result<Vec<String>, _> = bundle.contents.iter().cloned().map(String::from_utf8).collect();
        let policies = policies.map_err(|_| anyhow::anyhow!("a policy in it is no UTF-8"))?;
        Shelf::below(&self.0.data, Purpose::Masking).install(bytes, &bundle, false)?;
        Ok(Offered { version: bundle.manifest.version, policies })
    }
}

impl Enforcer for InForce {
    fn rules(&self, bundle: &[u8]) -> Result<Enforced, String> {
        self.take_rules(bundle).map_err(|error| format!("{error:#}"))
    }

    fn masking(&self, bundle: &[u8]) -> Result<Offered, String> {
        self.take_masking(bundle).map_err(|error| format!("{error:#}"))
    }
}
