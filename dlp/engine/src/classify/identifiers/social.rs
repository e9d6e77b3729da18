//! Social insurance, health and public service: cards and files that carry a number.

use super::{DIGITS, DIGITS_OR_MIXED, Detect, Found, Identifier, MIXED, RUNS, Runs, all_digits};
use crate::classify::checksum;
use crate::classify::regions::{self, RegionMatch};
use crate::classify::tokens::{Document, Token};

pub(super) static ALL: &[Identifier] = &[
    Identifier {
        name: "cn_social_security",
        label: "社会保障号",
        detect: Detect::Announced(Runs { shortest: 18, longest: 18, shapes: DIGITS_OR_MIXED, check: security, ..RUNS }),
        positive: &["社会保障号", "社保号", "社保编号", "社会保险号", "社保卡", "社会保障卡", "sbh", "shbzh"],
        negative: &["身份证"],
        valid: &["社会保障号码 11010519491231002X"],
        invalid: &["社会保障号码 110105194912310021"],
    },
    Identifier {
        name: "cn_social_security",
        label: "社会保障卡号",
        detect: Detect::Announced(Runs { shortest: 9, longest: 9, shapes: MIXED, check: security_card, ..RUNS }),
        positive: &["社保卡", "社会保障卡", "社保卡号", "sbkh"],
        negative: &[],
        valid: &["社保卡号 A12345678"],
        invalid: &["A12345678"],
    },
    Identifier {
        name: "cn_medical_insurance",
        label: "医保号",
        detect: Detect::Announced(Runs {
            shortest: 8,
            longest: 28,
            shapes: DIGITS_OR_MIXED,
            joined: false,
            check: insurance,
            ..RUNS
        }),
        positive: &["医保号", "医保卡", "医保编号", "医疗保险", "医保个人编号", "医保电子凭证", "ybkh", "参保号"],
        negative: &["身份证", "电话", "手机"],
        valid: &["医保卡号：62010012345678", "医疗保险号 A0012345678"],
        invalid: &["62010012345678"],
    },
    Identifier {
        name: "cn_medical_institution",
        label: "医保定点机构和人员代码",
        detect: Detect::Announced(Runs { shortest: 12, longest: 13, shapes: MIXED, check: institution, ..RUNS }),
        positive: &["定点", "医疗机构代码", "医保医师", "机构编码", "药店", "医师代码"],
        negative: &[],
        valid: &["医疗机构代码 H62010200123", "医保医师代码 D620102001234"],
        invalid: &["H99010200123", "X62010200123"],
    },
    Identifier {
        name: "cn_provident_fund",
        label: "公积金账号",
        detect: Detect::Announced(Runs {
            shortest: 8,
            longest: 20,
            shapes: DIGITS,
            joined: false,
            check: provident,
            ..RUNS
        }),
        positive: &["公积金账号", "公积金个人账号", "公积金编号", "公积金", "gjjzh"],
        negative: &["电话", "身份证", "手机"],
        valid: &["公积金账号 620100012345"],
        invalid: &["620100012345"],
    },
    Identifier {
        name: "cn_disability_certificate",
        label: "残疾人证号",
        detect: Detect::Run(Runs { shortest: 20, longest: 22, shapes: DIGITS_OR_MIXED, check: disability, ..RUNS }),
        positive: &["残疾", "残疾人证", "cjzh"],
        negative: &[],
        valid: &["残疾人证号 11010519491231002X43"],
        invalid: &["残疾人证号 11010519491231002X83"],
    },
    Identifier {
        name: "cn_military_officer",
        label: "军官证号",
        detect: Detect::Anchor { literals: &["字第"], find: officer },
        positive: &["军官证", "士兵证", "士官证", "警官证", "军人"],
        negative: &[],
        valid: &["军官证：军字第2001988号", "证件 南字第01230号"],
        invalid: &["甘政字第12号", "军字第号"],
    },
    Identifier {
        name: "cn_police_number",
        label: "警号",
        detect: Detect::Announced(Runs {
            shortest: 6,
            longest: 7,
            shapes: DIGITS,
            joined: false,
            check: police,
            ..RUNS
        }),
        positive: &["警号", "警官编号", "民警编号"],
        negative: &[],
        valid: &["警号 012345"],
        invalid: &["012345"],
    },
    Identifier {
        name: "cn_student_number",
        label: "学籍号",
        detect: Detect::Run(Runs { shortest: 19, longest: 19, shapes: MIXED, first: b"GJL", check: student, ..RUNS }),
        positive: &["学籍", "学籍号", "学生", "xjh"],
        negative: &[],
        valid: &["学籍号G11010519491231002X"],
        invalid: &["G110105194912310021"],
    },
    Identifier {
        name: "medical_record_number",
        label: "病历号",
        detect: Detect::Announced(Runs {
            shortest: 5,
            longest: 16,
            shapes: DIGITS_OR_MIXED,
            joined: false,
            check: record,
            ..RUNS
        }),
        positive: &["病历号", "住院号", "门诊号", "就诊卡", "病案号", "诊疗卡", "blh", "zyh"],
        negative: &["电话", "手机", "身份证", "床号", "联系"],
        valid: &["住院号：20230145", "病历号 MR001234"],
        invalid: &["20230145"],
    },
    Identifier {
        name: "student_or_staff_number",
        label: "学号工号",
        detect: Detect::Announced(Runs {
            shortest: 4,
            longest: 14,
            shapes: DIGITS_OR_MIXED,
            joined: false,
            check: staff,
            ..RUNS
        }),
        positive: &["工号", "学号", "准考证号", "考生号", "员工编号", "职工号", "gh", "xh", "zkzh"],
        negative: &["电话", "手机", "身份证", "卡号"],
        valid: &["学号：2021010203", "准考证号 621234567890"],
        invalid: &["2021010203"],
    },
];

