//! Telephone numbers: mobile, landline, service and Internet-of-things numbers.

use super::{DIGITS, Detect, Found, Identifier, MIXED, RUNS, Runs, all_digits};
use crate::classify::tokens::{Document, Token};

const WORDS: &[&str] = &[
    "手机",
    "电话",
    "联系方式",
    "移动电话",
    "联系",
    "号码",
    "微信",
    "拨打",
    "打给",
    "来电",
    "短信",
    "通讯",
    "致电",
    "回电",
    "本机",
    "预留",
    "打这个",
    "让他打",
    "的号",
    "phone",
    "mobile",
    "tel",
    "cell",
    "contact",
    "call",
    "msisdn",
    "sms",
    "to=",
    "callee",
    "caller",
    "sjh",
    "sjhm",
    "lxdh",
    "lxfs",
    "dh",
];

pub(super) static ALL: &[Identifier] = &[
    Identifier {
        name: "cn_mobile",
        label: "手机号",
        detect: Detect::Run(Runs { shortest: 11, longest: 15, shapes: DIGITS, first: b"018", check: mobile, ..RUNS }),
        positive: WORDS,
        negative: &["银行卡", "账号", "卡号", "qq", "QQ", "身份证"],
        valid: &[
            "手机13800138000",
            "+86 138-0013-8000",
            "微信 199 0000 1234",
            "电话一三八零零一三八零零零",
            "8613800138000",
            "M: (+86)13800138000",
            "电话 1 3 8 0 0 1 3 8 0 0 0",
            "打我电话，1-3-8-0-0-1-3-8-0-0-0",
        ],
        invalid: &["手机12800138000", "订单号13800138000", "13800138000123456789", "1 3 8 0 0 1 3 8 0 0 0"],
    },
    Identifier {
        name: "cn_mobile",
        label: "手机号（紧接标签）",
        detect: Detect::Run(Runs {
            shortest: 12,
            longest: 20,
            shapes: MIXED,
            first: b"1TPMC",
            check: labelled,
            ..RUNS
        }),
        positive: WORDS,
        negative: &[],
        valid: &["tel13800138000", "电话13800138000haha"],
        invalid: &["SF13800138000", "电话13800138000abcd"],
    },
    Identifier {
        name: "cn_landline",
        label: "固定电话",
        detect: Detect::Run(Runs { shortest: 10, longest: 16, shapes: DIGITS, first: b"0", check: landline, ..RUNS }),
        positive: &[
            "电话",
            "座机",
            "固话",
            "传真",
            "热线",
            "联系",
            "办公室",
            "值班",
            "tel",
            "fax",
            "phone",
            "gddh",
            "bgdh",
        ],
        negative: &["银行卡", "账号", "卡号"],
        valid: &[
            "电话：0931-8888888",
            "座机0931-8888888转806",
            "Tel: 0931-8888888 ext. 22",
            "010-62345678",
            "传真 (0931)8888888",
            "0755 2345 6789",
        ],
        invalid: &["0931-88888", "01062345678901234567", "2010-62345678"],
    },
    Identifier {
        name: "cn_landline",
        label: "固定电话（带国家代码）",
        detect: Detect::Anchor { literals: &["+86"], find: with_country_code },
        positive: &["电话", "座机", "传真", "联系", "tel", "fax", "phone"],
        negative: &[],
        valid: &["Tel: +86-931-8234567", "+86 10 6234 5678", "电话+86(0)931 8234567 ext. 22"],
        invalid: &["+86-931-82345", "+8613800138000", "+86 931 823456789"],
    },
    Identifier {
        name: "cn_landline",
        label: "本地固定电话",
        detect: Detect::Run(Runs { shortest: 7, longest: 8, shapes: DIGITS, check: local, ..RUNS }),
        positive: &["座机", "固话", "传真", "办公电话", "值班电话", "联系电话"],
        negative: &[],
        valid: &["办公电话：8826451"],
        invalid: &["8826451", "座机 1826451"],
    },
    Identifier {
        name: "cn_service_number",
        label: "400/800服务号码",
        detect: Detect::Announced(Runs { shortest: 10, longest: 10, shapes: DIGITS, check: service, ..RUNS }),
        positive: &["热线", "客服", "电话", "咨询", "拨打", "hotline"],
        negative: &[],
        valid: &["客服热线400-810-0000"],
        invalid: &["4008100000"],
    },
    Identifier {
        name: "cn_iot_number",
        label: "物联网卡号",
        detect: Detect::Announced(Runs { shortest: 13, longest: 13, shapes: DIGITS, check: iot, ..RUNS }),
        positive: &["物联网", "物联卡", "流量卡", "iot", "msisdn", "卡号"],
        negative: &[],
        valid: &["物联网卡 1064812345678"],
        invalid: &["1064812345678"],
    },
];

