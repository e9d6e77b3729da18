//! `fengsui dlp trace`: who a leaked table was given to.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;

use fengsui_dlp_engine::EngineSettings;
use fengsui_dlp_engine::watermark::{FEWEST_ROWS, ReleaseMark, Suspicion, read_symbol};

use super::mask::key;
use super::printable;
use super::release::{locator_of, masked};
use crate::GatewayError;
use crate::ledger::{Entry, Ledger};
use crate::table::Table;

/// Probability of naming any innocent recipient that a trace accepts.
pub const ERROR_LIMIT: f64 = 1e-9;

/// What is traced.
#[derive(Debug, Clone, Default)]
pub struct TraceOptions {
    /// Folder of the ledger.
    pub ledger: PathBuf,
    /// The leaked table.
    pub leaked: PathBuf,
    /// The original, which finds rows again when the leak lacks the best column.
    pub original: Option<PathBuf>,
    /// Settings of the engine, as at the release.
    pub engine: EngineSettings,
}

/// Traces and reports. Returns 1 when a recipient is named, 0 when none is.
///
/// # Errors
/// When the ledger is broken or a table can't be read.
pub fn run(options: &TraceOptions, out: &mut dyn Write) -> Result<u8, GatewayError> {
    let ledger = Ledger::open(&options.ledger)?;
    let leaked = Table::read(&options.leaked)?;
    let mark = ReleaseMark::new(key(&ledger.mark_key())?);
    let mut named = false;
    for dataset in datasets(ledger.entries()) {
        let rows = Locations::new(options, &ledger, &dataset)?;
        let symbols = rows.symbols(&leaked);
        if symbols.len() < FEWEST_ROWS {
            writeln!(
                out,
                "数据集{}：泄露数据中只有{}个可读标记，少于{FEWEST_ROWS}个，不作判断",
                printable(&rows.last.source),
                symbols.len()
            )?;
            continue;
        }
        let recipients: Vec<String> = recipients(&dataset);
        let trace = mark.trace(&symbols, &recipients, ERROR_LIMIT);
        named |= report(&rows.last.source, symbols.len(), &trace, out)?;
    }
    Ok(u8::from(named))
}

/// Entries of one dataset each, in the order of their first release.
fn datasets(entries: &[Entry]) -> Vec<Vec<&Entry>> {
    let mut all: Vec<Vec<&Entry>> = Vec::new();
    for entry in entries {
        match all.iter_mut().find(|known| known[0].dataset == entry.dataset) {
            Some(known) => known.push(entry),
            None => all.push(vec![entry]),
        }
    }
    all
}

fn recipients(dataset: &[&Entry]) -> Vec<String> {
    let mut all: Vec<String> = dataset.iter().map(|entry| entry.recipient.clone()).collect();
    all.sort();
    all.dedup();
    all
}

/// Finds, for a leaked row, the value its locator column had in the copies.
struct Locations<'e> {
    last: &'e Entry,
    /// For each other locator column: from its value to the first column's value. Filled from the original.
    others: HashMap<String, HashMap<String, String>>,
}

impl<'e> Locations<'e> {
    fn new(options: &TraceOptions, ledger: &Ledger, dataset: &[&'e Entry]) -> Result<Self, GatewayError> {
        // A dataset has at least the entry it was made from.
        let Some(last) = dataset.last() else { return Err(GatewayError::Usage("the ledger is empty".to_owned())) };
        let mut others = HashMap::new();
        if let Some(original) = &options.original {
            let table = masked(&options.engine, &last.policy, "", &key(&ledger.mask_key())?, original)?;
            let first = last.locators.first().and_then(|name| table.columns.iter().position(|known| known == name));
            for (index, name) in table.columns.iter().enumerate().filter(|(_, name)| last.locators.contains(name)) {
                let pairs =
                    table.rows.iter().filter_map(|row| Some((row.get(index)?.clone(), row.get(first?)?.clone())));
                others.insert(name.clone(), pairs.collect());
            }
        }
        Ok(Self { last, others })
    }

    fn symbols(&self, leaked: &Table) -> Vec<(Vec<u8>, bool)> {
        let place = |name: &String| leaked.columns.iter().position(|known| known == name);
        let carriers: Vec<(usize, &String)> =
            self.last.carriers.iter().filter_map(|name| place(name).map(|at| (at, name))).collect();
        let mut symbols = Vec::new();
        for row in &leaked.rows {
            let Some(located) = self.located(leaked, row) else { continue };
            for (column, name) in &carriers {
                if let Some(symbol) = row.get(*column).and_then(|value| read_symbol(value)) {
                    symbols.push((locator_of(&located, name), symbol));
                }
            }
        }
        symbols
    }

    fn located(&self, leaked: &Table, row: &[String]) -> Option<String> {
        let value = |name: &String| leaked.columns.iter().position(|known| known == name).and_then(|at| row.get(at));
        if let Some(value) = self.last.locators.first().and_then(value) {
            return Some(value.clone());
        }
        self.last.locators.iter().find_map(|name| self.others.get(name)?.get(value(name)?).cloned())
    }
}

fn report(source: &str, symbols: usize, trace: &[Suspicion], out: &mut dyn Write) -> Result<bool, GatewayError> {
    writeln!(out, "数据集{}：读出{symbols}个标记，比对{}个接收方", printable(source), trace.len())?;
    for known in trace.iter().filter(|known| known.accused) {
        writeln!(
            out,
            "  泄露来源：{}  得分{:.1}  误判概率不超过{:.1e}",
            printable(&known.recipient),
            known.score,
            known.error_probability.max(1e-300)
        )?;
    }
    let named = trace.iter().any(|known| known.accused);
    if !named {
        let best = trace.first().map_or(0.0, |known| known.score);
        writeln!(out, "  没有接收方达到认定门槛（误判概率{ERROR_LIMIT:.0e}），最高得分{best:.1}")?;
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::super::release;
    use super::*;
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
            let options = release::ReleaseOptions {
                policy: "share-standard".to_owned(),
                recipient: recipient.to_owned(),
                purpose: String::new(),
                ledger: path("ledger"),
                input: path("in.csv"),
                output: path(&format!("{recipient}.csv")),
                time: Timestamp::from_nanos(0),
                engine: EngineSettings::default(),
            };
            release::run(&options, &mut Vec::new()).expect("releases");
        }
        let mut leak = Table::read(&path("人社局.csv")).expect("reads");
        leak.rows = leak.rows.into_iter().step_by(3).collect();
        leak.rows.reverse();
        leak.write(&path("leak.csv")).expect("writes");
        let mut out = Vec::new();
        let options = TraceOptions { ledger: path("ledger"), leaked: path("leak.csv"), ..TraceOptions::default() };
        let status = run(&options, &mut out).expect("traces");
        let text = String::from_utf8(out).expect("is text");
        assert!(status == 1 && text.contains("泄露来源：人社局") && text.matches("泄露来源").count() == 1, "{text}");
    }
}
