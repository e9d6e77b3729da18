//! Made-up rows: each recipient has its own, so that one that turns up names whose copy it is from. Their numbers are
//! of regions and ranges that nobody has.

use fengsui_dlp_engine::cells::{CellKind, Cells};
use fengsui_dlp_engine::mask::{ColumnMasker, MaskKey, MaskParameters, mask};
use fengsui_dlp_engine::policy::Step;

use crate::job::{Action, ColumnPlan};
use crate::table::Batch;

/// Types of which a value can be made up that is nobody's.
const TYPES: &[&str] = &["cn_resident_id", "cn_mobile", "bank_card", "person_name", "email"];

/// Types whose made-up values are so many that one is proof.
const TELLING: &[&str] = &["cn_resident_id", "cn_mobile", "bank_card"];

/// Makes up the rows of one copy.
pub(super) struct Canaries<'k> {
    share: f64,
    key: &'k MaskKey,
    recipient: String,
    owed: f64,
    made: u64,
}

impl<'k> Canaries<'k> {
    pub(super) fn new(share: f64, key: &'k MaskKey, recipient: &str) -> Self {
        Self { share, key, recipient: recipient.to_owned(), owed: 0.0, made: 0 }
    }

    pub(super) const fn made(&self) -> u64 {
        self.made
    }

    /// As many rows as these rows call for: values that are telling are made up, the others taken from the rows,
    /// each from another one.
    pub(super) fn rows(&mut self, plans: &[ColumnPlan<'_>], plain: &Batch) -> Batch {
        self.owed += self.share * plain.rows() as f64;
        let mut made = Batch::new(plans.len());
        while self.owed >= 1.0 && plain.rows() > 0 {
            self.owed -= 1.0;
            for ((plan, cells), column) in plans.iter().zip(&plain.columns).zip(&mut made.columns) {
                match made_up(self.key, &format!("{}\u{1f}{}", self.recipient, self.made), plan) {
                    Some(value) => column.push(&value, CellKind::Text),
                    None => taken(self.key, cells, &format!("{}{}", plan.field.name, self.made), column),
                }
            }
            self.made += 1;
        }
        made
    }
}

/// Columns whose made-up values are kept to be found again.
pub(super) fn is_telling(plan: &ColumnPlan<'_>) -> bool {
    plan.data_type.is_some_and(|data_type| TELLING.contains(&data_type))
        && !matches!(plan.action, Action::Mask(step) if !step.mask.injective)
}

fn made_up(key: &MaskKey, seed: &str, plan: &ColumnPlan<'_>) -> Option<String> {
    let data_type = plan.data_type.filter(|data_type| TYPES.contains(data_type))?;
    let parameters = MaskParameters::default();
    let step = Step { mask: mask("fake").ok()?, parameters: &parameters };
    let mut value = String::new();
    ColumnMasker::new(step, Some(data_type), key, Some("canary")).mask(seed, CellKind::Text, &mut value);
    let encrypted = matches!(plan.action, Action::Mask(step) if step.mask.name == "ff1");
    // Encryption turns regions that exist into ones that don't.
    Some(if encrypted && data_type == "cn_resident_id" { with_region(&value) } else { value })
}

/// The number with a region that exists and its check character.
fn with_region(value: &str) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let body = format!("620102{}", value.get(6..17).unwrap_or_default());
    let sum: u32 = body.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let check = b"10X98765432"[(sum % 11) as usize];
    format!("{body}{}", char::from(check))
}

fn taken(key: &MaskKey, cells: &Cells, seed: &str, column: &mut Cells) {
    let digest = key.derive("canary row", &[seed.as_bytes()]);
    let number = digest[..8].iter().fold(0_usize, |number, byte| (number << 8) | usize::from(*byte));
    let (text, kind) = cells.get(number % cells.len().max(1));
    column.push(text, kind);
}

/// The rows with the made-up ones between them, at places drawn by the key.
pub(super) fn mixed(rows: &Batch, made: &Batch, key: &MaskKey, number: u64) -> Batch {
    let places: Vec<usize> = (0..made.rows())
        .map(|index| {
            let digest = key.derive("canary place", &[&number.to_le_bytes(), &(index as u64).to_le_bytes()]);
            digest[..8].iter().fold(0_usize, |number, byte| (number << 8) | usize::from(*byte)) % (rows.rows() + 1)
        })
        .collect();
    let mut out = Batch::new(0);
    for (cells, made) in rows.columns.iter().zip(&made.columns) {
        let mut column = Cells::new();
        for row in 0..=rows.rows() {
            for (index, _) in places.iter().enumerate().filter(|(_, place)| **place == row) {
                let (text, kind) = made.get(index);
                column.push(text, kind);
            }
            if row < rows.rows() {
                let (text, kind) = cells.get(row);
                column.push(text, kind);
            }
        }
        out.columns.push(column);
    }
    out
}
