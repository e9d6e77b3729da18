//! `fengsui detect` and `fengsui analyze`: detection and correlation over files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use fengsui_pipeline::{
    Detection, OfflineInput, OfflineOptions, OfflineSummary, Organization, RuleSources, analyze_offline,
    detect_offline, load_detection,
};
use fengsui_schema::{Clock, Severity, Timestamp, shown};

use crate::arguments::{AnalyzeArguments, DetectArguments};
use crate::roles::SystemClock;
use crate::settings;
use crate::terminal::tell;

/// One JSON line per detection.
pub(super) fn detect(job: DetectArguments) -> anyhow::Result<ExitCode> {
    let options = options(&job.input, &job.format, Organization::default())?;
    let detection = load(RuleSources { sigma: job.sigma, ..RuleSources::default() })?;
    let mut output = open(&job.output)?;
    let summary = detect_offline(&options, &detection, &mut output)?;
    output.flush().context("the output could not be written to its end")?;
    report(&summary, "detections", summary.alerts);
    Ok(ExitCode::SUCCESS)
}

/// One JSON line per incident.
pub(super) fn analyze(config: Option<&Path>, job: AnalyzeArguments) -> anyhow::Result<ExitCode> {
    let settings = settings::load(config)?;
    let options = OfflineOptions {
        correlation: settings.analyzer.correlation.clone(),
        limit: job.limit,
        ..options(&job.input, &job.format, Organization::build(&settings.organization)?)?
    };
    let sources = RuleSources { sigma: job.sigma, suppressions: job.suppressions, ..RuleSources::default() };
    let detection = load(sources)?;
    let mut output = open(&job.output)?;
    let summary = analyze_offline(&options, &detection, &mut output)?;
    output.flush().context("the output could not be written to its end")?;
    report(&summary, "incidents", summary.incidents);
    Ok(ExitCode::SUCCESS)
}

fn options(inputs: &[PathBuf], format: &str, organization: Organization) -> anyhow::Result<OfflineOptions> {
    let input = |path: &PathBuf| {
        if path == Path::new("-") { OfflineInput::Standard } else { OfflineInput::File(path.clone()) }
    };
    let (inputs, now) = (inputs.iter().map(input).collect(), SystemClock.now());
    Ok(OfflineOptions { inputs, format: format.parse()?, organization, now, ..OfflineOptions::default() })
}

fn load(sources: RuleSources) -> anyhow::Result<Arc<Detection>> {
    let (detection, report) = load_detection(&sources)?;
    for failure in &report.failures {
        tell(format_args!("rule not loaded: {}: {}", failure.file, failure.reason));
    }
    Ok(Arc::new(detection))
}

fn open(path: &Path) -> anyhow::Result<Box<dyn Write>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufWriter::new(std::io::stdout().lock())));
    }
    let file = File::create(path).with_context(|| format!("output {} can't be written", path.display()))?;
    Ok(Box::new(BufWriter::new(file)))
}

/// Says on standard error what was read and what was not.
fn report(summary: &OfflineSummary, what: &str, found: u64) {
    tell(format_args!("{} records read, {} not understood, {found} {what}", summary.records, summary.records_failed));
    for (id, hidden) in &summary.suppressed {
        let time = |time: Option<Timestamp>| time.map_or_else(String::new, |time| time.to_string());
        tell(format_args!(
            "suppression {} hides {} alerts of {} rules, {} to {}, worst {}",
            shown(id),
            hidden.alerts,
            hidden.rules.len(),
            time(hidden.first),
            time(hidden.last),
            hidden.worst.map_or("-", Severity::as_str)
        ));
        for (rule, count) in &hidden.rules {
            tell(format_args!("  {count} × {}", shown(rule)));
        }
    }
    if summary.incidents_below > 0 {
        tell(format_args!("{} incidents of less risk not written; --limit 0 writes all", summary.incidents_below));
    }
    for failure in &summary.failures {
        tell(format_args!("not understood: {failure}"));
    }
}
