//! `fengsui dlp mark`: a document with weak marks for one recipient, entered in the ledger.

use std::io::Write;

use super::printable;
use crate::GatewayError;
use crate::sharing::{DocumentRequest, mark_document};

/// Marks and records. Returns 0.
///
/// # Errors
/// When the document can't be read or written, or the ledger is broken.
pub fn run(request: &DocumentRequest, out: &mut dyn Write) -> Result<u8, GatewayError> {
    let entry = mark_document(request)?;
    writeln!(out, "已登记第{}号：{}；弱标记，内容未脱敏", entry.sequence, printable(&entry.recipient))?;
    Ok(0)
}
