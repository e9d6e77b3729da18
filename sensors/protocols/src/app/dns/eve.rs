//! The `dns` object of EVE, version 3.

use serde_json::{Map, Value, json};

use super::message::{Message, Record, RecordData};
use super::names::{code_name, kind, type_name};
use crate::app::DnsSettings;
use crate::app::text::eve_text;

/// Bits of the header's flags and the keys they are written under.
const FLAGS: [(u16, &str); 6] =
    [(0x8000, "qr"), (0x0400, "aa"), (0x0200, "tc"), (0x0100, "rd"), (0x0080, "ra"), (0x0040, "z")];

pub(super) fn record(tx: u64, message: &Message) -> Map<String, Value> {
    let header = &message.header;
    let mut eve = Map::new();
    eve.insert("version".to_owned(), 3.into());
    eve.insert("type".to_owned(), if header.is_response() { "response" } else { "request" }.into());
    eve.insert("tx_id".to_owned(), tx.into());
    eve.insert("id".to_owned(), header.id.into());
    eve.insert("flags".to_owned(), format!("{:x}", header.flags).into());
    for (bit, key) in FLAGS {
        if header.flags & bit != 0 {
            eve.insert(key.to_owned(), true.into());
        }
    }
    eve.insert("opcode".to_owned(), header.opcode().into());
    eve.insert("rcode".to_owned(), code_name(header.rcode()).into());
    let queries = message.queries.iter();
    let queries = queries.map(|query| json!({"rrname": eve_text(&query.name), "rrtype": type_name(query.kind)}));
    let queries = queries.collect::<Vec<_>>();
    if !queries.is_empty() {
        eve.insert("queries".to_owned(), queries.into());
    }
    sections(&mut eve, message);
    eve
}

/// Whether settings ask for a record of a message.
pub(super) fn is_told(settings: &DnsSettings, message: &Message) -> bool {
    let asked = if message.header.is_response() { settings.responses } else { settings.requests };
    let is_listed = |kind: u16| settings.types.iter().any(|name| name.eq_ignore_ascii_case(&type_name(kind)));
    asked && (settings.types.is_empty() || message.queries.iter().any(|query| is_listed(query.kind)))
}

/// The record of version 2: a query by its first question, an answer with what it says of it.
pub(super) fn record_2(tx: u64, message: &Message) -> Map<String, Value> {
    let header = &message.header;
    let mut eve = Map::new();
    if header.is_response() {
        eve.insert("version".to_owned(), 2.into());
    }
    eve.insert("type".to_owned(), if header.is_response() { "answer" } else { "query" }.into());
    eve.insert("id".to_owned(), header.id.into());
    if header.is_response() {
        eve.insert("flags".to_owned(), format!("{:x}", header.flags).into());
        for (bit, key) in FLAGS {
            if header.flags & bit != 0 {
                eve.insert(key.to_owned(), true.into());
            }
        }
    }
    if let Some(query) = message.queries.first() {
        eve.insert("rrname".to_owned(), eve_text(&query.name).into());
        eve.insert("rrtype".to_owned(), type_name(query.kind).into());
    }
    eve.insert("tx_id".to_owned(), tx.into());
    eve.insert("opcode".to_owned(), header.opcode().into());
    if header.is_response() {
        eve.insert("rcode".to_owned(), code_name(header.rcode()).into());
        sections(&mut eve, message);
        eve.shift_remove("additionals");
    }
    eve
}

