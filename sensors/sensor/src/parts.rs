//! What a sensor is put together from.

use std::path::PathBuf;
use std::sync::Arc;

use fengsui_files::limits::SCAN_THREADS;
use fengsui_files::{
    ContentRules, Digest, FilePool, FilesError, HashList, LiveScanRules, RuleTexts, ScanRules, Scanner,
};
use fengsui_schema::{UnitCode, shown};
use fengsui_signatures::Tracking;

use crate::evidence::EvidenceWriter;
use crate::file_store::FileStore;
use crate::flow::network;
use crate::rules::{LiveRules, read_files};
use crate::settings::SensorSettings;
use crate::worker::Shared;
use crate::{SensorError, limits};

/// What a sensor needs beside its settings. Everything is optional but the rules, which may be empty.
pub struct SensorParts {
    /// Rules in Suricata's language; kept by the caller to replace them while the sensor runs.
    pub rules: LiveRules,
    /// What looks at files; absent to leave it out.
    pub scanning: Option<FileScanning>,
    /// Known digests.
    pub hashes: HashList,
}

impl SensorParts {
    /// Rules and nothing else.
    #[must_use]
    pub fn new(rules: LiveRules) -> Self {
        Self { rules, scanning: None, hashes: HashList::new() }
    }
}

/// What looks at files.
pub struct FileScanning {
    /// With what; kept by the caller to replace it while the sensor runs.
    pub rules: LiveScanRules,
    /// Look at files, each on a thread of its own.
    pub scanners: Vec<Box<dyn Scanner>>,
}

/// Makes so many scanners that have loaded the same rules.
pub type StartScanners = dyn Fn(&LiveScanRules, usize) -> Result<Vec<Box<dyn Scanner>>, FilesError> + Send + Sync;

/// Scanners of this process that know YARA only, for tools that see files of their own.
///
/// # Errors
/// When a rule does not compile, or sensitive data is to be looked for.
pub fn yara_in_process(rules: &LiveScanRules, count: usize) -> Result<Vec<Box<dyn Scanner>>, FilesError> {
    let none = |_: &ContentRules| Err("nothing that takes documents apart was handed in".to_owned());
    fengsui_files::scanners_in_process(rules, count, Arc::new(none))
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

/// What files are looked at with, as the settings want it: these YARA rules, and for sensitive data as `content` says.
///
/// # Errors
/// When a rule file cannot be read.
pub fn scan_rules(
    settings: &SensorSettings,
    yara: &[PathBuf],
    content: Option<ContentRules>,
) -> Result<ScanRules, SensorError> {
    let yara = if settings.yara_threads == 0 { Vec::new() } else { read_yara(yara)? };
    Ok(ScanRules { yara, content: content.filter(|_| settings.classify_content) })
}

/// Starts what looks at files with these rules ([`scan_rules`]). Nothing when there is nothing to look for.
///
/// # Errors
/// When a rule is refused, or a scanner cannot be started.
pub fn start_scanning(
    settings: &SensorSettings,
    rules: ScanRules,
    start: &StartScanners,
) -> Result<Option<FileScanning>, SensorError> {
    let for_yara = if rules.yara.is_empty() { 0 } else { settings.yara_threads };
    let for_content = if rules.content.is_some() { settings.workers } else { 0 };
    let count = for_yara.max(for_content).min(SCAN_THREADS);
    if count == 0 {
        return Ok(None);
    }
    let rules = LiveScanRules::new(rules)?;
    let scanners = start(&rules, count)?;
    Ok(Some(FileScanning { rules, scanners }))
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
    let scanning = match parts.scanning {
        Some(FileScanning { rules, scanners }) => Some((FilePool::start(scanners)?, rules)),
        None => None,
    };
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
        unit,
        scanning,
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
    let findings = parts.scanning.as_ref().is_some_and(|scanning| scanning.rules.has_content());
    if !parts.hashes.is_empty() || findings {
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
