//! The console's key file: seals secrets of accounts and makes login challenges that need no memory.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fengsui_crypto::{SealingKey, Secret, equal_in_constant_time, hmac_sm3, random_bytes};

use crate::error::{ApiError, ApiResult, ConsoleError};

/// How long a challenge can be answered.
pub(crate) const CHALLENGE_MILLIS: i64 = 5 * 60 * 1000;
const CHALLENGE_START: &str = "fengsui-login";

/// Keys made from the key file.
pub(crate) struct Vault {
    sealing: SealingKey,
    challenges: [u8; 32],
}

impl Vault {
    /// Reads the key file; makes one that only its owner can read when there is none.
    pub(crate) fn open(path: &Path) -> Result<Self, ConsoleError> {
        let failed =
            |error: std::io::Error| ConsoleError::KeyFile { path: path.to_owned(), message: error.to_string() };
        if !path.exists() {
            let bytes: [u8; 32] = random_bytes().map_err(|error| ConsoleError::Random(error.to_string()))?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
            file.write_all(hex::encode(bytes).as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        let file = std::fs::File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.mode() & 0o777;
        let wrong = |message: String| ConsoleError::KeyFile { path: path.to_owned(), message };
        if mode & 0o077 != 0 {
            return Err(wrong(format!("others can read it (mode {mode:o}); run chmod 600")));
        }
        let mut text = String::new();
        file.take(1024).read_to_string(&mut text).map_err(failed)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.trim(), &mut bytes)
            .map_err(|_| wrong("holds no key of 64 hexadecimal digits; restore it from a backup".to_owned()))?;
        Ok(Self::from_bytes(bytes))
    }

    fn from_bytes(bytes: [u8; 32]) -> Self {
        let challenges = hmac_sm3(&bytes, b"login challenges");
        Self { sealing: SealingKey::new(&Secret::new(bytes)), challenges }
    }

    /// Seals a secret of an account.
    pub(crate) fn seal(&self, secret: &[u8], account: i64) -> ApiResult<String> {
        let sealed = self.sealing.seal(secret, &account.to_be_bytes()).map_err(|error| ApiError::internal(&error))?;
        Ok(hex::encode(sealed))
    }

    /// Opens what was sealed for an account.
    pub(crate) fn unseal(&self, sealed: &str, account: i64) -> ApiResult<Secret<Vec<u8>>> {
        let bytes = hex::decode(sealed).map_err(|error| ApiError::internal(&error))?;
        self.sealing.open(&bytes, &account.to_be_bytes()).map_err(|error| ApiError::internal(&error))
    }

    /// Seals a text of an object, which `of` names: `table/id`. Secrets of accounts can't be taken for it.
    pub(crate) fn seal_text(&self, text: &str, of: &str) -> ApiResult<String> {
        let sealed = self.sealing.seal(text.as_bytes(), of.as_bytes()).map_err(|error| ApiError::internal(&error))?;
        Ok(hex::encode(sealed))
    }

    /// Opens a text that was sealed for an object.
    pub(crate) fn unseal_text(&self, sealed: &str, of: &str) -> ApiResult<String> {
        let bytes = hex::decode(sealed).map_err(|error| ApiError::internal(&error))?;
        let opened = self.sealing.open(&bytes, of.as_bytes()).map_err(|error| ApiError::internal(&error))?;
        String::from_utf8(opened.expose().to_vec()).map_err(|error| ApiError::internal(&error))
    }

    /// The key of masking previews: equal values look equal while somebody edits a policy; nothing is released with it.
    pub(crate) fn preview_key(&self) -> [u8; 32] {
        hmac_sm3(&self.challenges, b"masking preview")
    }

    /// The key by which the masking ability masks for a unit: equal values of a unit stay equal from request to request,
    /// those of different units don't join.
    pub(crate) fn masking_key(&self, unit: &str) -> [u8; 32] {
        hmac_sm3(&hmac_sm3(&self.challenges, b"masking ability"), unit.as_bytes())
    }

    /// What the database keeps of the token of an application's key.
    pub(crate) fn token_digest(&self, token: &str) -> String {
        hex::encode(hmac_sm3(&hmac_sm3(&self.challenges, b"keys of applications"), token.as_bytes()))
    }

    /// A text to sign at login. Nothing is kept of it until it was answered.
    pub(crate) fn challenge(&self, now: i64) -> ApiResult<String> {
        let nonce: [u8; 16] = random_bytes().map_err(|error| ApiError::internal(&error))?;
        let start = format!("{CHALLENGE_START}.{now}.{}", URL_SAFE_NO_PAD.encode(nonce));
        Ok(format!("{start}.{}", self.mark(&start)))
    }

    /// Whether a challenge is one of ours and young enough.
    pub(crate) fn is_fresh(&self, challenge: &str, now: i64) -> bool {
        let read = || -> Option<bool> {
            let (start, mark) = challenge.rsplit_once('.')?;
            let made: i64 = start.strip_prefix(CHALLENGE_START)?.strip_prefix('.')?.split('.').next()?.parse().ok()?;
            let ours = equal_in_constant_time(self.mark(start).as_bytes(), mark.as_bytes());
            Some(ours && (0..=CHALLENGE_MILLIS).contains(&(now - made)))
        };
        read().unwrap_or(false)
    }

    fn mark(&self, start: &str) -> String {
        hex::encode(hmac_sm3(&self.challenges, start.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_ours_and_grow_old() {
        let vault = Vault::from_bytes([7; 32]);
        let challenge = vault.challenge(1_000_000).expect("random");
        assert!(vault.is_fresh(&challenge, 1_000_000) && vault.is_fresh(&challenge, 1_000_000 + CHALLENGE_MILLIS));
        assert!(!vault.is_fresh(&challenge, 1_000_001 + CHALLENGE_MILLIS));
        assert!(!Vault::from_bytes([8; 32]).is_fresh(&challenge, 1_000_000));
        for wrong in ["", ".", "fengsui-login.1.x.00", &challenge.replace("1000000", "2000000")] {
            assert!(!vault.is_fresh(wrong, 1_000_000), "{wrong}");
        }
    }

    #[test]
    fn the_key_file_is_made_once_and_kept_from_others() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let path = folder.path().join("console.key");
        let sealed = Vault::open(&path).expect("makes").seal(b"secret", 3).expect("seals");
        let again = Vault::open(&path).expect("reads");
        assert_eq!(again.unseal(&sealed, 3).expect("opens").expose(), b"secret");
        assert!(again.unseal(&sealed, 4).is_err(), "a secret stays with its account");
        let number = again.seal_text("13909310000", "duty_person/3").expect("seals");
        assert_eq!(again.unseal_text(&number, "duty_person/3").expect("opens"), "13909310000");
        assert!(again.unseal_text(&number, "duty_person/4").is_err() && again.unseal(&number, 3).is_err());
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("sets");
        assert!(Vault::open(&path).is_err());
    }
}
