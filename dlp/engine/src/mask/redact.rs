//! Replaces the value by a fixed text.

use super::{Keeps, Mask};

pub(super) const MASK: Mask = Mask {
    name: "redact",
    label: "遮盖",
    deterministic: true,
    reversible: false,
    injective: false,
    same_length: false,
    keeps: Keeps::Nothing,
    apply: |input, out| {
        out.push_str(&input.parameters.replacement);
        Ok(())
    },
};
