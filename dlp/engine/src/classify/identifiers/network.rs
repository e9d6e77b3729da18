//! Addresses on networks and on Earth: e-mail, URL, IP, coordinates, accounts of messengers.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{DIGITS, DIGITS_OR_MIXED, Detect, Found, Identifier, RUNS, Runs, after_wide};
use crate::classify::tokens::{Document, Shape, Token};

pub(super) static ALL: &[Identifier] = &[
    Identifier {
        name: "email",
        label: "电子邮箱",
        detect: Detect::Anchor { literals: &["@"], find: email },
        positive: &["邮箱", "邮件", "email", "e-mail", "mail", "dzyx", "yx"],
        negative: &[],
        valid: &["邮箱user.name+tag@example.com", "a_b@mail.example.gov.cn，"],
        invalid: &["user@", "@example.com", "user@localhost", "a@b.c1", "git@2.0.1"],
    },
    Identifier {
        name: "url",
        label: "网址",
        detect: Detect::Anchor { literals: &["://"], find: url },
        positive: &["网址", "链接", "url", "link", "website"],
        negative: &[],
        valid: &["见https://www.example.com/a?b=c。", "ftp://files.example.org"],
        invalid: &["://x", "a://b", "http://"],
    },
    Identifier {
        name: "ip_address",
        label: "IPv4地址",
        detect: Detect::Run(Runs { shortest: 1, longest: 3, shapes: DIGITS, next: b".", check: ipv4, ..RUNS }),
        positive: &["ip", "IP", "地址", "host", "主机", "服务器", "网关", "addr", "client", "src", "dst"],
        negative: &["version", "版本", "ver", "v"],
        valid: &["10.20.30.40", "IP：192.168.1.1"],
        invalid: &["256.1.1.1", "1.2.3", "1.2.3.4.5", "版本 1.2.3.4"],
    },
    Identifier {
        name: "ip_address",
        label: "IPv6地址",
        detect: Detect::Run(Runs {
            shortest: 1,
            longest: 4,
            shapes: &[Shape::Digits, Shape::Mixed, Shape::Letters],
            next: b":",
            check: ipv6,
            ..RUNS
        }),
        positive: &["ip", "IP", "ipv6", "IPv6", "地址"],
        negative: &[],
        valid: &["2001:db8:0:1:1:1:1:1", "地址 fe80::1ff:fe23:4567:890a"],
        invalid: &["12:30:45", "a:b", "std::net"],
    },
    Identifier {
        name: "gps_coordinates",
        label: "经纬度",
        detect: Detect::Run(Runs { shortest: 1, longest: 3, shapes: DIGITS, next: b".", check: coordinates, ..RUNS }),
        positive: &["经度", "纬度", "经纬度", "坐标", "位置", "定位", "gps", "GPS", "lat", "lng", "lon", "location"],
        negative: &[],
        valid: &["坐标 36.061089,103.834303", "lng=103.834303, lat=36.061089"],
        invalid: &["36.06,103.83", "6.061089,203.834303"],
    },
    Identifier {
        name: "qq_number",
        label: "QQ号",
        detect: Detect::Announced(Runs {
            shortest: 5,
            longest: 11,
            shapes: DIGITS,
            joined: false,
            check: messenger,
            ..RUNS
        }),
        positive: &["QQ", "qq", "QQ号", "扣扣", "企鹅号"],
        negative: &["手机", "电话"],
        valid: &["QQ：123456789", "加qq 10001"],
        invalid: &["123456789", "QQ 0123456"],
    },
    Identifier {
        name: "wechat_account",
        label: "微信号",
        detect: Detect::Run(Runs {
            shortest: 4,
            longest: 20,
            shapes: DIGITS_OR_MIXED,
            previous: BEHIND_A_LABEL,
            check: wechat,
            ..RUNS
        }),
        positive: &["微信号", "微信ID", "wechat", "wxid", "vx", "V信"],
        negative: &["手机", "电话"],
        valid: &["微信号：wxid_a1b2c3d4", "微信号 zhaomu2026"],
        invalid: &["zhaomu2026", "微信号 13800138000"],
    },
];

const fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'')
}

const fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')
}

/// RFC 5321 in the form people write: at most 64 characters before the sign, a domain of letters, digits, dashes.
fn email(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    let bytes = document.text.as_bytes();
    let local = bytes[..at].iter().rev().take(65).take_while(|byte| is_local(**byte)).count();
    let mut start = at - local;
    while start < at && matches!(bytes[start], b'.' | b'-' | b'\'' | b'%' | b'+') {
        start += 1;
    }
    let rest = &bytes[at + length..];
    let mut domain = &rest[..rest.iter().take(254).take_while(|byte| is_domain(**byte)).count()];
    while let [head @ .., b'.' | b'-'] = domain {
        domain = head;
    }
    let text = std::str::from_utf8(domain).ok()?;
    let (name, top) = text.rsplit_once('.')?;
    let labels = !name.is_empty()
        && text.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && label.len() <= 63);
    let top_level = (2..=24).contains(&top.len()) && top.bytes().all(|byte| byte.is_ascii_alphabetic());
    let fits = start < at && local <= 64 && labels && top_level;
    fits.then(|| Found {
        start,
        end: at + length + domain.len(),
        confidence: 95,
        why: "邮箱地址格式(RFC 5321)正确",
        needs_context: false,
    })
}

/// What parts an account from its label, and the line that `wxid_` ends with.
static BEHIND_A_LABEL: &[u8] = &after_wide::<69>(b": =\"_");

/// Longest URL behind its scheme, in bytes.
const URL_BYTES: usize = 2048;

/// Bytes that URLs are written with.
static OF_URLS: [bool; 256] = of_urls();

const fn of_urls() -> [bool; 256] {
    let (mut table, signs) = ([false; 256], b"-._~:/?#[]@!$&*+,;=%");
    let mut at = 0;
    while at < 128 {
        table[at] = (at as u8).is_ascii_alphanumeric();
        at += 1;
    }
    at = 0;
    while at < signs.len() {
        table[signs[at] as usize] = true;
        at += 1;
    }
    table
}

fn url(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    const SCHEMES: &[&str] = &["https", "http", "ftps", "ftp", "sftp", "ws", "wss", "rtsp", "ldap", "smb"];
    let before = document.text.get(..at)?;
    let scheme = SCHEMES.iter().find(|scheme| {
        before.len() >= scheme.len() && before.as_bytes()[at - scheme.len()..].eq_ignore_ascii_case(scheme.as_bytes())
    })?;
    let rest = document.text.get(at + length..)?;
    let end =
        rest.bytes().take(URL_BYTES).position(|byte| !OF_URLS[usize::from(byte)]).unwrap_or(rest.len().min(URL_BYTES));
    let address = rest.get(..end)?.trim_end_matches(['.', ',', ';', ':', '!', '?', ']']);
    let host = address.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let fits = host.len() >= 3 && host.contains(['.', '[']) || host == "localhost";
    fits.then(|| Found {
        start: at - scheme.len(),
        end: at + length + address.len(),
        confidence: 75,
        why: "网址格式(RFC 3986)",
        needs_context: false,
    })
}

/// The run is the first number; a fifth number or a leading point means a version.
fn ipv4(token: &Token<'_>) -> Option<Found> {
    if token.next_byte() != Some(b'.') || token.previous_byte().is_some_and(|byte| matches!(byte, b'.' | b'-' | b'_')) {
        return None;
    }
    let text = &token.document.text.as_bytes()[token.start..];
    let length = text.iter().take(16).take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let written = std::str::from_utf8(&text[..length]).ok()?.trim_end_matches('.');
    let address: Ipv4Addr = written.parse().ok()?;
    let joined =
        text.get(written.len()).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let small = address.octets().iter().all(|octet| *octet < 20);
    let usable = !joined && !address.is_unspecified() && !address.is_broadcast() && address.octets()[0] != 0;
    let confidence = if small { 52 } else { 85 };
    usable
        .then(|| Found {
            end: token.start + written.len(), ..Found::run(token, confidence, "四段0至255的点分十进制")
        })
}

