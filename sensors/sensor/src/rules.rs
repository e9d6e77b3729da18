//! The rules in force.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use fengsui_schema::shown;
use fengsui_signatures::{LoadReport, RuleData, RuleSet, RuleSource, Variables, load};

use crate::SensorError;
use crate::limits::RULE_FILE_BYTES;

/// A rule set and what loading it said.
#[derive(Debug, Default)]
pub struct LoadedRules {
    /// The rules.
    pub set: RuleSet,
    /// What became of each rule that was handed in.
    pub report: LoadReport,
}

/// The rules in force; replaced while packets are inspected, without losing one. Workers take the new set at their next
/// batch.
#[derive(Debug, Clone)]
pub struct LiveRules(Arc<ArcSwap<LoadedRules>>);

impl LiveRules {
    /// Begins with these rules.
    #[must_use]
    pub fn new(rules: LoadedRules) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(rules)))
    }

    /// Puts other rules in force.
    pub fn replace(&self, rules: LoadedRules) {
        self.0.store(Arc::new(rules));
    }

    /// The rules in force now.
    #[must_use]
    pub fn current(&self) -> Arc<LoadedRules> {
        self.0.load_full()
    }
}

/// Reads rule files, and folders of `*.rules` in the order of their names, and loads them. Rules that do not load are in
/// the report; only a file that cannot be read is an error.
///
/// # Errors
/// When a file cannot be read or is too large.
pub fn load_rules(paths: &[PathBuf], variables: &Variables, data: &RuleData) -> Result<LoadedRules, SensorError> {
    let files = read_files("rule file", paths, "rules")?;
    let sources: Vec<RuleSource<'_>> =
        files.iter().map(|(name, text)| RuleSource { file: name.as_str(), text: text.as_slice() }).collect();
    let (set, report) = load(&sources, variables, data);
    Ok(LoadedRules { set, report })
}

/// Files as they are, and those of folders that end in `.extension`, with their paths as names.
pub(crate) fn read_files(
    what: &'static str,
    paths: &[PathBuf],
    extension: &str,
) -> Result<Vec<(String, Vec<u8>)>, SensorError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            for file in files_of(what, path, extension)? {
                files.push((file.display().to_string(), read_file(what, &file, RULE_FILE_BYTES)?));
            }
        } else {
            files.push((path.display().to_string(), read_file(what, path, RULE_FILE_BYTES)?));
        }
    }
    Ok(files)
}

fn files_of(what: &'static str, folder: &Path, extension: &str) -> Result<Vec<PathBuf>, SensorError> {
    let failed = |source| SensorError::Read { what, path: shown(&folder.to_string_lossy()).to_string(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A file no larger than a limit.
pub(crate) fn read_file(what: &'static str, path: &Path, limit: u64) -> Result<Vec<u8>, SensorError> {
    let name = || shown(&path.to_string_lossy()).to_string();
    let bytes = std::fs::metadata(path).map_err(|source| SensorError::Read { what, path: name(), source })?.len();
    if bytes > limit {
        return Err(SensorError::TooLarge { what, path: name(), bytes, limit });
    }
    std::fs::read(path).map_err(|source| SensorError::Read { what, path: name(), source })
}
