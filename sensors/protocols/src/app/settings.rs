//! Settings of the application parsers.

use serde::Deserialize;

use super::TransportKind;
use crate::AppProtocol;

/// How application protocols are parsed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AppSettings {
    /// HTTP/1.
    pub http: HttpSettings,
    /// TLS.
    pub tls: TlsSettings,
    /// DNS.
    pub dns: DnsSettings,
    /// DHCP.
    pub dhcp: DhcpSettings,
    /// PostgreSQL.
    pub pgsql: PgsqlSettings,
    /// SMTP.
    pub smtp: SmtpSettings,
    /// MQTT.
    pub mqtt: MqttSettings,
    /// FTP.
    pub ftp: FtpSettings,
    /// Protocols that are not looked for, by name, or by name and carrier: `dns`, `nfs/tcp`.
    pub disabled: Vec<String>,
    /// Protocols that are recognised but not parsed, by name.
    pub detection_only: Vec<String>,
    /// Extra ports on which a protocol's server is expected, by name: `{ http = [8081] }`.
    pub ports: std::collections::BTreeMap<String, Vec<u16>>,
}

impl AppSettings {
    /// Whether a protocol is not to be looked for in what this carries.
    pub(super) fn leaves_out(&self, protocol: AppProtocol, transport: TransportKind) -> bool {
        let carrier = if transport == TransportKind::Tcp { "tcp" } else { "udp" };
        self.disabled.iter().any(|entry| match entry.split_once('/') {
            Some((name, only)) => name == protocol.as_str() && only == carrier,
            None => entry == protocol.as_str(),
        })
    }
}

/// What is told of TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TlsSettings {
    /// Names of the fields a record carries (`subject`, `issuer`, `certificate`, `chain`, `client_chain`, …); absent for
    /// the usual ones.
    pub custom: Option<Vec<String>>,
}

/// What is told of DNS.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DnsSettings {
    /// Version of the records: 3, or 2 for older tools.
    pub version: u8,
    /// Whether requests are told.
    pub requests: bool,
    /// Whether responses are told.
    pub responses: bool,
    /// Record types that are told; empty for all.
    pub types: Vec<String>,
}

impl Default for DnsSettings {
    fn default() -> Self {
        Self { version: 3, requests: true, responses: true, types: Vec::new() }
    }
}

/// What is told of DHCP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DhcpSettings {
    /// Whether all messages are told in full, rather than only which address went to whom.
    pub extended: bool,
}

impl Default for DhcpSettings {
    fn default() -> Self {
        Self { extended: true }
    }
}

/// What is told of PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PgsqlSettings {
    /// Whether records carry passwords.
    pub passwords: bool,
}

/// What is told of mails.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SmtpSettings {
    /// Whether records carry the MD5 of the body.
    pub body_md5: bool,
    /// Whether records carry the MD5 of the subject.
    pub subject_md5: bool,
}

/// How FTP is parsed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FtpSettings {
    /// Bytes of one command or reply line; longer ones are cut and raise an event.
    pub max_line_bytes: usize,
}

impl Default for FtpSettings {
    fn default() -> Self {
        Self { max_line_bytes: 4_096 }
    }
}

/// How MQTT is parsed and told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MqttSettings {
    /// Bytes of one message that are parsed; of longer ones only the length is told.
    pub max_message_bytes: usize,
    /// Bytes of one text that a record carries.
    pub log_bytes: usize,
    /// Whether records carry passwords.
    pub passwords: bool,
}

impl Default for MqttSettings {
    fn default() -> Self {
        Self { max_message_bytes: 1 << 20, log_bytes: 1 << 10, passwords: false }
    }
}

/// How HTTP/1 is parsed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSettings {
    /// Bytes of a request body that rules can look at; 0 for all up to 64 MiB.
    pub request_body_limit: usize,
    /// Bytes of a response body that rules can look at; 0 for all up to 64 MiB.
    pub response_body_limit: usize,
    /// Whether plus signs in the query become spaces in the normalised address.
    pub plus_to_space: bool,
    /// Whether percent encoding in the path is undone twice.
    pub double_decode_path: bool,
    /// Whether percent encoding in the query is undone twice.
    pub double_decode_query: bool,
    /// Whether records carry all header fields of requests.
    pub request_headers: bool,
    /// Whether records carry all header fields of responses.
    pub response_headers: bool,
    /// Header fields that records carry by themselves, by name.
    pub custom: Vec<String>,
    /// Bytes that may be decompressed for one body before it is treated as a bomb.
    pub decompressed_bytes: u64,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            request_body_limit: 100 << 10,
            response_body_limit: 100 << 10,
            plus_to_space: false,
            double_decode_path: false,
            double_decode_query: false,
            request_headers: false,
            response_headers: false,
            custom: Vec::new(),
            decompressed_bytes: crate::limits::HTTP_DECOMPRESSED_BYTES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_is_left_out_altogether_or_over_one_carrier() {
        let settings = AppSettings { disabled: vec!["nfs/tcp".to_owned(), "ssh".to_owned()], ..AppSettings::default() };
        assert!(settings.leaves_out(AppProtocol::Nfs, TransportKind::Tcp));
        assert!(!settings.leaves_out(AppProtocol::Nfs, TransportKind::Udp));
        assert!(settings.leaves_out(AppProtocol::Ssh, TransportKind::Tcp));
        assert!(!settings.leaves_out(AppProtocol::Dns, TransportKind::Tcp));
    }
}
