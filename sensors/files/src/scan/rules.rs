//! What files are looked at with, as data: it goes to a worker as it is, and can be replaced while files are scanned.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fengsui_crypto::sm3;
use fengsui_dlp_engine::{EngineSettings, Rules};
use serde::{Deserialize, Serialize};

use crate::FilesError;

/// Names and texts of rule files.
pub type RuleTexts = Vec<(String, String)>;

/// What files are looked at with.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanRules {
    /// YARA rules; none to leave it out.
    pub yara: RuleTexts,
    /// How sensitive data is found; absent to leave it out.
    pub content: Option<ContentRules>,
}

/// How sensitive data is found.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContentRules {
    /// Settings of the engine.
    pub settings: EngineSettings,
    /// Rule files that replace embedded ones.
    pub rules: Rules,
}

/// Rules as they are sent, and the version that whoever loads them answers with.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) rules: ScanRules,
    pub(super) json: Vec<u8>,
    pub(super) version: String,
}

impl Encoded {
    fn new(rules: ScanRules) -> Result<Self, FilesError> {
        let json = serde_json::to_vec(&rules).map_err(|error| FilesError::Frame(error.to_string()))?;
        let version = version_of(&json);
        Ok(Self { rules, json, version })
    }
}

/// The version of rules by what was received: the start of its SM3 digest.
pub(super) fn version_of(json: &[u8]) -> String {
    hex::encode(&sm3(json)[..8])
}

/// The rules in force; replaced while files are scanned. Each scanner loads the new ones before its next file, and goes
/// on with the ones before when they are refused.
#[derive(Debug, Clone)]
pub struct LiveScanRules(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    current: Mutex<Arc<Encoded>>,
    serving: Mutex<BTreeMap<usize, String>>,
    helpers: OnceLock<Arc<dyn Helpers>>,
}

/// The processes that start scan workers.
pub trait Helpers: std::fmt::Debug + Send + Sync {
    /// What became of them so far.
    fn counts(&self) -> HelperCounts;
}

/// What became of the processes that start scan workers, since the sensor's start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HelperCounts {
    /// How many were started in the place of lost ones.
    pub restarted: u64,
    /// How often the last one was lost, so that no file is scanned any more.
    pub gone: u64,
}

impl LiveScanRules {
    /// Begins with these rules.
    ///
    /// # Errors
    /// When they can't be sent.
    pub fn new(rules: ScanRules) -> Result<Self, FilesError> {
        let current = Mutex::new(Arc::new(Encoded::new(rules)?));
        Ok(Self(Arc::new(Shared { current, serving: Mutex::default(), helpers: OnceLock::new() })))
    }

    /// Puts other rules in force.
    ///
    /// # Errors
    /// When they can't be sent.
    pub fn replace(&self, rules: ScanRules) -> Result<(), FilesError> {
        let next = Arc::new(Encoded::new(rules)?);
        *self.0.current.lock().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// The version of the rules in force.
    #[must_use]
    pub fn version(&self) -> String {
        self.current().version.clone()
    }

    /// The version that each scanner has loaded, by its number; the same as [`Self::version`] once all have settled.
    #[must_use]
    pub fn serving(&self) -> BTreeMap<usize, String> {
        self.0.serving.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Names the processes that start those who scan with these rules; the first ones count.
    pub fn started_by(&self, helpers: Arc<dyn Helpers>) {
        let _ = self.0.helpers.set(helpers);
    }

    /// What became of those processes; nothing where files are looked at without any.
    #[must_use]
    pub fn helpers(&self) -> HelperCounts {
        self.0.helpers.get().map(|helpers| helpers.counts()).unwrap_or_default()
    }

    /// Whether there are YARA rules.
    #[must_use]
    pub fn has_yara(&self) -> bool {
        !self.current().rules.yara.is_empty()
    }

    /// Whether sensitive data is looked for.
    #[must_use]
    pub fn has_content(&self) -> bool {
        self.current().rules.content.is_some()
    }

    pub(super) fn current(&self) -> Arc<Encoded> {
        Arc::clone(&self.0.current.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn note_serving(&self, scanner: usize, version: &str) {
        self.0.serving.lock().unwrap_or_else(PoisonError::into_inner).insert(scanner, version.to_owned());
    }
}
