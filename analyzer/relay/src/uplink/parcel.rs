//! A parcel: a signed header and the records it covers.
//!
//! Body: for every record its sequence (u64), class (u8), length (u32) and bytes; numbers are little endian.

use fengsui_crypto::{CryptoError, KeyId, Signature, sm3, sm3_of_parts};
use serde::{Deserialize, Serialize};

use crate::tier::{Directory, NodeId, Refusal, Signer};
use crate::{Class, Record, limits};

/// Bytes of a record of a body before its payload.
const RECORD_HEAD_BYTES: usize = 13;

/// What a sensor says of its own books, so that they can be laid beside the analyzer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Events that were handed to the sensor's spool since the sensor started, counted before the spool.
    pub emitted: u64,
    /// Of them: on the sensor's disk, counted by the spool.
    pub spooled: u64,
    /// Of them: shed as the spool was at its limit, counted by the spool.
    pub shed: u64,
    /// Sequence that the sensor's next record gets: so many were spooled in the life of its spool.
    pub written: u64,
}

/// What a parcel says of itself; all of it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Version of the form: 1.
    pub v: u8,
    /// Who sends.
    pub sensor: NodeId,
    /// Key of the sender.
    #[serde(with = "crate::tier::key_text")]
    pub key: KeyId,
    /// Epoch of the sender's spool.
    pub epoch: u64,
    /// First sequence the parcel covers.
    pub from: u64,
    /// Sequence after the last it covers. A sequence that it covers and does not hold can't be read at the sender.
    pub to: u64,
    /// First sequence the sender still has; those before can't be sent any more.
    pub floor: u64,
    /// Records in the body.
    pub count: u64,
    /// Bytes of the body.
    pub bytes: u64,
    /// SM3 of the body, in hexadecimal digits.
    pub body: String,
    /// When it was signed by the sender's clock, in milliseconds since the epoch; ever growing at one sender.
    pub issued: i64,
    /// The sender's books.
    pub account: Account,
    /// SM3 over program, rules and settings as the sender measured itself, in hexadecimal digits; absent before it has, and
    /// from senders that don't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measurement: Option<String>,
}

/// What the caller of [`Parcel::pack`] knows.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Who sends.
    pub sensor: NodeId,
    /// Epoch of the sender's spool.
    pub epoch: u64,
    /// First sequence the parcel covers.
    pub from: u64,
    /// Sequence after the last it covers.
    pub to: u64,
    /// First sequence the sender still has.
    pub floor: u64,
    /// When it is signed, in milliseconds since the epoch.
    pub issued: i64,
    /// The sender's books.
    pub account: Account,
    /// What the sender measured of itself.
    pub measurement: Option<String>,
}

/// A header with the sender's signature, as it goes before the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedHeader {
    /// What is signed.
    pub header: Header,
    /// The sender's signature.
    pub sig: Signature,
}

/// A header and the bytes it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Goes first.
    pub signed: SignedHeader,
    /// Goes after it.
    pub body: Vec<u8>,
}

impl Header {
    /// What the sender signs, and what a receipt names the parcel by.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let account = [self.account.emitted, self.account.spooled, self.account.shed, self.account.written];
        let mut numbers = Vec::with_capacity(88);
        for number in [self.epoch, self.from, self.to, self.floor, self.count, self.bytes].iter().chain(&account) {
            numbers.extend_from_slice(&number.to_be_bytes());
        }
        numbers.extend_from_slice(&self.issued.to_be_bytes());
        let version = [self.v];
        let mut parts: Vec<&[u8]> = vec![
            b"fengsui parcel v1",
            &version,
            self.sensor.as_str().as_bytes(),
            self.key.as_bytes(),
            &numbers,
            self.body.as_bytes(),
        ];
        // Parts carry their lengths, so that one more is never taken for another.
        parts.extend(self.measurement.as_ref().map(|digest| digest.as_bytes()));
        sm3_of_parts(&parts)
    }

    fn is_well_formed(&self) -> bool {
        self.v == 1
            && self.epoch > 0
            && self.from < self.to
            && self.floor <= self.to
            && self.count <= self.to - self.from
            && self.count <= limits::PARCEL_RECORDS as u64
            && self.bytes <= limits::PARCEL_BYTES as u64
            && self.measurement.as_ref().is_none_or(|digest| is_digest(digest))
    }
}

/// Whether a text is 64 hexadecimal digits.
fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

impl SignedHeader {
    /// One line of ASCII, for the head of a request.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`SignedHeader::to_text`] wrote.
    ///
    /// # Errors
    /// When the text is none.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        serde_json::from_str(text).map_err(|_| Refusal::Malformed)
    }

    /// Checks form, key and signature, in the order of their cost.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn verify(&self, directory: &impl Directory) -> Result<(), Refusal> {
        if !self.header.is_well_formed() {
            return Err(Refusal::Malformed);
        }
        directory.check(&self.header.sensor, &self.header.key, &self.header.digest(), &self.sig)
    }
}

