//! What this node runs: digests of program, rules and settings, taken at the start.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use fengsui_api::Measurement;
use fengsui_crypto::Sm3;

use crate::content::RuleFiles;
use crate::settings::Settings;

/// Bytes read at once.
const CHUNK_BYTES: usize = 1 << 20;

/// Measures program, rule files and settings in force.
///
/// # Errors
/// When the program or a rule file can't be read.
pub(super) fn measure(settings: &Settings, rules: &RuleFiles) -> anyhow::Result<Measurement> {
    let mut program = Sm3::new();
    add_file(&mut program, &std::env::current_exe().context("the program's file is not known")?)?;
    let mut own = Sm3::new();
    own.update(format!("{settings:?}").as_bytes());
    Ok(Measurement { program: hex(program), rules: measure_rules(rules)?, settings: hex(own) })
}

/// Measures rule files alone: names and contents.
///
/// # Errors
/// When one can't be read.
pub(super) fn measure_rules(rules: &RuleFiles) -> anyhow::Result<String> {
    let mut paths: Vec<&PathBuf> = rules.paths().collect();
    paths.sort();
    let mut content = Sm3::new();
    for path in paths {
        content.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        add_file(&mut content, path)?;
    }
    Ok(hex(content))
}

fn add_file(digest: &mut Sm3, path: &Path) -> anyhow::Result<()> {
    let mut file = File::open(path).with_context(|| format!("{} can't be measured", path.display()))?;
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut buffer).with_context(|| format!("{} can't be measured", path.display()))? {
            0 => return Ok(()),
            length => digest.update(&buffer[..length]),
        }
    }
}

fn hex(digest: Sm3) -> String {
    digest.finish().iter().map(|byte| format!("{byte:02x}")).collect()
}
