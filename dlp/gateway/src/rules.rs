//! Reads rule and lexicon folders into the texts the engine takes.

use std::collections::BTreeMap;
use std::path::Path;

use fengsui_dlp_engine::Rules;

use crate::GatewayError;

/// The rule files of a folder (`*.toml`), which override the embedded ones of the same name.
///
/// # Errors
/// When the folder or a file can't be read.
pub fn load_rules(folder: &Path) -> Result<Rules, GatewayError> {
    Ok(Rules { overrides: read_folder(folder, &["toml"])? })
}

/// The lexicon files of a folder (`*.toml`) by name.
///
/// # Errors
/// When the folder or a file can't be read.
pub fn load_lexicon(folder: &Path) -> Result<BTreeMap<String, String>, GatewayError> {
    read_folder(folder, &["toml"])
}

fn read_folder(folder: &Path, extensions: &[&str]) -> Result<BTreeMap<String, String>, GatewayError> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(|error| GatewayError::io(folder, error))? {
        let path = entry.map_err(|error| GatewayError::io(folder, error))?.path();
        let extension = path.extension().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
        if extensions.contains(&extension) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, std::fs::read_to_string(&path).map_err(|error| GatewayError::io(&path, error))?);
        }
    }
    Ok(files)
}
