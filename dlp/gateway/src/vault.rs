//! The vault: the values behind tokens, sealed with SM4 and HMAC-SM3 under a key derived from the key of the masks.
//! Only the owner of the data has it; tokens tell nothing without it.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use fengsui_crypto::{SealingKey, Secret};
use fengsui_dlp_engine::mask::MaskKey;

use crate::GatewayError;

/// A vault in a file: a token and a sealed value a line.
pub struct Vault {
    path: PathBuf,
    key: SealingKey,
    known: HashMap<String, String>,
}

impl Vault {
    /// Opens a vault, which is made when it does not exist.
    ///
    /// # Errors
    /// When the file can't be read or is no vault.
    pub fn open(path: &Path, key: &MaskKey) -> Result<Self, GatewayError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(GatewayError::io(path, error)),
        };
        let pair = |line: &str| line.split_once('\t').map(|(token, sealed)| (token.to_owned(), sealed.to_owned()));
        let known: Option<HashMap<String, String>> = text.lines().map(pair).collect();
        let known = known.ok_or_else(|| GatewayError::format(path, "is no vault; name another file"))?;
        let key = SealingKey::new(&Secret::new(key.derive("vault", &[])));
        Ok(Self { path: path.to_owned(), key, known })
    }

    /// Keeps tokens that are not yet there, synced.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn keep(&mut self, tokens: Vec<(String, String)>) -> Result<(), GatewayError> {
        let new: Vec<_> = tokens.into_iter().filter(|(token, _)| !self.known.contains_key(token)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let failed = |error| GatewayError::io(&self.path, error);
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = BufWriter::new(options.open(&self.path).map_err(failed)?);
        for (token, value) in new {
            if self.known.contains_key(&token) {
                continue;
            }
            let sealed = hex::encode(self.key.seal(value.as_bytes(), token.as_bytes())?);
            writeln!(file, "{token}\t{sealed}").map_err(failed)?;
            self.known.insert(token, sealed);
        }
        let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_data().map_err(failed)
    }

    /// The value behind a token; `None` when the vault does not have it.
    ///
    /// # Errors
    /// When the key is another one, or the vault was changed.
    pub fn reveal(&self, token: &str) -> Result<Option<String>, GatewayError> {
        let Some(sealed) = self.known.get(token) else { return Ok(None) };
        let damaged = || {
            GatewayError::format(&self.path, "a value does not open: the key is another one, or the vault was changed")
        };
        let bytes = hex::decode(sealed).map_err(|_| damaged())?;
        let plain = self.key.open(&bytes, token.as_bytes()).map_err(|_| damaged())?;
        String::from_utf8(plain.expose().clone()).map(Some).map_err(|_| damaged())
    }
}
