//! A random-looking token in place of the value. Equal values have equal tokens; the way back is a vault that the
//! owner of the data keeps, not the token.

use super::{Keeps, Mask, MaskInput};

pub(super) const MASK: Mask = Mask {
    name: "tokenise",
    label: "令牌化",
    deterministic: true,
    reversible: false,
    injective: true,
    same_length: false,
    keeps: Keeps::Nothing,
    apply,
};

/// Crockford's alphabet: no letters that read like digits.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

fn apply(input: &MaskInput<'_>, out: &mut String) -> Result<(), &'static str> {
    let digest = input.keys.digest("tokenise", input.value);
    let letters = digest.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
    out.push('T');
    out.extend(letters.take(input.parameters.length.clamp(16, 33) - 1));
    Ok(())
}
