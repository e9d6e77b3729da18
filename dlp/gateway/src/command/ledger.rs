//! `fengsui dlp ledger list`: the releases on record, after the chain was checked.

use std::io::Write;
use std::path::Path;

use super::{Format, printable};
use crate::GatewayError;
use crate::ledger::Ledger;

/// Lists the entries. Returns 0.
///
/// # Errors
/// When the ledger can't be read or its chain is broken.
pub fn list(folder: &Path, format: Format, out: &mut dyn Write) -> Result<u8, GatewayError> {
    let ledger = Ledger::existing(folder)?;
    for entry in ledger.entries() {
        match format {
            Format::Table => writeln!(
                out,
                "{}\t{}\t{}\t{}\t{}行\t{}",
                entry.sequence,
                entry.time,
                printable(&entry.recipient),
                printable(&entry.source),
                entry.rows,
                entry.digest
            )?,
            Format::Json | Format::JsonLines => {
                writeln!(out, "{}", serde_json::to_string(entry).map_err(std::io::Error::from)?)?
            }
        }
    }
    Ok(0)
}
