//! The normalised fields of an event and the catalogue that names them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The normalised fields of an event: flat dotted names of the Elastic Common Schema to JSON values
/// (a text, number, boolean or a list of these).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fields(BTreeMap<Cow<'static, str>, Value>);

impl Fields {
    /// No fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The value of a field that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// The value of a field that is a whole number, or a text holding one.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Sets a field; a null is not kept.
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Value>) {
        let value = value.into();
        if !value.is_null() {
            self.0.insert(name.into(), value);
        }
    }

    /// Sets a field when there is a value.
    pub fn set_some(&mut self, name: impl Into<Cow<'static, str>>, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Every field in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What values a field of the catalogue holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// An exact term: a name, an identifier, a hash.
    Keyword,
    /// An exact term that hardly two events share, such as the number of a flow: found whole, never counted.
    Identifier,
    /// Prose that is searched by word.
    Text,
    /// A whole number that names or classes something: a port, a status.
    Integer,
    /// A count or a size: compared and added up.
    Quantity,
    /// An IPv4 or IPv6 address.
    Address,
    /// A point in time.
    Time,
}

/// One field of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct FieldDefinition {
    /// Dotted name of the Elastic Common Schema, or one of ours under `fengsui.`.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldType,
    /// What it means.
    pub meaning: &'static str,
}

const fn field(name: &'static str, kind: FieldType, meaning: &'static str) -> FieldDefinition {
    FieldDefinition { name, kind, meaning }
}

/// The fields that the parts agree on (names: Elastic Common Schema 9; `fengsui.*` are ours).
pub const FIELD_CATALOGUE: &[FieldDefinition] = &[
    field("@timestamp", FieldType::Time, "when it happened, by the source's clock"),
    field("event.kind", FieldType::Keyword, "alert, event, metric or state"),
    field("event.category", FieldType::Keyword, "network, web, authentication, file, process, ..."),
    field("event.action", FieldType::Keyword, "what was done, in the source's word"),
    field("event.outcome", FieldType::Keyword, "success, failure or unknown"),
    field("event.dataset", FieldType::Keyword, "source and kind of record, such as fengsui.http"),
    field("event.severity", FieldType::Integer, "0 info to 4 critical"),
    field("observer.name", FieldType::Keyword, "the sensor or collector that saw it"),
    field("observer.type", FieldType::Keyword, "sensor, firewall, host, ..."),
    field("organization.id", FieldType::Keyword, "code of the unit that owns the asset (GB/T 2260 and suffix)"),
    field("fengsui.zone", FieldType::Keyword, "security zone of the destination"),
    field("fengsui.source_zone", FieldType::Keyword, "security zone of the source"),
    field("fengsui.domain", FieldType::Keyword, "cloud, network, data or application"),
    field("source.ip", FieldType::Address, "address that opened the flow"),
    field("source.port", FieldType::Integer, "port that opened the flow"),
    field("source.bytes", FieldType::Quantity, "bytes sent by the source"),
    field("destination.ip", FieldType::Address, "address the flow went to"),
    field("destination.port", FieldType::Integer, "port the flow went to"),
    field("destination.bytes", FieldType::Quantity, "bytes sent by the destination"),
    field("network.transport", FieldType::Keyword, "tcp, udp, icmp, ..."),
    field("network.protocol", FieldType::Keyword, "application protocol: http, dns, tls, ..."),
    field("network.community_id", FieldType::Identifier, "community id version 1 of the flow"),
    field("flow.id", FieldType::Identifier, "the sensor's number of the flow"),
    field("host.name", FieldType::Keyword, "host the record is about"),
    field("host.ip", FieldType::Address, "address of that host"),
    field("user.name", FieldType::Keyword, "account"),
    field("process.executable", FieldType::Keyword, "path of the program"),
    field("process.command_line", FieldType::Text, "command line"),
    field("process.parent.executable", FieldType::Keyword, "path of the parent program"),
    field("file.name", FieldType::Keyword, "name of the file"),
    field("file.size", FieldType::Quantity, "size in bytes"),
    field("file.hash.md5", FieldType::Keyword, "MD5 of the content"),
    field("file.hash.sha1", FieldType::Keyword, "SHA-1 of the content"),
    field("file.hash.sha256", FieldType::Keyword, "SHA-256 of the content"),
    field("file.hash.sm3", FieldType::Keyword, "SM3 of the content"),
    field("url.original", FieldType::Text, "address as it was asked for"),
    field("url.domain", FieldType::Keyword, "host part of the address"),
    field("url.path", FieldType::Keyword, "path part of the address"),
    field("url.query", FieldType::Text, "query part of the address"),
    field("http.request.method", FieldType::Keyword, "GET, POST, ..."),
    field("http.response.status_code", FieldType::Integer, "status of the answer"),
    field("http.request.referrer", FieldType::Text, "referring address"),
    field("user_agent.original", FieldType::Text, "client program"),
    field("dns.question.name", FieldType::Keyword, "name asked for"),
    field("dns.question.type", FieldType::Keyword, "A, AAAA, TXT, ..."),
    field("dns.response_code", FieldType::Keyword, "NOERROR, NXDOMAIN, ..."),
    field("dns.resolved_ip", FieldType::Address, "addresses in the answer"),
    field("tls.version", FieldType::Keyword, "version agreed on"),
    field("tls.client.server_name", FieldType::Keyword, "name in the client's hello"),
    field("tls.client.ja3", FieldType::Keyword, "JA3 of the client"),
    field("tls.client.ja4", FieldType::Keyword, "JA4 of the client"),
    field("tls.server.ja3s", FieldType::Keyword, "JA3S of the server"),
    field("tls.server.subject", FieldType::Text, "subject of the server's certificate"),
    field("tls.server.issuer", FieldType::Text, "issuer of the server's certificate"),
    field("rule.id", FieldType::Keyword, "rule that fired"),
    field("rule.name", FieldType::Text, "its title"),
    field("rule.category", FieldType::Keyword, "its class"),
    field("threat.technique.id", FieldType::Keyword, "ATT&CK technique"),
    field("threat.indicator", FieldType::Keyword, "indicator that matched"),
    field("fengsui.data.type", FieldType::Keyword, "type of sensitive data found"),
    field("fengsui.data.grade", FieldType::Integer, "grade 1 to 4 of the data (GB/T 43697 annex H)"),
    field("message", FieldType::Text, "the record in one line"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalogue_names_are_unique() {
        let mut names: Vec<_> = FIELD_CATALOGUE.iter().map(|field| field.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FIELD_CATALOGUE.len());
    }

    #[test]
    fn nulls_are_not_kept() {
        let mut fields = Fields::new();
        fields.set("user.name", Value::Null);
        fields.set_some("host.name", None::<&str>);
        fields.set("source.port", "443");
        assert_eq!((fields.len(), fields.integer("source.port")), (1, Some(443)));
    }
}
