//! Encrypted values of a leak that decrypt, under the key of one recipient only, to values of the original; and
//! made-up rows. One row can be proof.

use std::collections::{BTreeMap, HashMap, HashSet};

use fengsui_dlp_engine::cells::CellKind;
use fengsui_dlp_engine::mask::{ColumnMasker, MaskKey, MaskParameters, RegionOfMasked, domain_of, mask};
use fengsui_dlp_engine::policy::Step;
use fengsui_dlp_engine::watermark::ReleaseMark;

use super::index::{ColumnRole, Index};
use super::locate::{Leak, Located};
use super::marking::digest;

/// What the encrypted and made-up values of a leak say.
#[derive(Debug, Default)]
pub(super) struct Attribution {
    /// By column of the dataset.
    pub(super) columns: BTreeMap<usize, ColumnHits>,
    /// For each recipient the least probability that a single row of the leak is theirs by chance.
    pub(super) row_proof: HashMap<usize, f64>,
    /// For each recipient the made-up values found.
    pub(super) canaries: HashMap<usize, u64>,
    /// Values looked at that could be made up, and the probability that one of them is a recipient's by chance.
    pub(super) made_up: Trials,
    /// The largest probability by chance of a whole row that is a recipient's: of the two columns with the fewest values.
    pub(super) row_level: f64,
    /// For each row of the leak the digests of its decrypted cells, by column.
    pub(super) decrypted: HashMap<(usize, usize), u64>,
}

/// Values of one column that decrypt.
#[derive(Debug, Default)]
pub(super) struct ColumnHits {
    /// Different values tried.
    pub(super) trials: u64,
    /// Different values that decrypt under the key of a recipient.
    pub(super) hits: HashMap<usize, u64>,
    /// Probability that a value decrypts under a wrong key to a value of the original.
    pub(super) chance: f64,
}

/// Independent trials, each with at most this probability.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Trials {
    pub(super) count: u64,
    pub(super) chance: f64,
}

/// Decrypts under the key of every recipient.
pub(super) struct Keyed {
    /// By column: its type and the keys of all recipients.
    columns: Vec<(usize, Option<&'static str>, bool, Vec<ColumnMasker<'static>>)>,
    recipients: usize,
}

static KEEP: std::sync::LazyLock<MaskParameters> =
    std::sync::LazyLock::new(|| MaskParameters { region: RegionOfMasked::Keep, ..MaskParameters::default() });
static UNASSIGNED: std::sync::LazyLock<MaskParameters> = std::sync::LazyLock::new(MaskParameters::default);

/// What a value of the leak turned out to be.
type Found = Option<(usize, u64)>;

impl Keyed {
    pub(super) fn new(index: &Index, key: &MaskKey, names: &[String]) -> Self {
        let mut columns = Vec::new();
        for (position, column) in index.columns.iter().enumerate() {
            let ColumnRole::Keyed { data_type, keep_region } = &column.role else { continue };
            let known = fengsui_dlp_engine::Engine::data_types();
            let data_type = data_type
                .as_deref()
                .and_then(|name| known.iter().map(|(known, _)| *known).find(|known| *known == name));
            let parameters: &'static MaskParameters = if *keep_region { &KEEP } else { &UNASSIGNED };
            let Ok(function) = mask_function() else { continue };
            let masker =
                |name: &String| ColumnMasker::new(Step { mask: function, parameters }, data_type, key, Some(name));
            columns.push((position, data_type, *keep_region, names.iter().map(masker).collect()));
        }
        Self { columns, recipients: names.len() }
    }

    /// Tries every encrypted value of the leak under the keys of all recipients, the likeliest first.
    pub(super) fn attribute(
        &self,
        (index, mark): (&Index, &ReleaseMark),
        located: &Located,
        leak: &Leak,
        canaries: &HashMap<(u32, u64), usize>,
    ) -> Attribution {
        let mut attribution = Attribution::default();
        let mut order: Vec<usize> = (0..self.recipients).collect();
        let mut total: HashMap<usize, u64> = HashMap::new();
        let mut rows: HashMap<(usize, usize), Vec<(usize, f64)>> = HashMap::new();
        let mut domains = Vec::new();
        let made_up = MadeUp::new(canaries);
        for (position, data_type, keep_region, keys) in &self.columns {
            let Some(place) = located.place(*position) else { continue };
            let mut known: HashMap<&str, Found> = HashMap::new();
            let (mut column, mut chances, mut fewest) = (ColumnHits::default(), 0.0, f64::INFINITY);
            let distinct = located.postings(*position).distinct() as f64;
            for row in 0..leak.rows() {
                let (value, kind) = leak.cell(place, row);
                if value.trim().is_empty() {
                    continue;
                }
                let domain = domain_of(*data_type, *keep_region, value).max(1.0);
                fewest = fewest.min(domain);
                let found = *known.entry(value).or_insert_with(|| {
                    (column.trials, chances) = (column.trials + 1, chances + (distinct / domain).min(1.0));
                    let named = (*position, index.columns[*position].name.as_str());
                    let found = decrypted(named, (keys, mark), (value, kind), &order, (located, canaries));
                    if let Some((recipient, digest)) = found {
                        if canaries.get(&(*position as u32, digest)) == Some(&recipient) {
                            *attribution.canaries.entry(recipient).or_default() += 1;
                        } else {
                            *column.hits.entry(recipient).or_insert(0) += 1;
                        }
                        let count = total.entry(recipient).or_insert(0);
                        *count += 1;
                        move_up(&mut order, &total, recipient);
                    }
                    found
                });
                if let Some((recipient, digest)) = found {
                    attribution.decrypted.insert((row, *position), digest);
                    rows.entry((row, recipient)).or_default().push((*position, domain));
                }
            }
            made_up.tried(*position, column.trials, fewest, &mut attribution.made_up);
            domains.push(fewest);
            column.chance = (chances / column.trials.max(1) as f64).min(1.0);
            attribution.columns.insert(*position, column);
        }
        whole_rows(&rows, &mut attribution, (index, located), leak);
        domains.sort_by(f64::total_cmp);
        if let [first, second, ..] = domains.as_slice() {
            attribution.row_level = by_chance(1.0 / first / second, 2, index, leak);
        }
        neutral_canaries((index, mark), located, leak, (canaries, &made_up), &mut attribution);
        attribution
    }
}

