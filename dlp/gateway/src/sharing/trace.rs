//! Who a leaked table was given to.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use fengsui_dlp_engine::mask::MaskKey;
use fengsui_dlp_engine::policy::{Access, Policy};
use fengsui_dlp_engine::watermark::{RecipientMark, ReleaseMark, Seen, binomial_level, binomial_tail};
use fengsui_dlp_engine::{Engine, EngineSettings, Rules};

use super::attribution::{Attribution, Keyed};
use super::index::{Index, IndexColumn, Postings};
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
    /// Sheet of the leak; empty where it has only one table. Untrusted.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sheet: String,
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

/// Traces rows that come from anywhere, such as an upload. One dataset is in memory at a time.
///
/// # Errors
/// When the ledger is broken or a table can't be read.
pub fn trace_source(request: &TraceRequest, leaked: &mut dyn Source) -> Result<TraceReport, GatewayError> {
    let opened = Opened::new(request)?;
    let leaks = Leak::read_all(leaked)?;
    let mut report = TraceReport { limit: ERROR_LIMIT, ..TraceReport::default() };
    for group in &opened.groups {
        if let Some(dataset) = opened.dataset(request, group)? {
            opened.compare(&dataset, &leaks, &mut report);
        }
    }
    Ok(finished(report, leaks.len()))
}

/// A ledger whose datasets are in memory, for many traces.
pub struct Tracer {
    opened: Opened,
    datasets: Vec<Dataset>,
}

impl Tracer {
    /// Reads the ledger and all its datasets.
    ///
    /// # Errors
    /// When something can't be read.
    pub fn open(request: &TraceRequest) -> Result<Self, GatewayError> {
        let opened = Opened::new(request)?;
        let datasets = opened.groups.iter().map(|group| opened.dataset(request, group));
        let datasets = datasets.filter_map(Result::transpose).collect::<Result<_, _>>()?;
        Ok(Self { opened, datasets })
    }

    /// Traces a leak.
    ///
    /// # Errors
    /// When its tables can't be read.
    pub fn trace(&self, leaked: &mut dyn Source) -> Result<TraceReport, GatewayError> {
        let leaks = Leak::read_all(leaked)?;
        let mut report = TraceReport { limit: ERROR_LIMIT, ..TraceReport::default() };
        self.datasets.iter().for_each(|dataset| self.opened.compare(dataset, &leaks, &mut report));
        Ok(finished(report, leaks.len()))
    }
}

/// Everybody is named once. Of several sheets only those are told that a dataset has rows of.
fn finished(mut report: TraceReport, leaks: usize) -> TraceReport {
    let mut seen = std::collections::HashSet::new();
    report.named.retain(|name| seen.insert(name.clone()));
    if leaks > 1 && report.datasets.iter().any(|dataset| dataset.located > 0) {
        report.datasets.retain(|dataset| dataset.located > 0);
    }
    report
}

/// A ledger and its keys.
struct Opened {
    ledger: Ledger,
    mask_key: MaskKey,
    mark_key: MaskKey,
    mark: ReleaseMark,
    /// Entries of one dataset each.
    groups: Vec<Vec<Entry>>,
    /// Recipients of all datasets, each counted once for each.
    recipients: usize,
}

impl Opened {
    fn new(request: &TraceRequest) -> Result<Self, GatewayError> {
        let ledger = Ledger::open(&request.ledger)?;
        let (mask_key, mark_key) = (key(&ledger.mask_key())?, key(&ledger.mark_key())?);
        let mark = ReleaseMark::new(&mark_key);
        let groups = groups(ledger.entries());
        let recipients = groups.iter().map(|group| recipients(group).len()).sum();
        Ok(Self { ledger, mask_key, mark_key, mark, groups, recipients })
    }

