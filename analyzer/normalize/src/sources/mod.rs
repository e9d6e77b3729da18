//! The registry of sources: one file per source, one line each in [`SOURCES`].

mod auditd;
mod cef;
mod cloud_audit;
mod csv;
mod dlp_finding;
mod ecs_alert;
mod fengsui_eve;
mod firewall;
mod json;
mod leef;
mod netflow;
mod syslog;
mod web_access;
mod web_w3c;
mod windows;
mod zeek;

use fengsui_schema::{Event, EventId, RawRecord, SourceReference, shown};
use sha2::{Digest, Sha256};

use crate::{Draft, NormalizeError, limits};

/// How records of one source are recognised and parsed.
#[derive(Debug, Clone, Copy)]
pub struct SourceDefinition {
    /// Name in records and settings.
    pub name: &'static str,
    /// Other names it is known by.
    pub aliases: &'static [&'static str],
    /// What it is, in one sentence.
    pub meaning: &'static str,
    /// Whether a line looks like a record (or, for tables, like the first lines).
    pub resembles: fn(&[u8]) -> bool,
    /// Understands one record. Never panics, whatever the bytes.
    pub parse: fn(&RawRecord) -> Result<Draft, NormalizeError>,
}

/// Every source, in the order in which formats are recognised: the more particular first.
pub static SOURCES: &[SourceDefinition] = &[
    fengsui_eve::SOURCE,
    zeek::JSON,
    zeek::TABLE,
    windows::SOURCE,
    ecs_alert::SOURCE,
    cloud_audit::SOURCE,
    dlp_finding::SOURCE,
    netflow::SOURCE,
    json::SOURCE,
    auditd::SOURCE,
    cef::SOURCE,
    leef::SOURCE,
    web_access::SOURCE,
    web_w3c::SOURCE,
    syslog::SOURCE,
    csv::SOURCE,
];

/// The source of a name or alias.
#[must_use]
pub fn source(name: &str) -> Option<&'static SourceDefinition> {
    SOURCES.iter().find(|source| source.name == name || source.aliases.contains(&name))
}

/// Whether objects of any product may name a field so.
pub(crate) fn is_known_name(path: &str) -> bool {
    json::is_known_name(path)
}

/// The names of every source, separated by commas.
#[must_use]
pub fn source_names() -> String {
    SOURCES.iter().map(|source| source.name).collect::<Vec<_>>().join(", ")
}

/// Turns a record into an event; `sequence` is its number within the spool or file.
///
/// # Errors
/// When the source is not known, or the record is empty, too large or not what its source writes.
pub fn normalize(record: &RawRecord, sequence: u64) -> Result<Event, NormalizeError> {
    let unknown = || NormalizeError::UnknownSource(shown(&record.source).to_string(), source_names());
    let source = source(&record.source).ok_or_else(unknown)?;
    match record.payload.len() {
        0 => return Err(NormalizeError::Empty),
        size if size > limits::RECORD_BYTES => return Err(NormalizeError::TooLarge(size)),
        _ => {}
    }
    let mut draft = (source.parse)(record)?;
    if draft.fields.get("observer.name").is_none() {
        draft.put("observer.name", &record.instance);
    }
    Ok(Event {
        id: event_id(source.name, record, sequence),
        time: draft.time.unwrap_or(record.received),
        received: record.received,
        kind: draft.kind,
        source: SourceReference { source: source.name.to_owned(), instance: record.instance.clone(), sequence },
        fields: draft.fields,
        original: draft.original,
    })
}

/// The first half of SM3 over source, sender, SHA-256 of the bytes, and position: the same record has the same id on every run.
/// SM3 over the bytes themselves would be a third of the time that a record takes; processors have instructions for SHA-256.
fn event_id(source: &str, record: &RawRecord, sequence: u64) -> EventId {
    EventId::from_digest(&fengsui_crypto::sm3_of_parts(&[
        source.as_bytes(),
        record.instance.as_bytes(),
        &Sha256::digest(&record.payload),
        &sequence.to_le_bytes(),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fengsui_schema::Timestamp;
    use proptest::prelude::*;

    fn record(source: &str, payload: &[u8]) -> RawRecord {
        RawRecord {
            source: source.to_owned(),
            instance: "sender".to_owned(),
            received: Timestamp::from_parts(1_795_348_800, 0),
            payload: payload.to_vec(),
        }
    }

    #[test]
    fn names_and_aliases_are_unique() {
        let mut names: Vec<&str> =
            SOURCES.iter().flat_map(|source| [source.name].into_iter().chain(source.aliases.iter().copied())).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn refuses_what_it_can_not_take() {
        assert!(matches!(normalize(&record("nothing", b"x"), 0), Err(NormalizeError::UnknownSource(..))));
        assert_eq!(normalize(&record("syslog", b""), 0), Err(NormalizeError::Empty));
        let large = vec![b'a'; limits::RECORD_BYTES + 1];
        assert_eq!(normalize(&record("syslog", &large), 0), Err(NormalizeError::TooLarge(large.len())));
    }

    #[test]
    fn ids_tell_positions_apart() {
        let record = record("syslog", b"<13>Nov 22 12:00:00 host app: text");
        let id = |sequence| normalize(&record, sequence).expect("is syslog").id;
        assert_eq!(id(1), id(1));
        assert_ne!(id(1), id(2));
    }

    /// Bytes that look like the formats, so that more than the first check is reached.
    fn near_miss() -> impl Strategy<Value = Vec<u8>> {
        let pieces = prop::sample::select(vec![
            "CEF:0|",
            "LEEF:2.0|",
            "|",
            "\\",
            "=",
            "type=SYSCALL msg=audit(",
            "1.5:7): ",
            "\"",
            "[",
            "]",
            "<13>",
            "<999>",
            "1 ",
            "-",
            "2026-11-22T12:00:00Z",
            "Nov 22 12:00:00 ",
            "sshd[1]: ",
            "Failed password for ",
            " from ",
            " port ",
            "#fields\t",
            "#path\tconn",
            "\n",
            "\t",
            "{",
            "}",
            "\"event_type\":\"dns\"",
            ",",
            ":",
            "GET / HTTP/1.1",
            "192.0.2.1 ",
            "kernel: ",
            "SRC=",
            "é",
            "烽",
            "\u{0}",
        ]);
        prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat().into_bytes())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn any_bytes_are_an_answer_not_a_panic(bytes: Vec<u8>, near in near_miss()) {
            for source in SOURCES {
                for payload in [&bytes, &near] {
                    let _ = normalize(&record(source.name, payload), 3);
                    let _ = (source.resembles)(payload);
                }
            }
        }

        #[test]
        fn any_json_is_an_answer_not_a_panic(kind in "(alert|http|dns|tls|ssh|smtp|fileinfo|flow|anomaly|dlp|visibility|x)", value in json_value()) {
            let payload = serde_json::json!({"event_type": kind, kind.as_str(): value, "timestamp": "2026-11-22T12:00:00Z", "ts": 1}).to_string();
            for source in SOURCES {
                let _ = normalize(&record(source.name, payload.as_bytes()), 3);
            }
        }
    }

    fn json_value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<i64>().prop_map(Into::into),
            ".{0,12}".prop_map(Into::into),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            let keys = "(query|queries|rrname|hostname|url|client|software_version|answers|a|b|grouped|A)";
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
                prop::collection::vec((keys, inner), 0..4)
                    .prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
            ]
        })
    }
}
