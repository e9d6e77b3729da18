//! TLS of connections to databases: how sure of the server a connection must be, and rustls set up for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::GatewayError;

/// How a connection is kept from being read and from ending at another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// No TLS.
    Disable,
    /// TLS if the server speaks it, whoever it is; that it does not is logged.
    #[default]
    Prefer,
    /// TLS, whoever the server is; with a root certificate the same as [`TlsMode::VerifyCa`].
    Require,
    /// TLS with a server whose certificate the root has signed.
    VerifyCa,
    /// The same, and the certificate is of the host that the address names.
    VerifyFull,
}

/// What an address asks of TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// The mode.
    pub mode: TlsMode,
    /// The certificates that may sign that of the server, in PEM.
    pub root: Option<PathBuf>,
}

impl TlsMode {
    /// The mode that PostgreSQL's `sslmode` or MySQL's `ssl-mode` names, in the spelling of either.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().replace('_', "-").as_str() {
            "disable" | "disabled" => Self::Disable,
            "prefer" | "preferred" | "allow" => Self::Prefer,
            "require" | "required" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" | "verify-identity" => Self::VerifyFull,
            _ => return None,
        })
    }
}

impl Tls {
    /// The mode that holds: a root certificate is there to be checked against.
    pub(super) fn mode(&self) -> TlsMode {
        match (self.mode, &self.root) {
            (TlsMode::Require, Some(_)) => TlsMode::VerifyCa,
            (mode, _) => mode,
        }
    }

    /// Whether the server's certificate is checked.
    pub(super) fn verifies(&self) -> bool {
        matches!(self.mode(), TlsMode::VerifyCa | TlsMode::VerifyFull)
    }

    /// The side of the client.
    pub(super) fn client(&self) -> Result<ClientConfig, GatewayError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let root = self.root.as_deref().filter(|_| self.verifies());
        let chain = root.map(|root| verifier(root, &provider)).transpose()?;
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| GatewayError::Usage(error.to_string()))?;
        let verifier: Arc<dyn ServerCertVerifier> = match (self.mode(), chain) {
            (TlsMode::VerifyFull, Some(chain)) => chain,
            (_, chain) => Arc::new(AnyName { chain, algorithms: provider.signature_verification_algorithms }),
        };
        Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
    }
}

fn verifier(root: &Path, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, GatewayError> {
    let broken = |reason: String| GatewayError::format(root, format!("is no file of certificates in PEM: {reason}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(root).map_err(|error| broken(error.to_string()))? {
        let certificate = certificate.map_err(|error| broken(error.to_string()))?;
        roots.add(certificate).map_err(|error| broken(error.to_string()))?;
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| broken(error.to_string()))
}

/// Accepts a certificate of any name that the chain accepts, or any certificate without a chain. That the server has the
/// certificate's key is checked in any case.
#[derive(Debug)]
struct AnyName {
    chain: Option<Arc<WebPkiServerVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            // The name is looked at last, when all else is well.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            checked => checked,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
