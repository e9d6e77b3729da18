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

/// What is weak in the proposals of a security association of version 2, by the names of events. Numbers are those of
/// IANA's registry of IKE 2 parameters.
pub(super) fn weaknesses(content: &[u8]) -> Vec<&'static str> {
    let mut events = Vec::new();
    let mut r = Reader::new(content);
    let mut count = 0;
    while let Some(proposal) = substructure(&mut r).filter(|_| count < IKE_PAYLOADS) {
        let mut inner = Reader::new(proposal);
        let (Some(_number), Some(protocol), Some(spi), Some(_)) = (inner.u8(), inner.u8(), inner.u8(), inner.u8())
        else {
            break;
        };
        inner.take_some(spi.into());
        let (mut has_group, mut has_integrity, mut is_aead) = (false, false, false);
        while let Some(&[kind, _, high, low]) =
            substructure(&mut inner).and_then(|transform| transform.first_chunk::<4>())
            && count < IKE_PAYLOADS
        {
            count += 1;
            let number = u16::from_be_bytes([high, low]);
            events.extend(weakness(kind, number));
            has_group |= kind == 4;
            has_integrity |= kind == 3;
            is_aead |= kind == 1 && matches!(number, 14..=16 | 18..=20 | 25..=28);
        }
        if !has_group {
            events.push("ike.weak_crypto_no_dh");
        }
        // Authentication headers (protocol 2) encrypt nothing.
        if protocol == 2 {
            events.push("ike.no_encryption");
        }
        if !has_integrity && !is_aead {
            events.push("ike.weak_crypto_no_auth");
        }
        count += 1;
    }
    let mut told = Vec::new();
    events.retain(|event| {
        !told.contains(event) && {
            told.push(*event);
            true
        }
    });
    events
}

/// The event of a transform of encryption, pseudo-random function, integrity or group.
const fn weakness(kind: u8, number: u16) -> Option<&'static str> {
    match (kind, number) {
        // DES, triple DES, RC5, IDEA, CAST, Blowfish, no encryption.
        (1, 1..=9 | 11) => Some("ike.weak_crypto_enc"),
        // HMAC with MD5 or SHA-1.
        (2, 1 | 2) => Some("ike.weak_crypto_prf"),
        (2 | 4, 0) => Some("ike.invalid_proposal"),
        // MACs of MD5, SHA-1 and DES.
        (3, 1..=4 | 6 | 7) => Some("ike.weak_crypto_auth"),
        // Groups of 768, 1,024 and 1,536 bits.
        (4, 1 | 2 | 5 | 22) => Some("ike.weak_crypto_dh"),
        (1..=5, _) => None,
        _ => Some("ike.unknown_proposal"),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal(protocol: u8, transforms: &[(u8, u16)]) -> Vec<u8> {
        let mut body = vec![1, protocol, 0, u8::try_from(transforms.len()).unwrap()];
        for (kind, number) in transforms {
            body.extend([3, 0, 0, 8, *kind, 0]);
            body.extend(number.to_be_bytes());
        }
        let length = u16::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[0, 0, length[0], length[1]][..], &body].concat()
    }

    #[test]
    fn weak_proposals_are_named() {
        let strong = proposal(1, &[(1, 20), (2, 5), (4, 19)]);
        assert_eq!(weaknesses(&strong), Vec::<&str>::new());
        let weak = proposal(1, &[(1, 3), (2, 1), (3, 1), (4, 2)]);
        let named = ["ike.weak_crypto_enc", "ike.weak_crypto_prf", "ike.weak_crypto_auth", "ike.weak_crypto_dh"];
        assert_eq!(weaknesses(&weak), named);
        assert_eq!(weaknesses(&[strong, weak].concat()), named);
        let bare = proposal(2, &[(1, 12)]);
        let named = ["ike.weak_crypto_no_dh", "ike.no_encryption", "ike.weak_crypto_no_auth"];
        assert_eq!(weaknesses(&bare), named);
        assert_eq!(weaknesses(&[0, 0, 0, 9, 1]), Vec::<&str>::new());
    }
}
