//! `fengsui quarantine`: what could not be parsed and why, and giving it back to the parsers after a fix.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use crate::arguments::QuarantineCommand;
use crate::roles::{DataLock, open_spool};
use crate::settings;
use crate::terminal::{say, tell};

pub(super) fn run(config: Option<&Path>, command: &QuarantineCommand) -> anyhow::Result<ExitCode> {
    let settings = settings::load(config)?.placed();
    let state = &settings.analyzer.state_directory;
    match command {
        QuarantineCommand::List => {
            let reasons = fengsui_pipeline::quarantine_reasons(state)?;
            let mut out = std::io::stdout().lock();
            for reason in &reasons {
                say(&mut out, format_args!("{:>8}  {}", reason.records, fengsui_schema::shown(&reason.reason)))?;
            }
            let records: u64 = reasons.iter().map(|reason| reason.records).sum();
            tell(format_args!("{records} records in quarantine for {} reasons", reasons.len()));
        }
        QuarantineCommand::Replay => {
            let _lock = DataLock::take(&settings.data.directory)
                .context("a replay needs the analyzer stopped, so that no record is read twice")?;
            let summary = fengsui_pipeline::replay_quarantine(state, &open_spool(&settings)?)?;
            tell(format_args!("{} records given back, {} lines not readable", summary.records, summary.unreadable));
        }
    }
    Ok(ExitCode::SUCCESS)
}
