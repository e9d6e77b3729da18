//! Exchanges the values of a column among its rows: the distribution stays, the rows do not belong together.

use super::{Mask, MaskInput, MaskKey};
use crate::EngineError;

/// A single value has no column to be shuffled in; it is refused, so that no plain value passes as masked.
pub(super) const MASK: Mask =
    Mask { name: "shuffle", label: "列内置换", deterministic: false, reversible: false, same_length: false, apply };

fn apply(_input: &MaskInput<'_>) -> Result<String, EngineError> {
    Err(EngineError::Mask {
        mask: "shuffle",
        reason: "works on whole columns of tables only; use fake or redact here".to_owned(),
    })
}

/// Fisher and Yates' shuffle with numbers drawn from the key. Rows keep their place, values move.
pub fn shuffle(values: &mut [String], key: &MaskKey, tweak: &[u8]) {
    for last in (1..values.len()).rev() {
        let drawn = key.number("shuffle", &[tweak, &(last as u64).to_le_bytes()]) % (last as u64 + 1);
        values.swap(last, usize::try_from(drawn).unwrap_or(last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_all_values() {
        let mut values: Vec<String> = (0..100).map(|number: u32| number.to_string()).collect();
        let before = values.clone();
        shuffle(&mut values, &MaskKey::new([1; 32]), b"column");
        assert_ne!(values, before);
        values.sort_by_key(|value| value.parse::<u32>().unwrap_or(0));
        assert_eq!(values, before);
    }
}
