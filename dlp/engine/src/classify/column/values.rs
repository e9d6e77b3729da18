//! What a whole value of a column can be, judged by its form alone: types that need a word beside them in running text are told
//! from each other here by the company of the other values of the column.

use super::super::checksum;
use super::super::identifiers::ETHNICITIES;
use super::super::regions::{self, RegionMatch, is_date, number};
use super::super::{addresses, names};

/// A type and whether a value, without spaces and dashes in numbers, has its form.
pub(super) struct Form {
    pub(super) data_type: &'static str,
    /// Whether other kinds of values have the form only rarely, so that no header is needed.
    pub(super) telling: bool,
    pub(super) fits: fn(&Shown<'_>) -> bool,
}

/// A value as it stands and in compact form.
pub(super) struct Shown<'v> {
    pub(super) value: &'v str,
    pub(super) compact: Vec<u8>,
    pub(super) latest_year: u16,
}

impl<'v> Shown<'v> {
    pub(super) fn new(value: &'v str, latest_year: u16) -> Self {
        let kept = |byte: &u8| !matches!(byte, b' ' | b'-');
        let compact = value.bytes().filter(kept).map(|byte| byte.to_ascii_uppercase()).collect();
        Self { value, compact, latest_year }
    }

    fn digits(&self) -> Option<&[u8]> {
        let text = self.compact.as_slice();
        (!text.is_empty() && text.iter().all(u8::is_ascii_digit)).then_some(text)
    }
}

/// Values that say that there is none.
pub(super) fn is_empty(value: &str) -> bool {
    const NONE: &[&str] = &[
        "",
        "无",
        "暂无",
        "没有",
        "待补充",
        "待补",
        "待核实",
        "不详",
        "未知",
        "未填",
        "空",
        "同上",
        "-",
        "--",
        "—",
        "/",
        "\\",
        "0",
        "null",
        "none",
        "n/a",
        "na",
        "nan",
        "nil",
        "#n/a",
        "*",
        "***",
        "?",
        "??",
        "x",
        "xx",
        "测试",
        "test",
        "1",
        ".",
        "。",
    ];
    let value = value.trim().to_lowercase();
    NONE.contains(&value.as_str()) || value.chars().all(|c| c == '*')
}

macro_rules! form {
    ($name:literal, $telling:literal, $fits:expr) => {
        Form { data_type: $name, telling: $telling, fits: $fits }
    };
}

