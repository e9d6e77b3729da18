//! `fengsui rules check`: loads rule files and says which rules did not load and why.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use fengsui_files::FilesError;
use fengsui_pipeline::{RuleSources, load_detection};
use fengsui_signatures::{RuleData, RuleSource, Variables};

use crate::content::files_below;
use crate::roles::count_yara_rules;
use crate::terminal::say;

/// What became of the rules of one kind.
struct Outcome {
    kind: &'static str,
    loaded: usize,
    failures: Vec<String>,
    notes: Vec<String>,
}

/// Checks every kind of rule among the files. Exit code 1 when a rule did not load.
pub(super) fn check(paths: &[PathBuf], most: usize) -> anyhow::Result<ExitCode> {
    let mut outcomes = Vec::new();
    let signatures = collect(paths, "rules")?;
    if !signatures.is_empty() {
        outcomes.push(check_signatures(&signatures)?);
    }
    let sigma = collect(paths, "yml")?;
    if !sigma.is_empty() {
        outcomes.push(check_sigma(sigma)?);
    }
    let yara = collect(paths, "yar")?;
    if !yara.is_empty() {
        outcomes.push(check_yara(&yara)?);
    }
    if outcomes.is_empty() {
        bail!("no .rules, .yml or .yar file among the {} path(s) given", paths.len());
    }
    print(&outcomes, most)?;
    Ok(ExitCode::from(u8::from(outcomes.iter().any(|outcome| !outcome.failures.is_empty()))))
}

/// Files named directly when they have the ending (a file without a known ending counts as signatures), and files below folders.
fn collect(paths: &[PathBuf], ending: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("rules");
        let extension = if extension == "yaml" { "yml" } else { extension };
        let known = ["rules", "yml", "yar"].contains(&extension);
        if path.is_dir() || extension == ending || (!known && ending == "rules") {
            files.extend(files_below(path, ending)?);
        }
    }
    Ok(files)
}

fn check_signatures(files: &[PathBuf]) -> anyhow::Result<Outcome> {
    let read = |path: &PathBuf| -> anyhow::Result<(String, Vec<u8>)> {
        let bytes = std::fs::read(path).with_context(|| format!("rules at {} can't be read", path.display()))?;
        Ok((path.display().to_string(), bytes))
    };
    let texts = files.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    let sources: Vec<_> = texts.iter().map(|(file, text)| RuleSource { file, text }).collect();
    let (_, report) = fengsui_signatures::load(&sources, &Variables::default(), &RuleData::default());
    let failure = |failure: &fengsui_signatures::LoadFailure| {
        let sid = failure.sid.map_or_else(|| "-".to_owned(), |sid| sid.to_string());
        format!("{}:{}: sid {sid}: {}", failure.file, failure.line, failure.reason)
    };
    let warning = |warning: &fengsui_signatures::LoadWarning| {
        format!("{}:{}: sid {}: {}", warning.file, warning.line, warning.sid, warning.text)
    };
    Ok(Outcome {
        kind: "signatures",
        loaded: report.loaded,
        failures: report.failures.iter().map(failure).collect(),
        notes: report.warnings.iter().map(warning).chain(report.skipped.iter().map(failure)).collect(),
    })
}

fn check_sigma(sigma: Vec<PathBuf>) -> anyhow::Result<Outcome> {
    let (_, report) = load_detection(&RuleSources { sigma, ..RuleSources::default() })?;
    Ok(Outcome {
        kind: "Sigma rules",
        loaded: report.sigma_rules + report.sigma_correlations + report.sigma_filters,
        failures: report.failures.iter().map(|failure| format!("{}: {}", failure.file, failure.reason)).collect(),
        notes: Vec::new(),
    })
}

fn check_yara(files: &[PathBuf]) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome { kind: "YARA rules", loaded: 0, failures: Vec::new(), notes: Vec::new() };
    for path in files {
        check_yara_file(path, &mut outcome)?;
    }
    Ok(outcome)
}

/// A scan worker compiles the rules, so that a hostile one costs a worker and not us.
fn check_yara_file(path: &Path, outcome: &mut Outcome) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| format!("rules at {} can't be read", path.display()))?;
    match count_yara_rules(&path.display().to_string(), text) {
        Ok(count) => outcome.loaded += count,
        Err(FilesError::Refused(reason)) => outcome.failures.push(reason),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn print(outcomes: &[Outcome], most: usize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for outcome in outcomes {
        let most = if most == 0 { usize::MAX } else { most };
        say(
            &mut out,
            format_args!("{}: {} loaded, {} not loaded", outcome.kind, outcome.loaded, outcome.failures.len()),
        )?;
        for line in outcome.failures.iter().take(most) {
            say_indented(&mut out, "not loaded", line)?;
        }
        if outcome.failures.len() > most {
            say(&mut out, format_args!("  … and {} more", outcome.failures.len() - most))?;
        }
        for line in outcome.notes.iter().take(most) {
            say_indented(&mut out, "note", line)?;
        }
    }
    Ok(())
}

/// A compiler's reason has several lines; those after the first are indented, so that none looks like another rule's.
fn say_indented(out: &mut impl Write, what: &str, reason: &str) -> std::io::Result<()> {
    let mut lines = reason.lines();
    say(out, format_args!("  {what}: {}", lines.next().unwrap_or_default()))?;
    lines.try_for_each(|line| say(out, format_args!("      {line}")))
}
