//! HMAC-SM3 of the value in hexadecimal: joins survive, the value does not.

use super::{Mask, MaskInput};
use crate::EngineError;

pub(super) const MASK: Mask = Mask {
    name: "hash",
    label: "密码杂凑(HMAC-SM3)",
    deterministic: true,
    reversible: false,
    same_length: false,
    apply,
};

fn apply(input: &MaskInput<'_>) -> Result<String, EngineError> {
    let digest = hex::encode(input.key.derive("hash", &[input.tweak, input.value.trim().as_bytes()]));
    Ok(digest[..input.parameters.length.clamp(8, 64)].to_owned())
}
