//! Transforms of IKE 1 (RFC 2408, 3.4 to 3.6; RFC 2409, appendix A) and of IKE 2.

use serde_json::{Value, json};

use crate::app::reader::Reader;
use crate::limits::IKE_PAYLOADS;

/// An attribute of a transform.
pub(super) struct Attribute {
    pub(super) key: &'static str,
    name: &'static str,
    /// Value as on the wire.
    pub(super) value: u64,
}

impl Attribute {
    pub(super) fn eve(&self) -> Value {
        json!({"key": self.key, "value": self.name, "raw": self.value})
    }
}

/// The attributes of every transform of a security association of version 1, in order.
pub(super) fn read(content: &[u8]) -> Vec<Attribute> {
    let mut list = Vec::new();
    // Domain of interpretation and situation stand before the proposals.
    each_transform(content.get(8..).unwrap_or_default(), |transform| {
        attributes(transform.get(4..).unwrap_or_default(), &mut list);
        list.len() < IKE_PAYLOADS
    });
    list
}

/// The transforms of a security association of version 2 (RFC 7296, 3.3.2), as attributes of version 1 are called.
pub(super) fn read_version_2(content: &[u8]) -> Vec<(&'static str, u64)> {
    let mut list = Vec::new();
    each_transform(content, |transform| {
        if let Some(&[kind, _, high, low]) = transform.first_chunk::<4>() {
            let key = match kind {
                1 => Some("alg_enc"),
                2 => Some("alg_prf"),
                3 => Some("alg_auth"),
                4 => Some("alg_dh"),
                _ => None,
            };
            list.extend(key.map(|key| (key, u64::from(u16::from_be_bytes([high, low])))));
        }
        list.len() < IKE_PAYLOADS
    });
    list
}

/// Gives each transform of each proposal to `take`, until it has had enough.
fn each_transform(proposals: &[u8], mut take: impl FnMut(&[u8]) -> bool) {
    let mut r = Reader::new(proposals);
    while let Some(proposal) = substructure(&mut r) {
        let mut inner = Reader::new(proposal);
        let (Some(_number), Some(_protocol), Some(spi), Some(_count)) =
            (inner.u8(), inner.u8(), inner.u8(), inner.u8())
        else {
            return;
        };
        inner.take_some(spi.into());
        while let Some(transform) = substructure(&mut inner) {
            if !take(transform) {
                return;
            }
        }
    }
}

/// Content behind a header of four bytes.
fn substructure<'a>(r: &mut Reader<'a>) -> Option<&'a [u8]> {
    let (_next, _reserved, length) = (r.u8()?, r.u8()?, r.u16()?);
    r.take(usize::from(length).checked_sub(4)?)
}

fn attributes(data: &[u8], list: &mut Vec<Attribute>) {
    let mut r = Reader::new(data);
    while let Some(kind) = r.u16()
        && list.len() < IKE_PAYLOADS
    {
        // The highest bit says that the value takes the place of the length.
        let value = match kind & 0x8000 != 0 {
            true => r.u16().map(u64::from),
            false => r.short().map(|bytes| bytes.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))),
        };
        let Some(value) = value else { return };
        let (key, name) = attribute(kind & 0x7fff, value);
        list.push(Attribute { key, name, value });
    }
}

fn attribute(kind: u16, value: u64) -> (&'static str, &'static str) {
    let unknown = "Unknown";
    match kind {
        1 => (
            "alg_enc",
            match value {
                1 => "EncDesCbc",
                2 => "EncIdeaCbc",
                3 => "EncBlowfishCbc",
                4 => "EncRc5R16B64Cbc",
                5 => "EncTripleDesCbc",
                6 => "EncCastCbc",
                7 => "EncAesCbc",
                8 => "EncCamelliaCbc",
                _ => unknown,
            },
        ),
        2 => (
            "alg_hash",
            match value {
                1 => "HashMd5",
                2 => "HashSha",
                3 => "HashTiger",
                4 => "HashSha2_256",
                5 => "HashSha2_384",
                6 => "HashSha2_512",
                _ => unknown,
            },
        ),
        3 => (
            "alg_auth",
            match value {
                1 => "AuthPreSharedKey",
                2 => "AuthDssSignatures",
                3 => "AuthRsaSignatures",
                4 => "AuthEncryptionWithRsa",
                5 => "AuthRevisedEncryptionWithRsa",
                _ => unknown,
            },
        ),
        4 => (
            "alg_dh",
            match value {
                1 => "GroupDefault768BitModp",
                2 => "GroupAlternate1024BitModpGroup",
                5 => "Group1536BitModp",
                14 => "Group2048BitModp",
                15 => "Group3072BitModp",
                16 => "Group4096BitModp",
                19 => "Group256BitRandomEcp",
                20 => "Group384BitRandomEcp",
                _ => unknown,
            },
        ),
        11 => (
            "sa_life_type",
            match value {
                1 => "LifeTypeSeconds",
                2 => "LifeTypeKilobytes",
                _ => unknown,
            },
        ),
        12 => ("sa_life_duration", unknown),
        13 => ("alg_prf", unknown),
        14 => ("sa_key_length", unknown),
        15 => ("sa_field_size", unknown),
        _ => ("unknown", unknown),
    }
}
