//! Structured logs on standard error.

use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, LogSettings};
use crate::terminal::LogLine;

/// Starts the log. A wrong filter is an error that shows the filter.
pub(crate) fn start(settings: &LogSettings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.filter)
        .map_err(|error| anyhow::anyhow!("log.filter {} is wrong: {error}", fengsui_schema::shown(&settings.filter)))?;
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| LogLine(std::io::stderr())).with_target(true);
    let started = match settings.format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("the log could not be started: {error}"))
}
