//! What sensors and other nodes send: records with their places, parcels, batches, receipts.

use fengsui_crypto::{KeyId, Signature, sm3};
use fengsui_relay::tier::{Answer, Batch, Directory, KeyStanding, NodeId, Policy, Relation};
use fengsui_relay::uplink::{Account, Header, Parcel, Receipt, SignedHeader};
use fengsui_schema::RawRecord;

use crate::byte;

/// Knows nobody.
struct Nobody;

impl Directory for Nobody {
    fn relation(&self, _: &NodeId) -> Relation {
        Relation::Stranger
    }

    fn is_within(&self, _: &NodeId, _: &NodeId) -> bool {
        false
    }

    fn standing(&self, _: &NodeId, _: &KeyId) -> KeyStanding {
        KeyStanding::Unknown
    }

    fn fits(&self, _: &NodeId, _: &KeyId, _: &[u8; 32], _: &Signature) -> bool {
        false
    }
}

/// Reads a form of what arrives.
type Form = fn(&[u8]);

/// First byte: the form.
pub(crate) fn relay_frame(data: &[u8]) {
    const FORMS: [Form; 6] = [raw_record, parcel_body, parcel_header, batch, answers, policy];
    let mut rest = data;
    FORMS[usize::from(byte(&mut rest)) % FORMS.len()](rest);
}

fn raw_record(bytes: &[u8]) {
    let origin = RawRecord::origin(bytes);
    if let Ok(record) = RawRecord::decode(bytes) {
        let written = origin.map_or_else(|| record.encode(), |origin| record.encode_from(&origin));
        assert_eq!(RawRecord::decode(&written), Ok(record), "a record is read as it is written");
    }
}

/// A body whose header is signed and fits it.
fn parcel_body(body: &[u8]) {
    let Ok(sensor) = "sensor".parse() else { return };
    let header = Header {
        v: 1,
        sensor,
        key: KeyId::from_bytes([3; 32]),
        epoch: 1,
        from: 1,
        to: 1 << 40,
        floor: 1,
        count: u64::from(body.first().copied().unwrap_or(0) & 3),
        bytes: body.len() as u64,
        body: hex::encode(sm3(body)),
        issued: 5,
        account: Account::default(),
        measurement: None,
    };
    if let Ok(records) = Parcel::unpack(&header, body) {
        let places: Vec<u64> = records.iter().map(|record| record.sequence).collect();
        assert!(places.is_sorted_by(|one, next| one < next), "records are in order, none twice");
        assert!(places.len() as u64 == header.count, "as many as the header says");
    }
}

fn parcel_header(bytes: &[u8]) {
    if let Ok(header) = SignedHeader::parse(&String::from_utf8_lossy(bytes)) {
        assert_eq!(SignedHeader::parse(&header.to_text()).as_ref(), Ok(&header), "a header is read as it is written");
        assert!(header.verify(&Nobody).is_err(), "nobody is known");
    }
}

fn batch(bytes: &[u8]) {
    if let Ok(batch) = serde_json::from_slice::<Batch>(bytes) {
        assert!(batch.verify(&Nobody).is_err(), "nobody is known");
        assert!(batch.links().len() <= batch.messages.len(), "a link for each message");
    }
}

fn answers(bytes: &[u8]) {
    let _ = (serde_json::from_slice::<Answer>(bytes), serde_json::from_slice::<Receipt>(bytes));
}

fn policy(bytes: &[u8]) {
    let _ = Policy::parse(&String::from_utf8_lossy(bytes));
}
