//! Settings of the application parsers.

use serde::Deserialize;

/// How application protocols are parsed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AppSettings {
    /// HTTP/1.
    pub http: HttpSettings,
    /// Protocols that are not looked for, by name.
    pub disabled: Vec<String>,
    /// Extra ports on which a protocol's server is expected, by name: `{ http = [8081] }`.
    pub ports: std::collections::BTreeMap<String, Vec<u16>>,
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
            decompressed_bytes: crate::limits::HTTP_DECOMPRESSED_BYTES,
        }
    }
}
