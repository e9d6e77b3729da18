//! HMAC-SM3 of the value in hexadecimal: joins survive, the value does not.

use super::{Keeps, Mask};

pub(super) const MASK: Mask = Mask {
    name: "hash",
    label: "密码杂凑(HMAC-SM3)",
    deterministic: true,
    reversible: false,
    injective: true,
    same_length: false,
    keeps: Keeps::Nothing,
    apply: |input, out| {
        let mut digits = [0; 64];
        let digest = input.keys.digest("hash", input.value.trim());
        // The room is twice the digest.
        hex::encode_to_slice(digest, &mut digits).map_err(|_| "the digest has another length")?;
        let length = input.parameters.length.clamp(16, 64);
        out.extend(digits[..length].iter().map(|digit| char::from(*digit)));
        Ok(())
    },
};