impl Parcel {
    /// Signs records that a sender read from its spool.
    ///
    /// # Errors
    /// When the library fails.
    pub fn pack(draft: Draft, records: &[Record], signer: &impl Signer) -> Result<Self, CryptoError> {
        let mut body = Vec::with_capacity(records.iter().map(|record| RECORD_HEAD_BYTES + record.payload.len()).sum());
        for record in records {
            body.extend_from_slice(&record.sequence.to_le_bytes());
            body.push(record.class.as_number());
            body.extend_from_slice(&u32::try_from(record.payload.len()).unwrap_or(u32::MAX).to_le_bytes());
            body.extend_from_slice(&record.payload);
        }
        let header = Header {
            v: 1,
            sensor: draft.sensor,
            key: signer.key(),
            epoch: draft.epoch,
            from: draft.from,
            to: draft.to,
            floor: draft.floor,
            count: records.len() as u64,
            bytes: body.len() as u64,
            body: crate::tier::hex_text(&sm3(&body)),
            issued: draft.issued,
            account: draft.account,
            measurement: draft.measurement,
        };
        let sig = signer.sign(&header.digest())?;
        Ok(Self { signed: SignedHeader { header, sig }, body })
    }

    /// The records of a body whose header was verified: as many as it says, in order, within what it covers.
    ///
    /// # Errors
    /// [`Refusal::Forged`] for another body than the signed one, [`Refusal::Malformed`] for one that is not as described.
    pub fn unpack(header: &Header, body: &[u8]) -> Result<Vec<Record>, Refusal> {
        if body.len() as u64 != header.bytes || crate::tier::hex_text(&sm3(body)) != header.body {
            return Err(Refusal::Forged);
        }
        let mut records = Vec::with_capacity(usize::try_from(header.count).unwrap_or(0).min(limits::PARCEL_RECORDS));
        let (mut rest, mut least) = (body, header.from);
        while !rest.is_empty() {
            let (record, after) = next_record(rest).ok_or(Refusal::Malformed)?;
            if record.sequence < least || record.sequence >= header.to {
                return Err(Refusal::Malformed);
            }
            (rest, least) = (after, record.sequence + 1);
            records.push(record);
        }
        if records.len() as u64 == header.count { Ok(records) } else { Err(Refusal::Malformed) }
    }
}

fn next_record(bytes: &[u8]) -> Option<(Record, &[u8])> {
    let (sequence, rest) = bytes.split_first_chunk::<8>()?;
    let (&class, rest) = rest.split_first()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (payload, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    let (sequence, class) = (u64::from_le_bytes(*sequence), Class::from_number(class)?);
    Some((Record { sequence, class, payload: payload.to_vec() }, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(from: u64, to: u64, count: u64, body: &[u8]) -> Header {
        Header {
            v: 1,
            sensor: "s1".parse().expect("name"),
            key: KeyId::from_bytes([3; 32]),
            epoch: 9,
            from,
            to,
            floor: from,
            count,
            bytes: body.len() as u64,
            body: crate::tier::hex_text(&sm3(body)),
            issued: 5,
            account: Account::default(),
            measurement: None,
        }
    }

    fn bytes_of(records: &[(u64, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (sequence, payload) in records {
            body.extend_from_slice(&sequence.to_le_bytes());
            body.push(Class::Flow.as_number());
            body.extend_from_slice(&u32::try_from(payload.len()).expect("small").to_le_bytes());
            body.extend_from_slice(payload);
        }
        body
    }

    #[test]
    fn every_field_is_signed() {
        let one = header(1, 4, 2, b"x");
        let changes: [fn(&mut Header); 15] = [
            |h| h.v += 1,
            |h| h.sensor = "s2".parse().expect("name"),
            |h| h.key = KeyId::from_bytes([4; 32]),
            |h| h.epoch += 1,
            |h| h.from += 1,
            |h| h.to += 1,
            |h| h.floor += 1,
            |h| h.count += 1,
            |h| h.bytes += 1,
            |h| h.body.push('0'),
            |h| h.issued += 1,
            |h| h.account.emitted += 1,
            |h| h.account.shed += 1,
            |h| h.account.written += 1,
            |h| h.measurement = Some("0".repeat(64)),
        ];
        for (place, change) in changes.into_iter().enumerate() {
            let mut other = one.clone();
            change(&mut other);
            assert_ne!(other.digest(), one.digest(), "change {place}");
        }
    }

    #[test]
    fn headers_of_senders_that_do_not_measure_themselves_are_read() {
        let header = header(1, 4, 2, b"x");
        let text = serde_json::to_string(&header).expect("writes");
        assert!(!text.contains("measurement"), "an older receiver has to read it");
        assert_eq!(serde_json::from_str::<Header>(&text).expect("reads"), header);
        for (digest, fits) in [("0".repeat(64), true), ("0".repeat(63), false), ("\u{1b}".repeat(64), false)] {
            assert_eq!(Header { measurement: Some(digest), ..header.clone() }.is_well_formed(), fits);
        }
    }

    #[test]
    fn a_body_is_what_its_header_says() {
        let body = bytes_of(&[(3, b"a"), (5, b"bc")]);
        let read = Parcel::unpack(&header(3, 6, 2, &body), &body).expect("fits");
        assert_eq!(read.iter().map(|record| record.sequence).collect::<Vec<_>>(), [3, 5]);
        assert_eq!(Parcel::unpack(&header(3, 6, 2, b"other"), &body), Err(Refusal::Forged));
        for (from, to, count) in [(4, 6, 2), (3, 5, 2), (3, 6, 1)] {
            assert_eq!(Parcel::unpack(&header(from, to, count, &body), &body), Err(Refusal::Malformed));
        }
        let reversed = bytes_of(&[(5, b"a"), (3, b"b")]);
        assert_eq!(Parcel::unpack(&header(3, 6, 2, &reversed), &reversed), Err(Refusal::Malformed));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes: Vec<u8>, text in ".{0,80}") {
            let _ = (Parcel::unpack(&header(0, u64::MAX, 1, &bytes), &bytes), SignedHeader::parse(&text));
        }
    }
}