pub(super) static FORMS: &[Form] = &[
    form!("cn_resident_id", true, resident),
    form!("cn_social_security", false, |shown| resident(shown) || lettered(shown, 1, 8)),
    form!("cn_driver_licence", false, resident),
    form!("cn_mobile", true, mobile),
    form!("cn_landline", true, landline),
    form!("bank_card", true, card),
    form!("cn_uscc", true, credit_code),
    form!("cn_org_code", false, |shown| checksum::organisation_code(&shown.compact)),
    form!("cn_license_plate", true, plate),
    form!("vin", true, |shown| checksum::vin(&shown.compact) && shown.digits().is_none()),
    form!("cn_passport", true, passport),
    form!("cn_hk_macau_permit", false, |shown| matches!(shown.compact.first(), Some(b'H' | b'M' | b'C'))
        && tail_digits(shown, 7)),
    form!("cn_taiwan_permit", false, |shown| shown.digits().is_some_and(|digits| matches!(digits.len(), 8 | 10))
        || lettered(shown, 1, 8)),
    form!("imei", true, |shown| shown.digits().is_some_and(|digits| digits.len() == 15 && checksum::luhn(digits))),
    form!("ethnicity", true, |shown| ETHNICITIES
        .split(' ')
        .any(|name| shown.value == name || name.strip_suffix('族') == Some(shown.value))),
    form!("religion", true, |shown| one_of(
        shown,
        &["教", "信教", "教徒"],
        &["无宗教", "不信教", "佛", "伊斯兰", "基督", "天主", "道教"]
    )),
    form!("political_status", true, |shown| one_of(
        shown,
        &["党员", "团员", "群众", "民主人士", "无党派"],
        &["中共", "共青团", "民革", "民盟", "民建", "民进", "农工", "致公", "九三", "台盟"]
    )),
    form!("marital_status", true, |shown| ["未婚", "已婚", "初婚", "再婚", "复婚", "丧偶", "离婚", "离异", "离异单身"]
        .contains(&shown.value)),
    form!("blood_type", true, blood),
    form!("medical_condition", true, disease),
    form!("date_of_birth", false, |shown| birth(shown).is_some()),
    form!("cn_postcode", false, |shown| shown.digits().is_some_and(|digits| digits.len() == 6 && digits[0] < b'9')),
    form!("income", false, amount),
    form!("person_name", true, |shown| names::is_name(shown.value)),
    form!("address", true, |shown| addresses::is_address(shown.value)),
    form!("cn_military_officer", true, |shown| shown.value.contains("字第") && shown.value.ends_with('号')),
    form!("medical_record_number", false, |shown| code(shown, 4, 18)),
    form!("student_or_staff_number", false, |shown| code(shown, 3, 16)),
    form!("cn_medical_insurance", false, |shown| code(shown, 8, 30)),
    form!("cn_provident_fund", false, |shown| code(shown, 6, 20)),
    form!("qq_number", false, |shown| shown.digits().is_some_and(|digits| (5..=11).contains(&digits.len()))),
    form!("wechat_account", false, |shown| (5..=22).contains(&shown.value.len()) && shown.value.is_ascii()),
    form!("cn_bank_code", false, |shown| shown.digits().is_some_and(|digits| digits.len() == 12)),
    form!("cn_engine_number", false, |shown| code(shown, 5, 14)),
    form!("utility_account", false, |shown| code(shown, 5, 18)),
    form!("express_number", false, |shown| code(shown, 8, 22)),
    form!("cn_police_number", false, |shown| shown.digits().is_some_and(|digits| matches!(digits.len(), 5..=8))),
    form!("cn_student_number", false, |shown| matches!(shown.compact.first(), Some(b'G' | b'J' | b'L'))
        && shown.compact.len() == 19),
    form!("cn_disability_certificate", false, |shown| (20..=22).contains(&shown.compact.len())
        && shown.compact[..17].iter().all(u8::is_ascii_digit)),
];

/// Twenty-two characters at most, of letters and digits, with a digit among them.
fn code(shown: &Shown<'_>, shortest: usize, longest: usize) -> bool {
    let text = &shown.compact;
    (shortest..=longest).contains(&text.len())
        && text.iter().all(u8::is_ascii_alphanumeric)
        && text.iter().any(u8::is_ascii_digit)
}

fn one_of(shown: &Shown<'_>, ends: &[&str], begins: &[&str]) -> bool {
    let short = shown.value.chars().count() <= 12;
    short
        && (ends.iter().any(|word| shown.value.ends_with(word))
            || begins.iter().any(|word| shown.value.starts_with(word)))
}

fn lettered(shown: &Shown<'_>, letters: usize, digits: usize) -> bool {
    let text = &shown.compact;
    text.len() == letters + digits
        && text[..letters].iter().all(u8::is_ascii_uppercase)
        && text[letters..].iter().all(u8::is_ascii_digit)
}

fn tail_digits(shown: &Shown<'_>, count: usize) -> bool {
    let text = &shown.compact;
    (9..=11).contains(&text.len()) && text[text.len() - count..].iter().all(u8::is_ascii_digit)
}

/// The check digit is not asked for: a column of identity numbers with typing errors is one all the same.
fn resident(shown: &Shown<'_>) -> bool {
    let text = &shown.compact;
    match text.len() {
        18 => {
            text[..17].iter().all(u8::is_ascii_digit)
                && (text[17].is_ascii_digit() || text[17] == b'X')
                && regions::region(text) > RegionMatch::Unknown
                && is_date(&text[6..14], shown.latest_year)
        }
        15 => {
            shown.digits().is_some()
                && regions::region(text) == RegionMatch::Listed
                && is_date(&[b"19", &text[6..12]].concat(), shown.latest_year)
        }
        _ => false,
    }
}

fn mobile(shown: &Shown<'_>) -> bool {
    let text =
        shown.compact.strip_prefix(b"+86").or_else(|| shown.compact.strip_prefix(b"86")).unwrap_or(&shown.compact);
    text.len() == 11 && text.iter().all(u8::is_ascii_digit) && text[0] == b'1' && (b'3'..=b'9').contains(&text[1])
}

