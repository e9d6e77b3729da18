//! Finds the rows of a leak in a dataset, by any of the columns that are left, and reads their marks.
//!
//! A row whose cells were overwritten, or of which only common values are left, may have been one of several: then
//! each of them counts with its probability.

use fengsui_dlp_engine::cells::CellKind;
use fengsui_dlp_engine::watermark::{MarkCell, Reading, ReleaseMark};

use super::attribution::Attribution;
use super::index::{ColumnRole, Index, Postings};
use super::release::value_digest;
use crate::table::{Batch, Head, Source};
use crate::{GatewayError, limits};

/// The rows of one table of a leak.
#[derive(Debug, Default)]
pub(super) struct Leak {
    /// Name of the sheet; empty where there is only one table.
    pub(super) sheet: String,
    names: Vec<String>,
    batches: Vec<Batch>,
    starts: Vec<usize>,
    rows: usize,
}

impl Leak {
    /// Reads all tables with rows of a source; one without rows when there is none.
    pub(super) fn read_all(source: &mut dyn Source) -> Result<Vec<Self>, GatewayError> {
        let mut all: Vec<Self> = Vec::new();
        let mut rows = 0;
        while let Some(head) = source.next_table()? {
            let leak = Self::read(head, source, &mut rows)?;
            if leak.rows > 0 {
                all.push(leak);
            }
        }
        match all.as_mut_slice() {
            [] => all.push(Self::default()),
            [only] => only.sheet.clear(),
            _ => {}
        }
        Ok(all)
    }

    fn read(head: Head, source: &mut dyn Source, rows: &mut usize) -> Result<Self, GatewayError> {
        let names = head.fields.into_iter().map(|field| field.name).collect();
        let mut leak = Self { sheet: head.name, names, ..Self::default() };
        while let Some(batch) = source.next_batch(4096)? {
            leak.starts.push(leak.rows);
            leak.rows += batch.rows();
            *rows += batch.rows();
            leak.batches.push(batch);
            if *rows > limits::LEAKED_ROWS {
                let reason = format!("the leak has more than {} rows; trace a random part of it", limits::LEAKED_ROWS);
                return Err(GatewayError::Usage(reason));
            }
        }
        Ok(leak)
    }

    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn cell(&self, column: usize, row: usize) -> (&str, CellKind) {
        let at = self.starts.partition_point(|start| *start <= row).saturating_sub(1);
        let batch = self.batches.get(at).and_then(|batch| batch.columns.get(column));
        batch.map_or(("", CellKind::Missing), |cells| cells.get(row - self.starts[at]))
    }
}

/// A row of the dataset that a row of the leak may have been.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    original: u32,
    probability: f64,
}

/// For each row of a leak what it may have been, the likeliest first.
#[derive(Debug, Default)]
pub(super) struct Rows {
    candidates: Vec<Vec<Candidate>>,
    /// Share of the cells that are not what they were in the copy.
    overwritten: f64,
}

impl Rows {
    /// Rows that are known: more probably one row than all others together.
    pub(super) fn known(&self) -> usize {
        self.candidates.iter().filter(|all| all.first().is_some_and(|best| best.probability > 0.5)).count()
    }
}

/// A leak laid beside a dataset.
pub(super) struct Located<'i> {
    index: &'i Index,
    /// For each column of the dataset its place in the leak.
    places: Vec<Option<usize>>,
    postings: &'i [Postings],
    /// For each column of the dataset the digests of the leak's cells.
    digests: Vec<Vec<u64>>,
}

/// Values of a renamed column that are compared to find out which it is.
const COMPARED: usize = 400;
/// Share of overwritten cells that is held possible before anything is known.
const SUSPECTED: f64 = 0.3;
/// Rows that must be known to say how many cells were overwritten.
const TELLING_ROWS: usize = 20;
/// Probability above which a row is held to be the one.
const CERTAIN: f64 = 0.9;
/// Leaks of so many rows have certain rows enough; in smaller ones improbable candidates count too.
const LARGE: usize = 50_000;
/// Most candidates of one row.
const CANDIDATES: usize = 24;

/// A value of one row of a leak that the dataset has too.
struct Value {
    column: usize,
    digest: u64,
    /// Rows of the dataset that have it.
    count: usize,
    /// How much likelier a row is that has it than one that has not.
    ratio: f64,
}

impl<'i> Located<'i> {
    pub(super) fn new(index: &'i Index, postings: &'i [Postings], leak: &Leak, mark: &ReleaseMark) -> Self {
        let places = places(index, leak, mark, postings);
        let digests = index.columns.iter().zip(&places).map(|(column, place)| {
            let Some(place) = place.filter(|_| !matches!(column.role, ColumnRole::Keyed { .. } | ColumnRole::Ignored))
            else {
                return Vec::new();
            };
            (0..leak.rows()).map(|row| value_digest(mark, column, leak.cell(place, row).0)).collect()
        });
        let digests = digests.collect();
        Self { index, places, postings, digests }
    }