/// Prefixes in use (MIIT numbering plan): others are held to be weaker evidence, since plans grow.
fn segment_in_use(number: &[u8]) -> bool {
    match &number[1..3] {
        [b'3' | b'8', _] => true,
        [b'4', third] => (b'5'..=b'9').contains(third),
        [b'5', third] => *third != b'4',
        [b'6', third] => matches!(third, b'2' | b'5' | b'6' | b'7'),
        [b'7', third] => *third != b'9',
        [b'9', third] => *third != b'4',
        _ => false,
    }
}

fn mobile(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let number = match text {
        [b'8', b'6', rest @ ..] | [b'0', b'0', b'8', b'6', rest @ ..] => rest,
        rest => rest,
    };
    let plausible = number.len() == 11 && number[0] == b'1' && (b'3'..=b'9').contains(&number[1]) && grouped(token);
    if !plausible || part_of_decimal(token) {
        return None;
    }
    let repeated = number[3..].iter().all(|digit| *digit == number[3]);
    let confidence = match segment_in_use(number) {
        true if text.len() > 11 || token.before().ends_with('+') => 78,
        true if repeated => 45,
        true => 62,
        false => 50,
    };
    let code = country_code(token).filter(|_| text.len() == 11);
    let plus = usize::from(token.previous_byte() == Some(b'+') && text.len() > 11);
    let start = token.start - code.map_or(plus, str::len);
    let why = if segment_in_use(number) { "11位，号段在用" } else { "11位，号段未公布" };
    let separated = if token.joined { 8 } else { 0 };
    let needs_context = digit_by_digit(token);
    Some(Found { start, needs_context, ..Found::run(token, confidence + separated, why) })
}

/// `1 3 8 0 0 1 3 8 0 0 0`: how a number is dictated, and how a row of results looks.
fn digit_by_digit(token: &Token<'_>) -> bool {
    token.joined && token.written().split([' ', '-']).all(|group| group.len() == 1)
}

/// A country code in brackets before a number.
fn country_code<'t>(token: &Token<'t>) -> Option<&'t str> {
    let closes = matches!(token.previous_byte(), Some(b')' | b'\x89'));
    let code =
        ["(+86)", "（+86）", "(86)"].into_iter().filter(|_| closes).find(|code| token.before().ends_with(code))?;
    token.before().get(token.start - code.len()..)
}

/// A joined number counts only if its groups are those people write: 3-4-4, 3-8, 7-4, with or without a country code, or
/// every digit by itself.
fn grouped(token: &Token<'_>) -> bool {
    if !token.joined || digit_by_digit(token) {
        return true;
    }
    let groups: Vec<usize> = token.written().split([' ', '-']).map(str::len).collect();
    let national = match groups.as_slice() {
        [2, rest @ ..] if token.written().starts_with("86") => rest,
        [4, rest @ ..] if token.written().starts_with("0086") => rest,
        rest => rest,
    };
    matches!(national, [3, 4, 4] | [3, 8] | [7, 4] | [11] | [3, 3, 5] | [4, 3, 4] | [5, 6] | [13])
}

/// Digits before or after a point belong to a decimal number, a version or an address.
fn part_of_decimal(token: &Token<'_>) -> bool {
    let bytes = token.document.text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    (token.previous_byte() == Some(b'.') && digit(token.start.checked_sub(2)))
        || (token.next_byte() == Some(b'.') && digit(Some(token.end + 1)))
}

fn labelled(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let letters = text.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    if letters == 0 {
        return trailed(token);
    }
    let label = matches!(&text[..letters], b"TEL" | b"PHONE" | b"MOBILE" | b"CALL" | b"MOB" | b"CELL" | b"CONTACT");
    let number = &text[letters..];
    let fits = label && number.len() == 11 && all_digits(number) && number[0] == b'1' && number[1] >= b'3';
    fits.then(|| Found { start: token.start + letters, ..Found::run(token, 85, "标签后11位手机号") })
}

/// Eleven digits with a word typed right after them, in lower case and not hexadecimal.
fn trailed(token: &Token<'_>) -> Option<Found> {
    let (number, word) = token.written().as_bytes().split_at_checked(11)?;
    let plausible = all_digits(number) && number[0] == b'1' && segment_plausible(number);
    let typed = word.len() <= 6 && word.iter().all(u8::is_ascii_lowercase) && word.iter().any(|letter| *letter > b'f');
    let end = token.start + 11;
    (plausible && typed).then(|| Found { end, ..Found::in_context(token, 50, "11位手机号后紧接文字") })
}

fn segment_plausible(number: &[u8]) -> bool {
    (b'3'..=b'9').contains(&number[1])
}

