//! Codes of organisations: unified social credit, organisation code, tax and registration numbers.

use super::{DIGITS, DIGITS_OR_MIXED, Detect, Found, Identifier, RUNS, Runs, all_digits};
use crate::classify::checksum;
use crate::classify::regions::{self, RegionMatch};
use crate::classify::tokens::{Document, Token};

pub(super) static ALL: &[Identifier] = &[
    Identifier {
        name: "cn_uscc",
        label: "统一社会信用代码",
        detect: Detect::Run(Runs { shortest: 18, longest: 18, shapes: DIGITS_OR_MIXED, check: credit_code, ..RUNS }),
        positive: &[
            "统一社会信用代码",
            "信用代码",
            "社会信用",
            "纳税人识别号",
            "税号",
            "营业执照",
            "uscc",
            "credit code",
            "tyshxydm",
            "xydm",
            "nsrsbh",
        ],
        negative: &["身份证"],
        valid: &["91110000600037341L", "统一社会信用代码：91110000600037341L"],
        invalid: &["91110000600037342L", "统一社会信用代码 99110000600037341L"],
    },
    Identifier {
        name: "cn_org_code",
        label: "组织机构代码",
        detect: Detect::Announced(Runs {
            shortest: 8,
            longest: 9,
            shapes: DIGITS_OR_MIXED,
            check: organisation,
            ..RUNS
        }),
        positive: &["组织机构代码", "机构代码", "组织代码", "zzjgdm", "org code"],
        negative: &[],
        valid: &["组织机构代码 D2143569-X", "机构代码证 600037341"],
        invalid: &["D2143569-X", "组织机构代码 D2143569-1"],
    },
    Identifier {
        name: "cn_tax_id",
        label: "纳税人识别号（旧）",
        detect: Detect::Announced(Runs { shortest: 15, longest: 15, shapes: DIGITS_OR_MIXED, check: tax, ..RUNS }),
        positive: &["税务登记", "纳税人识别号", "税号", "国税", "地税"],
        negative: &[],
        valid: &["纳税人识别号 110101600037341"],
        invalid: &["110101600037341"],
    },
    Identifier {
        name: "cn_business_licence",
        label: "工商注册号",
        detect: Detect::Announced(Runs { shortest: 15, longest: 15, shapes: DIGITS, check: registration, ..RUNS }),
        positive: &["注册号", "营业执照", "工商"],
        negative: &[],
        valid: &["营业执照注册号 110108000000016"],
        invalid: &["110108000000016", "营业执照注册号 110108000000017"],
    },
    Identifier {
        name: "cn_social_organisation",
        label: "证书编号（社会组织、民办非企业）",
        detect: Detect::Anchor { literals: &["民证字第", "社证字第", "基证字第"], find: certificate },
        positive: &[],
        negative: &[],
        valid: &["登记证：甘民证字第620100号"],
        invalid: &["甘民证字第号"],
    },
];

fn credit_code(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let known = regions::region(&text[2..8]);
    let department = matches!(
        &text[..2],
        b"11"
            | b"12"
            | b"13"
            | b"19"
            | b"21"
            | b"29"
            | b"31"
            | b"32"
            | b"33"
            | b"34"
            | b"35"
            | b"39"
            | b"41"
            | b"49"
            | b"51"
            | b"52"
            | b"53"
            | b"54"
            | b"55"
            | b"59"
            | b"61"
            | b"62"
            | b"69"
            | b"71"
            | b"72"
            | b"79"
            | b"81"
            | b"89"
            | b"91"
            | b"92"
            | b"93"
            | b"A1"
            | b"A9"
            | b"N1"
            | b"N2"
            | b"N3"
            | b"N9"
            | b"Y1"
    );
    let region = known > RegionMatch::Unknown || &text[2..8] == b"100000";
    if !department || !region || !checksum::credit_code(text) {
        return None;
    }
    Some(match checksum::organisation_code(&text[8..17]) {
        // One number of eighteen digits in fifty thousand passes by chance; order numbers come by the million.
        true if all_digits(text) || known != RegionMatch::Listed => {
            Found::in_context(token, 64, "登记部门、区划和两重校验(GB 32100)正确，但全为数字或区划已撤销，须有上下文")
        }
        true => Found::run(token, 94, "登记部门、区划、内嵌组织机构代码校验和总校验码(GB 32100)均正确"),
        false => Found::in_context(token, 62, "登记部门、区划和总校验码(GB 32100)正确，内嵌组织机构代码校验不符"),
    })
}

/// The check character may follow a dash, in which case it is a run of its own.
fn organisation(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    if text.len() == 9 {
        return checksum::organisation_code(text)
            .then(|| Found::in_context(token, 66, "组织机构代码校验码(GB 11714)正确"));
    }
    let [b'-', check, rest @ ..] = token.after().as_bytes() else { return None };
    let alone = !rest.first().is_some_and(u8::is_ascii_alphanumeric);
    let whole = [text, &[check.to_ascii_uppercase()]].concat();
    let fits = alone && checksum::organisation_code(&whole);
    fits.then(|| Found {
        end: token.end + 2, ..Found::in_context(token, 72, "组织机构代码校验码(GB 11714)正确")
    })
}

fn tax(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let fits = regions::region(text) > RegionMatch::Unknown && checksum::organisation_code(&text[6..]);
    fits.then(|| Found::in_context(token, 66, "区划和内嵌组织机构代码校验正确"))
}

/// ISO 7064 MOD 11,10 over 14 digits (GS 15-2006).
fn registration(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let product = text[..14].iter().fold(10, |product: u32, digit| {
        let sum = match (product + u32::from(digit - b'0')) % 10 {
            0 => 10,
            sum => sum,
        };
        sum * 2 % 11
    });
    let check = (11 - product) % 10;
    let fits = all_digits(text) && regions::region(text) > RegionMatch::Unknown && check == u32::from(text[14] - b'0');
    fits.then(|| Found::in_context(token, 66, "登记机关区划和校验码(MOD 11,10)正确"))
}

fn certificate(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    let rest = document.text.get(at + length..)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let fits = (4..=12).contains(&digits) && rest[digits..].starts_with('号');
    fits.then(|| Found {
        start: at,
        end: at + length + digits + "号".len(),
        confidence: 80,
        why: "登记证字号格式",
        needs_context: false,
    })
}