fn ipv6(token: &Token<'_>) -> Option<Found> {
    if token.next_byte() != Some(b':') || token.previous_byte().is_some_and(|byte| matches!(byte, b':' | b'.' | b'_')) {
        return None;
    }
    let text = &token.document.text.as_bytes()[token.start..];
    let length =
        text.iter().take(46).take_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')).count();
    let written = std::str::from_utf8(&text[..length]).ok()?.trim_end_matches(['.', ':']);
    let address: Ipv6Addr = written.parse().ok()?;
    let groups = written.split(':').filter(|group| !group.is_empty()).count();
    let alone = text.get(written.len()).is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b':');
    let usable = alone && groups >= 3 && !address.is_unspecified();
    usable.then(|| Found { end: token.start + written.len(), ..Found::run(token, 85, "IPv6文本格式(RFC 4291)") })
}

/// Two decimal numbers of at least four decimals: one a latitude, the other a longitude of China's surroundings.
fn coordinates(token: &Token<'_>) -> Option<Found> {
    let text = token.document.text;
    let (first, end) = decimal(text, token.start)?;
    let gap = text.get(end..)?;
    let rest = gap.trim_start_matches([' ', ',', '，', ';', '/', '、']);
    let labelled =
        ["lat=", "lng=", "lon=", "latitude=", "longitude="].into_iter().find_map(|label| rest.strip_prefix(label));
    let rest = labelled.unwrap_or(rest);
    let start_of_second = text.len() - rest.len();
    let (second, end) = decimal(text, start_of_second)?;
    let latitude = |value: f64| (3.86..=53.55).contains(&value);
    let longitude = |value: f64| (73.66..=135.05).contains(&value);
    let fits = latitude(first) && longitude(second) || longitude(first) && latitude(second);
    (fits && token.previous_byte() != Some(b'.'))
        .then(|| Found { end, ..Found::run(token, 70, "一对小数，落在我国经纬度范围内") })
}

/// A number with four to twelve decimals at a place, and where it ends.
fn decimal(text: &str, start: usize) -> Option<(f64, usize)> {
    let rest = text.get(start..)?;
    let length = rest.bytes().take(18).take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let written = rest[..length].trim_end_matches('.');
    let (whole, decimals) = written.split_once('.')?;
    let fits = (1..=3).contains(&whole.len()) && (4..=12).contains(&decimals.len()) && !decimals.contains('.');
    fits.then(|| written.parse().ok())?.map(|value| (value, start + written.len()))
}

/// The number must follow its label directly.
fn messenger(token: &Token<'_>) -> Option<Found> {
    let before = token.before().trim_end_matches([':', '：', ' ', '号', '是', '为', '=', '"', '码']);
    let labelled = ["QQ", "qq", "Qq", "扣扣", "企鹅"].into_iter().any(|label| before.ends_with(label));
    let fits = labelled && !token.joined && token.compact()[0] != b'0';
    fits.then(|| Found::in_context(token, 72, "QQ标签后的号码"))
}

fn wechat(token: &Token<'_>) -> Option<Found> {
    if token.previous_byte() != Some(b'_') && !token.written().starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let before = token.before();
    let (head, start) = match before.strip_suffix("wxid_") {
        Some(head) => (head, token.start - 5),
        None => (before, token.start),
    };
    let label = head.trim_end_matches([':', '：', ' ', '是', '为', '=', '"']);
    let labelled =
        ["微信号", "微信ID", "wechat", "WeChat", "vx", "V信", "微信账号"].into_iter().any(|word| label.ends_with(word));
    let written = token.written();
    let fits = start < token.start || labelled && written.starts_with(|c: char| c.is_ascii_alphabetic());
    fits.then(|| Found {
        start, needs_context: start == token.start, ..Found::run(token, 72, "微信号标签或wxid前缀")
    })
}
