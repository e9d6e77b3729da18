//! Keeps the ends of a value and stars the middle.

use super::{Keeps, Mask, MaskInput};
use crate::classify::masked_sample;

pub(super) const MASK: Mask = Mask {
    name: "partial",
    label: "部分遮盖",
    deterministic: true,
    reversible: false,
    injective: false,
    same_length: false,
    keeps: Keeps::Nothing,
    apply,
};

fn apply(input: &MaskInput<'_>, out: &mut String) -> Result<(), &'static str> {
    let (Some(head), tail) = (input.parameters.keep_head, input.parameters.keep_tail.unwrap_or(0)) else {
        out.push_str(&masked_sample(input.data_type.unwrap_or_default(), input.value));
        return Ok(());
    };
    let length = input.value.chars().count();
    let all = head.saturating_add(tail) >= length;
    let kept = |index: usize| !all && (index < head || index >= length - tail);
    out.extend(input.value.chars().enumerate().map(|(index, c)| if kept(index) { c } else { '*' }));
    Ok(())
}
