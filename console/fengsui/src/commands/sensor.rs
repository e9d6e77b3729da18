//! `fengsui sensor`: a capture file to eve.json, or an interface.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use fengsui_sensor::{Checksums, OfflineOptions, OfflineSummary, run_offline};

use crate::arguments::SensorArguments;
use crate::content::RuleFiles;
use crate::settings::{self, Settings};
use crate::terminal::tell;
use crate::{logging, roles};

/// Runs the sensor. Exit code 0 when the capture was read.
pub(super) fn run(config: Option<&Path>, job: SensorArguments) -> anyhow::Result<ExitCode> {
    take_small_pages();
    let mut settings = settings::load(config)?;
    if let Some(url) = &job.uplink {
        settings.sensor.uplink.url = Some(url.clone());
    }
    match &job.interface {
        Some(interface) => {
            settings.sensor.rules.extend(job.rules.iter().cloned());
            if job.workers > 1 {
                settings.sensor.workers = job.workers;
            }
            logging::start(&settings.log)?;
            roles::run_live_sensor(settings, interface.clone(), &job.log_directory)?;
        }
        None if job.uplink.is_some() => {
            logging::start(&settings.log)?;
            let placed = settings.clone().placed();
            let options = options(job, settings, config.is_some())?;
            report(&roles::send_capture(&placed, &options)?);
        }
        None => report(&run_offline(&options(job, settings, config.is_some())?)?),
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks for memory in small pages. A sensor's memory is that of thousands of flows which come and go: in huge pages it
/// is a quarter more, and clearing them takes the time they save.
fn take_small_pages() {
    // A kernel that has no huge pages refuses and gives small ones all the same.
    let _ = capctl::prctl::set_thp_disable(true);
}

fn options(job: SensorArguments, settings: Settings, configured: bool) -> anyhow::Result<OfflineOptions> {
    std::fs::create_dir_all(&job.log_directory)
        .with_context(|| format!("log folder {} can't be made", job.log_directory.display()))?;
    let set = job.set.iter().map(|pair| split(pair)).collect::<anyhow::Result<_>>()?;
    // Content is classified only when a settings file asks for it: existing tooling expects EVE's own event types.
    let content = configured.then(|| roles::content_rules(&settings, &RuleFiles::default())).transpose()?;
    let confinement = settings.confinement.clone();
    Ok(OfflineOptions {
        pcap: job.read.ok_or_else(|| anyhow!("name a capture file with -r or an interface with -i"))?,
        output_directory: job.log_directory,
        rules: job.rules,
        suricata_yaml: job.suricata_yaml,
        set,
        checksums: job.checksums.map(|mode| if mode == "none" { Checksums::None } else { Checksums::All }),
        runmode: job.runmode,
        disable_detection: job.disable_detection,
        simulate_ips: job.simulate_ips,
        older_dns_records: std::env::var("SURICATA_EVE_DNS_VERSION").is_ok_and(|version| version == "2"),
        data_directory: job.data_dir,
        workers: job.workers,
        content,
        scanners: Some(Arc::new(move |rules, count| roles::ScanHelpers::default().start(&confinement, rules, count))),
        settings: configured.then_some(settings.sensor),
    })
}

fn split(pair: &str) -> anyhow::Result<(String, String)> {
    let (key, value) =
        pair.split_once('=').ok_or_else(|| anyhow!("--set {} lacks a =", fengsui_schema::shown(pair)))?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

fn report(summary: &OfflineSummary) {
    for failure in &summary.rules.failures {
        tell(format_args!("rule not loaded: {}:{}: {}", failure.file, failure.line, failure.reason));
    }
    if let Some(damage) = &summary.damage {
        tell(format_args!("the capture is damaged, everything before the damage was read: {damage}"));
    }
    let seen = &summary.visibility;
    tell(format_args!(
        "{} packets seen, {} inspected ({:.2} %), {} rules, {} alerts, {} events",
        seen.packets_seen,
        seen.packets_inspected,
        f64::from(seen.inspected_basis_points()) / 100.0,
        summary.rules.loaded,
        summary.alerts,
        summary.events
    ));
}