fn landline(shown: &Shown<'_>) -> bool {
    let text: Vec<u8> = shown.compact.iter().copied().filter(|byte| !matches!(byte, b'(' | b')')).collect();
    let area = match text.as_slice() {
        [b'0', b'1' | b'2', ..] => 3,
        [b'0', b'3'..=b'9', ..] => 4,
        _ => return false,
    };
    let marked = shown.value.contains(['-', '(', ' ', '（']) || text.len() >= 10;
    marked && text.iter().all(u8::is_ascii_digit) && (area + 7..=area + 14).contains(&text.len())
}

fn card(shown: &Shown<'_>) -> bool {
    let Some(digits) = shown.digits() else { return false };
    let issuer = matches!(
        digits,
        [b'6', b'2', ..] | [b'4', ..] | [b'5', b'1'..=b'5', ..] | [b'3', b'5', ..] | [b'9', b'5', b'5', ..]
    );
    matches!(digits.len(), 16..=19)
        && issuer
        && !resident(shown)
        && (digits.starts_with(b"62") || checksum::luhn(digits))
}

fn credit_code(shown: &Shown<'_>) -> bool {
    let text = &shown.compact;
    text.len() == 18
        && matches!(text[0], b'1' | b'5' | b'9' | b'N' | b'Y' | b'A' | b'2' | b'3' | b'4' | b'6' | b'7' | b'8')
        && regions::region(&text[2..8]) > RegionMatch::Unknown
        && (checksum::credit_code(text) || checksum::organisation_code(&text[8..17]))
}

fn plate(shown: &Shown<'_>) -> bool {
    let mut characters = shown.value.chars().filter(|c| !matches!(c, '·' | ' ' | '-' | '•'));
    let province =
        characters.next().is_some_and(|c| "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼".contains(c));
    let rest: Vec<char> = characters.collect();
    province
        && matches!(rest.len(), 6 | 7)
        && rest[0].is_ascii_uppercase()
        && rest[1..].iter().all(|c| c.is_ascii_alphanumeric() || "挂学警港澳使领".contains(*c))
}

fn passport(shown: &Shown<'_>) -> bool {
    let text = &shown.compact;
    let letters = text.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let digits = &text[letters..];
    let head = matches!(&text[..letters], b"E" | b"G" | b"P" | b"S" | b"D" | b"SE" | b"DE" | b"PE")
        || letters == 2 && text[0] == b'E';
    head && digits.iter().all(u8::is_ascii_digit) && text.len() == 9
}

fn blood(shown: &Shown<'_>) -> bool {
    let group = shown.value.trim_start_matches("Rh").trim_end_matches("型血").trim_end_matches('型');
    let group = group.trim_end_matches(['+', '-', '阳', '阴', '性', ' ']);
    matches!(group, "A" | "B" | "AB" | "O" | "a" | "b" | "ab" | "o")
}

fn disease(shown: &Shown<'_>) -> bool {
    let length = shown.value.chars().count();
    (2..=24).contains(&length) && super::super::identifiers::is_condition(shown.value)
}

fn amount(shown: &Shown<'_>) -> bool {
    let text = shown.value.trim_end_matches(['元', '万']).replace(',', "");
    text.parse::<f64>().is_ok_and(|value| (100.0..1e8).contains(&value) || shown.value.ends_with('万'))
}

/// The year of a date in one of the usual forms.
pub(super) fn birth(shown: &Shown<'_>) -> Option<u32> {
    let value = shown.value.split([' ', 'T']).next().unwrap_or_default();
    let parts: Vec<&str> = value.split(['-', '/', '.', '年', '月', '日']).filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [whole] if whole.len() == 8 => {
            is_date(whole.as_bytes(), shown.latest_year).then(|| number(&whole.as_bytes()[..4]))?
        }
        [year, month, day] => {
            let [year, month, day] = [year, month, day].map(|part| number(part.as_bytes()));
            let fits = (1900..=u32::from(shown.latest_year)).contains(&year?) && regions::is_day(year?, month?, day?);
            fits.then_some(year?)
        }
        [year, month] if year.len() == 4 => {
            let (year, month) = (number(year.as_bytes())?, number(month.as_bytes())?);
            ((1900..=u32::from(shown.latest_year)).contains(&year) && (1..=12).contains(&month)).then_some(year)
        }
        _ => None,
    }
}
