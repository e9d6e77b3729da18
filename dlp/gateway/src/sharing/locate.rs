//! Finds the rows of a leak in a dataset, by any of the columns that are left, and reads their marks.

use std::collections::{HashMap, HashSet};

use fengsui_dlp_engine::cells::CellKind;
use fengsui_dlp_engine::watermark::{MarkCell, ReleaseMark, Vote};

use super::attribution::Attribution;
use super::index::{ColumnRole, Index, Postings};
use super::release::value_digest;
use crate::table::{Batch, Source};
use crate::{GatewayError, limits};

/// The rows of a leak.
#[derive(Debug, Default)]
pub(super) struct Leak {
    names: Vec<String>,
    batches: Vec<Batch>,
    starts: Vec<usize>,
    rows: usize,
}

impl Leak {
    /// Reads the first table with rows of a source.
    pub(super) fn read(source: &mut dyn Source) -> Result<Self, GatewayError> {
        let mut leak = Self::default();
        while leak.rows == 0 {
            let Some(head) = source.next_table()? else { break };
            leak.names = head.fields.into_iter().map(|field| field.name).collect();
            while let Some(batch) = source.next_batch(4096)? {
                leak.starts.push(leak.rows);
                leak.rows += batch.rows();
                leak.batches.push(batch);
                if leak.rows > limits::LEAKED_ROWS {
                    let reason =
                        format!("the leak has more than {} rows; trace a random part of it", limits::LEAKED_ROWS);
                    return Err(GatewayError::Usage(reason));
                }
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

/// A leak laid beside a dataset.
pub(super) struct Located<'i> {
    index: &'i Index,
    /// For each column of the dataset its place in the leak.
    places: Vec<Option<usize>>,
    postings: Vec<Postings>,
    /// For each column of the dataset the digests of the leak's cells.
    digests: Vec<Vec<u64>>,
}

/// Values of a renamed column that are compared to find out which it is.
const COMPARED: usize = 400;

impl<'i> Located<'i> {
    pub(super) fn new(index: &'i Index, leak: &Leak, mark: &ReleaseMark) -> Self {
        let postings: Vec<Postings> = index.digests.iter().map(|digests| Postings::new(digests)).collect();
        let places = places(index, leak, mark, &postings);
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

    /// For each row of the leak the row of the dataset it was, if that can be told.
    pub(super) fn rows(&self, leak: &Leak, attribution: &Attribution) -> Vec<Option<u32>> {
        (0..leak.rows()).map(|row| self.row(row, attribution)).collect()
    }

    fn row(&self, row: usize, attribution: &Attribution) -> Option<u32> {
        let digest = |column: usize| {
            let decrypted = attribution.decrypted.get(&(row, column)).copied();
            decrypted.or_else(|| self.digests[column].get(row).copied()).filter(|digest| *digest != 0)
        };
        let mut lists: Vec<(usize, u64, usize)> = (0..self.postings.len())
            .filter_map(|column| {
                digest(column).map(|digest| (column, digest, self.postings[column].rows(digest).len()))
            })
            .filter(|(_, _, length)| *length > 0)
            .collect();
        lists.sort_by_key(|(_, _, length)| *length);
        let all = self.index.locators.len().max(1) as f64;
        let weight = |length: usize| (all / length as f64).log2();
        let mut candidates = HashSet::new();
        for (place, (column, digest, length)) in lists.iter().enumerate() {
            // Rare values say where to look; if there are none, the rarest two do.
            let useful = *length <= limits::RARE_ROWS || (place < 2 && *length <= limits::COMMON_ROWS);
            if useful {
                candidates.extend(self.postings[*column].rows(*digest).iter().map(|(_, original)| *original));
            }
        }
        let score = |original: u32| -> f64 {
            let same = |(column, digest, _): &&(usize, u64, usize)| {
                self.index.digests[*column].get(original as usize) == Some(digest)
            };
            lists.iter().filter(same).map(|(_, _, length)| weight(*length)).sum()
        };
        let (mut best, mut second) = ((0.0, None), 0.0);
        for original in candidates {
            let scored = score(original);
            if scored > best.0 {
                second = best.0;
                best = (scored, Some(original));
            } else if scored > second {
                second = scored;
            }
        }
        // Mistakes only weaken the trace: they are noise to the guilty and nothing to the innocent.
        let sure = best.0 >= all.log2() * ENOUGH && best.0 >= second + MARGIN_BITS;
        best.1.filter(|_| sure)
    }

    /// What was read from the marked cells of the rows that were found; each cell once, however often it was leaked.
    pub(super) fn votes(&self, leak: &Leak, rows: &[Option<u32>], mark: &ReleaseMark) -> Vec<(MarkCell, Vote)> {
        let mut votes: HashMap<(u32, usize), (i32, i32)> = HashMap::new();
        for (column, known) in self.index.columns.iter().enumerate() {
            let (ColumnRole::Carrier(carrier), Some(place)) = (&known.role, self.place(column)) else { continue };
            for (row, original) in rows.iter().enumerate() {
                let (Some(original), (value, _)) = (original, leak.cell(place, row)) else { continue };
                // A cell that was overwritten by another value says nothing about this row's mark.
                let own = self.index.digests[column].get(*original as usize) == self.digests[column].get(row);
                if let Some(symbol) = carrier.read(value).filter(|_| own) {
                    let (sum, count) = votes.entry((*original, column)).or_insert((0, 0));
                    *sum += if symbol { 1 } else { -1 };
                    *count += 1;
                }
            }
        }
        let mut votes: Vec<_> = votes.into_iter().collect();
        votes.sort_unstable();
        let cell = |((row, column), (sum, count)): ((u32, usize), (i32, i32))| {
            let locator = self.index.locators.get(row as usize)?;
            Some((mark.cell(locator, &self.index.columns[column].name), f64::from(sum) / f64::from(count)))
        };
        votes.into_iter().filter_map(cell).collect()
    }
}

/// Share of the bits that tell a row from all others which have to agree.
const ENOUGH: f64 = 0.7;
/// Bits by which the best row has to be better than the second.
const MARGIN_BITS: f64 = 2.0;

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
        if let Some((hits, place)) = best.filter(|(hits, _)| *hits * 4 >= leak.rows().div_ceil(step)) {
            let _ = hits;
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
