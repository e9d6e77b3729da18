//! Changes numbers a little, the same number always in the same way; sums and means stay about right.

use std::fmt::Write;

use super::{Keeps, Mask, MaskInput};

pub(super) const MASK: Mask = Mask {
    name: "noise",
    label: "加噪",
    deterministic: true,
    reversible: false,
    injective: false,
    same_length: false,
    keeps: Keeps::Numbers,
    apply,
};

fn apply(input: &MaskInput<'_>, out: &mut String) -> Result<(), &'static str> {
    let text = input.value.trim();
    let number: f64 = text
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .ok_or("the value is no number; use generalise or redact for it")?;
    let drawn = input.keys.number("noise", text.as_bytes()) >> 11;
    let unit = drawn as f64 / (1_u64 << 53) as f64 * 2.0 - 1.0;
    let changed = number * (1.0 + unit * input.parameters.ratio.clamp(0.0, 1.0));
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len().min(9));
    write!(out, "{changed:.decimals$}").map_err(|_| "the number can't be written")
}