fn landline(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let written = token.written();
    let area = match text {
        [b'0', b'1' | b'2', ..] => 3,
        [b'0', b'3'..=b'9', ..] => 4,
        _ => return None,
    };
    let bracket = token.before().ends_with('(') || token.before().ends_with('（');
    let groups: Vec<&str> = written.split([' ', '-']).collect();
    let separated = token.joined && groups.first().is_some_and(|group| group.len() == area);
    let number: usize = text.len() - area;
    let fits = match groups.as_slice() {
        [_, number, extension] if number.len() >= 7 => (1..=6).contains(&extension.len()) && number.len() <= 8,
        [_, left, right] => left.len() + right.len() == 8 && left.len() == 4 || (left.len(), right.len()) == (3, 4),
        [_, number] => matches!(number.len(), 7 | 8),
        [_] => matches!(number, 7 | 8),
        _ => false,
    };
    let leads = matches!(text.get(area), Some(b'2'..=b'9'));
    let preceded = token.previous_byte().is_some_and(|byte| byte == b'-' || byte == b'.');
    if !fits || !leads || preceded || part_of_decimal(token) {
        return None;
    }
    let confidence = if separated { 68 } else { 40 };
    let found = Found::run(token, confidence, "区号和号码长度正确");
    let found = Found { end: found.end + extension(token.after()), ..found };
    Some(if separated || bracket { found } else { Found { needs_context: true, ..found } })
}

/// `+86-931-8234567`: the area code without its zero, or with one in brackets.
fn with_country_code(document: Document<'_>, start: usize, length: usize) -> Option<Found> {
    const LONGEST: usize = 20;
    let from = start + length;
    let written = document.text.as_bytes().get(from..)?;
    let (mut digits, mut end) = (Vec::new(), 0);
    let mut separators = 0;
    for (at, byte) in written.iter().take(LONGEST).enumerate() {
        match byte {
            b'0'..=b'9' => {
                separators = 0;
                end = at + 1;
                digits.push(*byte);
            }
            b' ' | b'-' | b'(' | b')' if separators < 2 => separators += 1,
            _ => break,
        }
    }
    let digits = digits.strip_prefix(b"0").unwrap_or(&digits);
    let area = match digits {
        [b'1', b'0', ..] | [b'2', ..] => 2,
        [b'3'..=b'9', ..] => 3,
        _ => return None,
    };
    let fits = matches!(digits.len() - area, 7 | 8) && matches!(digits[area], b'2'..=b'9');
    let end = from + end + extension(document.text.get(from + end..)?);
    let whole = !document.text[end..].starts_with(|c: char| c.is_ascii_alphanumeric());
    let why = "国家代码、区号和号码长度正确";
    (fits && whole).then_some(Found { start, end, confidence: 78, why, needs_context: false })
}

/// Length of an extension: 转806, ` ext. 22`.
fn extension(after: &str) -> usize {
    let rest =
        ["转", "-转", " 转", " ext. ", " ext ", " ext.", "ext"].into_iter().find_map(|word| after.strip_prefix(word));
    let digits = rest.map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let ends = (1..=6).contains(&digits);
    rest.filter(|_| ends).map_or(0, |rest| after.len() - rest.len() + digits)
}

fn local(token: &Token<'_>) -> Option<Found> {
    let leads = (b'2'..=b'8').contains(&token.compact()[0]) && !token.joined;
    let closing =
        token.before().strip_suffix([')', '）']).is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit()));
    if closing {
        return bracketed(token);
    }
    leads.then(|| Found::in_context(token, 45, "7至8位本地号码"))
}

/// `(0931)8888888`: the run is the number after an area code in brackets.
fn bracketed(token: &Token<'_>) -> Option<Found> {
    let before = token.before();
    let near = super::super::context::floor(before, before.len().saturating_sub(10));
    let open = near + before[near..].rfind(['(', '（'])?;
    let area = before[open..].trim_matches(['(', ')', '（', '）']);
    let fits = matches!(area.len(), 3 | 4) && area.starts_with('0') && area.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| Found { start: open, ..Found::run(token, 72, "括号内区号和号码长度正确") })
}

fn service(token: &Token<'_>) -> Option<Found> {
    let fits = matches!(token.compact(), [b'4' | b'8', b'0', b'0', ..]);
    let groups: Vec<usize> = token.written().split([' ', '-']).map(str::len).collect();
    let written = matches!(groups.as_slice(), [3, 3, 4] | [3, 4, 3] | [4, 3, 3] | [10] | [3, 7]);
    (fits && written).then(|| Found::in_context(token, 55, "400或800号段"))
}

fn iot(token: &Token<'_>) -> Option<Found> {
    let prefix = matches!(&token.compact()[..5], b"10646" | b"10647" | b"10648" | b"10649")
        || matches!(&token.compact()[..4], b"1440" | b"1441" | b"1410");
    prefix.then(|| Found::in_context(token, 60, "物联网专用号段"))
}
