//! The starter rules inside the program, laid out as files where the parts can read them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use fengsui_pipeline::RuleSources;
use rust_embed::RustEmbed;

use crate::settings::RulesSettings;

#[derive(RustEmbed)]
#[folder = "../../rules/"]
#[include = "suricata/*.rules"]
#[include = "sigma/**/*.yml"]
#[include = "yara/*.yar"]
#[include = "indicators/*.csv"]
struct Starter;

/// The rule files every part starts with.
#[derive(Debug, Clone, Default)]
pub(crate) struct RuleFiles {
    /// Rules in Suricata's language.
    pub(crate) suricata: Vec<PathBuf>,
    /// Sigma rules.
    pub(crate) sigma: Vec<PathBuf>,
    /// Indicators.
    pub(crate) indicators: Vec<PathBuf>,
    /// YARA rules.
    pub(crate) yara: Vec<PathBuf>,
    /// Suppressions.
    pub(crate) suppressions: Vec<PathBuf>,
    /// Rules that propose grades.
    pub(crate) grading: Option<PathBuf>,
}

/// Lays the starter rules out below the data folder and lists them with the ones the settings name.
///
/// # Errors
/// When the data folder can't be written or a named folder can't be read.
pub(crate) fn rule_files(settings: &RulesSettings, data: &Path) -> anyhow::Result<RuleFiles> {
    let mut files = RuleFiles {
        suppressions: settings.suppressions.clone(),
        grading: settings.grading.clone(),
        ..RuleFiles::default()
    };
    if settings.starter {
        let folder = data.join("starter-rules");
        lay_out(&folder)?;
        files.add("suricata", &folder.join("suricata"), "rules")?;
        files.add("sigma", &folder.join("sigma"), "yml")?;
        files.add("indicators", &folder.join("indicators"), "csv")?;
        files.add("yara", &folder.join("yara"), "yar")?;
    }
    for (kind, paths, ending) in [
        ("suricata", &settings.suricata, "rules"),
        ("sigma", &settings.sigma, "yml"),
        ("indicators", &settings.indicators, "csv"),
        ("yara", &settings.yara, "yar"),
    ] {
        paths.iter().try_for_each(|path| files.add(kind, path, ending))?;
    }
    Ok(files)
}

impl RuleFiles {
    /// The ones the analyzer loads.
    pub(crate) fn detection(&self) -> RuleSources {
        RuleSources {
            sigma: self.sigma.clone(),
            indicators: self.indicators.clone(),
            grading: self.grading.clone(),
            suppressions: self.suppressions.clone(),
        }
    }

    /// Also reads the lists of indicators that people take in on the console.
    ///
    /// # Errors
    /// When the folder can't be made.
    pub(crate) fn read_indicators_of(&mut self, folder: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
        self.indicators.push(folder.to_owned());
        Ok(())
    }

    /// Every file, in no particular order.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        let lists = [&self.suricata, &self.sigma, &self.indicators, &self.yara, &self.suppressions];
        lists.into_iter().flatten().chain(&self.grading)
    }

    fn add(&mut self, kind: &str, path: &Path, ending: &str) -> anyhow::Result<()> {
        let found = files_below(path, ending)?;
        match kind {
            "suricata" => self.suricata.extend(found),
            "sigma" => self.sigma.extend(found),
            "indicators" => self.indicators.extend(found),
            _ => self.yara.extend(found),
        }
        Ok(())
    }
}

/// A file as it is, or every file below a folder with this ending, in the order of their paths.
///
/// # Errors
/// When the path does not exist or can't be read.
pub(crate) fn files_below(path: &Path, ending: &str) -> anyhow::Result<Vec<PathBuf>> {
    let kind = std::fs::metadata(path).with_context(|| format!("rules at {} can't be read", path.display()))?;
    if kind.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).with_context(|| format!("folder {} can't be read", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("folder {} can't be read", folder.display()))?;
            let path = entry.path();
            // Symbolic links are not followed, so that a loop can't hold us.
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Writes the starter rules, replacing those of an older program.
fn lay_out(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("{} can't be replaced", folder.display()))?;
    }
    for name in ["suricata", "sigma", "indicators", "yara"] {
        let sub = folder.join(name);
        std::fs::create_dir_all(&sub).with_context(|| format!("{} can't be made", sub.display()))?;
    }
    for name in Starter::iter() {
        let path = folder.join(name.as_ref());
        if let (Some(file), Some(parent)) = (Starter::get(&name), path.parent()) {
            std::fs::create_dir_all(parent).with_context(|| format!("{} can't be made", parent.display()))?;
            std::fs::write(&path, file.data).with_context(|| format!("{} can't be written", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starter_rules_are_laid_out_again_and_again() {
        let data = tempfile::tempdir().expect("folder");
        let first = rule_files(&RulesSettings::default(), data.path()).expect("laid out");
        let second = rule_files(&RulesSettings::default(), data.path()).expect("laid out");
        assert_eq!(first.suricata, second.suricata);
        assert!(!first.suricata.is_empty() && !first.sigma.is_empty() && !first.yara.is_empty());
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = files_below(Path::new("/nowhere/at/all"), "rules").expect_err("does not exist");
        assert!(error.to_string().contains("/nowhere/at/all"));
    }
}
