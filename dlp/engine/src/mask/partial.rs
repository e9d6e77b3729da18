//! Keeps the ends of a value and stars the middle.

use super::{Mask, MaskInput};
use crate::EngineError;
use crate::classify::masked_sample;

pub(super) const MASK: Mask =
    Mask { name: "partial", label: "部分遮盖", deterministic: true, reversible: false, same_length: false, apply };

fn apply(input: &MaskInput<'_>) -> Result<String, EngineError> {
    let (Some(head), tail) = (input.parameters.keep_head, input.parameters.keep_tail.unwrap_or(0)) else {
        return Ok(masked_sample(input.data_type.unwrap_or_default(), input.value));
    };
    let characters: Vec<char> = input.value.chars().collect();
    if head.saturating_add(tail) >= characters.len() {
        return Ok("*".repeat(characters.len()));
    }
    let kept = |index: usize| index < head || index >= characters.len() - tail;
    Ok(characters.iter().enumerate().map(|(index, c)| if kept(index) { *c } else { '*' }).collect())
}
