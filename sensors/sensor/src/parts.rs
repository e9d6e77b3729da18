//! What a sensor is put together from.

use std::path::PathBuf;
use std::sync::Arc;

use fengsui_dlp_engine::Engine;
use fengsui_files::{Digest, FilesError, HashList, RuleTexts, Scanner, YaraPool, YaraRules};
use fengsui_schema::{UnitCode, shown};
use fengsui_signatures::Tracking;

use crate::evidence::EvidenceWriter;
use crate::file_store::FileStore;
use crate::flow::network;
use crate::rules::{LiveRules, read_files};
use crate::settings::SensorSettings;
use crate::worker::{Shared, classifying};
use crate::{SensorError, limits};

/// What a sensor needs beside its settings. Everything is optional but the rules, which may be empty.
pub struct SensorParts {
    /// Rules in Suricata's language; kept by the caller to replace them while the sensor runs.
    pub rules: LiveRules,
    /// Classifies content of files; absent to leave it out.
    pub classifier: Option<Arc<Engine>>,
    /// Scan files, each on a thread of its own; none to leave it out.
    pub scanners: Vec<Box<dyn Scanner>>,
    /// Known digests.
    pub hashes: HashList,
}

impl SensorParts {
    /// Rules and nothing else.
    #[must_use]
    pub fn new(rules: LiveRules) -> Self {
        Self { rules, classifier: None, scanners: Vec::new(), hashes: HashList::new() }
    }
}

/// Makes so many scanners that have loaded the same rules.
pub type StartScanners = dyn Fn(&RuleTexts, usize) -> Result<Vec<Box<dyn Scanner>>, FilesError> + Send + Sync;

/// Scanners of this process, for tools that see files of their own only.
///
/// # Errors
/// When a rule does not compile.
pub fn scanners_in_process(texts: &RuleTexts, count: usize) -> Result<Vec<Box<dyn Scanner>>, FilesError> {
    let rules = Arc::new(YaraRules::compile(texts.iter().map(|(name, text)| (name.as_str(), text.as_str())))?);
    Ok((0..count).map(|_| Box::new(Arc::clone(&rules)) as Box<dyn Scanner>).collect())
}

/// Reads YARA rule files, and folders of `*.yar`; they are compiled by whoever scans.
///
/// # Errors
/// When a file cannot be read.
fn read_yara(paths: &[PathBuf]) -> Result<RuleTexts, SensorError> {
    let files = read_files("YARA rule file", paths, "yar")?;
    let text =
        |(name, bytes): (String, Vec<u8>)| (file_name(&name).to_owned(), String::from_utf8_lossy(&bytes).into_owned());
    Ok(files.into_iter().map(text).collect())
}

/// Starts as many scanners as the settings want; none without rules.
///
/// # Errors
/// When a rule file cannot be read or is refused, or a scanner cannot be started.
pub fn start_scanners(
    paths: &[PathBuf],
    threads: usize,
    start: &StartScanners,
) -> Result<Vec<Box<dyn Scanner>>, SensorError> {
    let texts = read_yara(paths)?;
    if texts.is_empty() || threads == 0 {
        return Ok(Vec::new());
    }
    Ok(start(&texts, threads.min(fengsui_files::limits::YARA_THREADS))?)
}

/// Reads lists of known digests.
///
/// # Errors
/// When a file cannot be read or a line is no digest.
pub fn load_hash_lists(paths: &[PathBuf]) -> Result<HashList, SensorError> {
    let mut list = HashList::new();
    for (name, bytes) in read_files("hash list", paths, "txt")? {
        list.add(file_name(&name), &String::from_utf8_lossy(&bytes))?;
    }
    Ok(list)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Checks the settings and starts what workers share.
pub(crate) fn shared(
    settings: SensorSettings,
    parts: SensorParts,
    (live, inline): (bool, bool),
) -> Result<Arc<Shared>, SensorError> {
    let unit = check(&settings)?;
    let digests = digests(&settings, &parts);
    let yara = if parts.scanners.is_empty() { None } else { Some(YaraPool::of_scanners(parts.scanners)?) };
    let classifier = parts.classifier.filter(|_| settings.classify_content);
    let classifier = classifier.map(|engine| classifying(&engine, settings.workers)).transpose()?;
    let evidence = match &settings.evidence.directory {
        Some(directory) => Some(EvidenceWriter::start(directory.clone(), &settings.observer, !live)?),
        None => None,
    };
    let file_store = match &settings.file_store.directory {
        Some(directory) => Some(FileStore::start(directory.clone(), !live)?),
        None => None,
    };
    Ok(Arc::new(Shared {
        digests,
        rules: parts.rules,
        tracking: Arc::new(Tracking::default()),
        classifier,
        unit,
        yara,
        hashes: parts.hashes,
        evidence,
        file_store,
        live,
        inline,
        settings,
    }))
}

/// Lists and findings may need any digest, rules those they name.
fn digests(settings: &SensorSettings, parts: &SensorParts) -> Vec<Digest> {
    if !parts.hashes.is_empty() || parts.classifier.is_some() {
        return Digest::ALL.to_vec();
    }
    let mut wanted = settings.file_digests.clone();
    wanted.extend(settings.file_store.directory.is_some().then_some(Digest::Sha256));
    let [md5, sha1, sha256] = parts.rules.current().set.file_digests();
    wanted.extend(
        [(md5, Digest::Md5), (sha1, Digest::Sha1), (sha256, Digest::Sha256)].iter().filter(|d| d.0).map(|d| d.1),
    );
    wanted
}

fn check(settings: &SensorSettings) -> Result<UnitCode, SensorError> {
    let wrong = |key, value: &str, remedy| SensorError::Setting { key, value: shown(value).to_string(), remedy };
    let observer = &settings.observer;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if observer.is_empty() || observer.len() > 64 || observer.starts_with('.') || !observer.bytes().all(is_name) {
        let remedy = "use 1 to 64 letters, digits, -, _ and ., not starting with a dot";
        return Err(wrong("observer", observer, remedy));
    }
    if !(1..=limits::WORKERS).contains(&settings.workers) {
        return Err(wrong("workers", &settings.workers.to_string(), "use 1 to 64"));
    }
    if settings.visibility_seconds == 0 {
        return Err(wrong("visibility_seconds", "0", "use 1 or more"));
    }
    let mut networks = settings.host_policies.iter().flat_map(|entry| &entry.networks);
    if let Some(text) = networks.find(|text| network(text).is_none()) {
        return Err(wrong("host_policies", text, "write networks as 10.1.0.0/16 or 2001:db8::/32"));
    }
    settings
        .unit
        .parse()
        .map_err(|_| wrong("unit", &settings.unit, "use six digits of GB/T 2260, then - and 1 to 26 of 0-9A-Z"))
}
