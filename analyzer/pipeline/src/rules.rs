//! Finds and reads rule files, so that the detection crate can stay without I/O.

use std::path::{Path, PathBuf};

use fengsui_detect::{Detection, DetectionBuilder, LoadReport};
use serde::Deserialize;

use crate::{PipelineError, limits};

/// Where the content of the detection comes from. Folders are searched to a depth of
/// [`limits::RULE_FOLDER_DEPTH`]; files are taken in the order of their paths.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RuleSources {
    /// Sigma rules, correlations and filters: files or folders of `.yml` and `.yaml`.
    pub sigma: Vec<PathBuf>,
    /// Indicators: files or folders of `.csv` lists, and of STIX 2.1 bundles and MISP events as `.json`. Lists whose name
    /// begins with `allow`, and MISP warning lists, hold values that are never indicators.
    pub indicators: Vec<PathBuf>,
    /// Rules that propose the grade of an incident, `.toml`; the built-in ones when there are none.
    pub grading: Option<PathBuf>,
    /// Suppressions: files or folders of `.toml`.
    pub suppressions: Vec<PathBuf>,
}

/// Loads a rule bundle. A rule that does not load is listed in the report with its file and reason, and does not stop the others.
///
/// # Errors
/// When a file or folder can't be read.
pub fn load_detection(sources: &RuleSources) -> Result<(Detection, LoadReport), PipelineError> {
    let mut builder = DetectionBuilder::new();
    for path in files(&sources.sigma, &["yml", "yaml"])? {
        builder.add_sigma(&path.display().to_string(), &read(&path)?);
    }
    for path in files(&sources.indicators, &["csv", "json"])? {
        builder.add_indicators(&path.display().to_string(), &read(&path)?);
    }
    for path in files(&sources.suppressions, &["toml"])? {
        builder.add_suppressions(&path.display().to_string(), &read(&path)?);
    }
    if let Some(path) = &sources.grading {
        builder.set_grading(&path.display().to_string(), &read(path)?);
    }
    Ok(builder.finish())
}

/// Every file below some paths that ends in one of the extensions, in the order of their paths.
fn files(roots: &[PathBuf], extensions: &[&str]) -> Result<Vec<PathBuf>, PipelineError> {
    let mut found = Vec::new();
    for root in roots {
        if root.is_dir() {
            collect(root, extensions, limits::RULE_FOLDER_DEPTH, &mut found)?;
        } else {
            found.push(root.clone());
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn collect(folder: &Path, extensions: &[&str], depth: usize, found: &mut Vec<PathBuf>) -> Result<(), PipelineError> {
    for entry in std::fs::read_dir(folder).map_err(PipelineError::file("list", folder))? {
        let path = entry.map_err(PipelineError::file("list", folder))?.path();
        let wanted = |extension: &std::ffi::OsStr| extensions.iter().any(|known| extension == *known);
        if path.is_dir() {
            if let Some(depth) = depth.checked_sub(1) {
                collect(&path, extensions, depth, found)?;
            }
        } else if path.extension().is_some_and(wanted) {
            found.push(path);
        }
    }
    Ok(())
}

/// A whole text file; bytes that are no UTF-8 are replaced.
fn read(path: &Path) -> Result<String, PipelineError> {
    let size = std::fs::metadata(path).map_err(PipelineError::file("read", path))?.len();
    if size > limits::RULE_FILE_BYTES {
        return Err(PipelineError::FileTooLarge { path: path.to_owned(), size, limit: limits::RULE_FILE_BYTES });
    }
    let bytes = std::fs::read(path).map_err(PipelineError::file("read", path))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
