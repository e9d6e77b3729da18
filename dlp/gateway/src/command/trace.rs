//! `fengsui dlp trace`: who a leaked table was given to.

use std::io::Write;
use std::path::{Path, PathBuf};

use fengsui_schema::Timestamp;

use super::printable;
use crate::GatewayError;
use crate::ledger::Ledger;
use crate::sharing::{DatasetTrace, ERROR_LIMIT, TraceRequest, document_hints, is_document, trace, write_evidence};

/// A trace, and where its evidence goes.
#[derive(Debug, Clone, Default)]
pub struct TraceOptions {
    /// What is traced.
    pub request: TraceRequest,
    /// File for the evidence, which is signed.
    pub evidence: Option<PathBuf>,
    /// The time of the evidence.
    pub time: Timestamp,
}

/// Traces and reports. Returns 1 when a recipient is named, 0 when none is.
///
/// # Errors
/// When the ledger is broken, a table can't be read or the evidence can't be written.
pub fn run(options: &TraceOptions, out: &mut dyn Write) -> Result<u8, GatewayError> {
    let leaked = options.request.leaked.as_path();
    let ledger = Ledger::existing(&options.request.ledger)?;
    if is_document(leaked) {
        return hints(&ledger, leaked, out);
    }
    drop(ledger);
    let found = trace(&options.request)?;
    if found.datasets.is_empty() {
        writeln!(out, "账本中没有可比对的数据集")?;
    }
    for dataset in &found.datasets {
        report(dataset, out)?;
    }
    let status = u8::from(!found.named.is_empty());
    if let Some(path) = &options.evidence {
        let ledger = Ledger::open(&options.request.ledger)?;
        write_evidence(&ledger, &leaked.to_string_lossy(), found, options.time, path)?;
        writeln!(
            out,
            "证据报告已写入{}，签名在同名.sig文件中，验签公钥为账本目录的signing.pub.pem",
            printable(&path.to_string_lossy())
        )?;
    }
    Ok(status)
}

/// Weak marks of a document name nobody.
fn hints(ledger: &Ledger, leaked: &Path, out: &mut dyn Write) -> Result<u8, GatewayError> {
    let hints = document_hints(ledger, leaked)?;
    for (recipient, marks) in &hints {
        writeln!(out, "弱标记指向：{}（{marks}处）。弱标记可被清除或伪造，只作线索，不作认定", printable(recipient))?;
    }
    if hints.is_empty() {
        writeln!(out, "文档中没有可读的弱标记；重新录入、打印或清理格式都会去除它")?;
    }
    Ok(u8::from(!hints.is_empty()))
}

fn report(dataset: &DatasetTrace, out: &mut dyn Write) -> Result<(), GatewayError> {
    writeln!(
        out,
        "数据集{}：泄露{}行，定位{}行，读出{}个标记，比对{}个接收方",
        printable(&dataset.source),
        dataset.rows,
        dataset.located,
        dataset.marks,
        dataset.recipients
    )?;
    for known in dataset.suspects.iter().filter(|known| known.named) {
        writeln!(
            out,
            "  泄露来源：{}  误判概率{:.1e}  标记得分{:.1}",
            printable(&known.recipient),
            known.error_probability.max(1e-300),
            known.score
        )?;
        for (column, hits) in &known.decrypted {
            writeln!(out, "    专属密文：{}列{hits}个值只能由该接收方的密钥解出原值", printable(column))?;
        }
        if known.canaries > 0 {
            writeln!(out, "    诱饵行：{}个", known.canaries)?;
        }
    }
    if !dataset.suspects.iter().any(|known| known.named) {
        let best = dataset.suspects.first().map_or(1.0, |known| known.error_probability);
        writeln!(out, "  没有接收方达到认定门槛（误判概率{ERROR_LIMIT:.0e}），最可疑者的误判概率{best:.1e}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
