//! Fingerprints of hellos: JA3 and JA3S (MD5 over lists in decimal), JA4 (sorted lists, SHA-256).

use md5::Md5;
use sha2::{Digest as _, Sha256};

use super::hello::{ClientHello, ServerHello, is_grease};

const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;

fn decimals(values: impl Iterator<Item = u16>) -> String {
    values.filter(|value| !is_grease(*value)).map(|value| value.to_string()).collect::<Vec<_>>().join("-")
}

/// The JA3 string of a client.
pub(crate) fn ja3(hello: &ClientHello) -> String {
    format!(
        "{},{},{},{},{}",
        hello.version,
        decimals(hello.suites.iter().copied()),
        decimals(hello.extensions.iter().copied()),
        decimals(hello.groups.iter().copied()),
        hello.point_formats.iter().map(u8::to_string).collect::<Vec<_>>().join("-"),
    )
}

/// The JA3S string of a server.
pub(crate) fn ja3s(hello: &ServerHello) -> String {
    format!("{},{},{}", hello.legacy_version, hello.suite, decimals(hello.extensions.iter().copied()))
}

/// MD5 in lower-case hexadecimal.
pub(crate) fn md5_hex(text: &str) -> String {
    hex::encode(Md5::digest(text.as_bytes()))
}

/// The JA4 of a client; `carrier` is `t` for TCP and `q` for QUIC.
pub(crate) fn ja4(hello: &ClientHello, carrier: char) -> String {
    let mut suites = hello.suites.iter().copied().filter(|suite| !is_grease(*suite)).collect::<Vec<_>>();
    let extensions = hello.extensions.iter().copied().filter(|kind| !is_grease(*kind)).collect::<Vec<_>>();
    suites.sort_unstable();
    let name = if hello.extensions.contains(&SERVER_NAME) { 'd' } else { 'i' };
    let version = version_code(hello.highest_version());
    let counts = format!("{:02}{:02}", suites.len().min(99), extensions.len().min(99));
    let alpn = alpn_code(hello.alpn.first().map_or(&[], Vec::as_slice));
    let mut sorted = extensions.into_iter().filter(|kind| !matches!(*kind, SERVER_NAME | ALPN)).collect::<Vec<_>>();
    sorted.sort_unstable();
    let mut second = hexes(&sorted);
    let algorithms = hello.signature_algorithms.iter().copied().filter(|value| !is_grease(*value)).collect::<Vec<_>>();
    // Suricata writes the separator even when no algorithms follow; the fingerprints of its users have it.
    second = format!("{second}_{}", hexes(&algorithms));
    format!("{carrier}{version}{name}{counts}{alpn}_{}_{}", short_hash(&hexes(&suites)), short_hash(&second))
}

fn hexes(values: &[u16]) -> String {
    values.iter().map(|value| format!("{value:04x}")).collect::<Vec<_>>().join(",")
}

fn short_hash(text: &str) -> String {
    if text.is_empty() {
        return "000000000000".to_owned();
    }
    hex::encode(&Sha256::digest(text.as_bytes())[..6])
}

fn version_code(version: u16) -> &'static str {
    match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    }
}

/// First and last character of the first protocol offered; their outer hexadecimal digits when they are no letters or
/// digits.
fn alpn_code(name: &[u8]) -> String {
    let (Some(first), Some(last)) = (name.first(), name.last()) else { return "00".to_owned() };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return format!("{}{}", char::from(*first), char::from(*last));
    }
    format!("{:x}{:x}", first >> 4, last & 0xf)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the JA4 specification.
    #[test]
    fn ja4_of_the_specification() {
        let hello = ClientHello {
            version: 0x0303,
            suites: vec![
                0x0a0a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
                0x009d, 0x002f, 0x0035,
            ],
            extensions: vec![
                0x1a1a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b,
                0xff01, 0x000b, 0x000a, 0x0015,
            ],
            signature_algorithms: vec![0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
            versions: vec![0x0a0a, 0x0304, 0x0303],
            alpn: vec![b"h2".to_vec()],
            ..ClientHello::default()
        };
        assert_eq!(ja4(&hello, 't'), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }
}