    pub(super) fn place(&self, column: usize) -> Option<usize> {
        self.places.get(column).copied().flatten()
    }

    pub(super) fn postings(&self, column: usize) -> &Postings {
        &self.postings[column]
    }

    /// What each row of the leak may have been. How many cells were overwritten is learnt from the rows that are sure.
    pub(super) fn rows(&self, leak: &Leak, attribution: &Attribution) -> Rows {
        let least = if leak.rows() > LARGE { 0.5 } else { 0.01 };
        let of = |overwritten: f64| -> Rows {
            let row = |row| self.candidates(&self.values(row, attribution, overwritten), overwritten, least);
            Rows { candidates: (0..leak.rows()).map(row).collect(), overwritten }
        };
        let first = of(SUSPECTED);
        match self.overwritten(&first, attribution) {
            Some(share) => of(share),
            None => first,
        }
    }

    fn digest(&self, row: usize, column: usize, attribution: &Attribution) -> Option<u64> {
        let decrypted = attribution.decrypted.get(&(row, column)).copied();
        decrypted.or_else(|| self.digests[column].get(row).copied()).filter(|digest| *digest != 0)
    }

    /// The values of a row, the rarest first.
    fn values(&self, row: usize, attribution: &Attribution, overwritten: f64) -> Vec<Value> {
        let all = self.index.locators.len().max(1) as f64;
        let value = |column: usize| {
            let digest = self.digest(row, column, attribution)?;
            let count = self.postings[column].rows(digest).len();
            let chance = overwritten * count as f64 / all;
            (count > 0).then(|| Value { column, digest, count, ratio: 1.0 + (1.0 - overwritten) / chance })
        };
        let mut values: Vec<Value> = (0..self.postings.len()).filter_map(value).collect();
        values.sort_by_key(|value| value.count);
        values
    }

    /// The rows that share values with a row of the leak, by Bayes' rule: a cell is what it was, or it was overwritten
    /// by a value of another row.
    fn candidates(&self, values: &[Value], overwritten: f64, least: f64) -> Vec<Candidate> {
        let rare = values.partition_point(|value| value.count <= limits::RARE_ROWS);
        let mut rows: Vec<u32> = Vec::new();
        for value in &values[..rare] {
            rows.extend(self.postings[value.column].rows(value.digest).iter().map(|(_, row)| *row));
        }
        rows.sort_unstable();
        rows.dedup();
        let sure = self.weighed(&rows, values, (overwritten, rare), least);
        if sure.first().is_some_and(|best| best.probability > CERTAIN) {
            return sure;
        }
        let common = values.partition_point(|value| value.count <= limits::COMMON_ROWS);
        let more = self.shared(&values[rare..common]);
        if more.is_empty() {
            return sure;
        }
        rows.extend(more);
        rows.sort_unstable();
        rows.dedup();
        self.weighed(&rows, values, (overwritten, common), least)
    }

    /// The rows that have two of these values at least.
    fn shared(&self, values: &[Value]) -> Vec<u32> {
        let mut rows: Vec<u32> = Vec::new();
        for value in values {
            rows.extend(self.postings[value.column].rows(value.digest).iter().map(|(_, row)| *row));
        }
        rows.sort_unstable();
        rows.chunk_by(|first, second| first == second).filter(|same| same.len() > 1).map(|same| same[0]).collect()
    }

    /// The probabilities of rows that were looked up by the first so many values; the rest of the dataset has what is
    /// left, in which only the other values are shared.
    fn weighed(
        &self,
        rows: &[u32],
        values: &[Value],
        (overwritten, looked_up): (f64, usize),
        least: f64,
    ) -> Vec<Candidate> {
        let weight = |row: u32| -> f64 {
            let same = |value: &&Value| self.index.digests[value.column].get(row as usize) == Some(&value.digest);
            values.iter().filter(same).map(|value| value.ratio).product()
        };
        let mut all: Vec<Candidate> =
            rows.iter().map(|row| Candidate { original: *row, probability: weight(*row) }).collect();
        let common = values[..looked_up].iter().filter(|value| value.count > limits::RARE_ROWS).count() as f64;
        let chance = 1.0 + common * (1.0 - overwritten) / overwritten;
        let others = i32::try_from(values.len() - looked_up).unwrap_or(i32::MAX);
        let rest = self.index.locators.len() as f64 * chance * overwritten.recip().powi(others);
        let total = rest + all.iter().map(|candidate| candidate.probability).sum::<f64>();
        all.iter_mut().for_each(|candidate| candidate.probability /= total);
        all.retain(|candidate| candidate.probability >= least);
        all.sort_by(|first, second| second.probability.total_cmp(&first.probability));
        all.truncate(CANDIDATES);
        all
    }

