//! Certificates of a handshake.

use fengsui_schema::Timestamp;
use sha1::{Digest as _, Sha1};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::limits::TLS_LIST_ENTRIES;

/// What EVE tells of a certificate.
#[derive(Debug, Clone)]
pub(super) struct Certificate {
    pub(super) subject: String,
    pub(super) issuer: String,
    /// Upper-case hexadecimal bytes with colons.
    pub(super) serial: String,
    /// SHA-1 in lower-case hexadecimal bytes with colons.
    pub(super) fingerprint: String,
    pub(super) not_before: String,
    pub(super) not_after: String,
    pub(super) alternative_names: Vec<String>,
    /// Object identifier of the signature algorithm.
    pub(super) signature_algorithm: String,
    der: Vec<u8>,
}

impl Certificate {
    pub(super) fn parse(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let joined = |bytes: &[u8], upper: bool| {
            let format = |byte: &u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
            bytes.iter().map(format).collect::<Vec<_>>().join(":")
        };
        Some(Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: joined(certificate.raw_serial(), true),
            fingerprint: joined(&Sha1::digest(der), false),
            not_before: date(certificate.validity().not_before.timestamp()),
            not_after: date(certificate.validity().not_after.timestamp()),
            alternative_names: alternative_names(&certificate),
            signature_algorithm: certificate.signature_algorithm.algorithm.to_id_string(),
            der: der.to_vec(),
        })
    }

    /// The certificate as it came, in Base64.
    pub(super) fn base64(&self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(&self.der)
    }
}

fn date(seconds: i64) -> String {
    let text = Timestamp::from_parts(seconds, 0).to_eve();
    text.split('.').next().unwrap_or_default().to_owned()
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let names = extension.value.general_names.iter().take(TLS_LIST_ENTRIES);
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
                Some((*name).to_owned())
            }
            GeneralName::IPAddress([a, b, c, d]) => Some(format!("{a}.{b}.{c}.{d}")),
            _ => None,
        })
        .collect()
}

/// The DER certificates of a Certificate message.
pub(super) fn chain(body: &[u8]) -> Option<Vec<&[u8]>> {
    let (total, mut list) = long(body)?;
    list = list.get(..total)?;
    let mut certificates = Vec::new();
    while !list.is_empty() {
        let (length, rest) = long(list)?;
        certificates.push(rest.get(..length)?);
        list = &rest[length..];
    }
    Some(certificates)
}

fn long(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<3>()?;
    Some((usize::try_from(u32::from_be_bytes([0, length[0], length[1], length[2]])).ok()?, rest))
}
