//! What a trace found as a document that others can check: signed with the ledger's SM2 key.

use std::path::Path;

use fengsui_crypto::{KeyId, sm3};
use fengsui_schema::Timestamp;

use super::trace::TraceReport;
use crate::GatewayError;
use crate::ledger::{Entry, Ledger};

/// A trace with everything that is needed to check it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Evidence {
    /// When it was written.
    pub time: Timestamp,
    /// Name of the leaked file or table. Untrusted.
    pub leaked: String,
    /// SM3 of the leaked file; empty for a table of a database.
    pub leaked_sm3: String,
    /// What was found.
    pub report: TraceReport,
    /// The releases of the datasets that were compared.
    pub releases: Vec<Entry>,
    /// Digest of the ledger's last entry.
    pub ledger_head: String,
    /// How the probabilities were computed.
    pub method: &'static str,
    /// Name of the key that signed: SM3 of its public point.
    pub signer: String,
}

const METHOD: &str = "Binary symbols with arcsine bias (Tardos 2003, cut-off 1/1500), symmetric score (Skoric 2008); tail by Lugannani and Rice (1980), named only where Chernoff's bound over all recipients, datasets and kinds of evidence is below the limit. Values encrypted under a recipient's key (FF1 with SM4): relative entropy bound of the binomial tail. Text and document marks are no part of it.";

/// Writes the evidence, and beside it its signature (SM2 with SM3, DER, default id of GM/T 0009) as `.sig`.
///
/// # Errors
/// When it can't be written or signed.
pub fn write_evidence(
    ledger: &Ledger,
    leaked: &str,
    report: TraceReport,
    time: Timestamp,
    output: &Path,
) -> Result<(), GatewayError> {
    let key = ledger.signing_key()?;
    let signer: KeyId = key.public().id();
    let compared = |entry: &&Entry| report.datasets.iter().any(|dataset| dataset.dataset == entry.dataset);
    let bytes = if leaked.contains("://") { None } else { std::fs::read(leaked).ok() };
    let evidence = Evidence {
        time,
        leaked: Path::new(leaked).file_name().unwrap_or_default().to_string_lossy().into_owned(),
        leaked_sm3: bytes.map(|bytes| hex::encode(sm3(&bytes))).unwrap_or_default(),
        releases: ledger.entries().iter().filter(compared).cloned().collect(),
        report,
        ledger_head: ledger.head(),
        method: METHOD,
        signer: signer.to_string(),
    };
    let text = serde_json::to_vec_pretty(&evidence).map_err(std::io::Error::from)?;
    let signature = key.sign(&text)?;
    std::fs::write(output, &text).map_err(|error| GatewayError::io(output, error))?;
    let mut name = output.as_os_str().to_owned();
    name.push(".sig");
    let path = Path::new(&name);
    std::fs::write(path, signature.to_der()).map_err(|error| GatewayError::io(path, error))
}
