//! SM2 keys (GB/T 32918): signatures with the default id of GM/T 0009, encryption as C1C3C2 in DER.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use fengsui_schema::shown;
use serde::{Deserialize, Serialize};
use sm2::dsa::signature::{Signer, Verifier};
use sm2::dsa::{SigningKey, VerifyingKey};
use sm2::elliptic_curve::rand_core::{TryCryptoRng, TryRng};
use sm2::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use sm2::pke::{DecryptingKey, EncryptingKey};

use crate::{CryptoError, Secret, limits, random_bytes, sm3};

/// The id that GM/T 0009 section 10 sets for signers who have agreed on none.
const DEFAULT_ID: &str = "1234567812345678";

/// An SM2 signature: r and s, 32 bytes each, big endian.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Signature([u8; 64]);

impl Signature {
    /// From r and s.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// r and s.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// As DER (GM/T 0009 section 7.3).
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        sm2::dsa::Signature::from_slice(&self.0).map_or_else(|_| Vec::new(), |inner| inner.to_der().as_bytes().to_vec())
    }

    /// From DER.
    ///
    /// # Errors
    /// When the bytes are no signature, or r or s are out of range.
    pub fn from_der(bytes: &[u8]) -> Result<Self, CryptoError> {
        let inner = sm2::dsa::Signature::from_der(bytes).map_err(|_| CryptoError::Signature)?;
        Ok(Self(inner.to_bytes().into()))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", hex::encode(self.0))
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> Self {
        hex::encode(signature.0)
    }
}

impl TryFrom<String> for Signature {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut bytes = [0; 64];
        hex::decode_to_slice(&text, &mut bytes)
            .map_err(|_| format!("{} is no signature of 128 hexadecimal digits", shown(&text)))?;
        Ok(Self(bytes))
    }
}

/// Names a public key: SM3 of its uncompressed point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 32]);

impl KeyId {
    /// From the digest.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// An SM2 public key: a point of the curve, checked when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(sm2::PublicKey);

impl PublicKey {
    /// From an uncompressed (65 bytes, `04` first) or compressed point.
    ///
    /// # Errors
    /// When the bytes are no point of the curve, or the point at infinity.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        sm2::PublicKey::from_sec1_bytes(bytes).map(Self).map_err(|_| CryptoError::Key("a point"))
    }

    /// The uncompressed point, 65 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_sec1_bytes().into()
    }

    /// From a PEM text with a SubjectPublicKeyInfo (RFC 5280).
    ///
    /// # Errors
    /// When the text is none, or of another curve.
    pub fn from_pem(text: &str) -> Result<Self, CryptoError> {
        sm2::PublicKey::from_public_key_pem(text).map(Self).map_err(|_| CryptoError::Key("a public key text"))
    }

    /// A PEM text with a SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// When the library can't encode it.
    pub fn to_pem(&self) -> Result<String, CryptoError> {
        self.0.to_public_key_pem(LineEnding::LF).map_err(|_| CryptoError::Key("a public key"))
    }

    /// The key's name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId(sm3(&self.to_bytes()))
    }

    /// Checks a signature of a message.
    ///
    /// # Errors
    /// [`CryptoError::Signature`] when it does not fit.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), CryptoError> {
        let key = VerifyingKey::new(DEFAULT_ID, self.0).map_err(|_| CryptoError::Signature)?;
        let signature = sm2::dsa::Signature::from_slice(&signature.0).map_err(|_| CryptoError::Signature)?;
        key.verify(message, &signature).map_err(|_| CryptoError::Signature)
    }

    /// Encrypts a short message for the owner of the private key.
    ///
    /// # Errors
    /// When the message is empty or longer than [`limits::SM2_MESSAGE_BYTES`], or there is no randomness.
    pub fn encrypt(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        if message.is_empty() || message.len() > limits::SM2_MESSAGE_BYTES {
            return Err(CryptoError::Message("SM2 encrypts 1 to 65,536 bytes; seal longer data under a random key"));
        }
        let encrypted = EncryptingKey::new(self.0).encrypt_der(&mut SystemRandom, message);
        encrypted.map_err(|_| CryptoError::Message("SM2 encryption failed for lack of randomness"))
    }
}

/// An SM2 key pair. Can't be printed; the private key is wiped when dropped.
#[derive(Clone)]
pub struct KeyPair(sm2::SecretKey);

impl KeyPair {
    /// Draws a key pair from the operating system's randomness.
    ///
    /// # Errors
    /// When there is none.
    pub fn generate() -> Result<Self, CryptoError> {
        // A draw is outside the curve's order once in 2^32.
        for _ in 0..16 {
            let drawn = Secret::new(random_bytes::<32>()?);
            if let Ok(key) = Self::from_secret(&drawn) {
                return Ok(key);
            }
        }
        Err(CryptoError::Key("what the operating system calls random"))
    }

    /// From the private number, 32 bytes, big endian.
    ///
    /// # Errors
    /// When it is zero or past the curve's order.
    pub fn from_secret(secret: &Secret<[u8; 32]>) -> Result<Self, CryptoError> {
        sm2::SecretKey::from_slice(secret.expose()).map(Self).map_err(|_| CryptoError::Key("a private number"))
    }

    /// From a PKCS #8 PEM text (RFC 5958).
    ///
    /// # Errors
    /// When the text is none, or of another curve.
    pub fn from_pem(text: &Secret<String>) -> Result<Self, CryptoError> {
        sm2::SecretKey::from_pkcs8_pem(text.expose()).map(Self).map_err(|_| CryptoError::Key("a private key text"))
    }

