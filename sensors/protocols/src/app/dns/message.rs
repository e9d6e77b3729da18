//! Reading DNS messages.

use std::net::IpAddr;

use super::names::kind;
use crate::limits::{DNS_NAME_BYTES, DNS_POINTER_BYTES, DNS_RECORDS};

pub(super) const HEADER_BYTES: usize = 12;

/// The fixed header (RFC 1035, 4.1.1).
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) id: u16,
    pub(super) flags: u16,
    pub(super) questions: u16,
    pub(super) answers: u16,
    pub(super) authorities: u16,
    pub(super) additionals: u16,
}

impl Header {
    pub(super) fn parse(data: &[u8]) -> Option<Self> {
        let header = data.first_chunk::<HEADER_BYTES>()?;
        let field = |index: usize| u16::from_be_bytes([header[index * 2], header[index * 2 + 1]]);
        Some(Self {
            id: field(0),
            flags: field(1),
            questions: field(2),
            answers: field(3),
            authorities: field(4),
            additionals: field(5),
        })
    }

    pub(super) fn is_response(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    pub(super) fn opcode(&self) -> u16 {
        self.flags >> 11 & 0xf
    }

    pub(super) fn rcode(&self) -> u16 {
        self.flags & 0xf
    }

    /// Whether a message of this length can hold what the header announces.
    pub(super) fn is_plausible(&self, length: usize) -> bool {
        let records = usize::from(self.answers) + usize::from(self.authorities) + usize::from(self.additionals);
        let questions = usize::from(self.questions);
        (questions > 0 || records > 0) && questions * 5 + records * 11 <= length.saturating_sub(HEADER_BYTES)
    }
}

/// A question.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) name: Vec<u8>,
    pub(super) kind: u16,
    pub(super) class: u16,
}

/// A resource record; a TXT record of several strings becomes several.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) name: Vec<u8>,
    pub(super) kind: u16,
    pub(super) ttl: u32,
    pub(super) data: RecordData,
}

/// What a record holds.
#[derive(Debug, Clone)]
pub(super) enum RecordData {
    Address(IpAddr),
    /// A name or a text.
    Text(Vec<u8>),
    Soa {
        primary: Vec<u8>,
        mailbox: Vec<u8>,
        /// Serial, refresh, retry, expire, minimum.
        numbers: [u32; 5],
    },
    Srv {
        priority: u16,
        weight: u16,
        port: u16,
        target: Vec<u8>,
    },
    SshFingerprint {
        algorithm: u8,
        kind: u8,
        fingerprint: Vec<u8>,
    },
    Other,
}

/// A whole message.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) header: Header,
    pub(super) queries: Vec<Query>,
    pub(super) answers: Vec<Record>,
    pub(super) authorities: Vec<Record>,
    pub(super) additionals: Vec<Record>,
    pub(super) name_too_long: bool,
    pub(super) pointer_loop: bool,
    /// Bytes after the last record.
    pub(super) trailing: usize,
}

struct Reader<'a> {
    message: &'a [u8],
    at: usize,
    name_too_long: bool,
    pointer_loop: bool,
    /// Bytes that may still be read behind pointers in this message, so that the cost stays linear.
    budget: usize,
}

