//! Financial accounts: payment cards, bank accounts, IBAN, SWIFT codes.

use super::{CAPITALS, DIGITS, Detect, Found, Identifier, MIXED, RUNS, Runs};
use crate::classify::checksum;
use crate::classify::tokens::{Shape, Token};

const WORDS: &[&str] = &[
    "银行卡",
    "卡号",
    "储蓄卡",
    "信用卡",
    "借记卡",
    "账户",
    "账号",
    "转账",
    "还款",
    "打钱",
    "汇款",
    "收款",
    "的卡",
    "这个卡",
    "工资卡",
    "一卡通",
    "银行",
    "bank card",
    "card number",
    "credit card",
    "debit",
    "visa",
    "mastercard",
    "card",
    "yhkh",
    "yhzh",
    "kh",
    "zh",
];

pub(super) static ALL: &[Identifier] = &[
    Identifier {
        name: "bank_card",
        label: "银行卡号",
        detect: Detect::Run(Runs {
            shortest: 12,
            longest: 19,
            shapes: DIGITS,
            first: b"12345689",
            check: card,
            ..RUNS
        }),
        positive: WORDS,
        negative: &["IMEI", "imei", "ICCID", "物流", "快递", "身份证", "手机"],
        valid: &[
            "卡号6228 4800 3125 7790 119",
            "卡号6222020000000000007",
            "card 4111 1111 1111 1111",
            "银行卡 6217000000000000005",
        ],
        invalid: &["4111111111111112", "1234567812345670", "订单 6222020000000000008"],
    },
    Identifier {
        name: "cn_bank_account",
        label: "银行账号",
        detect: Detect::Announced(Runs { shortest: 9, longest: 28, shapes: DIGITS, check: account, ..RUNS }),
        positive: &[
            "对公账户",
            "银行账号",
            "开户账号",
            "收款账号",
            "基本户",
            "结算账户",
            "银行账户",
            "bank account",
            "账号",
        ],
        negative: &["卡号", "微信", "qq", "QQ", "登录"],
        valid: &["收款账号 270010204002345"],
        invalid: &["270010204002345"],
    },
    Identifier {
        name: "cn_bank_code",
        label: "联行号",
        detect: Detect::Announced(Runs { shortest: 12, longest: 12, shapes: DIGITS, check: bank_code, ..RUNS }),
        positive: &["联行号", "行号", "开户行", "cnaps", "CNAPS"],
        negative: &[],
        valid: &["联行号 102821000017"],
        invalid: &["102821000017"],
    },
    Identifier {
        name: "iban",
        label: "国际银行账号",
        detect: Detect::Run(Runs { shortest: 4, longest: 34, shapes: MIXED, first: CAPITALS, check: iban, ..RUNS }),
        positive: &["iban", "IBAN", "账号", "account"],
        negative: &[],
        valid: &["GB82WEST12345698765432", "IBAN GB82 WEST 1234 5698 7654 32"],
        invalid: &["GB82WEST12345698765433", "ZZ82WEST12345698765432"],
    },
    Identifier {
        name: "swift_code",
        label: "SWIFT代码",
        detect: Detect::Announced(Runs {
            shortest: 8,
            longest: 11,
            shapes: &[Shape::Mixed, Shape::Letters],
            check: swift,
            ..RUNS
        }),
        positive: &["swift", "SWIFT", "bic", "BIC"],
        negative: &[],
        valid: &["SWIFT: BKCHCNBJ110"],
        invalid: &["BKCHCNBJ110", "swift: bkchcnbj"],
    },
];

/// Issuer prefixes and lengths (ISO/IEC 7812, UnionPay 62 and older mainland ranges).
fn issuer(text: &[u8]) -> Option<&'static str> {
    let length = text.len();
    let head = |count: usize| super::super::regions::number(&text[..count]).unwrap_or(0);
    match head(2) {
        62 if (16..=19).contains(&length) => Some("银联"),
        60 | 65
            if matches!(length, 16 | 19)
                && (head(4) == 6011 || head(2) == 65 || (head(3) >= 601 && head(3) <= 605)) =>
        {
            Some("发现/银联")
        }
        81 if matches!(length, 16 | 19) => Some("银联"),
        34 | 37 if length == 15 => Some("美国运通"),
        36 | 38 | 39 if length == 14 => Some("大来"),
        30 if length == 14 && head(3) <= 305 => Some("大来"),
        35 if length == 16 => Some("JCB"),
        18 | 21 if length == 15 && matches!(head(4), 1800 | 2131) => Some("JCB"),
        51..=55 if length == 16 => Some("万事达"),
        22..=27 if length == 16 && (2221..=2720).contains(&head(4)) => Some("万事达"),
        50 | 56..=58 | 63 | 67 if (12..=19).contains(&length) => Some("Maestro"),
        40..=49 if matches!(length, 13 | 16 | 19) => Some("维萨"),
        95 if head(5) == 95588 || head(5) == 95599 => Some("银行旧卡"),
        _ => None,
    }
}

