//! What the analyzer answers, signed: only the node that the sensor was enrolled with can make it forget a record.

use fengsui_crypto::{CryptoError, KeyId, PublicKey, Signature, sm3_of_parts};
use serde::{Deserialize, Serialize};

use super::Header;
use crate::tier::{NodeId, Refusal, Signer};

/// What became of a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything it covers is on the analyzer's disk.
    Taken,
    /// Nothing was taken and nothing is wrong: there is no room, or the quota is used up. Send it again later.
    Wait,
    /// Nothing was taken, and why.
    Refused(Refusal),
}

/// The answer to a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Version of the form: 1.
    pub v: u8,
    /// Whose parcel.
    pub sensor: NodeId,
    /// Epoch of the spool.
    pub epoch: u64,
    /// First sequence of that epoch that was not taken.
    pub next: u64,
    /// What became of it.
    pub verdict: Verdict,
    /// Milliseconds to wait before the next one.
    pub wait_ms: u64,
    /// Digest of the header that is answered, in hexadecimal digits.
    pub parcel: String,
    /// Key of the analyzer.
    #[serde(with = "crate::tier::key_text")]
    pub key: KeyId,
    /// SM2 signature over all of it.
    pub sig: Signature,
}

impl Receipt {
    /// Signs an answer to a parcel.
    ///
    /// # Errors
    /// When the library fails.
    pub fn sign(
        header: &Header,
        next: u64,
        verdict: Verdict,
        wait_ms: u64,
        signer: &impl Signer,
    ) -> Result<Self, CryptoError> {
        let mut receipt = Self {
            v: 1,
            sensor: header.sensor.clone(),
            epoch: header.epoch,
            next,
            verdict,
            wait_ms,
            parcel: crate::tier::hex_text(&header.digest()),
            key: signer.key(),
            sig: Signature::from_bytes([0; 64]),
        };
        receipt.sig = signer.sign(&receipt.digest())?;
        Ok(receipt)
    }

    /// Whether this is the answer of a node to a parcel.
    #[must_use]
    pub fn answers(&self, header: &Header, analyzer: &PublicKey) -> bool {
        self.is_about(header) && self.key == analyzer.id() && analyzer.verify(&self.digest(), &self.sig).is_ok()
    }

    /// Whether it names the parcel.
    #[must_use]
    pub fn is_about(&self, header: &Header) -> bool {
        self.v == 1 && self.parcel == crate::tier::hex_text(&header.digest())
    }

    fn digest(&self) -> [u8; 32] {
        let verdict = match self.verdict {
            Verdict::Taken => "taken",
            Verdict::Wait => "wait",
            Verdict::Refused(refusal) => refusal.as_str(),
        };
        let numbers = [self.epoch, self.next, self.wait_ms].map(u64::to_be_bytes);
        sm3_of_parts(&[
            b"fengsui receipt v1",
            &[self.v],
            self.sensor.as_str().as_bytes(),
            &numbers[0],
            &numbers[1],
            &numbers[2],
            verdict.as_bytes(),
            self.parcel.as_bytes(),
            self.key.as_bytes(),
        ])
    }
}
