//! `fengsui dlp trace`: who a leaked table was given to.

use std::io::Write;

use super::printable;
use crate::GatewayError;
use crate::sharing::{DatasetTrace, ERROR_LIMIT, TraceRequest, trace};

/// Traces and reports. Returns 1 when a recipient is named, 0 when none is.
///
/// # Errors
/// When the ledger is broken or a table can't be read.
pub fn run(request: &TraceRequest, out: &mut dyn Write) -> Result<u8, GatewayError> {
    let found = trace(request)?;
    for dataset in &found.datasets {
        report(dataset, out)?;
    }
    Ok(u8::from(!found.named.is_empty()))
}

fn report(dataset: &DatasetTrace, out: &mut dyn Write) -> Result<(), GatewayError> {
    writeln!(
        out,
        "数据集{}：读出{}个标记，比对{}个接收方",
        printable(&dataset.source),
        dataset.marks,
        dataset.recipients
    )?;
    for known in dataset.suspects.iter().filter(|known| known.named) {
        writeln!(
            out,
            "  泄露来源：{}  得分{:.1}  误判概率不超过{:.1e}",
            printable(&known.recipient),
            known.score,
            known.error_probability.max(1e-300)
        )?;
    }
    if !dataset.suspects.iter().any(|known| known.named) {
        let best = dataset.suspects.first().map_or(0.0, |known| known.score);
        writeln!(out, "  没有接收方达到认定门槛（误判概率{ERROR_LIMIT:.0e}），最高得分{best:.1}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sharing::{ReleaseRequest, release};
    use crate::table::Table;
    use fengsui_dlp_engine::EngineSettings;
    use fengsui_schema::Timestamp;

    /// A table of made-up rows with valid check characters.
    fn original(rows: u32) -> String {
        let mut text = "证件号,邮箱,住址\n".to_owned();
        for row in 0..rows {
            let body = format!("62010219900101{:03}", row % 1000);
            let weights = [7_u32, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
            let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
            let check = char::from(b"10X98765432"[(sum % 11) as usize]);
            text.push_str(&format!(
                "{body}{check},person{row:05}@example.com,甘肃省兰州市城关区东岗西路{row}号3栋501室\n"
            ));
        }
        text
    }

    #[test]
    fn the_recipient_of_a_part_of_a_copy_is_named() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("in.csv"), original(900)).expect("writes");
        for recipient in ["民政局", "人社局", "卫健委"] {
            let options = ReleaseRequest {
                policy: "share-standard".to_owned(),
                recipient: recipient.to_owned(),
                role: String::new(),
                purpose: String::new(),
                ledger: path("ledger"),
                input: path("in.csv"),
                output: path(&format!("{recipient}.csv")),
                time: Timestamp::from_nanos(0),
                engine: EngineSettings::default(),
            };
            release(&options).expect("releases");
        }
        let mut leak = Table::read(&path("人社局.csv")).expect("reads");
        leak.rows = leak.rows.into_iter().step_by(3).collect();
        leak.rows.reverse();
        leak.write(&path("leak.csv")).expect("writes");
        let mut out = Vec::new();
        let options = TraceRequest { ledger: path("ledger"), leaked: path("leak.csv"), ..TraceRequest::default() };
        let status = run(&options, &mut out).expect("traces");
        let text = String::from_utf8(out).expect("is text");
        assert!(status == 1 && text.contains("泄露来源：人社局") && text.matches("泄露来源").count() == 1, "{text}");
    }
}
