//! Reads one capture file: `sensor -r FILE -l DIR [-S RULES] [-c YAML] [--set K=V] [-k none|all] …`.

use std::path::PathBuf;
use std::process::ExitCode;

use fengsui_sensor::{Checksums, OfflineOptions, run_offline};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut options = OfflineOptions::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let (name, inline) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
            _ => (word, None),
        };
        let mut value = || inline.clone().or_else(|| words.next()).unwrap_or_default();
        match name.as_str() {
            "-r" => options.pcap = PathBuf::from(value()),
            "-l" => options.output_directory = PathBuf::from(value()),
            "-S" | "-s" => options.rules.push(PathBuf::from(value())),
            "-c" => options.suricata_yaml = Some(PathBuf::from(value())),
            "-k" => options.checksums = Some(if value() == "none" { Checksums::None } else { Checksums::All }),
            "--set" => {
                if let Some((key, value)) = value().split_once('=') {
                    options.set.push((key.to_owned(), value.to_owned()));
                }
            }
            "--runmode" => options.runmode = Some(value()),
            "--data-dir" => options.data_directory = Some(PathBuf::from(value())),
            "--workers" => options.workers = value().parse().unwrap_or(1),
            "--disable-detection" => options.disable_detection = true,
            "--simulate-ips" => options.simulate_ips = true,
            other => eprintln!("unknown option {other}"),
        }
    }
    match run_offline(&options) {
        Ok(summary) => {
            for failure in &summary.rules.failures {
                eprintln!("{}:{} sid {:?}: {}", failure.file, failure.line, failure.sid, failure.reason);
            }
            eprintln!(
                "{} packets, {} events, {} alerts, {} rules",
                summary.visibility.packets_seen, summary.events, summary.alerts, summary.rules.loaded
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
