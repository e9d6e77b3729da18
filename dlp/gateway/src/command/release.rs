//! `fengsui dlp release`: a masked and marked copy of a table for one recipient, entered in the ledger.

use std::io::Write;

use super::printable;
use crate::GatewayError;
use crate::sharing::{ReleaseRequest, release};

/// Masks, marks, writes and records. Returns 0.
///
/// # Errors
/// When something can't be read or written, the ledger is broken, or the copy has no cell that can carry a mark.
pub fn run(request: &ReleaseRequest, out: &mut dyn Write) -> Result<u8, GatewayError> {
    for entry in release(request)?.entries() {
        writeln!(
            out,
            "已登记第{}号：{}，{}，{}行，标记列 {}，专属密文列 {}，账本摘要 {}",
            entry.sequence,
            printable(&entry.recipient),
            printable(&entry.source),
            entry.rows,
            printable(&entry.carriers.join("、")),
            printable(&entry.keyed.join("、")),
            entry.digest
        )?;
        if entry.canaries > 0 {
            writeln!(out, "副本中加入了{}行诱饵数据", entry.canaries)?;
        }
        if entry.carriers.is_empty() && entry.keyed.is_empty() {
            writeln!(out, "注意：该表没有可承载标记的列，泄露后只能靠其他工作表或诱饵数据追溯")?;
        }
    }
    Ok(0)
}
