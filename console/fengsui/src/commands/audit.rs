//! `fengsui audit verify`: checks the hash chain of the audit log.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use crate::roles;
use crate::terminal::say;

/// Checks the chain from its first entry. Exit code 1 when an entry is bad.
pub(super) fn verify(data: &Path) -> anyhow::Result<ExitCode> {
    let report = roles::runtime()?
        .block_on(fengsui_api::verify_audit_file(&data.join("console.db")))
        .with_context(|| format!("the audit log below {} can't be read", data.display()))?;
    let mut out = std::io::stdout().lock();
    match &report.first_bad {
        None => say(&mut out, format_args!("{} entries, the chain holds", report.checked))?,
        Some(bad) => say(
            &mut out,
            format_args!("entry {} is bad: {} ({} entries before it hold)", bad.sequence, bad.reason, report.checked),
        )?,
    }
    Ok(ExitCode::from(u8::from(report.first_bad.is_some())))
}
