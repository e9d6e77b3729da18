//! What identifies a ready-made alert but for its moment, read off a line without building a value of it.
//!
//! Files of millions of alerts repeat few of them: the same rule between the same ends. Lines whose keys are equal make equal
//! events apart from their time, so whoever reads many of them understands each key once.

use std::fmt;

use fengsui_schema::{FIELD_CATALOGUE, Timestamp};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::sources;

/// Fields that an alert is made of, besides its time.
const KEYED: &[&str] = &[
    "rule.name",
    "rule.id",
    "rule.category",
    "event.severity",
    "observer.type",
    "observer.product",
    "observer.name",
    "host.name",
    "host.ip",
    "source.ip",
    "destination.ip",
    "user.name",
];

/// Fields that make every alert an own one: lines with them have no key.
const VARIED: &[&str] = &[
    "url.domain",
    "url.original",
    "dns.question.name",
    "tls.client.server_name",
    "file.hash.sm3",
    "file.hash.sha256",
    "threat.technique.id",
    "organization.id",
];

/// Ports from which on a client is assumed.
const CLIENT_PORTS: u64 = 1024;

/// Depth of objects that are read.
const DEPTH: usize = 6;

/// Reads keys of lines; keeps its buffers between them.
#[derive(Debug, Default)]
pub struct AlertLines {
    path: String,
    key: Vec<u8>,
    time: Option<Timestamp>,
    varied: bool,
}

impl AlertLines {
    /// The time and the key of a line of the source `ecs_alert`; `None` when the line has to be understood as a whole.
    pub fn read(&mut self, line: &[u8]) -> Option<(Timestamp, &[u8])> {
        self.path.clear();
        self.key.clear();
        (self.time, self.varied) = (None, false);
        let mut json = serde_json::Deserializer::from_slice(line);
        Walk { lines: self, depth: DEPTH }.deserialize(&mut json).ok()?;
        json.end().ok()?;
        let time = self.time.filter(|_| !self.varied)?;
        Some((time, &self.key))
    }

    fn leaf(&mut self, value: Leaf<'_>) {
        let path = self.path.as_str();
        if path == "@timestamp" {
            match value {
                Leaf::Text(text) => self.time = text.parse().ok(),
                _ => self.varied = true,
            }
        } else if let Some(field) = KEYED.iter().position(|name| *name == path) {
            self.key.push(u8::try_from(field).unwrap_or(u8::MAX));
            match value {
                Leaf::Text(text) => self.key.extend_from_slice(text.as_bytes()),
                Leaf::Number(number) => self.key.extend_from_slice(&number.to_le_bytes()),
                Leaf::Other => self.varied = true,
            }
            self.key.extend_from_slice(b"\xff");
        } else if path == "source.port" || path == "destination.port" {
            let number = match value {
                Leaf::Number(number) => Some(number),
                Leaf::Text(text) => text.parse().ok(),
                Leaf::Other => None,
            };
            // Only whether a port is a server's matters to an alert.
            let class = number.map_or(0, |number| 1 + u8::from(number >= CLIENT_PORTS) + 2 * u8::from(number == 0));
            self.key.extend_from_slice(&[0xfe, path.len() as u8, class]);
        } else {
            self.varied |= VARIED.contains(&path) || path.starts_with("fengsui.") || is_alias(path);
        }
    }
}

/// Whether a name outside the catalogue becomes a field.
fn is_alias(path: &str) -> bool {
    !FIELD_CATALOGUE.iter().any(|field| field.name == path) && sources::is_known_name(path)
}

enum Leaf<'a> {
    Text(&'a str),
    Number(u64),
    Other,
}

/// Reads a value at the current path.
struct Walk<'a> {
    lines: &'a mut AlertLines,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an alert")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some(depth) = self.depth.checked_sub(1) else { return Err(A::Error::custom("too deep")) };
        let length = self.lines.path.len();
        while map.next_key_seed(Name(self.lines))?.is_some() {
            map.next_value_seed(Walk { lines: self.lines, depth })?;
            self.lines.path.truncate(length);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Some(depth) = self.depth.checked_sub(1) else { return Err(A::Error::custom("too deep")) };
        while list.next_element_seed(Walk { lines: self.lines, depth })?.is_some() {}
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.lines.leaf(Leaf::Text(text));
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.lines.leaf(Leaf::Number(number));
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.lines.leaf(Leaf::Other);
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.lines.leaf(Leaf::Other);
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.lines.leaf(Leaf::Other);
        Ok(())
    }

    /// A null is as good as no field.
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Appends a name to the path.
struct Name<'a>(&'a mut AlertLines);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<(), E> {
        if !self.0.path.is_empty() {
            self.0.path.push('.');
        }
        self.0.path.push_str(name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(line: &str) -> Option<Vec<u8>> {
        AlertLines::default().read(line.as_bytes()).map(|(_, key)| key.to_vec())
    }

    #[test]
    fn only_the_moment_and_what_alerts_leave_out_may_differ() {
        let one = key(
            r#"{"@timestamp":"2026-11-22T12:00:00Z","rule":{"name":"x"},"source":{"ip":"192.0.2.1","port":50000},"message":"a"}"#,
        );
        let two = key(
            r#"{"@timestamp":"2026-11-22T13:00:00Z","rule":{"name":"x"},"source":{"ip":"192.0.2.1","port":50001},"message":"b"}"#,
        );
        assert!(one.is_some() && one == two);
        for other in [
            r#"{"@timestamp":"2026-11-22T12:00:00Z","rule":{"name":"y"},"source":{"ip":"192.0.2.1","port":50000}}"#,
            r#"{"@timestamp":"2026-11-22T12:00:00Z","rule":{"name":"x"},"source":{"ip":"192.0.2.2","port":50000}}"#,
            r#"{"@timestamp":"2026-11-22T12:00:00Z","rule":{"name":"x"},"source":{"ip":"192.0.2.1","port":53}}"#,
        ] {
            assert_ne!(key(other), one, "{other}");
        }
    }

    #[test]
    fn what_needs_understanding_has_no_key() {
        for line in [
            r#"{"rule":{"name":"x"}}"#,
            r#"{"@timestamp":"2026-11-22T12:00:00Z","rule.name":"x","src_ip":"192.0.2.1"}"#,
            r#"{"@timestamp":"2026-11-22T12:00:00Z","rule.name":"x","dns.question.name":"a.example"}"#,
            r#"{"@timestamp":"yesterday","rule.name":"x"}"#,
            r#"{"@timestamp":"2026-11-22T12:00:00Z","rule.name":"x"} y"#,
            "[",
        ] {
            assert_eq!(key(line), None, "{line}");
        }
    }
}
