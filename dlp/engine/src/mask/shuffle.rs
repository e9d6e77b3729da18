//! Exchanges the values of a column among its rows: the distribution stays, the rows do not belong together.

use super::{Keeps, Mask, MaskKey};
use crate::cells::Cells;

/// A single value has no column to be shuffled in; it is refused, so that no plain value passes as masked.
pub(super) const MASK: Mask = Mask {
    name: "shuffle",
    label: "列内置换",
    deterministic: false,
    reversible: false,
    injective: false,
    same_length: false,
    keeps: Keeps::Everything,
    apply: |_, _| Err("works on whole columns of tables only; use fake or redact here"),
};

/// The cells of a column in another order: Fisher and Yates' shuffle with numbers drawn from the key.
#[must_use]
pub fn shuffle(cells: &Cells, key: &MaskKey, tweak: &[u8]) -> Cells {
    let draw = key.prepared("shuffle", tweak);
    let mut order: Vec<usize> = (0..cells.len()).collect();
    for last in (1..order.len()).rev() {
        let digest = draw.tag(&[&(last as u64).to_le_bytes()]);
        let drawn = digest[..8].iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        order.swap(last, usize::try_from(drawn % (last as u64 + 1)).unwrap_or(last));
    }
    let mut shuffled = Cells::new();
    for index in order {
        let (text, kind) = cells.get(index);
        shuffled.push(text, kind);
    }
    shuffled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::CellKind;

    #[test]
    fn keeps_all_values() {
        let mut cells = Cells::new();
        (0..100).for_each(|number: u32| cells.push(&number.to_string(), CellKind::Number));
        let shuffled = shuffle(&cells, &MaskKey::new([1; 32]), b"column");
        assert_ne!(shuffled, cells);
        let mut values: Vec<u32> = shuffled.iter().filter_map(|(text, _)| text.parse().ok()).collect();
        values.sort_unstable();
        assert_eq!(values, (0..100).collect::<Vec<_>>());
    }
}
