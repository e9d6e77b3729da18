//! `fengsui doctor`: effective settings, versions, rule counts, disk, permissions, and what would stop a role from starting.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;

use fengsui_capture::{CaptureError, RingSettings, RingSource};
use fengsui_pipeline::{Organization, load_detection};
use fengsui_signatures::{RuleData, RuleSource};

use crate::arguments::DoctorArguments;
use crate::content::{RuleFiles, rule_files};
use crate::settings::{self, Settings};
use crate::terminal::{Neutral, say};

/// Less free space than this is a problem, in bytes.
const LITTLE_SPACE: u64 = 2 << 30;

/// What was looked at and what was found.
#[derive(Debug)]
struct Check {
    subject: &'static str,
    result: Result<String, String>,
}

fn check(subject: &'static str, result: Result<String, String>) -> Check {
    Check { subject, result }
}

/// Looks at everything a role needs. Exit code 1 when something would stop one from starting.
pub(super) fn run(config: Option<&Path>, job: DoctorArguments) -> anyhow::Result<ExitCode> {
    let mut settings = settings::load(config)?;
    if let Some(data) = job.data {
        settings.data.directory = data;
    }
    let settings = settings.placed();
    let mut out = std::io::stdout().lock();
    let source = config.map_or_else(|| "built in".to_owned(), |path| path.display().to_string());
    say(
        &mut out,
        format_args!("fengsui {}  ({} {})", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH),
    )?;
    say(&mut out, format_args!("settings: {source}"))?;
    say(&mut out, "")?;
    let checks = checks(&settings);
    for check in &checks {
        match &check.result {
            Ok(text) => say(&mut out, format_args!("  ok       {:<22} {text}", check.subject))?,
            Err(text) => say(&mut out, format_args!("  problem  {:<22} {text}", check.subject))?,
        }
    }
    let problems = checks.iter().filter(|check| check.result.is_err()).count();
    writeln!(Neutral::new(out), "\n{problems} problem(s)\n\neffective settings:\n{settings:#?}")?;
    Ok(ExitCode::from(u8::from(problems > 0)))
}

fn checks(settings: &Settings) -> Vec<Check> {
    let data = &settings.data.directory;
    let mut checks = vec![
        check("data folder", writable(data)),
        check("free space", free_space(data)),
        check("capture", capture(settings)),
        check("cryptography", cryptography()),
        check("console address", address(settings.listen.console)),
        check(
            "organization",
            Organization::build(&settings.organization).map_or_else(
                |error| Err(error.to_string()),
                |_| {
                    Ok(format!(
                        "{} ranges, {} assets",
                        settings.organization.networks.len(),
                        settings.organization.assets.len()
                    ))
                },
            ),
        ),
    ];
    match rule_files(&settings.rules, data, data) {
        Ok(files) => {
            checks.extend(files.refused.iter().map(|reason| check("rules refused", Err(reason.clone()))));
            checks.extend(rules(settings, &files));
        }
        Err(error) => checks.push(check("rules", Err(format!("{error:#}")))),
    }
    checks
}

fn writable(folder: &Path) -> Result<String, String> {
    let probe = folder.join(".doctor");
    let tried = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&probe, b""))
        .and_then(|()| std::fs::remove_file(&probe));
    match tried {
        Ok(()) => Ok(folder.display().to_string()),
        Err(error) => {
            Err(format!("{} can't be written: {error}; choose another with data.directory", folder.display()))
        }
    }
}

fn free_space(folder: &Path) -> Result<String, String> {
    let state = rustix::fs::statvfs(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let free = state.f_bavail.saturating_mul(state.f_frsize);
    let text = format!("{:.1} GiB", free as f64 / f64::from(1 << 30));
    if free < LITTLE_SPACE { Err(format!("only {text} left at {}", folder.display())) } else { Ok(text) }
}

fn capture(settings: &Settings) -> Result<String, String> {
    let names: Vec<String> = fengsui_capture::interfaces().into_iter().map(|interface| interface.name).collect();
    let Some(wanted) = settings.sensor.interface.as_deref() else {
        return Ok(format!("no interface set; this machine has {}", names.join(", ")));
    };
    match RingSource::open(wanted, &RingSettings::default()) {
        Ok(_) => Ok(format!("{wanted} can be listened on")),
        Err(error @ CaptureError::NotPermitted { .. }) => Err(error.to_string()),
        Err(error) => Err(format!("{error}; this machine has {}", names.join(", "))),
    }
}

fn cryptography() -> Result<String, String> {
    fengsui_crypto::self_test()
        .map(|()| "SM2, SM3 and SM4 pass their self-test".to_owned())
        .map_err(|error| error.to_string())
}

fn address(listen: SocketAddr) -> Result<String, String> {
    match TcpListener::bind(listen) {
        Ok(_) => Ok(listen.to_string()),
        Err(error) => Err(format!("{listen} can't be listened on: {error}; change listen.console")),
    }
}

fn rules(settings: &Settings, files: &RuleFiles) -> Vec<Check> {
    vec![check("signatures", signatures(settings, files)), check("sigma, indicators", detection(files))]
}

fn signatures(settings: &Settings, files: &RuleFiles) -> Result<String, String> {
    let mut texts = Vec::new();
    for path in &files.suricata {
        texts.push((
            path.display().to_string(),
            std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?,
        ));
    }
    let sources: Vec<_> = texts.iter().map(|(file, text)| RuleSource { file, text }).collect();
    let (_, report) = fengsui_signatures::load(&sources, &settings.sensor.variables, &RuleData::default());
    counted(report.loaded, report.failures.len())
}

fn detection(files: &RuleFiles) -> Result<String, String> {
    let (_, report) = load_detection(&files.detection()).map_err(|error| error.to_string())?;
    counted(report.sigma_rules + report.sigma_correlations + report.indicators, report.failures.len())
}

fn counted(loaded: usize, failed: usize) -> Result<String, String> {
    match failed {
        0 => Ok(format!("{loaded} loaded")),
        failed => Err(format!("{loaded} loaded, {failed} not; `fengsui rules check` says why")),
    }
}
