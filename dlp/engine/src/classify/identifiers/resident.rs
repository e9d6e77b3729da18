//! Identity numbers of residents: GB 11643-1999, permits of Hong Kong, Macau, Taiwan and foreign residents.

use super::{DIGITS, DIGITS_OR_MIXED, Detect, Found, Identifier, MIXED, RUNS, Runs, all_digits};
use crate::classify::checksum;
use crate::classify::regions::{self, RegionMatch};
use crate::classify::tokens::Token;

const WORDS: &[&str] = &[
    "身份证",
    "身份号",
    "公民身份",
    "证件号",
    "证件",
    "实名",
    "户口",
    "户籍",
    "居民证",
    "id card",
    "idcard",
    "id_card",
    "identity",
    "sfzh",
    "sfz",
    "sfzhm",
    "gmsfhm",
    "zjhm",
    "zjh",
    "idno",
    "id_no",
    "cert_no",
    "certno",
];

pub(super) static ALL: &[Identifier] = &[
    Identifier {
        name: "cn_resident_id",
        label: "居民身份证号",
        detect: Detect::Run(Runs {
            shortest: 18,
            longest: 18,
            shapes: DIGITS_OR_MIXED,
            first: b"1234567",
            check: eighteen,
            ..RUNS
        }),
        positive: WORDS,
        negative: &["银行卡", "卡号", "账号"],
        valid: &[
            "身份证号11010519491231002X",
            "440524188001010014",
            "号码 110105 19491231 002x",
            "１１０１０５１９４９１２３１００２Ｘ",
        ],
        invalid: &["110105194913310021", "991105194912310021", "订单 110105194912310022 已发"],
    },
    Identifier {
        name: "cn_resident_id",
        label: "居民身份证号（紧接文字）",
        detect: Detect::Announced(Runs { shortest: 20, longest: 25, shapes: MIXED, check: trailed, ..RUNS }),
        positive: WORDS,
        negative: &[],
        valid: &["身份证号11010519491231002Xhaha"],
        invalid: &["11010519491231002Xhaha", "身份证号110105194912310021haha", "身份证号11010519491231002Xabcd"],
    },
    Identifier {
        name: "cn_resident_id",
        label: "居民身份证号（15位）",
        detect: Detect::Announced(Runs { shortest: 15, longest: 15, shapes: DIGITS, check: fifteen, ..RUNS }),
        positive: WORDS,
        negative: &["IMEI", "imei", "营业执照", "注册号"],
        valid: &["旧身份证号 110105491231002"],
        invalid: &["110105491231002", "身份证 990105491231002"],
    },
    Identifier {
        name: "cn_hmt_residence_permit",
        label: "港澳台居民居住证",
        detect: Detect::Run(Runs { shortest: 18, longest: 18, shapes: DIGITS_OR_MIXED, check: hmt_residence, ..RUNS }),
        positive: &["居住证", "港澳居民", "台湾居民", "证件号", "身份证"],
        negative: &[],
        valid: &["居住证 810000199408230021"],
        invalid: &["810000199408230022"],
    },
    Identifier {
        name: "cn_foreigner_residence",
        label: "外国人永久居留身份证",
        detect: Detect::Run(Runs {
            shortest: 18,
            longest: 18,
            shapes: DIGITS_OR_MIXED,
            first: b"9",
            check: foreigner,
            ..RUNS
        }),
        positive: &["永久居留", "外国人", "居留证", "证件号", "permanent residence", "身份证"],
        negative: &[],
        valid: &["永久居留证 911124198108030024"],
        invalid: &["911124198108030025"],
    },
    Identifier {
        name: "cn_foreigner_residence",
        label: "外国人永久居留证（2017版）",
        detect: Detect::Announced(Runs { shortest: 15, longest: 15, shapes: MIXED, check: foreigner_2017, ..RUNS }),
        positive: &["永久居留", "外国人", "居留证", "证件号", "permanent residence"],
        negative: &[],
        valid: &["永久居留证 CAN110078010818"],
        invalid: &["CAN110078010818", "永久居留证 CAN110078010819"],
    },
];

fn eighteen(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let known = regions::region(text);
    let structure = all_digits(&text[..17]) && known > RegionMatch::Unknown && text[0] != b'8';
    if !structure || !regions::is_date(&text[6..14], token.document.latest_year) {
        return None;
    }
    Some(match (checksum::mod_11_2(text), known) {
        (true, RegionMatch::Listed) => Found::run(token, 93, "行政区划、出生日期和校验码(GB 11643 MOD 11-2)均正确"),
        (true, _) => Found::in_context(token, 66, "省份、出生日期和校验码(GB 11643 MOD 11-2)正确，区划代码可能已撤销"),
        (false, RegionMatch::Listed) => Found::in_context(token, 40, "区划和出生日期正确，校验码不符，可能是录入错误"),
        (false, _) => return None,
    })
}

/// A number with a word typed right after it, in lower case and not hexadecimal.
fn trailed(token: &Token<'_>) -> Option<Found> {
    let (number, word) = token.written().as_bytes().split_at_checked(18)?;
    let typed = word.iter().all(u8::is_ascii_lowercase) && word.iter().any(|letter| *letter > b'f');
    let dated = all_digits(&number[..17]) && regions::is_date(&number[6..14], token.document.latest_year);
    let fits = typed && dated && regions::region(number) > RegionMatch::Unknown && checksum::mod_11_2(number);
    fits.then(|| Found {
        end: token.start + 18,
        ..Found::in_context(token, 80, "号码后紧接文字，区划、日期和校验码正确")
    })
}

fn fifteen(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let full_year = [b"19", &text[6..12]].concat();
    let fits = regions::region(text) == RegionMatch::Listed && regions::is_date(&full_year, token.document.latest_year);
    fits.then(|| Found::in_context(token, 60, "15位旧号：区划和出生日期正确"))
}

fn hmt_residence(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let region = matches!(&text[..6], b"810000" | b"820000" | b"830000");
    let fits = region && regions::is_date(&text[6..14], token.document.latest_year) && checksum::mod_11_2(text);
    fits.then(|| Found::run(token, 93, "港澳台居住证区划、出生日期和校验码正确"))
}

fn foreigner(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let dated = regions::is_date(&text[6..14], token.document.latest_year);
    let fits = text[0] == b'9' && province(&text[1..3]) && dated && checksum::mod_11_2(text);
    fits.then(|| Found::run(token, 85, "外国人永久居留身份证结构、出生日期和校验码正确"))
}

fn foreigner_2017(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let structure = text[..3].iter().all(u8::is_ascii_uppercase) && all_digits(&text[3..]);
    let fits = structure && province(&text[3..5]) && checksum::icao_731(&text[..14], text[14]);
    fits.then(|| Found::in_context(token, 65, "国籍代码、省份和校验码(7-3-1)正确"))
}

fn province(digits: &[u8]) -> bool {
    regions::region(&[digits, b"0000"].concat()) == RegionMatch::Listed
}
