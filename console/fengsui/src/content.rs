//! The starter rules inside the program, laid out as files where the parts can read them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use fengsui_dlp_engine::Rules;
use fengsui_pipeline::RuleSources;
use fengsui_sensor::SensorSettings;
use rust_embed::RustEmbed;

use crate::bundle::{self, Purpose, Shelf};
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
    /// Templates by which sensitive data is graded, in place of embedded ones of the same name.
    pub(crate) dlp: Vec<PathBuf>,
    /// Version and SM3 of the bundle that is in force.
    pub(crate) bundle: Option<(u64, String)>,
    /// What was refused because nobody who is trusted signed it, and why.
    pub(crate) refused: Vec<String>,
}

/// Lays the starter rules and the bundle in force out below a folder and lists them with the ones the settings name.
/// `bundles` is the data folder that bundles are installed in. What is not trusted is left out and named.
///
/// # Errors
/// When the folder can't be written or a named folder can't be read.
pub(crate) fn rule_files(settings: &RulesSettings, data: &Path, bundles: &Path) -> anyhow::Result<RuleFiles> {
    let mut files = RuleFiles::default();
    if settings.starter {
        let folder = data.join("starter-rules");
        lay_out(&folder)?;
        files.add_starter(&folder)?;
    }
    remove_all(&bundle_folder(data))?;
    match installed(settings, bundles) {
        Ok(None) => {}
        Ok(Some(bundle)) => files.add_bundle(bundle, data)?,
        Err(error) => files.refused.push(format!("bundle of rules: {error:#}")),
    }
    files.add_named(settings)?;
    Ok(files)
}

/// The rule files as they are with a bundle that is not in force yet, beside the ones that are being read.
///
/// # Errors
/// As [`rule_files`].
pub(crate) fn rule_files_with(
    settings: &RulesSettings,
    data: &Path,
    bundle: bundle::Bundle,
) -> anyhow::Result<RuleFiles> {
    let mut files = RuleFiles::default();
    if settings.starter {
        files.add_starter(&data.join("starter-rules"))?;
    }
    files.add_bundle(bundle, data)?;
    files.add_named(settings)?;
    Ok(files)
}

/// Where bundles are laid out, each in a folder of its own.
fn bundle_folder(data: &Path) -> PathBuf {
    data.join("bundle-rules")
}

fn remove_all(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} can't be replaced", folder.display()))
        }
        _ => Ok(()),
    }
}

/// The bundle in force, as far as it can be trusted.
fn installed(settings: &RulesSettings, bundles: &Path) -> anyhow::Result<Option<bundle::Bundle>> {
    Shelf::below(bundles, Purpose::Rules).load(&bundle::read_signers(&settings.signers)?, bundle::now())
}

impl RuleFiles {
    fn add_starter(&mut self, folder: &Path) -> anyhow::Result<()> {
        let kinds = [("suricata", "rules"), ("sigma", "yml"), ("indicators", "csv"), ("yara", "yar")];
        kinds.iter().try_for_each(|(kind, ending)| self.add(kind, &folder.join(kind), ending))
    }

    /// Lays a bundle out and adds its files. Its folder is named by its content, so that what runs by another bundle goes on
    /// reading that one's.
    fn add_bundle(&mut self, bundle: bundle::Bundle, data: &Path) -> anyhow::Result<()> {
        let folder = bundle_folder(data).join(bundle.digest.get(..16).unwrap_or_default());
        bundle::lay_out(&bundle, &folder)?;
        for (name, ending) in Purpose::Rules.folders() {
            self.add(name, &folder.join(name), ending)?;
        }
        self.bundle = Some((bundle.manifest.version, bundle.digest));
        Ok(())
    }

    /// Adds what the settings name by path, which nobody signed.
    fn add_named(&mut self, settings: &RulesSettings) -> anyhow::Result<()> {
        let grading: Vec<PathBuf> = settings.grading.iter().cloned().collect();
        for (kind, paths, ending) in [
            ("suricata", &settings.suricata, "rules"),
            ("sigma", &settings.sigma, "yml"),
            ("indicators", &settings.indicators, "csv"),
            ("yara", &settings.yara, "yar"),
            ("suppressions", &settings.suppressions, "toml"),
            ("grading", &grading, "toml"),
        ] {
            if settings.signed_only && !paths.is_empty() {
                self.refused.push(format!("rules.{kind} names files that nobody signed, and rules.signed_only is set"));
                continue;
            }
            paths.iter().try_for_each(|path| self.add(kind, path, ending))?;
        }
        Ok(())
    }

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

    /// How sensitive data is found and graded.
    ///
    /// # Errors
    /// When a file can't be read.
    pub(crate) fn content_rules(&self) -> anyhow::Result<Rules> {
        let text = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
            Ok((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), text))
        };
        Ok(Rules { overrides: self.dlp.iter().map(text).collect::<anyhow::Result<_>>()? })
    }

    /// These, and those that the settings of a sensor name by path.
    ///
    /// # Errors
    /// When one is not there.
    pub(crate) fn with_those_of(&self, sensor: &SensorSettings) -> anyhow::Result<Self> {
        let mut files = self.clone();
        for (kind, paths, ending) in [("suricata", &sensor.rules, "rules"), ("yara", &sensor.yara, "yar")] {
            paths.iter().try_for_each(|path| files.add(kind, path, ending))?;
        }
        Ok(files)
    }

    /// Every file, in no particular order.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        let lists = [&self.suricata, &self.sigma, &self.indicators, &self.yara, &self.suppressions, &self.dlp];
        lists.into_iter().flatten().chain(&self.grading)
    }

    fn add(&mut self, kind: &str, path: &Path, ending: &str) -> anyhow::Result<()> {
        let found = files_below(path, ending)?;
        match kind {
            "suricata" => self.suricata.extend(found),
            "sigma" => self.sigma.extend(found),
            "indicators" => self.indicators.extend(found),
            "suppressions" => self.suppressions.extend(found),
            "dlp" => self.dlp.extend(found),
            // The last one holds: what the operator names wins over a bundle.
            "grading" => self.grading = found.last().cloned().or(self.grading.take()),
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
    remove_all(folder)?;
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
        let first = rule_files(&RulesSettings::default(), data.path(), data.path()).expect("laid out");
        let second = rule_files(&RulesSettings::default(), data.path(), data.path()).expect("laid out");
        assert_eq!(first.suricata, second.suricata);
        assert!(!first.suricata.is_empty() && !first.sigma.is_empty() && !first.yara.is_empty());
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = files_below(Path::new("/nowhere/at/all"), "rules").expect_err("does not exist");
        assert!(error.to_string().contains("/nowhere/at/all"));
    }
}
