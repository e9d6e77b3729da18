//! Devices and subscriptions: IMEI, ICCID, IMSI, MEID, MAC addresses.

use super::{DIGITS, DIGITS_OR_MIXED, Detect, Found, Identifier, RUNS, Runs};
use crate::classify::checksum;
use crate::classify::tokens::{Shape, Token};

pub(super) static ALL: &[Identifier] = &[
    Identifier {
        name: "imei",
        label: "移动设备识别码",
        detect: Detect::Announced(Runs { shortest: 15, longest: 17, shapes: DIGITS, check: imei, ..RUNS }),
        positive: &["imei", "IMEI", "设备识别码", "串号", "设备号"],
        negative: &["银行卡", "卡号"],
        valid: &["IMEI 490154203237518", "串号：49-015420-323751-8"],
        invalid: &["490154203237518", "IMEI 490154203237519"],
    },
    Identifier {
        name: "iccid",
        label: "集成电路卡识别码",
        detect: Detect::Run(Runs {
            shortest: 19,
            longest: 20,
            shapes: DIGITS_OR_MIXED,
            first: b"8",
            check: iccid,
            ..RUNS
        }),
        positive: &["iccid", "ICCID", "SIM卡", "sim", "卡识别码"],
        negative: &[],
        valid: &["ICCID 89860000000000000000", "iccid: 8986011684013048713"],
        invalid: &["89010000000000000001", "SIM 99860000000000000000"],
    },
    Identifier {
        name: "imsi",
        label: "国际移动用户识别码",
        detect: Detect::Announced(Runs {
            shortest: 15,
            longest: 15,
            shapes: DIGITS,
            joined: false,
            check: imsi,
            ..RUNS
        }),
        positive: &["imsi", "IMSI", "用户识别码"],
        negative: &[],
        valid: &["IMSI 460001234567890"],
        invalid: &["460001234567890", "IMSI 990001234567890"],
    },
    Identifier {
        name: "meid",
        label: "移动设备识别码（CDMA）",
        detect: Detect::Announced(Runs { shortest: 14, longest: 14, shapes: DIGITS_OR_MIXED, check: meid, ..RUNS }),
        positive: &["meid", "MEID"],
        negative: &[],
        valid: &["MEID A0000012345678"],
        invalid: &["A0000012345678"],
    },
    Identifier {
        name: "mac_address",
        label: "MAC地址",
        detect: Detect::Run(Runs {
            shortest: 2,
            longest: 2,
            shapes: &[Shape::Digits, Shape::Mixed, Shape::Letters],
            next: b":-",
            check: mac,
            ..RUNS
        }),
        positive: &["mac", "MAC", "物理地址", "网卡", "ether"],
        negative: &[],
        valid: &["00:1A:2B:3C:4D:5E", "mac 00-1a-2b-3c-4d-5e"],
        invalid: &["00:1A:2B:3C:4D", "00:00:00:00:00:00", "00:1A:2B:3C:4D:5E:6F:70"],
    },
    Identifier {
        name: "device_identifier",
        label: "广告与设备标识",
        detect: Detect::Announced(Runs {
            shortest: 8,
            longest: 8,
            shapes: &[Shape::Digits, Shape::Mixed, Shape::Letters],
            next: b"-",
            check: advertising,
            ..RUNS
        }),
        positive: &["idfa", "IDFA", "oaid", "OAID", "idfv", "gaid", "设备标识", "广告标识"],
        negative: &[],
        valid: &["IDFA 6D92078A-8246-4BA4-AE5B-76104861E7DC"],
        invalid: &["6D92078A-8246-4BA4-AE5B-76104861E7DC"],
    },
];

fn imei(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let fits = text.len() == 15
        && checksum::luhn(text)
        && matches!(
            &text[..2],
            b"01"
                | b"35"
                | b"86"
                | b"49"
                | b"91"
                | b"99"
                | b"44"
                | b"45"
                | b"30"
                | b"33"
                | b"50"
                | b"51"
                | b"52"
                | b"53"
                | b"54"
                | b"98"
        );
    fits.then(|| Found::in_context(token, 75, "15位，发证机构前缀和Luhn校验正确"))
}

fn iccid(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let mainland = text.starts_with(b"8986") && text[..19].iter().all(u8::is_ascii_digit);
    let checked = checksum::luhn(text);
    match (mainland, checked) {
        (true, true) => Some(Found::run(token, 90, "8986前缀和Luhn校验正确")),
        (true, false) => Some(Found::in_context(token, 70, "8986前缀和长度正确")),
        (false, true) if text.starts_with(b"89") => Some(Found::in_context(token, 70, "89前缀和Luhn校验正确")),
        _ => None,
    }
}

fn imsi(token: &Token<'_>) -> Option<Found> {
    let fits =
        matches!(&token.compact()[..5], [b'4', b'6', b'0', b'0' | b'1', b'0'..=b'9'] | b"45400" | b"45500" | b"46601");
    (fits && !token.joined).then(|| Found::in_context(token, 70, "移动国家码和网络码正确"))
}

fn meid(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let fits = matches!(text[0], b'A'..=b'F' | b'9') && text.iter().all(u8::is_ascii_hexdigit);
    fits.then(|| Found::in_context(token, 70, "14位十六进制"))
}

/// Six pairs of hexadecimal digits with one separator; the run is the first pair.
fn mac(token: &Token<'_>) -> Option<Found> {
    let separator = token.next_byte().filter(|byte| matches!(byte, b':' | b'-'))?;
    let text = token.document.text.as_bytes().get(token.start..token.start + 17)?;
    let pair = |pair: &[u8]| {
        pair[0].is_ascii_hexdigit() && pair[1].is_ascii_hexdigit() && pair.get(2).is_none_or(|byte| *byte == separator)
    };
    let neighbour = |byte: Option<u8>| byte.is_some_and(|byte| byte == separator || byte.is_ascii_alphanumeric());
    let after = token.document.text.as_bytes().get(token.start + 17).copied();
    let alone = !neighbour(token.previous_byte()) && !neighbour(after);
    let uniform = text.chunks(3).all(|chunk| chunk[..2] == text[..2]);
    let letters = text.iter().any(u8::is_ascii_alphabetic);
    let fits = text.chunks(3).all(pair) && alone && !uniform;
    let confidence = if letters { 85 } else { 55 };
    fits.then(|| Found { end: token.start + 17, ..Found::run(token, confidence, "六组十六进制(IEEE 802)") })
}

/// A UUID counts only beside a word that says it identifies a device.
fn advertising(token: &Token<'_>) -> Option<Found> {
    let text = token.document.text.as_bytes().get(token.start..token.start + 36)?;
    let dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits =
        text.iter().enumerate().all(|(at, byte)| if dash(at) { *byte == b'-' } else { byte.is_ascii_hexdigit() });
    fits.then(|| Found { end: token.start + 36, ..Found::in_context(token, 70, "UUID格式的设备标识") })
}
