//! Keys of Initial packets: they follow from what is in the clear (RFC 9001, 5.2; RFC 9369, 3.3).

use ring::aead::quic::{AES_128 as HEADER_AES, HeaderProtectionKey};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};

use super::packet::{Packet, VERSION_1, VERSION_2};
use crate::Direction;

const SALT_1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f,
    0x0a,
];
const SALT_2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e,
    0xd9,
];
/// Drafts 29 to 32.
const SALT_29: [u8; 20] = [
    0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8,
    0x99,
];
/// Drafts 23 to 28.
const SALT_23: [u8; 20] = [
    0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5,
    0x02,
];

/// Keys of both directions.
pub(super) struct InitialKeys {
    client: Keys,
    server: Keys,
}

struct Keys {
    packet: LessSafeKey,
    iv: [u8; 12],
    header: HeaderProtectionKey,
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl InitialKeys {
    /// From the connection identifier the client chose for the server.
    pub(super) fn derive(version: u32, destination: &[u8]) -> Option<Self> {
        let salt = match version {
            VERSION_1 | 0xff00_0021 | 0xff00_0022 => &SALT_1,
            VERSION_2 => &SALT_2,
            0xff00_001d..=0xff00_0020 => &SALT_29,
            0xff00_0017..=0xff00_001c => &SALT_23,
            _ => return None,
        };
        let secret = Salt::new(HKDF_SHA256, salt).extract(destination);
        let labels = if version == VERSION_2 {
            ["quicv2 key", "quicv2 iv", "quicv2 hp"]
        } else {
            ["quic key", "quic iv", "quic hp"]
        };
        Some(Self { client: Keys::of(&secret, "client in", labels)?, server: Keys::of(&secret, "server in", labels)? })
    }

    /// Undoes the protection of an Initial packet; `None` when it was not made with these keys.
    pub(super) fn open(&self, direction: Direction, packet: &Packet<'_>, data: &[u8]) -> Option<Vec<u8>> {
        let keys = if direction == Direction::ToServer { &self.client } else { &self.server };
        let number_at = packet.header_bytes;
        let sample = data.get(number_at + 4..number_at + 20)?;
        let mask = keys.header.new_mask(sample).ok()?;
        let first = packet.first ^ (mask[0] & 0x0f);
        let number_bytes = usize::from(first & 3) + 1;
        let mut header = data.get(..number_at + number_bytes)?.to_vec();
        header[0] = first;
        let mut nonce = keys.iv;
        let mut number = 0_u64;
        for (byte, mask) in header[number_at..].iter_mut().zip(&mask[1..]) {
            *byte ^= mask;
            number = number << 8 | u64::from(*byte);
        }
        for (byte, part) in nonce[4..].iter_mut().zip(number.to_be_bytes()) {
            *byte ^= part;
        }
        let mut payload = data.get(number_at + number_bytes..packet.length)?.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let plain = keys.packet.open_in_place(nonce, Aad::from(&header), &mut payload).ok()?;
        Some(plain.to_vec())
    }
}

impl Keys {
    fn of(initial: &Prk, side: &str, labels: [&str; 3]) -> Option<Self> {
        let mut secret = [0; 32];
        expand(initial, side, &mut secret)?;
        let secret = Prk::new_less_safe(HKDF_SHA256, &secret);
        let (mut key, mut iv, mut header) = ([0; 16], [0; 12], [0; 16]);
        expand(&secret, labels[0], &mut key)?;
        expand(&secret, labels[1], &mut iv)?;
        expand(&secret, labels[2], &mut header)?;
        Some(Self {
            packet: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?),
            iv,
            header: HeaderProtectionKey::new(&HEADER_AES, &header).ok()?,
        })
    }
}

/// HKDF-Expand-Label (RFC 8446, 7.1).
fn expand(secret: &Prk, label: &str, output: &mut [u8]) -> Option<()> {
    let length = u16::try_from(output.len()).ok()?.to_be_bytes();
    let label_bytes = [u8::try_from(label.len() + 6).ok()?];
    let info: [&[u8]; 5] = [&length, &label_bytes, b"tls13 ", label.as_bytes(), &[0]];
    secret.expand(&info, Length(output.len())).ok()?.fill(output).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of RFC 9001, appendix A.1.
    #[test]
    fn keys_of_the_specification() {
        let destination = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];
        let secret = Salt::new(HKDF_SHA256, &SALT_1).extract(&destination);
        let mut client = [0; 32];
        expand(&secret, "client in", &mut client).expect("expands");
        let client = Prk::new_less_safe(HKDF_SHA256, &client);
        let mut key = [0; 16];
        expand(&client, "quic key", &mut key).expect("expands");
        assert_eq!(hex::encode(key), "1f369613dd76d5467730efcbe3b1a22d");
    }
}
