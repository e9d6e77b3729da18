//! Who a leaked table was given to.

use std::collections::HashMap;
use std::path::PathBuf;

use fengsui_dlp_engine::EngineSettings;
use fengsui_dlp_engine::policy::Access;
use fengsui_dlp_engine::watermark::{FEWEST_ROWS, ReleaseMark, Suspicion, read_symbol};

use super::release::{locator_of, masked};
use crate::GatewayError;
use crate::command::mask::key;
use crate::ledger::{Entry, Ledger};
use crate::table::Table;

/// Probability of naming any innocent recipient that a trace accepts.
pub const ERROR_LIMIT: f64 = 1e-9;

/// What is traced.
#[derive(Debug, Clone, Default)]
pub struct TraceRequest {
    /// Folder of the ledger.
    pub ledger: PathBuf,
    /// The leaked table.
    pub leaked: PathBuf,
    /// The original, which finds rows again when the leak lacks the best column.
    pub original: Option<PathBuf>,
    /// Settings of the engine, as at the release.
    pub engine: EngineSettings,
}

/// What a trace found.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct TraceReport {
    /// Recipients whose copies the leak comes from, the surest first. Untrusted texts.
    pub named: Vec<String>,
    /// The comparison with each dataset of the ledger.
    pub datasets: Vec<DatasetTrace>,
}

/// The comparison of a leak with the copies of one dataset.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct DatasetTrace {
    /// The dataset.
    pub dataset: String,
    /// Name of the original. Untrusted.
    pub source: String,
    /// Rows of the leak.
    pub rows: usize,
    /// Marks that could be read.
    pub marks: usize,
    /// Recipients compared.
    pub recipients: usize,
    /// The most suspicious recipients, the surest first; at most [`crate::limits::SUSPECTS`].
    pub suspects: Vec<Suspect>,
}

/// One recipient in a trace.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Suspect {
    /// Who got the copy. Untrusted.
    pub recipient: String,
    /// Standard deviations above what an innocent recipient is expected to have.
    pub score: f64,
    /// Probability that any innocent recipient looks so guilty.
    pub error_probability: f64,
    /// Whether that probability is below the limit, so that the recipient is named.
    pub named: bool,
}

/// Traces a leaked table.
///
/// # Errors
/// When the ledger is broken or a table can't be read.
pub fn trace(request: &TraceRequest) -> Result<TraceReport, GatewayError> {
    let ledger = Ledger::open(&request.ledger)?;
    let leaked = Table::read(&request.leaked)?;
    let mark = ReleaseMark::new(key(&ledger.mark_key())?);
    let mut report = TraceReport::default();
    for dataset in datasets(ledger.entries()) {
        let rows = Locations::new(request, &ledger, &dataset)?;
        let symbols = rows.symbols(&leaked);
        let recipients: Vec<String> = recipients(&dataset);
        // With fewer the score is not yet normal, so that nobody is accused.
        let enough = symbols.len() >= FEWEST_ROWS;
        let trace = if enough { mark.trace(&symbols, &recipients, ERROR_LIMIT) } else { Vec::new() };
        report.named.extend(trace.iter().filter(|known| known.accused).map(|known| known.recipient.clone()));
        report.datasets.push(DatasetTrace {
            dataset: rows.last.dataset.clone(),
            source: rows.last.source.clone(),
            rows: leaked.rows.len(),
            marks: symbols.len(),
            recipients: recipients.len(),
            suspects: trace.into_iter().take(crate::limits::SUSPECTS).map(suspect).collect(),
        });
    }
    Ok(report)
}

fn suspect(known: Suspicion) -> Suspect {
    let Suspicion { recipient, score, error_probability, accused } = known;
    Suspect { recipient, score, error_probability, named: accused }
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
    fn new(request: &TraceRequest, ledger: &Ledger, dataset: &[&'e Entry]) -> Result<Self, GatewayError> {
        // A dataset has at least the entry it was made from.
        let Some(last) = dataset.last() else { return Err(GatewayError::Usage("the ledger is empty".to_owned())) };
        let mut others = HashMap::new();
        if let Some(original) = &request.original {
            let table = masked(&request.engine, &last.policy, &Access::default(), &key(&ledger.mask_key())?, original)?;
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