impl Message {
    /// Reads a message; records that are cut off at its end are left out, a broken one ends in `None`.
    pub(super) fn parse(data: &[u8]) -> Option<Self> {
        let header = Header::parse(data)?;
        let budget = DNS_POINTER_BYTES + data.len() * 8;
        let mut reader = Reader { message: data, at: HEADER_BYTES, name_too_long: false, pointer_loop: false, budget };
        let mut queries = Vec::new();
        for _ in 0..header.questions {
            let query = reader.query()?;
            if queries.len() < DNS_RECORDS {
                queries.push(query);
            }
        }
        let answers = reader.records(header.answers)?;
        let authorities = reader.records(header.authorities)?;
        let additionals = reader.records(header.additionals)?;
        Some(Self {
            header,
            queries,
            answers,
            authorities,
            additionals,
            name_too_long: reader.name_too_long,
            pointer_loop: reader.pointer_loop,
            trailing: data.len().saturating_sub(reader.at),
        })
    }
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let bytes = self.message.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
    }

    fn query(&mut self) -> Option<Query> {
        Some(Query { name: self.name()?, kind: self.u16()?, class: self.u16()? })
    }

    /// A name in text form.
    fn name(&mut self) -> Option<Vec<u8>> {
        let mut name = Vec::new();
        let mut position = self.at;
        let mut end = None;
        loop {
            let length = *self.message.get(position)?;
            match length {
                0 => {
                    self.at = end.unwrap_or(position + 1);
                    return Some(name);
                }
                1..=63 => {
                    let label = self.message.get(position + 1..position + 1 + usize::from(length))?;
                    self.append(&mut name, label);
                    position += 1 + label.len();
                    if end.is_some() {
                        self.budget = self.budget.saturating_sub(1 + label.len());
                    }
                }
                192..=255 => {
                    end = end.or(Some(position + 2));
                    let low = *self.message.get(position + 1)?;
                    let target = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                    // A pointer must lead back (RFC 1035, 4.1.4); one that does not goes in circles.
                    if target >= position || self.budget == 0 {
                        self.pointer_loop = true;
                        self.at = end?;
                        return Some(name);
                    }
                    position = target;
                }
                _ => return None,
            }
        }
    }

    fn append(&mut self, name: &mut Vec<u8>, label: &[u8]) {
        if name.len() + label.len() + 1 > DNS_NAME_BYTES {
            self.name_too_long = true;
            return;
        }
        if !name.is_empty() {
            name.push(b'.');
        }
        name.extend_from_slice(label);
    }

    fn records(&mut self, count: u16) -> Option<Vec<Record>> {
        let mut records = Vec::new();
        for _ in 0..count {
            self.record(&mut records)?;
        }
        Some(records)
    }

    fn record(&mut self, records: &mut Vec<Record>) -> Option<()> {
        let name = self.name()?;
        let (kind, _class, ttl) = (self.u16()?, self.u16()?, self.u32()?);
        let length = usize::from(self.u16()?);
        let end = self.at.checked_add(length)?;
        let raw = self.message.get(self.at..end)?;
        if kind == kind::TXT {
            let texts = texts(raw).map(|text| RecordData::Text(text.to_vec()));
            let room = DNS_RECORDS.saturating_sub(records.len());
            records.extend(texts.take(room).map(|data| Record { name: name.clone(), kind, ttl, data }));
        } else if records.len() < DNS_RECORDS {
            let data = self.data(kind, raw).unwrap_or(RecordData::Other);
            records.push(Record { name, kind, ttl, data });
        }
        self.at = end;
        Some(())
    }

    fn data(&mut self, kind: u16, raw: &[u8]) -> Option<RecordData> {
        Some(match kind {
            kind::A => RecordData::Address(IpAddr::from(<[u8; 4]>::try_from(raw).ok()?)),
            kind::AAAA => RecordData::Address(IpAddr::from(<[u8; 16]>::try_from(raw).ok()?)),
            kind::CNAME | kind::NS | kind::PTR | kind::DNAME => RecordData::Text(self.name()?),
            kind::MX => {
                self.u16()?;
                RecordData::Text(self.name()?)
            }
            kind::SOA => {
                let (primary, mailbox) = (self.name()?, self.name()?);
                let numbers = [self.u32()?, self.u32()?, self.u32()?, self.u32()?, self.u32()?];
                RecordData::Soa { primary, mailbox, numbers }
            }
            kind::SRV => {
                let (priority, weight, port) = (self.u16()?, self.u16()?, self.u16()?);
                RecordData::Srv { priority, weight, port, target: self.name()? }
            }
            kind::SSHFP => {
                let [algorithm, kind, fingerprint @ ..] = raw else { return None };
                RecordData::SshFingerprint { algorithm: *algorithm, kind: *kind, fingerprint: fingerprint.to_vec() }
            }
            kind::NULL => RecordData::Text(raw.to_vec()),
            _ => RecordData::Other,
        })
    }
}

/// The character strings of a TXT record.
fn texts(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = raw;
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first()?;
        let text = &after[..usize::from(*length).min(after.len())];
        rest = &after[text.len()..];
        Some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_points_at_itself_ends() {
        let mut data = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        data.extend_from_slice(&[1, b'a', 0xc0, 12, 0, 1, 0, 1]);
        let message = Message::parse(&data).expect("is read");
        assert!(message.queries[0].name.starts_with(b"a"));
        let mut forward = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        forward.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1]);
        assert!(Message::parse(&forward).expect("is read").pointer_loop);
    }
}
