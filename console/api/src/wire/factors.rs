//! Second factors of the own account.

use serde::{Deserialize, Serialize};

/// The second factors of an account.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Factors {
    /// When one-time codes were switched on; null when they are off.
    #[schema(format = DateTime)]
    pub totp_since: Option<String>,
    /// Recovery codes that were not used yet.
    pub recovery_left: i64,
    /// SM2 keys.
    pub keys: Vec<FactorKey>,
    /// Whether every account needs a second factor here.
    pub required: bool,
}

/// An SM2 key that may sign at login.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FactorKey {
    /// Its number.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// SM3 of the public key.
    pub key_id: String,
    /// When it was added.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it last opened a session.
    #[schema(format = DateTime)]
    pub used_at: Option<String>,
}

/// Changes of factors ask for the password again.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordProof {
    /// The present password.
    #[schema(format = Password)]
    pub password: String,
}

/// A secret for an authenticator app; works after its first code was confirmed.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
pub struct TotpEnrolment {
    /// Base 32, for typing.
    pub secret: String,
    /// `otpauth://…`, for the QR code.
    pub uri: String,
}

/// A code of the authenticator app.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpCode {
    /// Six digits.
    pub code: String,
}

/// Codes that each open one session when the app is lost. Shown here and nowhere else.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecoveryCodes {
    /// Ten of them.
    pub codes: Vec<String>,
}

/// A text to sign with the private key.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Challenge {
    /// Its UTF-8 bytes are signed.
    pub challenge: String,
    /// Until then it can be answered, once.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

/// A signed challenge.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedChallenge {
    /// The challenge.
    pub challenge: String,
    /// SM2 signature (SM3, GM/T 0003): r and s as 128 hexadecimal digits, or DER in hexadecimal digits or base64.
    pub signature: String,
}

/// A key to add; the signature proves that its owner has the private one.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFactorKey {
    /// What its owner calls it.
    pub name: String,
    /// PEM.
    pub public_key: String,
    /// A challenge signed by it.
    pub proof: SignedChallenge,
    /// The present password.
    #[schema(format = Password)]
    pub password: String,
}