    /// What a dataset's copies are compared by; `None` when an original is given that is not its own.
    fn dataset(&self, request: &TraceRequest, group: &[Entry]) -> Result<Option<Dataset>, GatewayError> {
        let Some(index) = self.index(request, group)? else { return Ok(None) };
        let names = recipients(group);
        let postings = index.digests.iter().map(|digests| Postings::new(digests)).collect();
        let canaries = canaries_of(&self.ledger, group, &names)?;
        let marks = names.iter().map(|name| self.mark.recipient(name)).collect();
        let keyed = Keyed::new(&index, &self.mask_key, &names);
        let first = group.first().cloned().unwrap_or_default();
        Ok(Some(Dataset { id: first.dataset, source: first.source, index, postings, names, canaries, marks, keyed }))
    }

    /// The index the ledger keeps; with an original the index is made from it, if it is of this dataset.
    fn index(&self, request: &TraceRequest, group: &[Entry]) -> Result<Option<Index>, GatewayError> {
        let Some(entry) = group.first() else { return Ok(None) };
        let Some(original) = &request.original else {
            return Index::load(self.ledger.folder(), &entry.dataset).map(Some);
        };
        let policy = Policy::parse("policy", &self.ledger.policy_text(&entry.policy_sm3)?)?;
        let engine = Engine::new(request.engine.clone(), &Rules::default())?;
        let access = Access { role: entry.role.clone(), purpose: entry.purpose.clone() };
        let copying = Copying {
            engine: &engine,
            policy: &policy,
            access: &access,
            mask_key: &self.mask_key,
            mark: &self.mark,
            mark_key: &self.mark_key,
        };
        let mut source = open(&Address::of_path(original)?)?;
        let tables = copying.copy_all(&entry.recipient, source.as_mut(), &mut Nowhere)?;
        let known = Index::load_columns(self.ledger.folder(), &entry.dataset)?;
        let names = |columns: &[IndexColumn]| columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        let mut own = tables.into_iter().filter(|copied| copied.rows == entry.rows);
        Ok(own.find(|copied| names(&copied.index.columns) == names(&known)).map(|copied| copied.index))
    }

    fn compare(&self, dataset: &Dataset, leaks: &[Leak], report: &mut TraceReport) {
        for leak in leaks {
            let hypotheses = self.recipients * leaks.len();
            let trace = Comparison { dataset, leak, mark: &self.mark, hypotheses }.compare();
            report.named.extend(trace.suspects.iter().filter(|known| known.named).map(|known| known.recipient.clone()));
            report.datasets.push(trace);
        }
    }
}

/// What the copies of one dataset are compared by.
struct Dataset {
    id: String,
    source: String,
    index: Index,
    postings: Vec<Postings>,
    names: Vec<String>,
    canaries: HashMap<(u32, u64), usize>,
    marks: Vec<RecipientMark>,
    keyed: Keyed,
}

/// Entries of one dataset each, in the order of their first release.
fn groups(entries: &[Entry]) -> Vec<Vec<Entry>> {
    let mut places = HashMap::new();
    let mut all: Vec<Vec<Entry>> = Vec::new();
    for entry in entries {
        let at = *places.entry(&entry.dataset).or_insert_with(|| {
            all.push(Vec::new());
            all.len() - 1
        });
        all[at].push(entry.clone());
    }
    all
}

fn recipients(dataset: &[Entry]) -> Vec<String> {
    let mut all: Vec<String> = dataset.iter().map(|entry| entry.recipient.clone()).collect();
    all.sort();
    all.dedup();
    all
}

/// For each recipient (by place in `names`) the made-up values: column and digest.
fn canaries_of(
    ledger: &Ledger,
    entries: &[Entry],
    names: &[String],
) -> Result<HashMap<(u32, u64), usize>, GatewayError> {
    let mut all = HashMap::new();
    for entry in entries {
        let Ok(place) = names.binary_search(&entry.recipient) else { continue };
        all.extend(load_canaries(ledger.folder(), entry)?.into_iter().map(|telling| (telling, place)));
    }
    Ok(all)
}

