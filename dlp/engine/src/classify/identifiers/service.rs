//! Numbers of affairs and accounts that lead to a person: case numbers, parcels, petitions, vehicles of payment.

use super::{DIGITS, DIGITS_OR_MIXED, Detect, Found, Identifier, MIXED, RUNS, Runs};
use crate::classify::regions::{self, RegionMatch};
use crate::classify::tokens::{Document, Token};

pub(super) static ALL: &[Identifier] = &[
    Identifier {
        name: "cn_court_case",
        label: "法院案号",
        detect: Detect::Anchor {
            literals: &["民初", "刑初", "民终", "刑终", "行初", "行终", "执恢", "执保", "民申", "破申"],
            find: court_case,
        },
        positive: &["案号", "判决书", "裁定书", "案件"],
        negative: &[],
        valid: &["案号（2023）甘0102民初1234号", "(2024)京01刑终56号"],
        invalid: &["民初1234号", "(2024)01民初号"],
    },
    Identifier {
        name: "cn_petition_number",
        label: "信访件编号",
        detect: Detect::Announced(Runs {
            shortest: 8,
            longest: 24,
            shapes: DIGITS_OR_MIXED,
            joined: false,
            check: labelled,
            ..RUNS
        }),
        positive: &["信访件编号", "信访编号", "信访件号", "举报编号", "投诉编号"],
        negative: &[],
        valid: &["信访编号：XF20230001234"],
        invalid: &["XF20230001234"],
    },
    Identifier {
        name: "cn_invoice_number",
        label: "发票号码",
        detect: Detect::Announced(Runs {
            shortest: 8,
            longest: 20,
            shapes: DIGITS,
            joined: false,
            check: invoice,
            ..RUNS
        }),
        positive: &["发票号码", "发票代码", "发票号", "fphm"],
        negative: &["电话", "手机"],
        valid: &["发票号码 24622000000012345678", "发票代码：062002300111"],
        invalid: &["24622000000012345678"],
    },
    Identifier {
        name: "express_number",
        label: "快递单号",
        detect: Detect::Announced(Runs { shortest: 10, longest: 20, shapes: MIXED, check: express, ..RUNS }),
        positive: &["快递单号", "运单号", "物流单号", "快递", "顺丰", "tracking"],
        negative: &[],
        valid: &["快递单号SF1234567890123", "运单号 JD0012345678901"],
        invalid: &["SF1234567890123", "快递 AB1234567890123"],
    },
    Identifier {
        name: "utility_account",
        label: "水电气户号",
        detect: Detect::Announced(Runs {
            shortest: 6,
            longest: 16,
            shapes: DIGITS,
            joined: false,
            check: utility,
            ..RUNS
        }),
        positive: &["户号", "用电户号", "缴费户号", "燃气户号", "水表号", "电表号"],
        negative: &["账户号", "电话", "手机", "身份证"],
        valid: &["用电户号 6201001234"],
        invalid: &["6201001234"],
    },
    Identifier {
        name: "cn_postcode",
        label: "邮政编码",
        detect: Detect::Announced(Runs {
            shortest: 6,
            longest: 6,
            shapes: DIGITS,
            joined: false,
            check: postcode,
            ..RUNS
        }),
        positive: &["邮编", "邮政编码", "postcode", "zip", "yzbm"],
        negative: &[],
        valid: &["邮编：730000"],
        invalid: &["730000", "邮编 990000"],
    },
    Identifier {
        name: "verification_code",
        label: "短信验证码",
        detect: Detect::Announced(Runs {
            shortest: 4,
            longest: 8,
            shapes: DIGITS,
            joined: false,
            check: verification,
            ..RUNS
        }),
        positive: &["验证码", "动态码", "校验码", "verification code", "otp", "OTP"],
        negative: &["邮编", "电话"],
        valid: &["您的验证码是 482913，请勿泄露"],
        invalid: &["482913"],
    },
];

/// `（2023）甘0102民初1234号` (rules of the Supreme People's Court on case numbers, 2015).
fn court_case(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    let before = document.text.get(..at)?;
    let court = before.trim_end_matches(|c: char| c.is_ascii_digit());
    let code_length = before.len() - court.len();
    let province = court
        .chars()
        .next_back()
        .filter(|c| "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼最".contains(*c))?;
    let year = court.strip_suffix(province)?;
    let opened = year.strip_suffix([')', '）'])?;
    let digits = opened.len() - opened.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let bracket = opened[..opened.len() - digits].chars().next_back().filter(|c| matches!(c, '(' | '（'))?;
    let start = opened.len() - digits - bracket.len_utf8();
    let rest = document.text.get(at + length..)?;
    let number = rest.bytes().take(8).take_while(u8::is_ascii_digit).count();
    let fits = digits == 4 && code_length <= 4 && number > 0 && rest[number..].starts_with('号');
    let end = at + length + number + "号".len();
    fits.then_some(Found { start, end, confidence: 88, why: "法院案号格式", needs_context: false })
}

fn labelled(token: &Token<'_>) -> Option<Found> {
    (!token.joined).then(|| Found::in_context(token, 52, "标签后的编号"))
}

fn invoice(token: &Token<'_>) -> Option<Found> {
    let fits = matches!(token.compact().len(), 8 | 10 | 12 | 20) && !token.joined;
    fits.then(|| Found::in_context(token, 55, "发票号码或代码长度"))
}

fn express(token: &Token<'_>) -> Option<Found> {
    let carriers: [&[u8]; 9] = [b"SF", b"JD", b"YT", b"ZTO", b"STO", b"JT", b"DPK", b"YD", b"EA"];
    let fits = carriers.iter().any(|carrier| token.compact().starts_with(carrier));
    fits.then(|| Found::in_context(token, 55, "承运商前缀"))
}

fn utility(token: &Token<'_>) -> Option<Found> {
    let mobile = token.compact().len() == 11 && token.compact()[0] == b'1';
    (!token.joined && !mobile).then(|| Found::in_context(token, 48, "户号标签后的编号"))
}

fn postcode(token: &Token<'_>) -> Option<Found> {
    let first = token.compact()[0];
    let fits = (b'0'..=b'8').contains(&first) && !token.joined;
    fits.then(|| Found::in_context(token, 62, "6位邮政编码"))
}

fn verification(token: &Token<'_>) -> Option<Found> {
    let fits = !token.joined
        && matches!(token.compact().len(), 4 | 6 | 8)
        && regions::region(token.compact()) != RegionMatch::Listed;
    fits.then(|| Found::in_context(token, 60, "验证码标签后的数字"))
}
