//! An event while its source's parser fills it in.

use std::borrow::Cow;

use fengsui_schema::{EventKind, Fields, Timestamp};
use serde_json::Value;

use crate::limits;
use crate::text::cut;

/// An event while its source's parser fills it in.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// When it happened by the source's clock; the time of reception when the record does not say.
    pub time: Option<Timestamp>,
    /// What it stands for.
    pub kind: EventKind,
    /// Normalised fields.
    pub fields: Fields,
    /// The record as its source wrote it.
    pub original: Value,
}

impl Draft {
    /// An event of a kind of record, such as `zeek.conn`.
    pub(crate) fn new(dataset: impl Into<Cow<'static, str>>, original: Value) -> Self {
        let mut fields = Fields::new();
        fields.set("event.dataset", dataset.into().into_owned());
        Self { time: None, kind: EventKind::Event, fields, original }
    }

    /// Sets a field to a text, shortened to its limit. An empty text and `-` (absent, in many formats) are not kept.
    pub(crate) fn put(&mut self, name: &'static str, text: &str) {
        if !text.is_empty() && text != "-" {
            self.fields.set(name, cut(text, limits::FIELD_BYTES));
        }
    }

    /// Sets a field to a text when there is one.
    pub(crate) fn put_some(&mut self, name: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.put(name, text);
        }
    }

    /// Sets a field to the whole number a text holds; other texts are not kept.
    pub(crate) fn put_number(&mut self, name: &'static str, text: Option<&str>) {
        self.fields.set_some(name, text.and_then(|text| text.parse::<i64>().ok()));
    }

    /// Sets a field to an IP address a text holds, an IPv4 address inside IPv6 as IPv4; other texts are not kept.
    pub(crate) fn put_address(&mut self, name: &'static str, text: Option<&str>) {
        let address = text.and_then(|text| text.trim_matches(['[', ']']).parse::<std::net::IpAddr>().ok());
        self.fields.set_some(name, address.map(|address| address.to_canonical().to_string()));
    }

    /// Copies a JSON value: a scalar, or up to [`limits::LIST_ENTRIES`] scalars of a list. Objects and nulls are not kept.
    pub(crate) fn copy(&mut self, name: &'static str, value: Option<&Value>) {
        match value {
            Some(Value::String(text)) => self.put(name, text),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => self.fields.set(name, value.clone()),
            Some(Value::Array(list)) => self.copy_list(name, list),
            _ => {}
        }
    }

    /// Copies a JSON value as a text, for identifiers that some sources write as numbers.
    pub(crate) fn copy_as_text(&mut self, name: &'static str, value: Option<&Value>) {
        match value {
            Some(Value::Number(number)) => self.fields.set(name, number.to_string()),
            other => self.copy(name, other),
        }
    }

    fn copy_list(&mut self, name: &'static str, list: &[Value]) {
        let scalars = list.iter().filter(|value| !value.is_object() && !value.is_array() && !value.is_null());
        let kept: Vec<Value> = scalars.take(limits::LIST_ENTRIES).cloned().collect();
        if !kept.is_empty() {
            self.fields.set(name, Value::Array(kept));
        }
    }

    /// Splits an address of the web into its parts.
    pub(crate) fn put_url(&mut self, url: &str) {
        self.put("url.original", url);
        let after_scheme = url.split_once("://").map(|(_, rest)| rest);
        let path_and_query = match after_scheme {
            Some(rest) => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                let authority = rest[..end].rsplit('@').next().unwrap_or_default();
                self.put("url.domain", without_port(authority));
                &rest[end..]
            }
            None => url,
        };
        let path_and_query = path_and_query.split('#').next().unwrap_or_default();
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        self.put("url.path", path);
        self.put("url.query", query);
    }
}

/// The host of `host:port`, `[v6]:port` or `host`, in lower case where it has capitals.
pub(crate) fn without_port(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.contains(':') => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_its_parts() {
        let mut draft = Draft::new("test", Value::Null);
        draft.put_url("http://user@www.example.com:8080/a/b?c=d#e");
        assert_eq!(draft.fields.text("url.domain"), Some("www.example.com"));
        assert_eq!(draft.fields.text("url.path"), Some("/a/b"));
        assert_eq!(draft.fields.text("url.query"), Some("c=d"));
    }

    #[test]
    fn hosts_lose_their_port() {
        assert_eq!(without_port("[2001:db8::1]:443"), "2001:db8::1");
        assert_eq!(without_port("example.com:80"), "example.com");
        assert_eq!(without_port("2001:db8::1"), "2001:db8::1");
    }

    #[test]
    fn an_address_is_canonical() {
        let mut draft = Draft::new("test", Value::Null);
        draft.put_address("source.ip", Some("::ffff:192.0.2.1"));
        draft.put_address("destination.ip", Some("not one"));
        assert_eq!(draft.fields.text("source.ip"), Some("192.0.2.1"));
        assert_eq!(draft.fields.get("destination.ip"), None);
    }
}
