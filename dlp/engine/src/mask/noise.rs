//! Changes numbers a little, the same number always in the same way; sums and means stay about right.

use super::{Mask, MaskInput};
use crate::EngineError;

pub(super) const MASK: Mask =
    Mask { name: "noise", label: "加噪", deterministic: true, reversible: false, same_length: false, apply };

fn apply(input: &MaskInput<'_>) -> Result<String, EngineError> {
    let text = input.value.trim();
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| EngineError::Mask {
        mask: "noise",
        reason: "the value is no number; use generalise or redact for it".to_owned(),
    })?;
    let drawn = input.key.number("noise", &[input.tweak, text.as_bytes()]) >> 11;
    let unit = drawn as f64 / (1_u64 << 53) as f64 * 2.0 - 1.0;
    let changed = number * (1.0 + unit * input.parameters.ratio.clamp(0.0, 1.0));
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len().min(9));
    Ok(format!("{changed:.decimals$}"))
}
