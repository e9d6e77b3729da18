//! TLS of listeners: certificate, key and, where senders must prove themselves, the authority of their certificates.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::PipelineError;

/// The acceptor of a listener that may do without TLS: certificate and key go together.
pub(super) fn acceptor_of(
    section: &str,
    (certificate, key): (Option<&Path>, Option<&Path>),
    client_authority: Option<&Path>,
) -> Result<Option<TlsAcceptor>, PipelineError> {
    match (certificate, key) {
        (Some(certificate), Some(key)) => acceptor(certificate, key, client_authority).map(Some),
        (None, None) => Ok(None),
        _ => {
            let reason = "certificate and key go together: give both or neither".to_owned();
            Err(PipelineError::Setting { key: section.to_owned(), reason })
        }
    }
}

/// An acceptor of TLS 1.2 and 1.3 with a certificate chain and key in PEM; with an authority, only senders whose
/// certificate it signed are taken.
pub(super) fn acceptor(
    certificate: &Path,
    key: &Path,
    client_authority: Option<&Path>,
) -> Result<TlsAcceptor, PipelineError> {
    let chain = certificates(certificate)?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(certificate, &error))?;
    let builder = match client_authority {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| wrong(path, &error))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| wrong(path, &error))?)
        }
    };
    let mut config = builder.with_single_cert(chain, secret).map_err(|error| wrong(certificate, &error))?;
    // Many senders of syslog only write. A ticket would lie unread in such a sender's socket; closing it then resets the
    // connection (RFC 1122, 4.2.2.13), and the reset throws away what we have received and not read yet.
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PipelineError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(|error| wrong(path, &error))?.collect();
    let chain = chain.map_err(|error| wrong(path, &error))?;
    if chain.is_empty() { Err(wrong(path, &"the file holds no certificate in PEM")) } else { Ok(chain) }
}

fn wrong(path: &Path, error: &dyn std::fmt::Display) -> PipelineError {
    PipelineError::Setting { key: "receivers".to_owned(), reason: format!("{} can't be used: {error}", path.display()) }
}