fn card(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let scheme = issuer(text)?;
    if scheme == "Maestro" && text.len() != 16 && checksum::luhn(text) {
        return Some(Found::in_context(token, 55, "Maestro BIN和Luhn校验正确，长度不常见"));
    }
    if text.iter().all(|digit| *digit == text[0]) || !grouped(token) || decimal(token) || goes_on(token) {
        return None;
    }
    let chinese = scheme == "银联";
    Some(match (checksum::luhn(text), chinese) {
        // One number in ten passes Luhn, so that without a word for it a card is never of high confidence.
        (true, true) if text.starts_with(b"62") && matches!(text.len(), 16 | 19) => {
            Found::run(token, 74, "银联BIN、长度和Luhn校验正确")
        }
        (true, true) => Found::run(token, 60, "少用的银联BIN或长度，Luhn校验正确"),
        (true, false) if text.len() == 16 => Found::run(token, 66, "国际卡组织BIN、长度和Luhn校验正确"),
        (true, false) => Found::run(token, 55, "卡组织BIN、长度和Luhn校验正确"),
        (false, true) => Found::in_context(token, 45, "银联BIN和长度正确，不满足Luhn（部分借记卡如此）"),
        (false, false) => return None,
    })
}

/// Cards are written in groups of four, with the rest at the end, or of 4-6-5 and 4-6-4.
fn grouped(token: &Token<'_>) -> bool {
    if !token.joined {
        return true;
    }
    let groups: Vec<usize> = token.written().split([' ', '-']).map(str::len).collect();
    match groups.as_slice() {
        [_] | [4, 6, 5] | [4, 6, 4] | [6, 10 | 13] => true,
        [first @ .., last] => first.iter().all(|group| *group == 4) && *last <= 4,
        [] => false,
    }
}

/// `6228 4800 3125 7790 119`: the first sixteen digits are no card when the last group follows.
fn goes_on(token: &Token<'_>) -> bool {
    let after = token.after().as_bytes();
    let digits = after.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
    let separator = token.written().bytes().find(|byte| !byte.is_ascii_digit());
    token.joined
        && after.first().copied() == separator
        && (1..=3).contains(&digits)
        && (17..=19).contains(&(token.compact().len() + digits))
        && !after.get(1 + digits).is_some_and(u8::is_ascii_alphanumeric)
}

fn decimal(token: &Token<'_>) -> bool {
    token.previous_byte() == Some(b'.')
        || (token.next_byte() == Some(b'.') && token.after()[1..].starts_with(|c: char| c.is_ascii_digit()))
}

fn account(token: &Token<'_>) -> Option<Found> {
    (token.compact().len() >= 9).then(|| Found::in_context(token, 35, "账号标签后的数字"))
}

fn bank_code(token: &Token<'_>) -> Option<Found> {
    matches!(&token.compact()[..1], b"1" | b"2" | b"3" | b"4" | b"5" | b"7" | b"9")
        .then(|| Found::in_context(token, 55, "12位联行号"))
}

fn iban(token: &Token<'_>) -> Option<Found> {
    /// Countries of the registry with the length of their numbers.
    const COUNTRIES: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20";
    let text = token.compact();
    let country = std::str::from_utf8(&text[..2]).unwrap_or_default();
    let plausible = text[2].is_ascii_digit() && text[3].is_ascii_digit() && (text.len() == 4 || text.len() >= 15);
    if !plausible || token.written().bytes().any(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    let length = COUNTRIES.split(' ').find_map(|known| known.strip_prefix(country)?.parse::<usize>().ok())?;
    let (compact, end) = if text.len() == 4 { in_groups(token)? } else { (text.to_vec(), token.end) };
    let fits = compact.len() == length && checksum::iban(&compact);
    fits.then(|| Found { end, ..Found::run(token, 92, "国家代码和模97校验(ISO 13616)正确") })
}

/// An account number printed in groups of four with spaces; the run is the first group.
fn in_groups(token: &Token<'_>) -> Option<(Vec<u8>, usize)> {
    let rest = token.document.text.as_bytes().get(token.start..)?;
    let mut compact = Vec::new();
    let mut at = 0;
    loop {
        let group = rest[at..].iter().take(5).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if group == 0 || group > 4 {
            return None;
        }
        compact.extend(rest[at..at + group].to_ascii_uppercase());
        at += group;
        let goes_on =
            group == 4 && rest.get(at) == Some(&b' ') && rest.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
        if !goes_on || compact.len() >= 34 {
            return Some((compact, token.start + at));
        }
        at += 1;
    }
}

fn swift(token: &Token<'_>) -> Option<Found> {
    let written = token.written().as_bytes();
    let fits = matches!(written.len(), 8 | 11) && written[..6].iter().all(u8::is_ascii_uppercase);
    fits.then(|| Found::in_context(token, 60, "银行、国家和地区代码结构(ISO 9362)"))
}
