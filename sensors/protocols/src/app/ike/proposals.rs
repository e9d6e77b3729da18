//! Transforms of IKE 1 (RFC 2408, 3.4 to 3.6; RFC 2409, appendix A).

use serde_json::{Value, json};

use crate::app::reader::Reader;
use crate::limits::IKE_PAYLOADS;

/// The attributes of every transform of a security association, in order.
pub(super) fn read(content: &[u8]) -> Vec<Value> {
    let mut r = Reader::new(content);
    let mut list = Vec::new();
    // Domain of interpretation and situation.
    if r.take(8).is_none() {
        return list;
    }
    while let Some(proposal) = substructure(&mut r)
        && list.len() < IKE_PAYLOADS
    {
        let mut inner = Reader::new(proposal);
        let (Some(_number), Some(_protocol), Some(spi), Some(_count)) =
            (inner.u8(), inner.u8(), inner.u8(), inner.u8())
        else {
            break;
        };
        inner.take_some(spi.into());
        while let Some(transform) = substructure(&mut inner) {
            attributes(transform.get(4..).unwrap_or_default(), &mut list);
        }
    }
    list
}

/// Content behind a header of four bytes.
fn substructure<'a>(r: &mut Reader<'a>) -> Option<&'a [u8]> {
    let (_next, _reserved, length) = (r.u8()?, r.u8()?, r.u16()?);
    r.take(usize::from(length).checked_sub(4)?)
}

fn attributes(data: &[u8], list: &mut Vec<Value>) {
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
        list.push(json!({"key": key, "value": name, "raw": value}));
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
        14 => ("sa_key_length", unknown),
        _ => ("unknown", unknown),
    }
}