/// The recipient under whose key a value is one of the original or a made-up one, and its digest.
fn decrypted(
    (position, name): (usize, &str),
    (keys, mark): (&[ColumnMasker<'static>], &ReleaseMark),
    (value, kind): (&str, CellKind),
    order: &[usize],
    (located, canaries): (&Located, &HashMap<(u32, u64), usize>),
) -> Found {
    order.iter().find_map(|recipient| {
        let plain = keys.get(*recipient)?.unmask(value, kind)?;
        let digest = digest(mark, name, &plain);
        let known = !located.postings(position).rows(digest).is_empty();
        let own = canaries.get(&(position as u32, digest)) == Some(recipient);
        (known || own).then_some((*recipient, digest))
    })
}

/// Rows of which several values decrypt to one and the same row of the original.
fn whole_rows(
    rows: &HashMap<(usize, usize), Vec<(usize, f64)>>,
    attribution: &mut Attribution,
    (index, located): (&Index, &Located),
    leak: &Leak,
) {
    for ((row, recipient), cells) in rows.iter().filter(|(_, cells)| cells.len() > 1) {
        let mut counts: HashMap<u32, f64> = HashMap::new();
        for (position, domain) in cells {
            let Some(digest) = attribution.decrypted.get(&(*row, *position)) else { continue };
            for (_, original) in located.postings(*position).rows(*digest) {
                *counts.entry(*original).or_insert(1.0) /= domain;
            }
        }
        let least = counts.values().copied().fold(1.0, f64::min);
        let chance = by_chance(least, cells.len(), index, leak);
        let known = attribution.row_proof.entry(*recipient).or_insert(1.0);
        *known = known.min(chance);
    }
}

/// Any row of the original, any row of the leak, any choice of the columns.
fn by_chance(one: f64, cells: usize, index: &Index, leak: &Leak) -> f64 {
    (one * index.locators.len() as f64 * leak.rows() as f64 * 2_f64.powi(cells as i32)).min(1.0)
}

fn mask_function() -> Result<&'static fengsui_dlp_engine::mask::Mask, fengsui_dlp_engine::EngineError> {
    mask("ff1")
}

/// What the made-up values of all recipients make possible.
struct MadeUp {
    /// Columns that have some.
    columns: HashSet<u32>,
    /// Most of one recipient.
    most: f64,
}

impl MadeUp {
    fn new(canaries: &HashMap<(u32, u64), usize>) -> Self {
        let mut own: HashMap<usize, u64> = HashMap::new();
        canaries.values().for_each(|recipient| *own.entry(*recipient).or_default() += 1);
        let columns = canaries.keys().map(|(column, _)| *column).collect();
        Self { columns, most: own.into_values().max().unwrap_or(0) as f64 }
    }

    /// Counts different values of a column, of which there can be so many.
    fn tried(&self, column: usize, values: u64, domain: f64, trials: &mut Trials) {
        if values > 0 && self.columns.contains(&(column as u32)) {
            trials.count += values;
            trials.chance = trials.chance.max(self.most / domain).min(1.0);
        }
    }
}

/// The recipient with the most hits is tried first.
fn move_up(order: &mut [usize], total: &HashMap<usize, u64>, recipient: usize) {
    let count = |known: usize| total.get(&known).copied().unwrap_or(0);
    let Some(mut at) = order.iter().position(|known| *known == recipient) else { return };
    while at > 0 && count(order[at - 1]) < count(recipient) {
        order.swap(at - 1, at);
        at -= 1;
    }
}

/// A made-up value that is not encrypted has at least six free digits; its digest is a random function.
const NEUTRAL_VALUES: f64 = 1e6;

/// Made-up values in columns that are the same in all copies.
fn neutral_canaries(
    (index, mark): (&Index, &ReleaseMark),
    located: &Located,
    leak: &Leak,
    (canaries, made_up): (&HashMap<(u32, u64), usize>, &MadeUp),
    attribution: &mut Attribution,
) {
    for (position, column) in index.columns.iter().enumerate() {
        let Some(place) = located.place(position) else { continue };
        let telling = made_up.columns.contains(&(position as u32));
        if !telling || matches!(column.role, ColumnRole::Keyed { .. } | ColumnRole::Ignored) {
            continue;
        }
        let mut seen = HashSet::new();
        for row in 0..leak.rows() {
            let value = leak.cell(place, row).0;
            let telling = (position as u32, super::release::value_digest(mark, column, value));
            if !seen.insert(telling.1) {
                continue;
            }
            if let Some(recipient) = canaries.get(&telling) {
                *attribution.canaries.entry(*recipient).or_default() += 1;
            }
        }
        made_up.tried(position, seen.len() as u64, NEUTRAL_VALUES, &mut attribution.made_up);
    }
}
