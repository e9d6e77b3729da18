//! `fengsui hunt`: today's rules and indicators over the events that are stored, beside a running analyzer.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use fengsui_pipeline::{
    RetroControl, RetroCoverage, RetroHunt, RetroPhase, RetroProgress, RetroReport, RuleSources, load_detection,
};
use fengsui_schema::{Timestamp, shown};
use fengsui_store::StoreView;
use serde::Serialize;

use crate::arguments::HuntArguments;
use crate::terminal::{Passing, say, say_json, tell};
use crate::{roles, settings};

/// Rules, days and entities of a table.
const ROWS: usize = 20;

/// Exit code 0 when nothing was found, 1 when something was, 2 when nothing was found and not everything was looked at.
pub(super) fn run(config: Option<&Path>, job: HuntArguments) -> anyhow::Result<ExitCode> {
    let settings = settings::load(config)?.placed();
    let sources = RuleSources { sigma: job.sigma, indicators: job.indicators, ..RuleSources::default() };
    let (detection, loaded) = load_detection(&sources)?;
    let mut hunt = RetroHunt::new(detection)?;
    (hunt.from, hunt.to, hunt.listed) = (job.from, job.to, job.limit);
    if let (Some(from), Some(to)) = (job.from, job.to)
        && from >= to
    {
        bail!("the range from {from} to {to} is empty; let --to be after --from");
    }
    tell(format_args!("hunting for {} Sigma rules and {} indicators", loaded.sigma_rules, loaded.indicators));
    let view = StoreView::open(&settings.index.directory, job.from, job.to).with_context(|| {
        format!("there is no event index to read; name the settings of the analyzer with -C ({})", told(config))
    })?;
    let mut report = follow(&hunt, &view)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    match job.format.as_str() {
        "jsonl" => json_lines(&mut out, &mut report)?,
        _ => table(&mut out, &report)?,
    }
    out.flush().context("the report could not be written to its end")?;
    let is_whole = report.is_whole() && loaded.failures.is_empty();
    Ok(ExitCode::from(match (report.hits, is_whole) {
        (0, true) => 0,
        (0, false) => 2,
        _ => 1,
    }))
}

fn told(config: Option<&Path>) -> String {
    config.map_or_else(|| "now the built-in settings".to_owned(), |path| format!("now {}", path.display()))
}

/// Hunts until the end or the first Ctrl-C.
fn follow(hunt: &RetroHunt, view: &StoreView) -> anyhow::Result<RetroReport> {
    let cancel = Arc::new(AtomicBool::new(false));
    let runtime = roles::runtime()?;
    let interrupted = Arc::clone(&cancel);
    runtime.spawn(async move {
        if roles::until_interrupted().await.is_ok() {
            interrupted.store(true, Ordering::Relaxed);
        }
    });
    let mut line = Passing::new();
    let mut progress = |progress: &RetroProgress| line.show(progress_line(progress));
    let report = hunt.run(view, &mut RetroControl { cancel: &cancel, progress: &mut progress });
    line.clear();
    Ok(report?)
}

fn progress_line(progress: &RetroProgress) -> String {
    match progress.phase {
        RetroPhase::Counting => format!("counting: {} events to look at in {} days", progress.expected, progress.days),
        RetroPhase::Looking => format!(
            "{} of {} events, {} of {} days, {} hits",
            progress.events, progress.expected, progress.days_done, progress.days, progress.hits
        ),
    }
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line<'r, T: Serialize> {
    Hit(&'r T),
    Report(&'r T),
}

/// A line for each hit that is listed, then one with everything else.
fn json_lines(out: &mut impl Write, report: &mut RetroReport) -> anyhow::Result<()> {
    for hit in std::mem::take(&mut report.listed) {
        say_json(out, &Line::Hit(&hit))?;
    }
    say_json(out, &Line::Report(&*report))
}

fn table(out: &mut impl Write, report: &RetroReport) -> anyhow::Result<()> {
    for hit in &report.listed {
        let (severity, title) = (hit.severity.as_str(), &hit.title_en);
        say(out, format_args!("{}  {severity:8}  {}  {title}  [{}]", hit.time, hit.rule, hit.event))?;
    }
    if report.unlisted > 0 {
        say(out, format_args!("… and {} more hits (--limit)", report.unlisted))?;
    }
    counts(
        out,
        "rules and indicators",
        report.rules.iter().map(|rule| (rule.hits, format!("{}  {}", rule.id, rule.title))),
    )?;
    counts(out, "days (UTC)", days(report).into_iter().map(|(day, hits)| (hits, day)))?;
    let entity = |one: &fengsui_pipeline::RetroEntity| (one.hits, one.value.clone());
    counts(out, "hosts, accounts and addresses", report.entities.iter().map(entity))?;
    if report.uncounted > 0 {
        say(out, format_args!("{} more mentions of rules and entities are not counted by name", report.uncounted))?;
    }
    coverage(out, report)
}

fn counts(out: &mut impl Write, what: &str, rows: impl ExactSizeIterator<Item = (u64, String)>) -> anyhow::Result<()> {
    let count = rows.len();
    if count == 0 {
        return Ok(());
    }
    say(out, format_args!("\u{2500}\u{2500} hits by {what}"))?;
    for (hits, name) in rows.take(ROWS) {
        say(out, format_args!("{hits:>10}  {name}"))?;
    }
    if count > ROWS {
        say(out, format_args!("{:>10}  more; --format jsonl has all", count - ROWS))?;
    }
    Ok(())
}

fn days(report: &RetroReport) -> Vec<(String, u64)> {
    let mut days: Vec<(String, u64)> = Vec::new();
    for (hour, hits) in &report.hours {
        match days.last_mut().filter(|(day, _)| *day == hour.day()) {
            Some((_, sum)) => *sum += hits,
            None => days.push((hour.day(), *hits)),
        }
    }
    days
}

/// What was looked at, and what was not and why.
fn coverage(out: &mut impl Write, report: &RetroReport) -> anyhow::Result<()> {
    let coverage = &report.coverage;
    say(out, "\u{2500}\u{2500} coverage")?;
    say(out, format_args!("{}", looked_at(coverage)))?;
    say(out, format_args!("{} hits on {} events{}", report.hits, report.events_hit, span(report.first, report.last)))?;
    if report.suppressed > 0 {
        say(out, format_args!("{} more hits are suppressed", report.suppressed))?;
    }
    if report.cancelled {
        let reached = coverage.reached.map_or_else(|| "anything".to_owned(), |time| time.to_string());
        say(out, format_args!("cancelled: nothing after {reached} was looked at"))?;
    }
    for unread in &coverage.unread {
        say(out, format_args!("day {} left out: {}", unread.day, unread.reason))?;
    }
    for refused in &report.refused {
        say(out, format_args!("not hunted for: {}: {}", shown(&refused.subject), refused.reason))?;
    }
    Ok(())
}

fn looked_at(coverage: &RetroCoverage) -> String {
    let (Some(first), Some(last)) = (&coverage.first_day, &coverage.last_day) else {
        return "there are no events in this range".to_owned();
    };
    let how = match coverage.stored.saturating_sub(coverage.candidates) {
        0 => String::new(),
        others => format!("; the index has nothing like an indicator in the other {others}"),
    };
    format!(
        "looked at {} of {} events, {} of {} days from {first} to {last} (UTC){how}",
        coverage.events, coverage.stored, coverage.days_done, coverage.days
    )
}

fn span(first: Option<Timestamp>, last: Option<Timestamp>) -> String {
    first.zip(last).map_or_else(String::new, |(first, last)| format!(", {first} to {last}"))
}
