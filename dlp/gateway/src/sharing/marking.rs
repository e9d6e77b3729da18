//! The marks of a copy: which columns carry them, and how the rows of a batch get them.

use fengsui_dlp_engine::cells::{CellKind, Cells};
use fengsui_dlp_engine::mask::RegionOfMasked;
use fengsui_dlp_engine::policy::MarkSettings;
use fengsui_dlp_engine::watermark::{Carrier, Locator, RecipientMark, ReleaseMark};

use super::index::{ColumnRole, Index, IndexColumn, Occurrences};
use crate::job::{Action, ColumnPlan};
use crate::table::{Batch, FieldKind};

/// How the columns of a plan are compared and marked. `masked` are rows masked without a recipient.
pub(super) fn roles(plans: &[ColumnPlan<'_>], marks: &MarkSettings, masked: &Batch) -> Vec<IndexColumn> {
    let role = |(plan, cells): (&ColumnPlan<'_>, &Cells)| IndexColumn {
        name: plan.field.name.clone(),
        role: role(plan, marks, cells),
    };
    plans.iter().zip(&masked.columns).map(role).collect()
}

fn role(plan: &ColumnPlan<'_>, marks: &MarkSettings, masked: &Cells) -> ColumnRole {
    match plan.action {
        Action::LeaveOut => return ColumnRole::Ignored,
        Action::Mask(step) if step.mask.name == "shuffle" => return ColumnRole::Ignored,
        Action::Mask(step) if step.mask.name == "ff1" && marks.recipient_keys => {
            return ColumnRole::Keyed {
                data_type: plan.data_type.map(str::to_owned),
                keep_region: step.parameters.region == RegionOfMasked::Keep,
            };
        }
        Action::Mask(_) | Action::InText => {}
    }
    if marks.without.contains(&plan.field.name) {
        return ColumnRole::Neutral;
    }
    let carrier = match marks.tolerance_of(&plan.field.name) {
        Some(units) => Some(tolerant(masked, units)),
        None if plan.field.kind == FieldKind::Json => None,
        None => {
            let texts: Vec<&str> =
                masked.iter().filter(|(_, kind)| *kind == CellKind::Text).map(|(text, _)| text).collect();
            Carrier::of_texts(texts.iter().copied())
        }
    };
    carrier.map_or(ColumnRole::Neutral, ColumnRole::Carrier)
}

/// Dates move by days, everything else by units of the last decimal place.
fn tolerant(cells: &Cells, units: u32) -> Carrier {
    let date = Carrier::Date(units);
    let dates = cells.iter().filter(|(text, _)| date.write(text, false).is_some()).count();
    if dates * 2 > cells.len() { date } else { Carrier::Number(units) }
}

/// Marks the rows of one copy and builds the index of its dataset.
pub(super) struct Marker<'m> {
    mark: &'m ReleaseMark,
    recipient: RecipientMark,
    pub(super) index: Index,
    occurrences: Occurrences,
}

impl<'m> Marker<'m> {
    pub(super) fn new(mark: &'m ReleaseMark, recipient: &str, columns: Vec<IndexColumn>) -> Self {
        Self {
            mark,
            recipient: mark.recipient(recipient),
            index: Index::new(columns),
            occurrences: Occurrences::default(),
        }
    }

    /// What the marks of each row are drawn from.
    pub(super) fn locate(&mut self, plain: &Batch) -> Vec<Locator> {
        let locator = |row: usize| {
            let cells: Vec<&[u8]> = plain.columns.iter().map(|column| column.get(row).0.as_bytes()).collect();
            let first = self.mark.locator(&cells, 0);
            match self.occurrences.next(first) {
                0 => first,
                occurrence => self.mark.locator(&cells, occurrence),
            }
        };
        (0..plain.rows()).map(locator).collect()
    }

    /// The digests of plain values in columns that are encrypted for a recipient.
    pub(super) fn keyed_digests(&self, plain: &Batch) -> Vec<Option<Vec<u64>>> {
        let digests = |(column, cells): (&IndexColumn, &Cells)| match column.role {
            ColumnRole::Keyed { .. } => {
                Some(cells.iter().map(|(text, _)| digest(self.mark, &column.name, text)).collect())
            }
            _ => None,
        };
        self.index.columns.iter().zip(&plain.columns).map(digests).collect()
    }

    /// Puts the recipient's symbols into masked rows. With `keyed` digests the rows are entered in the index; rows of
    /// nobody are only marked.
    pub(super) fn mark(&mut self, masked: Batch, locators: &[Locator], keyed: Option<Vec<Option<Vec<u64>>>>) -> Batch {
        let mut keyed = keyed;
        if keyed.is_some() {
            self.index.locators.extend_from_slice(locators);
        }
        let mut marked = Batch::new(0);
        for (position, cells) in masked.columns.into_iter().enumerate() {
            let column = &self.index.columns[position];
            if let Some(known) = &mut keyed {
                let entered = known.get_mut(position).and_then(Option::take);
                let digests = entered.unwrap_or_else(|| neutral_digests(self.mark, column, &cells));
                self.index.digests[position].extend(digests);
            }
            marked.columns.push(match column.role {
                ColumnRole::Carrier(carrier) => self.marked(&column.name, carrier, &cells, locators),
                _ => cells,
            });
        }
        marked
    }

    fn marked(&self, name: &str, carrier: Carrier, cells: &Cells, locators: &[Locator]) -> Cells {
        let mut out = Cells::new();
        for ((text, kind), locator) in cells.iter().zip(locators) {
            let symbol = || self.recipient.symbol(&self.mark.cell(locator, name));
            match if kind == CellKind::Missing {
                None
            } else {
                carrier.write(text, false).and_then(|_| carrier.write(text, symbol()))
            } {
                Some(marked) => out.push(&marked, kind),
                None => out.push(text, kind),
            }
        }
        out
    }
}

/// The digests by which rows of a leak are found in a column that is the same in all copies but for the marks.
pub(super) fn neutral_digests(mark: &ReleaseMark, column: &IndexColumn, cells: &Cells) -> Vec<u64> {
    let neutral = |text: &str| match column.role {
        ColumnRole::Carrier(carrier) => digest(mark, &column.name, &carrier.neutral(text)),
        ColumnRole::Neutral => digest(mark, &column.name, text),
        ColumnRole::Keyed { .. } | ColumnRole::Ignored => 0,
    };
    cells.iter().map(|(text, _)| neutral(text)).collect()
}

/// The digest of a value; zero for an empty one.
pub(super) fn digest(mark: &ReleaseMark, column: &str, value: &str) -> u64 {
    let value = value.trim();
    if value.is_empty() { 0 } else { mark.value_digest(column, value).max(1) }
}