    /// A PKCS #8 PEM text.
    ///
    /// # Errors
    /// When the library can't encode it.
    pub fn to_pem(&self) -> Result<Secret<String>, CryptoError> {
        let text = self.0.to_pkcs8_pem(LineEnding::LF).map_err(|_| CryptoError::Key("a private key"))?;
        Ok(Secret::new(text.as_str().to_owned()))
    }

    /// Writes a new key file that only its owner can read (mode 0600), synced. Never replaces a file.
    ///
    /// # Errors
    /// When there is a file already or it can't be written.
    pub fn save(&self, path: &Path) -> Result<(), CryptoError> {
        let text = self.to_pem()?;
        let written = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(text.expose().as_bytes())?;
            file.sync_all()
        };
        written().map_err(|source| CryptoError::File { action: "write", path: path.to_owned(), source })
    }

    /// Reads a key file. Refuses one that its group or others can read.
    ///
    /// # Errors
    /// When it can't be read, is readable by others, too long, or holds no key.
    pub fn load(path: &Path) -> Result<Self, CryptoError> {
        let failed = |source| CryptoError::File { action: "read", path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(CryptoError::FileMode { path: path.to_owned(), mode });
        }
        let mut text = String::new();
        file.take(limits::KEY_FILE_BYTES).read_to_string(&mut text).map_err(failed)?;
        Self::from_pem(&Secret::new(text))
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.public_key())
    }

    /// Signs a message. The number that must never repeat is derived from key and message (RFC 6979), so that no
    /// randomness can betray the key.
    ///
    /// # Errors
    /// When the library fails.
    pub fn sign(&self, message: &[u8]) -> Result<Signature, CryptoError> {
        let key = SigningKey::new(DEFAULT_ID, &self.0).map_err(|_| CryptoError::Key("a private key"))?;
        let signature: sm2::dsa::Signature =
            key.try_sign(message).map_err(|_| CryptoError::Message("SM2 could not sign"))?;
        Ok(Signature(signature.to_bytes().into()))
    }

    /// Decrypts what [`PublicKey::encrypt`] made. The point is checked to be on the curve and the digest C3 to fit.
    ///
    /// # Errors
    /// [`CryptoError::Unseal`], whatever is wrong with it.
    pub fn decrypt(&self, encrypted: &[u8]) -> Result<Secret<Vec<u8>>, CryptoError> {
        let key = DecryptingKey::new(self.0.clone());
        key.decrypt_der(encrypted).map(Secret::new).map_err(|_| CryptoError::Unseal)
    }
}

/// The operating system's randomness for the curve library.
struct SystemRandom;

impl TryRng for SystemRandom {
    type Error = getrandom::Error;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        getrandom::u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        getrandom::u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        getrandom::fill(bytes)
    }
}

impl TryCryptoRng for SystemRandom {}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn example() -> KeyPair {
        let mut secret = [0; 32];
        let digits = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
        hex::decode_to_slice(digits, &mut secret).expect("digits");
        KeyPair::from_secret(&Secret::new(secret)).expect("key")
    }

    #[test]
    fn example_of_gb_t_32918_5() {
        let point = "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
                     ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
        assert_eq!(hex::encode(example().public().to_bytes()), point);
        let signature = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
                         b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa";
        let signature = Signature::try_from(signature.to_owned()).expect("signature");
        example().public().verify(b"message digest", &signature).expect("fits");
        assert!(example().public().verify(b"message digesu", &signature).is_err());
    }

    #[test]
    fn signatures_fit_only_their_key_and_message() {
        let (key, other) = (KeyPair::generate().expect("key"), KeyPair::generate().expect("key"));
        let signature = key.sign(b"task").expect("signs");
        key.public().verify(b"task", &signature).expect("fits");
        assert!(other.public().verify(b"task", &signature).is_err());
        assert_ne!(key.public().id(), other.public().id());
        for broken in [[0; 64], [0xff; 64]] {
            assert!(key.public().verify(b"task", &Signature::from_bytes(broken)).is_err());
        }
    }

    #[test]
    fn every_changed_byte_of_an_encrypted_message_is_noticed() {
        let key = example();
        let encrypted = key.public().encrypt(b"\0\0secret").expect("encrypts");
        assert_eq!(key.decrypt(&encrypted).expect("decrypts").expose(), b"\0\0secret");
        for place in 0..encrypted.len() {
            let mut changed = encrypted.clone();
            changed[place] ^= 1;
            assert!(key.decrypt(&changed).is_err(), "byte {place}");
            assert!(key.decrypt(&encrypted[..place]).is_err(), "cut at {place}");
        }
        assert!(key.public().encrypt(b"").is_err());
    }

    #[test]
    fn points_off_the_curve_are_refused() {
        let mut point = example().public().to_bytes();
        point[64] ^= 1;
        assert!(PublicKey::from_bytes(&point).is_err());
        assert!(PublicKey::from_bytes(&[0]).is_err() && PublicKey::from_bytes(&[]).is_err());
        assert!(KeyPair::from_secret(&Secret::new([0; 32])).is_err());
        assert!(KeyPair::from_secret(&Secret::new([0xff; 32])).is_err());
    }

    #[test]
    fn key_files_are_private_and_come_back() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("node.pem");
        let key = KeyPair::generate().expect("key");
        key.save(&path).expect("saves");
        assert_eq!(std::fs::metadata(&path).expect("file").mode() & 0o777, 0o600);
        assert_eq!(KeyPair::load(&path).expect("loads").public(), key.public());
        assert!(key.save(&path).is_err(), "a key file is never replaced");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("mode");
        assert!(matches!(KeyPair::load(&path), Err(CryptoError::FileMode { mode: 0o640, .. })));
        let public = PublicKey::from_pem(&key.public().to_pem().expect("text")).expect("reads");
        assert_eq!(public, key.public());
    }
}
