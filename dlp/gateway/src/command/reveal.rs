//! `fengsui dlp reveal`: the values behind tokens.

use std::io::Write;
use std::path::Path;

use super::mask::key;
use super::printable;
use crate::GatewayError;
use crate::vault::Vault;

/// Shows the values behind tokens. Returns 0 when all are in the vault, 1 when one is not.
///
/// # Errors
/// When the vault or the key can't be used.
pub fn run(vault: &Path, key_file: &Path, tokens: &[String], out: &mut dyn Write) -> Result<u8, GatewayError> {
    if !vault.exists() || !key_file.exists() {
        return Err(GatewayError::Usage(
            "the vault or the key does not exist; name the ones the table was masked with".to_owned(),
        ));
    }
    let vault = Vault::open(vault, &key(key_file)?)?;
    let mut missing = false;
    for token in tokens {
        let value = vault.reveal(token)?;
        missing |= value.is_none();
        writeln!(
            out,
            "{}\t{}",
            printable(token),
            value.as_deref().map_or_else(|| "不在保管库中".to_owned(), printable)
        )?;
    }
    Ok(u8::from(missing))
}
