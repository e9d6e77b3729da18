//! What the command line offers. Each command has an options struct and a `run` that writes to a given output and
//! returns the exit status: 0 nothing found or done, 1 findings, 2 is left to the caller for errors.

pub mod classify;
pub mod ledger;
pub mod mark;
pub mod mask;
pub mod register;
pub mod release;
pub mod reveal;
pub mod risk;
pub mod scan;
pub mod screen;
pub mod trace;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For reading on a terminal.
    #[default]
    Table,
    /// One JSON document.
    Json,
    /// One JSON value a line.
    JsonLines,
}

impl std::str::FromStr for Format {
    type Err = crate::GatewayError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "table" => Ok(Self::Table),
            "json" => Ok(Self::Json),
            "jsonl" => Ok(Self::JsonLines),
            other => Err(crate::GatewayError::Usage(format!(
                "{} is no format; use table, json or jsonl",
                fengsui_schema::shown(other)
            ))),
        }
    }
}

/// How often what is shown while a person waits is renewed.
const TICK: std::time::Duration = std::time::Duration::from_millis(200);

/// A bar on standard error while a person waits at a terminal; nothing elsewhere.
pub(crate) fn progress(total: usize, what: &'static str) -> indicatif::ProgressBar {
    use std::io::IsTerminal;
    if !std::io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let style = indicatif::ProgressStyle::with_template("{msg} [{bar:40}] {pos}/{len} {elapsed}")
        .unwrap_or_else(|_| indicatif::ProgressStyle::default_bar());
    let bar = indicatif::ProgressBar::new(total as u64).with_style(style).with_message(what);
    // One large file says nothing of itself for long: the time goes on.
    bar.enable_steady_tick(TICK);
    bar
}

/// A counter of rows on standard error while a person waits at a terminal; nothing elsewhere.
pub(crate) fn rows_progress(what: &'static str) -> indicatif::ProgressBar {
    use std::io::IsTerminal;
    if !std::io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let style = indicatif::ProgressStyle::with_template("{msg} {pos} {per_sec} {elapsed}")
        .unwrap_or_else(|_| indicatif::ProgressStyle::default_spinner());
    indicatif::ProgressBar::no_length().with_style(style).with_message(what)
}

/// Text that came from outside, safe for a terminal: control and bidirectional characters escaped.
pub(crate) fn printable(text: &str) -> String {
    let shown = fengsui_schema::shown(text).to_string();
    shown.trim_matches('"').to_owned()
}
