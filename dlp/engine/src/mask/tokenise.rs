//! A random-looking token in place of the value. Equal values have equal tokens; the way back is a vault that the
//! owner of the data keeps, not the token.

use super::{Mask, MaskInput};
use crate::EngineError;

pub(super) const MASK: Mask =
    Mask { name: "tokenise", label: "令牌化", deterministic: true, reversible: false, same_length: false, apply };

/// Crockford's alphabet: no letters that read like digits.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

fn apply(input: &MaskInput<'_>) -> Result<String, EngineError> {
    let digest = input.key.derive("tokenise", &[input.tweak, input.value.as_bytes()]);
    let letters = digest.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
    Ok(std::iter::once('T').chain(letters.take(input.parameters.length.clamp(8, 33) - 1)).collect())
}