/// A table of a leak against the copies of one dataset.
struct Comparison<'c> {
    dataset: &'c Dataset,
    leak: &'c Leak,
    mark: &'c ReleaseMark,
    hypotheses: usize,
}

impl Comparison<'_> {
    fn compare(&self) -> DatasetTrace {
        let Dataset { index, postings, marks, canaries, .. } = self.dataset;
        let located = Located::new(index, postings, self.leak, self.mark);
        let attribution = self.dataset.keyed.attribute((index, self.mark), &located, self.leak, canaries);
        let rows = located.rows(self.leak, &attribution);
        let seen = Seen::new(located.readings(self.leak, &rows, self.mark));
        let suspects = marks.iter().enumerate().map(|(place, mark)| {
            let score = mark.score(&seen);
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
        DatasetTrace {
            dataset: self.dataset.id.clone(),
            source: self.dataset.source.clone(),
            sheet: self.leak.sheet.clone(),
            rows: self.leak.rows(),
            located: rows.known(),
            marks: seen.len(),
            recipients: marks.len(),
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
                decrypted.insert(self.dataset.index.columns[*column].name.clone(), hits);
                least = least.min(binomial_tail(hits, known.trials, known.chance));
            }
        }
        if let Some(hits) = attribution.canaries.get(&place) {
            let made_up = attribution.made_up;
            least = least.min(binomial_tail(*hits, made_up.count.max(*hits), made_up.chance));
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
        // Marks, each encrypted column, whole rows and canaries are so many chances to look guilty: nobody is named unless
        // the bounds of all of them together allow it.
        let tests = (attribution.columns.len() + 3) as f64 * self.hypotheses as f64;
        Suspect {
            recipient: self.dataset.names[place].clone(),
            score,
            error_probability: any_of(innocent(estimate, attribution), self.hypotheses),
            named: bound * tests < ERROR_LIMIT,
            decrypted,
            canaries: attribution.canaries.get(&place).copied().unwrap_or(0),
        }
    }
}

/// The probability that an innocent recipient has evidence of any kind that is as improbable as this. The marks can have
/// any probability; decrypted and made-up values only those of whole numbers of hits.
fn innocent(level: f64, attribution: &Attribution) -> f64 {
    let columns = attribution.columns.values().map(|column| binomial_level(level, column.trials, column.chance));
    let made_up = binomial_level(level, attribution.made_up.count, attribution.made_up.chance);
    (level + columns.sum::<f64>() + attribution.row_level.min(level) + made_up).min(1.0)
}

/// The probability that something happens to any of so many recipients, who do not depend on each other.
fn any_of(one: f64, recipients: usize) -> f64 {
    -((recipients as f64) * (-one).ln_1p()).exp_m1()
}

#[cfg(test)]
mod tests {
    use super::super::attribution::{ColumnHits, Trials};
    use super::*;

    #[test]
    fn many_small_chances_add_up() {
        assert!((any_of(1e-12, 1000) / 1e-9 - 1.0).abs() < 1e-6);
        assert!(any_of(1.0, 3) == 1.0 && any_of(0.0, 3) == 0.0 && (any_of(0.25, 1) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn only_evidence_that_can_be_met_by_chance_counts() {
        let mut attribution = Attribution::default();
        assert_eq!(innocent(1e-3, &attribution), 1e-3);
        attribution.columns.insert(0, ColumnHits { trials: 1000, chance: 1e-9, ..ColumnHits::default() });
        attribution.made_up = Trials { count: 1000, chance: 1e-8 };
        let rare = innocent(1e-3, &attribution);
        assert!(rare > 1e-3 && rare < 1.1e-3, "{rare}");
        // What is as probable as the level counts as much as it.
        attribution.row_level = 1e-2;
        assert!(innocent(1e-3, &attribution) > 2e-3);
    }
}