fn identity(text: &[u8], latest_year: u16) -> bool {
    regions::region(text) > RegionMatch::Unknown
        && regions::is_date(&text[6..14], latest_year)
        && checksum::mod_11_2(text)
}

fn security(token: &Token<'_>) -> Option<Found> {
    let fits = identity(token.compact(), token.document.latest_year);
    fits.then(|| Found::in_context(token, 97, "社会保障号即公民身份号码，校验码正确"))
}

fn security_card(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    (text[0].is_ascii_uppercase() && all_digits(&text[1..])).then(|| Found::in_context(token, 66, "字母加8位数字"))
}

fn insurance(token: &Token<'_>) -> Option<Found> {
    let digits = token.compact().iter().filter(|byte| byte.is_ascii_digit()).count();
    let mobile = token.compact().len() == 11 && token.compact()[0] == b'1';
    (digits >= 7 && !token.joined && !mobile).then(|| Found::in_context(token, 55, "医保标签后的编号"))
}

/// H and six digits of the region and five of the institution; P pharmacies; D physicians, R pharmacists, N nurses.
fn institution(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let length = match text[0] {
        b'H' | b'P' => 12,
        b'D' | b'R' | b'N' | b'Y' => 13,
        _ => return None,
    };
    let fits = text.len() == length && all_digits(&text[1..]) && regions::region(&text[1..]) == RegionMatch::Listed;
    fits.then(|| Found::in_context(token, 68, "类别字母和区划正确"))
}

fn provident(token: &Token<'_>) -> Option<Found> {
    let mobile = token.compact().len() == 11 && token.compact()[0] == b'1';
    (!token.joined && !mobile).then(|| Found::in_context(token, 50, "公积金标签后的账号"))
}

/// The identity number, the kind of disability 1 to 7, its grade 1 to 4, and a letter and number for reissues.
fn disability(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let fits = identity(&text[..18], token.document.latest_year)
        && (b'1'..=b'7').contains(&text[18])
        && (b'1'..=b'4').contains(&text[19]);
    let reissue = text.len() == 20 || text.len() == 22 && text[20] == b'B';
    (fits && reissue).then(|| Found::run(token, 90, "身份号码校验正确，残疾类别和等级有效"))
}

fn officer(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    const SERVICES: &str = "军兵士文职武海空南北沈兰成济广政后装参火警边消参训联战";
    let service = document.text.get(..at)?.chars().next_back()?;
    let rest = document.text.get(at + length..)?;
    let digits = rest.bytes().take(9).take_while(u8::is_ascii_digit).count();
    let fits = SERVICES.contains(service) && (4..=8).contains(&digits) && rest[digits..].starts_with('号');
    let ambiguous = "政文职".contains(service);
    let end = at + length + digits + "号".len();
    fits.then(|| Found {
        start: at - service.len_utf8(),
        end,
        confidence: 76,
        why: "军种字头和编号格式",
        needs_context: ambiguous,
    })
}

fn police(token: &Token<'_>) -> Option<Found> {
    (!token.joined).then(|| Found::in_context(token, 60, "6至7位警号"))
}

fn student(token: &Token<'_>) -> Option<Found> {
    let text = token.compact();
    let fits = matches!(text[0], b'G' | b'J' | b'L') && identity(&text[1..], token.document.latest_year);
    fits.then(|| Found::run(token, 85, "学籍号字母加有效公民身份号码"))
}

fn record(token: &Token<'_>) -> Option<Found> {
    (!token.joined && digits(token) >= 4).then(|| Found::in_context(token, 52, "病历标签后的编号"))
}

fn staff(token: &Token<'_>) -> Option<Found> {
    let mobile = token.compact().len() == 11 && token.compact()[0] == b'1';
    (!token.joined && digits(token) >= 4 && !mobile).then(|| Found::in_context(token, 45, "学号或工号标签后的编号"))
}

fn digits(token: &Token<'_>) -> usize {
    token.compact().iter().filter(|byte| byte.is_ascii_digit()).count()
}
