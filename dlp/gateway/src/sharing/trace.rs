//! Who a leaked table was given to.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use fengsui_dlp_engine::mask::MaskKey;
use fengsui_dlp_engine::policy::{Access, Policy};
use fengsui_dlp_engine::watermark::{RecipientMark, ReleaseMark, binomial_tail};
use fengsui_dlp_engine::{Engine, EngineSettings, Rules};

use super::attribution::{Attribution, Keyed};
use super::index::Index;
use super::locate::{Leak, Located};
use super::release::{Copying, load_canaries};
use crate::command::mask::key;
use crate::database::{Address, open};
use crate::ledger::{Entry, Ledger};
use crate::table::{Nowhere, Source};
use crate::{GatewayError, limits};

/// Probability of naming any innocent recipient that a trace accepts.
pub const ERROR_LIMIT: f64 = 1e-9;

/// What is traced.
#[derive(Debug, Clone, Default)]
pub struct TraceRequest {
    /// Folder of the ledger.
    pub ledger: PathBuf,
    /// The leaked table: a file, or the address of a table of a database.
    pub leaked: PathBuf,
    /// The original, in place of the index that the ledger keeps.
    pub original: Option<PathBuf>,
    /// Settings of the engine, as at the release.
    pub engine: EngineSettings,
}

/// What a trace found.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct TraceReport {
    /// Recipients whose copies the leak comes from, the surest first. Untrusted texts.
    pub named: Vec<String>,
    /// Probability of naming anybody innocent that was accepted.
    pub limit: f64,
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
    /// Rows of the leak that were found in the dataset.
    pub located: usize,
    /// Marks that could be read.
    pub marks: usize,
    /// Recipients compared.
    pub recipients: usize,
    /// The most suspicious recipients, the surest first; at most [`limits::SUSPECTS`] and all that are named.
    pub suspects: Vec<Suspect>,
}

/// One recipient in a trace.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Suspect {
    /// Who got the copy. Untrusted.
    pub recipient: String,
    /// Standard deviations of the marks above what an innocent recipient is expected to have.
    pub score: f64,
    /// Probability that any innocent recipient of the ledger looks so guilty, by all kinds of evidence.
    pub error_probability: f64,
    /// Whether that probability is below the limit, so that the recipient is named.
    pub named: bool,
    /// Values of the leak that decrypt under the recipient's key to values of the original, by column.
    pub decrypted: BTreeMap<String, u64>,
    /// Made-up rows of the recipient's copy in the leak.
    pub canaries: u64,
}

/// Traces a leaked table.
///
/// # Errors
/// When the ledger is broken or a table can't be read.
pub fn trace(request: &TraceRequest) -> Result<TraceReport, GatewayError> {
    let mut leaked = open(&Address::of_path(&request.leaked)?)?;
    trace_source(request, leaked.as_mut())
}

/// Traces rows that come from anywhere, such as an upload.
///
/// # Errors
/// When the ledger is broken or a table can't be read.
pub fn trace_source(request: &TraceRequest, leaked: &mut dyn Source) -> Result<TraceReport, GatewayError> {
    let ledger = Ledger::open(&request.ledger)?;
    let leak = Leak::read(leaked)?;
    let (mask_key, mark_key) = (key(&ledger.mask_key())?, key(&ledger.mark_key())?);
    let mark = ReleaseMark::new(&mark_key);
    let datasets = datasets(ledger.entries());
    let all: usize = datasets.iter().map(|entries| recipients(entries).len()).sum();
    let mut report = TraceReport { limit: ERROR_LIMIT, ..TraceReport::default() };
    for entries in &datasets {
        let Some(index) = index_of(request, &ledger, entries, (&mask_key, &mark, &mark_key))? else { continue };
        let names = recipients(entries);
        let canaries = canaries_of(&ledger, entries, &names)?;
        let trace = Comparison {
            index: &index,
            leak: &leak,
            mark: &mark,
            mask_key: &mask_key,
            names: &names,
            canaries: &canaries,
            hypotheses: all,
        };
        let trace = trace.compare(entries);
        report.named.extend(trace.suspects.iter().filter(|known| known.named).map(|known| known.recipient.clone()));
        report.datasets.push(trace);
    }
    report.named.dedup();
    Ok(report)
}

/// Entries of one dataset each, in the order of their first release.
fn datasets(entries: &[Entry]) -> Vec<Vec<&Entry>> {
    let mut places = HashMap::new();
    let mut all: Vec<Vec<&Entry>> = Vec::new();
    for entry in entries {
        let at = *places.entry(&entry.dataset).or_insert_with(|| {
            all.push(Vec::new());
            all.len() - 1
        });
        all[at].push(entry);
    }
    all
}

fn recipients(dataset: &[&Entry]) -> Vec<String> {
    let mut all: Vec<String> = dataset.iter().map(|entry| entry.recipient.clone()).collect();
    all.sort();
    all.dedup();
    all
}