/// The record of multicast DNS and LLMNR: types in small letters, data under the type's name.
pub(super) fn record_local(message: &Message) -> Map<String, Value> {
    let header = &message.header;
    let mut eve = Map::new();
    eve.insert("type".to_owned(), if header.is_response() { "response" } else { "request" }.into());
    eve.insert("id".to_owned(), header.id.into());
    eve.insert("flags".to_owned(), format!("{:x}", header.flags).into());
    for (bit, key) in FLAGS {
        if header.flags & bit != 0 {
            eve.insert(key.to_owned(), true.into());
        }
    }
    eve.insert("opcode".to_owned(), header.opcode().into());
    if header.is_response() {
        eve.insert("rcode".to_owned(), code_name(header.rcode()).to_ascii_lowercase().into());
    }
    let small = |kind: u16| type_name(kind).to_ascii_lowercase();
    let queries = message.queries.iter();
    let queries = queries.map(|query| json!({"rrname": eve_text(&query.name), "rrtype": small(query.kind)}));
    let queries = queries.collect::<Vec<_>>();
    if !queries.is_empty() {
        eve.insert("queries".to_owned(), queries.into());
    }
    let sections =
        [("answers", &message.answers), ("authorities", &message.authorities), ("additionals", &message.additionals)];
    for (key, records) in sections {
        let records = records.iter().map(|record| {
            let mut entry = Map::new();
            entry.insert("rrname".to_owned(), eve_text(&record.name).into());
            entry.insert("rrtype".to_owned(), small(record.kind).into());
            entry.insert("ttl".to_owned(), record.ttl.into());
            if let Some((_, value)) = data(record) {
                entry.insert(small(record.kind), value);
            }
            Value::from(entry)
        });
        let records = records.collect::<Vec<_>>();
        if !records.is_empty() {
            eve.insert(key.to_owned(), records.into());
        }
    }
    eve
}

fn sections(eve: &mut Map<String, Value>, message: &Message) {
    let sections =
        [("answers", &message.answers), ("authorities", &message.authorities), ("additionals", &message.additionals)];
    for (key, records) in sections {
        if !records.is_empty() {
            eve.insert(key.to_owned(), records.iter().map(detailed).collect::<Vec<_>>().into());
        }
    }
    let grouped = grouped(&message.answers);
    if !grouped.is_empty() {
        eve.insert("grouped".to_owned(), grouped.into());
    }
}

fn detailed(record: &Record) -> Value {
    let mut answer = Map::new();
    answer.insert("rrname".to_owned(), eve_text(&record.name).into());
    answer.insert("rrtype".to_owned(), type_name(record.kind).into());
    answer.insert("ttl".to_owned(), record.ttl.into());
    if let Some((key, value)) = data(record) {
        answer.insert(key.to_owned(), value);
    }
    answer.into()
}

fn data(record: &Record) -> Option<(&'static str, Value)> {
    Some(match &record.data {
        RecordData::Address(address) => ("rdata", address.to_string().into()),
        RecordData::Text(text) => ("rdata", eve_text(text).into()),
        RecordData::Soa { primary, mailbox, numbers: [serial, refresh, retry, expire, minimum] } => (
            "soa",
            json!({
                "mname": eve_text(primary), "rname": eve_text(mailbox), "serial": serial, "refresh": refresh,
                "retry": retry, "expire": expire, "minimum": minimum,
            }),
        ),
        RecordData::Srv { priority, weight, port, target } => {
            ("srv", json!({"priority": priority, "weight": weight, "port": port, "name": eve_text(target)}))
        }
        RecordData::SshFingerprint { algorithm, kind, fingerprint } => {
            let bytes = fingerprint.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>();
            ("sshfp", json!({"fingerprint": bytes.join(":"), "algo": algorithm, "type": kind}))
        }
        RecordData::Other => return None,
    })
}

/// Answers by type, for the types whose data is one value.
fn grouped(answers: &[Record]) -> Map<String, Value> {
    let mut grouped = Map::new();
    for record in answers {
        let groups = matches!(
            record.kind,
            kind::A
                | kind::AAAA
                | kind::NS
                | kind::CNAME
                | kind::PTR
                | kind::MX
                | kind::TXT
                | kind::NULL
                | kind::SOA
                | kind::SRV
                | kind::SSHFP
        );
        let Some((_, value)) = data(record).filter(|_| groups) else { continue };
        let entry = grouped.entry(type_name(record.kind)).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = entry {
            values.push(value);
        }
    }
    grouped
}