    /// Share of the cells of sure rows that are not those of the original. Sure rows have kept more than others, so
    /// that what was rarest, by which they were found, does not count.
    fn overwritten(&self, rows: &Rows, attribution: &Attribution) -> Option<f64> {
        let (mut sure, mut other, mut all) = (0, 0.0, 0.0);
        for (row, candidates) in rows.candidates.iter().enumerate() {
            let Some(best) = candidates.first().filter(|best| best.probability > CERTAIN) else { continue };
            sure += 1;
            for value in self.values(row, attribution, rows.overwritten).iter().skip(1) {
                let same = self.index.digests[value.column].get(best.original as usize) == Some(&value.digest);
                let chance = value.count as f64 / self.index.locators.len().max(1) as f64;
                other += f64::from(u8::from(!same));
                all += 1.0 - chance;
            }
        }
        (sure >= TELLING_ROWS && all > 0.0).then(|| (other / all).clamp(0.02, 0.95))
    }

    /// What was read from the marked cells of the rows, each cell with all its readings.
    pub(super) fn readings(&self, leak: &Leak, rows: &Rows, mark: &ReleaseMark) -> Vec<(MarkCell, Vec<Reading>)> {
        let mut read: Vec<((u32, usize), Reading)> = Vec::new();
        let all = self.index.locators.len().max(1) as f64;
        for (column, known) in self.index.columns.iter().enumerate() {
            let (ColumnRole::Carrier(carrier), Some(place)) = (&known.role, self.place(column)) else { continue };
            for (row, candidates) in rows.candidates.iter().enumerate() {
                let digest = self.digests[column].get(row).copied().unwrap_or_default();
                let Some(symbol) = carrier.read(leak.cell(place, row).0).filter(|_| !candidates.is_empty()) else {
                    continue;
                };
                let chance = rows.overwritten * self.postings[column].rows(digest).len() as f64 / all;
                let own = (1.0 - rows.overwritten) / (1.0 - rows.overwritten + chance);
                for candidate in candidates {
                    // A cell that was overwritten by another value says nothing about this row's mark.
                    if self.index.digests[column].get(candidate.original as usize) == Some(&digest) {
                        let reading = Reading { symbol, own: own * candidate.probability };
                        read.push(((candidate.original, column), reading));
                    }
                }
            }
        }
        read.sort_by_key(|(cell, _)| *cell);
        let cell = |same: &[((u32, usize), Reading)]| {
            let (row, column) = same.first()?.0;
            let locator = self.index.locators.get(row as usize)?;
            let cell = mark.cell(locator, &self.index.columns[column].name);
            Some((cell, same.iter().map(|(_, reading)| *reading).collect()))
        };
        read.chunk_by(|first, second| first.0 == second.0).filter_map(cell).collect()
    }
}

/// Columns by their name; renamed ones by their values.
fn places(index: &Index, leak: &Leak, mark: &ReleaseMark, postings: &[Postings]) -> Vec<Option<usize>> {
    let named = |name: &str| leak.names.iter().position(|known| known == name);
    let mut places: Vec<Option<usize>> = index.columns.iter().map(|column| named(&column.name)).collect();
    let mut free: Vec<usize> = (0..leak.names.len()).filter(|place| !places.contains(&Some(*place))).collect();
    for (position, column) in index.columns.iter().enumerate() {
        if places[position].is_some() || matches!(column.role, ColumnRole::Ignored) {
            continue;
        }
        let step = leak.rows().div_ceil(COMPARED).max(1);
        let share = |place: usize| -> usize {
            let values = (0..leak.rows()).step_by(step).map(|row| leak.cell(place, row).0);
            values.filter(|value| !postings[position].rows(value_digest(mark, column, value)).is_empty()).count()
        };
        let best = free.iter().map(|place| (share(*place), *place)).max();
        if let Some((_, place)) = best.filter(|(hits, _)| *hits * 4 >= leak.rows().div_ceil(step)) {
            places[position] = Some(place);
            free.retain(|known| *known != place);
        }
    }
    // What is left can only be encrypted columns: each is tried where no other column fits.
    for (position, column) in index.columns.iter().enumerate() {
        if places[position].is_none() && matches!(column.role, ColumnRole::Keyed { .. }) && free.len() == 1 {
            places[position] = free.pop();
        }
    }
    places
}