/// For each recipient (by place in `names`) the made-up values: column and digest.
fn canaries_of(
    ledger: &Ledger,
    entries: &[&Entry],
    names: &[String],
) -> Result<HashMap<(u32, u64), usize>, GatewayError> {
    let mut all = HashMap::new();
    for entry in entries {
        let Ok(place) = names.binary_search(&entry.recipient) else { continue };
        all.extend(load_canaries(ledger.folder(), entry)?.into_iter().map(|telling| (telling, place)));
    }
    Ok(all)
}

/// The index the ledger keeps; with an original the index is made from it, if it is of this dataset.
fn index_of(
    request: &TraceRequest,
    ledger: &Ledger,
    entries: &[&Entry],
    (mask_key, mark, mark_key): (&MaskKey, &ReleaseMark, &MaskKey),
) -> Result<Option<Index>, GatewayError> {
    let Some(entry) = entries.first() else { return Ok(None) };
    let Some(original) = &request.original else {
        return Index::load(ledger.folder(), &entry.dataset).map(Some);
    };
    let text = ledger.policy_text(&entry.policy_sm3)?;
    let policy = Policy::parse("policy", &text)?;
    let engine = Engine::new(request.engine.clone(), &Rules::default())?;
    let access = Access { role: entry.role.clone(), purpose: entry.purpose.clone() };
    let copying = Copying { engine: &engine, policy: &policy, access: &access, mask_key, mark, mark_key };
    let mut source = open(&Address::of_path(original)?)?;
    let copied = copying.copy(&entry.recipient, source.as_mut(), &mut Nowhere)?;
    let names =
        |columns: &[super::index::IndexColumn]| columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    let same = copied.rows == entry.rows
        && Index::load_columns(ledger.folder(), &entry.dataset)
            .is_ok_and(|known| names(&known) == names(&copied.index.columns));
    Ok(same.then_some(copied.index))
}

/// A leak against the copies of one dataset.
struct Comparison<'c> {
    index: &'c Index,
    leak: &'c Leak,
    mark: &'c ReleaseMark,
    mask_key: &'c MaskKey,
    names: &'c [String],
    canaries: &'c HashMap<(u32, u64), usize>,
    hypotheses: usize,
}

impl Comparison<'_> {
    fn compare(&self, entries: &[&Entry]) -> DatasetTrace {
        let located = Located::new(self.index, self.leak, self.mark);
        let mut keyed = Keyed::new(self.index, self.mask_key, self.names, self.mark);
        let attribution = keyed.attribute(&located, self.leak, self.canaries);
        let rows = located.rows(self.leak, &attribution);
        let seen = located.votes(self.leak, &rows, self.mark);
        let marks: Vec<RecipientMark> = self.names.iter().map(|name| self.mark.recipient(name)).collect();
        let scores = marks.iter().map(|mark| mark.score(&seen));
        let suspects = scores.enumerate().map(|(place, score)| {
            let (proof, decrypted) = self.proof(&attribution, place);
            let bound = score.tail.bound.min(proof);
            let estimate = score.tail.probability.min(proof);
            self.suspect(place, score.deviations, (estimate, bound), (decrypted, &attribution))
        });
        let mut suspects: Vec<Suspect> = suspects.collect();
        suspects.sort_by(|first, second| {
            first.error_probability.total_cmp(&second.error_probability).then(second.score.total_cmp(&first.score))
        });
        let named = suspects.iter().filter(|suspect| suspect.named).count();
        suspects.truncate(limits::SUSPECTS.max(named));
        let entry = entries.first();
        DatasetTrace {
            dataset: entry.map(|entry| entry.dataset.clone()).unwrap_or_default(),
            source: entry.map(|entry| entry.source.clone()).unwrap_or_default(),
            rows: self.leak.rows(),
            located: rows.iter().flatten().count(),
            marks: seen.len(),
            recipients: self.names.len(),
            suspects,
        }
    }

    /// The smallest probability that an innocent recipient has so many values that decrypt, and how many there are.
    fn proof(&self, attribution: &Attribution, place: usize) -> (f64, BTreeMap<String, u64>) {
        let mut least = attribution.row_proof.get(&place).copied().unwrap_or(1.0);
        let mut decrypted = BTreeMap::new();
        for (column, known) in &attribution.columns {
            let hits = known.hits.get(&place).copied().unwrap_or(0);
            if hits > 0 {
                decrypted.insert(self.index.columns[*column].name.clone(), hits);
                least = least.min(binomial_tail(hits, known.trials, known.chance));
            }
        }
        if let Some(found) = attribution.canaries.get(&place) {
            least = least.min(binomial_tail(found.hits, attribution.cells.max(found.hits), found.chance));
        }
        (least, decrypted)
    }

    fn suspect(
        &self,
        place: usize,
        score: f64,
        (estimate, bound): (f64, f64),
        (decrypted, attribution): (BTreeMap<String, u64>, &Attribution),
    ) -> Suspect {
        // Marks, each encrypted column, whole rows and canaries are so many chances to look guilty.
        let tests = (attribution.columns.len() + 3) as f64 * self.hypotheses as f64;
        Suspect {
            recipient: self.names[place].clone(),
            score,
            error_probability: (estimate * tests).min(1.0),
            named: bound * tests < ERROR_LIMIT,
            decrypted,
            canaries: attribution.canaries.get(&place).map_or(0, |found| found.hits),
        }
    }
}
