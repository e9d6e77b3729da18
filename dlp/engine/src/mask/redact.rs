//! Replaces the value by a fixed text.

use super::Mask;

pub(super) const MASK: Mask = Mask {
    name: "redact",
    label: "遮盖",
    deterministic: true,
    reversible: false,
    same_length: false,
    apply: |input| Ok(input.parameters.replacement.clone()),
};
